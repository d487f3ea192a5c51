package index_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/callboard/callboard/projections/entities/index"
)

// Shared is what the "name" of a doc is a part of.
func (d doc) Shared() string { return d.ref }

type savedDoc struct {
	ID     uint64
	Ref    string
	Values map[string][]string
	Text   string
}

// reread writes an index and reads it again.
func reread(t *rapid.T, ix *index.Index) *index.Index {
	var file bytes.Buffer
	to := bufio.NewWriter(&file)
	err := ix.Write(to, func(d index.Doc) error {
		one := d.(doc)
		b, err := json.Marshal(savedDoc{one.id, one.ref, one.values, one.text})
		if err == nil {
			_, err = to.Write(append(b, '\n'))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	from := bufio.NewReader(&file)
	ix, err = index.Read(from, func() (index.Doc, error) {
		line, err := from.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		var s savedDoc
		err = json.Unmarshal(line, &s)
		return doc{s.ID, s.Ref, s.Values, s.Text}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

// Reading ends, whatever the bytes, with an index or an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 1, 1, 0, 0, 0})
	f.Add([]byte{2, 1, 1, 1, 0, 0, 1, 1, 'k', 0, 0})
	f.Fuzz(func(t *testing.T, file []byte) {
		n := uint64(0)
		ix, err := index.Read(bufio.NewReader(bytes.NewReader(file)), func() (index.Doc, error) {
			n++
			return doc{id: n, ref: "a:" + string(rune('a'+n%26))}, nil
		})
		if err == nil && ix == nil {
			t.Error("neither an index nor an error")
		}
	})
}
