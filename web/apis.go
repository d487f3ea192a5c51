package web

import (
	"context"
	"strings"

	"github.com/callboard/callboard/projections/entities"
)

const apisPath = "/apis"

// apis handles "GET /apis".
func (s *Site) apis(ctx context.Context, r request) (answer, error) {
	return s.list(ctx, list{apisPath, "APIs", "API", "API", "APIs"}, r)
}

func isAPI(e *entities.Entry) bool { return strings.EqualFold(e.Entity.Kind, "API") }
