package api

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
)

// History answers what happened.
type History interface {
	// Position is that of the newest event.
	Position(context.Context) (eventlog.Position, error)
	Events(context.Context, history.Filter) (history.Page, error)
	Event(context.Context, eventlog.Position) (history.Entry, error)
}

// eventJSON is one event on the wire.
type eventJSON struct {
	Position   eventlog.Position `json:"position"`
	ID         string            `json:"id"`
	Type       event.Type        `json:"type"`
	Source     string            `json:"source"`
	Subject    string            `json:"subject"`
	Time       time.Time         `json:"time"`
	RecordedAt time.Time         `json:"recordedAt"`
	Actor      event.Actor       `json:"actor"`
	Cause      event.Cause       `json:"cause"`
	Summary    string            `json:"summary"`
	Changes    []catalog.Change  `json:"changes"`
	Backfilled bool              `json:"backfilled,omitempty"`
	Extensions map[string]string `json:"extensions,omitempty"`
	Data       json.RawMessage   `json:"data,omitempty"`
}

func toEventJSON(e history.Entry) eventJSON {
	if e.Changes == nil {
		e.Changes = []catalog.Change{}
	}
	return eventJSON{e.Position, e.ID, e.Type, e.Source, e.Subject, e.Time, e.Recorded, e.Actor, e.Cause, e.Summary, e.Changes, e.Backfilled, e.Extensions, dataOf(e)}
}

// dataOf is what an event says; nil if that was not asked for, or is no JSON.
func dataOf(e history.Entry) json.RawMessage {
	if !json.Valid(e.Data) {
		return nil
	}
	return e.Data
}

// handleEvents handles "GET /api/history/events".
func (a *API) handleEvents(c echo.Context) error {
	f, err := a.filterOf(c)
	if err != nil {
		return err
	}
	page, err := a.History.Events(c.Request().Context(), f)
	if err != nil {
		return err
	}
	body := struct {
		Items      []eventJSON `json:"items"`
		TotalItems int         `json:"totalItems"` // history.MaxTotal at most
		MoreItems  bool        `json:"moreItems,omitempty"`
		NextCursor string      `json:"nextCursor,omitempty"`
	}{Items: make([]eventJSON, len(page.Entries)), TotalItems: page.Total, MoreItems: page.More}
	for i, e := range page.Entries {
		body.Items[i] = toEventJSON(e)
	}
	if page.Next > 0 {
		body.NextCursor = strconv.FormatUint(uint64(page.Next), 10)
	}
	return c.JSON(200, body)
}

// handleEvent handles "GET /api/history/events/:position".
func (a *API) handleEvent(c echo.Context) error {
	p, err := positionOf(c)
	if err != nil {
		return err
	}
	e, err := a.History.Event(c.Request().Context(), p)
	if err != nil {
		return err
	}
	return c.JSON(200, toEventJSON(e))
}

// positionOf is the position that the path names.
func positionOf(c echo.Context) (eventlog.Position, error) {
	p, err := strconv.ParseUint(c.Param("position"), 10, 63)
	if err != nil {
		return 0, fault.New(fault.Invalid, "position must be a number, not %q", c.Param("position"))
	}
	return eventlog.Position(p), nil
}

// filterOf reads which events are asked for, as of a moment if one is named.
func (a *API) filterOf(c echo.Context) (history.Filter, error) {
	f, err := parseEventFilter(c.QueryParams())
	at, known := c.QueryParam(paramAt.name), c.QueryParam(paramKnown.name)
	if err != nil || at == "" && known == "" {
		return f, err
	}
	if a.Moments == nil {
		return f, fault.New(fault.Invalid, "at and known: this portal has no history to look into")
	}
	m, err := a.momentOf(c)
	f.Known = m.Known
	if end := m.At.Add(time.Nanosecond); !m.At.IsZero() && (f.To.IsZero() || end.Before(f.To)) {
		f.To = end
	}
	return f, err
}

func parseEventFilter(q url.Values) (history.Filter, error) {
	f := history.Filter{
		Entity: q.Get("entity"), Kind: q.Get("kind"), Type: q.Get("type"), Source: q.Get("source"),
		Actor: q.Get("actor"), Commit: q.Get("commit"), Text: q.Get("q"), Cause: q.Get("cause"),
	}
	if f.Entity != "" {
		ref, err := catalog.ParseRef(f.Entity, catalog.Ref{})
		if err != nil {
			return f, fault.New(fault.Invalid, "entity: %w", err)
		}
		f.Entity = ref.String()
	}
	switch o := q.Get("order"); o {
	case "", "desc":
	case "asc":
		f.Oldest = true
	default:
		return f, fault.New(fault.Invalid, "order must be asc or desc, not %q", o)
	}
	switch by := q.Get("by"); by {
	case "":
		f.ByTime = f.Entity != ""
	case "time", "position":
		f.ByTime = by == "time"
	default:
		return f, fault.New(fault.Invalid, "by must be time or position, not %q", by)
	}
	switch s := q.Get("seals"); s {
	case "", "false":
	case "true":
		f.Seals = true
	default:
		return f, fault.New(fault.Invalid, "seals must be true or false, not %q", s)
	}
	var err error
	if f.From, err = moment(q, "from"); err != nil {
		return f, err
	}
	if f.To, err = moment(q, "to"); err != nil {
		return f, err
	}
	after, err := number(q, "after")
	if err != nil {
		return f, err
	}
	limit, err := number(q, "limit")
	if err != nil {
		return f, err
	}
	f.After, f.Limit = eventlog.Position(after), int(min(limit, 1<<20))
	return f, nil
}

// moment reads a point in time: RFC 3339, or a date, which means its start in UTC.
func moment(q url.Values, name string) (time.Time, error) {
	s := q.Get(name)
	if s == "" {
		return time.Time{}, nil
	}
	return instant(name, s)
}

func number(q url.Values, name string) (uint64, error) { return numberOf(name, q.Get(name)) }

// numberOf reads a number; nothing is 0.
func numberOf(name, s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%s must be a whole number of at least 0, not %q", name, s)
	}
	return n, nil
}
