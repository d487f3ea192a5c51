package web

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// This file is what the overview shows of some kinds only.

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

// maxProperties is how much of an own kind's spec the overview shows.
const maxProperties = 30

// propertiesOf are the plain values in the spec of a kind that is not built in.
func propertiesOf(e *entities.Entry) [][2]string {
	if catalog.BuiltIn().Find(e.Entity.APIVersion, e.Entity.Kind) != nil {
		return nil
	}
	var all [][2]string
	for _, name := range slices.Sorted(maps.Keys(e.Entity.Spec)) {
		var text string
		switch v := e.Entity.Spec[name].(type) {
		case string:
			text = v
		case bool:
			text = strconv.FormatBool(v)
		case float64:
			text = strconv.FormatFloat(v, 'g', -1, 64)
		default:
			continue
		}
		if name == "type" || name == "owner" || name == "lifecycle" || name == "system" {
			continue // the card has them
		}
		if all = append(all, [2]string{inWords(name), ui.Shorten(text, 200)}); len(all) == maxProperties {
			break
		}
	}
	return all
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
