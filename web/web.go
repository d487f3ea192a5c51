// Package web is the portal: pages made on the server, readable without a
// script.
//
// Start with [Config] and [Site.pages]: each page is a file with the interfaces
// that it reads from, a view (typed data, made by a pure function), and a
// template. Components are drawn by the package ui, files are served by the
// package static. Every filter is a link or a form with GET: the address is the
// whole state of a page.
//
// To look at the pages with a sample organisation: go run ./web/internal/preview.
// After a change of a template: go tool templ generate.
package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/subscribers"
	"github.com/callboard/callboard/web/static"
	"github.com/callboard/callboard/web/ui"
)

// Config is what the portal is made of. All of it is needed, unless it says otherwise.
type Config struct {
	Catalog    func() Catalog // the catalog now; a request asks once and sees one position
	Moments    Moments        // may be nil: then all pages are of now
	History    History
	Ledger     *ledger.Ledger // nil as Moments is: then pages do not tell what the history comes to
	Deliveries Deliveries
	Log        Log    // the main log
	Proofs     Proofs // may be nil: then nothing is under seal
	// Unsealed tells why nothing more is put under seal; nil if that is not so. It may be nil.
	Unsealed     func() error
	Evidence     Evidence
	Replay       Replayer
	Allow        Replayer     // of a delivery that is held, to remove as much as it takes
	Dismiss      Dismisser    // of a delivery that failed or is held
	Undo         Undoer       // may be nil: then no page undoes anything
	Locations    Locations    // may be nil: then none can be registered
	Facts        Facts        // may be nil: then no owners are suggested, and no facts shown
	Verify       Verifier     // may be nil: then no page asks whether an entity is still so
	Scores       Scores       // may be nil: then there are no scorecards
	Trends       Trends       // nil if Scores is
	Notices      Notices      // may be nil: then nobody is told anything
	Trials       Trials       // may be nil: then no change of a scorecard can be tried
	Performance  Performance  // may be nil: then no page tells how software is delivered
	Explain      Explain      // may be nil: then no page tells how rules come to what they say
	Says         Says         // may be nil: then pages tell what rules said when they came to fail
	Unclear      Unclear      // may be nil: then no page tells that the filter of a card goes wrong
	Agreements   Agreements   // nil if Scores is
	Desk         Desk         // may be nil: then nothing of exemptions and initiatives is asked for or decided on pages
	Docs         Docs         // may be nil: then there is no documentation
	Contents     DocsContents // nil if Docs is
	PlantUML     string       // address of a server that draws it; "": it is shown as it is written
	Search       Search
	Standing     Standing
	Repositories Repositories
	Inbox        Inbox
	Checks       Checks // nil: no pull requests are checked
	Survey       Surveyor
	Backfill     Surveyor                      // begins to read the past of a source; nil: no page does. fault.Conflict while one runs
	MakeHook     Surveyor                      // has the webhook of a source made, or gone on with; nil if Connecting is. fault.Conflict while it is, or if it cannot be
	Connecting   Connecting                    // may be nil: then a source is connected in the configuration only
	Changing     Changing                      // nil if Connecting is
	Refusals     func(source string) []Refusal // the newest first
	Subscribers  *subscribers.Dispatcher       // nil: there are none

	Sources      func() []Source // as they are configured now, in their order
	URL          string          // where the portal is reached from outside, without a slash at the end
	Organisation string          // may be empty
	Demo         bool            // show the page of components
	Manual       string          // where the portal's manual is; may be empty

	Now    func() time.Time
	Logger *slog.Logger
}

// Site serves the portal's pages.
type Site struct{ Config }

// New makes the portal.
func New(c Config) *Site { return &Site{c} }

// Register adds the pages, the actions and the files they load to e.
//
// An action is a POST that answers 303; that a request is same-origin is for
// the server to check before it gets here.
func (s *Site) Register(e *echo.Echo) {
	for _, p := range s.pages() {
		e.Match([]string{http.MethodGet, http.MethodHead}, p.path, s.serve(p))
	}
	for _, p := range s.forms() {
		e.POST(p.path, s.serve(p))
	}
	for _, a := range s.actions() {
		e.POST(a.path, s.act(a))
	}
	e.Match([]string{http.MethodGet, http.MethodHead}, static.Prefix+"*", echo.WrapHandler(static.Handler()))
}

