package entities

import (
	"cmp"
	"slices"
	"strings"

	"github.com/callboard/callboard/eventlog"
)

// Pair is an entity in two snapshots, as each has it declared: JSON, "" where it is
// not there.
type Pair struct {
	Ref    string
	Before string
	After  string
	Owner  string // the first one, in the later snapshot if it is there; NoOwner, or "" by nature
}

// Compare returns the entities that are declared otherwise in a later snapshot, by
// owner and then by ref. Of some the difference may be in nothing but what
// [catalog.Diff] leaves out.
func (s *Snapshot) Compare(later *Snapshot) []Pair {
	var refs []string
	for ref, n := range s.index.Slots() {
		// What is so since the same event is the same.
		if is, has := later.index.Slot(ref); !has || s.changedAt(n) != later.changedAt(is) {
			refs = append(refs, ref)
		}
	}
	for ref := range later.index.Slots() {
		if _, had := s.index.Slot(ref); !had {
			refs = append(refs, ref)
		}
	}
	all := make([]Pair, len(refs))
	inParallel(len(refs), func(i int) { all[i] = s.Pair(later, refs[i]) })
	all = slices.DeleteFunc(all, func(p Pair) bool { return p.Before == p.After })
	slices.SortFunc(all, func(a, b Pair) int { return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.Ref, b.Ref)) })
	return all
}

// changedAt is the event that the entity in a slot is as it is since.
func (s *Snapshot) changedAt(slot uint32) eventlog.Position {
	if s.asOf != nil {
		return s.asOf.changed(slot)
	}
	return s.index.At(slot).(*record).changed
}

// Pair returns an entity as it is in two snapshots.
func (s *Snapshot) Pair(later *Snapshot, ref string) Pair {
	was, _ := s.record(ref)
	is, _ := later.record(ref)
	return pair(ref, was, is)
}

func pair(ref string, was, is *record) Pair {
	p := Pair{Ref: ref}
	if was != nil {
		p.Before, p.Owner = was.own+"}", was.owner
	}
	if is != nil {
		p.After, p.Owner = is.own+"}", is.owner
	}
	return p
}

// Among returns those of some entities that w selects, by ref.
func (s *Snapshot) Among(refs []string, w Where) map[string]bool {
	chosen := map[string]bool{}
	for _, row := range s.index.List(Listing{Where: All{In(refs), w}, Limit: -1}).Rows {
		chosen[row.Doc.Ref()] = true
	}
	return chosen
}
