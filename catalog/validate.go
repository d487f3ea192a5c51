package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Envelope checks what a document must say to be an entity at all: apiVersion,
// kind, metadata.name, and no unusable metadata.namespace. A file in which one
// document has no envelope is not to be trusted as a whole; whatever else
// [Kinds.FromObject] finds concerns the document alone.
//
// The Ref says which entity the document is about. It is zero unless kind, name
// and namespace can be read, whether they are valid or not.
func Envelope(obj map[string]any) (Ref, []Problem) {
	var c checker
	c.fields("", obj, rootFields, "entity")
	metadata, ok := obj["metadata"].(map[string]any)
	if ok {
		c.fields("metadata", metadata, identityFields, "entity")
	}
	var ref Ref
	ref.Kind, _ = obj["kind"].(string)
	ref.Name, _ = metadata["name"].(string)
	ref.Namespace = DefaultNamespace
	if namespace, given := metadata["namespace"]; given {
		ref.Namespace, _ = namespace.(string)
	}
	if ref.Kind == "" || ref.Name == "" || ref.Namespace == "" {
		ref = Ref{}
	}
	return ref, c.problems
}

// FromObject is [Kinds.FromObject] for the built-in kinds.
func FromObject(obj map[string]any) (*Entity, []Problem) { return builtIn.FromObject(obj) }

// FromObject makes an entity from JSON-like values (nil, bool, float64, string,
// []any, map[string]any) by Backstage's rules. It fills in the default
// namespace and sorts the lists of references, as Backstage does.
//
// It reports everything that is wrong, what [Envelope] reports included; the
// entity is nil if anything is. The entity shares nothing with obj.
func (ks Kinds) FromObject(obj map[string]any) (*Entity, []Problem) {
	var c checker
	_, c.problems = Envelope(obj)

	metadata, _ := obj["metadata"].(map[string]any)
	c.fields("metadata", metadata, metadataFields, "entity")
	c.formats(obj, metadata)

	kind := c.kind(ks, obj)
	spec, hasSpec := obj["spec"].(map[string]any)
	switch value, given := obj["spec"]; {
	case given && !hasSpec:
		c.wrong("spec", "a mapping", value, false)
	case kind != nil && !given && kind.Own == nil:
		c.add("spec", "is missing; every %s needs it", kind.Name)
	case kind != nil:
		c.fields("spec", spec, kind.Spec, kind.Name)
		c.own(kind, spec)
	}
	if kind != nil && kind.Own != nil && kind.Own.PlainTitle {
		c.line("metadata.title", metadata["title"])
	}
	c.foreign(obj)

	if len(c.problems) > 0 {
		return nil, c.problems
	}
	e, err := decode(obj)
	if err != nil {
		return nil, []Problem{{Message: err.Error()}}
	}
	if e.Metadata.Namespace == "" {
		e.Metadata.Namespace = DefaultNamespace
	}
	sortReferences(e.Spec, kind)
	return e, nil
}

// own adds what a kind of one's own finds wrong, unless something is said of the
// same field already.
func (c *checker) own(kind *Kind, spec map[string]any) {
	if kind.Own == nil || kind.Own.Check == nil {
		return
	}
	if spec == nil {
		spec = map[string]any{}
	}
	said := c.problems
	for _, p := range kind.Own.Check(spec) {
		if !slices.ContainsFunc(said, func(other Problem) bool { return other.Path == p.Path }) {
			c.problems = append(c.problems, p)
		}
	}
}

// decode goes through JSON, which also finds out whether obj can be stored.
func decode(obj map[string]any) (*Entity, error) {
	b, err := json.Marshal(obj)
	if err != nil {
		return nil, fmt.Errorf("holds something that JSON cannot: %w", err)
	}
	e := new(Entity)
	if err := json.Unmarshal(b, e); err != nil {
		return nil, fmt.Errorf("cannot be read back from JSON: %w", err)
	}
	return e, nil
}

