package ingest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/techdocs"
)

// AnnotationDocs says where the documentation of an entity is, as with Backstage:
// "dir:." is the folder of its descriptor.
const AnnotationDocs = "backstage.io/techdocs-ref"

const (
	maxDocsFiles    = 5000 // of a site, pages among them
	maxDocsProblems = 20   // of a site that are on record; the others are counted
	maxDocsCredits  = 20   // files whose own commit is asked for
)

// DocsOptions are where documentation goes.
type DocsOptions struct {
	Known    KnownDocs
	Contents DocsContents
}

// KnownDocs is what was told of documentation, as of at least a position in the main
// log: a call waits until it has come so far.
type KnownDocs interface {
	Told(ctx context.Context, after eventlog.Position, entity string) (DocsTold, error)
}

// DocsTold is what stands of an entity's documentation; zero if it has none.
type DocsTold struct {
	Published *event.DocsPublished // nil if there was nothing to publish yet
	Failed    *event.DocsFailed    // nil if the newest commit could be published
}

// DocsContents keeps what files hold, by Git's ids.
type DocsContents interface {
	// Blob returns a content, or an error of kind fault.NotFound.
	Blob(ctx context.Context, id string) ([]byte, error)
	Has(ctx context.Context, id string) (bool, error)
	// Put keeps a content for good before it returns; fault.Unavailable if it is not what
	// the id says.
	Put(ctx context.Context, id string, content []byte) error
	// Pages are pages that were rendered.
	Pages() techdocs.Cache
}

// recordDocs records the documentation of the entities of a repository where that is
// another than is on record. What its files hold is kept before.
func (l *lane) recordDocs(ctx context.Context, r reading, c *creditor, t task) ([]uint64, error) {
	if l.Docs == nil || r.commit == "" {
		return nil, nil
	}
	k, err := l.known(ctx, l.source.Name(), r.repo.ID)
	if err != nil {
		return nil, err
	}
	after, err := l.after(ctx)
	if err != nil {
		return nil, err
	}
	var all []uint64
	for _, ref := range slices.Sorted(maps.Keys(k.declared)) {
		told, err := l.Docs.Known.Told(ctx, after, ref)
		if err != nil {
			return all, err
		}
		data, because, err := l.docsOf(ctx, r, k.declared[ref], told)
		if err != nil {
			return all, fmt.Errorf("read the documentation of %s: %w", ref, err)
		}
		if data == nil {
			continue
		}
		positions, err := l.tellDocs(ctx, r, c, t, ref, data, because)
		if err != nil {
			return all, err
		}
		all = append(all, positions...)
	}
	return all, nil
}

// docsOf returns what is to be told of an entity's documentation, and the files that
// are the reason, whose last change it is; nil if there is no news.
func (l *lane) docsOf(ctx context.Context, r reading, d event.Declaration, told DocsTold) (event.Data, []string, error) {
	ref := d.Entity.Ref().String()
	at := d.Entity.Metadata.Annotations[AnnotationDocs]
	if at == "" {
		if told.Published == nil && told.Failed == nil {
			return nil, nil, nil
		}
		return event.DocsRemoved{
			Entity: ref, Repository: r.repo.State(r.source).Repository, Commit: r.commit, Reason: "the annotation " + AnnotationDocs + " is gone",
		}, []string{d.Origin.Path}, nil
	}
	now, failed, err := l.readDocs(ctx, r, d, at)
	switch {
	case err != nil:
		return nil, nil, err
	case failed != nil:
		if told.Failed != nil && sameDocs(*failed, *told.Failed, told.Failed.Commit) {
			return nil, nil, nil
		}
		return *failed, []string{failed.File}, nil
	case told.Published == nil:
		return *now, docsFolders(*now), nil
	case told.Failed != nil:
		return *now, append(changedDocs(*told.Published, *now), told.Failed.File), nil
	case sameDocs(*now, *told.Published, told.Published.Commit):
		return nil, nil, nil
	}
	because := changedDocs(*told.Published, *now)
	if len(because) == 0 { // the repository is called otherwise, or the entity is elsewhere
		because = docsFolders(*now)
	}
	return *now, because, nil
}

