package entities

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unique"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities/index"
)

// batch collects what the records of one Apply change.
type batch struct {
	*Catalog
	before     *Snapshot
	dirty      map[string]*pending // by ref
	rejections bool                // some came or went
	locations  []*Location
}

// pending is the newest state of an entity within a batch.
type pending struct {
	removed bool
	again   bool // it was removed before it was declared: it is a new one
	record  eventlog.Record
	first   eventlog.Record // the first that declared it within the batch, since it was removed

	decoded bool
	own     string // the entity's JSON without its last brace; "" when only a rejection changed
	origin  event.Origin
	edges   []edge
	note    string
}

func (p *pending) declares() bool { return p.record.Data != nil }

// decode reads the declaration, once.
func (p *pending) decode(b *batch) error {
	if p.decoded {
		return nil
	}
	rec := p.record
	d, err := event.DecodeWritten(rec.Event)
	if err != nil {
		return fmt.Errorf("decode the declaration at position %d: %w", rec.Position, err)
	}
	p.note, err = b.notes.pack(note{Origin: d.Origin, Recorded: rec.Recorded, Actor: rec.Actor, Cause: rec.Cause})
	if err != nil {
		return fmt.Errorf("note the declaration at position %d: %w", rec.Position, err)
	}
	p.own = strings.TrimRight(strings.TrimSuffix(d.Entity, "}"), " \t\r\n")
	p.origin = d.Origin
	p.edges = edgesOf(b.kinds, sketch(p.own))
	p.decoded = true
	return nil
}

func (b *batch) fold(rec eventlog.Record) error {
	if rec.Backfilled() {
		return nil // the catalog is the present
	}
	return b.foldAny(rec)
}

// foldAny folds a record, also one that was found in the past.
func (b *batch) foldAny(rec eventlog.Record) error {
	since := Since{Position: rec.Position, Time: rec.Time, Recorded: rec.Recorded, Actor: rec.Actor, Cause: rec.Cause}
	switch rec.Type {
	case event.TypeEntityRegistered, event.TypeEntityChanged:
		return b.declare(rec)
	case event.TypeEntityRemoved:
		d, err := event.DecodeAs[event.EntityRemoved](rec.Event)
		if err != nil {
			return err
		}
		return b.remove(d)
	case event.TypeEntityRejected:
		d, err := event.DecodeAs[event.EntityRejected](rec.Event)
		if err != nil {
			return err
		}
		b.reject(&Rejection{Since: since, EntityRejected: d})
	case event.TypeEntityConflicted:
		d, err := event.DecodeAs[event.EntityConflicted](rec.Event)
		if err != nil {
			return err
		}
		b.reject(&Rejection{Since: since, EntityRejected: d.EntityRejected, With: &d.With})
	case event.TypeLocationRegistered:
		d, err := event.DecodeAs[event.LocationRegistered](rec.Event)
		if err != nil {
			return err
		}
		b.locate(d.ID, &Location{Since: since, LocationRegistered: d})
	case event.TypeLocationRemoved:
		d, err := event.DecodeAs[event.LocationRemoved](rec.Event)
		if err != nil {
			return err
		}
		b.locate(d.ID, nil)
	default: // says nothing of entities
	}
	return nil
}

func (b *batch) declare(rec eventlog.Record) error {
	p := &pending{record: rec, first: rec}
	if before := b.dirty[rec.Subject]; before != nil {
		p.again = before.again || before.removed
		if before.declares() {
			p.first = before.first
		}
	}
	if len(b.Catalog.rejections) > 0 {
		if err := b.mended(rec.Subject, p); err != nil {
			return err
		}
	}
	b.dirty[rec.Subject] = p
	return nil
}

// remove ends a declaration, or only what was wrong with one: the end of a
// second, refused declaration elsewhere removes nothing.
func (b *batch) remove(d event.EntityRemoved) error {
	b.clearRejection(d.Origin, d.Ref)
	at, ok, err := b.origin(d.Ref)
	if err != nil {
		return err
	}
	if ok && rejectedKey(at, "") == rejectedKey(d.Origin, "") {
		b.dirty[d.Ref] = &pending{removed: true}
	}
	return nil
}

// reject notes what cannot be used.
func (b *batch) reject(r *Rejection) {
	b.Catalog.refuse(r)
	b.rejections = true
	b.touch(r.Ref)
}

// locate notes where a location is, or with nil that it is none any more.
func (b *batch) locate(id string, l *Location) {
	b.locations = slices.Clone(b.locations)
	i := slices.IndexFunc(b.locations, func(l *Location) bool { return l.ID == id })
	switch {
	case i < 0 && l != nil:
		b.locations = append(b.locations, l)
	case i >= 0 && l != nil:
		b.locations[i] = l
	case i >= 0:
		b.locations = slices.Delete(b.locations, i, i+1)
	}
}

