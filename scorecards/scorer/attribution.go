package scorer

import (
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/scorecards"
)

// Version is what an entity was from an event on.
type Version struct {
	Source scorecards.Source
	Entity string // JSON of what was declared; empty while it was not in the catalog
}

// attribution has the parts of an explanation that read what is declared name the event that made
// it so, rather than the newest of the descriptor.
type attribution struct {
	versions func(ref string) ([]Version, error)
	subject  *scorecards.Subject
	read     map[string][]Version // by ref
	failed   error
}

func (a *attribution) node(n *scorecards.Node) {
	if n == nil {
		return
	}
	if since := a.since(n); since != nil {
		n.Source = since
	}
	for _, part := range n.Children {
		a.node(part)
	}
}

// since is the event that made what a part reads what it is; nil if nobody can tell, or it is
// not declared.
func (a *attribution) since(n *scorecards.Node) *scorecards.Source {
	const annotations, owner = "entity.metadata.annotations", "entity.spec.owner"
	root, _, _ := strings.Cut(n.Input, ".")
	switch {
	case root == "entity" || root == "links":
		return a.changed(n.Input)
	case root == "oncall":
		return a.changed(annotations)
	case root == "docs" && n.Source != nil && a.subject.Declared != nil && *n.Source == *a.subject.Declared:
		return a.changed(annotations) // that says where the docs are
	case n.Input == "owner.ref" || root == "owner" && a.subject.Owner.Ref == "":
		return a.changed(owner)
	case n.Input == "owner.exists" || root == "owner" && !a.subject.Owner.Exists:
		return a.appeared(a.subject.Owner.Ref)
	}
	return nil
}

// changed is the newest event that changed an input of the entity that is judged.
func (a *attribution) changed(input string) *scorecards.Source {
	all := a.of(a.subject.Entity.Ref().String())
	if len(all) == 0 || a.subject.Declared == nil || all[len(all)-1].Source.Position < a.subject.Declared.Position {
		return nil // they have not come as far
	}
	for i := len(all) - 1; i > 0; i-- {
		if all[i-1].Entity == all[i].Entity {
			continue
		}
		if all[i-1].Entity == "" {
			return &all[i].Source
		}
		changes, err := catalog.DiffJSON([]byte(all[i-1].Entity), []byte(all[i].Entity))
		if err != nil {
			a.failed = err
			return nil
		}
		for _, c := range changes {
			if scorecards.Touches(input, "entity."+c.Path) {
				return &all[i].Source
			}
		}
	}
	return &all[0].Source
}

// appeared is the event by which an entity is there, or is not any more.
func (a *attribution) appeared(ref string) *scorecards.Source {
	all := a.of(ref)
	if len(all) == 0 || (all[len(all)-1].Entity != "") != a.subject.Owner.Exists {
		return nil // it never was, or they have not come as far
	}
	i := len(all) - 1
	for i > 0 && (all[i-1].Entity == "") == (all[i].Entity == "") {
		i--
	}
	return &all[i].Source
}

func (a *attribution) of(ref string) []Version {
	all, ok := a.read[ref]
	if !ok {
		var err error
		if all, err = a.versions(ref); err != nil {
			a.failed = err
		}
		a.read[ref] = all
	}
	return all
}