// pages lists every page. To add one is a line here and, if it is to be found
// in the sidebar, one in nav.
func (s *Site) pages() []page {
	all := []page{
		{"/", s.home},
		{catalogPath, s.catalog},
		{apisPath, s.apis},
		{registerPath, s.register},
		{registerPath + "/:id", s.registered},
		{entityPath, s.entity},
		{entityPath + "/graph", s.dependencies},
		{entityPath + "/descriptor", s.descriptor},
		{entityPath + "/history", s.entityHistory},
		{entityPath + "/compare", s.compare},
		{entityPath + "/ledger", s.account},
		{entityPath + "/definition", s.definition},
		{entityPath + "/definition/raw", s.definitionText},
		{scorecardsPath, s.scorecardList},
		{cardFormURL, s.newCard},
		{scorecardsPath + "/:name", s.scorecard},
		{scorecardsPath + "/:name/try", s.tryCard},
		{scorecardsPath + "/:name/try/:id", s.tried},
		{entityPath + "/scorecards", s.entityScores},
		{entityPath + "/scorecards/:card/:rule", s.scoreWhy},
		{exemptionsPath, s.exemptionList},
		{exemptionFormURL, s.askExemption},
		{exemptionsPath + "/:name", s.exemption},
		{initiativesPath, s.initiativeList},
		{initiativeFormURL, s.newInitiative},
		{initiativesPath + "/:name", s.initiative},
		{initiativesPath + "/:name/edit", s.editInitiative},
		{executivePath, s.executive},
		{teamsPath, s.teams},
		{docsPath, s.docsSites},
		{docsOfPath, s.docsPage},
		{docsOfPath + "/*", s.docsPage},
		{searchPath, s.search},
		{palettePath, s.palette},
		{noticesPath, s.noticeList},
		{changesPath, s.changes},
		{auditPath, s.audit},
		{evidencePath, s.evidence},
		{auditPath + "/:position", s.auditEvent},
		{checksPath + "/:name/*", s.checked},
		{sourcesPath, s.sources},
		{connectPath, s.connect},
		{connectAppPath, s.appMade},
		{sourcesPath + "/:name", s.source},
		{sourcesPath + "/:name/connect", s.connecting},
		{sourcesPath + "/:name/change", s.change},
		{sourcesPath + "/:name/disconnect", s.disconnect},
		{sourcesPath + "/:name/repositories", s.sourceRepositories},
		{sourcesPath + "/:name/repositories/*", s.repository},
		{sourcesPath + "/:name/deliveries", s.sourceDeliveries},
		{sourcesPath + "/:name/deliveries/:id", s.delivery},
		{sourcesPath + "/:name/deliveries/:id/body", s.deliveryBody},
		{subscribersPath, s.subscriberList},
		{subscribersPath + "/:name", s.subscriber},
		{subscribersPath + "/:name/dead-letters/:position", s.deadLetter},
	}
	for _, t := range relatedTabs() {
		all = append(all, page{entityPath + "/" + t.path, s.related(t)})
	}
	if s.Demo {
		all = append(all, page{componentsPath, s.components})
	}
	return all
}

// forms lists the pages that are asked for with POST, since what they show takes
// work that a link must not cause, or answers to what was filled in.
func (s *Site) forms() []page {
	return []page{
		{registerPath, s.preview},
		{scorecardsPath + "/:name/try", s.tryChange},
		{cardFormURL, s.openCard},
		{scorecardsPath + "/:name/publish", s.changeCard},
		{scorecardsPath + "/:name/delete", s.removeCard},
		{exemptionFormURL, s.asked},
		{exemptionsPath + "/:name/grant", s.decide("grant", Desk.GrantExemption)},
		{exemptionsPath + "/:name/deny", s.decide("deny", Desk.DenyExemption)},
		{exemptionsPath + "/:name/revoke", s.decide("revoke", Desk.RevokeExemption)},
		{initiativeFormURL, s.openInitiative},
		{initiativesPath + "/:name/edit", s.changeInitiative},
		{initiativesPath + "/:name/close", s.closeInitiative},
		{connectPath, s.connectWith},
		{sourcesPath + "/:name/change", s.changeWith},
		{sourcesPath + "/:name/deliveries/:id/undo", s.undoDelivery},
		{auditPath + "/:position/undo", s.undoEvent},
		{verifyPath, s.verify},
		{sourcesPath + "/:name/disconnect", s.disconnected},
	}
}

