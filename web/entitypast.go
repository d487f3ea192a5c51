package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/web/ui"
)

// lanesView is who owned an entity when, and in what stage of its life it was.
type lanesView struct {
	lanes  []ui.Lane
	axis   []ui.LaneTick
	rows   []intervalRow
	nobody string // for how long nobody owned it; "" if never
	at     string // address of the page that tells who owned it at a time
}

// intervalRow is an interval in a table.
type intervalRow struct {
	owner    ui.Person
	state    string // instead of an owner
	from, to ui.Moment
	length   string
	began    ui.EventMark
	who      ui.Person
	commit   ui.CommitMark
	why      string
}

// newLanes draws the intervals of an entity up to a time; nil if there are none.
func newLanes(r request, told []history.Told, until time.Time) *lanesView {
	owners := ledger.Owners(r.catalog.Kinds(), told)
	if len(owners) == 0 {
		return nil
	}
	v := &lanesView{axis: laneAxis(owners[0].From, until)}
	owned, nobody := false, time.Duration(0)
	for _, i := range owners {
		owned = owned || i.Value != ""
		if i.Value == "" && !i.Absent {
			nobody += i.Length(until)
		}
	}
	hasOwner := owned || kindHasOwner(r.catalog, told[0].Subject)
	if hasOwner {
		name := func(ref string) string { return named(r.catalog, ref).Label }
		v.lanes = append(v.lanes, lane("Owner", owners, until, name, "nobody"))
		if nobody > 0 {
			v.nobody = ui.SpanInWords(nobody)
		}
	}
	life := ledger.Intervals(told, lifecycleOf)
	for _, i := range life {
		if i.Value != "" {
			l := lane("Lifecycle", life, until, func(s string) string { return s }, "")
			l.Thin = true
			v.lanes = append(v.lanes, l)
			break
		}
	}
	for i := len(owners) - 1; i >= 0 && hasOwner; i-- {
		v.rows = append(v.rows, newIntervalRow(r, owners[i], until))
	}
	if len(v.lanes) == 0 {
		return nil
	}
	return v
}

func lifecycleOf(e *catalog.Entity) string { return e.SpecString("lifecycle") }

// kindHasOwner reports whether entities of the kind that a ref names have owners.
func kindHasOwner(c Catalog, ref string) bool {
	kind, _, _ := strings.Cut(ref, ":")
	k := c.Kinds().Named(kind)
	if k == nil {
		return false
	}
	for _, f := range k.Spec {
		if f.Name == "owner" {
			return true
		}
	}
	return false
}

func newIntervalRow(r request, i ledger.Interval, until time.Time) intervalRow {
	row := intervalRow{
		from: ui.Near(i.From, r.now), length: ui.SpanInWords(i.Length(until)),
		began: mark(i.Began.Position), who: actor(i.Began.Actor), commit: commit(i.Began.Cause), why: i.Began.Summary,
	}
	switch {
	case i.Absent:
		row.state = "not in the catalog"
	case i.Value == "":
		row.state = "nobody"
	default:
		row.owner = owner(r.catalog, i.Value)
	}
	if !i.To.IsZero() {
		row.to = ui.Near(i.To, r.now)
	}
	return row
}

// lane draws intervals as parts of the time from the first to the end.
func lane(name string, all []ledger.Interval, until time.Time, label func(string) string, nobody string) ui.Lane {
	l := ui.Lane{Name: name}
	start := all[0].From
	for _, i := range all {
		end := i.To
		if end.IsZero() {
			end = until
		}
		s := ui.LaneSpan{From: percent(i.From, start, until), To: percent(end, start, until), Href: eventLink(i.Began.Position)}
		switch {
		case i.Absent:
			s.Look, s.Label = "none", "not in the catalog"
		case i.Value == "" && nobody != "":
			s.Look, s.Label = "gap", nobody
		case i.Value == "":
			s.Look, s.Label = "none", "none"
		default:
			s.Label = label(i.Value)
		}
		s.Note = days(i.From, i.To)
		s.Says = fmt.Sprintf("%s: %s, %s", name, s.Label, s.Note)
		if i.To.IsZero() {
			if s.Look == "" {
				s.Look = "now"
			}
			l.Now = s.Label
		}
		s.Label = ui.Shorten(s.Label, 40)
		l.Spans = append(l.Spans, s)
	}
	return l
}

