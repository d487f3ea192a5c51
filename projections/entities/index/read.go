package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/RoaringBitmap/roaring/v2"
)

// Read reads what [Index.Write] wrote. ReadDoc is called for each document. What
// it reads has to be whole: a checksum is for the caller to check. Whatever the
// bytes, an index that is returned can be asked; what it answers is as good as they.
func Read(from *bufio.Reader, readDoc func() (Doc, error)) (*Index, error) {
	ix := New()
	ix.batch = 1
	r := &reader{Reader: from, docs: &ix.docs, all: ix.all.bits}
	if err := r.documents(ix, readDoc); err != nil {
		return nil, err
	}
	for left := int(r.all.GetCardinality()); left > 0 && r.err == nil; left-- { //nolint:gosec // a count
		if slot := r.slot(0); r.err == nil {
			ix.refs.append(ix.docs.at(slot).Ref(), slot, left)
		}
	}
	for left := r.count(); left > 0 && r.err == nil; left-- {
		key := r.text()
		ix.fields.append(key, r.field(), left)
	}
	for left := r.count(); left > 0 && r.err == nil; left-- {
		key := r.text()
		ix.texts[key] = r.column()
	}
	if r.err != nil {
		return nil, r.err
	}
	return ix, nil
}

// reader keeps the first error, after which all numbers are 0.
type reader struct {
	*bufio.Reader
	docs *vector[Doc]
	all  *roaring.Bitmap
	// By slot, what is asked for with each value: whether there is a document, and
	// what it shares.
	there  []bool
	shared []string
	pieces Pieces
	err    error
}

func (r *reader) wrong(what string) {
	if r.err == nil {
		r.err = errors.New("index: " + what)
	}
}

func (r *reader) number() uint64 {
	if r.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(r)
	if err != nil {
		r.err = fmt.Errorf("index: read a number: %w", err)
		return 0
	}
	return n
}

// count is a number of things, each of which takes a byte at least, or of slots.
func (r *reader) count() int {
	n := r.number()
	if n > math.MaxInt32 {
		r.wrong("a count that is too large")
		return 0
	}
	return int(n)
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil || n == 0 {
		return nil
	}
	b, err := readBytes(r, n)
	if err != nil {
		r.err = fmt.Errorf("index: read a text: %w", err)
	}
	return b
}

func (r *reader) text() string { return r.keep(r.count()) }

// keep reads a text of n bytes.
func (r *reader) keep(n int) string {
	if r.err != nil {
		return ""
	}
	text, err := r.pieces.Read(r.Reader, n)
	if err != nil {
		r.err = fmt.Errorf("index: read a text: %w", err)
	}
	return text
}

func (r *reader) bitmap() *roaring.Bitmap {
	b := roaring.New()
	if raw := r.bytes(r.count()); r.err == nil {
		err := b.UnmarshalBinary(raw)
		if err == nil {
			err = b.Validate()
		}
		if err != nil {
			r.err = fmt.Errorf("index: read a bitmap: %w", err)
		}
	}
	return b
}

func (r *reader) documents(ix *Index, readDoc func() (Doc, error)) error {
	slots := uint32(r.count()) //nolint:gosec // a count
	id := uint64(0)
	for i := range slots {
		id += r.number()
		there := r.number() == 1
		if r.err != nil {
			return r.err
		}
		var doc Doc
		shared := ""
		if there {
			var err error
			if doc, err = readDoc(); err != nil {
				return err
			}
			if s, ok := doc.(Sharer); ok {
				shared = s.Shared()
			}
			ix.all.bits.Add(i)
		}
		ix.ids.set(i, id, ix.batch)
		ix.docs.set(i, doc, ix.batch)
		r.there, r.shared = append(r.there, there), append(r.shared, shared)
	}
	return r.err
}

func (r *reader) field() *field {
	f := &field{valued: r.set(), silent: r.set()}
	f.pairs = r.count()
	for left := r.count(); left > 0 && r.err == nil; left-- {
		if docs := r.set(); docs.some {
			f.values.append(r.valueOf(docs.docs), held{docs.docs, r.spellings(docs.docs)}, left)
		} else {
			r.wrong("a value without documents")
		}
	}
	return f
}

func (r *reader) spellings(of posting) *spelling {
	var first *spelling
	last := &first
	for left := r.count(); left > 0 && r.err == nil; left-- {
		s := &spelling{docs: of}
		if docs := r.set(); docs.some {
			s.docs = docs.docs
		}
		s.text = r.valueOf(s.docs)
		*last, last = s, &s.next
	}
	return first
}

// valueOf reads a text that some documents have.
func (r *reader) valueOf(docs posting) string {
	n := r.number()
	length := int(min(n>>2, math.MaxInt32)) //nolint:gosec // it fits
	switch n & 3 {
	case textHere:
		return r.keep(length)
	case textRef:
		if slot := r.slot(0); r.err == nil {
			return r.docs.at(slot).Ref()
		}
		return ""
	}
	at := r.count()
	if r.err != nil {
		return ""
	}
	shared := r.shared[docs.first()]
	if at > len(shared) || length > len(shared)-at {
		r.wrong("a value that is not where it is said to be")
		return ""
	}
	return shared[at : at+length]
}

// set reads a set of slots that hold documents.
func (r *reader) set() set {
	n := r.count()
	switch {
	case n == 0:
		return set{}
	case n == 1:
		return set{posting{one: r.slot(0)}, r.err == nil}
	case n >= fewest:
		bits := r.bitmap()
		if r.err == nil && (bits.IsEmpty() || bits.AndCardinality(r.all) != bits.GetCardinality()) {
			r.wrong("a set of no documents")
		}
		return set{posting{more: &more{bits: bits}}, r.err == nil}
	}
	m := &more{few: make([]uint32, n)}
	slot := uint32(0)
	for i := range m.few {
		next := r.slot(slot)
		if i > 0 && next <= slot {
			r.wrong("a set that is not in order")
		}
		slot, m.few[i] = next, next
	}
	return set{posting{more: m}, r.err == nil}
}

// slot reads the slot of a document, as far as it is behind another one.
func (r *reader) slot(behind uint32) uint32 {
	slot := r.number() + uint64(behind)
	if r.err != nil || slot >= uint64(len(r.there)) || !r.there[slot] {
		r.wrong("a slot of no document")
		return 0
	}
	return uint32(slot) //nolint:gosec // an index
}

func (r *reader) column() *column {
	c := &column{}
	for left := r.count(); left > 0 && r.err == nil; left-- {
		c.pages = append(c.pages, r.textPage(len(c.pages)*pageLen))
	}
	return c
}

// textPage reads the texts of the slots from one on.
func (r *reader) textPage(slot int) *textPage {
	p := &textPage{text: r.text()}
	end := 0
	for i := range p.ends {
		end += r.count()
		switch { // a page that nothing was written to has no text, not even an end of one
		case r.err != nil:
			return p
		case p.text == "" && end == 0:
			continue
		case end <= p.end(i-1) || end > len(p.text):
			r.wrong("a text that ends before it begins, or beyond its page")
			return p
		case end > p.end(i-1)+len(between) && (slot+i >= len(r.there) || !r.there[slot+i]):
			r.wrong("a text of no document")
			return p
		}
		p.ends[i] = uint32(end) //nolint:gosec // a length
	}
	if end != len(p.text) {
		r.wrong("a page with a text of nobody")
		return p
	}
	p.note()
	return p
}
