// Package trends is how entities stood on a scorecard over time: as it is on record and,
// from before anything was, as a backtest finds it. Start with [Trends.Of].
package trends

import (
	"context"
	"slices"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// Recorded is what is on record. projections/scores implements it.
type Recorded interface {
	// Trend returns how entities stood on a card at moments in order, by what was known at a
	// position; zero is now.
	Trend(ctx context.Context, card string, moments []time.Time, known eventlog.Position) ([]scorecards.Point, error)
	// Began returns when the first entity was judged by a card, likewise; zero if none was.
	Began(ctx context.Context, card string, known eventlog.Position) (time.Time, error)
}

// Trends puts the two together.
type Trends struct {
	Recorded Recorded
	Trials   *scorer.Trials
}

// Span is a time in steps.
type Span struct {
	From time.Time
	To   time.Time
	Step scorecards.Step
	// Known is up to which position it is known; zero is now. A backtest is always by what is
	// known now.
	Known eventlog.Position
}

// Trend is how entities stood on a card over a span.
type Trend struct {
	Span
	Points []scorecards.Point // by time; those of a backtest say so
	// Began is from when on it is on record; zero if nothing is.
	Began time.Time
	// Computed is the backtest that came to its end; nil if there was no need of one.
	Computed *scorer.Backtest
	// Running is the backtest that has not come to its end: what it is to find out is
	// left empty. Nil if nothing is missing.
	Running *scorer.Attempt
	// Failed is why the backtest found out nothing, or did not begin: what it was to find is
	// left empty.
	Failed error
}

// Of returns the trend of a card. A draft has only what a backtest finds; a card that is
// live has it for the time before it was, by what it says now. Without wait nobody waits
// for a backtest. If that failed there is an error, and beside it the trend without it.
func (t Trends) Of(ctx context.Context, e *catalog.Entity, span Span, wait bool) (Trend, error) {
	trend := Trend{Span: span}
	moments, err := scorecards.Moments(span.From, span.To, span.Step)
	if err != nil {
		return trend, fault.New(fault.Invalid, "%w", err)
	}
	card, _ := scorecards.ParseCard(e)
	if card == nil {
		return trend, fault.New(fault.NotFound, "the scorecard %s cannot be read", e.Ref())
	}
	if trend.Points, err = t.Recorded.Trend(ctx, e.Ref().String(), moments, span.Known); err != nil {
		return trend, err
	}
	if trend.Began, err = t.Recorded.Began(ctx, e.Ref().String(), span.Known); err != nil {
		return trend, err
	}
	until := span.To
	if !card.Draft {
		if trend.Began.IsZero() || !trend.Began.After(span.From) || span.To.Sub(trend.Began) <= 0 {
			return trend, nil
		}
		until = trend.Began
	}
	beginning, err := t.Trials.Beginning(ctx)
	if err != nil || !card.Draft && until.Sub(beginning) < 24*time.Hour { // there is nothing that it could have said
		return trend, err
	}
	attempt, err := t.Trials.Begin(e, "", span.From, until, span.Step)
	if fault.KindOf(err) == fault.Unavailable { // too many wait; what is on record needs none of them
		trend.Failed = err
	}
	if err != nil {
		return trend, err
	}
	if !wait {
		select {
		case <-attempt.Ended():
		default:
			trend.Running = attempt
			return trend, nil
		}
	}
	computed, err := attempt.Result(ctx)
	if err != nil {
		trend.Failed = err
		return trend, err
	}
	trend.Computed = computed
	for i, p := range trend.Points {
		if !card.Draft && !p.At.Before(until) {
			break
		}
		if at := slices.IndexFunc(computed.Trend, func(c scorecards.Point) bool { return c.At.Equal(p.At) }); at >= 0 {
			trend.Points[i] = computed.Trend[at]
			trend.Points[i].Computed = true
		} else if last := len(computed.Trend) - 1; card.Draft && i == len(trend.Points)-1 { // it was found out a little earlier
			trend.Points[i] = computed.Trend[last]
			trend.Points[i].At, trend.Points[i].Computed = p.At, true
		}
	}
	return trend, nil
}
