package entities

import (
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callboard/callboard/eventlog"
)

// shards is how many parts a snapshot is cut into. A change copies the parts
// that it touches and shares the rest with the snapshot before.
const shards = 256

// Snapshot is the catalog at one position. It never changes.
type Snapshot struct {
	position   eventlog.Position
	recorded   time.Time
	seed       maphash.Seed
	parts      [shards]map[string]*Entry
	length     int
	rejections []*Rejection
	locations  []*Location // in the order of their registration; one that moved is last

	sorted func() []*Entry // by ref; made when first asked for
}

func newSnapshot() *Snapshot {
	s := &Snapshot{seed: maphash.MakeSeed()}
	s.sorted = sync.OnceValue(s.sort)
	return s
}

// with returns the snapshot after the entities in stale were made anew.
func (s *Snapshot) with(c *Catalog, stale map[string]bool) *Snapshot {
	next := &Snapshot{seed: s.seed, parts: s.parts, length: s.length, rejections: s.rejections}
	next.sorted = sync.OnceValue(next.sort)
	if len(stale) == 0 {
		next.sorted = s.sorted
	}
	var copied [shards]bool
	// In order, so that entries that are read one after the other lie side by side.
	for _, ref := range slices.Sorted(maps.Keys(stale)) {
		i := s.shard(ref)
		before, after := next.parts[i][ref], c.entry(ref)
		if before == nil && after == nil {
			continue // the other end of a relation, not in the catalog
		}
		if !copied[i] {
			next.parts[i], copied[i] = maps.Clone(next.parts[i]), true
			if next.parts[i] == nil {
				next.parts[i] = map[string]*Entry{}
			}
		}
		if after == nil {
			delete(next.parts[i], ref)
			next.length--
			continue
		}
		if before == nil {
			next.length++
		}
		next.parts[i][ref] = after
	}
	return next
}

func (s *Snapshot) shard(ref string) int { return int(maphash.String(s.seed, ref) % shards) }

func (s *Snapshot) sort() []*Entry {
	all := make([]*Entry, 0, s.length)
	for _, part := range s.parts {
		all = slices.AppendSeq(all, maps.Values(part))
	}
	slices.SortFunc(all, func(a, b *Entry) int { return strings.Compare(a.Ref, b.Ref) })
	return all
}

// Position is the last event that the snapshot has seen.
func (s *Snapshot) Position() eventlog.Position { return s.position }

// Recorded is when that event was recorded; the zero time for an empty log.
func (s *Snapshot) Recorded() time.Time { return s.recorded }

// Len is the number of entities.
func (s *Snapshot) Len() int { return s.length }

// Get returns the entity with a full lower-case ref.
func (s *Snapshot) Get(ref string) (*Entry, bool) {
	e, ok := s.parts[s.shard(ref)][ref]
	return e, ok
}

// All returns every entity, by ref. The slice is shared: leave it as it is.
func (s *Snapshot) All() []*Entry { return s.sorted() }

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
