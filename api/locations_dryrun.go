package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// LocationPreview is what registering a location would bring in.
type LocationPreview struct {
	EntityRef string              // of the Location entity that would stand for it
	Exists    bool                // it is registered already
	Declared  []event.Declaration // in the order of the files; Origin.Parent tells who led there
	Rejected  []event.EntityRejected
	Failures  []LocationFailure
}

// LocationFailure says why a Location cannot be read.
type LocationFailure struct {
	Kind     string        // "missing", "denied", "unread", "unusable" or "forbidden"
	Location string        // "url:https://…"
	Ref      string        // of the entity that is forbidden
	Problem  event.Problem // of the Location
	Inside   event.Problem // of a file that is no descriptor
}

// dryRun answers what a location would bring in.
func (a *API) dryRun(c echo.Context, typ, target string) error {
	v, err := a.Locations.Preview(c.Request().Context(), typ, target)
	if err != nil {
		return err
	}
	origin := typ + ":" + target
	if len(v.Failures) > 0 {
		texts := make([]string, len(v.Failures))
		for i, f := range v.Failures {
			texts[i] = f.backstage(origin)
		}
		return fault.New(fault.Invalid, "%s", strings.Join(texts, ", "))
	}
	for _, r := range v.Rejected {
		return fault.New(fault.Invalid, "InputError: %s", r.Describe(r.Problems[0]))
	}
	entities, err := inProcessingOrder(v)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusCreated, map[string]any{
		"exists": v.Exists, "location": locationJSON{ID: origin, Type: typ, Target: target, EntityRef: v.EntityRef}, "entities": entities,
	})
}

// inProcessingOrder lists entities in the order in which Backstage comes to
// them: a stack, on which what a Location leads to is put.
func inProcessingOrder(v LocationPreview) ([]any, error) {
	led := map[string][]*event.Declaration{}
	for i := range v.Declared {
		d := &v.Declared[i]
		led[d.Origin.Parent] = append(led[d.Origin.Parent], d)
	}
	all := []any{}
	seen := map[string]bool{}
	for stack := led[""]; len(stack) > 0; {
		d := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		ref := d.Entity.Ref().String()
		if seen[ref] {
			return nil, fmt.Errorf("Duplicate nested entity: %s", ref)
		}
		seen[ref] = true
		all = append(all, d.Entity.Object())
		stack = slices.Concat(stack, led[ref])
	}
	return all, nil
}

// backstage says in Backstage's words why a location cannot be read.
func (f LocationFailure) backstage(origin string) string {
	_, target, _ := strings.Cut(f.Location, ":")
	typ := strings.TrimSuffix(f.Location, ":"+target)
	switch f.Kind {
	case "missing":
		return fmt.Sprintf("NotFoundError: Unable to read %s, no matching files found for %s", typ, target)
	case "denied":
		return fmt.Sprintf("Error: Unable to read %s, NotAllowedError: Reading from '%s' is not allowed. You may need to configure an integration for the target host, "+
			"or add it to the configured list of allowed hosts at 'backend.reading.allow'", typ, target)
	case "forbidden":
		return fmt.Sprintf("NotAllowedError: Entity %s at %s, originated at %s, is not of an allowed kind for that location", f.Ref, f.Location, origin)
	case "unusable":
		if p := f.Inside; p.Path != "" { // it is YAML, and no entity
			return fmt.Sprintf("TypeError: %s %s", p.Path, p.Message)
		}
		return fmt.Sprintf("Error: YAML error at %s, YAMLParseError: %s at line %d, column %d", f.Location, f.Inside.Message, f.Inside.Line, f.Inside.Column)
	default:
		return fmt.Sprintf("Error: Unable to read %s, %s", typ, f.Problem.Message)
	}
}
