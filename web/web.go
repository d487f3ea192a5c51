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
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web/static"
)

// Config is what the portal is made of. All of it is needed, unless it says otherwise.
type Config struct {
	Catalog    func() Catalog // the catalog now; a request asks once and sees one position
	History    History
	Deliveries Deliveries
	Log        Log // the main log
	Replay     Replayer

	Sources      []Source // as configured, in their order
	URL          string   // where the portal is reached from outside, without a slash at the end
	Organisation string   // may be empty
	Demo         bool     // show the page of components

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
		{entityPath, s.entity},
		{entityPath + "/graph", s.dependencies},
		{entityPath + "/descriptor", s.descriptor},
		{entityPath + "/history", s.entityHistory},
		{palettePath, s.palette},
		{auditPath, s.audit},
		{auditPath + "/:position", s.auditEvent},
		{sourcesPath, s.sources},
	}
	if s.Demo {
		all = append(all, page{componentsPath, s.components})
	}
	return all
}

func (s *Site) actions() []action {
	return []action{
		{replayPath, s.replay},
		{themePath, s.theme},
		{starPath, s.star},
	}
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
	starred, recent []string // refs
	keep            func(*http.Cookie)
}

func browserOf(c echo.Context) browser {
	return browser{keptRefs(c.Request(), starCookie), keptRefs(c.Request(), recentCookie), c.SetCookie}
}

// request is what a page is made from: an address, one moment, one catalog.
type request struct {
	param   func(string) string // of the path
	self    link
	catalog Catalog
	now     time.Time
	browser
}

// answer is a page without its frame, or the address to go to instead.
type answer struct {
	status   int // 0 means 200
	title    string
	body     templ.Component
	bare     bool // the body goes out without a frame, for a script
	location string
	visited  string // ref of the entity that it is about; one of the recent ones from now on
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
		a, err := p.serve(c.Request().Context(), r)
		if err != nil {
			return s.fail(c, r, err)
		}
		if a.location != "" {
			return c.Redirect(http.StatusSeeOther, a.location)
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
			return s.fail(c, s.request(c), echo.NewHTTPError(http.StatusBadRequest).SetInternal(err))
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
		whole, ctx = s.shell(c, r, a.title), templ.WithChildren(ctx, a.body)
	}
	if err := whole.Render(ctx, &page); err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, no-cache")
	c.Response().Header().Set("Vary", "Cookie")
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	return c.HTMLBlob(status, page.Bytes())
}
