package web

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web/ui"
)

// auditQuery is what the record's address asks for.
type auditQuery struct {
	history.Filter
	text   string // as it was typed
	event  eventlog.Position
	jump   eventlog.Position // the text is a number, which may be an event's
	around bool              // a permalink: no filters
	live   bool              // events are shown as they come
	from   string
	to     string
	ends   bool // with the moment of the page
}

// until leaves out what came after the moment of the page.
func (q *auditQuery) until(r request) {
	if r.moment.Now() {
		return
	}
	q.live, q.Known = false, r.moment.Known
	if end := r.then(history.Filter{}).To; !end.IsZero() && (q.To.IsZero() || q.To.After(end)) {
		q.To, q.ends = end, true
	}
}

// The number of an event as a page writes it, and a commit, which differs from a
// word in that it is hexadecimal and not letters alone.
var (
	numberPattern = regexp.MustCompile(`^[0-9][0-9,]{0,11}$`)
	commitPattern = regexp.MustCompile(`^[0-9a-f]*[0-9][0-9a-f]*$`)
)

func parseAudit(self link) (auditQuery, error) {
	get := func(field string) string { return strings.TrimSpace(self.query.Get(field)) }
	q := auditQuery{
		text: get(fieldText),
		Filter: history.Filter{
			Type: get(fieldType), Source: get(fieldSource), Actor: get(fieldActor), Commit: strings.ToLower(get(fieldCommit)),
			Cause: get(fieldCause), Limit: auditRows,
		},
		live: get(fieldLive) != "" && get(fieldAfter) == "",
		from: get(fieldFrom), to: get(fieldTo),
	}
	if e := get(fieldEntity); e != "" {
		ref, err := catalog.ParseRef(e, catalog.Ref{Kind: "component"})
		if err != nil {
			return q, fault.New(fault.Invalid, "entity=%s names no entity; write entity=component:payments-api", e)
		}
		q.Entity, q.ByTime = ref.String(), true
	}
	var err error
	if q.From, err = moment(fieldFrom, q.from, 0); err != nil {
		return q, err
	}
	if q.To, err = moment(fieldTo, q.to, 1); err != nil {
		return q, err
	}
	if q.After, err = position(fieldAfter, get(fieldAfter)); err != nil {
		return q, err
	}
	if q.event, err = position(fieldEvent, get(fieldEvent)); err != nil {
		return q, err
	}
	switch text := strings.ToLower(q.text); {
	case numberPattern.MatchString(text):
		if q.jump, err = position(fieldText, text); err != nil {
			return q, err
		}
		q.Text = q.text
	case len(text) >= 7 && len(text) <= 40 && commitPattern.MatchString(text):
		q.Filter.Commit = text
	default:
		q.Text = q.text
	}
	return q, nil
}

// adder is a filter that can be set: a list to choose from, or fields to fill in.
type adder struct {
	label  string
	menu   []ui.MenuItem
	fields []ui.Field
	carry  []ui.Hidden
}

func auditChips(base link, q auditQuery) []ui.Chip {
	var all []ui.Chip
	add := func(name, value string, fields ...string) {
		if value != "" {
			all = append(all, ui.Chip{Field: name, Value: value, Drop: base.drop(fields...).String()})
		}
	}
	add("Period", period(q), fieldFrom, fieldTo)
	add("Entity", q.Entity, fieldEntity)
	add("Type", q.Type, fieldType)
	add("Source", q.Source, fieldSource)
	add("Who", q.Actor, fieldActor)
	add("Cause", q.Cause, fieldCause)
	if q.text == "" || !strings.EqualFold(q.text, q.Filter.Commit) {
		add("Commit", ui.SHA(q.Filter.Commit), fieldCommit)
	}
	return all
}

// period says a span of time: "10–12 March 2026", "since 10 March 2026".
func period(q auditQuery) string {
	if q.ends { // the page says until when, for all of it
		q.To = time.Time{}
	}
	last := q.To
	if len(q.to) == len(time.DateOnly) {
		last = q.To.AddDate(0, 0, -1) // the day itself still belongs to it
	}
	from, to := ui.Day(q.From).Text, ui.Day(last).Text
	switch {
	case q.From.IsZero() && q.To.IsZero():
		return ""
	case q.To.IsZero():
		return "since " + from
	case q.From.IsZero():
		return "until " + to
	case from == to:
		return from
	case q.From.Format("2006-01") == last.Format("2006-01"):
		return q.From.Format("2") + "–" + to
	default:
		return from + " – " + to
	}
}

func auditAdders(base link, q auditQuery, sources []string) []adder {
	pick := func(field, chosen string, values []string) []ui.MenuItem {
		var items []ui.MenuItem
		for _, v := range values {
			items = append(items, ui.MenuItem{Label: v, Href: base.set(field, v).String(), On: v == chosen})
		}
		return items
	}
	text := func(field, label, placeholder, value string) ui.Field {
		return ui.Field{ID: "f-" + field, Name: field, Label: label, Placeholder: placeholder, Value: value}
	}
	date := func(field, label, value string) ui.Field {
		return ui.Field{ID: "f-" + field, Name: field, Label: label, Value: value, Type: "date"}
	}
	all := []adder{
		{label: "Period", fields: []ui.Field{date(fieldFrom, "From", q.from), date(fieldTo, "To, that day included", q.to)}, carry: base.drop(fieldFrom, fieldTo).carry()},
		{label: "Entity", fields: []ui.Field{text(fieldEntity, "Entity", "component:payments-api", base.query.Get(fieldEntity))}, carry: base.drop(fieldEntity).carry()},
		{label: "Type", menu: pick(fieldType, q.Type, eventTypes())},
	}
	if len(sources) > 0 {
		all = append(all, adder{label: "Source", menu: pick(fieldSource, q.Source, sources)})
	}
	return append(all,
		adder{label: "Who", fields: []ui.Field{text(fieldActor, "Login, name or e-mail", "", q.Actor)}, carry: base.drop(fieldActor).carry()},
		adder{label: "Cause", fields: []ui.Field{text(fieldCause, "Delivery, request or schedule", "github:72d3162e-…", q.Cause)}, carry: base.drop(fieldCause).carry()},
		adder{label: "Commit", fields: []ui.Field{text(fieldCommit, "Start of its id", "4f2a91c", q.Filter.Commit)}, carry: base.drop(fieldCommit).carry()},
	)
}

// eventTypes are the types that the record can hold; deliveries have a log of
// their own, but for what somebody asks for.
func eventTypes() []string {
	var all []string
	for _, t := range event.Types() {
		switch t.Type {
		case event.TypeDeliveryReceived, event.TypeDeliveryHandled, event.TypeRepositoryDue:
			continue
		}
		if name := typeName(t.Type); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func (s *Site) sourceNames() []string {
	sources := s.Sources()
	names := make([]string, len(sources))
	for i, src := range sources {
		names[i] = src.Name
	}
	return names
}
