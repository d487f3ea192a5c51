package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// base is what relative references in a schema resolve to; nothing is there.
const base = "https://schema.invalid/"

// nowhere loads nothing.
type nowhere struct{}

// Load fails.
func (nowhere) Load(string) (any, error) { return nil, errNowhere }

var errNowhere = errors.New("nothing is fetched")

// problemsOf says in our words, and in which places, what the library found
// wrong with a schema.
func problemsOf(err error, text []byte) []Problem {
	var doc any
	if json.Unmarshal(text, &doc) != nil {
		return []Problem{{Message: err.Error()}}
	}
	var (
		invalid *jsonschema.SchemaValidationError
		load    *jsonschema.LoadURLError
		regex   *jsonschema.InvalidRegexError
		missing *jsonschema.JSONPointerNotFoundError
		anchor  *jsonschema.AnchorNotFoundError
	)
	switch {
	case errors.As(err, &invalid):
		r := report{value: doc}
		var problems []Problem
		for _, l := range r.leaves(invalid.Err) {
			problems = append(problems, Problem{l.at, l.message})
		}
		if len(problems) > 0 {
			return problems
		}
	case errors.As(err, &load):
		at, ref := find(doc, func(key, value string) bool {
			return (key == "$ref" || key == "$dynamicRef" || key == "$schema") && sameAddress(value, load.URL)
		})
		if len(at) > 0 && at[len(at)-1] == "$schema" {
			return []Problem{{at, fmt.Sprintf("%q is no draft of JSON schema that is known; write https://json-schema.org/draft/2020-12/schema, or leave it out", ref)}}
		}
		return []Problem{{at, fmt.Sprintf("%q leads out of the schema, and nothing is fetched; put what it means under $defs and write #/$defs/ and its name", ref)}}
	case errors.As(err, &regex):
		at, _ := find(doc, func(key, value string) bool { return key == "pattern" && value == regex.Regex })
		return []Problem{{at, fmt.Sprintf("%q is no regular expression as RE2 has them", regex.Regex)}}
	case errors.As(err, &missing), errors.As(err, &anchor):
		at, ref := find(doc, func(key, value string) bool {
			_, fragment, ok := strings.Cut(value, "#")
			return key == "$ref" && ok && (missing != nil && strings.HasSuffix(missing.URL, "#"+fragment) || anchor != nil && strings.HasSuffix(anchor.Reference, "#"+fragment))
		})
		return []Problem{{at, fmt.Sprintf("%q leads nowhere in this schema", ref)}}
	}
	return []Problem{{Message: "is no JSON schema: " + strings.ReplaceAll(err.Error(), base, "")}}
}

func sameAddress(ref, address string) bool {
	root, err := url.Parse(base)
	if err != nil {
		return false
	}
	u, err := root.Parse(ref)
	if err != nil {
		return false
	}
	u.Fragment = ""
	return strings.TrimSuffix(u.String(), "#") == strings.TrimSuffix(address, "#")
}

// find looks for the first string in a document for which is holds.
func find(doc any, is func(key, value string) bool) (at []string, found string) {
	var walk func(v any, path []string) bool
	walk = func(v any, path []string) bool {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				here := append(slices.Clone(path), key)
				if s, ok := v[key].(string); ok && is(key, s) {
					at, found = here, s
					return true
				}
				if walk(v[key], here) {
					return true
				}
			}
		case []any:
			for i, item := range v {
				if walk(item, append(slices.Clone(path), strconv.Itoa(i))) {
					return true
				}
			}
		}
		return false
	}
	walk(doc, nil)
	return at, found
}

// composed reports whether an error only holds together what is wrong below it.
func composed(k jsonschema.ErrorKind) bool {
	switch k.(type) {
	case *kind.AnyOf, *kind.OneOf, *kind.Not, *kind.Contains, *kind.MinContains, *kind.PropertyNames, *kind.ContentSchema:
		return false
	}
	return true
}
