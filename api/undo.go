package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
)

// Undo makes entities what they were before some events about them, and returns the
// positions of the events that do so, whose cause is a request. The error is of kind
// fault.Conflict if that cannot be, fault.Invalid if no reason or no name is given,
// fault.NotFound if there is no such event.
type Undo func(ctx context.Context, events []eventlog.Position, reason, by, request string) ([]eventlog.Position, error)

// handleUndoEvent handles "POST /api/history/events/:position/undo".
func (a *API) handleUndoEvent(c echo.Context) error {
	p, err := positionOf(c)
	if err != nil {
		return err
	}
	return a.undo(c, []eventlog.Position{p})
}

// handleUndoDelivery handles "POST /api/deliveries/:id/undo".
func (a *API) handleUndoDelivery(c echo.Context) error {
	d, err := a.Deliveries.Get(c.Request().Context(), pathParam(c, "id"))
	if err != nil {
		return err
	}
	return a.undo(c, d.Events)
}

func (a *API) undo(c echo.Context, events []eventlog.Position) error {
	why, err := reasonOf(c)
	if err != nil {
		return err
	}
	did, err := a.Undo(c.Request().Context(), events, why.Reason, whoOf(c, why.By), causeOf(c).Request)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string][]eventlog.Position{"events": did})
}

// reason is why somebody does something, and who they say that they are.
type reason struct {
	Reason string `json:"reason"`
	By     string `json:"by"`
}

// reasonOf reads it from the body of a request.
func reasonOf(c echo.Context) (why reason, err error) {
	return why, decode(c, &why, `why, and who you are: {"reason": "…", "by": "…"}`)
}
