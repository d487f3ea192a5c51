package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/desk"
)

// Agreements tells how initiatives stand.
type Agreements interface {
	Initiatives(ctx context.Context, c agreements.Catalog, m projections.Moment, now time.Time) ([]agreements.Initiative, error)
	// Initiative returns one; nil if the entity is none that can be read.
	Initiative(ctx context.Context, c agreements.Catalog, m projections.Moment, now time.Time, e *entities.Entry) (*agreements.Initiative, error)
	BurnUp(ctx context.Context, m projections.Moment, i *agreements.Initiative, moments []time.Time) ([]agreements.Point, error)
}

// initiativeJSON is an initiative on the wire.
type initiativeJSON struct {
	Initiative string             `json:"initiative"` // full ref
	Title      string             `json:"title"`
	Owner      string             `json:"owner,omitempty"`
	Scorecard  string             `json:"scorecard"`
	Level      string             `json:"level,omitempty"`
	Rules      []string           `json:"rules,omitempty"`
	Filter     string             `json:"filter,omitempty"`
	Start      string             `json:"start,omitempty"`
	Target     string             `json:"target"`
	Remind     []int              `json:"remind,omitempty"`
	State      agreements.State   `json:"state"`
	Asked      int                `json:"asked"`
	Done       int                `json:"done"`
	Why        string             `json:"unmeasured,omitempty"` // why it cannot be measured
	Unclear    *unclearJSON       `json:"unclear,omitempty"`    // the filter goes wrong
	Closed     string             `json:"closed,omitempty"`
	Note       string             `json:"note,omitempty"`
	Since      time.Time          `json:"since"`
	Position   eventlog.Position  `json:"position"`
	Place      string             `json:"place"`
	Items      []itemJSON         `json:"items,omitempty"`
	BurnUp     []agreements.Point `json:"burnUp,omitempty"`
}

// unclearJSON tells for how many of the entities that the card judges a filter goes wrong, so
// that they are not asked, and with what message for the first of them.
type unclearJSON struct {
	Entities int    `json:"entities"`
	Judged   int    `json:"judged"`
	Problem  string `json:"problem"`
}

// itemJSON is an entity that is asked.
type itemJSON struct {
	Entity string   `json:"entity"`
	Owner  string   `json:"owner,omitempty"`
	Level  string   `json:"level,omitempty"`
	Done   bool     `json:"done"`
	Left   []string `json:"left,omitempty"` // ids of rules
}

func toInitiativeJSON(i *agreements.Initiative) initiativeJSON {
	answer := initiativeJSON{
		Initiative: i.Ref.String(), Title: i.Title, Owner: i.Owner, Scorecard: i.Initiative.Card, Level: i.Level, Rules: i.Rules, Filter: i.Filter,
		Start: scorecards.DateOf(i.Start), Target: scorecards.DateOf(i.LastDay()), Remind: i.Remind, State: i.State, Asked: i.Asked, Done: i.Done, Why: i.Why, Closed: scorecards.DateOf(i.Closed), Note: i.Note,
		Since: i.Entry.Since.Time, Position: i.Entry.Since.Position, Place: i.Entry.Origin.Place(),
	}
	if i.Unclear > 0 {
		answer.Unclear = &unclearJSON{i.Unclear, i.Judged, i.Problem}
	}
	return answer
}

// handleInitiatives handles "GET /api/initiatives".
func (a *API) handleInitiatives(c echo.Context) error {
	all, err := a.Agreements.Initiatives(c.Request().Context(), a.catalog(c), momentOf(c), a.at(c))
	if err != nil {
		return err
	}
	items := make([]initiativeJSON, len(all))
	for i := range all {
		items[i] = toInitiativeJSON(&all[i])
	}
	return c.JSON(http.StatusOK, map[string]any{"items": items})
}

// handleInitiative handles "GET /api/initiatives/{name}".
func (a *API) handleInitiative(c echo.Context) error {
	ref := scorecards.RefNamed(scorecards.KindInitiative, pathParam(c, "name"))
	e, ok := a.catalog(c).Get(ref.String())
	if !ok {
		return fault.New(fault.NotFound, "there is no %s", ref)
	}
	ctx := c.Request().Context()
	i, err := a.Agreements.Initiative(ctx, a.catalog(c), momentOf(c), a.at(c), e)
	if err != nil {
		return err
	}
	if i == nil {
		return fault.New(fault.NotFound, "the initiative %s cannot be read", ref)
	}
	answer := toInitiativeJSON(i)
	for _, item := range i.Items {
		answer.Items = append(answer.Items, itemJSON{item.Entity, item.Owner, item.Score.Level, item.Done, item.Left})
	}
	if c.QueryParam("format") == "csv" {
		return writeItems(c, ref.Name, answer.Items)
	}
	moments := i.Weeks(a.at(c))
	if answer.BurnUp, err = a.Agreements.BurnUp(ctx, momentOf(c), i, moments); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, answer)
}

// writeItems writes who is asked as CSV.
func writeItems(c echo.Context, name string, items []itemJSON) error {
	rows := [][]string{{"entity", "owner", "level", "done", "left"}}
	for _, i := range items {
		rows = append(rows, []string{i.Entity, i.Owner, i.Level, strconv.FormatBool(i.Done), strings.Join(i.Left, " ")})
	}
	return writeCSV(c, name, rows)
}

// terms are those of a request's body.
type terms struct {
	desk.Terms
	By string `json:"by"`
}

const termsSay = `the terms: {"title": "Silver by summer", "scorecard": "production-readiness", "level": "Silver", "target": "2026-06-30", "by": "…"}`

// handleOpenInitiative handles "POST /api/initiatives".
func (a *API) handleOpenInitiative(c echo.Context) error {
	var in terms
	if err := decode(c, &in, termsSay); err != nil {
		return err
	}
	made, err := a.Desk.OpenInitiative(actingAs(c, in.By), in.Terms)
	return answerMade(c, made, err)
}

// handleChangeInitiative handles "PUT /api/initiatives/{name}".
func (a *API) handleChangeInitiative(c echo.Context) error {
	var in struct {
		terms
		Position eventlog.Position `json:"position"` // of what they looked at
	}
	if err := decode(c, &in, termsSay); err != nil {
		return err
	}
	made, err := a.Desk.ChangeInitiative(actingAs(c, in.By), scorecards.RefNamed(scorecards.KindInitiative, pathParam(c, "name")).String(), in.Position, in.Terms)
	return answerMade(c, made, err)
}

// handleCloseInitiative handles "POST /api/initiatives/{name}/close".
func (a *API) handleCloseInitiative(c echo.Context) error {
	var in struct {
		note
		Position eventlog.Position `json:"position"` // of what they looked at
	}
	if err := decode(c, &in, noteSays); err != nil {
		return err
	}
	made, err := a.Desk.CloseInitiative(actingAs(c, in.By), scorecards.RefNamed(scorecards.KindInitiative, pathParam(c, "name")).String(), in.Position, in.Note)
	return answerMade(c, made, err)
}