// sameDocs reports whether both say the same; that the commit is another one is no news.
func sameDocs[D event.DocsPublished | event.DocsFailed](now, was D, commit string) bool {
	switch d := any(&now).(type) {
	case *event.DocsPublished:
		d.Commit = commit
	case *event.DocsFailed:
		d.Commit = commit
	}
	a, errA := json.Marshal(now)
	b, errB := json.Marshal(was)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// docsFolders are what a site was made of, when it is told of first.
func docsFolders(d event.DocsPublished) []string {
	folders := map[string]bool{}
	for _, p := range d.Pages {
		first, _, below := strings.Cut(p.Source, "/")
		if !below {
			first = p.Source
		}
		folders[path.Join(d.Root, first)] = true
	}
	return slices.Sorted(maps.Keys(folders))
}

// changedDocs lists the files, by their path in the repository, that differ.
func changedDocs(was, now event.DocsPublished) []string {
	before, after := docsBlobs(was), docsBlobs(now)
	var all []string
	for file, blob := range after {
		if before[file] != blob {
			all = append(all, file)
		}
	}
	for file := range before {
		if _, ok := after[file]; !ok {
			all = append(all, file)
		}
	}
	slices.Sort(all)
	return all
}

func docsBlobs(d event.DocsPublished) map[string]string {
	all := map[string]string{}
	for _, p := range d.Pages {
		all[path.Join(d.Root, p.Source)] = p.Blob
	}
	for _, f := range d.Files {
		all[path.Join(d.Root, f.Path)] = f.Blob
	}
	return all
}

// tellDocs appends an event, of whoever changed the files last.
func (l *lane) tellDocs(ctx context.Context, r reading, c *creditor, t task, ref string, data event.Data, because []string) ([]uint64, error) {
	because = because[:min(len(because), maxDocsCredits)]
	if err := c.ensure(ctx, because); err != nil {
		return nil, err
	}
	by := c.found[because[0]]
	for _, file := range because[1:] {
		if c.found[file].at.After(by.at) {
			by = c.found[file]
		}
	}
	e, err := event.New(event.SourcePrefix+r.source, ref, data)
	if err != nil {
		return nil, err
	}
	e.ID, e.Time, e.Actor = event.DeriveID(0, t.cause, r.source, r.repo.ID, r.commit, string(data.EventType()), ref), by.at, by.actor
	e.Cause = event.Cause{Delivery: t.received.Subject, Commit: by.sha, CommitURL: by.url}
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.append(ctx, e)
}

// docsRoot finds the folder in the repository; why says why there is none, and what to do.
func docsRoot(at, descriptor string, repo Repository) (root, why string) {
	kind, target, _ := strings.Cut(at, ":")
	root = path.Join(path.Dir(descriptor), target)
	switch {
	case kind == "dir" && path.IsAbs(target), kind == "dir" && (root == ".." || strings.HasPrefix(root, "../")):
		return "", fmt.Sprintf("%s: %s leads out of the repository: write a folder of it, such as dir:.", AnnotationDocs, at)
	case kind == "dir":
	case kind == "url":
		within, ok := strings.CutPrefix(strings.TrimSuffix(at, "/")+"/", "url:"+strings.TrimSuffix(repo.Pages.Dir, "/")+"/")
		if !ok || repo.Pages.Dir == "" {
			return "", fmt.Sprintf("%s: %s is not this repository: documentation is read where the descriptor is, so write a folder such as dir:. and move the files there, or the descriptor to them", AnnotationDocs, at)
		}
		root = path.Clean(within)
	default:
		return "", fmt.Sprintf("%s: %s is neither dir: nor url:, write dir:. for the folder of the descriptor", AnnotationDocs, at)
	}
	if root == "." || root == "/" {
		root = ""
	}
	return root, ""
}

// readDocs reads a site: what is to be published, or why that cannot be.
func (l *lane) readDocs(ctx context.Context, r reading, d event.Declaration, at string) (*event.DocsPublished, *event.DocsFailed, error) {
	repo := r.repo.State(r.source).Repository
	failed := &event.DocsFailed{Entity: d.Entity.Ref().String(), Repository: repo, Commit: r.commit, View: r.repo.Pages.View}
	root, why := docsRoot(at, d.Origin.Path, r.repo)
	if why != "" {
		failed.DocsProblem = event.DocsProblem{File: d.Origin.Path, Line: max(1, d.Origin.Line), Code: techdocs.CodeConfig, Message: why}
		return nil, failed, nil
	}
	failed.Root = root
	s := newDocsReading(l, r, root)
	if err := s.keep(ctx, s.likely()); err != nil {
		return nil, nil, err
	}
	options := techdocs.Options{Name: d.Entity.Title(), Cache: l.Docs.Contents.Pages()}
	site, err := techdocs.Read(ctx, techdocs.Tree{Files: s.shown(), Read: s.read}, options)
	for fault.KindOf(err) == fault.Invalid && !isConfig(s.last) { // a file is too large to be looked at: the others are shown without it
		site, err = techdocs.Read(ctx, techdocs.Tree{Files: s.shown(), Read: s.read}, options)
	}
	if fault.KindOf(err) == fault.Invalid {
		failed.DocsProblem = s.tooLarge(s.last)
		failed.File = path.Join(root, s.last)
		return nil, failed, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if f := site.Failure; f != nil && f.Code == techdocs.CodeSite && len(s.large) > 0 { // nothing is left to be shown
		file := slices.Min(slices.Collect(maps.Keys(s.large)))
		failed.DocsProblem = s.tooLarge(file)
		failed.File = path.Join(root, file)
		return nil, failed, nil
	}
	if f := site.Failure; f != nil {
		failed.DocsProblem = event.DocsProblem{File: path.Join(root, f.File), Line: max(1, f.Line), Code: f.Code, Message: f.Message}
		return nil, failed, nil
	}
	used := s.used(site)
	if len(used) > maxDocsFiles {
		failed.DocsProblem = event.DocsProblem{
			File: path.Join(root, cmp.Or(site.Config.File, "mkdocs.yml")), Line: 1, Code: techdocs.CodeSite,
			Message: fmt.Sprintf("the site has %d files, and may have %d: leave some out with exclude_docs, or make several sites of it", len(used), maxDocsFiles),
		}
		return nil, failed, nil
	}
	if err := s.keep(ctx, used); err != nil {
		return nil, nil, err
	}
	now := s.publish(site, used)
	now.Entity, now.Repository, now.Commit, now.Root = failed.Entity, repo, r.commit, root
	now.Site = cmp.Or(site.Config.Name, d.Entity.Title())
	now.Edit, now.View = r.repo.Pages.Edit, r.repo.Pages.View
	return &now, nil, nil
}

// docsReading is the files below the folder of a site.
type docsReading struct {
	lane   *lane
	repo   Repository
	root   string
	files  []techdocs.File // from the root
	byPath map[string]techdocs.File
	wanted map[string]bool // that were read
	last   string          // that was read

	mu    sync.Mutex
	large map[string]error // that are too large to be looked at, with what the source says of them
}

// shown are the files that a site is made of. Those that are too large are problems of it.
func (s *docsReading) shown() []techdocs.File {
	if len(s.large) == 0 {
		return s.files
	}
	return slices.DeleteFunc(slices.Clone(s.files), func(f techdocs.File) bool { return s.large[f.Path] != nil })
}

// tooLarge tells of a file that is too large to be looked at.
func (s *docsReading) tooLarge(file string) event.DocsProblem {
	return event.DocsProblem{File: file, Line: 1, Code: techdocs.CodeSite, Message: s.large[file].Error() + ": make the file smaller, or leave it out with exclude_docs"}
}

// isConfig reports whether a site cannot be made without a file.
func isConfig(file string) bool { return path.Ext(file) == ".yml" || path.Ext(file) == ".yaml" }

func newDocsReading(l *lane, r reading, root string) *docsReading {
	s := &docsReading{lane: l, repo: r.repo, root: root, byPath: map[string]techdocs.File{}, wanted: map[string]bool{}, large: map[string]error{}}
	for _, f := range r.all {
		inner, ok := f.Path, true
		if root != "" {
			inner, ok = strings.CutPrefix(f.Path, root+"/")
		}
		if ok {
			one := techdocs.File{Path: inner, Blob: f.Blob}
			s.files, s.byPath[inner] = append(s.files, one), one
		}
	}
	return s
}

// likely are files that are asked for at once, as a site asks for one after the other.
func (s *docsReading) likely() (all []string) {
	for _, f := range s.files {
		if strings.HasPrefix(f.Path, "docs/") && path.Ext(f.Path) == ".md" && len(all) < maxDocsFiles {
			all = append(all, f.Path)
		}
	}
	return all
}

// keep fetches files whose content is not kept yet.
func (s *docsReading) keep(ctx context.Context, files []string) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(reads)
	for _, file := range files {
		if s.isLarge(file) {
			continue
		}
		blob := s.byPath[file].Blob
		has, err := s.lane.Docs.Contents.Has(ctx, blob)
		if err != nil {
			return err
		}
		if has {
			continue
		}
		work.Go(func() error {
			_, err := s.fetch(ctx, file)
			if fault.KindOf(err) == fault.Invalid {
				s.noteLarge(file, err)
				return nil
			}
			return err
		})
	}
	return work.Wait()
}

// isLarge reports whether a file was found to be too large; others are fetched meanwhile.
func (s *docsReading) isLarge(file string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.large[file] != nil
}

func (s *docsReading) noteLarge(file string, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.large[file] = why
}

func (s *docsReading) fetch(ctx context.Context, file string) ([]byte, error) {
	blob := s.byPath[file].Blob
	content, err := s.lane.forge.Blob(ctx, s.repo, File{Path: path.Join(s.root, file), Blob: blob})
	if err != nil {
		return nil, err
	}
	return content, s.lane.Docs.Contents.Put(ctx, blob, content)
}

// read implements [techdocs.Tree].
func (s *docsReading) read(ctx context.Context, file string) ([]byte, error) {
	s.wanted[file], s.last = true, file
	content, err := s.lane.Docs.Contents.Blob(ctx, s.byPath[file].Blob)
	if fault.KindOf(err) == fault.NotFound {
		content, err = s.fetch(ctx, file)
	}
	if fault.KindOf(err) == fault.Invalid {
		s.noteLarge(file, err)
	}
	return content, err
}

// used lists the files that a site needs, sorted.
func (s *docsReading) used(site *techdocs.Site) []string {
	for _, f := range site.Files {
		s.wanted[f.Path] = true
	}
	for file := range s.large { // pages that were asked for at once
		s.wanted[file] = true
	}
	for _, p := range site.Pages {
		s.wanted[p.Source.Path] = true
		for _, include := range p.Content.Includes {
			if s.byPath[include].Blob != "" {
				s.wanted[include] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(s.wanted))
}

// publish says what a site is. Files that are too large to be looked at are problems,
// and not among its files.
func (s *docsReading) publish(site *techdocs.Site, used []string) (d event.DocsPublished) {
	pages, linked := map[string]bool{}, map[string]bool{}
	for _, p := range site.Pages {
		pages[p.Source.Path] = true
		d.Pages = append(d.Pages, event.DocsPage{Path: p.Path, Title: p.Title, Source: p.Source.Path, Blob: p.Source.Blob})
		d.Words += p.Content.Words
		if p.Orphan {
			d.Orphans++
		}
		for _, t := range p.Targets {
			if t.Kind == techdocs.ToSource {
				linked[s.inside(t.Path)] = true
			}
		}
	}
	problem := func(p event.DocsProblem) {
		if d.Wrong++; len(d.Problems) < maxDocsProblems {
			d.Problems = append(d.Problems, p)
		}
	}
	for _, p := range site.Problems {
		switch p.Code {
		case techdocs.CodeNote: // nothing to mend
			continue
		case techdocs.CodeLink, techdocs.CodeImage, techdocs.CodeAnchor:
			d.Broken++
		}
		problem(event.DocsProblem{File: p.File, Line: p.Line, Code: p.Code, Message: p.Message})
	}
	for _, file := range used {
		switch f := s.byPath[file]; {
		case s.large[file] != nil:
			problem(s.tooLarge(file))
		case !pages[file]:
			d.Files = append(d.Files, event.DocsFile{Path: file, Blob: f.Blob})
		}
		delete(linked, file)
	}
	d.Linked = slices.Sorted(maps.Keys(linked))
	return d
}

// inside returns a file itself, or the first in a folder.
func (s *docsReading) inside(at string) string {
	if _, ok := s.byPath[at]; ok {
		return at
	}
	i, _ := slices.BinarySearchFunc(s.files, at+"/", func(f techdocs.File, prefix string) int { return cmp.Compare(f.Path, prefix) })
	if i < len(s.files) && strings.HasPrefix(s.files[i].Path, at+"/") {
		return s.files[i].Path
	}
	return at
}
