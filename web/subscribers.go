package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/subscribers"
	"github.com/callboard/callboard/web/ui"
)

const subscribersPath = "/subscribers"

const (
	fieldSubscriber = "subscriber"
	fieldPosition   = "position"
	fieldTold       = "told" // what was just asked for: see [newReport]
)

// How much of each list the page of a subscriber shows.
const (
	shownLetters  = 50
	shownAttempts = 25
)

func subscriberLink(name string) string { return subscribersPath + "/" + url.PathEscape(name) }

func letterLink(name string, at eventlog.Position) string {
	return subscriberLink(name) + "/dead-letters/" + strconv.FormatUint(uint64(at), 10)
}

// states tells how all subscribers stand.
func (s *Site) states(ctx context.Context) ([]subscribers.State, error) {
	if s.Subscribers == nil {
		return nil, nil
	}
	workers := s.Subscribers.Workers()
	all := make([]subscribers.State, len(workers))
	for i, w := range workers {
		var err error
		if all[i], err = w.State(ctx); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// troubles tells what of all subscribers waits for a person.
func (s *Site) troubles(ctx context.Context) (failing, letters int, err error) {
	if s.Subscribers == nil {
		return 0, 0, nil
	}
	for _, w := range s.Subscribers.Workers() {
		t, err := w.Trouble(ctx)
		if err != nil {
			return 0, 0, err
		}
		if t.Failing {
			failing++
		}
		letters += t.Letters
	}
	return failing, letters, nil
}

// subscribersView is who is sent events.
type subscribersView struct {
	rows []subscriberRow
}

// subscriberRow is how one subscriber stands.
type subscriberRow struct {
	name, href, host string
	selects          string
	look, icon, word string
	failing, paused  bool
	why              string // it fails, or is paused
	since            ui.Moment
	retry            ui.Moment
	position         ui.EventMark
	current          bool
	pending          ui.Moment
	lag              string
	behind           string
	delivered        ui.Moment
	letters          int
	channel          bool // notices are sent to it
	upTo             ui.Moment
	held             []backRow
	heldCount        string // how many notices are held back; empty for none
}

// backRow are notices that wait by design.
type backRow struct {
	count, says string
	until       ui.Moment
}

// subscriberList handles "GET /subscribers".
func (s *Site) subscriberList(ctx context.Context, r request) (answer, error) {
	states, err := s.states(ctx)
	if err != nil {
		return answer{}, err
	}
	var v subscribersView
	for _, state := range states {
		v.rows = append(v.rows, newSubscriberRow(state, r.now))
	}
	return answer{title: "Subscribers", body: subscribersPage(v)}, nil
}

func newSubscriberRow(s subscribers.State, now time.Time) subscriberRow {
	row := subscriberRow{
		name: s.Name, href: subscriberLink(s.Name), host: s.Host, selects: selects(s.Filter), current: s.Pending.IsZero(),
		position: mark(s.Position), pending: ui.Stamp(s.Pending, now), delivered: ui.Stamp(s.Delivered, now), letters: s.Letters, lag: "none",
	}
	if s.Position == 0 || s.Type != "" {
		row.position = ui.EventMark{}
	}
	if s.Type != "" {
		row.channel, row.selects, row.upTo = true, s.Sends, ui.Stamp(s.UpTo, now)
	}
	count := 0
	for _, h := range s.Held {
		count += h.Count
		row.held = append(row.held, backRow{ui.Plural(h.Count, "notice", "notices"), h.Says, ui.Stamp(h.Until, now)})
	}
	if count > 0 {
		row.heldCount = ui.Plural(count, "notice", "notices")
	}
	if !row.current {
		row.lag, row.behind = ui.Span(s.Lag), ui.Plural(s.Newest-s.Position, "event", "events")
	}
	switch s.Status {
	case subscribers.Paused:
		row.look, row.icon, row.word = "warn", "pause", "Paused"
		row.paused, row.why, row.since = true, s.PausedFor, ui.Near(s.PausedAt, now)
	case subscribers.Failing:
		row.look, row.icon, row.word = "bad", "x-circle", "Does not take it"
		row.failing, row.why, row.since, row.retry = true, ui.Sentence(s.Reason), ui.Near(s.FailingSince, now), ui.Stamp(s.RetryAt, now)
	case subscribers.Behind:
		row.look, row.icon, row.word = "info", "clock", "Being sent"
	default:
		row.look, row.icon, row.word = "good", "check", "Up to date"
	}
	return row
}

// selects says in words what a subscriber is sent.
func selects(f history.Filter) string {
	var all []string
	for _, c := range []struct{ name, value string }{
		{"entity", f.Entity}, {"kind", f.Kind}, {"type", f.Type}, {"source", f.Source}, {"actor", f.Actor},
	} {
		if c.value != "" {
			all = append(all, c.name+" "+c.value)
		}
	}
	if f.Seals {
		all = append(all, "seals too")
	}
	if len(all) == 0 {
		return "every event"
	}
	return strings.Join(all, ", ")
}

// subscriberView is one subscriber with what it was sent lately.
type subscriberView struct {
	row      subscriberRow
	crumbs   []ui.Anchor
	report   report
	newest   ui.EventMark
	failures int
	givesUp  ui.Moment // when the event that it refuses becomes a dead letter; zero if it refuses none
	answered string    // how the last answer began
	letters  []letterRow
	more     int // dead letters that are not shown
	attempts []sentRow
}

// sentRow is a request that was made.
type sentRow struct {
	at               ui.Moment
	what             string
	notices          []ui.Anchor    // of a channel: their headlines
	marks            []ui.EventMark // the first and, if it is another, the last event
	look, icon, word string
	says             string
	answer           string
	took             string
}

// letterRow is a dead letter.
type letterRow struct {
	position    string
	mark        ui.EventMark
	typ         string
	subject     ui.Anchor
	says        string
	href        string
	since, last ui.Moment
	attempts    int
	answer      string
}

// subscriberOf finds the subscriber of a page, and how it stands.
func (s *Site) subscriberOf(ctx context.Context, name string) (*subscribers.Worker, subscribers.State, error) {
	if s.Subscribers == nil {
		return nil, subscribers.State{}, fault.New(fault.NotFound, "there is no subscriber %q in the configuration", name)
	}
	w, err := s.Subscribers.Worker(name)
	if err != nil {
		return nil, subscribers.State{}, err
	}
	state, err := w.State(ctx)
	return w, state, err
}

// subscriber handles "GET /subscribers/{name}".
func (s *Site) subscriber(ctx context.Context, r request) (answer, error) {
	w, state, err := s.subscriberOf(ctx, r.param("name"))
	if err != nil {
		return answer{}, err
	}
	letters, err := w.Letters(ctx, 0, shownLetters)
	if err != nil {
		return answer{}, err
	}
	attempts, err := w.Attempts(ctx, shownAttempts)
	if err != nil {
		return answer{}, err
	}
	v := subscriberView{
		row: newSubscriberRow(state, r.now), crumbs: []ui.Anchor{{Label: "Subscribers", Href: subscribersPath}, {Label: w.Name}},
		newest: mark(state.Newest), failures: state.Failures, more: state.Letters - len(letters), report: newReport(r.self.query, attempts),
	}
	v.givesUp = ui.Minute(state.GivesUp)
	if i := slices.IndexFunc(attempts, func(a subscribers.Attempt) bool { return a.Kind == subscribers.KindEvents }); i >= 0 {
		v.answered = strings.TrimSpace(attempts[i].Answer)
	}
	for _, l := range letters {
		row := newLetterRow(r, w.Name, l)
		if v.row.channel {
			row.mark = ui.EventMark{}
		}
		v.letters = append(v.letters, row)
	}
	for _, a := range attempts {
		row := newSentRow(a, r.now)
		if v.row.channel {
			if err := s.tellNotices(ctx, w, a, &row); err != nil {
				return answer{}, err
			}
		}
		v.attempts = append(v.attempts, row)
	}
	a := answer{title: w.Name + ", subscriber", body: subscriberPage(v)}
	if state.Status == subscribers.Behind {
		a.again = surveyAgain
	}
	return a, nil
}

// tellNotices says which notices an attempt sent, as far as they are still there.
func (s *Site) tellNotices(ctx context.Context, w *subscribers.Worker, a subscribers.Attempt, row *sentRow) error {
	row.marks = nil
	switch a.Kind {
	case subscribers.KindEvents:
		row.what = ui.Plural(a.Events, "notice", "notices")
	case subscribers.KindPing:
		row.what = "Test notice"
	}
	sent, err := w.Sent(ctx, a)
	if err != nil {
		return err
	}
	for _, rec := range sent {
		var said struct {
			Words notices.Words `json:"words"`
		}
		if err := json.Unmarshal(rec.Data, &said); err != nil {
			return fmt.Errorf("a notice of %s: %w", w.Name, err)
		}
		row.notices = append(row.notices, ui.Anchor{Label: said.Words.Headline, Href: strings.TrimPrefix(said.Words.Href, s.URL)})
	}
	if a.Kind == subscribers.KindEvents && len(row.notices) == a.Events {
		row.what = "" // they say it
	}
	return nil
}

func newSentRow(a subscribers.Attempt, now time.Time) sentRow {
	row := sentRow{at: ui.Stamp(a.At, now), says: ui.Sentence(a.Reason), answer: ui.Shorten(a.Answer, 300), took: ui.Number(a.Took.Milliseconds())}
	switch a.Kind {
	case subscribers.KindPing:
		row.what = "Ping"
	case subscribers.KindRedelivery:
		row.what = "Dead letter, again"
	default:
		row.what = ui.Plural(a.Events, "event", "events")
	}
	if a.First > 0 {
		row.marks = append(row.marks, mark(a.First))
	}
	if a.Last > a.First {
		row.marks = append(row.marks, mark(a.Last))
	}
	status := "No answer"
	if a.Status > 0 {
		status = strconv.Itoa(a.Status)
	}
	switch a.Verdict {
	case subscribers.Delivered:
		row.look, row.icon, row.word = "good", "check", status
	case subscribers.Refused:
		row.look, row.icon, row.word = "bad", "x-circle", status+" refused"
	case subscribers.Gone:
		row.look, row.icon, row.word = "warn", "pause", status+" gone"
	default:
		row.look, row.icon, row.word = "bad", "x-circle", status
	}
	return row
}

func newLetterRow(r request, name string, l subscribers.Letter) letterRow {
	row := letterRow{
		position: strconv.FormatUint(uint64(l.Position), 10), mark: mark(l.Position), typ: l.Type, subject: ui.Anchor{Label: l.Subject}, href: letterLink(name, l.Position),
		says: ui.Sentence(l.Reason), since: ui.Near(l.Since, r.now), last: ui.Near(l.At, r.now), attempts: l.Attempts, answer: l.Answer,
	}
	if e := named(r.catalog, l.Subject); e.Href != "" {
		row.subject = ui.Anchor{Label: e.Label, Href: e.Href}
	}
	return row
}

// letterView is a dead letter and what was sent.
type letterView struct {
	name   string
	crumbs []ui.Anchor
	row    letterRow
	body   []ui.Token
	cut    bool
	size   string
}

// deadLetter handles "GET /subscribers/{name}/dead-letters/{position}".
func (s *Site) deadLetter(ctx context.Context, r request) (answer, error) {
	w, _, err := s.subscriberOf(ctx, r.param("name"))
	if err != nil {
		return answer{}, err
	}
	at, err := positionOf(r.param("position"))
	if err != nil {
		return answer{}, err
	}
	l, body, err := w.Letter(ctx, at)
	if err != nil {
		return answer{}, err
	}
	v := letterView{
		name: w.Name, row: newLetterRow(r, w.Name, l), size: ui.Size(len(body)), cut: len(body) > shownBody,
		crumbs: []ui.Anchor{{Label: "Subscribers", Href: subscribersPath}, {Label: w.Name, Href: subscriberLink(w.Name)}, {Label: "Dead letter " + ui.Number(at)}},
	}
	if w.Channel != nil {
		v.row.mark = ui.EventMark{}
		v.crumbs[2].Label = "Dead letter"
	}
	if v.cut {
		v.body = []ui.Token{{Text: strings.ToValidUTF8(string(body[:shownBody]), "�")}}
	} else {
		v.body = ui.JSON(body, wholeText)
	}
	return answer{title: fmt.Sprintf("Dead letter %s of %s", ui.Number(at), w.Name), body: letterPage(v)}, nil
}
