package web

import (
	"context"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/web/ui"
)

// laterNotes say what some of an entity's fields became after the moment of a page.
type laterNotes struct{ owner, lifecycle, system, typ ui.Later }

// later looks into what is ahead of a page of another moment.
func (s *Site) later(ctx context.Context, r request, ref string) (notes laterNotes, err error) {
	if r.moment.Now() || s.Ledger == nil {
		return notes, nil
	}
	told, err := s.Ledger.Versions(ctx, ref, projections.Moment{})
	if err != nil {
		return notes, err
	}
	name := func(ref string) string { return named(r.catalog, ref).Label }
	kinds := r.catalog.Kinds()
	notes.owner = laterOf(r, ledger.Owners(kinds, told), name, "nobody")
	field := func(name string) func(*catalog.Entity) string {
		return func(e *catalog.Entity) string { return e.SpecString(name) }
	}
	same := func(s string) string { return s }
	notes.lifecycle = laterOf(r, ledger.Intervals(told, field("lifecycle")), same, "none")
	notes.system = laterOf(r, ledger.Intervals(told, field("system")), same, "none")
	notes.typ = laterOf(r, ledger.Intervals(told, field("type")), same, "none")
	return notes, nil
}

// laterOf is what follows the interval that a page is in.
func laterOf(r request, all []ledger.Interval, says func(string) string, nothing string) ui.Later {
	after := func(t *history.Told) bool {
		return !r.moment.At.IsZero() && t.Since.After(r.moment.At) || r.moment.Known > 0 && t.Position > r.moment.Known
	}
	for i, one := range all {
		if i == 0 || !after(one.Began) {
			continue
		}
		l := ui.Later{Says: says(one.Value), Event: mark(one.Began.Position)}
		switch {
		case one.Absent:
			l.Says = "removed"
		case one.Value == "":
			l.Says = nothing
		}
		return l
	}
	return ui.Later{}
}
