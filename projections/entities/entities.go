// Package entities is the current catalog in memory: every declared entity, its
// relations in both directions, and the descriptors that cannot be used.
//
// [Catalog] folds the log and publishes an immutable [Snapshot] after each
// batch; readers take one with [Catalog.Snapshot] and see one position, however
// long they look. The state lives in memory only and is folded from the log at
// start-up.
package entities

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
)

// Name is the projection's name.
const Name = "entities"

// Catalog is the projection. Apply has one caller at a time; everything else
// may be called by many.
type Catalog struct {
	snapshot atomic.Pointer[Snapshot]

	mu         sync.RWMutex                           // guards what follows, from which Apply makes snapshots
	declared   map[string]*declared                   // by ref
	relations  map[string]map[catalog.Relation]int    // by ref; how many entities declare each
	declaredIn map[repository]map[string]bool         // refs
	rejections map[repository]map[rejected]*Rejection // of descriptors that cannot be used now
}

// declared is an entity as the log last declared it.
type declared struct {
	entity     *catalog.Entity
	sought     sought // but for the owner
	edges      []edge // sorted, each once
	origin     event.Origin
	since      Since
	registered time.Time
}

// edge is one relation of the entity that it starts from.
type edge struct {
	from string // ref
	catalog.Relation
}

func edgesOf(e *catalog.Entity) []edge {
	declared := catalog.Edges(e)
	all := make([]edge, len(declared))
	ref := e.Ref()
	self := ref.String()
	last, lastRef := self, ref // an edge is followed by the one back
	text := func(r catalog.Ref) string {
		if r == ref {
			return self
		}
		if r != lastRef {
			last, lastRef = r.String(), r
		}
		return last
	}
	for i, d := range declared {
		all[i] = edge{text(d.From), catalog.Relation{Type: d.Type, TargetRef: text(d.To)}}
	}
	slices.SortFunc(all, compareEdges)
	return slices.Compact(all)
}

func compareEdges(a, b edge) int {
	return cmp.Or(strings.Compare(a.from, b.from), compareRelations(a.Relation, b.Relation))
}

// repository and rejected are keys: a repository keeps its id through renames.
type (
	repository struct{ source, id string }
	rejected   struct{ path, ref string } // ref "" = the file as a whole
)

func repositoryOf(o event.Origin) repository { return repository{o.Source, o.RepositoryID} }

// New returns an empty catalog.
func New() *Catalog {
	c := &Catalog{
		declared:   map[string]*declared{},
		relations:  map[string]map[catalog.Relation]int{},
		declaredIn: map[repository]map[string]bool{},
		rejections: map[repository]map[rejected]*Rejection{},
	}
	c.snapshot.Store(newSnapshot())
	return c
}

// Name returns [Name].
func (c *Catalog) Name() string { return Name }

// Position returns the position of the present snapshot.
func (c *Catalog) Position(context.Context) (eventlog.Position, error) {
	return c.Snapshot().position, nil
}

// Snapshot returns the catalog as of the last batch that was applied.
func (c *Catalog) Snapshot() *Snapshot { return c.snapshot.Load() }

// Apply folds records and publishes one new snapshot. Of several declarations
// of one entity in a batch only the last is decoded in full, which is what makes
// a replay fast.
func (c *Catalog) Apply(_ context.Context, records []eventlog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := batch{catalog: c, dirty: map[string]*pending{}, locations: c.Snapshot().locations}
	position := c.Snapshot().position
	for _, rec := range records {
		if rec.Position <= position {
			continue
		}
		if err := b.fold(rec); err != nil {
			return fmt.Errorf("fold position %d: %w", rec.Position, err)
		}
		position = rec.Position
	}
	next, err := b.publish()
	if err != nil {
		return err
	}
	next.position = position
	if b.rejections {
		next.rejections = c.sortedRejections()
	}
	if n := len(records); n > 0 {
		next.recorded = records[n-1].Recorded
	}
	c.snapshot.Store(next)
	return nil
}

