package index

import (
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// Where selects documents by their terms. Letter case is ignored in keys and in
// values. A nil Where selects all.
type Where interface {
	// in returns what is selected; the caller does not write to it.
	in(*Index) selection
}

// The ways to select.
type (
	// All selects what every one of its parts does; everything if there are none.
	All []Where
	// Any selects what at least one of its parts does; nothing if there are none.
	Any []Where
	// Not selects what its part does not.
	Not struct{ Where Where }
	// Exists selects the documents that have a key, whatever its value.
	Exists struct{ Key string }
	// Equals selects the documents of which one value of a key is one of Values;
	// nothing if there are none.
	Equals struct {
		Key    string
		Values []string
	}
	// Prefix selects the documents of which one value of a key begins so.
	Prefix struct{ Key, Prefix string }
	// Like selects the documents of which one value of one of the keys contains
	// Term. As in Backstage, whose database it is for, "%" in it stands for any
	// text and "_" for any character.
	Like struct {
		Keys []string
		Term string
	}
	// Contains is Like without wildcards.
	Contains struct {
		Keys []string
		Text string
	}
	// In selects documents by their refs.
	In []string
)

// selected evaluates w.
func (ix *Index) selected(w Where) selection {
	if w == nil {
		return selection{}
	}
	return w.in(ix)
}

// Evaluate returns a Where that selects what w does in ix, for several questions
// of the same index.
func (ix *Index) Evaluate(w Where) Where { return evaluated{ix.selected(w)} }

type evaluated struct{ selection }

func (e evaluated) in(*Index) selection { return e.selection }

// bits returns what is selected as a Bitmap to read from.
func (ix *Index) bits(s selection) *roaring.Bitmap {
	if s.bits == nil {
		return ix.all.bits
	}
	return s.bits
}

// union returns what fill adds.
func union(fill func(to *roaring.Bitmap)) selection {
	to := roaring.New()
	fill(to)
	return selection{to}
}

// narrower is a Where that is cheaper to evaluate where only some documents count.
// What it returns may hold others, too.
type narrower interface {
	among(*Index, selection) selection
}

func (a All) in(ix *Index) selection {
	all := selection{}
	for _, w := range a {
		if _, ok := w.(narrower); !ok {
			all = all.and(ix.selected(w))
		}
	}
	for _, w := range a {
		if n, ok := w.(narrower); ok {
			all = all.and(n.among(ix, all))
		}
	}
	return all
}

func (a Any) in(ix *Index) selection {
	if len(a) == 1 {
		return ix.selected(a[0])
	}
	return union(func(to *roaring.Bitmap) {
		for _, w := range a {
			to.Or(ix.bits(ix.selected(w)))
		}
	})
}

func (n Not) in(ix *Index) selection {
	return selection{roaring.AndNot(ix.all.bits, ix.bits(ix.selected(n.Where)))}
}

func (e Exists) in(ix *Index) selection {
	return union(func(to *roaring.Bitmap) {
		if f, ok := ix.under(e.Key); ok {
			f.valued.addTo(to)
			f.silent.addTo(to)
		}
	})
}

func (e Equals) in(ix *Index) selection {
	f, ok := ix.under(e.Key)
	if ok && len(e.Values) == 1 { // of one value nothing needs to be copied
		v, known := f.values.get(strings.ToLower(e.Values[0]))
		if known {
			return v.docs.selection()
		}
	}
	return union(func(to *roaring.Bitmap) {
		if !ok {
			return
		}
		for _, text := range e.Values {
			if v, known := f.values.get(strings.ToLower(text)); known {
				v.docs.addTo(to)
			}
		}
	})
}

func (p Prefix) in(ix *Index) selection {
	return union(func(to *roaring.Bitmap) {
		f, ok := ix.under(p.Key)
		if !ok {
			return
		}
		prefix := strings.ToLower(p.Prefix)
		f.values.ascend(prefix, func(text string, v held) bool {
			if !strings.HasPrefix(text, prefix) {
				return false
			}
			v.docs.addTo(to)
			return true
		})
	})
}

func (l Like) in(ix *Index) selection { return l.among(ix, selection{}) }

func (l Like) among(ix *Index, s selection) selection { return ix.like(l.Keys, newLike(l.Term), s) }

func (c Contains) in(ix *Index) selection { return c.among(ix, selection{}) }

func (c Contains) among(ix *Index, s selection) selection {
	return ix.like(c.Keys, like{literal: strings.ToLower(c.Text)}, s)
}

func (ix *Index) like(keys []string, pattern like, among selection) selection {
	return union(func(to *roaring.Bitmap) {
		if strings.Contains(pattern.literal, between) {
			return // no text holds it
		}
		for i, key := range keys {
			if slices.Contains(keys[:i], key) {
				continue
			}
			if c, ok := ix.text(key); ok && pattern.literal != "" {
				c.find(pattern, among, to)
				continue
			}
			if f, ok := ix.under(key); ok {
				f.values.scan(func(text string, v held) bool {
					if pattern.matches(text) {
						v.docs.addTo(to)
					}
					return true
				})
			}
		}
	})
}

func (i In) in(ix *Index) selection {
	return union(func(to *roaring.Bitmap) {
		for _, ref := range i {
			if slot, ok := ix.refs.get(ref); ok {
				to.Add(slot)
			}
		}
	})
}
