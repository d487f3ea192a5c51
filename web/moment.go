package web

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

// Moments has the catalog as it was. A moment is a part of the address of a page:
// at, when it was true, and known, by what was on record.
type Moments interface {
	// Parse reads a moment as it stands in an address; errors are of kind fault.Invalid.
	Parse(ctx context.Context, at, known string) (projections.Moment, error)
	// Time reads one on the first of the two clocks alone; zero is now.
	Time(ctx context.Context, name, text string) (time.Time, error)
	Catalog(ctx context.Context, m projections.Moment) (Catalog, error)
}

const (
	fieldMoment = "at"
	fieldKnown  = "known"
	// knownThen asks for what was on record at the moment itself.
	knownThen = "then"
)

// travels reports whether a page shows any moment. What sources and subscribers do, and
// what people set, is of now; evidence says by itself what it counts.
func travels(path string) bool {
	below := func(prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }
	if below(registerPath) || below(evidencePath) || below(cardFormURL) || below(exemptionFormURL) || below(initiativeFormURL) {
		return false
	}
	if strings.HasPrefix(path, initiativesPath+"/") && strings.HasSuffix(path, "/edit") {
		return false
	}
	if rest, ok := strings.CutPrefix(path, scorecardsPath+"/"); ok && strings.Contains(rest, "/") { // a change is tried now
		return false
	}
	return slices.ContainsFunc([]string{catalogPath, apisPath, scorecardsPath, noticesPath, exemptionsPath, initiativesPath, executivePath, teamsPath, docsPath, auditPath, changesPath, searchPath, palettePath}, below)
}

// travel takes a request to the moment that its address names.
func (s *Site) travel(ctx context.Context, r *request) error {
	at, known := strings.TrimSpace(r.self.query.Get(fieldMoment)), strings.TrimSpace(r.self.query.Get(fieldKnown))
	if s.Moments == nil || !travels(r.self.path) || at == "" && known == "" {
		return nil
	}
	if known == knownThen {
		known = at
	}
	if known != "" && known == at {
		at = "" // what it said then is what was on record
	}
	m, err := s.Moments.Parse(ctx, at, known)
	if err != nil {
		return err
	}
	if m.Now() {
		r.ahead = at != "" || known != ""
		return nil
	}
	r.toward = momentWords(m)
	c, err := s.Moments.Catalog(ctx, m)
	if err != nil {
		return err
	}
	r.catalog, r.moment = c, m
	return nil
}

// patience is how long a visitor sees nothing while the catalog of another moment is
// being made. Then a page says so, and asks again by itself.
const (
	patience  = time.Second
	madeAgain = time.Second
)

// beingMade is what is shown until then.
func beingMade(r request) answer {
	moment := cmp.Or(r.toward, "that moment")
	return answer{status: http.StatusServiceUnavailable, title: "On the way to " + moment, body: beingMadePage(moment), again: madeAgain}
}

// when is the choice of a moment in the bar of a page; nil on one of now only.
func (s *Site) when(r request) *ui.When {
	if s.Moments == nil || !travels(r.self.path) {
		return nil
	}
	now := r.now.UTC()
	here := r.self.drop(fieldMoment, fieldKnown, fieldAfter)
	to := func(t time.Time) string { return here.set(fieldMoment, t.Format(minutes)).String() }
	w := &ui.When{Action: r.self.path, Carry: here.carry(), Now: here.String(), Value: r.self.query.Get(fieldMoment), Then: r.self.query.Get(fieldKnown) == knownThen}
	if w.Value == "" && r.moment.Known > 0 {
		w.Value = decimal(r.moment.Known)
	}
	if !r.moment.Now() {
		w.Shown = momentWords(r.moment)
	}
	for _, jump := range []struct {
		label string
		at    time.Time
	}{
		{"An hour ago", now.Add(-time.Hour)}, {"Yesterday", now.AddDate(0, 0, -1)}, {"A week ago", now.AddDate(0, 0, -7)},
		{"A month ago", now.AddDate(0, -1, 0)}, {"Start of the quarter", scorecards.QuarterOf(now)},
	} {
		w.Jumps = append(w.Jumps, ui.Anchor{Label: jump.label, Href: to(jump.at)})
	}
	return w
}

// minutes is how a moment stands in an address that a page makes.
const minutes = "2006-01-02T15:04"

