package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards/desk"
)

// answer is how a kind of error looks from outside.
type answer struct {
	status int
	name   string // Backstage's name for it
}

func answerTo(err error) answer {
	var he *echo.HTTPError
	if errors.As(err, &he) {
		switch he.Code {
		case http.StatusNotFound:
			return answer{he.Code, "NotFoundError"}
		case http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusBadRequest:
			return answer{he.Code, "InputError"}
		}
	}
	switch fault.KindOf(err) {
	case fault.NotFound:
		return answer{http.StatusNotFound, "NotFoundError"}
	case fault.Invalid:
		return answer{http.StatusBadRequest, "InputError"}
	case fault.Conflict:
		return answer{http.StatusConflict, "ConflictError"}
	case fault.Denied:
		return answer{http.StatusForbidden, "NotAllowedError"}
	case fault.Unavailable:
		return answer{http.StatusServiceUnavailable, "ServiceUnavailableError"}
	default:
		return answer{http.StatusInternalServerError, "InternalServerError"}
	}
}

// message returns the text for the caller, and logs what must stay inside.
func (a *API) message(c echo.Context, err error, status int) string {
	if status < http.StatusInternalServerError || fault.KindOf(err) == fault.Unavailable {
		if f := fault.RetryAfter(err); f > 0 {
			c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int(f.Round(time.Second)/time.Second)))
		}
		var he *echo.HTTPError
		if errors.As(err, &he) {
			return http.StatusText(he.Code)
		}
		var f *fault.Error
		if status >= http.StatusInternalServerError && errors.As(err, &f) { // what it is wrapped in may tell of the inside
			a.Logger.WarnContext(c.Request().Context(), "request cannot be answered now", "path", c.Request().URL.Path, "error", err)
			return f.Message
		}
		return err.Error()
	}
	id := c.Response().Header().Get(echo.HeaderXRequestID)
	if c.Request().Context().Err() != nil {
		return "The client went away." // nobody reads it, and nothing of ours is wrong
	}
	a.Logger.ErrorContext(c.Request().Context(), "request failed", "request", id, "path", c.Request().URL.Path, "error", err)
	return "This request could not be answered. It is our mistake, and it is on record as " + id + "."
}

// errors answers errors.
func (a *API) errors(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err == nil || c.Response().Committed {
			return err
		}
		return a.WriteError(c, err)
	}
}

// WriteError answers with err: below /api/catalog, /api/techdocs and /api/search in the shape
// that Backstage's clients read, elsewhere as problem+json.
func (a *API) WriteError(c echo.Context, err error) error {
	for _, mount := range []string{backstageMount, techdocsMount, searchMount} {
		if strings.HasPrefix(c.Request().URL.Path, mount+"/") {
			return a.writeBackstageError(c, mount, err)
		}
	}
	return a.writeProblem(c, err)
}

// backstageMount is where Backstage's catalog API is; its errors name paths below it.
const backstageMount = "/api/catalog"

func (a *API) writeBackstageError(c echo.Context, mount string, err error) error {
	var he *echo.HTTPError
	if errors.As(err, &he) && (he.Code == http.StatusNotFound || he.Code == http.StatusMethodNotAllowed) {
		return c.NoContent(http.StatusNotFound) // what Backstage says of a path that it does not serve
	}
	var body struct {
		Error struct {
			Name    string `json:"name"`
			Message string `json:"message"`
		} `json:"error"`
		Request struct {
			Method string `json:"method"`
			URL    string `json:"url"`
		} `json:"request"`
		Response struct {
			StatusCode int `json:"statusCode"`
		} `json:"response"`
	}
	as := answerTo(err)
	body.Error.Name, body.Error.Message = as.name, a.message(c, err, as.status)
	body.Request.Method, body.Request.URL = c.Request().Method, strings.TrimPrefix(c.Request().RequestURI, mount)
	body.Response.StatusCode = as.status
	return writeJSON(c, as.status, body)
}

// Problem is an error of our own surface: RFC 9457, application/problem+json.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Instance is the request's id, to quote when asking for help.
	Instance string `json:"instance,omitempty"`
	// Position is of the event that made it what it is, if it is not what the caller looked at.
	Position eventlog.Position `json:"position,omitempty"`
}

func (a *API) writeProblem(c echo.Context, err error) error {
	as := answerTo(err)
	p := Problem{Type: "about:blank", Title: http.StatusText(as.status), Status: as.status, Detail: a.message(c, err, as.status)}
	if id := c.Response().Header().Get(echo.HeaderXRequestID); id != "" {
		p.Instance = "urn:callboard:request:" + id
	}
	if changed, ok := errors.AsType[desk.Changed](err); ok {
		p.Position = changed.Now
	}
	c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
	c.Response().WriteHeader(as.status)
	return c.Echo().JSONSerializer.Serialize(c, p, "")
}
