package checks

import (
	"cmp"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
)

// Missing is something that a scorecard, exemption or initiative would name, and that would
// not be there. The file is taken all the same, since that may still come.
type Missing struct {
	Entity string `json:"entity"`         // that names it
	Path   string `json:"path,omitempty"` // of its file; empty if the portal has it
	// Line and Column are where the file names it. Of a file that the change leaves as it is
	// the line is the first of the document, and no column is known.
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Field   string `json:"field"` // spec.rules[1]
	Message string `json:"message"`
}

// Place is where it is named, as compilers write it; empty if the portal has it.
func (m Missing) Place() string {
	if m.Path == "" {
		return ""
	}
	return place(m.Path, m.Line, m.Column)
}

// where is the place, or who names it.
func (m Missing) where() string { return cmp.Or(m.Place(), m.Entity) }

// astray finds what would be named and not be there: in what changes all, and in what
// else there is what is there now.
func (b *builder) astray() {
	now := scorecards.Names{Get: b.known}
	then := scorecards.Names{Get: b.wouldBe}
	for _, ref := range b.named() {
		e := b.wouldBe(ref)
		if e == nil {
			continue
		}
		problems := then.Missing(e, b.At)
		origin, document := event.Origin{}, ""
		if d, changes := b.declared[ref]; changes {
			origin, document = d.Origin, d.Document
		} else {
			before := now.Missing(e, b.At)
			problems = slices.DeleteFunc(problems, func(p catalog.Problem) bool { return slices.ContainsFunc(before, samePlace(p)) })
			if entry, ok := b.snapshot.Get(ref); ok {
				origin = entry.Origin
			}
		}
		for _, p := range problems {
			m := Missing{Entity: ref, Field: p.Path, Message: p.Message}
			if !origin.FromPortal() {
				m.Path, m.Line = origin.Path, origin.Line
			}
			if document != "" {
				at := descriptor.Locate(document, origin.Line, p)
				m.Line, m.Column = at.Line, at.Column
			}
			b.Missing = append(b.Missing, m)
		}
	}
	slices.SortStableFunc(b.Missing, func(x, y Missing) int {
		return cmp.Or(strings.Compare(x.Path, y.Path), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column), strings.Compare(x.Entity, y.Entity))
	})
}

func samePlace(p catalog.Problem) func(catalog.Problem) bool {
	return func(o catalog.Problem) bool { return o.Path == p.Path }
}

// named lists those that may name something, as they would be.
func (b *builder) named() []string {
	var all []string
	for _, e := range b.snapshot.Find(entities.Query{Kinds: scorecards.KindNames()}).Entries {
		all = append(all, e.Ref)
	}
	for ref, d := range b.declared {
		if slices.Contains(scorecards.KindNames(), d.Entity.Kind) && !slices.Contains(all, ref) {
			all = append(all, ref)
		}
	}
	return all
}

// known returns an entity as it is; nil if it is not there.
func (b *builder) known(ref string) *catalog.Entity {
	if entry, ok := b.snapshot.Get(ref); ok {
		return entry.Entity
	}
	return nil
}

// wouldBe returns an entity as it would be; nil if it would not be there.
func (b *builder) wouldBe(ref string) *catalog.Entity {
	if e, changes := b.after[ref]; changes {
		return e
	}
	return b.known(ref)
}

// names reports whether an edge is one whose missing end [scorecards.Names] tells of, with
// the line.
func names(e *catalog.Entity, typ string) bool {
	switch e.Kind {
	case scorecards.KindScorecard:
		return typ == "ownedBy"
	case scorecards.KindInitiative:
		return typ == "ownedBy" || typ == "partOf"
	case scorecards.KindExemption:
		return typ == "partOf" || typ == "exempts"
	}
	return false
}
