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
	// Named returns the repository that has a full name, or an error of kind fault.NotFound.
	Named(ctx context.Context, source, name string) (repositories.Repository, error)
	// OfEntity returns what is known of an entity itself, by name.
	OfEntity(ctx context.Context, ref string) ([]repositories.Fact, error)
}

// factItem is one fact as it is answered.
type factItem struct {
	Fact     string            `json:"fact"`
	Value    json.RawMessage   `json:"value"`
	Time     time.Time         `json:"time"`
	Until    time.Time         `json:"until,omitzero"`
	By       string            `json:"by,omitempty"`
	Position eventlog.Position `json:"position"`
}

func factItems(facts []repositories.Fact) []factItem {
	items := make([]factItem, len(facts))
	for i, f := range facts {
		items[i] = factItem{f.Fact, f.Value, f.At, f.Until, f.Actor, f.Position}
	}
	return items
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
	return c.JSON(http.StatusOK, map[string]any{"repository": repo.FullName, "items": factItems(facts)})
}
