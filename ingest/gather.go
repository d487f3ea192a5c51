package ingest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/internal/fault"
)

const (
	maxFiles   = 5000     // descriptors of one repository
	reads      = 8        // at once
	blobMemory = 16 << 20 // bytes of content that a lane remembers
)

// DefaultDescriptors are the files that are read when a source is configured
// with none.
func DefaultDescriptors() []string {
	return []string{"**/catalog-info.yaml", "**/catalog-info.yml"}
}

// gatherer reads the descriptors of a repository at one commit: the files that
// the source's patterns name, and those that Locations among them lead to.
type gatherer struct {
	forge    Contents
	repo     Repository
	patterns []string
	kinds    catalog.Kinds
	known    known
	blobs    *blobs
	dialect  codeowners.Dialect // of the repository's CODEOWNERS; "" leaves that alone
}

func (g *gatherer) gather(ctx context.Context, source, sha string) (reading, error) {
	files, err := g.forge.Tree(ctx, g.repo, sha)
	if err != nil {
		return reading{}, err
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	all := &tree{forge: g.forge, repo: g.repo, files: files, blobs: g.blobs, once: &once{}}
	r := reading{source: source, repo: g.repo, commit: sha, tree: make(map[string]bool, len(files)), all: files}
	found := map[string]bool{}
	var next []file
	r.owners = first(files, codeowners.Places(g.dialect))
	for _, f := range files {
		r.tree[f.Path] = true
		if slices.ContainsFunc(g.patterns, func(p string) bool { return doublestar.MatchUnvalidated(p, f.Path) }) {
			found[f.Path] = true
			next = append(next, file{File: f, at: addressIn(g.repo, f.Path)})
		}
	}
	for len(next) > 0 {
		if len(found) > maxFiles {
			return reading{}, fault.New(fault.Invalid, "%s has more than %d descriptors: narrow the source's descriptors, or the targets of its Locations", g.repo.FullName, maxFiles)
		}
		if err := g.read(ctx, next, all); err != nil {
			return reading{}, err
		}
		r.files = append(r.files, next...)
		var led []file
		for i := range next {
			followed, err := g.followed(ctx, &next[i], files)
			if err != nil {
				return reading{}, err
			}
			for _, f := range followed {
				if !found[f.Path] {
					found[f.Path] = true
					led = append(led, f)
				}
			}
		}
		next = led
	}
	slices.SortFunc(r.files, func(a, b file) int { return cmp.Compare(a.Path, b.Path) })
	return r, nil
}

// read fills in what the files say, except those that are known just so.
func (g *gatherer) read(ctx context.Context, files []file, all *tree) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(reads)
	for i := range files {
		f := &files[i]
		if f.kept = !g.known.moved(g.repo, f.Path) && g.known.holds(f.File, all.blob); f.kept {
			continue
		}
		work.Go(func() error {
			b, err := g.blobs.get(f.Blob, func() ([]byte, error) { return g.forge.Blob(ctx, g.repo, f.File) })
			if fault.KindOf(err) == fault.Invalid { // too large to be looked at
				f.parsed.Problems = []descriptor.Problem{{Line: 1, Column: 1, Message: err.Error()}}
				return nil
			}
			if err != nil {
				return err
			}
			return f.parse(g.kinds, b, all.bring(ctx, f.Path))
		})
	}
	return work.Wait()
}

// followed returns the files that the Locations of a file lead to. A target
// that leads nowhere spoils its Location's document. A Location that cannot be
// read leads where it led before.
func (g *gatherer) followed(ctx context.Context, f *file, tree []File) ([]file, error) {
	var led []file
	add := func(e *catalog.Entity) ([]catalog.Problem, error) {
		files, problems, err := follow(ctx, e, f.Path, g.repo, tree)
		for _, one := range files {
			led = append(led, file{File: one, at: addressIn(g.repo, one.Path), followed: f.Path, parent: e.Ref().String()})
		}
		return problems, err
	}
	before := func(ref string) error {
		if d, ok := g.known.declared[ref]; ok && d.Origin.Path == f.Path && isLocation(&d.Entity) {
			_, err := add(&d.Entity)
			return err
		}
		return nil
	}
	if f.unusable() {
		for _, ref := range slices.Sorted(maps.Keys(g.known.declared)) {
			if err := before(ref); err != nil {
				return nil, err
			}
		}
		return led, nil
	}
	for i := range f.parsed.Documents {
		doc := &f.parsed.Documents[i]
		switch {
		case isLocation(doc.Entity):
			problems, err := add(doc.Entity)
			if err != nil {
				return nil, err
			}
			if len(problems) > 0 {
				doc.Problems = locate(doc, problems)
				doc.Entity = nil
			}
		case doc.Entity == nil:
			if err := before(doc.Ref.String()); err != nil {
				return nil, err
			}
		}
	}
	return led, nil
}

// blobs remembers contents by Git's id of them, which never changes its
// meaning. When it is full it starts anew.
type blobs struct {
	mu   sync.Mutex
	all  map[string][]byte
	size int
}

func (b *blobs) get(id string, read func() ([]byte, error)) ([]byte, error) {
	b.mu.Lock()
	content, ok := b.all[id]
	b.mu.Unlock()
	if ok {
		return content, nil
	}
	content, err := read()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size += len(content); b.size > blobMemory || b.all == nil {
		b.all, b.size = map[string][]byte{}, len(content)
	}
	if len(content) <= blobMemory {
		b.all[id] = content
	}
	return content, nil
}
