package entities

import (
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities/index"
)

// Entry is one entity of a [Snapshot], decoded.
type Entry struct {
	Ref    string          // full and lower-case; also the key in a Snapshot
	Entity *catalog.Entity // as declared, with uid, etag and annotations
	// Relations in both directions, sorted by type, then target, without repeats.
	Relations []catalog.Relation
	Origin    event.Origin

	// Since is the event that brought the entity to its present state.
	Since Since
	// Registered is when the entity became true first, at its source's clock.
	Registered time.Time
	// Rejection is set while the newest descriptor of this entity cannot be
	// used; Entity is then the last good version.
	Rejection *Rejection
	// JSON is the entity as Backstage's API shows it, with its relations and,
	// while there is a Rejection, its status.
	JSON Text

	lacksOwner bool
}

// Since names an event and its cause.
type Since struct {
	Position eventlog.Position
	Time     time.Time // when it became true
	Recorded time.Time
	Actor    event.Actor
	Cause    event.Cause
}

// Rejection is a descriptor that cannot be used, and since when.
type Rejection struct {
	Since
	event.EntityRejected
	// With is set if the descriptor is good but the entity is declared there,
	// which keeps it: a conflict.
	With *event.Origin
}

// Location is a place that descriptors are read from.
type Location struct {
	Since
	event.LocationRegistered
}

// Row is one entity of a list.
type Row struct {
	Ref  string
	JSON Text // as Backstage's API shows it
	Mark Mark
}

// Query asks for a page of entities. Within one list values are alternatives;
// the lists must all match. Comparison ignores letter case.
type Query struct {
	Kinds      []string
	Types      []string // spec.type
	Owners     []string // refs; "group:default/payments". "none" matches entities without an owner
	Lifecycles []string // spec.lifecycle
	Tags       []string // all of them must be there
	Sources    []string
	Text       string   // every word occurs in name, title, description, tags or annotations
	Refs       []string // only these; nil = all
	Parents    []string // refs of the Location entities that led to them
	Order      Sort
	Offset     int
	Limit      int // 0 = all
}

// Sort is how a page of Find is sorted; ties go by ref.
type Sort string

// The orders.
const (
	ByName    Sort = ""       // title, or name
	ByChanged Sort = "change" // newest change first
	ByOwner   Sort = "owner"  // those without one come last
)

// Result is a page, with what the whole answer holds.
type Result struct {
	Entries []*Entry
	Total   int // that match
	All     int // in the catalog
	Facets  Facets
}

// Facets count, for each field, the entities that match all of the query but
// its own field: what one would get by choosing that value instead. A tag is
// asked for besides the others, so tags count what matches them all.
type Facets struct {
	Kinds, Types, Owners, Lifecycles, Tags, Sources []Count
}

// Count is one value of a facet, highest count first, then by value. Kinds are in
// their written case ("Component"), owners are refs.
type Count = index.Count

// FromSource selects the entities that are declared in a configured source.
func FromSource(name string) Where { return Equals{Key: keySource, Values: []string{name}} }
