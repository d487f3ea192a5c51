package web

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web/ui"
)

const surveyPath = sourcesPath + "/survey"

const fieldSurveyed = "surveyed" // when a survey was asked for, in seconds since 1970

// How much of each list the page of a source shows.
const (
	shownGaps    = 20
	shownNotices = 10
	shownHeld    = 20
	shownMissing = 50
	shownLeftOut = 10
)

// surveyAgain is how often a page is asked for again while a survey runs.
const surveyAgain = 3 * time.Second

// Surveyor asks to look for what is new in a source, soon. The error is of kind
// fault.NotFound for a name that no source has, fault.Conflict for a source that is
// not surveyed.
type Surveyor func(ctx context.Context, source string) error

// Repositories are what is known of the repositories of sources, and of the
// connections to their forges.
type Repositories interface {
	// Named returns the repository that has a full name, or had it last; the error
	// is of kind fault.NotFound.
	Named(ctx context.Context, source, name string) (repositories.Repository, error)
	// Search returns a part of those that match, and how many do.
	Search(ctx context.Context, source string, s repositories.Search) ([]repositories.Repository, int, error)
	// Gaps returns the newest, those that are open first.
	Gaps(ctx context.Context, source string, limit int) ([]repositories.Gap, error)
	// Notices returns the newest.
	Notices(ctx context.Context, source string, limit int) ([]repositories.Notice, error)
}

func sourceLink(name string) string { return sourcesPath + "/" + url.PathEscape(name) }

// deliveriesLink leads to the deliveries of a source, of one status or all.
func deliveriesLink(name string, status event.DeliveryStatus) string {
	return link{path: sourceLink(name) + "/deliveries"}.set(fieldStatus, string(status)).String()
}

func deliveryLink(source, id string) string {
	return sourceLink(source) + "/deliveries/" + url.PathEscape(id)
}

// sourceHead is what each page about a source begins with.
type sourceHead struct {
	name, about string
	crumbs      []ui.Anchor
	tabs        []ui.View
	surveyed    bool // it can be surveyed
	running     string
	begins      bool // one was asked for and has not begun
}

// sourceOf finds the source of a page, and how it stands.
func (s *Site) sourceOf(ctx context.Context, r request, tab string) (Source, standing.State, sourceHead, error) {
	name := r.param("name")
	state, err := s.Standing.One(ctx, name)
	if err != nil {
		return Source{}, state, sourceHead{}, err
	}
	src := s.sourceNamed(name)
	at := sourceLink(name)
	h := sourceHead{
		name: name, about: aboutSource(src), crumbs: []ui.Anchor{{Label: "Sources", Href: sourcesPath}, {Label: name}},
		surveyed: state.Survey != nil,
		tabs: []ui.View{
			{Label: "Overview", Href: at, On: tab == ""},
			{Label: "Repositories", Href: at + "/repositories", On: tab == "repositories", Count: ui.Number(state.Counts.Repositories)},
			{Label: "Deliveries", Href: at + "/deliveries", On: tab == "deliveries"},
			{Label: "Connection", Href: waitLink(name), On: tab == "connect"},
		},
	}
	switch {
	case state.Backlog.Failed > 0:
		h.tabs[2].Count = ui.Number(state.Backlog.Failed) + " failed"
	case state.Backlog.Held > 0:
		h.tabs[2].Count = ui.Number(state.Backlog.Held) + " held"
	}
	if state.Survey != nil {
		h.running = state.Survey.Running
		asked, err := strconv.ParseInt(r.self.query.Get(fieldSurveyed), 10, 64)
		since := r.now.Sub(time.Unix(asked, 0))
		h.begins = err == nil && h.running == "" && state.Survey.Compared.Unix() < asked && since < usualWait && since >= 0
	}
	return src, state, h, nil
}

// survey handles "POST /sources/survey".
func (s *Site) survey(ctx context.Context, _ browser, form url.Values) (string, error) {
	name := form.Get(fieldSource)
	if err := s.Survey(ctx, name); err != nil {
		return "", err
	}
	return link{path: sourceLink(name)}.set(fieldSurveyed, strconv.FormatInt(s.Now().Unix(), 10)).String(), nil
}

