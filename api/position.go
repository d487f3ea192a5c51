package api

import (
	"context"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

const (
	// headerPosition says which event an answer has seen last.
	headerPosition = "Callboard-Position"
	// headerWait asks to answer only once that event has been seen.
	headerWait = "Callboard-Wait-Position"
	maxWait    = 10 * time.Second
)

// wait waits as long as the request asks for, so that one reads one's own write.
func (a *API) wait(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if h := c.Request().Header.Get(headerWait); h != "" {
			p, err := strconv.ParseUint(h, 10, 64)
			if err != nil {
				return fault.New(fault.Invalid, "header %s must be a position, not %q", headerWait, h)
			}
			ctx, cancel := context.WithTimeout(c.Request().Context(), maxWait)
			defer cancel()
			if err := a.Wait(ctx, eventlog.Position(p)); err != nil {
				return err
			}
		}
		return next(c)
	}
}