func (s *Site) actions() []action {
	all := []action{
		{replayPath, s.replay},
		{allowPath, s.allow},
		{dismissPath, s.dismiss},
		{surveyPath, s.survey},
		{backfillPath, s.backfill},
		{makeHookPath, s.makeHook},
		{themePath, s.theme},
		{youPath, s.you},
		{bellPath, s.bellFor},
		{readPath, s.markRead},
		{starPath, s.star},
		{registerPath + "/confirm", s.confirm},
		{removeLocationPath, s.removeLocation},
	}
	for name, do := range orders() {
		all = append(all, action{subscribersPath + "/" + name, s.orderSubscriber(do)})
	}
	return all
}

// page answers GET at a path in Echo's notation.
type page struct {
	path  string
	serve func(context.Context, request) (answer, error)
}

// action answers POST with the address to go to.
type action struct {
	path string
	do   func(context.Context, browser, url.Values) (string, error)
}

// browser is what is known of who asks: what it keeps in cookies.
type browser struct {
	starred, recent []string  // refs
	name            string    // what whoever asks calls themselves; may be empty
	bell            []string  // refs of the owners that the bell counts for; none: all
	read            time.Time // up to when notices were looked at; zero: never
	keep            func(*http.Cookie)
}

func browserOf(c echo.Context) browser {
	return browser{keptRefs(c.Request(), starCookie), keptRefs(c.Request(), recentCookie), NameIn(c.Request()), keptRefs(c.Request(), bellCookie), readIn(c.Request()), c.SetCookie}
}

// request is what a page is made from: an address, one moment, one catalog.
type request struct {
	id      string              // that it has in the log of requests
	param   func(string) string // of the path
	form    func(string) string // of the form, for a page that is asked for with POST
	posted  func() url.Values   // all of the form
	self    link
	catalog Catalog
	moment  projections.Moment // of the catalog
	ahead   bool               // a moment was asked for that is still to come
	toward  string             // the moment that it travels to, in words; "" for none
	now     time.Time
	browser
}

// answer is a page without its frame, or the address to go to instead.
type answer struct {
	status   int // 0 means 200, or 303 with a location
	title    string
	body     templ.Component
	bare     bool // the body goes out without a frame, for a script
	location string
	file     *file         // to keep, instead of a page
	shown    *shownFile    // to show, instead of a page
	styles   []string      // stylesheets that the page needs besides
	wrong    []ui.Anchor   // fields of a form that came back, from [ui.Wrong]
	again    time.Duration // after which the page is to be asked for again; 0 for never
	secret   bool          // nobody is to keep it
	tagged   bool          // a browser that has it is told so, instead of sent it again
	images   string        // origin of another site that images on the page come from; "" for none
	posts    string        // origin of another site that a form on the page is sent to; "" for none
	visited  string        // ref of the entity that it is about; one of the recent ones from now on
}

// file is something that a browser is to keep, not to show.
type file struct{ name, text string }

func (f *file) write(c echo.Context) error {
	c.Response().Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	c.Response().Header().Set("X-Content-Type-Options", "nosniff")
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(f.text))
}

func (s *Site) home(context.Context, request) (answer, error) {
	return answer{location: catalogPath}, nil
}

// maxQuery bounds the state of a page, which stands in every link on it.
const maxQuery = 2000