// mended forgets what was wrong with an entity that is declared anew: where it
// is now, and where it was before if it moved.
func (b *batch) mended(ref string, p *pending) error {
	before, ok, err := b.origin(ref)
	if err != nil {
		return err
	}
	if ok {
		b.clearRejection(before, ref)
	}
	if err := p.decode(b); err != nil {
		return err
	}
	b.clearRejection(p.origin, ref)
	if b.conflicts[ref] > 0 && (!ok || rejectedKey(before, "") != rejectedKey(p.origin, "") || before.Repository != p.origin.Repository) {
		b.yield(ref, p.origin)
	}
	return nil
}

// yield has those that want an entity too know where it is kept now.
func (b *batch) yield(ref string, keeper event.Origin) {
	for _, r := range b.Catalog.sortedRejections() {
		if r.Ref == ref && r.With != nil {
			now := *r // snapshots have the other
			now.With = &keeper
			b.reject(&now)
		}
	}
}

// origin returns where the entity known under ref is declared.
func (b *batch) origin(ref string) (at event.Origin, ok bool, err error) {
	switch p := b.dirty[ref]; {
	case p != nil && p.removed:
		return event.Origin{}, false, nil
	case p != nil && p.declares():
		err := p.decode(b)
		return p.origin, err == nil, err
	}
	e, ok := b.before.Get(ref)
	if !ok {
		return event.Origin{}, false, nil
	}
	return e.Origin, true, nil
}

// clearRejection forgets what was wrong with ref in a file, and with the file as a whole.
func (b *batch) clearRejection(o event.Origin, ref string) {
	for _, key := range []rejected{rejectedKey(o, ref), rejectedKey(o, "")} {
		if _, ok := b.Catalog.rejections[key]; ok {
			b.Catalog.take(key)
			b.rejections = true
			b.touch(ref)
		}
	}
}

// touch marks an entity whose rejection changed.
func (b *batch) touch(ref string) {
	if ref != "" && b.dirty[ref] == nil {
		b.dirty[ref] = &pending{}
	}
}

// publish decodes what is dirty and returns the next snapshot.
func (b *batch) publish() (*Snapshot, error) {
	if err := b.decodeAll(); err != nil {
		return nil, err
	}
	next := b.before.next()
	next.locations = b.locations
	if b.rejections {
		next.setRejections(b.sortedRejections())
	}
	stale := map[string]changes{} // by ref of those whose record must be made anew
	for ref, p := range b.dirty {
		if _, ok := stale[ref]; !ok {
			stale[ref] = nil
		}
		if !p.removed && !p.declares() {
			continue
		}
		var had []edge
		if r, ok := b.before.record(ref); ok {
			had = edgesOf(b.kinds, sketch(r.own))
		}
		b.relations.replace(had, p.edges, stale)
	}
	refs := slices.Sorted(maps.Keys(stale))
	records := make([]*record, len(refs))
	inParallel(len(refs), func(i int) { records[i] = b.record(refs[i], next.rejectionOf) })
	ix := b.before.index.Batch()
	for i, ref := range refs {
		if records[i] == nil {
			ix.Delete(ref)
		}
	}
	records = slices.DeleteFunc(records, func(r *record) bool { return r == nil })
	slices.SortFunc(records, func(a, b *record) int { return cmp.Compare(a.id, b.id) })
	for _, r := range records {
		before, known := b.before.record(r.ref)
		if known && before.id == r.id {
			ix.Update(r, func() (had, has []index.Term) { return b.differ(before, r, stale[r.ref]) })
		} else {
			ix.Update(r, func() (had, has []index.Term) { return nil, b.termsOf(r) })
		}
	}
	next.index = ix.Index()
	return next, nil
}

// record makes what is kept of an entity after the batch; nil if it is not in
// the catalog.
func (b *batch) record(ref string, rejection func(*record) *Rejection) *record {
	var r record
	before, known := b.before.record(ref)
	switch p := b.dirty[ref]; {
	case p != nil && p.removed:
		return nil
	case p != nil && p.declares():
		r = record{
			id: uint64(p.first.Position), registered: p.first.Time.UnixNano(),
			ref: b.relations.kept(ref), place: unique.Make(place{p.origin.Source, repositoryKey(p.origin.Source, p.origin.RepositoryID), p.origin.Parent}),
			changed: p.record.Position, since: p.record.Time.UnixNano(), note: p.note,
		}
		if known && !p.again {
			r.id, r.registered = before.id, before.registered
		}
		r.own = p.own
	case known:
		r = *before
	default:
		return nil // the other end of a relation, not in the catalog
	}
	r.rest = encode(func(f func(typ, target string)) { b.relations.each(ref, f) }, rejection(&r))
	r.owner = b.ownerOf(ref)
	return &r
}

// decodeAll decodes the declarations on all processors: in a replay that is
// much of the work.
func (b *batch) decodeAll() error {
	var todo []*pending
	for _, p := range b.dirty {
		if p.declares() {
			todo = append(todo, p)
		}
	}
	errs := make([]error, len(todo))
	inParallel(len(todo), func(i int) { errs[i] = todo[i].decode(b) })
	if len(todo) >= many {
		var pieces index.Pieces
		for _, p := range todo {
			p.own, p.note = pieces.Keep(p.own), pieces.Keep(p.note)
		}
	}
	return errors.Join(errs...)
}

// many are as many entities as are worth keeping together in memory: those of a
// replay, which change one by one later.
const many = 1000
