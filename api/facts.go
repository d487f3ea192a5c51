package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/repositories"
)

// Facts answers what is known of repositories.
type Facts interface {
	// Get returns a repository by the forge's id, or an error of kind fault.NotFound.
	Get(ctx context.Context, source, id string) (repositories.Repository, error)
	// Facts returns what is known of a repository, by name.
	Facts(ctx context.Context, source, id string) ([]repositories.Fact, error)
}

// handleFacts handles "GET /api/repositories/{source}/{id}/facts".
func (a *API) handleFacts(c echo.Context) error {
	ctx := c.Request().Context()
	repo, err := a.Facts.Get(ctx, c.Param("source"), c.Param("id"))
	if err != nil {
		return err
	}
	facts, err := a.Facts.Facts(ctx, c.Param("source"), c.Param("id"))
	if err != nil {
		return err
	}
	type item struct {
		Fact     string            `json:"fact"`
		Value    json.RawMessage   `json:"value"`
		Time     time.Time         `json:"time"`
		Position eventlog.Position `json:"position"`
	}
	items := make([]item, len(facts))
	for i, f := range facts {
		items[i] = item{f.Fact, f.Value, f.At, f.Position}
	}
	return c.JSON(http.StatusOK, map[string]any{"repository": repo.FullName, "items": items})
}
