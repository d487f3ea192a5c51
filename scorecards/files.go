package scorecards

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"github.com/BurntSushi/toml"
	"gopkg.in/yaml.v3"

	"github.com/callboard/callboard/catalog"
)

// File is what a file on the default branch says. It is the value of the fact of
// that name: see [FileFact].
type File struct {
	Absent  bool   // there is no such file
	Text    string // all of it
	Problem string // why it cannot be read, for people; then there is no text
}

// The most that a file which a rule reads may be.
const (
	maxFileText  = 64 << 10 // bytes
	maxFileDepth = 40
	maxFileParts = 20_000 // values, each of which a list or mapping may hold
)

// fileVariables are those by which rules read files, with how each is parsed; never
// written to.
var fileVariables = map[string]func(string) (any, error){
	"repo.text": func(text string) (any, error) { return text, nil },
	"repo.json": parseJSON,
	"repo.yaml": parseYAML,
	"repo.toml": parseTOML,
}

// fileFacts is what the names of the facts of files begin with.
const fileFacts = "repo.file"

// FileFact is the name of the fact of a file's content, by its path.
func FileFact(path string) string { return catalog.FieldPath(fileFacts, path) }

// Files lists the paths of the files that the rules of a card read, sorted.
func (c *Card) Files() []string {
	var all []string
	add := func(e *expression) {
		if e != nil {
			all = append(all, e.files...)
		}
	}
	add(c.filter)
	for _, r := range c.Rules {
		add(r.expr)
		add(r.filter)
		for _, e := range r.message.captures() {
			add(e)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// readFile parses a file by one of the variables.
func readFile(variable string, f File) (value any, err error) {
	if f.Problem != "" {
		return nil, errors.New(f.Problem)
	}
	if len(f.Text) > maxFileText {
		return nil, fmt.Errorf("it has more than %d bytes", maxFileText)
	}
	defer func() { // whatever a parser makes of foreign bytes is no more than wrong
		if r := recover(); r != nil {
			value, err = nil, fmt.Errorf("it cannot be parsed: %v", r)
		}
	}()
	if value, err = fileVariables[variable](f.Text); err != nil {
		return nil, err
	}
	left := maxFileParts
	return plain(value, maxFileDepth, &left)
}

func parseJSON(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it is no JSON: more follows after the first value")
	}
	return v, nil
}

// parseYAML reads the first document.
func parseYAML(text string) (v any, err error) {
	if err := yaml.NewDecoder(bytes.NewReader([]byte(text))).Decode(&v); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("it is no YAML: %w", err)
	}
	return v, nil
}

func parseTOML(text string) (any, error) {
	v := map[string]any{}
	if _, err := toml.Decode(text, &v); err != nil {
		return nil, fmt.Errorf("it is no TOML: %w", err)
	}
	return v, nil
}

// plain makes values of what JSON has, and of integers; times become their text.
func plain(v any, depth int, left *int) (any, error) {
	if *left--; *left < 0 {
		return nil, fmt.Errorf("it has more than %d values", maxFileParts)
	}
	if depth == 0 {
		return nil, fmt.Errorf("it is nested more than %d deep", maxFileDepth)
	}
	switch v := v.(type) {
	case nil, bool, string, float64, int64:
		return v, nil
	case int:
		return int64(v), nil
	case []any:
		all := make([]any, len(v))
		for i := range v {
			var err error
			if all[i], err = plain(v[i], depth-1, left); err != nil {
				return nil, err
			}
		}
		return all, nil
	case []map[string]any:
		all := make([]any, len(v))
		for i := range v {
			var err error
			if all[i], err = plain(v[i], depth-1, left); err != nil {
				return nil, err
			}
		}
		return all, nil
	case map[string]any:
		all := make(map[string]any, len(v))
		for key, one := range v {
			var err error
			if all[key], err = plain(one, depth-1, left); err != nil {
				return nil, err
			}
		}
		return all, nil
	case map[any]any:
		all := make(map[string]any, len(v))
		for key, one := range v {
			var err error
			if all[fmt.Sprint(key)], err = plain(one, depth-1, left); err != nil {
				return nil, err
			}
		}
		return all, nil
	default:
		return fmt.Sprint(v), nil
	}
}

// contents is what one of the variables holds: a mapping whose keys are paths.
type contents struct {
	traits.Mapper
	variable string
	view     *view
}

func (v *view) contents(variable string) contents {
	return contents{types.DefaultTypeAdapter.NativeToValue(map[string]any{}).(traits.Mapper), variable, v}
}

// Find returns what a file says; it is unknown if nobody has read it, not there if
// there is no such file, and an error if it cannot be parsed.
func (c contents) Find(key ref.Val) (ref.Val, bool) {
	path, ok := key.(types.String)
	if !ok {
		return c.Mapper.Find(key)
	}
	name := FileFact(string(path))
	fact, known := c.view.Subject.fact(name)
	file, isFile := fact.Value.(File)
	if !known || !isFile {
		return types.NewUnknown(0, types.NewAttributeTrail(name)), true
	}
	if file.Absent {
		return nil, false
	}
	built := c.variable + "\n" + string(path)
	if value, ok := c.view.built[built].(ref.Val); ok {
		return value, true
	}
	var value ref.Val
	if parsed, err := readFile(c.variable, file); err != nil {
		value = types.NewErr("%s: %v", path, err)
	} else {
		value = types.DefaultTypeAdapter.NativeToValue(parsed)
	}
	c.view.built[built] = value
	return value, true
}

// Get returns what a file says.
func (c contents) Get(key ref.Val) ref.Val {
	value, found := c.Find(key)
	if !found {
		return types.NewErr("no such key: %v", key.Value())
	}
	return value
}

// Contains reports whether there is a file.
func (c contents) Contains(key ref.Val) ref.Val {
	value, found := c.Find(key)
	if found && types.IsUnknown(value) {
		return value
	}
	return types.Bool(found)
}
