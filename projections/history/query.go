package history

import (
	"cmp"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// Entry is one event as people and the API see it: the envelope, a sentence,
// and what it changed.
type Entry struct {
	Position eventlog.Position
	ID       string
	Type     event.Type
	Source   string // name of the source: "github"
	Subject  string // ref of the entity, or another name
	Time     time.Time
	Recorded time.Time
	Actor    event.Actor
	Cause    event.Cause
	// Summary says in a few words what happened, without the subject:
	// "owner changed", "line 23: must be a string".
	Summary string
	Changes []catalog.Change // against the version before; empty for a first version
	// Backfilled: it was found in the past after the fact, and compared with what
	// was found so before it.
	Backfilled bool
	// Data is what the event says, as JSON, and Extensions are its further CloudEvents
	// attributes: of a Filter that is Whole.
	Data       []byte
	Extensions map[string]string
}

// Filter selects events. Empty fields select everything; text compares without case.
type Filter struct {
	Entity string // full ref
	Kind   string // kind of the entity that the event is about
	Type   string // event type, with or without its version: "entity.changed"
	Source string // name of the source
	Actor  string // login, name or e-mail
	Commit string // prefix of the SHA
	Text   string // occurs in subject, summary, actor or changes
	From   time.Time
	To     time.Time         // exclusive; both bound the time it became true
	Cause  string            // delivery, request or schedule that led to it: see [CausedBy]
	Known  eventlog.Position // the last position that counts; 0 is the newest
	Whole  bool              // with what the events say
	// Uncounted leaves out how many match, for who reads page after page.
	Uncounted bool
	After     eventlog.Position // go on after this one, in the chosen direction
	Limit     int               // 0 means 50; at most 500
	Oldest    bool              // oldest first; otherwise newest first
	// Seals lists the seals of the log beside all others, too: they tell nothing of what
	// people do. Who asks for them by their type gets them anyway.
	Seals bool
	// Counting leaves the events that the catalog is folded from, and has From and To
	// bound since when they count, which is later than when they became true where
	// something later was on record of the same: see [Row].
	Counting bool
	// ByTime orders by when events became true, which for what was backfilled is
	// long before it was recorded; otherwise by position.
	ByTime bool
	// ByTruth orders by since when events count, and has From and To bound that: the order
	// in which [Tell] tells of an entity. It goes before ByTime.
	ByTruth bool
}

// Clock is the column that bounds and, if it is asked for, orders events: "truth" or
// "time"; see [Row].
func (f Filter) Clock() string {
	if f.Counting || f.ByTruth {
		return "truth"
	}
	return "time"
}

// CausedBy names what an event came of besides a commit; "" if that is not known.
func CausedBy(c event.Cause) string { return cmp.Or(c.Delivery, c.Request, c.Schedule) }

// LeavesOutSeals reports whether seals are to be passed over: nothing is asked for
// that leads to them, or past them.
func (f Filter) LeavesOutSeals() bool {
	return !f.Seals && f.Entity == "" && f.Kind == "" && f.Type == "" && f.Source == "" && f.Actor == "" && f.Commit == "" && f.Cause == ""
}

// PageSize is how many events a page has.
func (f Filter) PageSize() int {
	if f.Limit <= 0 {
		return 50
	}
	return min(f.Limit, 500)
}

// Page is a part of the answer to a Filter.
type Page struct {
	Entries []Entry
	Next    eventlog.Position // pass as After to go on; 0 at the end
	Total   int               // that match, on all pages; [MaxTotal] at most
	More    bool              // more than Total match
}

// MaxTotal is how far the events that match are counted: to count all of a long
// history would take longer than to read the page.
const MaxTotal = 10_000
