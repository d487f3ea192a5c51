package scorecards

import (
	"strings"

	"github.com/callboard/callboard/catalog"
)

// RefNamed is the scorecard, exemption or initiative that somebody names, in an address or a field:
// by its name, which is one in the namespace default, as namespace:name, or by its reference, of
// which kind and namespace may be left out. A full reference of another kind names nothing that
// there can be.
func RefNamed(kind, name string) catalog.Ref {
	ref := catalog.Ref{Kind: kind, Namespace: catalog.DefaultNamespace, Name: name}
	if strings.Contains(name, "/") {
		if full, err := catalog.ParseRef(name, ref); err == nil && strings.EqualFold(full.Kind, kind) {
			return full
		}
		return ref
	}
	if before, rest, ok := strings.Cut(name, ":"); ok {
		if ref.Name = rest; !strings.EqualFold(before, kind) {
			ref.Namespace = before
		}
	}
	return ref
}

// NameOf is the shortest that [RefNamed] reads as a reference: its name or, of another namespace
// than default, namespace:name; all of it, where the namespace is called as the kind is.
func NameOf(ref catalog.Ref) string {
	switch {
	case ref.Namespace == "" || strings.EqualFold(ref.Namespace, catalog.DefaultNamespace):
		return ref.Name
	case strings.EqualFold(ref.Namespace, ref.Kind):
		return ref.String()
	}
	return ref.Namespace + ":" + ref.Name
}
