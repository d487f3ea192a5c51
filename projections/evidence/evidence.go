// Package evidence answers what an audit asks: of every entity that a filter selected
// in a period, who owned it, how it stood on a control, which exemptions it had, and
// where the gaps are. A control is a scorecard, or a rule of one.
//
// [Reporter.Report] gives the answer, [Write] writes it down under a signature. All of
// it follows from the events up to one position, so that the same question is
// answered with the same bytes for as long as the record stands.
package evidence

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/projections/scores"
)

// Question is what is asked.
type Question struct {
	Filter []string       `json:"filter,omitempty"` // as it was asked; Where selects
	Where  entities.Where `json:"-"`
	From   time.Time      `json:"from"`
	To     time.Time      `json:"to"` // exclusive
	// Scorecard is the full ref of the control's scorecard, and Rule the id of a rule; without
	// a rule it is the level that is asked for. Both may be empty.
	Scorecard string `json:"scorecard,omitempty"`
	Rule      string `json:"rule,omitempty"`
	// Known is the last event that counts.
	Known eventlog.Position `json:"known"`
}

// Report is the answer. Times are within the period, the end of which is that of the
// record if it does not reach as far.
type Report struct {
	Question
	Until    time.Time `json:"until"` // what came later is not in it
	Entities []Entity  `json:"-"`
	// Missed is what sources knew that they had missed.
	Missed []Missed `json:"missed"`
}

// Entity is what the report says of one entity.
type Entity struct {
	Ref        string      `json:"entity"`
	Title      string      `json:"title"`
	InCatalog  []Stretch   `json:"inCatalog"`
	Owners     []Stretch   `json:"owners"`            // by ref; an empty value is nobody
	Control    []Stretch   `json:"control,omitempty"` // the level, or the outcome of the rule
	Exemptions []Exemption `json:"exemptions,omitempty"`
	Gaps       []Gap       `json:"gaps"`
}

// Stretch is a time in which something had a value, and the event that it goes back to.
type Stretch struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"` // exclusive
	Value string    `json:"value"`
	Says  string    `json:"says,omitempty"` // the message of a rule
	By    *Event    `json:"by,omitempty"`
	Gap   string    `json:"-"` // the kind of gap that it is; empty for none, and where it is not of the control
}

// Event names an event of the record.
type Event struct {
	Position  eventlog.Position `json:"position"`
	Time      time.Time         `json:"time"` // when it became true
	Actor     event.Actor       `json:"actor,omitzero"`
	Commit    string            `json:"commit,omitempty"`
	CommitURL string            `json:"commitUrl,omitempty"`
}

// Exemption is one that was on record, as it stood for a time.
type Exemption struct {
	Stretch              // the value is its status
	Ref         string   `json:"exemption"`
	Rules       []string `json:"rules,omitempty"` // none: all of the scorecard
	Reason      string   `json:"reason,omitempty"`
	RequestedBy string   `json:"requestedBy,omitempty"`
	DecidedBy   string   `json:"decidedBy,omitempty"`
	Begins      string   `json:"begins,omitempty"` // the first day, where one is named
	Ends        string   `json:"ends,omitempty"`   // the last day
}

// The kinds of gaps.
const (
	GapUnowned = "unowned" // nobody owned it
	GapFailing = "failing" // the rule failed, or one of the lowest level while not even that was reached
	GapUnknown = "unknown" // it could not be judged, so that nothing is concluded: a rule, or those that not even the lowest level hangs on
	GapNoScore = "not judged"
)

// Gap is a time in which something was amiss.
type Gap struct {
	Kind string    `json:"gap"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"` // exclusive
}

// Missed is a gap in what a source told.
type Missed struct {
	Source     string            `json:"source"`
	Kind       string            `json:"kind"` // "delivery" or "head"
	Repository string            `json:"repository,omitempty"`
	Detail     string            `json:"detail"`
	From       time.Time         `json:"from"`
	To         time.Time         `json:"to,omitzero"` // when it was made up for; absent if it was not
	Lost       bool              `json:"lost,omitempty"`
	Found      eventlog.Position `json:"found"` // the event that says so
}

