package api

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api/predicate"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// defaultLimit is how many entities a page of by-query holds that was asked for
// without a limit.
const defaultLimit = 200

// maxTerm is in bytes; no value that is searched is longer.
const maxTerm = 800

// handleByQuery handles "GET /api/catalog/entities/by-query".
func (a *API) handleByQuery(c echo.Context) error {
	params := queryOfURL(c)
	fields, err := parseFields(nil, params["fields"])
	if err != nil {
		return err
	}
	limit, err := integer(params, "limit", defaultLimit)
	if err != nil {
		return err
	}
	q := query{fields: fields, limit: limit}
	if params.Has("cursor") {
		q.cursor, err = parseCursor(params.Get("cursor"))
	} else {
		q.offset, err = integer(params, "offset", 0)
		if err == nil {
			q.cursor, err = firstCursor(params)
		}
		q.uncounted = params.Get("totalItems") == "exclude"
	}
	if err != nil {
		return err
	}
	return a.answer(c, q)
}

// firstCursor reads what a GET asks for.
func firstCursor(params url.Values) (cursor, error) {
	filter, err := predicate.FromFilters(params["filter"])
	if err != nil {
		return cursor{}, err
	}
	from := cursor{Query: filter, FullText: &fullText{Term: params.Get("fullTextFilterTerm")}}
	if given := params["fullTextFilterFields"]; len(given) == 1 {
		from.FullText.Fields = strings.Split(given[0], ",")
	} else {
		from.FullText.Fields = given
	}
	for _, p := range params["orderField"] {
		parts := strings.Split(p, ",")
		order := orderField{Field: parts[0], Order: "asc"}
		if len(parts) > 1 {
			order.Order = parts[1]
		}
		if order.Order != "asc" && order.Order != "desc" {
			return cursor{}, fault.New(fault.Invalid, "Invalid order field order, must be asc or desc")
		}
		from.OrderFields = append(from.OrderFields, order)
	}
	return from, nil
}

// handlePostedQuery handles "POST /api/catalog/entities/by-query".
func (a *API) handlePostedQuery(c echo.Context) error {
	var in posted
	body, err := readBody(c, bodyByQuery, &in)
	if err != nil {
		return err
	}
	q, err := in.query(body["query"])
	if err != nil {
		return err
	}
	return a.answer(c, q)
}

// posted is the body of a by-query.
type posted struct {
	Cursor   *string      `json:"cursor"`
	Limit    *float64     `json:"limit"`
	Offset   float64      `json:"offset"`
	OrderBy  []orderField `json:"orderBy"`
	FullText *fullText    `json:"fullTextFilter"`
	Fields   []string     `json:"fields"`
	Total    string       `json:"totalItems"`
}

func (in posted) query(p any) (q query, err error) {
	if p != nil {
		if _, err := predicate.Parse(p); err != nil {
			return q, err
		}
	}
	q.limit = defaultLimit
	if in.Limit != nil {
		q.limit = int(*in.Limit)
		if *in.Limit != float64(q.limit) || q.limit < 0 {
			return q, fault.New(fault.Invalid, "Limit must be a whole number, 0 or more")
		}
	}
	if q.offset = int(in.Offset); in.Offset != float64(q.offset) || q.offset < 0 {
		return q, fault.New(fault.Invalid, "Offset must be a whole number, 0 or more")
	}
	if in.Cursor != nil {
		q.offset = 0
		if *in.Cursor == "" {
			return q, fault.New(fault.Invalid, "Cursor cannot be empty")
		}
		if q.cursor, err = parseCursor(*in.Cursor); err != nil {
			return q, err
		}
	} else {
		q.cursor = cursor{Query: p, OrderFields: in.OrderBy, FullText: in.FullText}
		q.uncounted = in.Total == "exclude"
	}
	q.fields, err = parseFields(nil, in.Fields)
	return q, err
}

// query asks for a page.
type query struct {
	cursor
	fields        fields
	limit, offset int
	uncounted     bool
}

// listing is the query as the catalog's index takes it. It asks for one row more
// than the page has, which tells whether there is another page.
func (q *query) listing() (l entities.Listing, err error) {
	l = entities.Listing{Order: entities.Order{Repeat: true}, Offset: q.offset, Count: q.Total == nil && !q.uncounted}
	if q.limit > 0 {
		l.Limit = q.limit + 1
	}
	all := entities.All{}
	for _, p := range []any{q.Filter, q.Query} {
		if p == nil {
			continue
		}
		w, err := predicate.Where(p)
		if err != nil {
			return l, err
		}
		all = append(all, w)
	}
	sortKey := ""
	if len(q.OrderFields) > 0 {
		f := q.OrderFields[0]
		sortKey = strings.ToLower(f.Field)
		l.Order.Fields = []entities.Field{{Key: sortKey, Descending: f.Order == "desc"}}
	}
	if term := q.term(); len(term) > maxTerm {
		return l, fault.New(fault.Invalid, "The full text to look for can have at most %d bytes", maxTerm)
	} else if term != "" {
		keys := q.FullText.Fields
		if keys == nil && sortKey != "" {
			keys = []string{sortKey}
		} else if keys == nil {
			keys = []string{"metadata.uid"}
		}
		if sortKey != "" && len(keys) == 1 && keys[0] == sortKey {
			l.Holding = term
		}
		all = append(all, entities.Like{Keys: keys, Term: term})
	}
	if len(all) > 0 {
		l.Where = all
	}
	l.Back = q.Previous
	l.From, err = q.mark()
	return l, err
}

// answer answers with a page and the cursors to the pages beside it.
func (a *API) answer(c echo.Context, q query) error {
	l, err := q.listing()
	if err != nil {
		return err
	}
	found := a.catalog(c).List(l)
	rows := found.Rows
	if len(rows) > q.limit { // the row that is one too many lies where the walk ended
		if q.Previous {
			rows = rows[1:]
		} else {
			rows = rows[:q.limit]
		}
	}
	total := found.Total
	if q.Total != nil {
		total = int(*q.Total)
	}
	next, prev := q.beside(rows, len(found.Rows) > len(rows), total)
	meta := struct {
		Total int `json:"totalItems"`
		Page  struct {
			Next string `json:"nextCursor,omitempty"`
			Prev string `json:"prevCursor,omitempty"`
		} `json:"pageInfo"`
	}{Total: total}
	meta.Page.Next, meta.Page.Prev = next, prev
	tail, err := json.Marshal(meta)
	if err != nil {
		return err
	}
	return writeRows(c, q.fields, rows, `{"items":[`, "],"+string(tail[1:]))
}

// beside returns the cursors to the next page and to the one before.
func (q *query) beside(rows []entities.Row, more bool, total int) (next, prev string) {
	if len(rows) == 0 {
		return "", ""
	}
	count := float64(total)
	at := q.cursor
	at.Total = &count
	first, last := q.place(rows[0].Mark), q.place(rows[len(rows)-1].Mark)
	begin := q.First
	if at.First = begin; begin == nil {
		at.First = first
	}
	if q.limit > 0 && (q.Previous || more) {
		at.Previous, at.Values = false, last
		next = at.encode()
	}
	if begin != nil && !slices.Equal(first, begin) {
		at.Previous, at.Values = true, first
		prev = at.encode()
	}
	return next, prev
}
