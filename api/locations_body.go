package api

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
)

// sent is a JSON object that somebody sent, and where it stands for messages,
// which are those of Backstage's schema checks.
type sent struct {
	path   string // "request/body"
	fields map[string]any
}

// readBody reads a request's body, which has to be an object with these keys.
func readBody(c echo.Context, required ...string) (sent, error) {
	dec := json.NewDecoder(c.Request().Body)
	var v any
	switch err := dec.Decode(&v); {
	case errors.Is(err, io.EOF):
		return sent{}, fault.New(fault.Invalid, "request/body must be object")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return sent{}, fault.New(fault.Invalid, "Unexpected end of JSON input")
	case err != nil:
		return sent{}, fault.New(fault.Invalid, "%v in JSON", err)
	case dec.More():
		return sent{}, fault.New(fault.Invalid, "Unexpected non-whitespace character after JSON")
	}
	return object("request/body", v, required...)
}

func object(path string, v any, required ...string) (sent, error) {
	fields, ok := v.(map[string]any)
	if !ok {
		return sent{}, fault.New(fault.Invalid, "%s must be object", path)
	}
	for _, key := range required {
		if _, ok := fields[key]; !ok {
			return sent{}, fault.New(fault.Invalid, "%s must have required property '%s'", path, key)
		}
	}
	return sent{path, fields}, nil
}

// nothingBut refuses other keys.
func (b sent) nothingBut(keys ...string) error {
	for key := range b.fields {
		if !slices.Contains(keys, key) {
			return fault.New(fault.Invalid, "%s must NOT have additional properties", b.path)
		}
	}
	return nil
}

// text returns a string; "" when it is not there.
func (b sent) text(key string) (string, error) {
	v, ok := b.fields[key]
	s, isText := v.(string)
	if ok && !isText {
		return "", fault.New(fault.Invalid, "%s/%s must be string", b.path, key)
	}
	return s, nil
}

// object returns an object that has to be there.
func (b sent) object(key string, required ...string) (sent, error) {
	return object(b.path+"/"+key, b.fields[key], required...)
}

type locationInput struct{ typ, target string }

// location reads a location with no keys but these.
func (b sent) location(keys ...string) (locationInput, error) {
	target, err := b.text("target")
	if err != nil {
		return locationInput{}, err
	}
	typ, err := b.text("type")
	if err != nil {
		return locationInput{}, err
	}
	var unknown []string
	for _, key := range sortedKeys(b.fields) {
		if !slices.Contains(keys, key) {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) > 0 { // in the words of zod, which Backstage hands on
		return locationInput{}, fault.New(fault.Invalid, "Malformed request: [\n  {\n    \"code\": \"unrecognized_keys\",\n    \"keys\": [\n%s\n    ],\n    \"path\": [],\n    \"message\": \"Unrecognized key(s) in object: '%s'\"\n  }\n]",
			quoteAll(unknown), strings.Join(unknown, "', '"))
	}
	if typ != "url" {
		return locationInput{}, fault.New(fault.Invalid, "Registered locations must be of an allowed type [\"url\"]")
	}
	return locationInput{typ, target}, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
