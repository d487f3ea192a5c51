package backstage

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/callboard/callboard/catalog"
)

// head is what of an entity tells which it is and where it comes from.
type head struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Annotations     map[string]string
	}
}

// heads reads entities; one that is null, or none, gives an empty head.
func heads(items []json.RawMessage) []head {
	all := make([]head, len(items))
	for i, item := range items {
		if json.Unmarshal(item, &all[i]) != nil {
			all[i] = head{}
		}
	}
	return all
}

func refsOf(heads []head) []string {
	refs := make([]string, len(heads))
	for i, h := range heads {
		refs[i] = h.ref()
	}
	return refs
}

func (h head) there() bool { return h.Kind != "" && h.Metadata.Name != "" }

func (h head) ref() string {
	namespace := h.Metadata.Namespace
	if namespace == "" {
		namespace = catalog.DefaultNamespace
	}
	return catalog.Ref{Kind: h.Kind, Namespace: namespace, Name: h.Metadata.Name}.String()
}

// origin is the location that led to the entity first, and file the one that
// declares it.
func (h head) origin() place {
	return parsePlace(h.Metadata.Annotations[catalog.AnnotationOriginLocation])
}
func (h head) file() place { return parsePlace(h.Metadata.Annotations[catalog.AnnotationLocation]) }

// place is what descriptors are read from: a type and a target.
type place struct {
	Type   string `json:"type"`
	Target string `json:"target"`
}

// parsePlace reads "url:https://…"; what is nothing of the sort has no type.
func parsePlace(s string) place {
	typ, target, ok := strings.Cut(s, ":")
	if !ok {
		return place{}
	}
	return place{strings.TrimSpace(typ), strings.TrimSpace(target)}
}

func (p place) String() string { return p.Type + ":" + p.Target }

// shown is the place without a password that may stand in it.
func (p place) shown() place {
	if u, err := url.Parse(p.Target); err == nil && u.User != nil {
		p.Target = u.Redacted()
	}
	return p
}

// locationRef is the entity that stands for a location, named alike in Backstage
// and Callboard.
func (p place) locationRef() string {
	sum := sha1.Sum([]byte(p.String()))
	return "location:default/generated-" + hex.EncodeToString(sum[:])
}

// same reports whether both are one file. Forges show it at several addresses.
func (p place) same(other place) bool {
	plain := strings.NewReplacer("/-/blob/", "/blob/", "/-/tree/", "/blob/", "/tree/", "/blob/", "/-/raw/", "/blob/", "/raw/", "/blob/")
	return p.Type == other.Type && plain.Replace(p.Target) == plain.Replace(other.Target)
}
