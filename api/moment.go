package api

import (
	"context"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
)

// Moments has the catalog as it was. All reads of the catalog take a moment as the
// parameters at, when it was true, and known, by what was on record.
type Moments interface {
	Parse(ctx context.Context, at, known string) (projections.Moment, error)
	// Bound reads where a period begins or ends, on the first of the two clocks; zero is now.
	Bound(ctx context.Context, name, text string) (time.Time, error)
	Catalog(ctx context.Context, m projections.Moment) (*entities.Snapshot, error)
}

var (
	paramAt    = param{name: "at", check: oneText}
	paramKnown = param{name: "known", check: oneText}
)

// contextCatalog is where a request keeps the catalog that it reads, and contextMoment
// of which moment that is.
const (
	contextCatalog = "catalog"
	contextMoment  = "moment"
)

// reads is takes for a route that answers from the catalog of any moment.
func (a *API) reads(known ...param) echo.MiddlewareFunc {
	checks := takes(append(known, paramAt, paramKnown)...)
	return func(next echo.HandlerFunc) echo.HandlerFunc { return checks(a.moment(next)) }
}

// moment finds the catalog that a request asks for.
func (a *API) moment(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		at, known := c.QueryParam(paramAt.name), c.QueryParam(paramKnown.name)
		if at == "" && known == "" {
			return next(c)
		}
		if a.Moments == nil {
			return fault.New(fault.Invalid, "at and known: this portal has no history to look into")
		}
		ctx := c.Request().Context()
		m, err := a.Moments.Parse(ctx, at, known)
		if err != nil {
			return err
		}
		s, err := a.Moments.Catalog(ctx, m)
		if err != nil {
			return err
		}
		c.Set(contextMoment, m)
		c.Set(contextCatalog, s)
		a.says(c, s)
		return next(c)
	}
}

// momentOf is the moment that a request reads; zero is now.
func momentOf(c echo.Context) projections.Moment {
	m, _ := c.Get(contextMoment).(projections.Moment)
	return m
}

// catalog returns the catalog that a request reads: one snapshot, whatever it asks.
func (a *API) catalog(c echo.Context) *entities.Snapshot {
	s, ok := c.Get(contextCatalog).(*entities.Snapshot)
	if !ok {
		s = a.Catalog()
		c.Set(contextCatalog, s)
	}
	return s
}

// says which event an answer has seen last.
func (a *API) says(c echo.Context, s *entities.Snapshot) {
	c.Response().Header().Set(headerPosition, strconv.FormatUint(uint64(s.Position()), 10))
}

// position says which event an answer of the catalog has seen last.
func (a *API) position(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		a.says(c, a.catalog(c))
		return next(c)
	}
}
