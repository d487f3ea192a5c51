package index

import (
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// Source has documents that an index is made over: see [Over].
type Source interface {
	// Doc returns the document of a slot.
	Doc(slot uint32) Doc
	// Under yields the terms of all documents under a key in the order of slots, those
	// that are text among them.
	Under(key string) iter.Seq2[uint32, Term]
}

// Named is a document of a [Source].
type Named struct {
	Ref  string
	Slot uint32
}

// over is what an index has that is made of its source only as far as it is asked.
type over struct {
	source Source

	mu   sync.Mutex
	keys map[string]*overKey
}

// overKey is what is under a key, once it was asked for.
type overKey struct {
	once  sync.Once
	field *field
	texts *column // nil for none
}

// Over returns an index of a source's documents: of each slot the ID, growing, and
// the documents sorted by ref. What is under a key is gathered when it is first asked
// for. It has no batches, and is not written.
func Over(ids []uint64, byRef []Named, source Source) *Index {
	ix := New()
	ix.batch = 1
	for i, id := range ids {
		ix.ids.set(uint32(i), id, ix.batch) //nolint:gosec // a slot
	}
	ix.all = slots{bits: roaring.New()}
	ix.all.bits.AddRange(0, uint64(len(ids)))
	for i, n := range byRef {
		ix.refs.append(n.Ref, n.Slot, len(byRef)-i)
	}
	ix.over = &over{source: source, keys: map[string]*overKey{}}
	return ix
}

// Slot returns where the document of a ref is.
func (ix *Index) Slot(ref string) (uint32, bool) { return ix.refs.get(ref) }

// Slots yields all documents by ref.
func (ix *Index) Slots() iter.Seq2[string, uint32] {
	return func(yield func(string, uint32) bool) { ix.refs.scan(yield) }
}

// At returns the document of a slot that [Index.Slots] has.
func (ix *Index) At(slot uint32) Doc { return ix.doc(slot) }

// doc returns the document of a slot.
func (ix *Index) doc(slot uint32) Doc {
	if ix.over != nil {
		return ix.over.source.Doc(slot)
	}
	return ix.docs.at(slot)
}

// under returns what is under a key, if there is anything.
func (ix *Index) under(key string) (*field, bool) {
	key = strings.ToLower(key)
	if ix.over == nil {
		return ix.fields.get(key)
	}
	k := ix.over.under(key)
	return k.field, !k.field.empty()
}

// text returns the texts under a key, if there are any.
func (ix *Index) text(key string) (*column, bool) {
	key = strings.ToLower(key)
	if ix.over == nil {
		c, ok := ix.texts[key]
		return c, ok
	}
	c := ix.over.under(key).texts
	return c, c != nil
}

func (o *over) under(key string) *overKey {
	o.mu.Lock()
	k := o.keys[key]
	if k == nil {
		k = &overKey{}
		o.keys[key] = k
	}
	o.mu.Unlock()
	k.once.Do(func() {
		var ds deltas
		var texts []slotText
		for slot, t := range o.source.Under(key) {
			switch {
			case t.Text:
				texts = append(texts, slotText{slot, t.Value})
			case t.Silent:
				ds.silent = append(ds.silent, slot)
			default:
				ds.fresh = append(ds.fresh, fresh{t.Value, t.Written, slot})
			}
		}
		k.field = &field{}
		k.field.build([]*deltas{&ds})
		if len(texts) > 0 {
			k.texts = k.texts.with(texts)
		}
	})
	return k
}

// Prepare gathers at once, on all processors, what is under some keys and those that
// w selects by. Without it they are gathered one after the other.
func (ix *Index) Prepare(w Where, keys ...string) {
	if ix.over == nil {
		return
	}
	var wg sync.WaitGroup
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, key := range slices.Compact(slices.Sorted(slices.Values(keysOf(w, keys)))) {
		wg.Go(func() {
			turns <- struct{}{}
			ix.under(key)
			<-turns
		})
	}
	wg.Wait()
}

// keysOf appends the keys that w selects by.
func keysOf(w Where, keys []string) []string {
	switch w := w.(type) {
	case All:
		for _, one := range w {
			keys = keysOf(one, keys)
		}
	case Any:
		for _, one := range w {
			keys = keysOf(one, keys)
		}
	case Not:
		keys = keysOf(w.Where, keys)
	case Exists:
		keys = append(keys, w.Key)
	case Equals:
		keys = append(keys, w.Key)
	case Prefix:
		keys = append(keys, w.Key)
	case Like:
		keys = append(keys, w.Keys...)
	case Contains:
		keys = append(keys, w.Keys...)
	}
	return keys
}
