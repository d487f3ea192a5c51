package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api/predicate"
	"github.com/callboard/callboard/api/shape"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities/index"
)

// defaultLocations is how many locations a page holds that was asked for
// without a limit.
const defaultLocations = 1000

// locationCursor says where a page of locations begins.
type locationCursor struct {
	Limit int    `json:"limit"`
	After string `json:"afterId,omitempty"`
	Query any    `json:"query,omitempty"`
}

// handleQueryLocations handles "POST /api/catalog/locations/by-query".
func (a *API) handleQueryLocations(c echo.Context) error {
	from, err := readLocationQuery(c)
	if err != nil {
		return err
	}
	all, err := selectLocations(a.registeredLocations(c), from.Query)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b locationJSON) int { return cmp.Compare(a.ID, b.ID) })
	body := struct {
		Items      []locationJSON `json:"items"`
		TotalItems int            `json:"totalItems"`
		PageInfo   struct {
			NextCursor string `json:"nextCursor,omitempty"`
		} `json:"pageInfo"`
	}{TotalItems: len(all)}
	all = slices.DeleteFunc(all, func(l locationJSON) bool { return l.ID <= from.After })
	body.Items = all[:min(len(all), from.Limit)]
	if len(body.Items) < len(all) {
		from.After = body.Items[len(body.Items)-1].ID
		b, err := json.Marshal(from)
		if err != nil {
			return err
		}
		body.PageInfo.NextCursor = base64.StdEncoding.EncodeToString(b)
	}
	return writeJSON(c, http.StatusOK, body)
}

// readLocationQuery reads what is asked for; of a request with a cursor nothing
// else counts.
func readLocationQuery(c echo.Context) (locationCursor, error) {
	var in struct {
		Cursor *string  `json:"cursor"`
		Limit  *float64 `json:"limit"`
	}
	body, err := readBody(c, bodyLocationQuery, &in)
	switch {
	case err != nil:
		return locationCursor{}, err
	case in.Cursor != nil && *in.Cursor == "":
		return locationCursor{}, fault.New(fault.Invalid, "Cursor cannot be empty")
	case in.Cursor != nil:
		return parseLocationCursor(*in.Cursor)
	}
	from := locationCursor{Limit: defaultLocations, Query: body["query"]}
	if in.Limit != nil {
		from.Limit = int(*in.Limit)
		if *in.Limit != float64(from.Limit) || from.Limit < 1 {
			return from, fault.New(fault.Invalid, "Limit must be a positive integer >= 1")
		}
	}
	return from, nil
}

func parseLocationCursor(raw string) (from locationCursor, err error) {
	text := fromBase64(raw)
	v, err := decodeBody(text)
	if err != nil {
		return from, fault.New(fault.Invalid, "Malformed cursor, unknown encoding")
	}
	issues := shape.Check(shape.Object(
		shape.Key{Name: "limit", Shape: shape.Number},
		shape.Key{Name: "afterId", Shape: shape.String, Optional: true},
		shape.Key{Name: "query", Shape: predicate.Shape(), Optional: true},
	), v)
	if issues != nil {
		return from, fault.New(fault.Invalid, "Malformed cursor: %s", issues.Sentence())
	}
	if json.Unmarshal(text, &from) != nil || from.Limit < 1 {
		return from, fault.New(fault.Invalid, "Malformed cursor: Validation error: Number must be a whole one, 1 or more at \"limit\"")
	}
	return from, nil
}

// selectLocations returns those that a predicate selects; nil selects all.
func selectLocations(all []locationJSON, query any) ([]locationJSON, error) {
	if query == nil {
		return all, nil
	}
	where, err := predicate.Parse(query)
	if err != nil {
		return nil, err
	}
	b := index.New().Batch()
	for i, l := range all {
		b.Put(locationDoc{l, uint64(i) + 1})
	}
	chosen := []locationJSON{}
	for _, row := range b.Index().List(index.Listing{Where: where, Limit: -1}).Rows {
		chosen = append(chosen, row.Doc.(locationDoc).locationJSON)
	}
	return chosen, nil
}

// locationDoc is a location as it is found by what it says.
type locationDoc struct {
	locationJSON
	number uint64
}

// ID is its number.
func (d locationDoc) ID() uint64 { return d.number }

// Ref is its id.
func (d locationDoc) Ref() string { return d.locationJSON.ID }

// Terms are what predicates ask for.
func (d locationDoc) Terms() []index.Term {
	return []index.Term{
		index.Plain("id", d.locationJSON.ID), index.Plain("type", d.Type), index.Plain("target", d.Target), index.Plain("entityref", d.EntityRef),
	}
}
