package web

import (
	"context"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web/ui"
)

const auditPath = "/audit"

// auditRows is how many events a page of the record shows, and newerRows how
// many of them are newer than the one that a permalink names.
const (
	auditRows = 30
	newerRows = 10
)

// The fields of the record's address, as in the API.
const (
	fieldEntity = "entity"
	fieldType   = "type"
	fieldSource = "source"
	fieldActor  = "actor"
	fieldCommit = "commit"
	fieldFrom   = "from"
	fieldTo     = "to"
	fieldAfter  = "after"
	fieldEvent  = "event"
	fieldCause  = "cause"
	fieldLive   = "live"
)

// Log is where events are read as they were written.
type Log interface {
	// At returns the record at a position, or an error of kind fault.NotFound.
	At(context.Context, eventlog.Position) (eventlog.Record, error)
	// Last returns the position of the newest record, 0 for an empty log.
	Last(context.Context) (eventlog.Position, error)
}

// audit handles "GET /audit".
func (s *Site) audit(ctx context.Context, r request) (answer, error) {
	q, err := parseAudit(r.self)
	if err != nil {
		return answer{}, err
	}
	q.until(r)
	if q.jump > 0 {
		last, err := s.Log.Last(ctx)
		if err != nil {
			return answer{}, err
		}
		if q.jump <= last {
			return answer{location: eventLink(q.jump)}, nil
		}
	}
	return s.auditAnswer(ctx, r, q, func(*eventView) {})
}

// auditEvent handles "GET /audit/{position}", an event's own address: the event
// among its neighbours.
func (s *Site) auditEvent(ctx context.Context, r request) (answer, error) {
	return s.auditEventWith(ctx, r, func(*eventView) {})
}

// auditEventWith has the event's view amended before it is drawn.
func (s *Site) auditEventWith(ctx context.Context, r request, amend func(*eventView)) (answer, error) {
	p, err := position(fieldEvent, r.param("position"))
	if err != nil || p == 0 {
		return answer{}, fault.New(fault.NotFound, "there is no event %q; events are numbered 1, 2, 3 and so on", r.param("position"))
	}
	r.self = link{path: auditPath}
	return s.auditAnswer(ctx, r, auditQuery{Filter: history.Filter{After: p + newerRows + 1, Limit: auditRows, Seals: true}, event: p, around: true}, amend)
}

func (s *Site) auditAnswer(ctx context.Context, r request, q auditQuery, amend func(*eventView)) (answer, error) {
	last, err := s.Log.Last(ctx)
	if err != nil {
		return answer{}, err
	}
	var since time.Time
	if last > 0 {
		first, err := s.Log.At(ctx, 1)
		if err != nil {
			return answer{}, err
		}
		since = first.Recorded
	}
	var chosen *eventView
	var wrong []ui.Anchor
	if q.event > 0 {
		if chosen, err = s.eventView(ctx, r, q.event); err != nil {
			return answer{}, err
		}
		amend(chosen)
		if chosen.undo != nil {
			wrong = ui.Wrong(chosen.undo.fields()...)
		}
	}
	page, err := s.History.Events(ctx, q.Filter)
	if err != nil {
		return answer{}, err
	}
	v := newAuditView(r, q, page, last, since, s.sourceNames())
	if !r.moment.Now() && last > 0 {
		then := r.then(history.Filter{Seals: true, Limit: 1})
		if q.around {
			then = history.Filter{Known: r.moment.Known, Seals: true, Limit: 1}
		}
		all, err := s.History.Events(ctx, then)
		if err != nil {
			return answer{}, err
		}
		v.lede = "Every event up to that moment, newest first. " + total(all) + " since " + ui.Day(since).Text + "."
	}
	v.chosen = chosen
	if s.Evidence != nil {
		v.evidence = evidencePath
	}
	if s.Unsealed != nil {
		if why := s.Unsealed(); why != nil {
			v.unsealed = "The portal's log says why."
			if fault.KindOf(why) == fault.Conflict {
				v.unsealed = sentenceOf(why)
			}
		}
	}
	if v.sealed, err = s.sealedTo(ctx); err != nil {
		return answer{}, err
	}
	title := "Audit"
	if chosen != nil {
		title = "Event " + chosen.mark.Number
		v.close = r.self.drop(fieldEvent).String()
	}
	return answer{title: title, body: auditPage(v), wrong: wrong}, nil
}

// auditView is a part of the record, with one of its events open or none.
type auditView struct {
	lede     string
	says     string
	clock    string // which times the list shows
	bar      ui.ListBar
	chips    []ui.Chip
	clear    string
	adders   []adder
	rows     []auditRow
	foot     string
	newest   string
	older    string
	around   bool
	chosen   *eventView
	sealed   ui.Anchor // how far the record is under seal; empty if it is not
	unsealed string    // why nothing more is put under seal; "" if that is not so
	close    string
	nothing  bool // the log is empty
	exports  []ui.MenuItem
	evidence string // where evidence is asked for; "" where it is not
	follow   string // where events are shown as they come; "" on an older page
	live     bool
	tail     string // the feed that tells of more
}

