package api

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// handleEntities handles "GET /api/catalog/entities".
func (a *API) handleEntities(c echo.Context) error {
	params := c.QueryParams()
	filter, err := parseFilter(params["filter"])
	if err != nil {
		return err
	}
	fields, err := parseFields(params["fields"])
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

	var found []*entities.Entry
	for _, e := range a.Catalog().All() {
		if filter.Matches(e) {
			found = append(found, e)
		}
	}
	for _, o := range slices.Backward(orders) {
		slices.SortStableFunc(found, o.compare)
	}
	from, to := page.bounds(len(found))
	if page.limited && to < len(found) {
		c.Response().Header().Set("Link", nextLink(c.Request().URL, page, to))
	}
	items := make([]any, 0, to-from)
	for _, e := range found[from:to] {
		item, err := fields.of(e)
		if err != nil {
			return err
		}
		items = append(items, item)
	}
	return c.JSON(200, items)
}

// handleEntityByName handles "GET /api/catalog/entities/by-name/:kind/:namespace/:name".
func (a *API) handleEntityByName(c echo.Context) error {
	ref := catalog.Ref{Kind: pathParam(c, "kind"), Namespace: pathParam(c, "namespace"), Name: pathParam(c, "name")}
	e, ok := a.Catalog().Get(ref.String())
	if !ok {
		return fault.New(fault.NotFound, "No entity named '%s' found, with kind '%s' in namespace '%s'", ref.Name, ref.Kind, ref.Namespace)
	}
	return c.JSON(200, e)
}

// handleEntityByUID handles "GET /api/catalog/entities/by-uid/:uid".
func (a *API) handleEntityByUID(c echo.Context) error {
	uid := pathParam(c, "uid")
	for _, e := range a.Catalog().All() {
		if e.Entity.Metadata.UID == uid {
			return c.JSON(200, e)
		}
	}
	return fault.New(fault.NotFound, "No entity with uid %s", uid)
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

// parseFilter reads Backstage's filter parameters: several are alternatives;
// within one, commas join conditions, and a key that stands twice takes either value.
func parseFilter(params []string) (entities.Filter, error) {
	var f entities.Filter
	for _, p := range params {
		if p == "" {
			return nil, fault.New(fault.Invalid, "Empty value found for query parameter 'filter'")
		}
		var set entities.Set
		for _, part := range strings.Split(p, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			key, value, hasValue := strings.Cut(part, "=")
			key = strings.ToLower(strings.TrimSpace(key))
			if key == "" {
				return nil, fault.New(fault.Invalid, "Invalid filter, '%s' is not a valid statement (expected a string on the form a=b or a= or a)", part)
			}
			i := slices.IndexFunc(set, func(c entities.Condition) bool { return c.Key == key })
			if i < 0 {
				set, i = append(set, entities.Condition{Key: key}), len(set)
			}
			if hasValue {
				set[i].Values = append(set[i].Values, strings.ToLower(strings.TrimSpace(value)))
			}
		}
		if len(set) > 0 {
			f = append(f, set)
		}
	}
	return f, nil
}

// projection is the list of fields that a caller wants; empty = all.
type projection [][]string

func parseFields(params []string) (projection, error) {
	var all projection
	for _, p := range params {
		for _, f := range strings.Split(p, ",") {
			if f = strings.TrimSpace(f); f == "" {
				continue
			}
			if strings.Contains(f, "[") {
				return nil, fault.New(fault.Invalid, "Invalid field \"%s\", array type fields are not supported", f)
			}
			all = append(all, strings.Split(f, "."))
		}
	}
	return all, nil
}

// of returns the entity, or the wanted part of it.
func (p projection) of(e *entities.Entry) (any, error) {
	if len(p) == 0 {
		return e, nil
	}
	b, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	var whole map[string]any
	if err := json.Unmarshal(b, &whole); err != nil {
		return nil, err
	}
	part := map[string]any{}
	for _, path := range p {
		pick(part, whole, path)
	}
	return part, nil
}

// pick copies what stands at a dotted path. A key may hold dots itself, so ever
// longer heads of the path are tried.
func pick(to, from map[string]any, path []string) {
	for n := 1; n <= len(path); n++ {
		key := strings.Join(path[:n], ".")
		v, ok := from[key]
		if !ok {
			continue
		}
		if n == len(path) {
			to[key] = v
			return
		}
		inner, ok := v.(map[string]any)
		if !ok {
			continue
		}
		sub, _ := to[key].(map[string]any)
		if sub == nil {
			sub = map[string]any{}
		}
		pick(sub, inner, path[n:])
		if len(sub) > 0 {
			to[key] = sub
		}
		return
	}
}

// order is one `order` parameter.
type order struct {
	field      string
	descending bool
}

func parseOrders(params []string) ([]order, error) {
	var all []order
	for _, p := range params {
		direction, field, ok := strings.Cut(p, ":")
		if !ok || field == "" || (direction != "asc" && direction != "desc") {
			return nil, fault.New(fault.Invalid, "Invalid order parameter \"%s\", expected \"<asc or desc>:<field name>\"", p)
		}
		all = append(all, order{field, direction == "desc"})
	}
	return all, nil
}

// compare puts entities that lack the field last, in either direction.
func (o order) compare(a, b *entities.Entry) int {
	va, hasA := a.Value(o.field)
	vb, hasB := b.Value(o.field)
	switch {
	case !hasA && !hasB:
		return 0
	case !hasA:
		return 1
	case !hasB:
		return -1
	case o.descending:
		return strings.Compare(vb, va)
	default:
		return strings.Compare(va, vb)
	}
}

// page is the part of a list that a caller asked for. It is also, as JSON in
// base64, the `after` cursor.
type page struct {
	Limit   int `json:"limit"`
	Offset  int `json:"offset"`
	limited bool
}

func parsePage(params url.Values) (page, error) {
	var p page
	if params.Has("after") {
		raw := params.Get("after")
		if raw == "" {
			return page{}, fault.New(fault.Invalid, "Empty value found for query parameter 'after'")
		}
		b, err := base64.StdEncoding.DecodeString(raw)
		if err != nil || json.Unmarshal(b, &p) != nil || p.Limit < 0 || p.Offset < 0 {
			return page{}, fault.New(fault.Invalid, "Malformed cursor, could not be parsed")
		}
		p.limited = p.Limit > 0
	}
	for name, to := range map[string]*int{"limit": &p.Limit, "offset": &p.Offset} {
		if !params.Has(name) {
			continue
		}
		n, err := strconv.Atoi(params.Get(name))
		if err != nil {
			return page{}, fault.New(fault.Invalid, "request/query/%s must be integer", name)
		}
		if n < 0 {
			return page{}, fault.New(fault.Invalid, "request/query/%s must be >= 0", name)
		}
		*to = n
	}
	if params.Has("limit") {
		if p.Limit == 0 {
			return page{}, fault.New(fault.Invalid, "Invalid limit, must be greater than zero")
		}
		p.limited = true
	}
	return p, nil
}

func (p page) bounds(n int) (from, to int) {
	from, to = min(p.Offset, n), n
	if p.limited {
		to = from + min(p.Limit, n-from)
	}
	return from, to
}

// nextLink is the Link header that leads to the next page; its path lacks the
// mount point, as Backstage's does.
func nextLink(u *url.URL, p page, offset int) string {
	b, _ := json.Marshal(page{Limit: p.Limit, Offset: offset}) // two integers: it cannot fail
	q := u.Query()
	q.Del("offset")
	q.Set("after", base64.StdEncoding.EncodeToString(b))
	return "</entities?" + q.Encode() + ">; rel=\"next\""
}