func percent(t, start, end time.Time) float64 {
	whole := end.Sub(start)
	if whole <= 0 {
		return 0
	}
	return min(100, 100*float64(t.Sub(start))/float64(whole))
}

// days says an interval: "11 Jun 2024 – 14 Feb 2025", "since 3 Mar 2026".
func days(from, to time.Time) string {
	const layout = "2 Jan 2006"
	if to.IsZero() {
		return "since " + from.UTC().Format(layout)
	}
	return from.UTC().Format(layout) + " – " + to.UTC().Format(layout)
}

// laneAxis marks some months between two times, or days if it is no longer than that.
func laneAxis(from, until time.Time) []ui.LaneTick {
	ticks := []ui.LaneTick{{At: 0, Look: "first", Label: from.UTC().Format("2 Jan 2006")}}
	span := until.Sub(from)
	step := 1
	for step < 120 && span > time.Duration(step)*31*24*time.Hour*6 {
		step++
	}
	month := time.Date(from.UTC().Year(), from.UTC().Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, step, 0)
	for ; month.Before(until); month = month.AddDate(0, step, 0) {
		if at := percent(month, from, until); at > 14 && at < 88 {
			ticks = append(ticks, ui.LaneTick{At: at, Label: month.Format("Jan 2006")})
		}
	}
	return append(ticks, ui.LaneTick{At: 100, Look: "last", Label: until.UTC().Format("2 Jan 2006")})
}

// blameRow is a field with who set it.
type blameRow struct {
	path, value string
	name, short string // of the two, as people say them
	since       ui.Moment
	fresh       bool
	event       ui.EventMark
	who         ui.Person
	commit      ui.CommitMark
}

// fresh is how old what is new may be.
const fresh = 7 * 24 * time.Hour

func newBlame(told []history.Told, until time.Time) ([]blameRow, error) {
	fields, err := ledger.Blame(told)
	if err != nil {
		return nil, err
	}
	// What a spec says is asked for most.
	slices.SortStableFunc(fields, func(a, b ledger.Field) int { return cmp.Compare(rankOf(a.Path), rankOf(b.Path)) })
	rows := make([]blameRow, len(fields))
	for i, f := range fields {
		e := f.Event
		rows[i] = blameRow{
			path: f.Path, value: written(f.Value, 200), name: shortPath(f.Path), short: shortValue(f.Value), since: ui.ShortDay(e.Since), fresh: until.Sub(e.Since) < fresh,
			event: mark(e.Position), who: actor(e.Actor), commit: commit(e.Cause),
		}
	}
	return rows, nil
}

// shortPath is a field as people call it: "owner", "tags", "on-call".
func shortPath(path string) string {
	path = strings.TrimPrefix(strings.TrimPrefix(path, "spec."), "metadata.")
	for _, prefix := range []string{`annotations["`, `labels["`} {
		if key, ok := strings.CutPrefix(path, prefix); ok {
			key = strings.TrimSuffix(key, `"]`)
			return key[strings.LastIndex(key, "/")+1:]
		}
	}
	return path
}

// shortValue is a value in a narrow column: of a reference the name.
func shortValue(v any) string {
	text := written(v, 120)
	if ref, err := catalog.ParseRef(text, catalog.Ref{}); err == nil && !strings.ContainsAny(ref.Name, "/: ") && strings.Contains(text, ":") {
		return ref.Name
	}
	return text
}

func rankOf(path string) int {
	for i, prefix := range []string{"spec.", "metadata."} {
		if strings.HasPrefix(path, prefix) {
			return i
		}
	}
	return 2
}

// turnRow is a relation that came or went.
type turnRow struct {
	gained bool
	name   string
	to     ui.EntityLink
	when   ui.Moment
	event  ui.EventMark
	who    ui.Person
	commit ui.CommitMark
}

func newTurnRow(r request, t ledger.Turn) turnRow {
	return turnRow{
		t.Gained, relationName(t.Type), named(r.catalog, t.TargetRef), ui.Brief(t.At, r.now), mark(t.Event.Position), actor(t.Event.Actor), commit(t.Event.Cause),
	}
}

// versionOf numbers what was declared, in a timeline: "v18".
func versionOf(t history.Told) string {
	if t.Version == 0 {
		return ""
	}
	return "v" + strconv.Itoa(t.Version)
}
