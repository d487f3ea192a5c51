package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/web/ui"
)

// lateAfter is how far behind a page may be before it says so.
const lateAfter = 10 * time.Second

// shell returns the frame of a page, which takes the page as its children.
func (s *Site) shell(c echo.Context, r request, title string) templ.Component {
	t, err := s.truth(c.Request().Context(), r.catalog, r.now)
	if err != nil {
		// A page that is there is better than none; it says that it does not know.
		s.Logger.ErrorContext(c.Request().Context(), "completeness is not known", "error", err)
	}
	return ui.Shell(ui.Frame{
		Title:        title,
		Organisation: s.Organisation,
		Home:         "/",
		Nav:          s.nav(r.self.path, t),
		Truth:        t.frame(),
		Find: ui.SearchBox{
			Action: catalogPath, Name: "q", Label: "Find in the catalog", Placeholder: "Find a service, team or API",
		},
		Theme: ui.ThemeChoice{Action: themePath, Chosen: chosenTheme(c.Request()), Back: r.self.String()},
	})
}

func (s *Site) nav(path string, t truth) []ui.NavGroup {
	item := func(label, icon, href string) ui.NavItem {
		return ui.NavItem{Label: label, Icon: icon, Href: href, Current: path == href || strings.HasPrefix(path, href+"/")}
	}
	sources := item("Sources", "source", sourcesPath)
	if t.failed > 0 {
		sources.Count = ui.Number(t.failed) + " failed"
		sources.CountSays = ui.Plural(t.failed, "delivery", "deliveries") + " could not be used"
	}
	groups := []ui.NavGroup{
		{Items: []ui.NavItem{item("Catalog", "catalog", catalogPath)}},
		{Title: "Record", Items: []ui.NavItem{item("Audit", "audit", auditPath), sources}},
	}
	if s.Demo {
		groups = append(groups, ui.NavGroup{Title: "Settings", Items: []ui.NavItem{item("Components", "columns", componentsPath)}})
	}
	return groups
}

// truth is how complete the catalog is: everything that was recorded or
// delivered before through is in it.
type truth struct {
	position eventlog.Position // of the catalog
	last     eventlog.Position // of the log
	through  time.Time         // zero while it is not known
	late     time.Duration
	pending  int // deliveries to be handled
	failed   int // deliveries that wait for a person
}

func (s *Site) truth(ctx context.Context, c Catalog, now time.Time) (truth, error) {
	t := truth{position: c.Position()}
	var err error
	if t.last, err = s.Log.Last(ctx); err != nil {
		return t, err
	}
	through := now
	if t.position < t.last {
		next, err := s.Log.At(ctx, t.position+1)
		if err != nil {
			return t, err
		}
		through = next.Recorded
	}
	for _, status := range []event.DeliveryStatus{event.DeliveryReceivedStatus, event.DeliveryWaiting} {
		oldest, n, err := s.oldest(ctx, status)
		if err != nil {
			return t, err
		}
		if t.pending += n; n > 0 && oldest.Before(through) {
			through = oldest
		}
	}
	failed, err := s.Deliveries.List(ctx, deliveries.Filter{Status: event.DeliveryFailed, Limit: 1})
	if err != nil {
		return t, err
	}
	t.failed, t.through, t.late = failed.Total, through, now.Sub(through)
	return t, nil
}

// oldest returns when the first of the deliveries with a status came, and how
// many there are. There are few that are not done with, so that reading them
// all is cheaper than a summary of the whole month.
func (s *Site) oldest(ctx context.Context, status event.DeliveryStatus) (time.Time, int, error) {
	f := deliveries.Filter{Status: status, Limit: 500}
	for {
		p, err := s.Deliveries.List(ctx, f)
		if err != nil || len(p.Deliveries) == 0 {
			return time.Time{}, 0, err
		}
		if p.Next == 0 {
			return p.Deliveries[len(p.Deliveries)-1].Received, p.Total, nil
		}
		f.Before = p.Next
	}
}

func (t truth) frame() ui.Truth {
	f := ui.Truth{Event: ui.Number(t.position), Href: sourcesPath, Late: t.late > lateAfter}
	if !t.through.IsZero() {
		f.Through = ui.Clock(t.through)
	}
	if f.Late {
		f.Note = ui.Late(t.late) + " late"
	}
	return f
}

const (
	themePath   = "/settings/theme"
	themeCookie = "callboard_theme"
)

func chosenTheme(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || c.Value != "light" && c.Value != "dark" {
		return ""
	}
	return c.Value
}

// theme handles "POST /settings/theme".
func (s *Site) theme(_ context.Context, h http.Header, form url.Values) (string, error) {
	c := http.Cookie{Name: themeCookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 365 * 24 * 3600}
	switch chosen := form.Get("theme"); chosen {
	case "light", "dark":
		c.Value = chosen
	case "":
		c.MaxAge = -1
	default:
		return "", fault.New(fault.Invalid, "theme is %q; it can be light, dark or empty", chosen)
	}
	h.Add("Set-Cookie", c.String())
	return backOr(form, catalogPath), nil
}

// backOr is the address that a form asks to come back to, if it is one of ours.
func backOr(form url.Values, otherwise string) string {
	if back := form.Get("back"); local(back) {
		return back
	}
	return otherwise
}

func decimal[N ~uint64](n N) string { return strconv.FormatUint(uint64(n), 10) }

func intParam(q url.Values, field string, otherwise, least, most int) (int, error) {
	v := q.Get(field)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, fault.New(fault.Invalid, "%s=%s is no number from %d to %d", field, v, least, most)
	}
	return n, nil
}

func position(q url.Values, field string) (eventlog.Position, error) {
	v := cmp.Or(q.Get(field), "0")
	n, err := strconv.ParseUint(strings.ReplaceAll(v, ",", ""), 10, 63)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%s=%s is no event number; write %s=48106", field, v, field)
	}
	return eventlog.Position(n), nil
}
