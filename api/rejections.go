package api

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
)

// The number of rejections that a page holds.
const (
	defaultRejections = 100
	maxRejections     = 1000
)

// handleRejections handles "GET /api/rejections".
func (a *API) handleRejections(c echo.Context) error {
	type place struct {
		Source     string `json:"source"`
		Repository string `json:"repository"`
		Path       string `json:"path"`
		URL        string `json:"url,omitempty"`
		Line       int    `json:"line,omitempty"`
	}
	type item struct {
		Position eventlog.Position `json:"position"`
		Since    time.Time         `json:"since"`
		Ref      string            `json:"ref,omitempty"`
		Origin   place             `json:"origin"`
		Problems []event.Problem   `json:"problems"`
		With     *place            `json:"with,omitempty"`
	}
	placeOf := func(o event.Origin) place { return place{o.Source, o.Repository, o.Path, o.URL, o.Line} }

	q := c.QueryParams()
	after, err := number(q, "after")
	if err != nil {
		return err
	}
	limit, err := number(q, "limit")
	if err != nil {
		return err
	}
	if limit == 0 {
		limit = defaultRejections
	}
	all := a.catalog(c).Rejections()
	if now := q.Get(paramAt.name) == "" && q.Get(paramKnown.name) == ""; now && a.IsRead != nil {
		all = slices.DeleteFunc(slices.Clone(all), func(r *entities.Rejection) bool { return !a.IsRead(r.Origin.Source) })
	}
	body := struct {
		Items      []item `json:"items"`
		TotalItems int    `json:"totalItems"`
		NextCursor string `json:"nextCursor,omitempty"`
	}{Items: []item{}, TotalItems: len(all)}
	for _, r := range all {
		if after > 0 && r.Position >= eventlog.Position(after) {
			continue
		}
		if uint64(len(body.Items)) == min(limit, maxRejections) {
			body.NextCursor = strconv.FormatUint(uint64(body.Items[len(body.Items)-1].Position), 10)
			break
		}
		it := item{Position: r.Position, Since: r.Recorded, Ref: r.Ref, Origin: placeOf(r.Origin), Problems: r.Problems}
		if r.With != nil {
			with := placeOf(*r.With)
			it.With = &with
		}
		body.Items = append(body.Items, it)
	}
	return c.JSON(http.StatusOK, body)
}
