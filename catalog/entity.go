// Package catalog is the domain: entities, the references between them, the
// rules that a descriptor must keep, and how two versions of an entity differ.
// It imports nothing but the standard library and knows neither files, events
// nor HTTP.
//
// Start with [Entity]; [FromObject] makes one from parsed YAML or JSON and says
// what is wrong with it.
package catalog

import (
	"encoding/json"
	"maps"
)

// Entity is one thing in the catalog, in Backstage's format.
// See https://backstage.io/docs/features/software-catalog/descriptor-format.
type Entity struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   Metadata       `json:"metadata"`
	Spec       map[string]any `json:"spec,omitempty"` // JSON values: nil, bool, float64, string, []any, map[string]any
}

// Metadata is what every kind of entity says about itself.
type Metadata struct {
	UID         string            // given by Callboard at registration, for ever
	ETag        string            // changes whenever the entity does
	Name        string            //
	Namespace   string            // never empty in an entity that FromObject returned
	Title       string            //
	Description string            //
	Labels      map[string]string //
	Annotations map[string]string //
	Tags        []string          //
	Links       []Link            //
	Extra       map[string]any    // keys that the model does not know, kept as they came
}

// Link is an external page about an entity.
type Link struct {
	URL   string `json:"url"`
	Title string `json:"title,omitempty"`
	Icon  string `json:"icon,omitempty"`
	Type  string `json:"type,omitempty"`
}

// Ref returns the entity's own reference, in the case that it was written in.
func (e *Entity) Ref() Ref {
	return Ref{Kind: e.Kind, Namespace: e.Metadata.Namespace, Name: e.Metadata.Name}
}

// Title returns what to call the entity in front of people.
func (e *Entity) Title() string {
	if e.Metadata.Title != "" {
		return e.Metadata.Title
	}
	return e.Metadata.Name
}

// SpecString returns a string field of the spec, or "" when it is absent or no string.
func (e *Entity) SpecString(field string) string {
	s, _ := e.Spec[field].(string)
	return s
}

// metadataJSON is the known part of Metadata on the wire.
type metadataJSON struct {
	UID         string            `json:"uid,omitempty"`
	ETag        string            `json:"etag,omitempty"`
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace,omitempty"`
	Title       string            `json:"title,omitempty"`
	Description string            `json:"description,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Links       []Link            `json:"links,omitempty"`
}

// MarshalJSON writes the known fields and the extra ones side by side.
func (m Metadata) MarshalJSON() ([]byte, error) {
	known := metadataJSON{m.UID, m.ETag, m.Name, m.Namespace, m.Title, m.Description, m.Labels, m.Annotations, m.Tags, m.Links}
	if len(m.Extra) == 0 {
		return json.Marshal(known)
	}
	b, err := json.Marshal(known)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(m.Extra)
	// Known fields win: an extra key never hides one of the model's.
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Metadata) UnmarshalJSON(b []byte) error {
	var known metadataJSON
	if err := json.Unmarshal(b, &known); err != nil {
		return err
	}
	*m = Metadata{known.UID, known.ETag, known.Name, known.Namespace, known.Title, known.Description, known.Labels, known.Annotations, known.Tags, known.Links, nil}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	for _, k := range metadataFields {
		delete(all, k)
	}
	if len(all) > 0 {
		m.Extra = all
	}
	return nil
}

var metadataFields = [...]string{"uid", "etag", "name", "namespace", "title", "description", "labels", "annotations", "tags", "links"}
