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
	readPath    = bellPath + "/read"

	fieldNoticeKind = "kind"
	fieldOfCard     = "scorecard"
	fieldUpTo       = "upto"
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

// markRead handles "POST /settings/bell/read": what came up to a moment was looked at.
func (s *Site) markRead(_ context.Context, b browser, form url.Values) (string, error) {
	n, err := strconv.ParseInt(form.Get(fieldUpTo), 10, 64)
	upTo := time.Unix(0, n)
	if err != nil || n <= 0 || upTo.After(s.Now()) {
		return "", fault.New(fault.Invalid, "%q is no moment up to which notices were read", ui.Shorten(form.Get(fieldUpTo), 100))
	}
	if upTo.After(b.read) {
		b.keep(readMark(upTo))
	}
	return parseLocal(backOr(form, noticesPath)).String(), nil
}

// noticesView is a page of notices.
type noticesView struct {
	lede      string
	nothing   bool // there never was one
	facets    []ui.Facet
	chips     []ui.Chip
	clear     string
	rows      []toldRow
	pager     *ui.Pager
	counts    []ui.Person // whom the bell counts for; none: all
	keep      []string    // what it can count for instead: the owners that are shown
	keepSays  string
	self      string
	past      bool
	elsewhere int    // how many are new that are not on the page
	upTo      string // up to when all are marked as read
}

// toldRow is a notice.
type toldRow struct {
	look, icon, kind string
	unread           bool
	headline         ui.Anchor
	says             string // what holds for all lines
	lines            []toldLine
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
	for _, n := range list {
		v.rows = append(v.rows, newToldRow(r, n))
	}
	if err := s.read(ctx, r, q, list, &v); err != nil {
		return answer{}, err
	}
	if err := s.noticeFilters(ctx, r, q, &v); err != nil {
		return answer{}, err
	}
	v.nothing = all == 0 && len(v.chips) == 0
	v.lede = noticesLede(r, all, q)
	return answer{title: "Notices", body: noticesPage(v)}, nil
}

// read has the notices of a list count as read if all that the bell counts are on it.
// Otherwise whoever looks is told how many more there are: a mark that is one moment
// would take those along.
func (s *Site) read(ctx context.Context, r request, q notices.Query, list []notices.Notice, v *noticesView) error {
	if !r.moment.Now() || len(q.Kinds) > 0 || q.Card != "" || !sameOwners(q.Owners, r.bell) {
		return nil
	}
	newest, shown := r.read, 0
	for _, n := range list {
		if n.Shown.After(newest) {
			newest = n.Shown
		}
		if n.Unread(r.since()) {
			shown++
		}
	}
	q.Since = r.since()
	all, err := s.Notices.Count(ctx, q)
	if err != nil {
		return err
	}
	if v.elsewhere = all - shown; v.elsewhere > 0 {
		v.upTo = strconv.FormatInt(r.now.UnixNano(), 10)
	} else if newest.After(r.read) {
		r.keep(readMark(newest))
	}
	return nil
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
	var card []string
	if q.Card != "" {
		card = []string{q.Card}
	}
	at := newNoticeAddress(r.self, q.Owners, len(r.bell) > 0)
	for _, f := range []noticeFilter{
		{"Team", fieldOwner, teams, q.Owners, func(ref string) string { return owner(r.catalog, ref).Name }},
		{"Kind", fieldNoticeKind, kinds, q.Kinds, func(name string) string { k, _ := notices.KindOf(name); return k.Title }},
		{"Scorecard", fieldOfCard, cards, card, func(ref string) string { return named(r.catalog, ref).Label }},
	} {
		v.facets = append(v.facets, f.facet(at))
		v.chips = append(v.chips, f.chips(at)...)
	}
	v.clear = link{path: noticesPath}.set(fieldOwner, ownersAll).String()
	for _, ref := range r.bell {
		v.counts = append(v.counts, owner(r.catalog, ref))
	}
	v.keep, v.keepSays = bellInstead(q.Owners, r.bell)
	return nil
}

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
	if n.Kind != notices.Drop { // of which the lines have each their own
		row.toldMarks = toldMarks{actor(n.Actor), commit(n.Cause), mark(n.Position)}
	}
	for _, l := range words.Lines {
		m := l.Mark
		marks := toldMarks{who: actor(m.Actor), commit: commit(m.Cause)}
		if m.Position > 0 {
			marks.event = mark(m.Position)
		}
		switch {
		case m.Entity != "":
			row.lines = append(row.lines, toldLine{
				entity: ui.Anchor{Label: subject(r.catalog, m.Entity).Label, Href: l.Href},
				level:  newLevelMark(m.From).name + " → " + newLevelMark(m.To).name,
				says:   m.Says, toldMarks: marks,
			})
		case m != (notices.Mark{}):
			row.says, row.toldMarks = m.Says, marks
		case l.Name != "":
			row.lines = append(row.lines, toldLine{entity: ui.Anchor{Label: l.Name, Href: l.Href}, says: l.Text, toldMarks: toldMarks{who: ui.Person{Name: l.Who}}})
		case l.Text != "":
			row.lines = append(row.lines, toldLine{says: l.Text})
		}
	}
	return row
}
