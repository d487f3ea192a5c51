package backstage

import (
	"cmp"
	"slices"
)

// survey is where Backstage's entities come from, and what Callboard has of it.
type survey struct {
	origins map[place]*origin
	stands  map[string]bool // refs of Backstage's Location entities
	have    map[string]bool // refs of Location entities, or rejected ones, here
}

// origin is a place that entities come from.
type origin struct {
	listed   bool // registered at Backstage
	wanted   bool // it is to be brought over
	entities int  // the Location entity that stands for it is none of them
	here     int  // of these, that Callboard has out of the same file
}

func newSurvey() *survey {
	return &survey{origins: map[place]*origin{}, stands: map[string]bool{}, have: map[string]bool{}}
}

func (s *survey) origin(p place) *origin {
	o := s.origins[p]
	if o == nil {
		o = &origin{}
		s.origins[p] = o
	}
	return o
}

// list notes a location that is registered at Backstage. Unless all are wanted it
// is only if an entity that is wanted comes from it.
func (s *survey) list(p place, all bool) {
	o := s.origin(p)
	o.listed, o.wanted = true, all
}

// note notes an entity of Backstage's, and ours of the same name if there is one.
func (s *survey) note(theirs, ours head) {
	p := theirs.origin()
	if p.Type == "" {
		return
	}
	o := s.origin(p)
	o.wanted = true
	if theirs.ref() == p.locationRef() {
		return
	}
	o.entities++
	// A path on another machine says nothing.
	if ours.there() && (p.Type != "url" || theirs.file().same(ours.file())) {
		o.here++
	}
}

// locations decides what is to become of each place. Those that are to be
// registered are Registered already: what answers to that may change it.
func (s *survey) locations() []*Location {
	all := []*Location{}
	for p, o := range s.origins {
		if !o.wanted {
			continue
		}
		l := &Location{place: p, Shown: p.shown(), Listed: o.listed, Entities: o.entities}
		ref := p.locationRef()
		switch {
		case s.have[ref]:
			l.Result = Present
		case o.entities > 0 && o.here == o.entities:
			l.Result = NotNeeded
		case p.Type == "file":
			l.Result, l.Do = Unsupported, "Files are read by configuration only: add them to catalog.locations in callboard.yaml, or put them into a repository that a source follows."
		case p.Type != "url":
			l.Result, l.Do = Unsupported, "Callboard has no "+p.Type+" locations: keep descriptors of these entities in a repository that a source follows, or at an address."
		case !o.listed && !s.stands[ref]:
			l.Result, l.Do = Unsupported, "No location leads to these entities: an entity provider of Backstage made them. Keep descriptors of them in a repository that a source follows, or at an address."
		default:
			l.Result = Registered
		}
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *Location) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Target, b.Target))
	})
	return all
}
