package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Verdict is what Backstage says of an entity that it does not take: the name and
// the message of an error, with the error that caused it. Where a portal speaks to
// people it has [Problem]; this is for programs that know Backstage's answers.
type Verdict struct {
	Name    string   `json:"name"`
	Message string   `json:"message"`
	Cause   *Verdict `json:"cause,omitempty"`
}

func (v *Verdict) Error() string { return v.Name + ": " + v.Message }

// because wraps a cause as Backstage's errors do.
func because(cause *Verdict, format string, args ...any) *Verdict {
	return &Verdict{"InputError", fmt.Sprintf(format, args...) + "; caused by " + cause.Error(), cause}
}

// Unresolved stands in an object where nobody knows yet what will be there; it
// is taken for whatever it has to be.
type Unresolved struct{}

// EnvelopeVerdict is Backstage's verdict on what has to be there before anything
// else is looked at; nil if it is.
func EnvelopeVerdict(obj map[string]any) *Verdict {
	envelope := slices.Clone(rootFields)
	envelope[2].Fields = identityFields
	return flawOf("", obj, envelope).typeError()
}

// Verdict is Backstage's verdict on an entity with an envelope: the first thing
// that it would find; nil if it takes the entity. The checks have its order.
func (ks Kinds) Verdict(obj map[string]any) *Verdict {
	ref := refText(obj)
	if v := policy(obj); v != nil {
		return because(v, "Policy check failed for %s", ref)
	}
	apiVersion, _ := obj["apiVersion"].(string)
	name, _ := obj["kind"].(string)
	kind := ks.Find(apiVersion, name)
	if kind == nil {
		return &Verdict{Name: "InputError", Message: fmt.Sprintf("No processor recognized the entity %s as valid, possibly caused by a foreign kind or apiVersion", ref)}
	}
	processor := "BuiltinKindsEntityProcessor"
	if kind.Name == "Template" {
		processor = "ScaffolderEntitiesProcessor"
	}
	spec := []Field{{Name: "spec", Type: Mapping, Required: kind.Own == nil, Fields: kind.Spec}}
	v := flawOf("", obj, spec).typeError()
	if v == nil {
		v = kind.ownVerdict(obj)
	}
	if v != nil {
		return because(v, "Processor %s threw an error while validating the entity %s", processor, ref)
	}
	fields, _ := obj["spec"].(map[string]any)
	if v := kind.references(fields); v != nil {
		return because(v, "Processor %s threw an error while postprocessing", processor)
	}
	return nil
}

// ownVerdict is the first thing that a kind of one's own finds, unless something
// is not known yet.
func (k *Kind) ownVerdict(obj map[string]any) *Verdict {
	spec, _ := obj["spec"].(map[string]any)
	if k.Own == nil || k.Own.Check == nil || unresolved(spec) {
		return nil
	}
	if spec == nil {
		spec = map[string]any{}
	}
	problems := k.Own.Check(spec)
	if len(problems) == 0 {
		return nil
	}
	return &Verdict{Name: "TypeError", Message: problems[0].String()}
}

func unresolved(value any) bool {
	switch v := value.(type) {
	case Unresolved:
		return true
	case map[string]any:
		for _, item := range v {
			if unresolved(item) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, unresolved)
	}
	return false
}

func refText(obj map[string]any) string {
	metadata, _ := obj["metadata"].(map[string]any)
	var r Ref
	r.Kind, _ = obj["kind"].(string)
	r.Namespace, _ = metadata["namespace"].(string)
	r.Name, _ = metadata["name"].(string)
	if r.Namespace == "" {
		r.Namespace = DefaultNamespace
	}
	return r.String()
}

// references finds the first reference that cannot be read.
func (k *Kind) references(spec map[string]any) *Verdict {
	for _, f := range k.Spec {
		if f.Reference == nil {
			continue
		}
		list, isList := spec[f.Name].([]any)
		if one, ok := spec[f.Name].(string); ok && !isList {
			list = []any{one}
		}
		for _, item := range list {
			s, ok := item.(string)
			if !ok {
				continue
			}
			if _, err := ParseRef(s, Ref{Kind: f.Reference.DefaultKind}); err == nil {
				continue
			}
			if _, err := ParseRef(s, Ref{Kind: "component"}); err == nil {
				return &Verdict{Name: "Error", Message: fmt.Sprintf("Entity reference %q had missing or empty kind (e.g. did not start with \"component:\" or similar)", s)}
			}
			return &Verdict{Name: "TypeError", Message: fmt.Sprintf(`Entity reference "%s" was not on the form [<kind>:][<namespace>/]<name>`, s)}
		}
	}
	return nil
}

// policy is what holds for entities of every kind.
func policy(obj map[string]any) *Verdict {
	failed := func(format string, args ...any) *Verdict {
		return &Verdict{Name: "Error", Message: fmt.Sprintf(format, args...)}
	}
	known := []string{"apiVersion", "kind", "metadata", "spec"}
	var foreign string
	for _, key := range slices.Sorted(maps.Keys(obj)) {
		switch {
		case slices.Contains(known, key):
		case key == "relations" || key == "status": // an entity may have them, a descriptor may not
			foreign = key
		default:
			return failed("Malformed envelope, <root> must NOT have additional properties")
		}
	}
	root := slices.Clone(rootFields)
	root[2].Fields = slices.Concat(metadataFields[:2], identityFields, metadataFields[2:])
	if f := flawOf("", obj, append(root, Field{Name: "spec", Type: Mapping})); f != nil {
		return failed("Malformed envelope, %s %s", f.place(), f.message)
	}
	if foreign != "" {
		return failed("Unknown field %s", foreign)
	}
	metadata, _ := obj["metadata"].(map[string]any)
	for _, c := range formatsOf(obj, metadata) {
		if s, ok := c.value.(string); ok && !c.valid(s) {
			return failed("\"%s\" is not valid; expected %s but found \"%s\". To learn more about catalog file format, visit: "+
				"https://github.com/backstage/backstage/blob/master/docs/architecture-decisions/adr002-default-catalog-file-format.md", c.field, c.want, s)
		}
	}
	return nil
}

