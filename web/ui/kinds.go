package ui

import "strings"

// KindIcon is the icon of an entity's kind and type.
func KindIcon(kind, typ string) string {
	switch strings.ToLower(kind) {
	case "component":
		switch typ {
		case "website", "library", "worker":
			return typ
		}
		return "service"
	case "group":
		return "team"
	case "api", "resource", "system", "domain", "user", "template", "location":
		return strings.ToLower(kind)
	default:
		return "sheet"
	}
}

// KindPlural is what several entities of a kind are called.
func KindPlural(kind string) string {
	switch strings.ToLower(kind) {
	case "group":
		return "Teams"
	case "user":
		return "People"
	case "api", "component", "resource", "system", "domain", "template", "location":
		return kind + "s"
	default:
		return kind
	}
}
