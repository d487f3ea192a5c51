package entities

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities/index"
)

// A file of a snapshot is the magic, the SHA-256 of what follows, and then,
// compressed with zstd, a header in gob and the index with its entities. It is a
// shortcut: whatever is wrong with one, the log tells all of it.
const magic = "callboard catalog 3\n" // another number when what is kept changes

type savedHeader struct {
	Position   eventlog.Position
	Event      string // id of the event there, so that another log is told from this one
	Recorded   time.Time
	Kinds      []byte // SHA-256: relations follow from the kinds
	Terms      []byte // SHA-256 of a sample's: the index is made of what this code finds entities by
	Rejections []*Rejection
	Locations  []*Location
}

// Save writes the present snapshot to a file that [Catalog.Restore] reads. The
// file that was there stays until the new one is on disk.
func (c *Catalog) Save(path string) (err error) {
	s := c.Snapshot()
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("save the catalog: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("save the catalog: %w", err), f.Close(), os.Remove(f.Name()))
		}
	}()
	sum := sha256.New()
	if _, err := f.Write(make([]byte, len(magic)+sum.Size())); err != nil {
		return err
	}
	if err := c.write(s, io.MultiWriter(f, sum)); err != nil {
		return err
	}
	if _, err := f.WriteAt(append([]byte(magic), sum.Sum(nil)...), 0); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (c *Catalog) write(s *Snapshot, to io.Writer) error {
	compressed, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(compressed, 1<<16)
	header := savedHeader{s.position, s.event, s.recorded, c.kindsSum(), termsSum(), s.rejections, s.locations}
	if err := gob.NewEncoder(out).Encode(header); err != nil {
		return err
	}
	if err := s.index.Compact().Write(out, func(d index.Doc) error { return writeRecord(out, d.(*record)) }); err != nil {
		return err
	}
	return compressed.Close()
}

// termsSum changes with what entities are found by, and what notes are packed with.
func termsSum() []byte {
	const own = `{"apiVersion":"a/v1","kind":"Component","metadata":{"annotations":{"a/b":"C","backstage.io/view-url":"D"},"description":"E f",` +
		`"labels":{"g":"h"},"name":"Sample","namespace":"default","tags":["i","j"],"title":"K l","uid":"m"},"spec":{"n":[1,true,null,{"o":"P"}],"profile":{"displayName":"Q"},"long":"`
	long := strings.Repeat("r", maxValue+1)
	sample := record{Text: Text{own + long + `"}`, `,"relations":[{"type":"ownedBy","targetRef":"group:default/s"}]}`}, ref: "component:default/sample",
		owner: "group:default/s", place: unique.Make(place{"t", "u", "location:default/v"}), changed: 1, since: 2}
	terms := sample.Terms()
	slices.SortFunc(terms, func(a, b index.Term) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	sum := sha256.Sum256(fmt.Append(nil, terms, texts(), searched(), noteWords))
	return sum[:]
}

// kindsSum tells whether relations were made by the same kinds.
func (c *Catalog) kindsSum() []byte {
	b, err := json.Marshal(c.kinds)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// Restore reads what [Catalog.Save] wrote into an empty catalog. The error is of
// kind fault.NotFound when there is no file, and of fault.Invalid when it cannot
// be used: the catalog is then empty, to be folded from the log.
//
// Same tells whether the log has an event of that id at a position.
func (c *Catalog) Restore(path string, same func(eventlog.Position, string) bool) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return fault.New(fault.NotFound, "there is no saved catalog")
	}
	if err != nil {
		return fault.New(fault.Invalid, "open the saved catalog: %w", err)
	}
	defer f.Close()
	if err := checkSum(f, sha256.New()); err != nil {
		return err
	}
	restored, err := c.read(bufio.NewReaderSize(f, 1<<20), same)
	if err != nil {
		clear(c.rejections)
		clear(c.conflicts)
		return err
	}
	c.snapshot.Store(restored)
	// Readers need no more than that; the next batch waits for the relations.
	c.mu.Lock()
	go func() {
		defer c.mu.Unlock()
		c.relate(restored)
	}()
	return nil
}

// checkSum leaves the file where its content begins.
func checkSum(f io.ReadSeeker, sum hash.Hash) error {
	head := make([]byte, len(magic)+sum.Size())
	if _, err := io.ReadFull(f, head); err != nil || string(head[:len(magic)]) != magic {
		return fault.New(fault.Invalid, "the saved catalog is of another version, or none")
	}
	if _, err := io.Copy(sum, f); err != nil {
		return fault.New(fault.Invalid, "read the saved catalog: %w", err)
	}
	if !bytes.Equal(sum.Sum(nil), head[len(magic):]) {
		return fault.New(fault.Invalid, "the saved catalog is damaged: its checksum differs")
	}
	_, err := f.Seek(int64(len(head)), io.SeekStart)
	return err
}

func (c *Catalog) read(from io.Reader, same func(eventlog.Position, string) bool) (*Snapshot, error) {
	compressed, err := zstd.NewReader(from, zstd.WithDecoderMaxWindow(16<<20)) // four times what is written with
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the saved catalog: %w", err)
	}
	defer compressed.Close()
	in := bufio.NewReaderSize(compressed, 1<<20)
	var header savedHeader
	if err := gob.NewDecoder(in).Decode(&header); err != nil {
		return nil, fault.New(fault.Invalid, "read the saved catalog: %w", err)
	}
	switch {
	case !bytes.Equal(header.Kinds, c.kindsSum()):
		return nil, fault.New(fault.Invalid, "the saved catalog was made with other kinds")
	case !bytes.Equal(header.Terms, termsSum()):
		return nil, fault.New(fault.Invalid, "the saved catalog was made by a version that finds entities in another way")
	case !same(header.Position, header.Event):
		return nil, fault.New(fault.Invalid, "the saved catalog was made from another log")
	}
	s := newSnapshot(c.notes)
	s.position, s.event, s.recorded, s.locations = header.Position, header.Event, header.Recorded, header.Locations
	for _, r := range header.Rejections {
		c.refuse(r)
	}
	s.setRejections(header.Rejections)
	records := recordReader{Reader: in, shared: map[string]string{}, places: map[place]unique.Handle[place]{}}
	if s.index, err = index.Read(in, records.read); err != nil {
		return nil, fault.New(fault.Invalid, "read the saved catalog: %w", err)
	}
	return s, nil
}

// relate builds the relations that follow from what is declared.
func (c *Catalog) relate(s *Snapshot) {
	rows := s.index.List(Listing{Limit: -1}).Rows
	for _, row := range rows {
		c.relations.add(row.Doc.Ref()) // which the index keeps anyway
	}
	const together = 50_000
	for len(rows) > 0 {
		edges := make([][]edge, min(together, len(rows)))
		inParallel(len(edges), func(i int) { edges[i] = edgesOf(c.kinds, sketch(rows[i].Doc.(*record).own)) })
		for _, declared := range edges {
			c.relations.replace(nil, declared, nil)
		}
		rows = rows[len(edges):]
	}
	c.relations.trim()
}

// inParallel calls f for 0 to n-1 on all processors.
func inParallel(n int, f func(int)) {
	var g errgroup.Group
	workers := min(runtime.GOMAXPROCS(0), 1+n/64) // a goroutine is not worth it for a few
	for w := range workers {
		g.Go(func() error {
			for i := w; i < n; i += workers {
				f(i)
			}
			return nil
		})
	}
	g.Wait() //nolint:errcheck // none of them fails
}
