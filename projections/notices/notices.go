// Package notices is what people are to be told: that a level fell, that an initiative
// began or its last day comes near, that an exemption is asked for, ends soon or ended.
// It keeps its rows in SQLite.
//
// Start with [Notice] and [Kinds]. [Notices] folds the log; [Text] puts a notice into
// words, for every way out. docs/adr/0031-notices.md has the reasons.
package notices

import (
	"context"
	"embed"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/sqlstore"
)

// Name is the projection's name.
const Name = "notices"

// DefaultGrace is how long a notice waits until it is sent out, unless somebody says
// otherwise.
const DefaultGrace = 5 * time.Minute

//go:embed migrations/*.sql
var migrations embed.FS

// Notice is something that people are to be told.
type Notice struct {
	ID       int64             `json:"id"` // another after a rebuild with another grace
	Kind     string            `json:"kind"`
	Owners   []string          `json:"owners"`             // full refs of those whom it concerns; none: of what nobody owns
	Card     string            `json:"card,omitempty"`     // full ref of the scorecard
	About    string            `json:"about,omitempty"`    // full ref of the exemption or initiative
	Time     time.Time         `json:"time"`               // when it was so
	Shown    time.Time         `json:"shown"`              // since when it is seen, as it is
	Ripe     time.Time         `json:"ripe"`               // from when on it is sent out, and changes no more
	Position eventlog.Position `json:"position"`           // of the event that it is due to
	Gathered bool              `json:"gathered,omitempty"` // it waits for the hour after the one before
	Falls    []Fall            `json:"falls,omitempty"`    // of a drop, never empty then; by entity
	Requests []Request         `json:"requests,omitempty"` // of what is asked for or decided, never empty then; the oldest first
	Says
}

// Unread reports whether somebody who last looked at a moment has not seen it as it is.
// What tells of more than a day before is no news.
func (n Notice) Unread(since time.Time) bool {
	return n.Shown.After(since) && n.Time.After(since.Add(-late))
}

// Past reports whether it tells of what was long ago when it became known.
func (n Notice) Past() bool { return n.Shown.Sub(n.Time) > late }

// Says is what a notice tells besides; what of it there is depends on the kind.
type Says struct {
	CardTitle string   `json:"cardTitle,omitempty"`
	Title     string   `json:"title,omitempty"`  // of the initiative
	Entity    string   `json:"entity,omitempty"` // that an exemption is for
	Level     string   `json:"level,omitempty"`  // that an initiative asks for
	Rules     []string `json:"rules,omitempty"`  // ids, of an exemption or initiative
	// RuleTitles are what these were called then.
	RuleTitles []string    `json:"ruleTitles,omitempty"`
	Reason     string      `json:"reason,omitempty"`  // for an exemption
	By         string      `json:"by,omitempty"`      // who asks for one, or granted it
	Start      string      `json:"start,omitempty"`   // first day of an initiative; empty: at once
	Until      string      `json:"until,omitempty"`   // last day
	Changed    bool        `json:"changed,omitempty"` // that it began was told before, otherwise
	Was        *Goal       `json:"was,omitempty"`     // as it was told then; nil if it is new
	Mended     bool        `json:"mended,omitempty"`  // it could not be measured until now
	Days       int         `json:"days,omitempty"`    // until that is over
	Actor      event.Actor `json:"actor,omitzero"`
	Cause      event.Cause `json:"cause,omitzero"`
}

// Goal is what an initiative asks for.
type Goal struct {
	CardTitle  string   `json:"cardTitle"`
	Title      string   `json:"title"`
	Level      string   `json:"level,omitempty"`
	RuleTitles []string `json:"ruleTitles,omitempty"`
	Start      string   `json:"start,omitempty"` // first day
	Until      string   `json:"until,omitempty"` // last day
}

func (s Says) goal() Goal { return Goal{s.CardTitle, s.Title, s.Level, s.RuleTitles, s.Start, s.Until} }

// Fall is that an entity fell to a lower level.
type Fall struct {
	Entity   string            `json:"entity"` // full ref
	From     string            `json:"from"`
	To       string            `json:"to"` // empty: below all levels
	Time     time.Time         `json:"time"`
	Position eventlog.Position `json:"position"` // of the event that says so
	Why
}

