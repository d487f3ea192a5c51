package catalog

// Relation is one end of an edge between two entities, as Backstage's API shows it.
type Relation struct {
	Type      string `json:"type"`
	TargetRef string `json:"targetRef"` // full and lower-case
}

// Edge is a relation with both ends. The entity that declares a reference
// declares the edges in both directions; the other end need not exist.
type Edge struct {
	From Ref
	Type string
	To   Ref
}

// Edges returns the relations that e declares, for the built-in kinds.
func Edges(e *Entity) []Edge { return builtIn.Edges(e) }

// Edges returns the relations that e declares, each in both directions, in the
// order of the kind's fields. The same edge may be there twice. What cannot be
// read as a reference is left out; an entity of an unknown kind has no edges.
//
// A reference without a namespace means the namespace of e, not "default".
func (ks Kinds) Edges(e *Entity) []Edge {
	kind := ks.Find(e.APIVersion, e.Kind)
	if kind == nil {
		return nil
	}
	self := e.Ref()
	var edges []Edge
	add := func(r *Reference, value any) {
		s, ok := value.(string)
		if !ok {
			return
		}
		target, err := ParseRef(s, Ref{Kind: r.DefaultKind, Namespace: self.Namespace})
		if err != nil {
			return
		}
		edges = append(edges, Edge{self, r.Outgoing, target}, Edge{target, r.Incoming, self})
	}
	for _, f := range kind.Spec {
		if f.Reference == nil {
			continue
		}
		switch value := e.Spec[f.Name].(type) {
		case string:
			add(f.Reference, value)
		case []any:
			for _, item := range value {
				add(f.Reference, item)
			}
		}
	}
	return edges
}
