package descriptor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/callboard/callboard/catalog"
)

// The most that the placeholders of one document may bring in.
const (
	maxPlaceholders = 500
	maxBrought      = 16 * MaxSize // bytes
	maxTarget       = 2000         // bytes of a URL or path
)

// Placeholder is a mapping with the one key $text, $json or $yaml: what another
// file says takes its place. See
// https://backstage.io/docs/features/software-catalog/descriptor-format#substitutions-in-the-descriptor-format.
type Placeholder struct {
	Path   string // of the field whose value it is, as catalog.Problem has it
	Key    string // "$text"
	Target string // a URL or a path, as written
}

// Include returns the content of the file that a placeholder names. The error's
// text follows the key in the [Problem] that it becomes: "could not read …".
type Include func(Placeholder) ([]byte, error)

// filler puts what placeholders bring in in their places.
// It is for all documents of a file, so that what they bring in is bounded.
type filler struct {
	include  Include
	left     int           // of maxBrought
	count    int           // of placeholders
	decoder  decoder       // of all YAML that is brought in
	root     *yaml.Node    // of the document
	found    []Placeholder // in the document
	problems []Problem     // with places in the document
}

// hasPlaceholders reports whether there are any.
func hasPlaceholders(value any) bool {
	switch v := value.(type) {
	case []any:
		return slices.ContainsFunc(v, hasPlaceholders)
	case map[string]any:
		if key, closed := placeholderKey(v); key != "" || closed {
			return key != ""
		}
		for _, field := range v {
			if hasPlaceholders(field) {
				return true
			}
		}
	}
	return false
}

// placeholderKey returns the key of a placeholder; "" if m is none. Closed is a
// mapping that is not looked into: it has keys with a dollar, as JSON Schema does.
func placeholderKey(m map[string]any) (key string, closed bool) {
	for k := range m {
		if !strings.HasPrefix(k, "$") {
			continue
		}
		closed = true
		if len(m) == 1 && (k == "$text" || k == "$json" || k == "$yaml") {
			key = k
		}
	}
	return key, closed
}

// fill returns value, which is at a path of the document, with all its
// placeholders filled. It writes to it.
func (f *filler) fill(path string, value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = f.fill(catalog.IndexPath(path, i), v[i])
		}
	case map[string]any:
		key, closed := placeholderKey(v)
		switch {
		case key != "":
			return f.bring(path, key, v[key])
		case closed:
			return value
		}
		for _, field := range slices.Sorted(maps.Keys(v)) {
			v[field] = f.fill(catalog.FieldPath(path, field), v[field])
		}
	}
	return value
}

func (f *filler) add(path, key, format string, args ...any) {
	if len(f.problems) == maxProblems {
		return
	}
	at := find(f.root, f.root, "", catalog.FieldPath(path, key))
	f.problems = append(f.problems, Problem{path, at.Line, at.Column, fmt.Sprintf("placeholder "+key+" "+format, args...)})
}

// bring returns what takes a placeholder's place.
func (f *filler) bring(path, key string, target any) any {
	text, ok := target.(string)
	if !ok || len(text) > maxTarget {
		f.add(path, key, "expected a string value parameter, in the form of an absolute URL or a relative path")
		return nil
	}
	p := Placeholder{Path: path, Key: key, Target: text}
	f.found = append(f.found, p)
	if f.count++; f.count > maxPlaceholders {
		if len(f.problems) == 0 {
			f.add(path, key, "is more than the %d placeholders that a file may have", maxPlaceholders)
		}
		return nil
	}
	if f.include == nil {
		f.add(path, key, "could not read location %s: nothing is brought in here", text)
		return nil
	}
	content, err := f.include(p)
	if err != nil {
		f.add(path, key, "%v", err)
		return nil
	}
	f.left -= len(content)
	switch {
	case len(content) > MaxSize:
		f.add(path, key, "could not read location %s: it has %d bytes, more than the %d that can be brought in", text, len(content), MaxSize)
		return nil
	case f.left < 0:
		f.add(path, key, "could not read location %s: a file may bring in %d bytes in all, and this is more", text, maxBrought)
		return nil
	case !utf8.Valid(content):
		f.add(path, key, "could not read location %s: it is no text in UTF-8", text)
		return nil
	}
	value, problem := f.read(key, text, content)
	if problem != "" {
		f.add(path, key, "%s", problem)
	}
	return value
}

// read returns what a file says; a problem follows the placeholder's key.
func (f *filler) read(key, target string, content []byte) (value any, problem string) {
	switch key {
	case "$json":
		value, err := readJSON(content)
		if err != nil {
			return nil, fmt.Sprintf("failed to parse JSON data at %s: %v", target, err)
		}
		return value, ""
	case "$yaml":
		return f.readYAML(target, string(content))
	default:
		return string(content), ""
	}
}

// readYAML reads a file of exactly one document, as [Parse] reads YAML.
func (f *filler) readYAML(target, text string) (value any, problem string) {
	found := func(p Problem) (any, string) {
		return nil, fmt.Sprintf("found an error in the data at %s: %s", target, p)
	}
	text = strings.TrimPrefix(text, "\ufeff")
	if p, bad := unreadable(text); bad {
		return found(p)
	}
	parts := split(text)
	if len(parts) != 1 {
		return nil, fmt.Sprintf("expected to find exactly one document of data at %s, found %d", target, len(parts))
	}
	root, err := parts[0].root()
	if err != nil {
		return found(parts[0].syntaxProblem(err))
	}
	if root == nil {
		return nil, ""
	}
	f.decoder.problems = nil
	value = f.decoder.value(root, 0)
	if len(f.decoder.problems) > 0 {
		return found(parts[0].inFile(f.decoder.problems)[0])
	}
	return value, ""
}

// readJSON reads a JSON text as JavaScript does.
func readJSON(content []byte) (any, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	var value any
	if err := json.Unmarshal(content, new(json.RawMessage)); err != nil {
		var syntax *json.SyntaxError
		if !errors.As(err, &syntax) {
			return nil, err
		}
		before := content[:max(0, min(int(syntax.Offset)-1, len(content)))]
		line := bytes.Count(before, []byte("\n")) + 1
		column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
		return nil, fmt.Errorf("line %d, column %d: %w", line, column, err)
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	return plainJSON(value, 0)
}

// plainJSON turns numbers into those that JavaScript would have and write.
func plainJSON(value any, depth int) (_ any, err error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	switch v := value.(type) {
	case json.Number:
		n, _ := v.Float64() // an error means that it is infinite
		return finite(n), nil
	case []any:
		for i := range v {
			if v[i], err = plainJSON(v[i], depth+1); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range v {
			if v[key], err = plainJSON(v[key], depth+1); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}
