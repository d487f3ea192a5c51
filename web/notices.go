package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/web/ui"
)

// Notices are what people are to be told.
type Notices interface {
	// List returns notices, the newest first.
	List(ctx context.Context, q notices.Query) ([]notices.Notice, error)
	// Count returns how many there are, whatever the limit.
	Count(ctx context.Context, q notices.Query) (int, error)
	// Owners, ByKind and Cards count by whom they concern, kind and scorecard, those of the
	// query but for that.
	Owners(ctx context.Context, q notices.Query) ([]notices.Facet, error)
	ByKind(ctx context.Context, q notices.Query) ([]notices.Facet, error)
	Cards(ctx context.Context, q notices.Query) ([]notices.Facet, error)
}

const (
	noticesPath = "/notices"
	bellPath    = "/settings/bell"

	fieldNoticeKind = "kind"
	fieldOfCard     = "scorecard"
	ownersAll       = "all" // a value of fieldOwner: whatever the bell counts

	bellCookie = "callboard_bell" // full refs that the bell counts for; none: all
	readCookie = "callboard_read" // up to when notices were looked at, nanoseconds since 1970

	shownTold = 30
	// unreadFor is how far back a notice counts as unread for who never looked.
	unreadFor = 7 * 24 * time.Hour
	// maxBell is how many owners the bell counts for.
	maxBell = 50
)

