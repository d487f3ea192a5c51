package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
)

// Source is one configured source.
type Source struct {
	Name string `json:"name"`
	Type string `json:"type"`
	URL  string `json:"url"` // where its webhook sends to
}

// Deliveries answers what came to the webhook door.
type Deliveries interface {
	List(context.Context, deliveries.Filter) (deliveries.Page, error)
	Summaries(context.Context) ([]deliveries.Summary, error)
}

// Replay asks to handle a delivery again. The error is of kind fault.NotFound
// when there is none of this id.
type Replay func(ctx context.Context, id, reason string) error

type deliveryJSON struct {
	ID         string               `json:"id"`
	Position   eventlog.Position    `json:"position"`
	Source     string               `json:"source"`
	Event      string               `json:"event"`
	Repository string               `json:"repository,omitempty"`
	ReceivedAt time.Time            `json:"receivedAt"`
	Size       int                  `json:"size"`
	Status     event.DeliveryStatus `json:"status"`
	Error      string               `json:"error,omitempty"`
	Events     []eventlog.Position  `json:"events"`
	Attempts   int                  `json:"attempts"`
	TookMS     float64              `json:"tookMs"`
	RetryAt    time.Time            `json:"retryAt,omitzero"`
}

func toDeliveryJSON(d deliveries.Delivery) deliveryJSON {
	if d.Events == nil {
		d.Events = []eventlog.Position{}
	}
	return deliveryJSON{d.ID, d.Position, d.Source, d.Event, d.Repository, d.Received, d.Size, d.Status, d.Error, d.Events, d.Attempts, float64(d.Took.Microseconds()) / 1000, d.RetryAt}
}

// handleSources handles "GET /api/sources".
func (a *API) handleSources(c echo.Context) error {
	summaries, err := a.Deliveries.Summaries(c.Request().Context())
	if err != nil {
		return err
	}
	bySource := map[string]deliveries.Summary{}
	for _, s := range summaries {
		bySource[s.Source] = s
	}
	type item struct {
		Source
		Deliveries   int           `json:"deliveries"`
		Pending      int           `json:"pending"`
		PendingSince time.Time     `json:"pendingSince,omitzero"`
		Failed       int           `json:"failed"`
		LastDelivery *deliveryJSON `json:"lastDelivery,omitempty"`
	}
	sources := a.Sources()
	items := make([]item, len(sources))
	for i, src := range sources {
		s := bySource[src.Name]
		items[i] = item{Source: src, Deliveries: s.Total, Pending: s.Pending, PendingSince: s.Oldest, Failed: s.Failed}
		if s.Last != nil {
			last := toDeliveryJSON(*s.Last)
			items[i].LastDelivery = &last
		}
	}
	return c.JSON(http.StatusOK, map[string]any{"items": items})
}

// handleDeliveries handles "GET /api/deliveries".
func (a *API) handleDeliveries(c echo.Context) error {
	q := c.QueryParams()
	status := event.DeliveryStatus(q.Get("status"))
	if status != "" && !slices.Contains(event.DeliveryStatuses(), status) {
		return fault.New(fault.Invalid, "status must be one of %v, not %q", event.DeliveryStatuses(), status)
	}
	after, err := number(q, "after")
	if err != nil {
		return err
	}
	limit, err := number(q, "limit")
	if err != nil {
		return err
	}
	page, err := a.Deliveries.List(c.Request().Context(), deliveries.Filter{
		Source: q.Get("source"), Status: status, Before: eventlog.Position(after), Limit: int(min(limit, 1<<20)),
	})
	if err != nil {
		return err
	}
	body := struct {
		Items      []deliveryJSON `json:"items"`
		TotalItems int            `json:"totalItems"`
		NextCursor string         `json:"nextCursor,omitempty"`
	}{Items: make([]deliveryJSON, len(page.Deliveries)), TotalItems: page.Total}
	for i, d := range page.Deliveries {
		body.Items[i] = toDeliveryJSON(d)
	}
	if page.Next > 0 {
		body.NextCursor = strconv.FormatUint(uint64(page.Next), 10)
	}
	return c.JSON(http.StatusOK, body)
}

// handleReplay handles "POST /api/deliveries/:id/replay".
func (a *API) handleReplay(c echo.Context) error {
	id := pathParam(c, "id")
	if err := a.Replay(c.Request().Context(), id, "asked through the API"); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"delivery": id})
}
