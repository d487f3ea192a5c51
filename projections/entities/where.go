package entities

import "github.com/callboard/callboard/projections/entities/index"

type ( // the names of the package index, in which a Snapshot is asked
	Where   = index.Where   // selects entities
	All     = index.All     // what all parts select
	Any     = index.Any     // what any part selects
	Not     = index.Not     // what the part does not select
	Exists  = index.Exists  // what has a key
	Equals  = index.Equals  // what has one of some values
	Prefix  = index.Prefix  // what has a value that begins so
	Like    = index.Like    // what has a text in it
	In      = index.In      // these refs
	Listing = index.Listing // asks for a part of a list
	Order   = index.Order   // of a list
	Field   = index.Field   // to sort by
	Mark    = index.Mark    // a place in a list
)

// Rows is an answer to a Listing.
type Rows struct {
	Rows  []Row // in the order asked for, also when going back
	Total int   // rows on all pages; 0 if they were not counted
}
