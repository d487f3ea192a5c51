package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/internal/fault"
)

// Check says what would come of a change, or which contents it needs for that. The error is
// of kind fault.NotFound if nobody knows the repository.
type Check func(ctx context.Context, u *checks.Upload) (outcome *checks.Outcome, wants []string, err error)

// Checked returns what was said of the newest pull requests of a source.
type Checked func(ctx context.Context, source string, limit int) ([]checks.Report, error)

// listedChecks is how many reports are listed.
const listedChecks = 100

// handleCheck handles "POST /api/check".
func (a *API) handleCheck(c echo.Context) error {
	if a.Check == nil {
		return fault.New(fault.NotFound, "this portal checks nothing before it is merged")
	}
	u, err := checks.ReadUpload(c.Request().Body)
	if err != nil {
		return err
	}
	outcome, wants, err := a.Check(c.Request().Context(), u)
	if err != nil {
		return err
	}
	if len(wants) > 0 {
		return c.JSON(http.StatusOK, map[string]any{"wants": wants})
	}
	return c.JSON(http.StatusOK, map[string]any{"outcome": outcome})
}

// handleChecked handles "GET /api/sources/{name}/checks".
func (a *API) handleChecked(c echo.Context) error {
	name := pathParam(c, "name")
	if _, err := a.Standing.One(c.Request().Context(), name); err != nil {
		return err
	}
	all, err := a.Checked(c.Request().Context(), name, listedChecks)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"items": all})
}
