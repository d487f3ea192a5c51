package api

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/evidence"
)

// handleEvidence handles "GET /api/history/evidence".
func (a *API) handleEvidence(c echo.Context) error {
	report, seal, err := a.AskEvidence(c.Request().Context(), c.QueryParams())
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/jsonl")
	h.Set(echo.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="evidence-%s-%s.jsonl"`, report.From.Format(time.DateOnly), report.To.Format(time.DateOnly)))
	return evidence.Write(c.Response(), report, seal, a.Signer)
}

// AskEvidence answers the question that parameters of "/api/history/evidence" ask. The
// seal covers the events that count.
func (a *API) AskEvidence(ctx context.Context, params url.Values) (r evidence.Report, seal proof.Seal, err error) {
	if a.Evidence == nil {
		return r, seal, fault.New(fault.NotFound, "this portal has no history to take evidence from")
	}
	q, err := questionOf(params)
	if err != nil {
		return r, seal, err
	}
	if q.Known == 0 {
		newest, err := a.Proofs.Newest(ctx)
		if err != nil {
			return r, seal, err
		}
		q.Known = eventlog.Position(newest.Size)
	}
	if last, err := a.History.Position(ctx); err != nil {
		return r, seal, err
	} else if q.Known > last {
		return r, seal, fault.New(fault.Invalid, "known: the log ends at %d", last)
	}
	if seal, err = a.Proofs.Covering(ctx, q.Known); err != nil {
		return r, seal, err
	}
	if seal.Position == 0 || q.Known == 0 {
		return r, seal, fault.New(fault.Conflict, "what is on record is not under seal as far as that yet: try again in a minute")
	}
	if err := a.Wait(ctx, q.Known); err != nil {
		return r, seal, err
	}
	newest, err := a.Evidence.Log.At(ctx, q.Known)
	if err != nil {
		return r, seal, err
	}
	r, err = a.Evidence.Report(ctx, q, newest.Recorded.UTC())
	return r, seal, err
}

func questionOf(params url.Values) (q evidence.Question, err error) {
	q.Filter, q.Rule = params["filter"], params.Get("rule")
	if q.From, err = instant("from", params.Get("from")); err != nil {
		return q, err
	}
	if q.To, err = instant("to", params.Get("to")); err != nil {
		return q, err
	}
	if q.Where, err = whereOf(params); err != nil {
		return q, err
	}
	if card := params.Get("scorecard"); card != "" {
		ref := cardRef(card)
		if ref.Name == "" {
			return q, fault.New(fault.Invalid, "scorecard: %q names none", card)
		}
		q.Scorecard = ref.String()
	} else if q.Rule != "" {
		return q, fault.New(fault.Invalid, "rule: say of which scorecard, with scorecard")
	}
	known, err := number(params, "known")
	q.Known = eventlog.Position(known)
	return q, err
}

// instant reads a time, or a date, which is its start in UTC.
func instant(name, text string) (time.Time, error) {
	t, _, ok := projections.ParseTime(text)
	if !ok {
		return t, fault.New(fault.Invalid, "%s must be a date such as 2026-07-01 or a time such as 2026-07-01T14:00:00Z, not %q", name, text)
	}
	return t, nil
}

// until reads a time, or a date, which is its end, up to which something is told.
func until(name, text string) (time.Time, error) {
	if t, ok := projections.ParseUntil(text); ok {
		return t, nil
	}
	return instant(name, text) // which says what is wrong
}

// inOrder refuses a time that ends before it begins, in the words of the request.
func inOrder(c echo.Context, from, to time.Time) error {
	if from.Before(to) {
		return nil
	}
	asked := func(name string, t time.Time, read func(name, text string) (time.Time, error)) string {
		text := c.QueryParam(name)
		if is, err := read(name, text); err == nil && is.Equal(t) {
			return text
		}
		return t.Format(time.RFC3339)
	}
	return fault.New(fault.Invalid, "from must be before to, found %s to %s", asked("from", from, instant), asked("to", to, until))
}
