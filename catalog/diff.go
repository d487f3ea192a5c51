package catalog

// Change is one field that differs between two versions of an entity.
type Change struct {
	Path   string `json:"path"` // "spec.owner", "metadata.links[2].url"
	Op     Op     `json:"op"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
}

// Op is what happened to a field.
type Op string

// The ops.
const (
	Added   Op = "add"
	Removed Op = "remove"
	Changed Op = "change"
)