// Ledger tells of entities.
type Ledger interface {
	Selected(ctx context.Context, from time.Time, to projections.Moment, w entities.Where) ([]string, error)
	Tell(ctx context.Context, m projections.Moment, refs ...string) (map[string][]history.Told, error)
}

// Scores tells how they stood on scorecards.
type Scores interface {
	List(ctx context.Context, q scores.Query) ([]scores.Score, error)
	OnRecord(ctx context.Context, card, rule string, known eventlog.Position) (bool, error)
}

// Log is the record itself, as an [eventlog.Reader] has it.
type Log interface {
	At(ctx context.Context, p eventlog.Position) (eventlog.Record, error)
	Read(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error]
}

// Reporter answers questions: from the log, which is read as far as a question counts
// it. The read models choose the entities, and have to say the same as the log.
type Reporter struct {
	Ledger Ledger
	Scores Scores
	Log    Log
	Kinds  catalog.Kinds
}

// Report answers a question from the events up to q.Known, the last of which was
// recorded at a time. Errors are of kind fault.Invalid for a period without a length and
// for the level of a scorecard that has none, fault.NotFound for one that nothing is on
// record of, and fault.Conflict if what the read models say is not what the log says.
func (r *Reporter) Report(ctx context.Context, q Question, recorded time.Time) (Report, error) {
	report := Report{Question: q, Until: q.To, Missed: []Missed{}}
	if recorded.Before(report.Until) {
		report.Until = recorded
	}
	if !q.From.Before(q.To) {
		return report, fault.New(fault.Invalid, "from must be before to")
	}
	if !q.From.Before(report.Until) {
		return report, fault.New(fault.Invalid, "the record ends at %s, before the period begins", recorded.Format(time.RFC3339))
	}
	p := period{q.From, report.Until}
	end := projections.Moment{At: p.to.Add(-time.Nanosecond), Known: q.Known}
	refs, err := r.Ledger.Selected(ctx, p.from, end, q.Where)
	if err != nil {
		return report, err
	}
	log, err := r.read(ctx, q, refs, p, end)
	if err != nil {
		return report, err
	}
	if err := log.hasLevels(q); err != nil {
		return report, err
	}
	judged, err := r.control(ctx, q, p, refs, log)
	if err != nil {
		return report, err
	}
	exemptions := log.exemptions(q, p)
	for _, ref := range refs {
		told := log.told[ref]
		e := Entity{Ref: ref, Title: titleOf(told), Exemptions: exemptions[ref]}
		e.InCatalog = p.stretches(present(ledger.Intervals(told, func(*catalog.Entity) string { return "" })))
		e.Owners = p.stretches(present(ledger.Owners(r.Kinds, told)))
		if q.Scorecard != "" {
			e.Control = within(e.InCatalog, judged[ref])
		}
		e.Gaps = gaps(q, e)
		report.Entities = append(report.Entities, e)
	}
	missed, err := log.missed(p)
	report.Missed = append(report.Missed, missed...)
	return report, err
}

func present(all []ledger.Interval) (there []ledger.Interval) {
	for _, i := range all {
		if !i.Absent {
			there = append(there, i)
		}
	}
	return there
}

// titleOf is what an entity was called last.
func titleOf(told []history.Told) string {
	title := ""
	for _, t := range told {
		if e := entityOf(t); e != nil {
			title = e.Title()
		}
	}
	return title
}

// entityOf is what was said of an entity; nil if it was not there, or cannot be read.
func entityOf(t history.Told) *catalog.Entity {
	var obj map[string]any
	if t.Entity == "" || json.Unmarshal([]byte(t.Entity), &obj) != nil {
		return nil
	}
	e, err := catalog.Read(obj)
	if err != nil {
		return nil
	}
	return e
}
