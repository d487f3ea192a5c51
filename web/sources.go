package web

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

const sourcesPath = "/sources"

// The fields of the page's address.
const (
	fieldStatus   = "status"
	fieldDelivery = "delivery"
	fieldBefore   = "before"
	fieldReplayed = "replayed"
)

// shownRejected is how many descriptors that cannot be used the page lists.
const shownRejected = 10

// Source is a configured source, as the page tells of it.
type Source struct {
	Name string
	Type string // "github", "gitlab", "git" or "cloudevents"
	Of   string // what of it is read: "organisation acme"
}

// sources handles "GET /sources".
func (s *Site) sources(ctx context.Context, r request) (answer, error) {
	q := r.self.query
	f := deliveries.Filter{Source: q.Get(fieldSource), Status: event.DeliveryStatus(q.Get(fieldStatus)), Limit: deliveryRows}
	if _, known := statusWords()[f.Status]; f.Status != "" && !known {
		return answer{}, fault.New(fault.Invalid, "status=%s is none; write status=failed, waiting, received, done or not needed", f.Status)
	}
	var err error
	if f.Before, err = position(fieldBefore, q.Get(fieldBefore)); err != nil {
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
	v := newSourcesView(r, s.Sources(), summaries, f.Source)
	v.doors = doors(s.URL, s.Sources())
	v.deliveries = newDeliveriesView(r, f, page, v.rows)
	v.canRegister = s.Locations != nil
	if v.locations, err = s.locationRows(ctx, r); err != nil {
		return answer{}, err
	}
	return answer{title: "Sources", body: sourcesPage(v)}, nil
}

// sourcesView is where the catalog comes from, and what came lately.
type sourcesView struct {
	late        []lateSource
	failed      []failedSource
	rows        []sourceRow
	rejected    []rejectedRow
	moreBad     int // rejections that are not shown
	conflicts   []conflictView
	moreTwice   int // conflicts that are not shown
	locations   []locationRow
	canRegister bool
	deliveries  deliveriesView
	doors       []door
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
	silent           bool    // nothing has come so far
	through          float64 // percent of the last 24 hours
	says             string  // what throughAt stands for
	throughAt        ui.Moment
	lag              string
	waiting          int
	last             ui.Moment
	lastEvent        string
	failed           int // in the last 24 hours
	failedNow        int // that wait for a person
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

// door is where a source sends its webhooks.
type door struct{ label, url, hint string }

// newSourcesView tells of the configured sources, and of those that are no
// longer configured and have sent something. Chosen is the one whose deliveries
// are looked at, "" for all.
func newSourcesView(r request, sources []Source, summaries []deliveries.Summary, chosen string) sourcesView {
	var v sourcesView
	left := map[string]deliveries.Summary{}
	for _, s := range summaries {
		left[s.Source] = s
	}
	for _, src := range sources {
		v.addSource(r.now, src, left[src.Name], chosen)
		delete(left, src.Name)
	}
	for _, s := range summaries {
		if _, ok := left[s.Source]; ok {
			v.addSource(r.now, Source{Name: s.Source, Of: "no longer configured"}, s, chosen)
		}
	}
	v.addRejections(r)
	return v
}

func (v *sourcesView) addSource(now time.Time, src Source, s deliveries.Summary, chosen string) {
	row := sourceRow{
		name: src.Name, about: aboutSource(src), href: sourceLink(src.Name, ""),
		says: "complete through ", lag: "none", waiting: s.Pending, failedNow: s.Failed, failed: s.Failed24,
	}
	through := now
	if s.Pending > 0 {
		through = s.Oldest
		row.lag = ui.Span(now.Sub(s.Oldest))
		row.late = now.Sub(s.Oldest) > lateAfter
	}
	switch {
	case s.Total == 0:
		row.silent = true
		row.look, row.icon, row.word = "", "clock", "Nothing yet"
	case row.late:
		row.look, row.icon, row.word = "warn", "alert", "Late"
		v.late = append(v.late, lateSource{src.Name, ui.SpanInWords(now.Sub(s.Oldest)), ui.Stamp(s.Oldest, now), s.Pending})
	case s.Failed > 0:
		row.look, row.icon, row.word = "bad", "x-circle", ui.Number(s.Failed)+" failed"
	case s.Pending > 0:
		row.look, row.icon, row.word = "info", "clock", "Reading"
	default:
		row.look, row.icon, row.word = "good", "check", "Complete"
	}
	if s.Failed > 0 {
		row.says = "all but " + ui.Number(s.Failed) + ", through "
		if chosen == "" || chosen == src.Name {
			v.failed = append(v.failed, failedSource{src.Name, s.Failed, sourceLink(src.Name, event.DeliveryFailed)})
		}
	}
	row.through = max(0, 100*(1-float64(now.Sub(through))/float64(24*time.Hour)))
	row.throughAt = ui.Stamp(through, now)
	if s.Last != nil {
		row.last, row.lastEvent = ui.Stamp(s.Last.Received, now), ui.Shorten(s.Last.Event, 32)
	}
	v.rows = append(v.rows, row)
}

// sourceLink leads to the deliveries of a source, of one status or all.
func sourceLink(name string, status event.DeliveryStatus) string {
	return link{path: sourcesPath}.set(fieldSource, name).set(fieldStatus, string(status)).String()
}

// addRejections lists the first of the descriptors that cannot be used, and of
// those that declare what is declared elsewhere.
func (v *sourcesView) addRejections(r request) {
	for _, rej := range r.catalog.Rejections() {
		switch {
		case rej.With != nil && len(v.conflicts) < shownRejected:
			v.conflicts = append(v.conflicts, newConflict(r.catalog, rej, r.now))
		case rej.With != nil:
			v.moreTwice++
		case len(v.rejected) < shownRejected:
			v.rejected = append(v.rejected, newRejectedRow(r, rej))
		default:
			v.moreBad++
		}
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
		row.open = lineOf(rej.Origin, p.Line)
	}
	if rej.Ref != "" {
		row.entity = named(r.catalog, rej.Ref)
	}
	return row
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
			d.hint = "Content type application/json, pushes and what else is to be on record, and the webhookSecret of callboard.yaml."
		case "gitlab":
			d.hint = "Push events and what else is to be on record, and the webhookSecret of callboard.yaml as the secret token."
		case "cloudevents":
			d.hint = "POST each event, with the webhookSecret of callboard.yaml as bearer token or signed with it."
		default:
			continue // it is read, and sends nothing
		}
		all = append(all, d)
	}
	return all
}
