// Package catalog is the domain: entities, the references between them, the
// rules that a descriptor must keep, and how two versions of an entity differ.
// It imports nothing but the standard library and knows neither files, events
// nor HTTP.
//
// Start with [Entity]; [FromObject] makes one from parsed YAML or JSON and says
// what is wrong with it.
package catalog

// Entity is one thing in the catalog, in Backstage's format.
// See https://backstage.io/docs/features/software-catalog/descriptor-format.
type Entity struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   Metadata       `json:"metadata"`
	Spec       map[string]any `json:"spec,omitzero"` // JSON values: nil, bool, float64, string, []any, map[string]any
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
	URL   string
	Title string
	Icon  string
	Type  string
	Extra map[string]any // as in Metadata
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