// readIn returns up to when a browser has looked at notices; zero for never.
func readIn(r *http.Request) time.Time {
	c, err := r.Cookie(readCookie)
	if err != nil {
		return time.Time{}
	}
	n, err := strconv.ParseInt(c.Value, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

func readMark(at time.Time) *http.Cookie {
	return &http.Cookie{Name: readCookie, Value: strconv.FormatInt(at.UnixNano(), 10), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 365 * 24 * 3600}
}

// since is from when on notices are unread.
func (r request) since() time.Time {
	if least := r.now.Add(-unreadFor); r.read.Before(least) {
		return least
	}
	return r.read
}

// bell is what the bar says of notices; zero where there are none to tell.
func (s *Site) bell(ctx context.Context, r request) ui.Bell {
	if s.Notices == nil {
		return ui.Bell{}
	}
	b := ui.Bell{Href: noticesPath, Current: r.self.path == noticesPath}
	if b.Current || !r.moment.Now() {
		return b
	}
	n, err := s.Notices.Count(ctx, notices.Query{Now: r.now, Since: r.since(), Owners: r.bell})
	if err != nil {
		s.Logger.ErrorContext(ctx, "how many notices are unread is not known", "error", err)
	}
	b.Unread = n
	return b
}

// bellFor handles "POST /settings/bell": the bell counts for these owners; none is all.
func (s *Site) bellFor(_ context.Context, b browser, form url.Values) (string, error) {
	var refs []string
	for _, text := range form[fieldOwner] {
		ref, err := catalog.ParseRef(text, catalog.Ref{Kind: "Group"})
		if err != nil {
			return "", fault.New(fault.Invalid, "%q names no team", ui.Shorten(text, 100))
		}
		refs = append(refs, ref.String())
	}
	if len(refs) > maxBell || len(strings.Join(refs, refsJoint)) > maxKept {
		return "", fault.New(fault.Invalid, "the bell counts for %d teams at most; choose fewer, or all", maxBell)
	}
	b.keep(keepRefs(bellCookie, refs))
	return parseLocal(backOr(form, noticesPath)).String(), nil
}

// noticesView is a page of notices.
type noticesView struct {
	lede     string
	nothing  bool // there never was one
	facets   []ui.Facet
	chips    []ui.Chip
	clear    string
	rows     []toldRow
	pager    *ui.Pager
	counts   []ui.Person // whom the bell counts for; none: all
	keep     []string    // what it can count for instead: the owners that are shown
	keepSays string
	self     string
	past     bool
}

// toldRow is a notice.
type toldRow struct {
	look, icon, kind string
	unread           bool
	headline         ui.Anchor
	says             string // what holds for all lines
	lines            []toldLine
	more             int
	when             ui.Moment
	owners           []ui.Person
	card             ui.Anchor
	toldMarks
}

// toldLine is one of the entities of a notice, or a word about it.
type toldLine struct {
	entity ui.Anchor
	level  string
	says   string
	toldMarks
}

type toldMarks struct {
	who    ui.Person
	commit ui.CommitMark
	event  ui.EventMark
}

// noticeList handles "GET /notices".
func (s *Site) noticeList(ctx context.Context, r request) (answer, error) {
	if s.Notices == nil {
		return answer{}, fault.New(fault.NotFound, "this portal has no notices")
	}
	page, err := intParam(r.self.query, fieldPage, 1, 1, 1_000_000)
	if err != nil {
		return answer{}, err
	}
	q, err := noticeQuery(r)
	if err != nil {
		return answer{}, err
	}
	all, err := s.Notices.Count(ctx, q)
	if err != nil {
		return answer{}, err
	}
	q.Limit, q.Offset = shownTold, (page-1)*shownTold
	list, err := s.Notices.List(ctx, q)
	if err != nil {
		return answer{}, err
	}
	v := noticesView{self: r.self.String(), past: !r.moment.Now(), pager: newPager(r.self, page, shownTold, all)}
	newest := r.read
	for _, n := range list {
		v.rows = append(v.rows, newToldRow(r, n))
		if n.Shown.After(newest) {
			newest = n.Shown
		}
	}
	if err := s.noticeFilters(ctx, r, q, &v); err != nil {
		return answer{}, err
	}
	v.nothing = all == 0 && len(v.chips) == 0
	v.lede = noticesLede(r, all, q)
	if r.moment.Now() && page == 1 && len(q.Kinds) == 0 && q.Card == "" && sameOwners(q.Owners, r.bell) && newest.After(r.read) {
		r.keep(readMark(newest))
	}
	return answer{title: "Notices", body: noticesPage(v)}, nil
}

func sameOwners(shown, counted []string) bool {
	return len(shown) == 0 || slices.Equal(shown, counted)
}

func noticesLede(r request, all int, q notices.Query) string {
	says := ui.Plural(all, "notice", "notices")
	if len(q.Owners) > 0 {
		names := make([]string, len(q.Owners))
		for i, ref := range q.Owners {
			names[i] = owner(r.catalog, ref).Name
		}
		says += " for " + strings.Join(names, ", ")
	}
	return says + ". What fell, what is asked for, and what ends soon, with what it is due to."
}

// noticeQuery is what the address of a page asks for.
func noticeQuery(r request) (notices.Query, error) {
	q := notices.Query{Moment: r.moment, Now: r.now, Card: r.self.query.Get(fieldOfCard)}
	for _, name := range r.self.query[fieldNoticeKind] {
		if _, ok := notices.KindOf(name); !ok {
			return q, fault.New(fault.Invalid, "there is no kind of notice %q", ui.Shorten(name, 100))
		}
		q.Kinds = append(q.Kinds, name)
	}
	switch asked := r.self.query[fieldOwner]; {
	case len(asked) == 0:
		q.Owners = r.bell
	case !slices.Contains(asked, ownersAll):
		if len(asked) > maxBell {
			return q, fault.New(fault.Invalid, "%d teams are more than a page can show; choose at most %d", len(asked), maxBell)
		}
		q.Owners = asked
	}
	return q, nil
}

// noticeFilters fills the filters, and what the bell counts.
func (s *Site) noticeFilters(ctx context.Context, r request, q notices.Query, v *noticesView) error {
	here := r.self.drop(fieldPage, fieldMoment, fieldKnown)
	teams, err := s.Notices.Owners(ctx, q)
	if err != nil {
		return err
	}
	kinds, err := s.Notices.ByKind(ctx, q)
	if err != nil {
		return err
	}
	cards, err := s.Notices.Cards(ctx, q)
	if err != nil {
		return err
	}
	if len(here.query[fieldOwner]) == 0 && len(q.Owners) > 0 { // the bell's, as if they were asked for
		here = here.set(fieldOwner, q.Owners...)
	}
	without := func(field, value string) string {
		l := here.toggle(field, value)
		if field == fieldOwner && len(l.query[fieldOwner]) == 0 && len(r.bell) > 0 {
			l = l.set(fieldOwner, ownersAll)
		}
		return l.String()
	}
	facet := func(name, field string, all []notices.Facet, on []string, label func(string) string) {
		f := ui.Facet{Name: name, Open: true, Single: field == fieldOfCard}
		for _, one := range all {
			if one.Value == "" {
				continue
			}
			item := ui.FacetItem{Label: label(one.Value), Count: one.Count, On: slices.Contains(on, one.Value), Href: without(field, one.Value)}
			if field == fieldOfCard && !item.On {
				item.Href = here.set(field, one.Value).String()
			}
			if field == fieldOwner && !item.On && slices.Contains(here.query[fieldOwner], ownersAll) {
				item.Href = here.set(field, one.Value).String()
			}
			if len(f.Items) < shownFacet || item.On {
				f.Items = append(f.Items, item)
			} else {
				f.More = append(f.More, item)
			}
		}
		for _, value := range on {
			v.chips = append(v.chips, ui.Chip{Field: name, Value: label(value), Drop: without(field, value)})
		}
		v.facets = append(v.facets, f)
	}
	facet("Team", fieldOwner, teams, q.Owners, func(ref string) string { return owner(r.catalog, ref).Name })
	facet("Kind", fieldNoticeKind, kinds, q.Kinds, func(name string) string {
		k, _ := notices.KindOf(name)
		return k.Title
	})
	var card []string
	if q.Card != "" {
		card = []string{q.Card}
	}
	facet("Scorecard", fieldOfCard, cards, card, func(ref string) string { return named(r.catalog, ref).Label })
	v.clear = link{path: noticesPath}.set(fieldOwner, ownersAll).String()
	for _, ref := range r.bell {
		v.counts = append(v.counts, owner(r.catalog, ref))
	}
	if !slices.Equal(q.Owners, r.bell) {
		v.keep, v.keepSays = q.Owners, "Count all teams"
		if len(q.Owners) > 0 {
			v.keepSays = "Count what is shown"
		}
	}
	return nil
}

// shownFacet is how many values of a filter are seen at once.
const shownFacet = 8

func newToldRow(r request, n notices.Notice) toldRow {
	k, _ := notices.KindOf(n.Kind)
	words := notices.Text(n)
	row := toldRow{
		look: k.Look, icon: k.Icon, kind: k.Title, unread: r.moment.Now() && n.Unread(r.since()),
		headline: ui.Anchor{Label: words.Headline, Href: words.Href}, when: ui.Near(n.Time, r.now),
	}
	if n.Card != "" {
		row.card = ui.Anchor{Label: named(r.catalog, n.Card).Label}
		if ref, err := catalog.ParseRef(n.Card, catalog.Ref{}); err == nil {
			row.card.Href = scorecardLink(ref)
		}
	}
	for _, ref := range n.Owners {
		row.owners = append(row.owners, owner(r.catalog, ref))
	}
	if n.Kind != notices.Drop {
		row.toldMarks = toldMarks{actor(n.Actor), commit(n.Cause), mark(n.Position)}
		for _, l := range words.Lines {
			if l.Text != "" {
				row.lines = append(row.lines, toldLine{says: l.Text})
			}
		}
		return row
	}
	first := n.Falls[0]
	same := len(n.Falls) > 1 && !slices.ContainsFunc(n.Falls, func(f notices.Fall) bool {
		return f.Said() != first.Said() || f.Actor != first.Actor || f.Cause != first.Cause
	})
	if same {
		row.says, row.who, row.commit = first.Said(), actor(first.Actor), commit(first.Cause)
	}
	for i, f := range n.Falls {
		if i == maxFalls {
			row.more = len(n.Falls) - maxFalls
			break
		}
		line := toldLine{says: f.Said(), toldMarks: toldMarks{actor(f.Actor), commit(f.Cause), mark(f.Position)}}
		if same {
			line = toldLine{toldMarks: toldMarks{event: line.event}}
		}
		if len(n.Falls) == 1 {
			row.toldMarks, line.toldMarks = line.toldMarks, toldMarks{}
		} else {
			line.entity = subject(r.catalog, f.Entity)
			if ref, err := catalog.ParseRef(f.Entity, catalog.Ref{}); err == nil {
				line.entity.Href = entityLink(ref) + "/scorecards"
			}
			line.level = newLevelMark(f.From).name + " → " + newLevelMark(f.To).name
		}
		row.lines = append(row.lines, line)
	}
	return row
}

// maxFalls is how many entities of a notice the page names.
const maxFalls = 12
