package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
)

const (
	// feedPage is how many events are read at once.
	feedPage = 500
	// feedPause is how long a feed is silent at most, so that both ends and all between
	// them know that it is alive.
	feedPause = 15 * time.Second
	// feedWrite is how long a reader may take for what was written to it.
	feedWrite = 30 * time.Second
)

// handleFeed handles "GET /api/history/feed": events as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), the oldest first,
// whose id is the position. It goes on where the parameter after or the header
// Last-Event-ID says, and does not end.
func (a *API) handleFeed(c echo.Context) error {
	q := c.QueryParams()
	f, err := parseEventFilter(q)
	if err != nil {
		return err
	}
	if q.Has("order") || q.Has("by") || q.Has("limit") {
		return fault.New(fault.Invalid, "order, by and limit: a feed has all events in the order of their positions")
	}
	if last := c.Request().Header.Get("Last-Event-ID"); last != "" {
		at, err := numberOf("Last-Event-ID", last)
		if err != nil {
			return err
		}
		f.After = eventlog.Position(at)
	}
	if last, err := a.History.Position(c.Request().Context()); err != nil {
		return err
	} else if f.After > last {
		return fault.New(fault.Invalid, "position %d is not there yet: the newest is %d. If the record was put back to an earlier copy, read it anew from 0", f.After, last)
	}
	f.Oldest, f.ByTime, f.Whole, f.Uncounted, f.Limit = true, false, true, true, feedPage

	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	if a.Open != nil {
		defer context.AfterFunc(a.Open, cancel)()
	}
	w := newStream(c, "text/event-stream")
	if headOnly(c) {
		return nil
	}
	for {
		seen, err := a.feed(ctx, w, &f)
		if err == nil {
			err = w.line(": event %d\n\n", seen) // also that which no filter lets through
		}
		if err == nil {
			err = w.flush()
		}
		if err == nil {
			err = a.next(ctx, seen)
		}
		if ctx.Err() != nil {
			return nil // nobody reads any more, or the server stops
		}
		if err != nil {
			return err
		}
	}
}

// feed writes the events that there are, and returns up to which position.
func (a *API) feed(ctx context.Context, w *stream, f *history.Filter) (eventlog.Position, error) {
	for {
		// What comes while a page is read must not be passed over.
		newest, err := a.History.Position(ctx)
		if err != nil {
			return 0, err
		}
		f.Known = newest
		page, err := a.History.Events(ctx, *f)
		if err != nil {
			return 0, err
		}
		for _, e := range page.Entries {
			b, err := json.Marshal(toEventJSON(e))
			if err != nil {
				return 0, err
			}
			// Without a field "event", which a browser would want a listener of its own for.
			if err := w.line("id: %d\ndata: %s\n\n", e.Position, b); err != nil {
				return 0, err
			}
			f.After = e.Position
		}
		if page.Next == 0 {
			f.After = max(f.After, newest)
			return f.After, nil
		}
	}
}

// next returns once there is an event after a position, or a while has passed.
func (a *API) next(ctx context.Context, p eventlog.Position) error {
	ctx, cancel := context.WithTimeout(ctx, feedPause)
	defer cancel()
	if err := a.Wait(ctx, p+1); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// stream is an answer that is written bit by bit.
type stream struct {
	echo.Context
	control *http.ResponseController
}

// newStream begins an answer that may take longer than others.
func newStream(c echo.Context, contentType string) *stream {
	h := c.Response().Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // of a proxy that would keep it back
	h.Set(gzhttp.HeaderNoCompression, "1")
	c.Response().WriteHeader(http.StatusOK)
	return &stream{c, http.NewResponseController(c.Response())}
}

// headOnly reports whether nobody reads what would be written, however long that took.
func headOnly(c echo.Context) bool { return c.Request().Method == http.MethodHead }

// Write gives the reader a while more for each part.
func (s *stream) Write(b []byte) (int, error) {
	if err := s.control.SetWriteDeadline(time.Now().Add(feedWrite)); err != nil {
		return 0, err
	}
	return s.Response().Write(b)
}

func (s *stream) line(format string, values ...any) error {
	_, err := fmt.Fprintf(s, format, values...)
	return err
}

func (s *stream) flush() error { return s.control.Flush() }
