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

// Read makes an entity of what [Entity.Object] returned, or JSON of it: in one
// pass, where json.Unmarshal takes three. It checks types only; for a document that
// people wrote there is [FromObject]. The entity takes obj over.
func Read(obj map[string]any) (*Entity, error) {
	t := taker{rest: obj}
	e := &Entity{APIVersion: t.text("apiVersion"), Kind: t.text("kind"), Spec: take[map[string]any](&t, "spec")}
	if metadata := take[map[string]any](&t, "metadata"); metadata != nil {
		e.Metadata = toMetadata(metadata, &t.err)
	}
	return e, t.err
}

// UnmarshalJSON reads what MarshalJSON wrote. Unlike json.Unmarshal into a
// struct it heeds letter case: an extra field "Title" is no title.
func (m *Metadata) UnmarshalJSON(b []byte) error {
	var obj map[string]any
	err := json.Unmarshal(b, &obj)
	if err == nil {
		*m = toMetadata(obj, &err)
	}
	return err
}

func toMetadata(obj map[string]any, err *error) Metadata {
	t := taker{obj, *err}
	m := Metadata{
		UID: t.text("uid"), ETag: t.text("etag"), Name: t.text("name"), Namespace: t.text("namespace"),
		Title: t.text("title"), Description: t.text("description"),
		Labels: t.texts("labels"), Annotations: t.texts("annotations"),
		Tags: takeList[string](&t, "tags"),
	}
	if links := takeList[map[string]any](&t, "links"); links != nil {
		m.Links = make([]Link, len(links))
		for i, link := range links {
			m.Links[i] = toLink(link, &t.err)
		}
	}
	m.Extra, *err = t.extra(), t.err
	return m
}

// UnmarshalJSON reads what MarshalJSON wrote, by the exact letters as well.
func (l *Link) UnmarshalJSON(b []byte) error {
	var obj map[string]any
	err := json.Unmarshal(b, &obj)
	if err == nil {
		*l = toLink(obj, &err)
	}
	return err
}

func toLink(obj map[string]any, err *error) Link {
	t := taker{obj, *err}
	l := Link{URL: t.text("url"), Title: t.text("title"), Icon: t.text("icon"), Type: t.text("type")}
	l.Extra, *err = t.extra(), t.err
	return l
}

// taker takes known fields out of a JSON object; the rest is extra.
type taker struct {
	rest map[string]any
	err  error // about the first value of a wrong type
}

// as returns a field's value as a T, or notes that it is none.
func as[T any](t *taker, key string, value any) T {
	typed, ok := value.(T)
	if !ok && t.err == nil {
		t.err = fmt.Errorf("field %s cannot be %s", key, Describe(value))
	}
	return typed
}

func take[T any](t *taker, key string) (none T) {
	value, given := t.rest[key]
	if !given {
		return none
	}
	delete(t.rest, key)
	return as[T](t, key, value)
}

func takeList[T any](t *taker, key string) []T {
	values := take[[]any](t, key)
	if values == nil {
		return nil
	}
	list := make([]T, len(values))
	for i, value := range values {
		list[i] = as[T](t, key, value)
	}
	return list
}

func (t *taker) text(key string) string { return take[string](t, key) }

func (t *taker) texts(key string) map[string]string {
	values := take[map[string]any](t, key)
	if values == nil {
		return nil
	}
	texts := make(map[string]string, len(values))
	for k, v := range values {
		texts[k] = as[string](t, key, v)
	}
	return texts
}

func (t *taker) extra() map[string]any {
	if len(t.rest) == 0 {
		return nil
	}
	return t.rest
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
