// Package entities is the current catalog in memory: every declared entity, its
// relations in both directions, the descriptors that cannot be used, and the
// locations that descriptors are read from.
//
// [Catalog] folds the log and publishes an immutable [Snapshot] after each
// batch; readers take one with [Catalog.Snapshot] and see one position, however
// long they look. Entities are kept as the JSON that is answered with, under the
// indexes of the package index. The state lives in memory; [Catalog.Save] writes
// it to a file, so that a start has only the log's tail to fold.
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

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// Name is the projection's name.
const Name = "entities"

// Catalog is the projection. Apply has one caller at a time; everything else
// may be called by many.
type Catalog struct {
	snapshot atomic.Pointer[Snapshot]
	kinds    catalog.Kinds
	owned    map[string]bool // kinds, in lower case, whose entities have an owner
	notes    notes

	mu         sync.Mutex // guards what follows, from which Apply makes snapshots
	relations  *relations
	rejections map[rejected]*Rejection // of descriptors that cannot be used now
	conflicts  map[string]int          // how many of these want what another place keeps, by ref
}

// rejected is a descriptor in a repository, which keeps its key through renames.
type rejected struct{ repository, path, ref string } // ref "" = the file as a whole

func rejectedKey(o event.Origin, ref string) rejected {
	return rejected{repositoryKey(o.Source, o.RepositoryID), o.Path, ref}
}

// New returns an empty catalog of the built-in kinds.
func New() *Catalog { return NewOf(catalog.BuiltIn()) }

// NewOf returns an empty catalog; from kinds the relations of entities follow.
func NewOf(kinds catalog.Kinds) *Catalog {
	c := &Catalog{
		kinds: kinds, owned: map[string]bool{}, notes: newNotes(),
		relations: newRelations(), rejections: map[rejected]*Rejection{}, conflicts: map[string]int{},
	}
	for _, k := range kinds {
		c.owned[strings.ToLower(k.Name)] = slices.ContainsFunc(k.Spec, func(f catalog.Field) bool { return f.Name == "owner" })
	}
	c.snapshot.Store(newSnapshot(c.notes))
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
// of one entity in a batch only the last is indexed, which is what makes a
// replay fast.
func (c *Catalog) Apply(_ context.Context, records []eventlog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.Snapshot()
	b := batch{Catalog: c, before: before, dirty: map[string]*pending{}, locations: before.locations}
	position := before.position
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
	if n := len(records); n > 0 {
		next.recorded, next.event = records[n-1].Recorded, records[n-1].ID
	}
	c.snapshot.Store(next)
	return nil
}

// ownerOf returns the first owner of an entity, or NoOwner if it has none although
// its kind has owners.
func (c *Catalog) ownerOf(ref string) string {
	return ownerOr(c.owned, ref, c.relations.first(ref, ownedBy))
}

// ownerOr returns the first owner if there is one.
func ownerOr(owned map[string]bool, ref, first string) string {
	if kind, _, _ := strings.Cut(ref, ":"); first == "" && owned[kind] {
		return NoOwner
	}
	return first
}

// Batch is how many records, with how many bytes of data, one Apply should get:
// the relations of an entity are written once for each.
func (c *Catalog) Batch() (records, bytes int) { return 100_000, 256 << 20 }

// refuse notes a descriptor that cannot be used, in place of what was noted of it.
func (c *Catalog) refuse(r *Rejection) {
	key := rejectedKey(r.Origin, r.Ref)
	c.take(key)
	c.rejections[key] = r
	if r.With != nil {
		c.conflicts[r.Ref]++
	}
}

// take forgets what was noted of a descriptor.
func (c *Catalog) take(key rejected) {
	if r := c.rejections[key]; r != nil && r.With != nil {
		if c.conflicts[r.Ref]--; c.conflicts[r.Ref] == 0 {
			delete(c.conflicts, r.Ref)
		}
	}
	delete(c.rejections, key)
}

// sortedRejections lists them newest first.
func (c *Catalog) sortedRejections() []*Rejection {
	return slices.SortedFunc(maps.Values(c.rejections), func(a, b *Rejection) int { return cmp.Compare(b.Position, a.Position) })
}

// Repository is [Snapshot.Repository] of the present one.
func (c *Catalog) Repository(source, id string) ([]*Entry, []*Rejection) {
	return c.Snapshot().Repository(source, id)
}
