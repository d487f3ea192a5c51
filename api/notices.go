package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/notices"
)

// Notices are what people are to be told.
type Notices interface {
	// List returns notices, the newest first.
	List(ctx context.Context, q notices.Query) ([]notices.Notice, error)
	// Count returns how many there are, whatever the limit.
	Count(ctx context.Context, q notices.Query) (int, error)
}

const (
	defaultNotices = 50
	maxNotices     = 500
)

// noticeJSON is a notice with its words.
type noticeJSON struct {
	notices.Notice
	Headline string `json:"headline"`
	Href     string `json:"href"` // where the portal tells more
}

// handleNotices handles "GET /api/notices".
func (a *API) handleNotices(c echo.Context) error {
	q := c.QueryParams()
	ask := notices.Query{Now: a.Now(), Moment: momentOf(c)}
	all := ask
	for _, name := range q["kind"] {
		if _, ok := notices.KindOf(name); !ok {
			var all []string
			for _, k := range notices.Kinds() {
				all = append(all, k.Name)
			}
			return fault.New(fault.Invalid, "kind: %q is no kind of notice; there are %s", name, strings.Join(all, ", "))
		}
		ask.Kinds = append(ask.Kinds, name)
	}
	for _, text := range q["owner"] {
		ref, err := catalog.ParseRef(text, catalog.Ref{Kind: "Group"})
		if err != nil {
			return fault.New(fault.Invalid, "owner: %w", err)
		}
		of := all
		if of.Owners = []string{ref.String()}; a.catalog(c).Find(entities.Query{Owners: of.Owners, Limit: 1}).Total == 0 {
			if err := a.isTold(c, ref, of); err != nil {
				return err
			}
		}
		ask.Owners = append(ask.Owners, ref.String())
	}
	if text := q.Get("scorecard"); text != "" {
		ref, of := cardRef(text), all
		of.Card = ref.String()
		if err := a.isTold(c, ref, of); err != nil {
			return err
		}
		ask.Card = of.Card
	}
	if text := q.Get("since"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return fault.New(fault.Invalid, "since: %q is no time; write 2026-03-12T09:00:00Z", text)
		}
		ask.Since = at
	}
	limit, err := number(q, "limit")
	if err != nil {
		return err
	}
	offset, err := number(q, "offset")
	if err != nil {
		return err
	}
	if limit == 0 {
		limit = defaultNotices
	}
	ask.Limit, ask.Offset = int(min(limit, maxNotices)), int(min(offset, 1_000_000))
	ctx := c.Request().Context()
	total, err := a.Notices.Count(ctx, ask)
	if err != nil {
		return err
	}
	list, err := a.Notices.List(ctx, ask)
	if err != nil {
		return err
	}
	items := make([]noticeJSON, len(list))
	for i, n := range list {
		words := notices.Text(n)
		items[i] = noticeJSON{n, words.Headline, words.Href}
	}
	return c.JSON(http.StatusOK, map[string]any{"items": slices.Clip(items), "totalItems": total})
}

// isTold refuses what is nowhere in the catalog, unless there are notices of it, be it by now
// gone: those that a query selects.
func (a *API) isTold(c echo.Context, ref catalog.Ref, of notices.Query) error {
	if _, ok := a.catalog(c).Get(ref.String()); ok {
		return nil
	}
	n, err := a.Notices.Count(c.Request().Context(), of)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "there is no %s in the catalog", ref)
	}
	return err
}
