package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

const (
	sourcesPath = "/sources"
	replayPath  = "/sources/replay"
)

// The fields of the page's address.
const (
	fieldStatus   = "status"
	fieldDelivery = "delivery"
	fieldBefore   = "before"
	fieldReplayed = "replayed"
)

const (
	deliveryRows   = 20
	maxReplay      = 500 // deliveries that one press of a button handles again
	shownRejected  = 10
	replayReason   = "asked on the sources page"
	caused         = 3 // events named in a row
	truthLineHours = 24
)

// Source is a configured source, as the page tells of it.
type Source struct {
	Name string
	Type string // "github", "gitlab", "git" or "cloudevents"
	Of   string // what of it is read: "organisation acme"
}

// Deliveries is what came to the webhook door, and what became of it.
type Deliveries interface {
	List(context.Context, deliveries.Filter) (deliveries.Page, error)
	// Get returns a delivery, or an error of kind fault.NotFound.
	Get(ctx context.Context, id string) (deliveries.Delivery, error)
	Summaries(context.Context) ([]deliveries.Summary, error)
}

// Replayer asks to handle a delivery again, and says why. An error of kind
// fault.NotFound means that it is no longer kept.
type Replayer func(ctx context.Context, deliveryID, reason string) error

// sources handles "GET /sources".
func (s *Site) sources(ctx context.Context, r request) (answer, error) {
	q := r.self.query
	f := deliveries.Filter{Source: q.Get(fieldSource), Status: event.DeliveryStatus(q.Get(fieldStatus)), Limit: deliveryRows}
	if _, known := statusWords()[f.Status]; f.Status != "" && !known {
		return answer{}, fault.New(fault.Invalid, "status=%s is none; write status=failed, waiting, received, done or not needed", f.Status)
	}
	var err error
	if f.Before, err = position(q, fieldBefore); err != nil {
		return answer{}, err
	}
	summaries, err := s.Deliveries.Summaries(ctx)
	if err != nil {
		return answer{}, err
	}
	page, err := s.listOrGet(ctx, f, q.Get(fieldDelivery))
	if err != nil {
		return answer{}, err
	}
	v := newSourcesView(r, s.Sources, summaries, f, page)
	v.doors = doors(s.URL, s.Sources)
	return answer{title: "Sources", body: sourcesPage(v)}, nil
}

func (s *Site) listOrGet(ctx context.Context, f deliveries.Filter, id string) (deliveries.Page, error) {
	if id == "" {
		return s.Deliveries.List(ctx, f)
	}
	d, err := s.Deliveries.Get(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return deliveries.Page{}, nil
	}
	return deliveries.Page{Deliveries: []deliveries.Delivery{d}, Total: 1}, err
}

// replay handles "POST /sources/replay": one delivery, or all that failed.
func (s *Site) replay(ctx context.Context, _ http.Header, form url.Values) (string, error) {
	ids := []string{form.Get(fieldDelivery)}
	if ids[0] == "" {
		failed, err := s.Deliveries.List(ctx, deliveries.Filter{Source: form.Get(fieldSource), Status: event.DeliveryFailed, Limit: maxReplay})
		if err != nil {
			return "", err
		}
		ids = nil
		for _, d := range failed.Deliveries {
			ids = append(ids, d.ID)
		}
	}
	for _, id := range ids {
		if err := s.Replay(ctx, id, replayReason); err != nil {
			return "", err
		}
	}
	back := parseLocal(backOr(form, sourcesPath))
	return back.set(fieldReplayed, strconv.Itoa(len(ids))).String(), nil
}

// sourcesView is where the catalog comes from, and what came lately.
type sourcesView struct {
	late     []lateSource
	failed   []failedSource
	rows     []sourceRow
	rejected []rejectedRow
	moreBad  int // rejections that are not shown

	statuses  []ui.Option
	chosen    []ui.Option // sources to choose from
	carry     []ui.Hidden
	chips     []ui.Chip
	list      []deliveryRow
	foot      string
	newest    string
	older     string
	back      string
	source    string // the one that is filtered by
	failedSum int    // failed of the sources that are shown
	replayed  int
	doors     []door
}

type lateSource struct {
	name, late string
	since      ui.Moment
	pending    int
}

type failedSource struct {
	name string
	n    int
	href string
}

// sourceRow is one source in the table.
type sourceRow struct {
	name, about      string
	href             string // its deliveries
	look, icon, word string // of its state
	late             bool
	through          float64 // percent of the last 24 hours
	says             string  // what throughAt stands for
	throughAt        ui.Moment
	lag              string
	waiting          int
	last             ui.Moment
	lastEvent        string
	failed           int // in the last 24 hours
}

