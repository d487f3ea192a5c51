package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/projections/trends"
	"github.com/callboard/callboard/scorecards"
)

// Trends tells how entities stood on a scorecard over time.
type Trends interface {
	// Of returns the trend of a card. With wait it waits for a backtest.
	Of(ctx context.Context, e *catalog.Entity, span trends.Span, wait bool) (trends.Trend, error)
}

// halfYear is how far back a trend goes if nobody says.
const halfYear = 183

func spanParams() []param {
	return []param{{name: "from", check: oneText}, {name: "to", check: oneText}, {name: "step", check: oneOf("day", "week", "month")}}
}

// spanOf reads the span of a request: half a year in weeks, up to the moment that it is about.
func (a *API) spanOf(c echo.Context) (trends.Span, error) {
	now := a.at(c).UTC()
	span := trends.Span{To: now, Step: scorecards.Week, Known: momentOf(c).Known}
	if text := c.QueryParam("step"); text != "" {
		span.Step = scorecards.Step(text)
	}
	var err error
	if text := c.QueryParam("to"); text != "" {
		if span.To, err = until("to", text); err != nil {
			return span, err
		}
	}
	if span.To.After(now) {
		span.To = now
	}
	span.From = span.To.AddDate(0, 0, -halfYear).Truncate(24 * time.Hour)
	if text := c.QueryParam("from"); text != "" {
		if span.From, err = instant("from", text); err != nil {
			return span, err
		}
	}
	return span, inOrder(c, span.From, span.To)
}

// trendAnswer is a trend as JSON.
type trendAnswer struct {
	Card   string             `json:"card"`
	From   time.Time          `json:"from"`
	To     time.Time          `json:"to"`
	Step   scorecards.Step    `json:"step"`
	Levels []scorecards.Level `json:"levels"`         // from the lowest
	Began  time.Time          `json:"began,omitzero"` // from when on it is on record
	// Failed is why what is not on record could not be found out; "" if nothing is missing.
	Failed string       `json:"failed,omitempty"`
	Items  []trendPoint `json:"items"`
}

// trendPoint is a point with the position of the log that it stands for; 0 if there is none.
type trendPoint struct {
	scorecards.Point
	Position eventlog.Position `json:"position"`
}

// handleTrend handles "GET /api/scorecards/{name}/trend".
func (a *API) handleTrend(c echo.Context) error {
	e, err := a.cardNamed(c)
	if err != nil {
		return err
	}
	span, err := a.spanOf(c)
	if err != nil {
		return err
	}
	trend, err := a.Trends.Of(c.Request().Context(), e, span, true)
	if err != nil && (trend.Failed == nil || fault.KindOf(err) != fault.Unavailable) {
		return err
	}
	moments := make([]time.Time, len(trend.Points))
	for i, p := range trend.Points {
		moments[i] = p.At
	}
	positions, err := a.positionsBy(c.Request().Context(), moments, span.Known)
	if err != nil {
		return err
	}
	card, _ := scorecards.ParseCard(e)
	answer := trendAnswer{Card: e.Ref().String(), From: span.From, To: span.To, Step: span.Step, Levels: card.Levels, Began: trend.Began, Items: []trendPoint{}}
	if trend.Failed != nil { // what is on record is told all the same
		answer.Failed = a.message(c, trend.Failed, http.StatusServiceUnavailable)
	}
	for i, p := range trend.Points {
		answer.Items = append(answer.Items, trendPoint{p, positions[i]})
	}
	return c.JSON(http.StatusOK, answer)
}

// writeResults writes how entities stand as CSV, a column for each rule of the card.
func writeResults(c echo.Context, e *catalog.Entity, list []scores.Score) error {
	card, _ := scorecards.ParseCard(e)
	if card == nil {
		return fault.New(fault.NotFound, "the scorecard %s cannot be read", e.Ref())
	}
	head := []string{"entity", "level", "points", "of", "since", "commit", "position"}
	for _, r := range card.Rules {
		head = append(head, r.ID)
	}
	rows := [][]string{head}
	for _, s := range list {
		row := append(make([]string, 0, len(head)), s.Entity, s.Level, fmt.Sprint(s.Points), fmt.Sprint(s.Of), s.Since.Format(time.RFC3339), s.Cause.Commit, fmt.Sprint(s.Position))
		for _, r := range card.Rules {
			outcome := ""
			if i := slices.IndexFunc(s.Rules, func(o scores.Rule) bool { return o.ID == r.ID }); i >= 0 {
				outcome = s.Rules[i].Outcome
			}
			row = append(row, outcome)
		}
		rows = append(rows, row)
	}
	return writeCSV(c, e.Metadata.Name, rows)
}
