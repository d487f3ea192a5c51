package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api/shape"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// Locations are the places that descriptors are read from, and what makes the
// portal read them. What a call changed is in the catalog when it returns.
type Locations interface {
	LocationRegister
	// Refresh has what an entity is declared in read again, DeleteEntity takes the
	// entity out until it is. An unknown ref is an error of kind fault.NotFound.
	Refresh(ctx context.Context, ref string) error
	DeleteEntity(ctx context.Context, ref string, why event.Cause) error
	// Preview reads what a location would bring in.
	Preview(ctx context.Context, typ, target string) (LocationPreview, error)
}

// LocationRegister is where locations are registered.
type LocationRegister interface {
	// Register has a place read from now on. One that is there already is an
	// error of kind fault.Conflict, unless it is to be refreshed.
	Register(ctx context.Context, typ, target string, refresh bool, why event.Cause) (event.LocationRegistered, error)
	// Update has a registered location lead elsewhere, Remove takes it away with
	// what it led to. An unknown id is an error of kind fault.NotFound.
	Update(ctx context.Context, id, typ, target string, why event.Cause) (event.LocationRegistered, error)
	Remove(ctx context.Context, id string, why event.Cause) error
}

type locationJSON struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Target    string `json:"target"`
	EntityRef string `json:"entityRef"`
}

func toLocationJSON(l event.LocationRegistered) locationJSON {
	return locationJSON{l.ID, l.Type, l.Target, l.EntityRef}
}

// registeredLocations are those that Backstage's API shows: not the configured ones.
func (a *API) registeredLocations(c echo.Context) []locationJSON {
	all := []locationJSON{}
	for _, l := range a.catalog(c).Locations() {
		if !l.Configured {
			all = append(all, toLocationJSON(l.LocationRegistered))
		}
	}
	return all
}

// handleLocations handles "GET /api/catalog/locations".
func (a *API) handleLocations(c echo.Context) error {
	type item struct {
		Data locationJSON `json:"data"`
	}
	items := []item{}
	for _, l := range a.registeredLocations(c) {
		items = append(items, item{l})
	}
	return writeJSON(c, http.StatusOK, items)
}

// handleLocation handles "GET /api/catalog/locations/:id".
func (a *API) handleLocation(c echo.Context) error {
	id := pathParam(c, "id")
	all := a.registeredLocations(c)
	i := slices.IndexFunc(all, func(l locationJSON) bool { return l.ID == id })
	if i < 0 {
		return fault.New(fault.NotFound, "Found no location with ID %s", id)
	}
	return writeJSON(c, http.StatusOK, all[i])
}

// handleLocationOf handles "GET /api/catalog/locations/by-entity/:kind/:namespace/:name".
func (a *API) handleLocationOf(c echo.Context) error {
	ref := catalog.Ref{Kind: pathParam(c, "kind"), Namespace: pathParam(c, "namespace"), Name: pathParam(c, "name")}.String()
	e, ok := a.catalog(c).Get(ref)
	if !ok {
		return fault.New(fault.NotFound, "found no entity for ref %s", ref)
	}
	origin, ok := e.Entity.Metadata.Annotations[catalog.AnnotationOriginLocation]
	if !ok {
		return fault.New(fault.NotFound, "found no origin annotation for ref %s", ref)
	}
	typ, target, _ := strings.Cut(origin, ":")
	all := a.registeredLocations(c)
	i := slices.IndexFunc(all, func(l locationJSON) bool { return l.Type == typ && l.Target == target })
	if i < 0 {
		return fault.New(fault.NotFound, "Found no location with type %s and target %s", typ, target)
	}
	return writeJSON(c, http.StatusOK, all[i])
}

// handleRegister handles "POST /api/catalog/locations".
func (a *API) handleRegister(c echo.Context) error {
	var in locationInput
	body, err := readBody(c, bodyNewLocation, &in)
	if err != nil {
		return err
	}
	if err := in.check(body, true); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if saysYes(c.QueryParam("dryRun")) {
		return a.dryRun(c, in.Type, in.Target)
	}
	l, err := a.Locations.Register(ctx, in.Type, in.Target, c.QueryParam("onConflict") == "refresh", causeOf(c))
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusCreated, map[string]any{"location": toLocationJSON(l), "entities": []any{}})
}

