// Package index selects, sorts and counts documents in memory: those of
// hundreds of thousands that a filter leaves, in an order, one page of them,
// and how often each value occurs.
//
// An [Index] never changes, so any number of readers may ask it for as long as
// they like. A [Batch] makes the next one, which shares with it all that stays
// the same. Under each search key the values are kept in order, each with the set
// of the documents that have it (a bitmap); a filter is an
// intersection and union of such sets, an ordered page a walk along such values, a
// facet the sizes of intersections.
//
// Start with [Where] and [Listing], which say what can be asked.
package index

import (
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// Doc is what is indexed. It must not change while it is in an index.
type Doc interface {
	// ID grows from one document to the next. It is what lists go by that have
	// no other order, and what a cursor names.
	ID() uint64
	// Ref is the document's unique name.
	Ref() string
	// Terms is what the document is found by: the same at each call.
	Terms() []Term
}

// Term is one search key of a document with one of its values.
type Term struct {
	Key     string // lower-case
	Value   string // lower-case
	Written string // the value as it is written
	// Silent terms only say that the key is there.
	Silent bool
	// Text terms are for [Like], which searches them faster than the others of
	// the same key: a document has one for each of some keys, with all of its
	// values there, joined by zero bytes.
	Text bool
}

// Plain is the term of a value as it is written.
func Plain(key, value string) Term {
	return Term{Key: key, Value: strings.ToLower(value), Written: value}
}

// Index is an immutable set of documents.
type Index struct {
	batch  uint64
	docs   vector[Doc]    // by slot; nil where one is gone
	ids    vector[uint64] // by slot, growing, also of those that are gone
	strays strays         // those whose ID is another one
	all    slots          // slots that hold a document
	refs   sorted[uint32] // the slot of each
	fields sorted[*field]
	texts  map[string]*column // never written to once made
	over   *over              // what takes the place of docs, fields and texts, or nil
}

// New returns an empty index.
func New() *Index {
	return &Index{all: slots{bits: roaring.New()}, texts: map[string]*column{}}
}

// Len is the number of documents.
func (ix *Index) Len() int { return ix.refs.len() }

// Get returns the document of a ref.
func (ix *Index) Get(ref string) (Doc, bool) {
	slot, ok := ix.refs.get(ref)
	if !ok {
		return nil, false
	}
	return ix.doc(slot), true
}

// slots is a set that is copied when a batch first writes to it.
type slots struct {
	batch uint64
	bits  *roaring.Bitmap
}

func (s *slots) writable(batch uint64) *roaring.Bitmap {
	if s.batch != batch {
		s.batch, s.bits = batch, s.bits.Clone()
	}
	return s.bits
}
