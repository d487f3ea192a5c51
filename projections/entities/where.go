package entities

// Where selects entities by their search keys, which are Backstage's: the
// dotted paths of what an entity says ("spec.type", "metadata.tags",
// "metadata.labels.tier"), and "relations.<type>" with the full refs of the
// targets. Letter case is ignored in keys and in values. A value of more than
// 200 characters, or null, says only that its key exists; a key of more than 200
// is not there. See buildEntitySearch in Backstage's catalog backend.
//
// A nil Where selects all.
type Where interface{ where() }

// The ways to select.
type (
	// All selects what every one of its parts does; everything if there are none.
	All []Where
	// Any selects what at least one of its parts does; nothing if there are none.
	Any []Where
	// Not selects what its part does not.
	Not struct{ Where Where }
	// Exists selects the entities that have a key, whatever its value.
	Exists struct{ Key string }
	// Equals selects the entities of which one value of a key is one of Values;
	// nothing if there are none.
	Equals struct {
		Key    string
		Values []string
	}
	// Prefix selects the entities of which one value of a key begins so.
	Prefix struct{ Key, Prefix string }
	// Like selects the entities of which one value of one of the keys contains
	// Term. As in Backstage, whose database it is for, "%" in it stands for any
	// text and "_" for any character.
	Like struct {
		Keys []string
		Term string
	}
	// In selects entities by their full lower-case refs.
	In []string
)

func (All) where()    {}
func (Any) where()    {}
func (Not) where()    {}
func (Exists) where() {}
func (Equals) where() {}
func (Prefix) where() {}
func (Like) where()   {}
func (In) where()     {}

// Listing asks for a part of a list of entities.
type Listing struct {
	Where Where
	Order Order
	// From is the row after which to begin, or, if Back is set, before which to
	// end; nil is the beginning, or the end. It need not be there any more.
	From *Mark
	Back bool
	// Offset is how many rows to skip after that. Limit is how many to return
	// at most; a negative one is none.
	Offset, Limit int
	// Count asks for the number of rows on all pages.
	Count bool
}

// Order is how a list is sorted. The zero Order is that of registration.
type Order struct {
	Fields []Field // ties of the first go by the next
	// Lacking keeps the entities that lack a field: they come last, whatever the
	// direction. Otherwise those that lack the first one are left out.
	Lacking bool
	// ByRef is for ties of the fields, and for lists without any; otherwise they
	// go by registration, in the direction of the first field.
	ByRef bool
}

// Field is a search key to sort by: as lower-case text, byte for byte. An entity
// with several values goes by its first.
type Field struct {
	Key        string
	Descending bool
}

// Mark is the place of a row in the order of its list. It stays what it is when
// entities around it come, change or go.
type Mark struct {
	Value string // of the first field; "" without one
	ID    uint64 // the row's entity: the position of the event that registered it
}

// Rows is an answer to a Listing.
type Rows struct {
	Rows  []Row // in the order asked for, also when going back
	Total int   // rows on all pages; 0 if they were not counted
}

// Row is one entity of a list.
type Row struct {
	Ref  string
	JSON string // as Backstage's API shows it
	Mark Mark
}
