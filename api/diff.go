package api

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/ledger"
)

// differenceJSON is how an entity differs at two moments. Op is "same" if it does not.
type differenceJSON struct {
	Ref     string           `json:"ref"`
	Owner   string           `json:"owner,omitempty"`
	Op      string           `json:"op"`
	Changes []catalog.Change `json:"changes"`
	Last    *toldJSON        `json:"last,omitempty"`
}

func toDifferenceJSON(d ledger.Difference) differenceJSON {
	op := map[catalog.Op]string{"": "same", catalog.Added: "added", catalog.Removed: "removed", catalog.Changed: "changed"}[d.Op]
	if d.Changes == nil {
		d.Changes = []catalog.Change{}
	}
	return differenceJSON{Ref: d.Ref, Owner: d.Owner, Op: op, Changes: d.Changes}
}

// ends reads from, which has to be there, and to.
func (a *API) ends(c echo.Context) (from, to projections.Moment, err error) {
	if c.QueryParam("from") == "" {
		return from, to, fault.New(fault.Invalid, "from is missing: give the moment to compare with, as a time, a date, which is its beginning, or the position of an event")
	}
	from.At, to, err = a.period(c)
	from.Known = to.Known
	return from, to, err
}

// handleEntityDiff handles "GET /api/history/entities/:kind/:namespace/:name/diff".
func (a *API) handleEntityDiff(c echo.Context) error {
	from, to, err := a.ends(c)
	if err != nil {
		return err
	}
	d, err := a.Ledger.CompareEntity(c.Request().Context(), refOf(c), from, to)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, toDifferenceJSON(d))
}

// handleDiff handles "GET /api/history/diff".
func (a *API) handleDiff(c echo.Context) error {
	ctx, params := c.Request().Context(), c.QueryParams()
	from, to, err := a.ends(c)
	if err != nil {
		return err
	}
	where, err := whereOf(params)
	if err != nil {
		return err
	}
	limit, err := number(params, "limit")
	if err != nil {
		return err
	}
	after, err := base64.RawURLEncoding.DecodeString(params.Get("after"))
	if err != nil {
		return fault.New(fault.Invalid, "after must be the nextCursor of the page before, not %q", params.Get("after"))
	}
	found, err := a.Ledger.Compare(ctx, from, to, where)
	if err != nil {
		return err
	}
	type position struct {
		Position eventlog.Position `json:"position"`
	}
	body := struct {
		From       position         `json:"from"`
		To         position         `json:"to"`
		Counts     ledger.Counts    `json:"counts"`
		Teams      []ledger.Team    `json:"teams"`
		Items      []differenceJSON `json:"items"`
		TotalItems int              `json:"totalItems"`
		NextCursor string           `json:"nextCursor,omitempty"`
	}{
		position{found.Before.Position()}, position{found.After.Position()},
		found.Counts(), found.Teams(), []differenceJSON{}, len(found.All), "",
	}
	place := func(d ledger.Difference) string { return d.Owner + "\n" + d.Ref }
	page := found.All
	if len(after) > 0 {
		next, there := slices.BinarySearchFunc(page, string(after), func(d ledger.Difference, at string) int { return strings.Compare(place(d), at) })
		if there {
			next++
		}
		page = page[next:]
	}
	if n := pageOf(int(min(limit, 1<<20)), 100, 1000); len(page) > n { //nolint:gosec // bounded
		page = page[:n]
		body.NextCursor = base64.RawURLEncoding.EncodeToString([]byte(place(page[n-1])))
	}
	if page, err = found.Tell(page); err != nil {
		return err
	}
	last, err := a.Ledger.Last(ctx, to, each(page, func(d ledger.Difference) string { return d.Ref }))
	if err != nil {
		return err
	}
	for _, d := range page {
		item := toDifferenceJSON(d)
		item.Last = toToldJSON(last[d.Ref])
		body.Items = append(body.Items, item)
	}
	return c.JSON(http.StatusOK, body)
}