// checker gathers problems.
type checker struct{ problems []Problem }

func (c *checker) add(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...)})
}

// wrong reports a value of the wrong type.
func (c *checker) wrong(path, want string, value any, required bool) {
	c.add(path, "%s", Mismatch(want, value, required))
}

// Mismatch says that a value is not of the type that it should be, such as "a
// string", with a guess at how that came about.
func Mismatch(want string, value any, required bool) string {
	hint := ""
	switch v := value.(type) {
	case nil:
		switch {
		case strings.Contains(want, "mapping"):
			hint = ". Is what belongs to it indented?"
		case required:
			hint = "; give it a value"
		default:
			hint = "; give it a value or leave the field out"
		}
	case float64, bool:
		if strings.HasPrefix(want, "a string") {
			hint = "; put it in quotes"
		}
	case string:
		if strings.Contains(want, "list") {
			hint = "; begin each item with a dash"
		}
	case []any:
		if strings.HasPrefix(want, "a string") {
			hint = "; only one value can stand here"
		}
	case map[string]any:
		if strings.HasPrefix(want, "a string") {
			hint = ". Did a colon slip in?"
			for key := range v {
				switch {
				case strings.HasPrefix(key, "{"):
					hint = "; put text that begins with {{ in quotes"
				case strings.HasPrefix(key, "$"):
					hint = "; a placeholder is $text, $json or $yaml, with no other key beside it"
				}
			}
		}
	}
	return fmt.Sprintf("must be %s, found %s%s", want, Describe(value), hint)
}

// fields checks a mapping against the description of its fields. Owner is what
// has these fields, "Component"; empty if that has no name of its own.
func (c *checker) fields(path string, obj map[string]any, fields []Field, owner string) {
	for _, f := range fields {
		value, given := obj[f.Name]
		switch {
		case given:
			c.value(FieldPath(path, f.Name), value, f)
		case !f.Required:
		case owner == "":
			c.add(FieldPath(path, f.Name), "is missing, but must be there")
		case f.Type == Texts:
			c.add(FieldPath(path, f.Name), "is missing; every %s needs it, even if empty: %s: []", owner, f.Name)
		default:
			c.add(FieldPath(path, f.Name), "is missing; every %s needs it", owner)
		}
	}
}

// value checks one value against the description of its field.
func (c *checker) value(path string, value any, f Field) {
	switch f.Type {
	case Text:
		s, ok := value.(string)
		switch {
		case !ok:
			c.wrong(path, "a string", value, f.Required)
		case s == "":
			c.add(path, "must not be empty")
		case f.Values != nil && !slices.Contains(f.Values, s):
			c.add(path, "must be one of %s, found %s", strings.Join(f.Values, ", "), Describe(s))
		case f.Reference != nil:
			c.reference(path, s, f.Reference)
		}
	case TextOrEmpty:
		if _, ok := value.(string); !ok {
			c.wrong(path, "a string", value, f.Required)
		}
	case TextOrBool:
		switch value.(type) {
		case string, bool:
		default:
			c.wrong(path, "a string, true or false", value, f.Required)
		}
	case Texts:
		c.list(path, "a list of strings", value, Field{Type: Text, Required: true, Reference: f.Reference}, f.Required)
	case TextOrTexts:
		if _, ok := value.(string); ok {
			c.value(path, value, Field{Type: Text, Required: f.Required, Reference: f.Reference})
			return
		}
		c.list(path, "a string or a list of strings", value, Field{Type: Text, Required: true, Reference: f.Reference}, f.Required)
	case TextMap:
		m, ok := value.(map[string]any)
		if !ok {
			c.wrong(path, "a mapping", value, f.Required)
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			c.value(FieldPath(path, key), m[key], Field{Type: TextOrEmpty, Required: true})
		}
	case Mapping:
		m, ok := value.(map[string]any)
		if !ok {
			c.wrong(path, "a mapping", value, f.Required)
			return
		}
		c.fields(path, m, f.Fields, "")
	case Mappings:
		c.list(path, "a list of mappings", value, Field{Type: Mapping, Required: true, Fields: f.Fields}, f.Required)
	case MappingOrMappings:
		if _, ok := value.(map[string]any); !ok {
			c.list(path, "a mapping or a list of mappings", value, Field{Type: Mapping, Required: true, Fields: f.Fields}, f.Required)
		}
	}
}