// rejectedRow is a descriptor that cannot be used.
type rejectedRow struct {
	problem string
	entity  ui.EntityLink
	since   ui.Moment
	who     ui.Person
	commit  ui.CommitMark
	mark    ui.EventMark
	open    templ.SafeURL
}

// deliveryRow is one delivery in the list.
type deliveryRow struct {
	id, event        string
	received         ui.Moment
	repository       string
	look, icon, word string
	caused           []ui.EventMark
	more             int // further events
	says             string
	bad              bool
	took             string
}

// door is where a source sends its webhooks.
type door struct{ label, url, hint string }

func newSourcesView(r request, sources []Source, summaries []deliveries.Summary, f deliveries.Filter, page deliveries.Page) sourcesView {
	at := r.self.drop(fieldReplayed)
	v := sourcesView{source: f.Source, back: at.String(), carry: at.drop(fieldSource, fieldStatus, fieldBefore, fieldDelivery).carry()}
	v.replayed, _ = intParam(r.self.query, fieldReplayed, 0, 0, maxReplay) // only this page sets it
	bySource := map[string]deliveries.Summary{}
	for _, s := range summaries {
		bySource[s.Source] = s
	}
	v.chosen = []ui.Option{{Label: "Every source", On: f.Source == ""}}
	for _, src := range sources {
		v.addSource(r.now, src, bySource[src.Name], f)
		delete(bySource, src.Name)
	}
	for _, s := range summaries {
		if _, left := bySource[s.Source]; left {
			v.addSource(r.now, Source{Name: s.Source, Of: "no longer configured"}, s, f)
		}
	}
	v.addRejections(r)

	v.statuses = []ui.Option{{Label: "Every status", On: f.Status == ""}}
	for _, status := range []event.DeliveryStatus{event.DeliveryFailed, event.DeliveryWaiting, event.DeliveryReceivedStatus, event.DeliveryDone, event.DeliveryNotNeeded} {
		v.statuses = append(v.statuses, ui.Option{Value: string(status), Label: statusWords()[status].word, On: f.Status == status})
	}
	unpaged := at.drop(fieldBefore)
	for _, field := range []string{fieldSource, fieldStatus, fieldDelivery} {
		if value := at.query.Get(field); value != "" {
			v.chips = append(v.chips, ui.Chip{Field: ui.Sentence(field), Value: value, Drop: unpaged.drop(field).String()})
		}
	}
	for _, d := range page.Deliveries {
		v.list = append(v.list, newDeliveryRow(d, r.now))
	}
	v.foot = ui.Plural(len(v.list), "delivery", "deliveries") + " of " + ui.Number(page.Total)
	if page.Next > 0 {
		v.older = at.set(fieldBefore, decimal(page.Next)).String()
	}
	if f.Before > 0 {
		v.newest = unpaged.String()
	}
	return v
}

func (v *sourcesView) addSource(now time.Time, src Source, s deliveries.Summary, f deliveries.Filter) {
	v.chosen = append(v.chosen, ui.Option{Value: src.Name, Label: src.Name, On: f.Source == src.Name})
	through := now
	row := sourceRow{
		says: "complete through ",
		name: src.Name, about: aboutSource(src), href: link{sourcesPath, url.Values{fieldSource: {src.Name}}}.String(),
		lag: "none", waiting: s.Pending, failed: s.Failed24,
	}
	if s.Pending > 0 {
		through = s.Oldest
		row.lag = ui.Span(now.Sub(s.Oldest))
		row.late = now.Sub(s.Oldest) > lateAfter
	}
	switch {
	case s.Total == 0:
		row.look, row.icon, row.word = "", "clock", "Nothing yet"
	case row.late:
		row.look, row.icon, row.word = "warn", "alert", "Late"
		v.late = append(v.late, lateSource{src.Name, ui.SpanInWords(now.Sub(s.Oldest)), ui.Clock(s.Oldest), s.Pending})
	case s.Failed > 0:
		row.look, row.icon, row.word = "bad", "x-circle", ui.Number(s.Failed)+" failed"
	case s.Pending > 0:
		row.look, row.icon, row.word = "info", "clock", "Reading"
	default:
		row.look, row.icon, row.word = "good", "check", "Complete"
	}
	if s.Failed > 0 && (f.Source == "" || f.Source == src.Name) {
		v.failedSum += s.Failed
		v.failed = append(v.failed, failedSource{src.Name, s.Failed, link{sourcesPath, url.Values{fieldSource: {src.Name}, fieldStatus: {string(event.DeliveryFailed)}}}.String()})
	}
	if s.Failed > 0 {
		row.says = "all but " + ui.Number(s.Failed) + ", through "
	}
	day := truthLineHours * time.Hour
	row.through = max(0, 100*(1-float64(now.Sub(through))/float64(day)))
	row.throughAt = ui.Stamp(through, now)
	if s.Last != nil {
		row.last, row.lastEvent = ui.Stamp(s.Last.Received, now), ui.Shorten(s.Last.Event, 32)
	}
	v.rows = append(v.rows, row)
}