// formatCheck is one string that must look in some way.
type formatCheck struct {
	field string
	value any // of another type it is no matter of form
	valid func(string) bool
	want  string
}

// formatsOf lists the strings of an envelope and its metadata in the order in
// which Backstage looks at them.
func formatsOf(obj, metadata map[string]any) []formatCheck {
	const (
		name   = "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total"
		prefix = "a valid prefix and/or suffix"
		label  = "a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total"
		filled = "a non empty string"
	)
	all := []formatCheck{
		{"apiVersion", obj["apiVersion"], ValidAPIVersion, prefix},
		{"kind", obj["kind"], validKind, "a string that is a sequence of [a-zA-Z][a-z0-9A-Z], at most 63 characters in total"},
		{"metadata.name", metadata["name"], validName, name},
		{"metadata.namespace", metadata["namespace"], validLabel, label},
	}
	labels, _ := metadata["labels"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, formatCheck{"labels." + key, key, validKey, prefix},
			formatCheck{"labels." + key, labels[key], func(s string) bool { return s == "" || validName(s) }, name})
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		all = append(all, formatCheck{"annotations." + key, key, validKey, prefix})
	}
	tags, _ := metadata["tags"].([]any)
	for i, tag := range tags {
		all = append(all, formatCheck{fmt.Sprintf("tags.%d", i), tag, validTag,
			"a string that is sequences of [a-z0-9+#] separated by [-], at most 63 characters in total"})
	}
	links, _ := metadata["links"].([]any)
	for i, link := range links {
		fields, _ := link.(map[string]any)
		at := fmt.Sprintf("links.%d.", i)
		all = append(all, formatCheck{at + "url", fields["url"], validURL, "a string that is a valid url"},
			formatCheck{at + "title", fields["title"], notBlank, filled}, formatCheck{at + "icon", fields["icon"], notBlank, filled})
	}
	return all
}

// flaw is what ajv, the library that Backstage checks JSON schemas with, finds
// first.
type flaw struct{ path, message, params string }

// place is a JSON pointer.
func (f *flaw) place() string {
	if f.path == "" {
		return "<root>"
	}
	return f.path
}

func (f *flaw) typeError() *Verdict {
	if f == nil {
		return nil
	}
	return &Verdict{Name: "TypeError", Message: f.place() + " " + f.message + " - " + f.params}
}

// flawOf checks an object: first that all is there, then what is there.
func flawOf(path string, obj map[string]any, fields []Field) *flaw {
	for _, f := range fields {
		if _, given := obj[f.Name]; f.Required && !given {
			return &flaw{path, "must have required property '" + f.Name + "'", "missingProperty: " + f.Name}
		}
	}
	for _, f := range fields {
		if value, given := obj[f.Name]; given {
			if found := f.flaw(path+"/"+pointer(f.Name), value); found != nil {
				return found
			}
		}
	}
	return nil
}

// pointer writes a key as a part of a JSON pointer.
func pointer(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }

func (f Field) flaw(path string, value any) *flaw {
	mustBe := func(types ...string) *flaw {
		all := strings.Join(types, ",")
		return &flaw{path, "must be " + all, "type: " + all}
	}
	if _, open := value.(Unresolved); open {
		return nil
	}
	switch f.Type {
	case Anything:
	case Text, TextOrEmpty:
		s, ok := value.(string)
		switch {
		case !ok:
			return mustBe("string")
		case s == "" && f.Type == Text:
			return &flaw{path, "must NOT have fewer than 1 characters", "limit: 1"}
		case f.Values != nil && !slices.Contains(f.Values, s):
			return &flaw{path, "must be equal to one of the allowed values", "allowedValues: " + strings.Join(f.Values, ",")}
		}
	case TextOrBool:
		switch value.(type) {
		case string, bool:
		default:
			return mustBe("string", "boolean")
		}
	case TextOrTexts:
		if list, ok := value.([]any); ok {
			return Field{Type: Texts}.flaw(path, list)
		}
		return Field{Type: Text}.flaw(path, value)
	case TextMap:
		m, ok := value.(map[string]any)
		if !ok {
			return mustBe("object")
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if found := (Field{Type: TextOrEmpty}).flaw(path+"/"+pointer(key), m[key]); found != nil {
				return found
			}
		}
	case Texts, Mappings:
		list, ok := value.([]any)
		if !ok {
			return mustBe("array")
		}
		item := Field{Type: Text}
		if f.Type == Mappings {
			item = Field{Type: Mapping, Fields: f.Fields}
		}
		for i, v := range list {
			if found := item.flaw(fmt.Sprintf("%s/%d", path, i), v); found != nil {
				return found
			}
		}
	case Mapping, MappingOrMappings:
		m, ok := value.(map[string]any)
		if _, isList := value.([]any); isList && f.Type == MappingOrMappings {
			return Field{Type: Mappings, Fields: f.Fields}.flaw(path, value)
		}
		if !ok {
			return mustBe("object")
		}
		return flawOf(path, m, f.Fields)
	}
	return nil
}
