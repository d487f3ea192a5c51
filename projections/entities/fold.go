package entities

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// batch collects what the records of one Apply change.
type batch struct {
	catalog    *Catalog
	dirty      map[string]*pending // by ref
	rejections bool                // some came or went
	locations  []*Location
}

// pending is the newest state of an entity within a batch.
type pending struct {
	removed    bool
	data       []byte // of the declaring event, not decoded yet; nil when only a rejection changed
	declared   *declared
	since      Since
	registered time.Time // zero = keep the one before
}

// decode reads the declaration once.
func (p *pending) decode() error {
	if p.declared != nil {
		return nil
	}
	var d struct {
		Entity map[string]any `json:"entity"` // as a map the JSON is gone through once
		Origin event.Origin   `json:"origin"`
	}
	err := json.Unmarshal(p.data, &d)
	if err == nil && d.Entity == nil {
		err = errors.New("it has no entity")
	}
	var e *catalog.Entity
	if err == nil {
		e, err = catalog.Read(d.Entity)
	}
	if err != nil {
		return fmt.Errorf("decode the declaration at position %d: %w", p.since.Position, err)
	}
	p.declared = &declared{
		entity: e, sought: newSought(e, d.Origin.Source), edges: edgesOf(e),
		origin: d.Origin, since: p.since, registered: p.registered,
	}
	return nil
}

func (b *batch) fold(rec eventlog.Record) error {
	since := Since{Position: rec.Position, Time: rec.Time, Recorded: rec.Recorded, Actor: rec.Actor, Cause: rec.Cause}
	switch rec.Type {
	case event.TypeEntityRegistered, event.TypeEntityChanged:
		p := &pending{data: rec.Data, since: since}
		if rec.Type == event.TypeEntityRegistered {
			p.registered = rec.Time
		} else if before := b.dirty[rec.Subject]; before != nil {
			p.registered = before.registered
		}
		if len(b.catalog.rejections) > 0 {
			if err := b.mended(rec.Subject, p); err != nil {
				return err
			}
		}
		b.dirty[rec.Subject] = p
	case event.TypeEntityRemoved:
		d, err := event.DecodeAs[event.EntityRemoved](rec.Event)
		if err != nil {
			return err
		}
		b.clearRejection(d.Origin, d.Ref)
		// The end of a second, refused declaration elsewhere removes nothing.
		at, ok, err := b.origin(d.Ref)
		if err != nil {
			return err
		}
		if ok && repositoryOf(at) == repositoryOf(d.Origin) && at.Path == d.Origin.Path {
			b.dirty[d.Ref] = &pending{removed: true}
		}
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

// reject notes what cannot be used.
func (b *batch) reject(r *Rejection) {
	in := repositoryOf(r.Origin)
	if b.catalog.rejections[in] == nil {
		b.catalog.rejections[in] = map[rejected]*Rejection{}
	}
	b.catalog.rejections[in][rejected{r.Origin.Path, r.Ref}] = r
	b.rejections = true
	b.touch(r.Ref)
}

// locate notes where a location is, or with nil that it is none any more.
func (b *batch) locate(id string, l *Location) {
	b.locations = slices.DeleteFunc(slices.Clone(b.locations), func(l *Location) bool { return l.ID == id })
	if l != nil {
		b.locations = append(b.locations, l)
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
	if err := p.decode(); err != nil {
		return err
	}
	b.clearRejection(p.declared.origin, ref)
	return nil
}

// origin returns where the entity known under ref is declared.
func (b *batch) origin(ref string) (at event.Origin, ok bool, err error) {
	if p := b.dirty[ref]; p != nil && p.removed {
		return event.Origin{}, false, nil
	} else if p != nil && p.data != nil {
		if err := p.decode(); err != nil {
			return event.Origin{}, false, err
		}
		return p.declared.origin, true, nil
	}
	if d := b.catalog.declared[ref]; d != nil {
		return d.origin, true, nil
	}
	return event.Origin{}, false, nil
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
	if err := b.decodeAll(); err != nil {
		return nil, err
	}
	stale := map[string]bool{} // refs whose Entry must be made anew
	for ref, p := range b.dirty {
		stale[ref] = true
		before := b.catalog.declared[ref]
		switch {
		case p.removed:
			b.catalog.replace(ref, before, nil, stale)
		case p.declared != nil:
			if p.declared.registered.IsZero() && before != nil {
				p.declared.registered = before.registered
			}
			if p.declared.registered.IsZero() {
				p.declared.registered = p.since.Time
			}
			b.catalog.replace(ref, before, p.declared, stale)
		}
	}
	next := b.catalog.Snapshot().with(b.catalog, stale)
	next.locations = b.locations
	return next, nil
}

// decodeAll decodes the declarations on all processors: in a replay that is
// most of the work.
func (b *batch) decodeAll() error {
	var todo []*pending
	for _, p := range b.dirty {
		if p.data != nil {
			todo = append(todo, p)
		}
	}
	var g errgroup.Group
	workers := min(runtime.GOMAXPROCS(0), 1+len(todo)/64) // a goroutine is not worth it for a few
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(todo); i += workers {
				if err := todo[i].decode(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}
