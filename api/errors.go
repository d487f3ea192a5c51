package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
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
		return err.Error()
	}
	id := c.Response().Header().Get(echo.HeaderXRequestID)
	if c.Request().Context().Err() != nil {
		return "The client went away." // nobody reads it, and nothing of ours is wrong
	}
	a.Logger.ErrorContext(c.Request().Context(), "request failed", "request", id, "path", c.Request().URL.Path, "error", err)
	return "This request could not be answered. It is our mistake, and it is on record as " + id + "."
}

// backstageErrors answers errors in the shape that Backstage's clients read.
func (a *API) backstageErrors(next echo.HandlerFunc) echo.HandlerFunc {
	type body struct {
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
	return func(c echo.Context) error {
		err := next(c)
		if err == nil || c.Response().Committed {
			return err
		}
		as := answerTo(err)
		var b body
		b.Error.Name, b.Error.Message = as.name, a.message(c, err, as.status)
		// Backstage names the path below its mount point.
		b.Request.Method, b.Request.URL = c.Request().Method, strings.TrimPrefix(c.Request().RequestURI, "/api/catalog")
		b.Response.StatusCode = as.status
		return c.JSON(as.status, b)
	}
}

// Problem is an error of our own surface: RFC 9457, application/problem+json.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Instance is the request's id, to quote when asking for help.
	Instance string `json:"instance,omitempty"`
}

// problems answers errors as problem+json.
func (a *API) problems(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err == nil || c.Response().Committed {
			return err
		}
		return a.WriteProblem(c, err)
	}
}

// WriteProblem answers with err as problem+json.
func (a *API) WriteProblem(c echo.Context, err error) error {
	as := answerTo(err)
	p := Problem{Type: "about:blank", Title: http.StatusText(as.status), Status: as.status, Detail: a.message(c, err, as.status)}
	if id := c.Response().Header().Get(echo.HeaderXRequestID); id != "" {
		p.Instance = "urn:callboard:request:" + id
	}
	c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
	c.Response().WriteHeader(as.status)
	return c.Echo().JSONSerializer.Serialize(c, p, "")
}
