package catalog

import (
	"fmt"
	"strings"
)

// DefaultNamespace is where an entity lives that names no namespace.
const DefaultNamespace = "default"

// Ref names an entity: [kind:][namespace/]name.
//
// Identity is case-insensitive: two refs are the same entity when their String
// is equal. See https://backstage.io/docs/features/software-catalog/references.
type Ref struct {
	Kind      string
	Namespace string
	Name      string
}

// String returns the full lower-case form, kind:namespace/name.
func (r Ref) String() string {
	ns := r.Namespace
	if ns == "" {
		ns = DefaultNamespace
	}
	return strings.ToLower(r.Kind + ":" + ns + "/" + r.Name)
}

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// ParseRef reads a reference. Parts that s leaves out come from the defaults;
// a missing namespace without a default becomes "default". Letter case is kept.
//
// The first colon and the first slash split; a colon after the first slash
// belongs to the name.
func ParseRef(s string, defaults Ref) (Ref, error) {
	rest := s
	r := Ref{Kind: defaults.Kind, Namespace: defaults.Namespace}
	if r.Namespace == "" {
		r.Namespace = DefaultNamespace
	}
	slash := strings.IndexByte(rest, '/')
	if colon := strings.IndexByte(rest, ':'); colon >= 0 && (slash < 0 || colon < slash) {
		r.Kind, rest = rest[:colon], rest[colon+1:]
		if r.Kind == "" {
			return Ref{}, refError(s)
		}
		slash = strings.IndexByte(rest, '/')
	}
	if slash >= 0 {
		r.Namespace, rest = rest[:slash], rest[slash+1:]
		if r.Namespace == "" {
			return Ref{}, refError(s)
		}
	}
	if rest == "" {
		return Ref{}, refError(s)
	}
	if r.Kind == "" {
		return Ref{}, fmt.Errorf("entity reference %q has no kind, and none follows from where it stands", s)
	}
	r.Name = rest
	return r, nil
}

func refError(s string) error {
	return fmt.Errorf("entity reference %q is not of the form [<kind>:][<namespace>/]<name>", s)
}
