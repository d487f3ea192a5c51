package entities

import "github.com/callboard/callboard/projections/entities/index"

// What a [Snapshot] can be asked has the names of the package index.
type (
	// Where selects entities.
	Where   = index.Where
	All     = index.All
	Any     = index.Any
	Not     = index.Not
	Exists  = index.Exists
	Equals  = index.Equals
	Prefix  = index.Prefix
	Like    = index.Like
	In      = index.In
	Listing = index.Listing
	Order   = index.Order
	Field   = index.Field
	Mark    = index.Mark
)

// Rows is an answer to a Listing.
type Rows struct {
	Rows  []Row // in the order asked for, also when going back
	Total int   // rows on all pages; 0 if they were not counted
}
