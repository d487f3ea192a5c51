package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// Explain tells part by part how a rule comes to what it says of an entity.
type Explain func(ctx context.Context, q scorer.Question) (*scorer.Explained, error)

// explainPatience is how long a request waits for the log to be read again.
const explainPatience = time.Minute

// explanation is how a rule comes to what it says, on the wire.
type explanation struct {
	Card      string             `json:"card"`
	Entity    string             `json:"entity"`
	Rule      string             `json:"rule"`
	Title     string             `json:"title"`
	At        time.Time          `json:"at"`
	Position  eventlog.Position  `json:"position"`
	Outcome   scorecards.Outcome `json:"outcome"`
	Message   string             `json:"message,omitempty"`
	Counts    bool               `json:"counts"`
	Missing   []string           `json:"missing,omitempty"`
	Exemption string             `json:"exemption,omitempty"`
	Judges    *scorecards.Node   `json:"judges,omitempty"`
	Applies   *scorecards.Node   `json:"applies,omitempty"`
	Asks      *scorecards.Node   `json:"asks,omitempty"`
}

// draftOf is the card of a path if that is a draft: as it was at the moment of the request or, if
// it was not there then, as it is now. It is nil if it is none.
func (a *API) draftOf(c echo.Context) *scorecards.Card {
	ref := cardOf(c).String()
	e, ok := a.catalog(c).Get(ref)
	if !ok {
		e, ok = a.Catalog().Get(ref)
	}
	if !ok {
		return nil
	}
	if card, _ := scorecards.ParseCard(e.Entity); card != nil && card.Draft {
		return card
	}
	return nil
}

// handleExplanation handles "GET /api/scorecards/{name}/explanation".
func (a *API) handleExplanation(c echo.Context) error {
	m := momentOf(c)
	q := scorer.Question{Card: cardOf(c).String(), Rule: c.QueryParam("rule"), At: m.At, Known: m.Known}
	ref, err := catalog.ParseRef(c.QueryParam("entity"), catalog.Ref{Kind: "component"})
	switch {
	case c.QueryParam("entity") == "":
		return fault.New(fault.Invalid, "entity is missing: name one, such as component:default/payments")
	case err != nil:
		return fault.New(fault.Invalid, "entity: %v", err)
	case q.Rule == "":
		return fault.New(fault.Invalid, "rule is missing: name the id of a rule of the card")
	}
	q.Entity = ref.String()
	q.Draft = a.draftOf(c)
	ctx, stop := context.WithTimeout(c.Request().Context(), explainPatience)
	defer stop()
	x, err := a.Explain(ctx, q)
	if err != nil {
		return err
	}
	one := explanation{
		Card: q.Card, Entity: q.Entity, Rule: q.Rule, Title: x.Rule.Title, At: x.At, Position: x.Position,
		Outcome: x.Result.Outcome, Message: x.Result.Message, Counts: x.Result.Counts, Missing: x.Result.Missing,
		Judges: x.Judges, Applies: x.Filter, Asks: x.Expr,
	}
	if by := x.Result.Exemption; by != nil {
		one.Exemption = by.Ref.String()
	}
	return c.JSON(http.StatusOK, one)
}
