package ingest

import (
	"context"
	"slices"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
)

// Preview is what registering a location would bring in.
type Preview struct {
	EntityRef string                 // of the entity that would stand for it
	Exists    bool                   // it is there already
	Declared  []event.Declaration    // a Location before what it leads to, no uid or etag
	Rejected  []event.EntityRejected // descriptors that could not be used
	Failures  []Failure              // why Locations were refused
}

// Preview reads what a location leads to as if there were nothing else. Nothing
// is recorded.
func (l *Locations) Preview(ctx context.Context, typ, target string) (Preview, error) {
	all, err := l.all(ctx)
	if err != nil {
		return Preview{}, err
	}
	loc := event.LocationRegistered{Type: typ, Target: target, EntityRef: LocationEntityRef(typ, target)}
	v := Preview{EntityRef: loc.EntityRef, Exists: slices.ContainsFunc(all, sameTarget{typ, target}.is)}
	err = l.crawl(loc, newKnown(nil, nil, nil)).preview(ctx, &v)
	return v, err
}

// PreviewFile reads what a location of type file leads to on this machine, and
// nothing of what is at a URL.
func PreviewFile(ctx context.Context, kinds catalog.Kinds, rules Rules, target string) (Preview, error) {
	loc := event.LocationRegistered{Type: "file", Target: target, EntityRef: LocationEntityRef("file", target)}
	visit := newFetcher(nil, nil, nil).visit()
	visit.offline = true
	v := Preview{EntityRef: loc.EntityRef}
	c := &crawl{visit: visit, root: loc, rules: rules, kinds: kinds, known: newKnown(nil, nil, nil)}
	err := c.preview(ctx, &v)
	return v, err
}

// preview adds what is there.
func (c *crawl) preview(ctx context.Context, v *Preview) error {
	if err := c.walk(ctx); err != nil {
		return err
	}
	p := planner{known: c.known, reading: c.reading, want: map[place]Rejection{}, byPath: map[string]*file{}}
	p.claims()
	for i := range p.files {
		f := &p.files[i]
		if f.unusable() {
			v.Rejected = append(v.Rejected, p.rejection(f, nil, "", f.parsed.Problems))
			continue
		}
		for d := range f.parsed.Documents {
			doc := &f.parsed.Documents[d]
			if doc.Entity == nil {
				v.Rejected = append(v.Rejected, p.rejection(f, doc, doc.Ref.String(), doc.Problems))
				continue
			}
			declared := p.declaration(claim{f, doc})
			declared.Entity.Metadata.ETag = ""
			v.Declared = append(v.Declared, declared)
		}
	}
	v.Failures = c.faults
	return nil
}
