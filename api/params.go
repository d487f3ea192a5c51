package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
)

// param is a query parameter of Backstage's API, as its OpenAPI document has it.
type param struct {
	name     string
	check    func(values []string) string // what is wrong, "" if nothing
	required bool
}

// The parameters, under their names; never written to.
var (
	paramAfter      = param{name: "after", check: oneText}
	paramCursor     = param{name: "cursor", check: oneText}
	paramDryRun     = param{name: "dryRun", check: oneText}
	paramFacet      = param{name: "facet", required: true}
	paramFields     = param{name: "fields"}
	paramFilter     = param{name: "filter"}
	paramLimit      = param{name: "limit", check: oneInteger}
	paramOffset     = param{name: "offset", check: oneInteger}
	paramOnConflict = param{name: "onConflict", check: oneOf("refresh", "reject")}
	paramOrder      = param{name: "order"}
	paramOrderField = param{name: "orderField"}
	paramTerm       = param{name: "fullTextFilterTerm", check: oneText}
	paramTermFields = param{name: "fullTextFilterFields"}
	paramTotalItems = param{name: "totalItems", check: oneOf("include", "exclude")}
)

// takes refuses query parameters that are not known, empty, or not of their type,
// as the check of requests does that Backstage puts in front of its routes.
func takes(known ...param) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			raw := c.Request().URL.RawQuery
			if raw == "" && len(known) == 0 {
				return next(c)
			}
			if err := checkParams(raw, known); err != nil {
				return err
			}
			return next(c)
		}
	}
}

// asks is takes for our own routes, where an empty parameter is one that was not given, as
// forms of a page send it. One that is not known is refused: who asks for another time by
// a wrong name must not be answered with now.
func asks(known ...param) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			given := slices.DeleteFunc(strings.Split(c.Request().URL.RawQuery, "&"), func(part string) bool { return strings.HasSuffix(part, "=") })
			if err := checkParams(strings.Join(given, "&"), known); err != nil {
				return err
			}
			return next(c)
		}
	}
}

// textParams are parameters with a value each.
func textParams(names ...string) (all []param) {
	for _, name := range names {
		all = append(all, param{name: name, check: oneText})
	}
	return all
}

func checkParams(raw string, known []param) error {
	given := map[string][]string{}
	pairs := queryPairs(raw)
	for _, pair := range pairs {
		given[pair[0]] = append(given[pair[0]], pair[1])
	}
	for _, pair := range pairs {
		name := pair[0]
		switch {
		case !slices.ContainsFunc(known, func(p param) bool { return p.name == name }):
			return fault.New(fault.Invalid, "Unknown query parameter '%s'", name)
		case len(given[name]) == 1 && pair[1] == "":
			return fault.New(fault.Invalid, "Empty value found for query parameter '%s'", name)
		}
	}
	for _, p := range known {
		if p.required && given[p.name] == nil {
			return fault.New(fault.Invalid, "request/query must have required property '%s'", p.name)
		}
	}
	for _, p := range known {
		if values := given[p.name]; values != nil && p.check != nil {
			if wrong := p.check(values); wrong != "" {
				return fault.New(fault.Invalid, "request/query/%s %s", p.name, wrong)
			}
		}
	}
	return nil
}

// queryPairs are the names and values of a query, in their order.
func queryPairs(raw string) (all [][2]string) {
	for _, part := range strings.Split(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		all = append(all, [2]string{unescaped(name), unescaped(value)})
	}
	return all
}

// queryOfURL is the query as [takes] has checked it: url.ParseQuery leaves out what
// it cannot read.
func queryOfURL(c echo.Context) url.Values {
	values := url.Values{}
	for _, pair := range queryPairs(c.Request().URL.RawQuery) {
		values[pair[0]] = append(values[pair[0]], pair[1])
	}
	return values
}

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

func oneText(values []string) string {
	if len(values) > 1 {
		return "must be string"
	}
	return ""
}

func oneOf(allowed ...string) func([]string) string {
	return func(values []string) string {
		if wrong := oneText(values); wrong != "" {
			return wrong
		}
		if !slices.Contains(allowed, values[0]) {
			return "must be equal to one of the allowed values: " + strings.Join(allowed, ", ")
		}
		return ""
	}
}

func oneInteger(values []string) string {
	n, err := strconv.ParseFloat(values[0], 64)
	switch {
	case len(values) > 1, err != nil, n != float64(int(n)):
		return "must be integer"
	case n < 0:
		return "must be >= 0"
	}
	return ""
}

// integer returns a parameter that has been checked.
func integer(params url.Values, name string, otherwise int) (int, error) {
	if !params.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.ParseFloat(params.Get(name), 64)
	if err != nil {
		return 0, fault.New(fault.Invalid, "request/query/%s must be integer", name)
	}
	return int(n), nil
}