func (c *checker) list(path, want string, value any, item Field, required bool) {
	list, ok := value.([]any)
	if !ok {
		c.wrong(path, want, value, required)
	}
	for i, v := range list {
		c.value(IndexPath(path, i), v, item)
	}
}

func (c *checker) reference(path, s string, r *Reference) {
	if _, err := ParseRef(s, Ref{Kind: r.DefaultKind}); err == nil {
		return
	}
	if _, err := ParseRef(s, Ref{Kind: "component"}); err == nil {
		c.add(path, "must say which kind it means, found %s; put component: or resource: in front", Describe(s))
		return
	}
	c.add(path, "must be an entity reference, [kind:][namespace/]name, found %s", Describe(s))
}

// kind finds the kind of a document. Where only its apiVersion is wrong it
// reports that and still returns the kind, so that the spec can be checked.
func (c *checker) kind(ks Kinds, obj map[string]any) *Kind {
	apiVersion, _ := obj["apiVersion"].(string)
	name, _ := obj["kind"].(string)
	if !validKind(name) {
		return nil
	}
	if kind := ks.Find(apiVersion, name); kind != nil {
		return kind
	}
	if kind := ks.Named(name); kind != nil {
		switch {
		case kind.Name != name:
			c.add("kind", "must be written %s, found %s; letter case counts", kind.Name, Describe(name))
		case ValidAPIVersion(apiVersion):
			c.add("apiVersion", "must be %s for kind %s, found %s", strings.Join(ks.versions(name), " or "), name, Describe(apiVersion))
		}
		return kind
	}
	var names []string
	for i := range ks {
		if !slices.Contains(names, ks[i].Name) {
			names = append(names, ks[i].Name)
		}
	}
	c.add("kind", "must be one that this catalog knows (%s), found %s; write one of these, or declare it under catalog.kinds", strings.Join(names, ", "), Describe(name))
	return nil
}

// versions returns the apiVersions that a kind is known in.
func (ks Kinds) versions(name string) []string {
	var all []string
	for i := range ks {
		if ks[i].Name == name {
			all = append(all, ks[i].APIVersions...)
		}
	}
	return all
}

// foreign reports what does not belong at the top of a document.
func (c *checker) foreign(obj map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(obj)) {
		switch key {
		case "apiVersion", "kind", "metadata", "spec":
		default:
			c.add(FieldPath("", key), "does not belong at the top of an entity, where only apiVersion, kind, metadata and spec are known; indent it under one of these")
		}
	}
}

// sortReferences sorts the lists of references in a spec as JavaScript sorts
// strings, by UTF-16 code units.
func sortReferences(spec map[string]any, kind *Kind) {
	for _, f := range kind.Spec {
		if list, ok := spec[f.Name].([]any); ok && f.Reference != nil {
			slices.SortStableFunc(list, func(a, b any) int {
				return slices.Compare(utf16.Encode([]rune(a.(string))), utf16.Encode([]rune(b.(string))))
			})
		}
	}
}

// Describe says in a few words what a JSON-like value is: "the number 3", "a list".
func Describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return "the number " + strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		if short := []rune(v); len(short) > 60 {
			v = string(short[:60]) + "…"
		}
		return strconv.Quote(v)
	case []any:
		return "a list"
	case map[string]any:
		return "a mapping"
	default:
		return fmt.Sprintf("a %T, which is no JSON value", v)
	}
}