// past is what stands above a page of another moment; nil now.
func (s *Site) past(ctx context.Context, r request, last eventlog.Position) *ui.Past {
	if r.moment.Now() {
		return nil
	}
	now := r.self.drop(fieldMoment, fieldKnown, fieldAfter)
	p := &ui.Past{Now: now.String(), Last: ui.Number(last), Event: mark(r.catalog.Position())}
	if page, err := s.History.Events(ctx, r.then(history.Filter{ByTime: true, Limit: 1, Uncounted: true})); err != nil {
		s.Logger.ErrorContext(ctx, "the last event of a moment is not known", "error", err)
	} else if len(page.Entries) > 0 {
		p.Event = mark(page.Entries[0].Position)
	} else {
		p.Event = ui.EventMark{Number: ui.Number(0)}
		p.Begins = s.begins(ctx, now)
	}
	switch {
	case r.moment.At.IsZero():
		p.Says = fmt.Sprintf("as it was on record at event %s of %s", ui.Number(r.moment.Known), ui.Number(last))
	case r.moment.Known > 0:
		p.Says = fmt.Sprintf("as known at event %s of %s", ui.Number(r.moment.Known), ui.Number(last))
	default:
		p.Says = "as known today"
	}
	p.AsOf = momentWords(r.moment)
	if at := r.moment.At; !at.IsZero() {
		p.Moment = ui.Exact(at)
		day := func(n int) string { return now.set(fieldMoment, at.AddDate(0, 0, n).Format(minutes)).String() }
		p.Before, p.After = day(-1), day(1)
	}
	if at := cmp.Or(r.self.query.Get(fieldMoment), r.self.query.Get(fieldKnown)); s.Docs != nil && strings.HasPrefix(r.self.path, docsPath+"/") {
		p.Compare = now.set(fieldView, viewCompare).set(fieldFrom, at).drop(fieldTo).String()
	} else if at := r.self.query.Get(fieldMoment); at != "" && s.Ledger != nil && strings.HasPrefix(r.self.path, catalogPath+"/") && r.param("name") != "" {
		to := link{path: entityLink(r.ref()) + "/compare"}.set(fieldFrom, at)
		if known := r.self.query.Get(fieldKnown); known != "" {
			to = to.set(fieldFromKnown, known)
		}
		p.Compare = to.String()
	}
	return p
}

// begins is when the record does, with a page as of then; empty if nobody can tell.
func (s *Site) begins(ctx context.Context, now link) ui.Anchor {
	page, err := s.History.Events(ctx, history.Filter{ByTime: true, Oldest: true, Limit: 1, Uncounted: true})
	if err != nil {
		s.Logger.ErrorContext(ctx, "the first event is not known", "error", err)
	}
	if len(page.Entries) == 0 {
		return ui.Anchor{}
	}
	first := page.Entries[0].Time.UTC()
	// The minute ends with that event in it.
	return ui.Anchor{Label: ui.Minute(first).Text, Href: now.set(fieldMoment, first.Truncate(time.Minute).Add(time.Minute).Format(minutes)).String()}
}

// momentWords is a moment, short.
func momentWords(m projections.Moment) string {
	if m.At.IsZero() {
		return "event " + ui.Number(m.Known)
	}
	return m.At.UTC().Format("2 Jan 2006, 15:04")
}

// first is when the first entity is on record, on the clock of what was true; zero if
// none is.
func (s *Site) first(ctx context.Context) (time.Time, error) {
	page, err := s.History.Events(ctx, history.Filter{Type: "entity.registered", ByTime: true, Oldest: true, Limit: 1, Uncounted: true})
	if err != nil || len(page.Entries) == 0 {
		return time.Time{}, err
	}
	return page.Entries[0].Time, nil
}

// keep has the links and forms of a page of another moment lead to pages of the
// same, where these travel. It is the one place that does: whoever makes a link need
// not think of time. A link that says data-now stays.
func keep(page []byte, of url.Values) []byte {
	carried := momentIn(of)
	var out bytes.Buffer
	out.Grow(len(page) + len(page)/8)
	for z := html.NewTokenizer(bytes.NewReader(page)); ; {
		if z.Next() == html.ErrorToken {
			return out.Bytes() // io.EOF: the page is in memory
		}
		raw := bytes.Clone(z.Raw())
		token := z.Token()
		if token.Type != html.StartTagToken || !redirect(&token, carried) {
			out.Write(raw)
			continue
		}
		out.WriteString(token.String())
		if token.DataAtom == atom.Form {
			for field := range carried {
				fmt.Fprintf(&out, `<input type="hidden" name="%s" value="%s">`, field, html.EscapeString(carried.Get(field)))
			}
		}
	}
}

// kept is an address within the portal with the moment of a page, if it travels.
func (r request) kept(location string) string {
	if kept, ok := carry(location, momentIn(r.self.query)); ok && !r.moment.Now() {
		return kept
	}
	return location
}

// momentIn are the fields of a query that name a moment.
func momentIn(query url.Values) url.Values {
	fields := url.Values{}
	for _, field := range []string{fieldMoment, fieldKnown} {
		if v := query.Get(field); v != "" {
			fields.Set(field, v)
		}
	}
	return fields
}

// carry adds a moment to an address that travels and has none.
func carry(href string, moment url.Values) (string, bool) {
	if !local(href) {
		return "", false
	}
	path, fragment, _ := strings.Cut(href, "#")
	to := parseLocal(path)
	if !travels(to.path) || to.query.Has(fieldMoment) || to.query.Has(fieldKnown) {
		return "", false
	}
	for field := range moment {
		to = to.set(field, moment.Get(field))
	}
	if fragment != "" {
		return to.String() + "#" + fragment, true
	}
	return to.String(), true
}

// redirect changes where a link leads; of a form it reports whether it leads to a
// page that travels, whose fields go along.
func redirect(token *html.Token, carried url.Values) bool {
	attributes := map[string]*html.Attribute{}
	for i := range token.Attr {
		attributes[token.Attr[i].Key] = &token.Attr[i]
	}
	if attributes["data-now"] != nil {
		return false
	}
	switch token.DataAtom {
	case atom.A:
		href := attributes["href"]
		if href == nil {
			return false
		}
		kept, ok := carry(href.Val, carried)
		if !ok {
			return false
		}
		href.Val = kept
		return true
	case atom.Form:
		method, action := attributes["method"], attributes["action"]
		return action != nil && travels(action.Val) && (method == nil || strings.EqualFold(cmp.Or(method.Val, "get"), "get"))
	}
	return false
}
