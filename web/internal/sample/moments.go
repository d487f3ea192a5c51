package sample

import (
	"context"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/moments"
	"github.com/callboard/callboard/web"
)

// travels are the moments of a world as the pages want them.
type travels struct {
	*moments.Moments
	kinds catalog.Kinds
}

// Catalog returns the catalog at a moment.
func (t travels) Catalog(ctx context.Context, m projections.Moment) (web.Catalog, error) {
	c, err := t.Moments.Catalog(ctx, m)
	return shown{c, t.kinds}, err
}