// auditRow is one event in the record.
type auditRow struct {
	mark     ui.EventMark
	selected bool
	recorded ui.Moment
	icon     string
	typ      string
	what     ui.Anchor
	summary  string
	who      ui.Person
	commit   ui.CommitMark
	cause    string // where there is no commit
}

func newAuditView(r request, q auditQuery, page history.Page, last eventlog.Position, since time.Time, sources []string) auditView {
	base := r.self.drop(fieldEvent, fieldAfter)
	v := auditView{
		lede:    "Every event, newest first. The record is still empty.",
		clock:   "Recorded",
		nothing: last == 0,
		around:  q.around,
		clear:   auditPath,
		chips:   auditChips(base, q),
		adders:  auditAdders(base, q, sources),
		bar: ui.ListBar{
			SearchBox: ui.SearchBox{
				Action: auditPath, Name: fieldText, Value: q.text,
				Label: "Search the record", Placeholder: "Text, commit, e-mail or event number",
			},
			Carry: base.drop(fieldText).carry(),
		},
	}
	if !q.around {
		for _, format := range []struct{ label, name string }{{"JSON Lines", "jsonl"}, {"CSV", "csv"}, {"Parquet", "parquet"}} {
			v.exports = append(v.exports, ui.MenuItem{Label: format.label, Href: asFile(base, q, "export").set("format", format.name).String()})
		}
		v.live = q.live
		switch {
		case q.live:
			v.tail = asFile(base, q, "feed").set(fieldAfter, decimal(last)).String()
			v.follow = base.drop(fieldLive).String()
		case q.After == 0 && r.moment.Now():
			v.follow = base.set(fieldLive, "1").String()
		}
	}
	if last > 0 {
		v.lede = "Every event, newest first. " + ui.Number(last) + " since " + ui.Day(since).Text + "."
	}
	for _, e := range page.Entries {
		v.rows = append(v.rows, newAuditRow(r, q, e))
	}
	if q.ends { // by when it became true
		v.clock = "True since"
		for i, e := range page.Entries {
			v.rows[i].recorded = ui.Stamp(e.Time, r.now)
		}
	}
	v.says = totalEvents(page)
	v.foot = ui.Plural(len(v.rows), "event") + " of " + total(page)
	if page.Next > 0 {
		v.older = base.set(fieldAfter, decimal(page.Next)).String()
	}
	if q.After > 0 && q.After <= last {
		v.newest = base.String()
	}
	return v
}

// asFile is where the API has the events that a page shows.
func asFile(base link, q auditQuery, what string) link {
	l := link{path: "/api/history/" + what}
	for _, field := range []string{fieldType, fieldSource, fieldActor, fieldCause, fieldFrom, fieldTo} { // the API refuses others
		if value := base.query.Get(field); value != "" {
			l = l.set(field, value)
		}
	}
	for field, value := range map[string]string{fieldText: q.Text, fieldCommit: q.Filter.Commit, fieldEntity: q.Entity} {
		if value != "" {
			l = l.set(field, value)
		}
	}
	if q.Known > 0 {
		l = l.set(fieldKnown, decimal(q.Known))
	}
	if len(q.to) == len(time.DateOnly) || q.ends { // the day itself still belongs to it
		l = l.set(fieldTo, q.To.Format(time.RFC3339Nano))
	}
	return l
}

func newAuditRow(r request, q auditQuery, e history.Entry) auditRow {
	row := auditRow{
		selected: e.Position == q.event,
		mark:     mark(e.Position),
		recorded: ui.Stamp(e.Recorded, r.now),
		icon:     tellType(e.Type).icon, typ: typeName(e.Type),
		what: subject(r.catalog, e.Subject), summary: ui.Shorten(e.Summary, 120),
		who: actor(e.Actor), commit: commit(e.Cause), cause: causeOf(e.Cause),
	}
	row.mark.On = row.selected
	if !q.around {
		// The list stays as it is while one looks at its events.
		row.mark.Href = r.self.set(fieldEvent, decimal(e.Position)).String()
	}
	return row
}

// subject leads to the page of what an event is about or, for an entity that is
// no longer there, to its history.
func subject(c Catalog, s string) ui.Anchor {
	ref, err := catalog.ParseRef(s, catalog.Ref{})
	if err != nil || ref.String() != s { // something else than an entity
		return ui.Anchor{Label: ui.Shorten(s, 80)}
	}
	l := named(c, s)
	if l.Href == "" {
		l.Href = entityLink(ref) + "/history"
	}
	return ui.Anchor{Label: ui.Shorten(l.Label, 80), Href: l.Href}
}

// causeOf names a cause that is no commit.
func causeOf(c event.Cause) string {
	switch {
	case c.Schedule != "":
		return "schedule"
	case c.Request != "":
		return "portal"
	case c.Delivery != "":
		return "delivery"
	default:
		return "–"
	}
}
