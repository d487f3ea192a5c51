package history

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
)

// Row is what is kept of one event: all of it, and what it means beside those
// before it.
type Row struct {
	eventlog.Record
	// Truth is from when on it counts: when it became true, but never before what
	// was on record of the same by then. Clocks of commits go backward when a
	// branch is put back; what is read last is true all the same.
	Truth   time.Time
	Summary string
	Changes []byte // as JSON
	Text    string // what a search looks through
	// About is whose state the event tells, "" = nobody's; State is that state from
	// then on, packed, without what is declared. That stands in the data of the row
	// at Declares, if it is not 0.
	About    string
	State    []byte
	Declares eventlog.Position
	// File is where the descriptor stands that an event about an entity comes from;
	// "" for other events.
	File string
}

// Version is the newest state of something.
type Version struct {
	Truth    time.Time
	State    []byte
	Declares eventlog.Position
	Declared []byte // data of the event there
}

// Store keeps the rows. Tests of what each has to do are in package historytest.
type Store interface {
	// Position is that of the last row that was appended.
	Position(ctx context.Context) (eventlog.Position, error)
	// Newest returns the newest version of each of some things, as far as there is one.
	Newest(ctx context.Context, about []string) (map[string]Version, error)
	// Append keeps rows, in their order and all or none, and the position of the last.
	// Those that it has are left as they are.
	Append(ctx context.Context, rows []Row) error
	Reader
	Close() error
}

// Replaceable is a Store that can be built anew while it is read.
type Replaceable interface {
	Store
	// Beside makes an empty Store beside this one, which may take its place.
	Beside(ctx context.Context) (Store, projections.Replacement, error)
}

// Reader answers questions about the rows.
type Reader interface {
	Events(ctx context.Context, f Filter) (Page, error)
	Event(ctx context.Context, p eventlog.Position) (Entry, error)
	Past
}

// Past tells of what the catalog was folded at other moments: of events about
// entities and locations. Subjects are those of the events.
type Past interface {
	// Differing yields each subject of which other events count at one moment than
	// at another; perhaps more.
	Differing(ctx context.Context, one, other projections.Moment) ([]string, error)
	// Entangled yields the subjects whose events bear on those of others: all that
	// have to do with files in which something could not be used, and locations.
	Entangled(ctx context.Context) ([]string, error)
	// Counting yields the events about some subjects that count at a moment, in the
	// order in which they are to be folded. Of one that was only declared they may
	// be just the first and the last.
	Counting(ctx context.Context, m projections.Moment, subjects []string, all bool) iter.Seq2[eventlog.Record, error]
	// PositionAt returns the last position that was recorded up to a time.
	PositionAt(ctx context.Context, t time.Time) (eventlog.Position, error)
	// TruthAt returns from when on the event at a position counts, or an error of kind
	// fault.NotFound.
	TruthAt(ctx context.Context, p eventlog.Position) (time.Time, error)
}

// InCatalog reports whether the catalog is folded from events of a type.
func InCatalog(t event.Type) bool {
	return strings.HasPrefix(string(t), "entity.") || strings.HasPrefix(string(t), "location.")
}

// Ends leaves of the events of a subject, in order, the first and the last if it was
// only declared: what it was declared to be in between nobody sees.
func Ends[T any](all []T, typ func(T) event.Type) []T {
	if len(all) <= 2 {
		return all
	}
	for _, one := range all {
		if !Declares(typ(one)) {
			return all
		}
	}
	return []T{all[0], all[len(all)-1]}
}