// Request is that an exemption is asked for, or what was decided about it.
type Request struct {
	Exemption  string            `json:"exemption"` // full ref
	Entity     string            `json:"entity"`
	Rules      []string          `json:"rules,omitempty"` // ids; none: all of the card
	RuleTitles []string          `json:"ruleTitles,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Until      string            `json:"until,omitempty"`     // last day
	By         string            `json:"by,omitempty"`        // who asks: full ref, or a name
	Decision   string            `json:"decision,omitempty"`  // empty while it is asked for
	DecidedBy  string            `json:"decidedBy,omitempty"` // full ref, or a name
	Note       string            `json:"note,omitempty"`      // why it was decided so
	Time       time.Time         `json:"time"`
	Position   eventlog.Position `json:"position"` // of the event that says so
	Actor      event.Actor       `json:"actor,omitzero"`
	Cause      event.Cause       `json:"cause,omitzero"`
}

// alone has a notice of one request say what that does, as those do that are about one
// exemption.
func (n *Notice) alone() {
	if len(n.Requests) != 1 {
		return
	}
	r := n.Requests[0]
	n.About, n.Entity, n.Rules, n.RuleTitles, n.Reason, n.Until, n.By = r.Exemption, r.Entity, r.Rules, r.RuleTitles, r.Reason, r.Until, r.By
	n.Position, n.Actor, n.Cause = r.Position, r.Actor, r.Cause
}

// Why is what made an entity fall.
type Why struct {
	Rules []Rule      `json:"rules,omitempty"` // that it keeps no more, or that count now
	Actor event.Actor `json:"actor,omitzero"`
	Cause event.Cause `json:"cause,omitzero"`
}

// Rule is a rule that is not kept.
type Rule struct {
	ID      string `json:"rule"`
	Title   string `json:"title,omitempty"`
	Message string `json:"message,omitempty"`
	New     bool   `json:"new,omitempty"` // it did not count before
	// Lapse is what became of the exemption from it; nil if there was none.
	Lapse *Lapse `json:"lapse,omitempty"`
	// Earlier is what it is due to, if an entity fell in several steps and it is not the last one.
	Earlier *Earlier `json:"earlier,omitempty"`
}

// Earlier is who led to a step of a fall before the last one, and by what.
type Earlier struct {
	Actor event.Actor `json:"actor,omitzero"`
	Cause event.Cause `json:"cause,omitzero"`
}

// Lapse is that an entity is exempt no more. It is empty if the exemption still is one, of
// something else.
type Lapse struct {
	Exemption string `json:"exemption,omitempty"` // full ref
	How       string `json:"how,omitempty"`       // [Revoked] or [Lapsed]
	Until     string `json:"until,omitempty"`     // last day, also of what was revoked before
	By        string `json:"by,omitempty"`        // who revoked it: full ref, or a name
}

// Notices is the projection.
type Notices struct {
	db    *sqlstore.Store
	grace time.Duration
}

// Open opens or creates the projection's file. What comes within the grace is one notice,
// and taken back if it is undone by then.
func Open(ctx context.Context, path string, grace time.Duration) (*Notices, error) {
	db, err := sqlstore.Open(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Notices{db, grace}, nil
}

// Close closes the file.
func (n *Notices) Close() error { return n.db.Close() }

// Name returns [Name].
func (n *Notices) Name() string { return Name }

// Position returns how far the rows have come.
func (n *Notices) Position(ctx context.Context) (eventlog.Position, error) { return n.db.Position(ctx) }

// Apply folds records.
func (n *Notices) Apply(ctx context.Context, records []eventlog.Record) error {
	return n.db.Apply(ctx, records, func(tx *sqlstore.Tx, rec eventlog.Record) error { return folder{tx, rec, n.grace}.fold() })
}

// Beside makes a second copy, in another file.
func (n *Notices) Beside(ctx context.Context) (projections.Copy, error) {
	c, err := n.db.Beside(ctx)
	if err != nil {
		return projections.Copy{}, err
	}
	return projections.Copy{Projection: &Notices{c.Store, n.grace}, Replacement: c}, nil
}

var _ projections.Rebuildable = (*Notices)(nil)
