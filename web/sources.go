package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web/ui"
)

const sourcesPath = "/sources"

// shownRejected is how many descriptors that cannot be used the page lists.
const shownRejected = 10

// Source is a configured source, as the pages tell of it.
type Source struct {
	Name  string
	Type  string // "github", "gitlab", "git" or "cloudevents"
	Of    string // what of it is read: "organisation acme"
	Pages string // address of the forge's pages, without a slash at the end; "" if it has none
	App   bool   // it is asked as an App, whose webhook nobody has to make
	// Payload is where its webhook sends to; "" = below the portal's own URL.
	Payload  string
	NoHook   bool     // a webhook of it is refused, as it has no secret: it is only polled
	Hookable bool     // the portal can make its webhook
	Owners   []string // organisations or groups whose repositories are read; empty = not limited to any
	// Connected sources are changed and taken away on their pages, the others where the
	// configuration is.
	Connected bool
}

// Standing tells how the sources stand that are configured, in their order.
type Standing interface {
	// Truths is as All, without counts.
	Truths(context.Context) ([]standing.State, error)
	All(context.Context) ([]standing.State, error)
	// One returns an error of kind fault.NotFound for a name that no source has.
	One(ctx context.Context, source string) (standing.State, error)
}

// sources handles "GET /sources".
func (s *Site) sources(ctx context.Context, r request) (answer, error) {
	f, err := parseDeliveries(r.self.query)
	if err != nil {
		return answer{}, err
	}
	states, err := s.Standing.All(ctx)
	if err != nil {
		return answer{}, err
	}
	summaries, err := s.Deliveries.Summaries(ctx)
	if err != nil {
		return answer{}, err
	}
	page, err := s.listOrGet(ctx, f, r.self.query.Get(fieldDelivery))
	if err != nil {
		return answer{}, err
	}
	v := newSourcesView(r, s.Sources(), states, summaries, f.Source)
	v.unread = s.unreadSources(r.catalog)
	if err := s.addAstray(ctx, r, &v); err != nil {
		return answer{}, err
	}
	for i := range v.rows {
		gaps, err := s.Repositories.Gaps(ctx, v.rows[i].name, gapsOnLine)
		if err != nil {
			return answer{}, err
		}
		v.rows[i].line = truthParts(r.now, v.rows[i].through, gaps)
	}
	v.doors = s.doors()
	read := slices.DeleteFunc(slices.Clone(summaries), func(sum deliveries.Summary) bool { return !s.reads(sum.Source) })
	choices := newDeliveryChoices(f, summaries)
	choices.failed = failedOf(f, read)
	v.deliveries = s.newDeliveriesView(r, f, page, choices)
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
	stranded    []failedSource // that failed or are held of sources that nobody reads
	held        []failedSource
	unreachable []unreachableSource
	unhooked    []unreachableSource // no webhook leads here
	unread      []unreadSource
	rows        []sourceRow
	gone        []goneRow
	rejected    []rejectedRow
	moreBad     int // rejections that are not shown
	conflicts   []conflictView
	moreTwice   int // conflicts that are not shown
	astray      []rejectedRow
	moreAstray  int // that are not shown
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

type unreachableSource struct{ name, href, why string }

type failedSource struct {
	name string
	n    int
	href string
}

// sourceRow is one source in the table.
type sourceRow struct {
	name, about string
	href        string
	condition
	line      []ui.Interval
	lag       string
	budget    budgetView
	last      ui.Moment
	lastEvent string
	failed    int // in the last 24 hours
}

// goneRow is a source that is not configured any more.
type goneRow struct {
	name, href, kept string
	since            ui.Moment // of those that are not handled the oldest came
	last             ui.Moment
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
func newSourcesView(r request, sources []Source, states []standing.State, summaries []deliveries.Summary, chosen string) sourcesView {
	var v sourcesView
	left := map[string]deliveries.Summary{}
	for _, s := range summaries {
		left[s.Source] = s
	}
	for _, state := range states {
		src := Source{Name: state.Source}
		if i := slices.IndexFunc(sources, func(s Source) bool { return s.Name == state.Source }); i >= 0 {
			src = sources[i]
		}
		v.addSource(r.now, src, state, left[state.Source].Failed24, chosen)
		delete(left, state.Source)
	}
	for _, s := range summaries {
		if _, ok := left[s.Source]; ok {
			v.addGone(s, r.now, chosen)
		}
	}
	v.addRejections(r)
	return v
}

// addGone tells of a source that is not configured any more: of what it sent, some is
// still kept.
func (v *sourcesView) addGone(s deliveries.Summary, now time.Time, chosen string) {
	row := goneRow{name: s.Source, href: goneLink(s.Source, ""), kept: ui.Plural(s.Total, "delivery is kept", "deliveries are kept")}
	if s.Pending > 0 {
		row.kept += ", " + ui.Number(s.Pending) + " not handled"
		row.since = ui.Near(s.Oldest, now)
	}
	if s.Last != nil {
		row.last = ui.Near(s.Last.Received, now)
	}
	v.gone = append(v.gone, row)
	for _, waits := range []struct {
		n      int
		status event.DeliveryStatus
	}{{s.Failed, event.DeliveryFailed}, {s.Held, event.DeliveryHeld}} {
		if waits.n > 0 && (chosen == "" || chosen == s.Source) {
			v.stranded = append(v.stranded, failedSource{s.Source, waits.n, goneLink(s.Source, waits.status)})
		}
	}
}

// goneLink leads to what is kept of a source that has no page any more.
func goneLink(source string, status event.DeliveryStatus) string {
	return link{path: sourcesPath}.set(fieldSource, source).set(fieldStatus, string(status)).String() + "#h-deliveries"
}

// addWaiting tells of deliveries that wait for a person.
func (v *sourcesView) addWaiting(source string, b deliveries.Backlog, chosen string) {
	if b.Failed > 0 && (chosen == "" || chosen == source) {
		v.failed = append(v.failed, failedSource{source, b.Failed, deliveriesLink(source, event.DeliveryFailed)})
	}
	if b.Held > 0 {
		v.held = append(v.held, failedSource{source, b.Held, deliveriesLink(source, event.DeliveryHeld)})
	}
}

func (v *sourcesView) addSource(now time.Time, src Source, s standing.State, failed24 int, chosen string) {
	row := sourceRow{
		name: src.Name, about: aboutSource(src), href: sourceLink(src.Name), failed: failed24,
		condition: newCondition(s, now), lag: lagOf(s.Truth), budget: newBudget(s.Survey, now),
	}
	if row.late && s.Backlog.Pending > 0 && s.Is == standing.Late {
		v.late = append(v.late, lateSource{src.Name, ui.SpanInWords(s.Lag), ui.Stamp(s.Backlog.Oldest, now), s.Backlog.Pending})
	}
	if says := s.Unhooked(); says != "" {
		v.unhooked = append(v.unhooked, unreachableSource{src.Name, row.href, says})
	}
	if s.Survey != nil && s.Survey.Err != "" {
		v.unreachable = append(v.unreachable, unreachableSource{src.Name, row.href, s.Survey.Err})
	}
	v.addWaiting(src.Name, s.Backlog, chosen)
	if s.Last != nil {
		row.last, row.lastEvent = ui.Stamp(s.Last.Received, now), ui.Shorten(s.Last.Event, 32)
	}
	v.rows = append(v.rows, row)
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

// addAstray lists the first of the scorecards, exemptions and initiatives in files that name what is
// not there.
func (s *Site) addAstray(ctx context.Context, r request, v *sourcesView) error {
	for _, a := range agreements.AstrayIn(r.catalog, r.now) {
		if len(v.astray) >= shownRejected {
			v.moreAstray++
			continue
		}
		text, err := s.documentOf(ctx, a.Entry)
		if err != nil {
			return err
		}
		e := a.Entry
		at := descriptor.Locate(text, e.Origin.Line, a.Problems[0])
		row := rejectedRow{
			problem: fmt.Sprintf("%s:%d:%d %s: %s", fileName(e.Origin), at.Line, at.Column, at.Path, at.Message),
			entity:  named(r.catalog, e.Ref), since: ui.Near(e.Since.Time, r.now), who: actor(e.Since.Actor), commit: commit(e.Since.Cause), mark: mark(e.Since.Position),
			open: lineOf(e.Origin, at.Line),
		}
		if more := len(a.Problems) - 1; more > 0 {
			row.problem += " (and " + ui.Plural(more, "name more", "names more") + ")"
		}
		v.astray = append(v.astray, row)
	}
	return nil
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
func (s *Site) doors() []door {
	var all []door
	for _, src := range s.Sources() {
		d := door{label: "Payload URL of " + src.Name, url: s.payload(src)}
		switch src.Type {
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
