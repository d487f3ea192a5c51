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

// Compare returns the entities that are declared otherwise in a later snapshot, by
// owner and then by ref. Of some the difference may be in nothing but what
// [catalog.Diff] leaves out.
func (s *Snapshot) Compare(later *Snapshot) []Pair {
	var all []Pair
	for _, row := range s.index.List(Listing{Limit: -1}).Rows {
		was := row.Doc.(*record)
		// It is one record, or one text, if nothing was said between the two.
		if is, has := later.record(was.ref); !has || was != is && was.own != is.own {
			all = append(all, pair(was.ref, was, is))
		}
	}
	for _, row := range later.index.List(Listing{Limit: -1}).Rows {
		is := row.Doc.(*record)
		if _, had := s.record(is.ref); !had {
			all = append(all, pair(is.ref, nil, is))
		}
	}
	slices.SortFunc(all, func(a, b Pair) int { return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.Ref, b.Ref)) })
	return all
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
