package entities

import (
	"cmp"
	"slices"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities/index"
)

// Snapshot is the catalog at one position. It never changes.
//
// What [Snapshot.List], [Snapshot.Facets] and the like select by are Backstage's
// search keys: the dotted paths of what an entity says ("spec.type",
// "metadata.tags", "metadata.labels.tier"), and "relations.<type>" with the full
// refs of the targets. A value of more than 200 characters, or null, says only
// that its key is there; a key of more than 200 is not.
type Snapshot struct {
	position   eventlog.Position
	event      string // id of the event there
	recorded   time.Time
	index      *index.Index
	rejections []*Rejection            // newest first
	rejected   map[string][]*Rejection // by ref
	locations  []*Location             // in the order of their registration
	notes      notes
	asOf       *asOf // what the index is made of, of a [Timeline]; else nil
}

func newSnapshot(ns notes) *Snapshot { return &Snapshot{index: index.New(), notes: ns} }

// next returns a snapshot that is to become the one after s.
func (s *Snapshot) next() *Snapshot {
	n := *s
	return &n
}

func (s *Snapshot) setRejections(all []*Rejection) {
	s.rejections, s.rejected = all, make(map[string][]*Rejection, len(all))
	for _, r := range all {
		if r.Ref != "" {
			s.rejected[r.Ref] = append(s.rejected[r.Ref], r)
		}
	}
}

// Position is the last event that the snapshot has seen.
func (s *Snapshot) Position() eventlog.Position { return s.position }

// Recorded is when that event was recorded; the zero time for an empty log.
func (s *Snapshot) Recorded() time.Time { return s.recorded }

// Len is the number of entities.
func (s *Snapshot) Len() int { return s.index.Len() }

// Get returns the entity with a full lower-case ref.
func (s *Snapshot) Get(ref string) (*Entry, bool) {
	r, ok := s.record(ref)
	if !ok {
		return nil, false
	}
	return s.entry(r), true
}

// Brief is what lists show of an entity.
type Brief struct {
	Kind  string
	Title string // or the name
	Type  string // as [Entry.Type]
	Owner string // as [Entry.Owner]
}

// Brief returns what lists show of the entity with a full lower-case ref. It is much cheaper
// than [Snapshot.Get], which decodes the entity with all of its relations.
func (s *Snapshot) Brief(ref string) (Brief, bool) {
	r, ok := s.record(ref)
	if !ok {
		return Brief{}, false
	}
	return r.brief(), true
}

func (s *Snapshot) record(ref string) (*record, bool) {
	d, ok := s.index.Get(ref)
	if !ok {
		return nil, false
	}
	return d.(*record), true
}

func (s *Snapshot) entry(r *record) *Entry { return r.entry(s.notes, s.rejectionOf(r)) }

// rejectionOf returns what is wrong with the newest descriptor of an entity, in
// the file that declares it.
func (s *Snapshot) rejectionOf(r *record) *Rejection {
	of := s.rejected[r.ref]
	if len(of) == 0 {
		return nil
	}
	key := rejectedKey(s.notes.unpack(r.note).Origin, r.ref)
	for _, one := range of {
		if rejectedKey(one.Origin, one.Ref) == key {
			return one
		}
	}
	return nil
}

// JSON returns the entity with a full lower-case ref as Backstage's API shows it.
func (s *Snapshot) JSON(ref string) (Text, bool) {
	r, ok := s.record(ref)
	if !ok {
		return Text{}, false
	}
	return r.Text, true
}

// Pick returns the entities with full refs as Backstage's API shows them, in the
// order of refs; none for one that is not there, or that w does not select.
func (s *Snapshot) Pick(refs []string, w Where) []Text {
	all := make([]Text, len(refs))
	var chosen map[string]bool
	if w != nil {
		chosen = s.Among(refs, w)
	}
	for i, ref := range refs {
		if w == nil || chosen[ref] {
			all[i], _ = s.JSON(ref)
		}
	}
	return all
}

// ByUID returns the full ref of the entity with a uid.
func (s *Snapshot) ByUID(uid string) (string, bool) {
	rows := s.index.List(Listing{Where: Equals{Key: "metadata.uid", Values: []string{uid}}, Limit: 1}).Rows
	if len(rows) == 0 {
		return "", false
	}
	return rows[0].Doc.Ref(), true
}

// List returns a part of a list, and the number of rows of all of it if that is
// asked for. The zero order is that of registration.
func (s *Snapshot) List(l Listing) Rows {
	if l.Order.ByRef && len(l.Order.Fields) == 0 {
		l.Order.RefKey = "kind"
	}
	found := s.index.List(l)
	rows := Rows{make([]Row, len(found.Rows)), found.Total}
	for i, row := range found.Rows {
		r := row.Doc.(*record)
		rows.Rows[i] = Row{r.ref, r.Text, row.Mark}
	}
	return rows
}

// Facets counts, for each key, the entities that w selects by the values of that
// key as they are written, sorted by value, byte for byte.
func (s *Snapshot) Facets(w Where, keys ...string) [][]Count { return s.index.Facets(w, keys...) }

// Count returns how many entities w selects.
func (s *Snapshot) Count(w Where) int { return s.index.Count(w) }

// All returns every entity, by ref. Each is decoded, so this is for small
// catalogs, such as those of tests.
func (s *Snapshot) All() []*Entry { return s.decode(nil) }

func (s *Snapshot) decode(w Where) []*Entry {
	var all []*Entry
	for _, row := range s.index.List(Listing{Where: w, Order: Order{ByRef: true}, Limit: -1}).Rows {
		all = append(all, s.entry(row.Doc.(*record)))
	}
	return all
}

// Repository returns what is known of one repository: its entities, and its
// descriptors that cannot be used, each in the order of their events.
func (s *Snapshot) Repository(source, id string) ([]*Entry, []*Rejection) {
	key := repositoryKey(source, id)
	es := s.decode(Equals{Key: keyRepository, Values: []string{key}})
	slices.SortStableFunc(es, func(a, b *Entry) int { return cmp.Compare(a.Since.Position, b.Since.Position) })
	var rs []*Rejection
	for _, r := range slices.Backward(s.rejections) {
		if repositoryKey(r.Origin.Source, r.Origin.RepositoryID) == key {
			rs = append(rs, r)
		}
	}
	return es, rs
}

// Rejections returns the descriptors that cannot be used now, newest first.
func (s *Snapshot) Rejections() []*Rejection { return s.rejections }

// Conflicts returns the descriptors that declare an entity which is declared
// elsewhere, newest first.
func (s *Snapshot) Conflicts(ref string) []*Rejection {
	var all []*Rejection
	for _, r := range s.rejections {
		if r.With != nil && r.Ref == ref {
			all = append(all, r)
		}
	}
	return all
}

// Locations returns the places that descriptors are read from, configured ones
// among them, in the order in which they came.
func (s *Snapshot) Locations() []*Location { return s.locations }
