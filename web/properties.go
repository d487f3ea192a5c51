package web

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// The most that the overview shows of an own kind's spec.
const (
	maxProperties = 30
	maxValues     = 12 // of a list
)

// property is a field of a spec, for people.
type property struct {
	name, says string // says is what the schema says of it
	values     []propertyValue
	list       bool
	more       int // values that are not shown
}

// propertyValue is text, a moment, or an address to follow.
type propertyValue struct {
	text   string
	moment ui.Moment
	href   templ.SafeURL
}

// propertiesOf are the fields in the spec of a kind that is not built in, in the
// order of its schema. References are relations, which have a card of their own.
func propertiesOf(c Catalog, e *entities.Entry) []property {
	kind := c.Kinds().Find(e.Entity.APIVersion, e.Entity.Kind)
	var described []catalog.Field
	if kind != nil {
		if kind.Own == nil {
			return nil
		}
		described = kind.Spec
	}
	done := map[string]bool{"type": true, "owner": true, "lifecycle": true, "system": true} // the card has them
	var all []property
	add := func(f catalog.Field) {
		value, given := e.Entity.Spec[f.Name]
		if done[f.Name] || !given || value == nil || len(all) == maxProperties {
			return
		}
		done[f.Name] = true
		if f.Reference != nil {
			return
		}
		p := property{name: f.Title, says: f.Description}
		if p.name == "" {
			p.name = inWords(f.Name)
		}
		p.name = ui.Shorten(p.name, 60)
		p.fill(value)
		all = append(all, p)
	}
	for _, f := range described {
		add(f)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Entity.Spec)) {
		add(catalog.Field{Name: name})
	}
	return all
}

func (p *property) fill(value any) {
	list, ok := value.([]any)
	if !ok {
		p.values = []propertyValue{newPropertyValue(value)}
		return
	}
	p.list = true
	p.more = max(0, len(list)-maxValues)
	for _, item := range list[:len(list)-p.more] {
		p.values = append(p.values, newPropertyValue(item))
	}
}

func newPropertyValue(value any) propertyValue {
	text, ok := value.(string)
	if !ok {
		return propertyValue{text: ui.Shorten(inline(value), 200)}
	}
	if href := ui.Outside(text); href != "" {
		return propertyValue{text: ui.Shorten(trimScheme(text), 60), href: href}
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return propertyValue{text: text, moment: ui.Day(day)}
	}
	if moment, err := time.Parse(time.RFC3339, text); err == nil {
		return propertyValue{text: text, moment: ui.Exact(moment)}
	}
	return propertyValue{text: ui.Shorten(text, 200)}
}

// inline writes any value in a line: "Yes", "8080", "name: orders, partitions: 3".
func inline(value any) string {
	switch v := value.(type) {
	case nil:
		return "–"
	case bool:
		if v {
			return "Yes"
		}
		return "No"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		each := make([]string, 0, min(len(v), maxValues))
		for _, item := range v[:min(len(v), maxValues)] {
			each = append(each, inline(item))
		}
		return strings.Join(each, ", ")
	case map[string]any:
		var each []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if each = append(each, key+": "+inline(v[key])); len(each) == maxValues {
				break
			}
		}
		return strings.Join(each, ", ")
	default:
		return fmt.Sprint(v)
	}
}
