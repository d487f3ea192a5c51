package scorecards

import (
	"strings"

	"github.com/callboard/callboard/catalog"
)

// RefNamed is the scorecard, exemption or initiative that an address names: by its name, which is
// one in the namespace default, as namespace:name, or by its full reference. A full reference of
// another kind names nothing that there can be.
func RefNamed(kind, name string) catalog.Ref {
	ref := catalog.Ref{Kind: kind, Namespace: catalog.DefaultNamespace, Name: name}
	if strings.Contains(name, "/") {
		if full, err := catalog.ParseRef(name, ref); err == nil && strings.EqualFold(full.Kind, kind) {
			return full
		}
		return ref
	}
	if namespace, rest, ok := strings.Cut(name, ":"); ok {
		ref.Namespace, ref.Name = namespace, rest
	}
	return ref
}