// locationInput is a location as it is sent.
type locationInput struct {
	Type   string `json:"type"`
	Target string `json:"target"`
}

// check looks at the whole body; one that is new may say whether it has to be there.
func (in locationInput) check(body map[string]any, isNew bool) error {
	keys := []shape.Key{{Name: "type", Shape: shape.String}, {Name: "target", Shape: shape.String}}
	if isNew {
		keys = append(keys, shape.Key{Name: "presence", Shape: shape.Enum("required", "optional"), Optional: true})
	}
	if err := malformed(shape.Strict(keys...), body); err != nil {
		return err
	}
	if in.Type != "url" {
		return fault.New(fault.Invalid, "Registered locations must be of an allowed type [\"url\"]")
	}
	return nil
}

// saysYes reads a flag as Backstage does.
func saysYes(s string) bool {
	return slices.Contains([]string{"y", "yes", "true", "1", "on"}, strings.ToLower(strings.TrimSpace(s)))
}

// handleUpdateLocation handles "PUT /api/catalog/locations/:id".
func (a *API) handleUpdateLocation(c echo.Context) error {
	var in locationInput
	body, err := readBody(c, bodyLocation, &in)
	if err != nil {
		return err
	}
	if err := in.check(body, false); err != nil {
		return err
	}
	l, err := a.Locations.Update(c.Request().Context(), pathParam(c, "id"), in.Type, in.Target, causeOf(c))
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, toLocationJSON(l))
}

// handleRemoveLocation handles "DELETE /api/catalog/locations/:id".
func (a *API) handleRemoveLocation(c echo.Context) error {
	if err := a.Locations.Remove(c.Request().Context(), pathParam(c, "id"), causeOf(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// handleRefresh handles "POST /api/catalog/refresh".
func (a *API) handleRefresh(c echo.Context) error {
	var in struct {
		Ref string `json:"entityRef"`
	}
	if _, err := readBody(c, bodyRefresh, &in); err != nil {
		return err
	}
	if err := a.Locations.Refresh(c.Request().Context(), strings.ToLower(in.Ref)); err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}

// handleDeleteEntity handles "DELETE /api/catalog/entities/by-uid/:uid".
func (a *API) handleDeleteEntity(c echo.Context) error {
	ref, ok := a.catalog(c).ByUID(pathParam(c, "uid"))
	if !ok {
		return c.NoContent(http.StatusNoContent)
	}
	err := a.Locations.DeleteEntity(c.Request().Context(), ref, causeOf(c))
	if err != nil && fault.KindOf(err) != fault.NotFound { // somebody else was faster
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// handleAncestry handles "GET /api/catalog/entities/by-name/:kind/:namespace/:name/ancestry".
func (a *API) handleAncestry(c echo.Context) error {
	type item struct {
		Entity  entities.Text `json:"entity"`
		Parents []string      `json:"parentEntityRefs"`
	}
	ref := catalog.Ref{Kind: pathParam(c, "kind"), Namespace: pathParam(c, "namespace"), Name: pathParam(c, "name")}.String()
	body := struct {
		Root  string `json:"rootEntityRef"`
		Items []item `json:"items"`
	}{Root: ref, Items: []item{}}
	now := a.catalog(c)
	seen := map[string]bool{}
	for next := ref; next != "" && !seen[next]; {
		e, ok := now.Get(next)
		if !ok {
			break
		}
		seen[next] = true
		it := item{e.JSON, []string{}}
		next = e.Origin.Parent
		if _, there := now.JSON(next); there {
			it.Parents = append(it.Parents, next)
		}
		body.Items = append(body.Items, it)
	}
	if len(body.Items) == 0 {
		return fault.New(fault.NotFound, "No such entity %s", ref)
	}
	return writeJSON(c, http.StatusOK, body)
}

// causeOf names a request as the cause of what it changes.
func causeOf(c echo.Context) event.Cause {
	return event.Cause{Request: c.Response().Header().Get(echo.HeaderXRequestID)}
}
