package entities

import (
	"cmp"
	"slices"
	"strings"
)

// Pair is an entity in two snapshots, as each has it declared: JSON, "" where it is
// not there.
type Pair struct {
	Ref    string
	Before string
	After  string
	Owner  string // the first one, in the later snapshot if it is there; NoOwner, or "" by nature
}

// Compare returns the entities that are declared otherwise in a later snapshot, and
// that w selects in either, by owner and then by ref. Of some the difference may be
// in nothing but what [catalog.Diff] leaves out.
func (s *Snapshot) Compare(later *Snapshot, w Where) []Pair {
	var all []Pair
	seen := map[string]bool{}
	add := func(ref string) {
		if seen[ref] {
			return
		}
		seen[ref] = true
		p := Pair{Ref: ref}
		was, had := s.record(ref)
		is, has := later.record(ref)
		if had && has && was.own == is.own { // it is one text if nothing was said between the two
			return
		}
		if had {
			p.Before, p.Owner = was.own+"}", was.owner
		}
		if has {
			p.After, p.Owner = is.own+"}", is.owner
		}
		all = append(all, p)
	}
	for _, one := range []*Snapshot{s, later} {
		for _, row := range one.index.List(Listing{Where: w, Limit: -1}).Rows {
			add(row.Doc.Ref())
		}
	}
	slices.SortFunc(all, func(a, b Pair) int { return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.Ref, b.Ref)) })
	return all
}
