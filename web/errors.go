package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web/ui"
)

// errorView is an error in four parts: what is so, where, what still holds, and
// what to do.
type errorView struct {
	status int
	title  string
	text   string
	where  string // an id, or what could not be understood
	holds  string
	acts   []ui.Button
}

// Error answers with the page of an error that did not come from a page of the
// portal: no route, a panic, a body that is too large. The server calls it for
// every path that is not an API's.
func (s *Site) Error(c echo.Context, err error) error {
	if c.Response().Committed {
		return nil // it is too late for another answer
	}
	return s.fail(c, s.request(c), err)
}

// fail turns an error into a page. It is the one place that does: an internal
// error's text goes to the log, and an id to the reader.
func (s *Site) fail(c echo.Context, r request, err error) error {
	ctx := c.Request().Context()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil // nobody is there to read it
	}
	id := requestID(c)
	v := explain(err, id, r.self)
	if v.status >= http.StatusInternalServerError {
		s.Logger.ErrorContext(ctx, "page not made", "error", err, "request", id, "path", r.self.path)
	}
	if wait := fault.RetryAfter(err); wait > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(max(1, int(wait.Seconds()))))
	}
	return s.write(c, r, answer{status: v.status, title: v.title, body: errorPage(v)})
}

// requestID is the id that the server gave the request, or a new one.
func requestID(c echo.Context) string {
	given := c.Response().Header().Get(echo.HeaderXRequestID)
	return cmp.Or(given, strings.ToLower(rand.Text()[:8]))
}

func explain(err error, id string, at link) errorView {
	catalogButton := ui.Button{Label: "Open the catalog", Href: catalogPath}
	var routed *echo.HTTPError
	kind := fault.KindOf(err)
	if kind == fault.Internal && errors.As(err, &routed) {
		kind = kindOfStatus(routed.Code)
	}
	if routed != nil && routed.Code == http.StatusRequestEntityTooLarge {
		return errorView{
			status: routed.Code, title: "This is too large",
			text:  "What was sent has more than 1 MB, the most that a page takes. Go back in your browser, where what you wrote still stands, and shorten it.",
			where: at.path, holds: "Nothing was changed.", acts: []ui.Button{catalogButton},
		}
	}
	switch kind {
	case fault.NotFound:
		v := errorView{
			status: http.StatusNotFound,
			title:  "There is no such page",
			text:   "Nothing of the portal is at this address.",
			where:  at.path,
			holds:  "Nothing is lost: entities that were removed keep their address and their history.",
			acts:   []ui.Button{catalogButton, {Label: "See the record", Href: auditPath, Look: "quiet"}},
		}
		if routed == nil {
			v.text = sentenceOf(err)
		}
		return v
	case fault.Invalid:
		v := errorView{
			status: http.StatusBadRequest,
			title:  "This address could not be understood",
			text:   "Something in it is not what the page expects.",
			where:  at.String(),
			holds:  "Nothing was searched and nothing was changed.",
			acts:   []ui.Button{{Label: "Start without filters", Href: templ.SafeURL(link{path: at.again().path}.String())}},
		}
		if routed == nil {
			v.text = sentenceOf(err)
		}
		return v
	case fault.Conflict:
		return errorView{
			status: http.StatusConflict, title: "It is not as it was",
			text: sentenceOf(err), where: id, holds: "Nothing was changed.",
			acts: []ui.Button{{Label: "Look again", Href: templ.SafeURL(link{path: at.again().path}.String())}},
		}
	case fault.Denied:
		return errorView{
			status: http.StatusForbidden, title: "This is not for you to do",
			text: "You may look at it, and not change it.", where: id, holds: "Nothing was changed.",
			acts: []ui.Button{catalogButton},
		}
	case fault.Unavailable:
		return errorView{
			status: http.StatusServiceUnavailable, title: "This page cannot be read just now",
			text: "Something that it needs does not answer.", where: id,
			holds: "Deliveries are kept and nothing is lost; what came meanwhile appears by itself.",
			acts:  []ui.Button{{Label: "Try again", Icon: "replay", Href: templ.SafeURL(at.again().String())}},
		}
	default:
		return errorView{
			status: http.StatusInternalServerError, title: "This page could not be made",
			text: "It is our mistake, and it is on record as", where: id,
			holds: "The catalog itself is fine.",
			acts:  []ui.Button{{Label: "Try again", Icon: "replay", Href: templ.SafeURL(at.again().String())}, {Label: "Open the catalog", Href: catalogPath, Look: "quiet"}},
		}
	}
}

// unread is why a form could not be read: it is too large, as the error says, or it is none.
func unread(err error) error {
	if _, ok := errors.AsType[*echo.HTTPError](err); ok {
		return err
	}
	return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
}

func kindOfStatus(status int) fault.Kind {
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return fault.NotFound
	case http.StatusForbidden, http.StatusUnauthorized:
		return fault.Denied
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return fault.Unavailable
	}
	if status >= 400 && status < 500 {
		return fault.Invalid
	}
	return fault.Internal
}

// sentenceOf is an error for people. One that begins with a parameter, "group=x", says it as it
// is written.
func sentenceOf(err error) string {
	says := strings.TrimSuffix(err.Error(), ".") + "."
	if first, _, _ := strings.Cut(says, " "); strings.Contains(first, "=") {
		return says
	}
	return ui.Sentence(says)
}
