package web

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// This file is how kinds are called, and what the overview shows of some only.

// kindIcon is the icon of an entity's kind and type. Kinds in references are in
// lower case.
func kindIcon(c Catalog, kind, typ string) string {
	if k := c.Kinds().Named(kind); k != nil && k.Own != nil && k.Own.Icon != "" {
		return k.Own.Icon
	}
	return ui.KindIcon(kind, typ)
}

// kindTitle is what an entity of a kind is called.
func kindTitle(c Catalog, kind string) string {
	k := c.Kinds().Named(kind)
	switch {
	case k == nil:
		return ui.Sentence(kind)
	case k.Own != nil && k.Own.Title != "":
		return k.Own.Title
	default:
		return k.Name
	}
}

// kindPlural is what several entities of a kind are called.
func kindPlural(c Catalog, kind string) string {
	if k := c.Kinds().Named(kind); k != nil && k.Own != nil {
		return cmp.Or(k.Own.Plural, kindTitle(c, kind)+"s")
	}
	return ui.KindPlural(kind)
}

// annotationOrphan marks an entity whose Location no longer leads to it. See
// https://backstage.io/docs/features/software-catalog/well-known-annotations.
const annotationOrphan = "backstage.io/orphan"

// sourceOf is where the code of an entity stands.
func sourceOf(e *entities.Entry) outsideLink {
	address, ok := strings.CutPrefix(e.Entity.Metadata.Annotations[catalog.AnnotationSourceLocation], "url:")
	if !ok {
		return outsideLink{}
	}
	label := trimScheme(address)
	if _, within, ok := strings.Cut(address, "/tree/"); ok && strings.HasPrefix(address, string(repositoryOf(e.Origin))) {
		label = strings.TrimSuffix(within, "/") // the repository is named beside it
	}
	return outsideLink{label: ui.Shorten(label, 60), href: ui.Outside(address)}
}

func trimScheme(address string) string {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	return strings.TrimSuffix(rest, "/")
}

// emailOf is how to write to a team or a person.
func emailOf(e *entities.Entry) outsideLink {
	profile, _ := e.Entity.Spec["profile"].(map[string]any)
	address, _ := profile["email"].(string)
	return outsideLink{label: ui.Shorten(address, 60), href: ui.Outside("mailto:" + address)}
}

// targetsView is where a Location leads, and what came from there.
type targetsView struct {
	targets []outsideLink
	more    int
	found   []ui.EntityLink
	foundOf int
}

// shownTargets is how many targets, and entities, the overview lists.
const shownTargets = 30

func newTargets(c Catalog, e *entities.Entry) *targetsView {
	if !strings.EqualFold(e.Entity.Kind, "Location") {
		return nil
	}
	v := &targetsView{}
	var all []string
	if one := e.Entity.SpecString("target"); one != "" {
		all = append(all, one)
	}
	list, _ := e.Entity.Spec["targets"].([]any)
	for _, t := range list {
		if text, ok := t.(string); ok {
			all = append(all, text)
		}
	}
	v.more = max(0, len(all)-shownTargets)
	for _, t := range all[:len(all)-v.more] {
		v.targets = append(v.targets, outsideLink{label: ui.Shorten(t, 200), icon: "link", href: ui.Outside(t)})
	}
	found := c.Find(entities.Query{Parents: []string{e.Ref}, Order: entities.ByName, Limit: shownTargets})
	v.foundOf = found.Total
	for _, f := range found.Entries {
		v.found = append(v.found, named(c, f.Ref))
	}
	return v
}

// templateView is what a software template asks for and does.
type templateView struct {
	pages []templatePage
	steps []templateStep
}

type templatePage struct {
	title  string
	fields []string
}

type templateStep struct{ name, action string }

// maxSteps bounds what the overview shows of a template.
const maxSteps = 50

func newTemplate(e *entities.Entry) *templateView {
	if !strings.EqualFold(e.Entity.Kind, "Template") {
		return nil
	}
	v := &templateView{}
	pages, _ := e.Entity.Spec["parameters"].([]any)
	if one, ok := e.Entity.Spec["parameters"].(map[string]any); ok {
		pages = []any{one}
	}
	for i, p := range pages[:min(len(pages), maxSteps)] {
		page, _ := p.(map[string]any)
		title, _ := page["title"].(string)
		if title == "" {
			title = fmt.Sprintf("Page %d", i+1)
		}
		properties, _ := page["properties"].(map[string]any)
		t := templatePage{title: ui.Shorten(title, 80)}
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			field, _ := properties[name].(map[string]any)
			if label, ok := field["title"].(string); ok && label != "" {
				name = label
			}
			if t.fields = append(t.fields, ui.Shorten(name, 60)); len(t.fields) == maxSteps {
				break
			}
		}
		v.pages = append(v.pages, t)
	}
	steps, _ := e.Entity.Spec["steps"].([]any)
	for _, s := range steps[:min(len(steps), maxSteps)] {
		step, _ := s.(map[string]any)
		action, _ := step["action"].(string)
		name, _ := step["name"].(string)
		if id, _ := step["id"].(string); name == "" {
			name = id
		}
		v.steps = append(v.steps, templateStep{ui.Shorten(name, 80), ui.Shorten(action, 60)})
	}
	return v
}