// replace puts after in the place of before and marks the entities whose
// relations that changes. Either may be nil.
func (c *Catalog) replace(ref string, before, after *declared, stale map[string]bool) {
	var had, has []edge
	if before != nil {
		had = before.edges
		in := repositoryOf(before.origin)
		delete(c.declaredIn[in], ref)
		if len(c.declaredIn[in]) == 0 {
			delete(c.declaredIn, in)
		}
		delete(c.declared, ref)
	}
	if after != nil {
		has = after.edges
		in := repositoryOf(after.origin)
		if c.declaredIn[in] == nil {
			c.declaredIn[in] = map[string]bool{}
		}
		c.declaredIn[in][ref] = true
		c.declared[ref] = after
	}
	// An edge that stays costs nothing: a team may have thousands.
	for len(had) > 0 || len(has) > 0 {
		switch {
		case len(has) == 0 || len(had) > 0 && compareEdges(had[0], has[0]) < 0:
			c.count(had[0], -1, stale)
			had = had[1:]
		case len(had) == 0 || compareEdges(had[0], has[0]) > 0:
			c.count(has[0], +1, stale)
			has = has[1:]
		default:
			had, has = had[1:], has[1:]
		}
	}
}

// count notes that one entity more or less declares an edge.
func (c *Catalog) count(e edge, by int, stale map[string]bool) {
	if c.relations[e.from] == nil {
		c.relations[e.from] = map[catalog.Relation]int{}
	}
	if c.relations[e.from][e.Relation] += by; c.relations[e.from][e.Relation] == 0 {
		delete(c.relations[e.from], e.Relation)
	}
	if len(c.relations[e.from]) == 0 {
		delete(c.relations, e.from)
	}
	stale[e.from] = true
}

// entry builds what readers see of one entity, or nil if there is none.
func (c *Catalog) entry(ref string) *Entry {
	d := c.declared[ref]
	if d == nil {
		return nil
	}
	e := &Entry{
		sought: d.sought, Ref: ref, Entity: d.entity, Origin: d.origin, Since: d.since, Registered: d.registered,
		Relations: slices.SortedFunc(maps.Keys(c.relations[ref]), compareRelations),
		Rejection: c.rejections[repositoryOf(d.origin)][rejected{d.origin.Path, ref}],
	}
	if i := slices.IndexFunc(e.Relations, func(r catalog.Relation) bool { return r.Type == "ownedBy" }); i >= 0 {
		e.owner = unique.Make(e.Relations[i].TargetRef).Value()
		e.ownerOrNone = e.owner
	} else if wantsOwner(d.entity) {
		e.ownerOrNone = NoOwner
	}
	return e
}

func (c *Catalog) sortedRejections() []*Rejection {
	var all []*Rejection
	for _, in := range c.rejections {
		all = slices.AppendSeq(all, maps.Values(in))
	}
	slices.SortFunc(all, func(a, b *Rejection) int { return cmp.Compare(b.Position, a.Position) })
	return all
}

// Repository returns what is known of one repository: its entities, and its
// descriptors that cannot be used, each in the order of their events.
func (c *Catalog) Repository(source, id string) ([]*Entry, []*Rejection) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	in := repository{source, id}
	var es []*Entry
	for ref := range c.declaredIn[in] {
		es = append(es, c.entry(ref))
	}
	slices.SortFunc(es, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(a.Since.Position, b.Since.Position), strings.Compare(a.Ref, b.Ref))
	})
	return es, slices.SortedFunc(maps.Values(c.rejections[in]), func(a, b *Rejection) int { return cmp.Compare(a.Position, b.Position) })
}

func compareRelations(a, b catalog.Relation) int {
	return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.TargetRef, b.TargetRef))
}

var _ projections.Projection = (*Catalog)(nil)
