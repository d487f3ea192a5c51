package api

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/callboard/callboard/api/predicate"
	"github.com/callboard/callboard/api/shape"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// cursor is where a page of by-query lies in its list, and what the list is of.
// It goes out as JSON in base64, with Backstage's keys: its client looks into
// cursors, and pages by POST if there is a "query".
type cursor struct {
	OrderFields []orderField `json:"orderFields"`
	Previous    bool         `json:"isPrevious"`
	Query       any          `json:"query,omitempty"`
	Filter      any          `json:"filter,omitempty"` // older cursors have it
	FullText    *fullText    `json:"fullTextFilter,omitempty"`
	// Values is the place of the row after which the page begins, or before which
	// it ends; First is that of the first row of all.
	Values []string `json:"orderFieldValues"`
	First  []string `json:"firstSortFieldValues,omitempty"`
	Total  *float64 `json:"totalItems,omitempty"`
}

type orderField struct {
	Field string `json:"field"`
	Order string `json:"order"`
}

type fullText struct {
	Term   string   `json:"term"`
	Fields []string `json:"fields,omitempty"`
}

func (c *cursor) encode() string {
	out := *c
	if out.OrderFields == nil {
		out.OrderFields = []orderField{}
	}
	b, _ := json.Marshal(out) // it holds nothing but JSON
	return base64.StdEncoding.EncodeToString(b)
}

// term is what full text has to contain; "" for anything.
func (c *cursor) term() string {
	if c.FullText == nil {
		return ""
	}
	return strings.TrimSpace(c.FullText.Term)
}

// place is where a row lies, as cursors have it.
func (c *cursor) place(m entities.Mark) []string {
	id := strconv.FormatUint(m.ID, 10)
	if len(c.OrderFields) == 0 {
		return []string{id}
	}
	return []string{m.Value, id}
}

// mark is the row that the page begins or ends at; nil for the first page.
func (c *cursor) mark() (*entities.Mark, error) {
	if len(c.Values) == 0 {
		return nil, nil
	}
	id, err := strconv.ParseUint(c.Values[len(c.Values)-1], 10, 64)
	wanted := 1
	if len(c.OrderFields) > 0 {
		wanted = 2
	}
	if err != nil || len(c.Values) != wanted {
		return nil, fault.New(fault.Invalid, "Malformed cursor: it is not one of this catalog; begin again at the first page")
	}
	m := &entities.Mark{ID: id}
	if wanted == 2 {
		m.Value = c.Values[0]
	}
	return m, nil
}

// parseCursor reads a cursor. Errors are of kind fault.Invalid.
func parseCursor(raw string) (cursor, error) {
	text := fromBase64(raw)
	v, err := decodeBody(text)
	if err != nil {
		return cursor{}, fault.New(fault.Invalid, "Malformed cursor: SyntaxError: %w", err)
	}
	if issues := shape.Check(cursorShape(), v); issues != nil {
		return cursor{}, fault.New(fault.Invalid, "Malformed cursor: InputError: Malformed cursor: %s", issues.JSON())
	}
	var c cursor
	if err := json.Unmarshal(text, &c); err != nil {
		return cursor{}, fault.New(fault.Invalid, "Malformed cursor: %v", err)
	}
	if c.Filter != nil {
		c.Filter = fromOldFilter(c.Filter)
	}
	return c, nil
}

// cursorShape is what a cursor looks like.
func cursorShape() shape.Shape {
	place := shape.Array(shape.Union(shape.String, shape.Null))
	var filter shape.Shape
	filters := shape.Lazy(func() shape.Shape { return filter })
	filter = shape.Union(
		shape.Object(shape.Key{Name: "key", Shape: shape.String}, shape.Key{Name: "values", Shape: shape.Array(shape.String), Optional: true}),
		shape.Object(shape.Key{Name: "not", Shape: filters}),
		shape.Object(shape.Key{Name: "anyOf", Shape: shape.Array(filters)}),
		shape.Object(shape.Key{Name: "allOf", Shape: shape.Array(filters)}),
	)
	return shape.Object(
		shape.Key{Name: "orderFields", Shape: shape.Array(shape.Object(
			shape.Key{Name: "field", Shape: shape.String}, shape.Key{Name: "order", Shape: shape.Enum("asc", "desc")},
		))},
		shape.Key{Name: "fullTextFilter", Optional: true, Shape: shape.Object(
			shape.Key{Name: "term", Shape: shape.String}, shape.Key{Name: "fields", Shape: shape.Array(shape.String), Optional: true},
		)},
		shape.Key{Name: "orderFieldValues", Shape: place},
		shape.Key{Name: "filter", Shape: filter, Optional: true},
		shape.Key{Name: "isPrevious", Shape: shape.Boolean},
		shape.Key{Name: "query", Shape: predicate.Shape(), Optional: true},
		shape.Key{Name: "firstSortFieldValues", Shape: place, Optional: true},
		shape.Key{Name: "totalItems", Shape: shape.Number, Optional: true},
	)
}

// fromOldFilter makes a predicate of the filter of an older cursor, which has the
// shape of one.
func fromOldFilter(v any) any {
	f, _ := v.(map[string]any)
	list := func(of any) []any {
		old, _ := of.([]any)
		all := make([]any, len(old))
		for i := range old {
			all[i] = fromOldFilter(old[i])
		}
		return all
	}
	if key, ok := f["key"].(string); ok {
		if values, ok := f["values"].([]any); ok {
			return map[string]any{key: map[string]any{"$in": values}}
		}
		return map[string]any{key: map[string]any{"$exists": true}}
	}
	if of, ok := f["not"]; ok {
		return map[string]any{"$not": fromOldFilter(of)}
	}
	if of, ok := f["anyOf"]; ok {
		return map[string]any{"$any": list(of)}
	}
	return map[string]any{"$all": list(f["allOf"])}
}
