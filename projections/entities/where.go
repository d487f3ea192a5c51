package entities

import "github.com/callboard/callboard/projections/entities/index"

// The names of the package index, in which a [Snapshot] is asked.

type (
	// Where selects entities.
	Where = index.Where
	// All selects what all of its parts do.
	All = index.All
	// Any selects what any of its parts does.
	Any = index.Any
	// Not selects what its part does not.
	Not = index.Not
	// Exists selects what has a key.
	Exists = index.Exists
	// Equals selects what has one of some values.
	Equals = index.Equals
	// Prefix selects what has a value that begins so.
	Prefix = index.Prefix
	// Like selects what has a text in it.
	Like = index.Like
	// In selects by refs.
	In = index.In
	// Listing asks for a part of a list.
	Listing = index.Listing
	// Order is the order of a list.
	Order = index.Order
	// Field is a key to sort by.
	Field = index.Field
	// Mark is a place in a list.
	Mark = index.Mark
)

// Rows is an answer to a Listing.
type Rows struct {
	Rows  []Row // in the order asked for, also when going back
	Total int   // entities on all pages; 0 if they were not counted
}
