package api

import (
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api/predicate"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// handleEntities handles "GET /api/catalog/entities": a bare list of all that the
// filters select, or a page of it.
func (a *API) handleEntities(c echo.Context) error {
	params := queryOfURL(c)
	where, err := whereOf(params)
	if err != nil {
		return err
	}
	fields, err := parseFields(nil, params["fields"])
	if err != nil {
		return err
	}
	orders, err := parseOrders(params["order"])
	if err != nil {
		return err
	}
	page, err := parsePage(params)
	if err != nil {
		return err
	}
	if page == nil {
		// All of it: as by-query has it, which heeds one field and leaves out what lacks it.
		order := entities.Order{Fields: orders[:min(len(orders), 1)], Repeat: true}
		rows := a.catalog(c).List(entities.Listing{Where: where, Order: order, Limit: -1}).Rows
		return writeRows(c, fields, rows, "[", "]")
	}
	order := entities.Order{Fields: orders, Lacking: true, Repeat: true}
	if len(orders) == 0 {
		order = entities.Order{ByRef: true}
	}
	rows := a.catalog(c).List(entities.Listing{Where: where, Order: order, Offset: page.Offset, Limit: page.atMost()}).Rows
	if page.Limit > 0 && len(rows) > page.Limit {
		rows = rows[:page.Limit]
		c.Response().Header().Set("Link", page.next(c.Request().URL))
	}
	return writeRows(c, fields, rows, "[", "]")
}

// whereOf reads the filter parameters.
func whereOf(params url.Values) (entities.Where, error) {
	p, err := predicate.FromFilters(params["filter"])
	if err != nil || p == nil {
		return nil, err
	}
	return predicate.Where(p)
}

// queryOf reads the predicate in a body; nil if there is none.
func queryOf(body map[string]any) (entities.Where, error) {
	p, ok := body["query"]
	if !ok {
		return nil, nil
	}
	return predicate.Parse(p)
}

// parseOrders reads "asc:metadata.name".
func parseOrders(params []string) ([]entities.Field, error) {
	var all []entities.Field
	for _, p := range params {
		m := orderForm.FindStringSubmatch(p)
		if m == nil {
			return nil, fault.New(fault.Invalid, "Invalid order parameter \"%s\", expected \"<asc or desc>:<field name>\"", p)
		}
		all = append(all, entities.Field{Key: m[2], Descending: m[1] == "desc"})
	}
	return all, nil
}

// handleEntityByName handles "GET /api/catalog/entities/by-name/:kind/:namespace/:name".
func (a *API) handleEntityByName(c echo.Context) error {
	ref := catalog.Ref{Kind: pathParam(c, "kind"), Namespace: pathParam(c, "namespace"), Name: pathParam(c, "name")}
	entity, ok := a.catalog(c).JSON(ref.String())
	if !ok {
		return fault.New(fault.NotFound, "No entity named '%s' found, with kind '%s' in namespace '%s'", ref.Name, ref.Kind, ref.Namespace)
	}
	return writeEntity(c, entity)
}

// handleEntityByUID handles "GET /api/catalog/entities/by-uid/:uid".
func (a *API) handleEntityByUID(c echo.Context) error {
	now, uid := a.catalog(c), pathParam(c, "uid")
	if ref, ok := now.ByUID(uid); ok {
		entity, _ := now.JSON(ref)
		return writeEntity(c, entity)
	}
	return fault.New(fault.NotFound, "No entity with uid %s", uid)
}

// handleEntitiesByRefs handles "POST /api/catalog/entities/by-refs". Refs are
// compared as they are, with full lower-case ones.
func (a *API) handleEntitiesByRefs(c echo.Context) error {
	var in struct {
		Refs   []string `json:"entityRefs"`
		Fields []string `json:"fields"`
	}
	body, err := readBody(c, bodyByRefs, &in)
	if err != nil {
		return err
	}
	query, err := queryOf(body)
	if err != nil {
		return err
	}
	fields, err := parseFields(in.Fields, nil)
	if err != nil {
		return err
	}
	where, err := whereOf(queryOfURL(c))
	if err != nil {
		return err
	}
	switch {
	case where == nil:
		where = query
	case query != nil:
		where = entities.All{where, query}
	}
	all := a.catalog(c).Pick(in.Refs, where)
	return writeList(c, fields, len(all), func(i int) entities.Text { return all[i] }, `{"items":[`, "]}")
}

// handleFacets handles "GET /api/catalog/entity-facets".
func (a *API) handleFacets(c echo.Context) error {
	params := queryOfURL(c)
	where, err := whereOf(params)
	if err != nil {
		return err
	}
	facets, err := facetsOf(params["facet"])
	if err != nil {
		return err
	}
	if len(facets) == 0 {
		return fault.New(fault.Invalid, "Missing facet parameter")
	}
	return a.writeFacets(c, where, facets)
}

// handleQueryFacets handles "POST /api/catalog/entity-facets".
func (a *API) handleQueryFacets(c echo.Context) error {
	var in struct {
		Facets []string `json:"facets"`
	}
	body, err := readBody(c, bodyFacets, &in)
	if err != nil {
		return err
	}
	facets, err := facetsOf(in.Facets)
	if err != nil {
		return err
	}
	if len(facets) == 0 {
		return fault.New(fault.Invalid, "Missing or empty facets parameter")
	}
	where, err := queryOf(body)
	if err != nil {
		return err
	}
	return a.writeFacets(c, where, facets)
}

func (a *API) writeFacets(c echo.Context, where entities.Where, facets []string) error {
	type count struct {
		Value string `json:"value"`
		Count int    `json:"count"`
	}
	body := struct {
		Facets map[string][]count `json:"facets"`
	}{map[string][]count{}}
	for i, counts := range a.catalog(c).Facets(where, facets...) {
		all := make([]count, len(counts))
		for k, v := range counts {
			all[k] = count(v)
		}
		body.Facets[facets[i]] = all
	}
	return writeJSON(c, 200, body)
}

// maxFacets is how many fields are counted at once: each may have as many values
// as there are entities.
const maxFacets = 50

// facetsOf are the fields to count, each once.
func facetsOf(texts []string) (all []string, err error) {
	for _, t := range texts {
		if t != "" && !slices.Contains(all, t) {
			all = append(all, t)
		}
		if len(all) > maxFacets {
			return nil, fault.New(fault.Invalid, "At most %d facets can be asked for at once", maxFacets)
		}
	}
	return all, nil
}

// pathParam returns a path parameter as it was meant: Echo leaves it encoded
// when the path holds an encoded character.
func pathParam(c echo.Context, name string) string {
	s, err := url.PathUnescape(c.Param(name))
	if err != nil {
		return c.Param(name)
	}
	return s
}
