package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// Scores answers how entities stand on scorecards.
type Scores interface {
	// List returns scores by card and entity, the oldest first.
	List(ctx context.Context, q scores.Query) ([]scores.Score, error)
	maturity.Scores
}

// scorecard is a card with how many entities stand at each level.
type scorecard struct {
	Card     string         `json:"card"` // full ref
	Title    string         `json:"title"`
	Entities int            `json:"entities"` // that it judges
	Levels   map[string]int `json:"levels"`   // entities by level; "" stands for none
	Spec     map[string]any `json:"spec"`
	// Position is that of the event that made it what it is, which who changes it names.
	Position eventlog.Position `json:"position"`
}

// handleScorecards handles "GET /api/scorecards".
func (a *API) handleScorecards(c echo.Context) error {
	all := []scorecard{}
	for _, e := range a.catalog(c).Find(entities.Query{Kinds: []string{scorecards.KindScorecard}}).Entries {
		card, err := a.scorecard(c, e)
		if err != nil {
			return err
		}
		all = append(all, card)
	}
	return c.JSON(http.StatusOK, map[string]any{"items": all})
}

func (a *API) scorecard(c echo.Context, e *entities.Entry) (scorecard, error) {
	card := scorecard{Card: e.Ref, Title: e.Entity.Title(), Spec: e.Entity.Spec, Position: e.Since.Position}
	all, err := maturity.StandingOn(c.Request().Context(), a.Scores, card.Card, momentOf(c))
	card.Entities, card.Levels = all.Entities, all.Levels
	return card, err
}

// cardNamed finds the scorecard of a path, which is a name in the namespace default
// or namespace/name written with a colon: "tools:readiness".
func (a *API) cardNamed(c echo.Context) (*catalog.Entity, error) {
	e, err := a.cardEntry(c)
	if err != nil {
		return nil, err
	}
	return e.Entity, nil
}

func (a *API) cardEntry(c echo.Context) (*entities.Entry, error) {
	ref := cardOf(c)
	e, ok := a.catalog(c).Get(ref.String())
	if !ok && !momentOf(c).Now() {
		return nil, fault.New(fault.NotFound, "there was no %s", ref)
	}
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no %s", ref)
	}
	return e, nil
}

// cardOf is the scorecard that a path names.
func cardOf(c echo.Context) catalog.Ref { return cardRef(pathParam(c, "name")) }

func cardRef(name string) catalog.Ref { return scorecards.RefNamed(scorecards.KindScorecard, name) }

// handleScorecard handles "GET /api/scorecards/{name}".
func (a *API) handleScorecard(c echo.Context) error {
	e, err := a.cardEntry(c)
	if err != nil {
		return err
	}
	card, err := a.scorecard(c, e)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, card)
}

// handleScores handles "GET /api/scorecards/{name}/results".
func (a *API) handleScores(c echo.Context) error {
	e, err := a.cardNamed(c)
	if err != nil {
		return err
	}
	q := scores.Query{Card: e.Ref().String(), Moment: momentOf(c)}
	if text := c.QueryParam("entity"); text != "" {
		ref, err := catalog.ParseRef(text, catalog.Ref{Kind: "component"})
		if err != nil {
			return fault.New(fault.Invalid, "entity: %v", err)
		}
		q.Entity = ref.String()
	}
	list, err := a.Scores.List(c.Request().Context(), q)
	if err != nil {
		return err
	}
	if _, ok := a.catalog(c).Get(q.Entity); q.Entity != "" && !ok && len(list) == 0 { // one that was removed may have a score yet
		return fault.New(fault.NotFound, "there is no %s in the catalog", q.Entity)
	}
	if c.QueryParam("format") == "csv" {
		return writeResults(c, e, list)
	}
	if list == nil {
		list = []scores.Score{}
	}
	return c.JSON(http.StatusOK, map[string]any{"items": list})
}
