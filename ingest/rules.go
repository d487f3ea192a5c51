package ingest

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/callboard/callboard/catalog"
)

// Rules say which entities locations may bring in. One rule that allows an
// entity is enough. They are Backstage's `catalog.rules`, see
// https://backstage.io/docs/features/software-catalog/configuration#catalog-rules.
type Rules []Rule

// Rule allows kinds of entities to come from some locations.
type Rule struct {
	Allow     []Allow
	Locations []RuleLocation // empty = from everywhere
}

// Allow is a kind; with a Type only those entities of it whose spec.type is that.
// Letter case does not matter.
type Allow struct{ Kind, Type string }

// RuleLocation matches root locations of a type: the one target that is Exact,
// those that match Pattern (a glob), or all if both are empty.
type RuleLocation struct{ Type, Exact, Pattern string }

// DefaultRules are those of a configuration without any.
func DefaultRules() Rules {
	return Rules{{Allow: []Allow{{Kind: "Component"}, {Kind: "API"}, {Kind: "Location"}}}}
}

// allow reports whether a root location may bring in an entity, however many
// other Locations lay on the way. Entity is nil for one that is wrong in itself;
// then its kind decides.
func (rs Rules) allow(typ, target, kind string, e *catalog.Entity) bool {
	for _, r := range rs {
		if r.from(typ, target) && r.allows(kind, e) {
			return true
		}
	}
	return false
}

func (r Rule) from(typ, target string) bool {
	for _, l := range r.Locations {
		switch {
		case l.Type != typ:
		case l.Exact != "" && l.Exact != target:
		case l.Pattern != "" && !doublestar.MatchUnvalidated(strings.ToLower(l.Pattern), strings.ToLower(target)):
		default:
			return true
		}
	}
	return len(r.Locations) == 0
}

func (r Rule) allows(kind string, e *catalog.Entity) bool {
	for _, a := range r.Allow {
		if strings.EqualFold(a.Kind, kind) && (a.Type == "" || e == nil || strings.EqualFold(a.Type, e.SpecString("type"))) {
			return true
		}
	}
	return false
}
