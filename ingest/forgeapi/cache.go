package forgeapi

import (
	"bufio"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
)

// cacheMagic begins a file of answers; another number when its form changes.
const cacheMagic = "callboard answers 1\n"

// saved is an answer in the file.
type saved struct {
	Key    string
	Header http.Header
	Packed []byte
}

// Save writes the remembered answers to the file of [Options.Cache]; without one
// it does nothing. A crash before it costs requests and nothing else.
func (c *Client) Save() (err error) {
	if c.cache == "" {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(c.cache), filepath.Base(c.cache)+"-*") // 0600: answers may be private
	if err != nil {
		return fmt.Errorf("%s: keep the forge's answers: %w", c.source, err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // after the rename it is not there
	sum := sha256.New()
	err = c.write(f, sum)
	if err == nil {
		_, err = f.WriteAt(append([]byte(cacheMagic), sum.Sum(nil)...), 0)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), c.cache)
	}
	if err != nil {
		return fmt.Errorf("%s: keep the forge's answers: %w", c.source, err)
	}
	return nil
}

func (c *Client) write(f *os.File, sum hash.Hash) error {
	if _, err := f.Write(make([]byte, len(cacheMagic)+sha256.Size)); err != nil {
		return err
	}
	out := bufio.NewWriter(io.MultiWriter(f, sum))
	enc := gob.NewEncoder(out)
	for _, a := range slices.Backward(c.answers.all()) { // so that the last used is put last
		if err := enc.Encode(saved{a.key, a.header, a.packed}); err != nil {
			return err
		}
	}
	return out.Flush()
}

// restore reads what Save wrote. A file that cannot be used is as good as none.
func (c *Client) restore() {
	if c.cache == "" {
		return
	}
	f, err := os.Open(c.cache)
	if err != nil {
		return
	}
	defer f.Close()
	head, sum := make([]byte, len(cacheMagic)+sha256.Size), sha256.New()
	if _, err := io.ReadFull(f, head); err != nil {
		return
	}
	if _, err := io.Copy(sum, f); err != nil || string(head) != cacheMagic+string(sum.Sum(nil)) {
		return
	}
	if _, err := f.Seek(int64(len(head)), io.SeekStart); err != nil {
		return
	}
	for dec := gob.NewDecoder(bufio.NewReader(f)); ; {
		var s saved
		if dec.Decode(&s) != nil {
			return
		}
		c.answers.put(&answer{s.Key, s.Header, s.Packed})
	}
}
