package search

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
)

// The bounds of what is taken of a spec.
const (
	maxProse = 16 << 10 // bytes
	maxDepth = 8
)

// entityDocument is what an entity is found by.
func entityDocument(e *catalog.Entity, owner string) document {
	m := e.Metadata
	typ := e.SpecString("type")
	d := document{
		typ: Entities, ref: e.Ref().String(), owner: owner,
		name: plain(m.Name), title: plain(cmp.Or(m.Title, displayName(e), m.Name)),
		about: plain(strings.Join(slices.Concat([]string{e.Kind, typ, e.SpecString("lifecycle")}, m.Tags), " ")),
		says:  Details{Name: m.Name, Namespace: cmp.Or(m.Namespace, catalog.DefaultNamespace), Kind: e.Kind, Type: typ, Lifecycle: e.SpecString("lifecycle")},
	}
	p := prose{}
	p.add(m.Description)
	for _, l := range m.Links {
		p.add(l.Title)
	}
	p.walk(e.Spec, 0)
	aside := prose{}
	derived := catalog.DerivedAnnotations()
	for _, name := range slices.Sorted(maps.Keys(m.Annotations)) {
		if !slices.Contains(derived, name) {
			aside.add(m.Annotations[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Labels)) {
		aside.add(m.Labels[name])
	}
	d.body, d.aside = strings.Join(p.parts, "\n"), strings.Join(aside.parts, "\n")
	if text := definitionOf(e); text != "" {
		d.says.Definition = event.DigestOf(typ + "\n" + text)
	}
	return d
}

// displayName is what a person or a team is called.
func displayName(e *catalog.Entity) string {
	profile, _ := e.Spec["profile"].(map[string]any)
	name, _ := profile["displayName"].(string)
	return name
}

// prose collects texts that people wrote for people.
type prose struct {
	parts []string
	size  int
}

func (p *prose) add(text string) {
	text = strings.TrimSpace(plain(text))
	if text == "" || p.size+len(text) > maxProse {
		return
	}
	p.parts, p.size = append(p.parts, text), p.size+len(text)
}

// walk takes what stands under the names that a spec calls things by: rules of a
// scorecard, steps and parameters of a template, profiles of people.
func (p *prose) walk(value any, depth int) {
	if depth > maxDepth {
		return
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			p.walk(item, depth+1)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			text, ok := v[name].(string)
			switch {
			case !ok:
				p.walk(v[name], depth+1)
			case isProse(name):
				p.add(text)
			}
		}
	}
}

func isProse(name string) bool {
	switch name {
	case "title", "description", "name", "id", "message", "displayName", "email", "text", "help", "summary", "reason":
		return true
	}
	return false
}
