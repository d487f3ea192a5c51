package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"
)

// An index is written as it lies in memory, so that reading it takes no sorting
// and no look at the documents:
//
//	slots: for each its document's ID, less the one before, and whether it is there
//	refs: slots in the order of refs
//	fields: key, sets, the number of pairs, and the values in order: documents,
//	text, spellings. A text that is part of what its first document shares, or
//	the ref of a document, is its place there
//	texts: key, and for each page its text and where each slot's ends
//
// Numbers are unsigned varints, texts have their length before them.

// Compact returns an index of the same documents without the slots of those that
// are gone, if these are many, and without strays; the index itself otherwise.
func (ix *Index) Compact() *Index {
	if len(ix.strays.ids) == 0 && (ix.ids.length < 2*ix.Len() || ix.ids.length < pageLen) {
		return ix
	}
	b := New().Batch()
	ix.byID(ix.all.bits, false, nil, func(slot uint32) bool {
		b.Put(ix.docs.at(slot))
		return true
	})
	return b.Index()
}

// Write writes the index, which has no strays: see [Index.Compact]. WriteDoc is called for each document, in the order of
// their slots, and may write to the same writer.
func (ix *Index) Write(to *bufio.Writer, writeDoc func(Doc) error) error {
	w := writer{to, ix}
	w.number(uint64(ix.ids.length)) //nolint:gosec // a count
	last := uint64(0)
	for i := range uint32(ix.ids.length) { //nolint:gosec // a count
		id, doc := ix.ids.at(i), ix.docs.at(i)
		w.number(id - last)
		last = id
		if doc == nil {
			w.number(0)
			continue
		}
		w.number(1)
		if err := writeDoc(doc); err != nil {
			return err
		}
	}
	ix.refs.scan(func(_ string, slot uint32) bool { w.number(uint64(slot)); return true })
	w.number(uint64(ix.fields.len())) //nolint:gosec // a count
	var err error
	ix.fields.scan(func(key string, f *field) bool {
		w.text(key)
		err = w.field(f)
		return err == nil
	})
	if err != nil {
		return err
	}
	w.number(uint64(len(ix.texts)))
	for _, key := range slices.Sorted(maps.Keys(ix.texts)) {
		w.text(key)
		pages := ix.texts[key].pages
		w.number(uint64(len(pages)))
		for _, p := range pages {
			w.text(p.text)
			last := uint32(0)
			for _, end := range p.ends {
				w.number(uint64(max(end, last) - last)) // of a page that nothing was written to all are 0
				last = max(end, last)
			}
		}
	}
	return to.Flush()
}

// Sharer is a Doc whose terms may be parts of a text that it keeps anyway. They
// still are when the index has been read.
type Sharer interface{ Shared() string }

// writer leaves errors to the buffered writer, which keeps the first one.
type writer struct {
	*bufio.Writer
	ix *Index
}

func (w writer) number(n uint64) {
	var b [binary.MaxVarintLen64]byte
	w.Write(b[:binary.PutUvarint(b[:], n)]) //nolint:errcheck // see writer
}

func (w writer) text(s string) {
	w.number(uint64(len(s)))
	w.WriteString(s) //nolint:errcheck // see writer
}

func (w writer) bitmap(b *roaring.Bitmap) error {
	raw, err := b.ToBytes()
	if err != nil {
		return err
	}
	w.number(uint64(len(raw)))
	w.Write(raw) //nolint:errcheck // see writer
	return nil
}

func (w writer) set(s set) error {
	if !s.some {
		w.number(0)
		return nil
	}
	return w.posting(s.docs)
}

func (w writer) field(f *field) error {
	if err := errors.Join(w.set(f.valued), w.set(f.silent)); err != nil {
		return err
	}
	w.number(uint64(f.pairs))        //nolint:gosec // a count
	w.number(uint64(f.values.len())) //nolint:gosec // a count
	var err error
	f.values.scan(func(text string, v held) bool {
		if err = w.posting(v.docs); err != nil {
			return false
		}
		w.valueOf(text, v.docs)
		spellings := uint64(0)
		for s := v.written; s != nil; s = s.next {
			spellings++
		}
		w.number(spellings)
		for s := v.written; s != nil && err == nil; s = s.next {
			if s.docs.len() == v.docs.len() { // all of them, which is what no documents stand for
				w.number(0)
			} else {
				err = w.posting(s.docs)
			}
			w.valueOf(s.text, s.docs)
		}
		return err == nil
	})
	return err
}

// Where a text is; the lower two bits of its length.
const (
	textHere   = iota
	textShared // what follows is its place in what its first document shares
	textRef    // what follows is the slot whose document's ref it is
)

// valueOf writes a text that some documents have.
func (w writer) valueOf(text string, docs posting) {
	if doc, ok := w.ix.docs.at(docs.first()).(Sharer); ok {
		if at, ok := within(text, doc.Shared()); ok {
			w.number(uint64(len(text))<<2 | textShared)
			w.number(uint64(at)) //nolint:gosec // a place in a text
			return
		}
	}
	if strings.Contains(text, ":") { // most refs do, and most other texts do not
		if slot, ok := w.ix.refs.get(text); ok {
			w.number(uint64(len(text))<<2 | textRef)
			w.number(uint64(slot))
			return
		}
	}
	w.number(uint64(len(text)) << 2) // textHere
	w.WriteString(text)              //nolint:errcheck // see writer
}

// within returns where a text lies that is a part of another in memory.
func within(part, whole string) (at int, ok bool) {
	if part == "" || whole == "" {
		return 0, false
	}
	from := uintptr(unsafe.Pointer(unsafe.StringData(whole)))                //nolint:gosec // addresses are only compared
	begin := uintptr(unsafe.Pointer(unsafe.StringData(part)))                //nolint:gosec // see above
	if begin < from || begin+uintptr(len(part)) > from+uintptr(len(whole)) { // elsewhere
		return 0, false
	}
	return int(begin - from), true //nolint:gosec // within the text
}

func (w writer) posting(p posting) error {
	w.number(uint64(p.len())) //nolint:gosec // a count
	var list []uint32
	switch {
	case p.len() >= fewest:
		return w.bitmap(p.more.bits)
	case p.more != nil && p.more.bits != nil: // there were more once
		list = p.more.bits.ToArray()
	default:
		list = p.list()
	}
	last := uint32(0)
	for _, slot := range list {
		w.number(uint64(slot - last))
		last = slot
	}
	return nil
}
