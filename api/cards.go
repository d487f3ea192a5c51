package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/scorecards/desk"
)

// handleOpenCard handles "POST /api/scorecards".
func (a *API) handleOpenCard(c echo.Context) error {
	return a.publish(c, "", a.Desk.OpenCard)
}

// handleChangeCard handles "PUT /api/scorecards/{name}".
func (a *API) handleChangeCard(c echo.Context) error {
	seen, err := number(c.QueryParams(), "position") // of what they looked at
	if err != nil {
		return err
	}
	return a.publish(c, pathParam(c, "name"), func(ctx context.Context, card *catalog.Entity) (desk.Made, error) {
		return a.Desk.ChangeCard(ctx, card, eventlog.Position(seen))
	})
}

// handleRemoveCard handles "DELETE /api/scorecards/{name}".
func (a *API) handleRemoveCard(c echo.Context) error {
	seen, err := number(c.QueryParams(), "position") // of what they looked at
	if err != nil {
		return err
	}
	made, err := a.Desk.RemoveCard(actingAs(c, ""), cardOf(c).String(), eventlog.Position(seen))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, made)
}

// publish reads a card out of a body, in YAML or JSON, and has it be made.
func (a *API) publish(c echo.Context, name string, do func(context.Context, *catalog.Entity) (desk.Made, error)) error {
	text, err := cardText(c)
	if err != nil {
		return err
	}
	card, err := readCard(text, name)
	if err != nil {
		return err
	}
	made, err := do(actingAs(c, ""), card)
	return answerMade(c, made, err)
}