// sourceView is how a source stands.
type sourceView struct {
	head sourceHead
	condition
	checks     []checkRow
	line       []ui.Interval
	sentence   string // why it is known up to then, and no further
	lag        string
	budget     budgetView
	pending    int
	failed     int
	failedHref string
	last       ui.Moment
	lastEvent  string
	lastHref   string
	counts     repositories.Counts
	survey     *surveyView
	hook       string      // "": no webhook of it is taken
	remake     *remakeView // nil: no webhook is missing
	odd        []oddRow
	gaps       []gapRow
	moreGaps   int
	notices    []noticeRow
	held       []heldRow
	missing    []missingRow
	moreGone   int
	replayed   toast
	silent     bool
	past       *backfillView
	connected  bool   // it can be changed on a page
	unhooked   string // why the portal could not make its webhook, or not have it tried
	hookHref   string // the page that goes on with that
}

// surveyView is how the surveys of a source stand.
type surveyView struct {
	running           string
	done, total       int
	percent           int
	compared, checked ui.Moment
	read              ui.Moment
	found             int
	problem, unseen   string
	people            peopleView
}

// peopleView is how a source's teams and members stand.
type peopleView struct {
	told           bool
	groups, people int
	read           ui.Moment
	problem        string
	leftOut        []string
	more           int // that are left out
}

type gapRow struct {
	title, detail    string
	look, icon, word string
	since, found     ui.Moment
	closed           ui.Moment
	how              string
	repository, href string
	delivery         string // id of one that was missed
	deliveryHref     string
	mark             ui.EventMark
}

type noticeRow struct {
	look, icon, word string
	detail           string
	at               ui.Moment
	repositories     []string
	more             int
	mark             ui.EventMark
	todo             string
}

// heldRow is a delivery that would remove more than is allowed at once.
type heldRow struct {
	id, href   string
	repository string
	removes    int
	says       string
	received   ui.Moment
	back       string
}

// oddRow is a repository that could not be compared.
type oddRow struct {
	name, href string
	why        string
	since      ui.Moment // up to when it is known
}

type missingRow struct {
	name, href string
	entities   int
}

// source handles "GET /sources/{name}".
func (s *Site) source(ctx context.Context, r request) (answer, error) {
	src, state, head, err := s.sourceOf(ctx, r, "")
	if err != nil {
		return answer{}, err
	}
	gaps, err := s.Repositories.Gaps(ctx, src.Name, shownGaps)
	if err != nil {
		return answer{}, err
	}
	notices, err := s.Repositories.Notices(ctx, src.Name, shownNotices)
	if err != nil {
		return answer{}, err
	}
	held, err := s.Deliveries.List(ctx, deliveries.Filter{Source: src.Name, Status: event.DeliveryHeld, Limit: shownHeld})
	if err != nil {
		return answer{}, err
	}
	v := newSourceView(r, src, state, head)
	if v.checks, err = s.checkRows(ctx, r, src.Name); err != nil {
		return answer{}, err
	}
	v.line = truthParts(r.now, v.through, gaps)
	if src.Type != "cloudevents" { // from which nothing is read
		v.past = s.newBackfillView(r, state)
	}
	if !src.NoHook {
		v.hook = s.payload(src)
	}
	v.remake, v.connected = s.newRemakeView(src, state), src.Connected && s.Changing != nil
	if s.Connecting != nil {
		if w, ok := s.Connecting.Webhook(src.Name); ok && !w.Running {
			v.unhooked, v.hookHref = w.Error, waitLink(src.Name)
		}
	}
	for _, g := range gaps {
		v.gaps = append(v.gaps, newGapRow(src.Name, g, r.now))
	}
	v.moreGaps = state.Counts.OpenGaps + state.Counts.ClosedGaps - len(gaps)
	for _, n := range notices {
		v.notices = append(v.notices, newNoticeRow(n, r.now))
	}
	for _, d := range held.Deliveries {
		v.held = append(v.held, newHeldRow(d, r.now, sourceLink(src.Name)))
	}
	a := answer{title: src.Name, body: sourcePage(v)}
	if head.running != "" || head.begins || v.past != nil && v.past.running {
		a.again = surveyAgain
	}
	return a, nil
}

