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
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

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
	edges      []catalog.Edge
	origin     event.Origin
	since      Since
	registered time.Time
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
	b := batch{catalog: c, dirty: map[string]*pending{}}
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

// batch collects what the records of one Apply change.
type batch struct {
	catalog    *Catalog
	dirty      map[string]*pending // by ref
	rejections bool                // some came or went
}

// pending is the newest state of an entity within a batch, not decoded yet.
type pending struct {
	raw        json.RawMessage // of the entity; nil when it is removed or only its rejection changed
	removed    bool
	origin     event.Origin
	since      Since
	registered time.Time // zero = keep the one before
}

func (b *batch) fold(rec eventlog.Record) error {
	since := Since{Position: rec.Position, Time: rec.Time, Recorded: rec.Recorded, Actor: rec.Actor, Cause: rec.Cause}
	switch rec.Type {
	case event.TypeEntityRegistered, event.TypeEntityChanged:
		var d struct {
			Entity json.RawMessage `json:"entity"`
			Origin event.Origin    `json:"origin"`
		}
		if err := json.Unmarshal(rec.Data, &d); err != nil {
			return fmt.Errorf("decode %s: %w", rec.Type, err)
		}
		p := &pending{raw: d.Entity, origin: d.Origin, since: since}
		if rec.Type == event.TypeEntityRegistered {
			p.registered = rec.Time
		} else if before := b.dirty[rec.Subject]; before != nil {
			p.registered = before.registered
		}
		if before, ok := b.origin(rec.Subject); ok { // it may have moved away from a broken file
			b.clearRejection(before, rec.Subject)
		}
		b.clearRejection(d.Origin, rec.Subject)
		b.dirty[rec.Subject] = p
	case event.TypeEntityRemoved:
		d, err := event.DecodeAs[event.EntityRemoved](rec.Event)
		if err != nil {
			return err
		}
		b.clearRejection(d.Origin, d.Ref)
		// The end of a second, refused declaration elsewhere removes nothing.
		if at, ok := b.origin(d.Ref); ok && repositoryOf(at) == repositoryOf(d.Origin) && at.Path == d.Origin.Path {
			b.dirty[d.Ref] = &pending{removed: true}
		}
	case event.TypeEntityRejected:
		d, err := event.DecodeAs[event.EntityRejected](rec.Event)
		if err != nil {
			return err
		}
		in := repositoryOf(d.Origin)
		if b.catalog.rejections[in] == nil {
			b.catalog.rejections[in] = map[rejected]*Rejection{}
		}
		b.catalog.rejections[in][rejected{d.Origin.Path, d.Ref}] = &Rejection{Since: since, EntityRejected: d}
		b.rejections = true
		b.touch(d.Ref)
	}
	return nil
}

// origin returns where the entity known under ref is declared.
func (b *batch) origin(ref string) (event.Origin, bool) {
	if p := b.dirty[ref]; p != nil {
		if p.removed {
			return event.Origin{}, false
		}
		if p.raw != nil {
			return p.origin, true
		}
	}
	if d := b.catalog.declared[ref]; d != nil {
		return d.origin, true
	}
	return event.Origin{}, false
}

// clearRejection forgets what was wrong with ref in a file, and with the file as a whole.
func (b *batch) clearRejection(o event.Origin, ref string) {
	in := b.catalog.rejections[repositoryOf(o)]
	if len(in) == 0 {
		return
	}
	b.rejections = true
	delete(in, rejected{o.Path, ref})
	delete(in, rejected{o.Path, ""})
	if len(in) == 0 {
		delete(b.catalog.rejections, repositoryOf(o))
	}
	b.touch(ref)
}

// touch marks an entity whose rejection changed.
func (b *batch) touch(ref string) {
	if ref != "" && b.dirty[ref] == nil {
		b.dirty[ref] = &pending{}
	}
}

// publish decodes what is dirty and returns the next snapshot.
func (b *batch) publish() (*Snapshot, error) {
	stale := map[string]bool{} // refs whose Entry must be made anew
	for ref, p := range b.dirty {
		stale[ref] = true
		if p.raw == nil && !p.removed {
			continue
		}
		before := b.catalog.declared[ref]
		var after *declared
		if !p.removed {
			after = &declared{entity: new(catalog.Entity), origin: p.origin, since: p.since, registered: p.registered}
			if err := json.Unmarshal(p.raw, after.entity); err != nil {
				return nil, fmt.Errorf("decode entity %s at position %d: %w", ref, p.since.Position, err)
			}
			after.edges = catalog.Edges(after.entity)
			if after.registered.IsZero() && before != nil {
				after.registered = before.registered
			}
			if after.registered.IsZero() {
				after.registered = p.since.Time
			}
		}
		b.catalog.replace(ref, before, after, stale)
	}
	return b.catalog.Snapshot().with(b.catalog, stale), nil
}

// replace puts after in the place of before and marks the entities whose
// relations that changes.
func (c *Catalog) replace(ref string, before, after *declared, stale map[string]bool) {
	if before != nil {
		for _, e := range before.edges {
			from, r := e.From.String(), catalog.Relation{Type: e.Type, TargetRef: e.To.String()}
			if c.relations[from][r]--; c.relations[from][r] == 0 {
				delete(c.relations[from], r)
			}
			if len(c.relations[from]) == 0 {
				delete(c.relations, from)
			}
			stale[from] = true
		}
		in := repositoryOf(before.origin)
		delete(c.declaredIn[in], ref)
		if len(c.declaredIn[in]) == 0 {
			delete(c.declaredIn, in)
		}
	}
	if after == nil {
		delete(c.declared, ref)
		return
	}
	for _, e := range after.edges {
		from := e.From.String()
		if c.relations[from] == nil {
			c.relations[from] = map[catalog.Relation]int{}
		}
		c.relations[from][catalog.Relation{Type: e.Type, TargetRef: e.To.String()}]++
		stale[from] = true
	}
	in := repositoryOf(after.origin)
	if c.declaredIn[in] == nil {
		c.declaredIn[in] = map[string]bool{}
	}
	c.declaredIn[in][ref] = true
	c.declared[ref] = after
}

// entry builds what readers see of one entity, or nil if there is none.
func (c *Catalog) entry(ref string) *Entry {
	d := c.declared[ref]
	if d == nil {
		return nil
	}
	return &Entry{
		Ref: ref, Entity: d.entity, Origin: d.origin, Since: d.since, Registered: d.registered,
		Relations: slices.SortedFunc(maps.Keys(c.relations[ref]), compareRelations),
		Rejection: c.rejections[repositoryOf(d.origin)][rejected{d.origin.Path, ref}],
	}
}

func (c *Catalog) sortedRejections() []*Rejection {
	var all []*Rejection
	for _, in := range c.rejections {
		all = slices.AppendSeq(all, maps.Values(in))
	}
	slices.SortFunc(all, func(a, b *Rejection) int { return cmp.Compare(b.Position, a.Position) })
	return all
}

// Repository returns what is known of one repository: its entities, by ref, and
// its descriptors that cannot be used.
func (c *Catalog) Repository(source, id string) ([]*Entry, []*Rejection) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	in := repository{source, id}
	var es []*Entry
	for _, ref := range slices.Sorted(maps.Keys(c.declaredIn[in])) {
		es = append(es, c.entry(ref))
	}
	return es, slices.SortedFunc(maps.Values(c.rejections[in]), func(a, b *Rejection) int { return cmp.Compare(a.Position, b.Position) })
}

func compareRelations(a, b catalog.Relation) int {
	return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.TargetRef, b.TargetRef))
}

var _ projections.Projection = (*Catalog)(nil)