func (s *Site) serve(p page) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := s.request(c)
		if n := len(c.Request().URL.RawQuery); n > maxQuery {
			r.self.query = nil
			return s.fail(c, r, fault.New(fault.Invalid, "the query has %d characters; the most that a page takes is %d", n, maxQuery))
		}
		if c.Request().Method == http.MethodPost {
			if _, err := c.FormParams(); err != nil {
				return s.fail(c, r, unread(err))
			}
		}
		var a answer
		ctx := projections.Patient(c.Request().Context(), patience)
		err := s.travel(ctx, &r)
		if err == nil {
			a, err = p.serve(ctx, r)
		}
		if errors.Is(err, projections.ErrBeingMade) {
			return s.write(c, r, beingMade(r))
		}
		if err != nil {
			return s.fail(c, r, err)
		}
		if a.location != "" {
			c.Response().Header().Set("Cache-Control", "private, no-cache")
			return c.Redirect(cmp.Or(a.status, http.StatusSeeOther), r.kept(a.location))
		}
		if a.file != nil {
			return a.file.write(c)
		}
		if a.shown != nil {
			return a.shown.write(c)
		}
		if a.visited != "" {
			r.keep(keepRefs(recentCookie, visited(r.recent, a.visited)))
		}
		return s.write(c, r, a)
	}
}

func (s *Site) act(a action) echo.HandlerFunc {
	return func(c echo.Context) error {
		form, err := c.FormParams()
		if err != nil {
			return s.fail(c, s.request(c), unread(err))
		}
		location, err := a.do(c.Request().Context(), browserOf(c), form)
		if err != nil {
			r := s.request(c)
			r.self = parseLocal(backOr(form, "/")) // an action has no page to go back to
			return s.fail(c, r, err)
		}
		return c.Redirect(http.StatusSeeOther, location)
	}
}

func (s *Site) request(c echo.Context) request {
	u := c.Request().URL
	return request{
		id: c.Response().Header().Get(echo.HeaderXRequestID),
		param: func(name string) string {
			v := c.Param(name)
			if u.RawPath == "" {
				return v // Echo matched the decoded path
			}
			if decoded, err := url.PathUnescape(v); err == nil {
				return decoded
			}
			return v
		},
		form:    c.FormValue,
		posted:  func() url.Values { _ = c.Request().ParseForm(); return c.Request().PostForm },
		self:    link{u.EscapedPath(), c.QueryParams()},
		catalog: s.Catalog(),
		now:     s.Now(),
		browser: browserOf(c),
	}
}

// write draws the whole page before the first byte goes out, so that a page
// that cannot be drawn is an error page and never half a page.
func (s *Site) write(c echo.Context, r request, a answer) error {
	var page bytes.Buffer
	whole, ctx := a.body, c.Request().Context()
	if !a.bare {
		whole, ctx = s.shell(c, r, a), templ.WithChildren(ctx, a.body)
	}
	if err := whole.Render(ctx, &page); err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, no-cache")
	if a.secret {
		c.Response().Header().Set("Cache-Control", "no-store")
	}
	c.Response().Header().Set("Vary", "Cookie")
	allow(c.Response().Header(), "form-action 'self'", a.posts)
	allow(c.Response().Header(), "img-src 'self'", a.images)
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	drawn := page.Bytes()
	if !r.moment.Now() {
		drawn = keep(drawn, r.self.query)
	}
	if a.tagged {
		tag := pageTag(drawn)
		c.Response().Header().Set("ETag", tag)
		if c.Request().Header.Get("If-None-Match") == tag {
			return c.NoContent(http.StatusNotModified)
		}
	}
	return c.HTMLBlob(status, drawn)
}

// allow adds an origin to what a directive of the policy lets a page do; "" adds none.
func allow(h http.Header, directive, origin string) {
	if policy := h.Get("Content-Security-Policy"); origin != "" {
		h.Set("Content-Security-Policy", strings.Replace(policy, directive, directive+" "+origin, 1))
	}
}

// pageTag is the ETag of a page. That the page is complete through a later second, and is
// the same otherwise, makes it no other page.
func pageTag(drawn []byte) string {
	h := sha256.New()
	before, rest, _ := bytes.Cut(drawn, []byte(`<span class="through">`))
	_, after, _ := bytes.Cut(rest, []byte(`</a>`))
	h.Write(before)
	h.Write(after)
	return `W/"` + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12]) + `"`
}