func newSourceView(r request, src Source, state standing.State, head sourceHead) sourceView {
	v := sourceView{
		head: head, condition: newCondition(state, r.now), lag: lagOf(state.Truth), budget: newBudget(state.Survey, r.now),
		sentence: whyThrough(state), pending: state.Backlog.Pending, counts: state.Counts,
		failed: state.Backlog.Failed, failedHref: deliveriesLink(src.Name, event.DeliveryFailed),
		survey: newSurveyView(state, r.now), replayed: newToast(r.self.query), silent: state.Last == nil,
	}
	if d := state.Last; d != nil {
		v.last, v.lastEvent, v.lastHref = ui.Stamp(d.Received, r.now), ui.Shorten(d.Event, 32), deliveryLink(src.Name, d.ID)
	}
	if state.Survey == nil {
		return v
	}
	for _, o := range state.Survey.Odd {
		v.odd = append(v.odd, oddRow{o.Repository.FullName, repositoryLink(src.Name, o.Repository.FullName), ui.Shorten(o.Err, 300), ui.Near(o.Since, r.now)})
	}
	for i, m := range state.Survey.Missing {
		if i == shownMissing {
			v.moreGone = len(state.Survey.Missing) - i
			break
		}
		declared, _ := r.catalog.Repository(src.Name, m.ID)
		v.missing = append(v.missing, missingRow{m.FullName, repositoryLink(src.Name, m.FullName), len(declared)})
	}
	return v
}

// whyThrough says in a sentence what keeps a source from being known up to now.
func whyThrough(s standing.State) string {
	switch s.Is {
	case standing.Silent:
		return "No delivery has come, and nothing was asked."
	case standing.Unreachable:
		if s.Through.IsZero() {
			return "Its forge could never be asked, and no delivery has come."
		}
		return "Its forge cannot be asked. What has come since then is in the catalog; what was missed is not known."
	case standing.Losing:
		return "What it sends cannot be stored here; the portal's log says why. Once it can, what was refused is fetched from the forge where that keeps it."
	case standing.Gap:
		return "Something was missed " + ui.SpanInWords(s.Lag) + " ago and is not made up for yet."
	case standing.Partial:
		return "Some of its repositories could not be compared with the forge; all others were."
	case standing.Unheard:
		return "All that came is handled. No webhook leads here, so what moves is found by the next comparison only."
	case standing.Late:
		return ui.Plural(s.Backlog.Pending, "delivery waits", "deliveries wait") + ". Nothing is lost."
	case standing.Reading:
		if s.Backlog.Pending == 0 {
			return "Its repositories are compared with the catalog for the first time since the portal began."
		}
		return ui.Plural(s.Backlog.Pending, "delivery is", "deliveries are") + " being read."
	}
	switch {
	case s.Told:
		return "Every delivery that came is handled. Nobody asks the forge what it did not send."
	case s.Backlog.Failed > 0 || s.Backlog.Held > 0:
		return "Everything is handled but what waits for a person."
	default:
		return "Every delivery is handled, and the forge has nothing else."
	}
}

func newSurveyView(state standing.State, now time.Time) *surveyView {
	s := state.Survey
	if s == nil {
		return nil
	}
	v := &surveyView{
		running: ui.Sentence(s.Running), done: s.Done, total: s.Total, found: s.Found,
		compared: ui.Near(s.Compared, now), checked: ui.Near(s.Checked, now), read: ui.Near(s.Read, now),
		problem: s.Err, unseen: state.Unseen(), people: newPeopleView(s.People, now),
	}
	if s.Total > 0 {
		v.percent = 100 * s.Done / s.Total
	}
	return v
}

func newPeopleView(p standing.People, now time.Time) peopleView {
	shown := min(len(p.LeftOut), shownLeftOut)
	return peopleView{
		told: p.Told(), groups: p.Groups, people: p.People, read: ui.Near(p.Read, now), problem: p.Err,
		leftOut: p.LeftOut[:shown], more: len(p.LeftOut) - shown,
	}
}

