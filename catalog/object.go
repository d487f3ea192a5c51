package catalog

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
)

// Object returns e as the JSON-like values that [FromObject] takes. It shares
// values with e, so neither may be written to afterwards.
func (e *Entity) Object() map[string]any {
	obj := map[string]any{
		"apiVersion": e.APIVersion,
		"kind":       e.Kind,
		"metadata":   e.Metadata.object(),
	}
	if e.Spec != nil {
		obj["spec"] = e.Spec
	}
	return obj
}

// ETag returns the SHA-1, in hexadecimal, of e as JSON with sorted keys, its
// uid and etag left out. Entities that say the same have the same ETag, in
// whatever order their descriptors say it. It panics if e holds something that
// is no JSON value, which an entity from [FromObject] never does.
func ETag(e *Entity) string {
	plain := *e
	plain.Metadata.UID, plain.Metadata.ETag = "", ""
	b, err := json.Marshal(plain.Object()) // sorts keys
	if err != nil {
		panic(fmt.Sprintf("catalog: etag of %s: %v", e.Ref(), err))
	}
	sum := sha1.Sum(b)
	return hex.EncodeToString(sum[:])
}

// MarshalJSON writes known and extra fields side by side, sorted. A list or
// mapping that is empty but not nil is written too, as in Backstage.
func (m Metadata) MarshalJSON() ([]byte, error) { return json.Marshal(m.object()) }

// MarshalJSON writes known and extra fields side by side, sorted.
func (l Link) MarshalJSON() ([]byte, error) { return json.Marshal(l.object()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Metadata) UnmarshalJSON(b []byte) (err error) {
	*m = Metadata{}
	m.Extra, err = unmarshalExact(b, map[string]any{
		"uid": &m.UID, "etag": &m.ETag, "name": &m.Name, "namespace": &m.Namespace,
		"title": &m.Title, "description": &m.Description,
		"labels": &m.Labels, "annotations": &m.Annotations, "tags": &m.Tags, "links": &m.Links,
	})
	return err
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Link) UnmarshalJSON(b []byte) (err error) {
	*l = Link{}
	l.Extra, err = unmarshalExact(b, map[string]any{"url": &l.URL, "title": &l.Title, "icon": &l.Icon, "type": &l.Type})
	return err
}

// unmarshalExact reads a JSON object's fields into targets and returns those
// without target. Unlike json.Unmarshal into a struct it heeds letter case: an
// extra field "Title" is no title.
func unmarshalExact(b []byte, targets map[string]any) (map[string]any, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return nil, err
	}
	var extra map[string]any
	for key, raw := range fields {
		if target, known := targets[key]; known {
			if err := json.Unmarshal(raw, target); err != nil {
				return nil, fmt.Errorf("field %s: %w", key, err)
			}
			continue
		}
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			return nil, fmt.Errorf("field %s: %w", key, err)
		}
		if extra == nil {
			extra = make(map[string]any)
		}
		extra[key] = value
	}
	return extra, nil
}

// object writes the known fields over the extra ones: an extra field never
// hides one of the model's.
func (m *Metadata) object() map[string]any {
	obj := make(map[string]any, 8+len(m.Extra))
	maps.Copy(obj, m.Extra)
	obj["name"] = m.Name
	setText(obj, "uid", m.UID)
	setText(obj, "etag", m.ETag)
	setText(obj, "namespace", m.Namespace)
	setText(obj, "title", m.Title)
	setText(obj, "description", m.Description)
	setTexts(obj, "labels", m.Labels)
	setTexts(obj, "annotations", m.Annotations)
	setList(obj, "tags", m.Tags, func(tag string) any { return tag })
	setList(obj, "links", m.Links, func(l Link) any { return l.object() })
	return obj
}

func (l Link) object() map[string]any {
	obj := make(map[string]any, 4+len(l.Extra))
	maps.Copy(obj, l.Extra)
	obj["url"] = l.URL
	setText(obj, "title", l.Title)
	setText(obj, "icon", l.Icon)
	setText(obj, "type", l.Type)
	return obj
}

func setText(obj map[string]any, key, value string) {
	if value != "" {
		obj[key] = value
	}
}

func setTexts(obj map[string]any, key string, values map[string]string) {
	if values == nil {
		return
	}
	m := make(map[string]any, len(values))
	for k, v := range values {
		m[k] = v
	}
	obj[key] = m
}

func setList[T any](obj map[string]any, key string, values []T, generic func(T) any) {
	if values == nil {
		return
	}
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = generic(v)
	}
	obj[key] = list
}
