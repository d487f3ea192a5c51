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

// Deliveries answers what came to the webhook door.
type Deliveries interface {
	List(context.Context, deliveries.Filter) (deliveries.Page, error)
	Summaries(context.Context) ([]deliveries.Summary, error)
	// Get returns a delivery, or an error of kind fault.NotFound.
	Get(ctx context.Context, id string) (deliveries.Delivery, error)
	// Attempts tells what became of a delivery, time and again, the oldest first.
	Attempts(ctx context.Context, id string) ([]deliveries.Attempt, error)
}

// Replay asks to handle a delivery again. The error is of kind fault.NotFound
// when there is none of this id, and fault.Conflict when it does not stand as it must.
type Replay func(ctx context.Context, id, reason string) error

// Dismiss says that a delivery is not to be used which failed or is held, why, and who
// says so. Errors are those of [Replay], and of kind fault.Invalid without a reason.
type Dismiss func(ctx context.Context, id, reason, by string) error

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
	Reason     string               `json:"reason,omitempty"`
	Events     []eventlog.Position  `json:"events"`
	Attempts   int                  `json:"attempts"`
	TookMS     float64              `json:"tookMs"`
	RetryAt    time.Time            `json:"retryAt,omitzero"`
	Removes    int                  `json:"removes,omitempty"`
	Fetched    bool                 `json:"fetched,omitempty"`
}

func toDeliveryJSON(d deliveries.Delivery) deliveryJSON {
	if d.Events == nil {
		d.Events = []eventlog.Position{}
	}
	return deliveryJSON{d.ID, d.Position, d.Source, d.Event, d.Repository, d.Received, d.Size, d.Status, d.Error, d.Reason(), d.Events, d.Attempts, float64(d.Took.Microseconds()) / 1000, d.RetryAt, d.Removes, d.Fetched}
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
	f := deliveries.Filter{
		Source: q.Get("source"), Status: status, Event: q.Get("event"), Repository: q.Get("repository"), Text: q.Get("q"),
		Before: eventlog.Position(after), Limit: int(min(limit, 1<<20)),
	}
	if f.From, err = moment(q, "from"); err != nil {
		return err
	}
	if f.To, err = moment(q, "to"); err != nil {
		return err
	}
	page, err := a.Deliveries.List(c.Request().Context(), f)
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

type attemptJSON struct {
	At      time.Time            `json:"at"`
	Status  event.DeliveryStatus `json:"status,omitempty"`
	Reason  string               `json:"reason,omitempty"`
	Tries   int                  `json:"tries,omitempty"`
	TookMS  float64              `json:"tookMs,omitempty"`
	Allowed bool                 `json:"allowed,omitempty"`
	By      string               `json:"by,omitempty"`
}

// handleDelivery handles "GET /api/deliveries/:id".
func (a *API) handleDelivery(c echo.Context) error {
	ctx := c.Request().Context()
	d, err := a.Deliveries.Get(ctx, pathParam(c, "id"))
	if err != nil {
		return err
	}
	attempts, err := a.Deliveries.Attempts(ctx, d.ID)
	if err != nil {
		return err
	}
	body := struct {
		deliveryJSON
		History []attemptJSON `json:"history"`
	}{toDeliveryJSON(d), make([]attemptJSON, len(attempts))}
	for i, one := range attempts {
		body.History[i] = attemptJSON{one.At, one.Status, one.Reason, one.Tries, float64(one.Took.Microseconds()) / 1000, one.Allowed, one.By}
	}
	return c.JSON(http.StatusOK, body)
}

// handleDismiss handles "POST /api/deliveries/:id/dismiss".
func (a *API) handleDismiss(c echo.Context) error {
	why, err := reasonOf(c)
	if err != nil {
		return err
	}
	id := pathParam(c, "id")
	if err := a.Dismiss(c.Request().Context(), id, why.Reason, whoOf(c, why.By)); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"delivery": id})
}

// handleAllow handles "POST /api/deliveries/:id/allow".
func (a *API) handleAllow(c echo.Context) error {
	id := pathParam(c, "id")
	if err := a.Allow(c.Request().Context(), id, "allowed through the API"); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"delivery": id})
}

// handleReplay handles "POST /api/deliveries/:id/replay".
func (a *API) handleReplay(c echo.Context) error {
	id := pathParam(c, "id")
	if err := a.Replay(c.Request().Context(), id, "asked through the API"); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"delivery": id})
}
