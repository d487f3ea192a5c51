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
