package ingest

import (
	"context"
	"slices"
	"sync"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/techdocs"
)

// foreseen is what would be known once what a prediction says so far was true.
type foreseen struct {
	Known
	said *unsaid
}

// Repository implements [Known].
func (f foreseen) Repository(ctx context.Context, after eventlog.Position, source, repositoryID string) ([]event.Declaration, []Rejection, error) {
	declared, rejected, err := f.Known.Repository(ctx, after, source, repositoryID)
	if err != nil {
		return nil, nil, err
	}
	f.said.mu.Lock()
	defer f.said.mu.Unlock()
	for _, e := range f.said.events {
		var now *event.Declaration
		ref := e.Subject
		data, err := e.Decode()
		if err != nil {
			return nil, nil, err
		}
		switch d := data.(type) {
		case event.EntityRegistered:
			now = &d.Declaration
		case event.EntityChanged:
			now = &d.Declaration
		case event.EntityRemoved:
			ref = d.Ref
		default:
			continue
		}
		declared = slices.DeleteFunc(slices.Clone(declared), func(d event.Declaration) bool { return d.Entity.Ref().String() == ref })
		if now != nil && now.Origin.Source == source && now.Origin.RepositoryID == repositoryID {
			declared = append(declared, *now)
		}
	}
	return declared, rejected, nil
}

// drafts are contents of documentation that is not kept: what a prediction reads it
// forgets. It reads what pages are made of, and nothing else, such as images.
type drafts struct {
	DocsContents

	mu  sync.Mutex
	all map[string][]byte
}

// Blob implements [DocsContents].
func (d *drafts) Blob(ctx context.Context, id string) ([]byte, error) {
	d.mu.Lock()
	content, ok := d.all[id]
	d.mu.Unlock()
	if ok {
		return content, nil
	}
	return d.DocsContents.Blob(ctx, id)
}

// Has implements [DocsContents]: nothing is to be kept.
func (d *drafts) Has(context.Context, string) (bool, error) { return true, nil }

// Put implements [DocsContents]. A content may be empty for now, see [Proposal].
func (d *drafts) Put(_ context.Context, id string, content []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all[id] = content
	return nil
}

// Pages implements [DocsContents].
func (d *drafts) Pages() techdocs.Cache { return rendered{d.DocsContents.Pages()} }

// rendered are pages that were rendered before; none is added.
type rendered struct{ techdocs.Cache }

// Get implements [techdocs.Cache].
func (r rendered) Get(key string) (*techdocs.Content, bool) {
	if r.Cache == nil {
		return nil, false
	}
	return r.Cache.Get(key)
}

// Put implements [techdocs.Cache].
func (rendered) Put(string, *techdocs.Content) {}
