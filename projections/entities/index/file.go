package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
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
// are gone, if these are many; the index itself otherwise.
func (ix *Index) Compact() *Index {
	if ix.ids.length < 2*ix.Len() || ix.ids.length < pageLen {
		return ix
	}
	b := New().Batch()
	for it := ix.all.bits.Iterator(); it.HasNext(); {
		b.Put(ix.docs.at(it.Next()))
	}
	return b.Index()
}

// Write writes the index. WriteDoc is called for each document, in the order of
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

// Read reads what [Index.Write] wrote. ReadDoc is called for each document. What
// it reads has to be whole: a checksum is for the caller to check.
func Read(from *bufio.Reader, readDoc func() (Doc, error)) (ix *Index, err error) {
	ix = New()
	ix.batch = 1
	r := &reader{Reader: from, docs: &ix.docs, all: ix.all.bits}
	slots := r.count()
	id := uint64(0)
	for i := range uint32(slots) { //nolint:gosec // a count
		id += r.number()
		ix.ids.set(i, id, ix.batch)
		there := r.number() == 1
		if r.err != nil {
			return nil, r.err
		}
		var doc Doc
		if there {
			if doc, err = readDoc(); err != nil {
				return nil, err
			}
			ix.all.bits.Add(i)
		}
		ix.docs.set(i, doc, ix.batch)
	}
	for left := ix.all.bits.GetCardinality(); left > 0; left-- {
		slot := uint32(r.number()) //nolint:gosec // checked below
		if r.err != nil || !ix.all.bits.Contains(slot) {
			return nil, r.wrong("a ref of no document")
		}
		if !ix.refs.append(ix.docs.at(slot).Ref(), slot, int(left)) { //nolint:gosec // a count
			return nil, r.wrong("refs that are not in order")
		}
	}
	for left := r.count(); left > 0; left-- {
		key := r.text()
		f := r.field()
		if r.err != nil {
			return nil, r.err
		}
		if !ix.fields.append(key, f, left) {
			return nil, r.wrong("keys that are not in order")
		}
	}
	for range r.count() {
		key := r.text()
		c := &column{}
		for range r.count() {
			p := &textPage{text: r.text()}
			end := uint64(0)
			for i := range p.ends {
				end += r.number()
				if r.err != nil || end > uint64(len(p.text)) {
					return nil, r.wrong("a text that ends beyond its page")
				}
				p.ends[i] = uint32(end) //nolint:gosec // checked above
			}
			p.note()
			c.pages = append(c.pages, p)
		}
		ix.texts[key] = c
	}
	return ix, r.err
}

// reader keeps the first error, after which all numbers are 0.
type reader struct {
	*bufio.Reader
	docs *vector[Doc]
	all  *roaring.Bitmap
	kept strings.Builder // many short texts in one piece of memory
	err  error
}

func (r *reader) wrong(what string) error {
	if r.err == nil {
		r.err = errors.New("index: " + what)
	}
	return r.err
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
		r.wrong("a count that is too large") //nolint:errcheck // it is kept
		return 0
	}
	return int(n)
}

// bytes reads n bytes; what is allocated grows with what is there.
func (r *reader) bytes(n int) []byte {
	if r.err != nil || n == 0 {
		return nil
	}
	b := make([]byte, 0, min(n, 1<<20))
	for len(b) < n {
		from := len(b)
		b = slices.Grow(b, min(n-from, 1<<20))[:min(n, from+1<<20)]
		if _, err := io.ReadFull(r, b[from:]); err != nil {
			r.err = fmt.Errorf("index: read a text: %w", err)
			return nil
		}
	}
	return b
}

func (r *reader) text() string { return string(r.bytes(r.count())) }

func (r *reader) bitmap() *roaring.Bitmap {
	b := roaring.New()
	if raw := r.bytes(r.count()); r.err == nil {
		if err := b.UnmarshalBinary(raw); err != nil {
			r.err = fmt.Errorf("index: read a bitmap: %w", err)
		}
	}
	return b
}

func (r *reader) set() set {
	docs, some := r.posting()
	return set{docs, some}
}

func (r *reader) field() *field {
	f := &field{valued: r.set(), silent: r.set()}
	f.pairs = r.count()
	for left := r.count(); left > 0 && r.err == nil; left-- {
		docs, some := r.posting()
		if !some {
			r.wrong("a value without documents") //nolint:errcheck // it is kept
		}
		if r.err != nil {
			return f
		}
		text := r.valueOf(docs)
		if !f.values.append(text, held{docs, r.spellings(docs)}, left) {
			r.wrong("values that are not in order") //nolint:errcheck // it is kept
		}
	}
	return f
}

func (r *reader) spellings(of posting) *spelling {
	var first, last *spelling
	for left := r.count(); left > 0 && r.err == nil; left-- {
		docs, some := r.posting()
		if !some {
			docs = of
		}
		if r.err != nil {
			return nil
		}
		s := &spelling{text: r.valueOf(docs), docs: docs}
		if last == nil {
			first = s
		} else {
			last.next = s
		}
		last = s
	}
	return first
}

// valueOf reads a text that some documents have.
func (r *reader) valueOf(docs posting) string {
	n := r.number()
	length := int(min(n>>2, math.MaxInt32)) //nolint:gosec // it fits
	if n&3 == textHere {
		return r.keep(length)
	}
	if n&3 == textRef {
		if slot := r.slot(0); r.err == nil {
			return r.docs.at(slot).Ref()
		}
		return ""
	}
	at := r.count()
	sharer, ok := r.docs.at(docs.first()).(Sharer)
	if !ok || at > len(sharer.Shared()) || length > len(sharer.Shared())-at {
		r.wrong("a value that is not where it is said to be") //nolint:errcheck // it is kept
		return ""
	}
	return sharer.Shared()[at : at+length]
}

// keep reads a text that stays.
func (r *reader) keep(n int) string {
	const piece = 64 << 10
	b := r.bytes(n)
	if len(b) > piece/8 {
		return string(b)
	}
	if r.kept.Cap()-r.kept.Len() < len(b) {
		r.kept = strings.Builder{}
		r.kept.Grow(piece)
	}
	from := r.kept.Len()
	r.kept.Write(b)
	return r.kept.String()[from:]
}

// posting reads a set of slots that hold documents; some is whether there are any.
func (r *reader) posting() (p posting, some bool) {
	n := r.count()
	switch {
	case n == 0:
		return posting{}, false
	case n == 1:
		return posting{one: r.slot(0)}, true
	case n >= fewest:
		bits := r.bitmap()
		if r.err == nil && (bits.IsEmpty() || bits.AndCardinality(r.all) != bits.GetCardinality()) {
			r.wrong("a set of no documents") //nolint:errcheck // it is kept
		}
		return posting{more: &more{bits: bits}}, r.err == nil
	}
	m := &more{few: make([]uint32, n)}
	slot := uint32(0)
	for i := range m.few {
		next := r.slot(slot)
		if i > 0 && next <= slot {
			r.wrong("a set that is not in order") //nolint:errcheck // it is kept
		}
		slot, m.few[i] = next, next
	}
	return posting{more: m}, true
}

// slot reads the slot of a document, as far as it is behind another one.
func (r *reader) slot(behind uint32) uint32 {
	slot := r.number() + uint64(behind)
	if r.err != nil || slot >= uint64(r.docs.length) || r.docs.at(uint32(slot)) == nil { //nolint:gosec // a length; within it
		r.wrong("a value of no document") //nolint:errcheck // it is kept
		return 0
	}
	return uint32(slot) //nolint:gosec // see above
}
