package shape

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Issues is what is wrong with a value.
type Issues []issue

type issue struct {
	path    path
	message string
	details []detail // what [Issues.JSON] tells before path and message
	options []Issues // of a union: what is wrong by each of them
}

type detail struct {
	key   string
	value any
}

func (all *Issues) add(at path, message string, details ...detail) {
	*all = append(*all, issue{path: at, message: message, details: details})
}

func (all *Issues) wrongType(want string, v any, at path) verdict {
	got := typeOf(v)
	message := "Expected " + want + ", received " + got
	if got == "undefined" {
		message = "Required"
	}
	all.add(at, message, detail{"code", "invalid_type"}, detail{"expected", want}, detail{"received", got})
	return wrong
}

func (all *Issues) notIn(options []string, got string, at path) verdict {
	all.add(at, "Invalid enum value. Expected "+joinQuoted(options, " | ")+", received '"+got+"'",
		detail{"received", got}, detail{"code", "invalid_enum_value"}, detail{"options", options})
	return wrong
}

func (all *Issues) wrongForm(at path) verdict {
	all.add(at, "Invalid", detail{"validation", "regex"}, detail{"code", "invalid_string"})
	return dirty
}

func (all *Issues) unknownKeys(keys []string, at path) verdict {
	all.add(at, "Unrecognized key(s) in object: "+joinQuoted(keys, ", "), detail{"code", "unrecognized_keys"}, detail{"keys", keys})
	return dirty
}

func (all *Issues) noOption(options []Issues, at path) verdict {
	*all = append(*all, issue{path: at, message: "Invalid input", options: options})
	return wrong
}

// Sentence tells the issues in one line, as the library zod-validation-error does.
func (all Issues) Sentence() string { return "Validation error: " + all.sentence() }

func (all Issues) sentence() string {
	texts := make([]string, len(all))
	for i, is := range all {
		texts[i] = is.sentence()
	}
	return strings.Join(texts, "; ")
}

func (is issue) sentence() string {
	switch {
	case is.options != nil:
		var texts []string
		for _, option := range is.options {
			if text := option.sentence(); !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
		return strings.Join(texts, ", or ")
	case len(is.path) == 0:
		return is.message
	}
	if i, ok := is.path[0].(int); ok && len(is.path) == 1 {
		return is.message + " at index " + strconv.Itoa(i)
	}
	return is.message + ` at "` + is.path.String() + `"`
}

var identifier = regexp.MustCompile(`[$_\p{L}\p{Nl}]`)

// String writes a path as zod-validation-error does.
func (p path) String() string {
	if key, ok := p[0].(string); ok && len(p) == 1 {
		if key == "" {
			return `""`
		}
		return key
	}
	var b strings.Builder
	for _, step := range p {
		key, isKey := step.(string)
		switch {
		case !isKey:
			b.WriteString("[" + strconv.Itoa(step.(int)) + "]")
		case strings.Contains(key, `"`):
			b.WriteString(`["` + strings.ReplaceAll(key, `"`, `\"`) + `"]`)
		case !identifier.MatchString(key):
			b.WriteString(`["` + key + `"]`)
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(key)
		}
	}
	return b.String()
}

// JSON tells the issues as the message of zod's own error does: a JSON text,
// indented by two.
func (all Issues) JSON() string {
	var b bytes.Buffer
	if err := json.Indent(&b, all.compact(), "", "  "); err != nil {
		return all.Sentence() // it is our own JSON
	}
	return b.String()
}

func (all Issues) compact() []byte {
	parts := make([][]byte, len(all))
	for i, is := range all {
		parts[i] = is.compact()
	}
	return slices.Concat([]byte("["), bytes.Join(parts, []byte(",")), []byte("]"))
}

func (is issue) compact() []byte {
	details := is.details
	if is.options != nil {
		unions := make([]json.RawMessage, len(is.options))
		for i, option := range is.options {
			unions[i] = slices.Concat([]byte(`{"issues":`), option.compact(), []byte(`,"name":"ZodError"}`))
		}
		details = []detail{{"code", "invalid_union"}, {"unionErrors", unions}}
	}
	at := is.path
	if at == nil {
		at = path{}
	}
	var b bytes.Buffer
	for i, d := range append(slices.Clip(details), detail{"path", []any(at)}, detail{"message", is.message}) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(encoded(d.key))
		b.WriteByte(':')
		b.Write(encoded(d.value))
	}
	return slices.Concat([]byte("{"), b.Bytes(), []byte("}"))
}

// encoded writes JSON as JavaScript does, which leaves < > and & alone.
func encoded(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte("null") // of what JSON was decoded to nothing fails
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func joinQuoted(texts []string, by string) string { return "'" + strings.Join(texts, "'"+by+"'") + "'" }

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