func (v *sourcesView) addRejections(r request) {
	all := r.catalog.Rejections()
	if len(all) > shownRejected {
		v.moreBad = len(all) - shownRejected
		all = all[:shownRejected]
	}
	for _, rej := range all {
		v.rejected = append(v.rejected, newRejectedRow(r, rej))
	}
}

func newRejectedRow(r request, rej *entities.Rejection) rejectedRow {
	row := rejectedRow{
		problem: fileName(rej.Origin) + " cannot be used",
		since:   ui.Near(rej.Time, r.now), who: actor(rej.Actor), commit: commit(rej.Cause), mark: mark(rej.Position),
	}
	if len(rej.Problems) > 0 {
		p := rej.Problems[0]
		row.problem = rej.Describe(p)
		row.open = ui.Outside(fileAt(rej.Origin, p.Line))
	}
	if rej.Ref != "" {
		row.entity = named(r.catalog, rej.Ref)
	}
	return row
}

func newDeliveryRow(d deliveries.Delivery, now time.Time) deliveryRow {
	w := statusWords()[d.Status]
	row := deliveryRow{
		id: d.ID, event: ui.Shorten(d.Event, 32), received: ui.Stamp(d.Received, now), repository: ui.Shorten(d.Repository, 48),
		look: w.look, icon: w.icon, word: w.word, took: "–",
	}
	if d.Took > 0 {
		row.took = ui.Number(d.Took.Milliseconds())
	}
	for i, p := range d.Events {
		if i == caused {
			row.more = len(d.Events) - caused
			break
		}
		row.caused = append(row.caused, mark(p))
	}
	switch d.Status {
	case event.DeliveryDone:
		if len(d.Events) == 0 {
			row.says = "nothing changed"
		}
	case event.DeliveryNotNeeded:
		row.says = "says nothing of entities"
	case event.DeliveryFailed:
		row.bad = true
		row.says = ui.Plural(d.Attempts, "try", "tries") + ": " + ui.Shorten(d.Error, 160)
	case event.DeliveryWaiting:
		row.bad = true
		row.says = ui.Shorten(d.Error, 160)
		if wait := d.RetryAt.Sub(now); wait > 0 {
			row.word = "Waits " + ui.Span(wait)
		}
	case event.DeliveryReceivedStatus:
		row.says = "not handled yet"
	}
	return row
}

type statusWord struct{ look, icon, word string }

func statusWords() map[event.DeliveryStatus]statusWord {
	return map[event.DeliveryStatus]statusWord{
		event.DeliveryReceivedStatus: {"info", "clock", "Received"},
		event.DeliveryDone:           {"good", "check", "Done"},
		event.DeliveryNotNeeded:      {"", "minus", "Not needed"},
		event.DeliveryWaiting:        {"warn", "clock", "Waiting"},
		event.DeliveryFailed:         {"bad", "x-circle", "Failed"},
	}
}

func aboutSource(s Source) string {
	types := map[string]string{"github": "GitHub", "gitlab": "GitLab", "git": "Git", "cloudevents": "CloudEvents"}
	var parts []string
	for _, p := range []string{types[s.Type], s.Of} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return ui.Shorten(strings.Join(parts, ", "), 60)
}

// doors says what to enter at each forge.
func doors(base string, sources []Source) []door {
	var all []door
	for _, s := range sources {
		d := door{label: "Payload URL of " + s.Name, url: base + "/hooks/" + url.PathEscape(s.Name)}
		switch s.Type {
		case "github":
			d.hint = "Content type application/json, the push event, and the webhookSecret of callboard.yaml."
		case "gitlab":
			d.hint = "Push events, and the webhookSecret of callboard.yaml as the secret token."
		case "cloudevents":
			d.hint = "POST each event, signed with the webhookSecret of callboard.yaml."
		default:
			continue // it is read, and sends nothing
		}
		all = append(all, d)
	}
	return all
}

// replayButton is plain to see where a replay is what is missing.
func replayButton(d deliveryRow) ui.Button {
	if d.bad {
		return ui.Button{Label: "Replay", Icon: "replay", Look: "sm"}
	}
	return ui.Button{Label: "Replay delivery " + d.id, Icon: "replay", Look: "sm quiet", Square: true}
}