func newGapRow(source string, g repositories.Gap, now time.Time) gapRow {
	row := gapRow{
		title: "A branch moved without a word", detail: ui.Shorten(g.Detail, 200), since: ui.Near(g.Since, now), found: ui.Near(g.Found, now),
		closed: ui.Near(g.Closed, now), how: g.How, mark: mark(g.Position), repository: g.Repository.FullName,
		look: "warn", icon: "alert", word: "Open",
	}
	if g.Kind == event.GapDelivery {
		row.title = "A delivery did not come"
	}
	if row.repository != "" {
		row.href = repositoryLink(source, row.repository)
	}
	if !g.Closed.IsZero() {
		row.look, row.icon, row.word = "good", "check", "Closed"
		if g.Delivery != "" && !g.Lost {
			row.delivery, row.deliveryHref = g.Delivery, deliveryLink(source, g.Delivery)
		}
	}
	if g.Lost {
		row.look, row.icon, row.word = "", "minus", "Lost"
	}
	return row
}

func newNoticeRow(n repositories.Notice, now time.Time) noticeRow {
	row := noticeRow{look: "info", icon: "info", word: ui.Sentence(n.Notice), detail: ui.Shorten(n.Detail, 300), at: ui.Near(n.At, now), mark: mark(n.Position)}
	switch n.Notice {
	case event.NoticeConnected, event.NoticeGranted:
		row.look, row.icon = "good", "check"
	case event.NoticeHookDeleted:
		row.look, row.icon, row.todo = "bad", "x-circle", "Nothing is sent any more. Create the webhook again; until then only surveys find what is new."
	case event.NoticeSuspended:
		row.look, row.icon, row.todo = "bad", "x-circle", "Take the App up again at the forge. What is known stays."
	case event.NoticeRemoved:
		row.look, row.icon, row.todo = "bad", "x-circle", "Install the App again, or give the source another token. What is known stays."
	case event.NoticeWithdrawn:
		row.look, row.icon, row.todo = "warn", "alert", "They can no longer be read. Their entities stay until the forge says that the repositories were deleted."
	}
	const few = 5
	for i, repo := range n.Repositories {
		if i == few {
			row.more = len(n.Repositories) - few
			break
		}
		row.repositories = append(row.repositories, repo.FullName)
	}
	return row
}

func newHeldRow(d deliveries.Delivery, now time.Time, back string) heldRow {
	return heldRow{
		id: d.ID, href: deliveryLink(d.Source, d.ID), repository: d.Repository, removes: d.Removes, says: ui.Shorten(d.Error, 300),
		received: ui.Near(d.Received, now), back: back,
	}
}

// sourceDeliveries handles "GET /sources/{name}/deliveries".
func (s *Site) sourceDeliveries(ctx context.Context, r request) (answer, error) {
	src, state, head, err := s.sourceOf(ctx, r, "deliveries")
	if err != nil {
		return answer{}, err
	}
	f, err := parseDeliveries(r.self.drop(fieldSource).query)
	if err != nil {
		return answer{}, err
	}
	f.Source = src.Name
	page, err := s.Deliveries.List(ctx, f)
	if err != nil {
		return answer{}, err
	}
	events, err := s.Deliveries.Events(ctx, src.Name)
	if err != nil {
		return answer{}, err
	}
	choices := newDeliveryChoices(f, nil)
	choices.sources, choices.failed = nil, state.Backlog.Failed
	choices.events = []ui.Option{{Label: "Every event", On: f.Event == ""}}
	for _, name := range events {
		choices.events = append(choices.events, ui.Option{Value: name, Label: ui.Shorten(name, 40), On: name == f.Event})
	}
	r.self = r.self.drop(fieldSource)
	v := s.newDeliveriesView(r, f, page, choices)
	v.carry = append(v.carry, ui.Hidden{Name: fieldSource, Value: src.Name})
	return answer{title: src.Name + ", deliveries", body: sourceDeliveriesPage(head, v)}, nil
}
