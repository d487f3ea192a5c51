package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api/shape"
	"github.com/callboard/callboard/internal/fault"
)

// bodyRule is what a value in a request's body has to be: as much of a JSON schema
// as Backstage's OpenAPI document has of it. What is wrong is told in the words of
// its validator, ajv.
type bodyRule struct {
	typ      string // "object", "array", "string" or "number"
	required []string
	only     bool // no other keys
	keys     []bodyKey
	items    *bodyRule
	enum     []string
}

type bodyKey struct {
	name string
	rule bodyRule
}

// The rules of values, and of bodies under the names of their routes; never
// written to.
var (
	aString  = bodyRule{typ: "string"}
	aNumber  = bodyRule{typ: "number"}
	anObject = bodyRule{typ: "object"}
	texts    = bodyRule{typ: "array", items: &aString}

	bodyRefresh = bodyRule{typ: "object", required: []string{"entityRef"}, only: true, keys: []bodyKey{
		{"authorizationToken", aString}, {"entityRef", aString},
	}}
	bodyByRefs = bodyRule{typ: "object", required: []string{"entityRefs"}, keys: []bodyKey{
		{"entityRefs", texts}, {"fields", texts}, {"query", anObject},
	}}
	bodyByQuery = bodyRule{typ: "object", keys: []bodyKey{
		{"cursor", aString}, {"limit", aNumber}, {"offset", aNumber},
		{"orderBy", bodyRule{typ: "array", items: &bodyRule{typ: "object", required: []string{"field", "order"}, keys: []bodyKey{
			{"field", aString}, {"order", bodyRule{typ: "string", enum: []string{"asc", "desc"}}},
		}}}},
		{"fullTextFilter", bodyRule{typ: "object", keys: []bodyKey{{"term", aString}, {"fields", texts}}}},
		{"fields", texts}, {"totalItems", bodyRule{typ: "string", enum: []string{"include", "exclude"}}}, {"query", anObject},
	}}
	bodyFacets = bodyRule{typ: "object", required: []string{"facets"}, keys: []bodyKey{
		{"facets", texts}, {"query", anObject},
	}}
	bodyNewLocation = bodyRule{typ: "object", required: []string{"target", "type"}, keys: []bodyKey{
		{"target", aString}, {"type", aString},
	}}
	bodyLocation = bodyRule{typ: "object", required: []string{"type", "target"}, only: true, keys: []bodyKey{
		{"type", aString}, {"target", aString},
	}}
	bodyLocationQuery = bodyRule{typ: "object", keys: []bodyKey{
		{"cursor", aString}, {"limit", aNumber}, {"query", anObject},
	}}
	bodyAnalyze = bodyRule{typ: "object", required: []string{"location"}, keys: []bodyKey{
		{"catalogFileName", aString}, {"location", bodyLocation},
	}}
	bodyValidate = bodyRule{typ: "object", required: []string{"location", "entity"}, keys: []bodyKey{
		{"location", aString}, {"entity", anObject},
	}}
)

// check returns the first thing that is wrong.
func (r bodyRule) check(path string, v any) error {
	wrong := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "%s %s", path, fmt.Sprintf(format, args...))
	}
	switch v := v.(type) {
	case map[string]any:
		if r.typ != "object" {
			return wrong("must be %s", r.typ)
		}
		for _, name := range r.required {
			if _, ok := v[name]; !ok {
				return wrong("must have required property '%s'", name)
			}
		}
		for name := range v {
			if r.only && !slices.ContainsFunc(r.keys, func(k bodyKey) bool { return k.name == name }) {
				return wrong("must NOT have additional properties")
			}
		}
		for _, k := range r.keys {
			if value, ok := v[k.name]; ok {
				if err := k.rule.check(path+"/"+k.name, value); err != nil {
					return err
				}
			}
		}
	case []any:
		if r.typ != "array" {
			return wrong("must be %s", r.typ)
		}
		for i, item := range v {
			if err := r.items.check(fmt.Sprintf("%s/%d", path, i), item); err != nil {
				return err
			}
		}
	case string:
		if r.typ != "string" {
			return wrong("must be %s", r.typ)
		}
		if r.enum != nil && !slices.Contains(r.enum, v) {
			return wrong("must be equal to one of the allowed values: %s", strings.Join(r.enum, ", "))
		}
	case float64:
		if r.typ != "number" {
			return wrong("must be %s", r.typ)
		}
	default:
		return wrong("must be %s", r.typ)
	}
	return nil
}

