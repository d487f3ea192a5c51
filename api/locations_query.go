package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
)

// defaultLocations is how many locations a page holds that was asked for
// without a limit.
const defaultLocations = 1000

// locationCursor says where the next page of locations begins.
type locationCursor struct {
	Limit int    `json:"limit"`
	Query any    `json:"query,omitempty"`
	After string `json:"afterId"`
}

// handleQueryLocations handles "POST /api/catalog/locations/by-query".
func (a *API) handleQueryLocations(c echo.Context) error {
	from, err := readLocationQuery(c)
	if err != nil {
		return err
	}
	matches, err := locationPredicate(from.Query)
	if err != nil {
		return err
	}
	all := a.registeredLocations()
	all = slices.DeleteFunc(all, func(l locationJSON) bool { return !matches(l.field) })
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
	return c.JSON(http.StatusOK, body)
}

// readLocationQuery reads what is asked for; with a cursor, all but the limit is
// what was asked for first.
func readLocationQuery(c echo.Context) (locationCursor, error) {
	from := locationCursor{Limit: defaultLocations}
	b, err := readBody(c)
	if err != nil {
		return from, err
	}
	raw, err := b.text("cursor")
	if err != nil {
		return from, err
	}
	if from.Query = b.fields["query"]; from.Query != nil {
		if _, err := b.object("query"); err != nil {
			return from, err
		}
	}
	if raw != "" {
		if from, err = parseLocationCursor(raw); err != nil {
			return from, err
		}
	}
	switch limit := b.fields["limit"].(type) {
	case nil:
	case float64:
		if from.Limit, err = limitOf(limit); err != nil {
			return from, err
		}
	default:
		return from, fault.New(fault.Invalid, "%s/limit must be number", b.path)
	}
	return from, nil
}

func parseLocationCursor(raw string) (locationCursor, error) {
	var from locationCursor
	text, err := base64.StdEncoding.DecodeString(raw)
	if err != nil || json.Unmarshal(text, &from) != nil || from.Limit < 1 {
		return from, fault.New(fault.Invalid, "Malformed cursor, could not be parsed")
	}
	return from, nil
}

func (l locationJSON) field(key string) (string, bool) {
	switch strings.ToLower(key) {
	case "id":
		return l.ID, true
	case "type":
		return l.Type, true
	case "target":
		return l.Target, true
	case "entityref":
		return l.EntityRef, true
	default:
		return "", false
	}
}

// fieldTest reports whether something with these fields is meant.
type fieldTest func(field func(key string) (string, bool)) bool

// locationPredicate reads a predicate over the fields of one thing, which are all
// text: Backstage's filter predicates without those for lists.
func locationPredicate(query any) (fieldTest, error) {
	if query == nil {
		return func(func(string) (string, bool)) bool { return true }, nil
	}
	object, ok := query.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Invalid, "Invalid query: a predicate must be an object")
	}
	var tests []fieldTest
	for _, key := range sortedKeys(object) {
		if strings.HasPrefix(key, "$") && len(object) > 1 {
			return nil, fault.New(fault.Invalid, "Invalid query: %s must stand alone", key)
		}
		test, err := predicateAt(key, object[key])
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	return allOf(tests), nil
}

func predicateAt(key string, value any) (fieldTest, error) {
	switch key {
	case "$all", "$any":
		list, ok := value.([]any)
		if !ok {
			return nil, fault.New(fault.Invalid, "Invalid query: %s must be a list", key)
		}
		tests := make([]fieldTest, len(list))
		for i, v := range list {
			var err error
			if tests[i], err = locationPredicate(v); err != nil {
				return nil, err
			}
		}
		if key == "$all" {
			return allOf(tests), nil
		}
		return func(field func(string) (string, bool)) bool {
			return slices.ContainsFunc(tests, func(t fieldTest) bool { return t(field) })
		}, nil
	case "$not":
		test, err := locationPredicate(value)
		if err != nil {
			return nil, err
		}
		return func(field func(string) (string, bool)) bool { return !test(field) }, nil
	}
	if strings.HasPrefix(key, "$") {
		return nil, fault.New(fault.Invalid, "Invalid query: %s is no operator", key)
	}
	test, err := valueTest(value)
	if err != nil {
		return nil, err
	}
	return func(field func(string) (string, bool)) bool { return test(field(key)) }, nil
}

func allOf(tests []fieldTest) fieldTest {
	return func(field func(string) (string, bool)) bool {
		return !slices.ContainsFunc(tests, func(t fieldTest) bool { return !t(field) })
	}
}

func valueTest(want any) (func(value string, there bool) bool, error) {
	switch want := want.(type) {
	case string, float64, bool:
		return func(value string, there bool) bool { return there && strings.EqualFold(value, fmt.Sprint(want)) }, nil
	case map[string]any:
		if len(want) == 1 {
			for operator, arg := range want {
				return operatorTest(operator, arg)
			}
		}
	}
	return nil, fault.New(fault.Invalid, "Invalid query: a value must be text, a number, true, false, or one of $exists, $in and $hasPrefix")
}

func operatorTest(operator string, arg any) (func(string, bool) bool, error) {
	switch arg := arg.(type) {
	case bool:
		if operator == "$exists" {
			return func(_ string, there bool) bool { return there == arg }, nil
		}
	case string:
		if operator == "$hasPrefix" {
			return func(value string, there bool) bool {
				return there && strings.HasPrefix(strings.ToLower(value), strings.ToLower(arg))
			}, nil
		}
	case []any:
		if operator == "$in" {
			return func(value string, there bool) bool {
				return there && slices.ContainsFunc(arg, func(v any) bool { return strings.EqualFold(value, fmt.Sprint(v)) })
			}, nil
		}
	}
	return nil, fault.New(fault.Invalid, "Invalid query: %s does not take this value", operator)
}
