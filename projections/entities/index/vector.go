package index

import "slices"

// vector is a list that shares what has not changed with its earlier versions:
// a version is cheap to make, and for ever as it was.
type vector[T any] struct {
	pages  []*page[T]
	length int
}

// pageLen is how many items are copied to change one.
const pageLen = 256

type page[T any] struct {
	batch uint64
	items [pageLen]T
}

func (v *vector[T]) at(i uint32) T { return v.pages[i/pageLen].items[i%pageLen] }

// next returns the version that a batch may write to.
func (v *vector[T]) next() vector[T] { return vector[T]{slices.Clone(v.pages), v.length} }

// set writes an item, at the end or before it. Pages that an earlier batch made
// are copied.
func (v *vector[T]) set(i uint32, item T, batch uint64) {
	n := int(i / pageLen)
	for len(v.pages) <= n {
		v.pages = append(v.pages, &page[T]{batch: batch})
	}
	if v.pages[n].batch != batch {
		c := *v.pages[n]
		c.batch = batch
		v.pages[n] = &c
	}
	v.pages[n].items[i%pageLen] = item
	v.length = max(v.length, int(i)+1)
}