// readBody reads a request's body by a rule into a struct, and returns it as it
// came, too. A body may be left out where nothing in it is required.
func readBody(c echo.Context, rule bodyRule, into any) (map[string]any, error) {
	b, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return nil, err
	}
	if err := checkMediaType(c.Request().Header.Get(echo.HeaderContentType), len(b) == 0 && rule.required == nil); err != nil {
		return nil, err
	}
	if len(b) == 0 {
		b = []byte("{}")
	}
	v, err := decodeBody(b)
	if err != nil {
		return nil, err
	}
	if err := rule.check("request/body", v); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return nil, fault.New(fault.Invalid, "request/body cannot be read: %w", err)
	}
	return v.(map[string]any), nil // every body is an object
}

func checkMediaType(given string, optional bool) error {
	typ, _, err := mime.ParseMediaType(given)
	switch {
	case given == "" && optional, err == nil && typ == "application/json":
		return nil
	case given == "":
		return fault.New(fault.Invalid, "media type not specified")
	default:
		return fault.New(fault.Invalid, "unsupported media type %s", strings.ToLower(strings.TrimSpace(strings.Split(given, ";")[0])))
	}
}

func decodeBody(b []byte) (v any, err error) {
	err = json.Unmarshal(b, &v)
	var syntax *json.SyntaxError
	switch {
	case err == nil && tooDeep(v, maxDepth):
		return nil, fault.New(fault.Invalid, "The JSON is nested more than %d levels deep", maxDepth)
	case err == nil:
		return v, nil
	case errors.As(err, &syntax):
		return nil, fault.New(fault.Invalid, "%s", syntaxMessage(string(b), int(syntax.Offset)-1, syntax.Error()))
	default:
		return nil, fault.New(fault.Invalid, "%w", plainly(err))
	}
}

// maxDepth is how deep JSON may be nested that somebody sends: what is wrong with
// it is told at each level, by each way in which it could be right.
const maxDepth = 64

func tooDeep(v any, left int) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, value := range v {
			if left == 0 || tooDeep(value, left-1) {
				return true
			}
		}
	case []any:
		for _, value := range v {
			if left == 0 || tooDeep(value, left-1) {
				return true
			}
		}
	}
	return false
}

// syntaxMessage says in the words of V8 what encoding/json says of the character
// at a place.
func syntaxMessage(text string, at int, message string) string {
	if strings.HasPrefix(message, "unexpected end") || at < 0 || at >= len(text) {
		return "Unexpected end of JSON input"
	}
	for _, m := range []struct{ ours, theirs string }{
		{"after top-level value", "Unexpected non-whitespace character after JSON"},
		{"after object key:value pair", "Expected ',' or '}' after property value in JSON"},
		{"after object key", "Expected ':' after property name in JSON"},
		{"after array element", "Expected ',' or ']' after array element in JSON"},
		{"in string literal", "Bad control character in string literal in JSON"},
		{"in string escape code", "Bad escaped character in JSON"},
		{"in \\u hexadecimal", "Bad Unicode escape in JSON"},
	} {
		if strings.Contains(message, m.ours) {
			return fmt.Sprintf("%s at position %d", m.theirs, at)
		}
	}
	if strings.Contains(message, "object key string") {
		if strings.HasSuffix(strings.TrimRight(text[:at], " \t\r\n"), ",") {
			return fmt.Sprintf("Expected double-quoted property name in JSON at position %d", at)
		}
		return fmt.Sprintf("Expected property name or '}' in JSON at position %d", at)
	}
	token := []rune(text[at:])[0]
	return fmt.Sprintf("Unexpected token '%c', %s is not valid JSON", token, excerpt(text, at))
}

// excerpt quotes what stands around a place in a text, as V8 does.
func excerpt(text string, at int) string {
	const around = 10
	if len(text) <= 4*around {
		return `"` + text + `"`
	}
	from, to := max(at-around, 0), min(at+around, len(text))
	quoted := `"` + strings.ToValidUTF8(text[from:to], "") + `"`
	if from > 0 {
		quoted = "..." + quoted
	}
	if to < len(text) {
		quoted += "..."
	}
	return quoted
}

// malformed checks a body once more, by the shape that Backstage's routes have of
// it themselves.
func malformed(s shape.Shape, body map[string]any) error {
	if issues := shape.Check(s, body); issues != nil {
		return fault.New(fault.Invalid, "Malformed request: %s", issues.JSON())
	}
	return nil
}
