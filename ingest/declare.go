package ingest

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
)

// The most that one rejection says.
const (
	maxProblems = 100
	aroundLines = 5       // before and after the first problem of an unusable file
	maxExcerpt  = 8 << 10 // bytes
)

// declaration is the full state of an entity as a document declares it. Its uid
// is the one it has, or empty.
func (p *planner) declaration(c claim) event.Declaration {
	d := event.Declaration{Entity: *c.doc.Entity, Document: c.doc.Text, Origin: p.origin(c.file, c.doc.Line)}
	d.Origin.Includes = c.file.includesOf(c.doc)
	m := &d.Entity.Metadata
	ref := d.Entity.Ref().String()
	m.UID = cmp.Or(p.declared[ref].Entity.Metadata.UID, p.ceded[ref].Entity.Metadata.UID)
	m.Annotations = maps.Clone(m.Annotations) // the parsed document stays as it is
	p.annotate(&d, c.file)
	m.ETag = catalog.ETag(&d.Entity)
	return d
}

// origin is where a document stands.
func (p *planner) origin(f *file, line int) event.Origin {
	return event.Origin{
		Source: p.source, Repository: p.repo.FullName, RepositoryID: p.repo.ID, Branch: p.repo.DefaultBranch,
		Commit: p.commit, Path: f.Path, Blob: f.Blob, Line: line, Entities: f.entities(),
		URL: f.at.view, Followed: f.followed, Parent: f.parent,
	}
}

// address is how a file is called outside: what may be "" is not there.
type address struct {
	ref  string // as annotations say it, "url:https://…", "file:/srv/…"
	view string // its page
	edit string // that page in an editor
	dir  string // page of the folder that it stands in
}

// addressIn returns the address of a file on a repository's default branch.
func addressIn(repo Repository, file string) address {
	if repo.Pages.View == "" {
		return rootAddress(repo.Pages.Root, file)
	}
	dir := ""
	if at := path.Dir(file); at != "." {
		dir = EscapePath(at) + "/"
	}
	view := repo.Pages.View + EscapePath(file)
	return address{ref: "url:" + view, view: view, edit: repo.Pages.Edit + EscapePath(file), dir: repo.Pages.Dir + dir}
}

// rootAddress returns the address of a file that has no page: a "file:" root is
// one already.
func rootAddress(root, file string) address {
	if root != "" && !strings.HasPrefix(root, "file:") {
		root = "url:" + root
	}
	if root == "" {
		return address{}
	}
	return address{ref: root + "#" + EscapePath(file)}
}

// annotate writes the annotations that follow from where the descriptor stands.
// Two are always ours; the others may be set in the file. See
// https://backstage.io/docs/features/software-catalog/well-known-annotations.
func (p *planner) annotate(d *event.Declaration, f *file) {
	if f.at.ref == "" {
		return
	}
	m := &d.Entity.Metadata
	if m.Annotations == nil {
		m.Annotations = map[string]string{}
	}
	m.Annotations[catalog.AnnotationLocation] = f.at.ref
	m.Annotations[catalog.AnnotationOriginLocation] = p.root(f).at.ref
	derived := map[string]string{catalog.AnnotationViewURL: f.at.view, catalog.AnnotationEditURL: f.at.edit}
	if f.at.dir != "" {
		derived[catalog.AnnotationSourceLocation] = "url:" + f.at.dir
	}
	for key, value := range derived {
		if _, set := m.Annotations[key]; !set && value != "" {
			m.Annotations[key] = value
		}
	}
}

// root is the descriptor that led to a file in the first place.
func (p *planner) root(f *file) *file {
	for range p.files {
		next := p.byPath[f.followed]
		if f.followed == "" || next == nil {
			break
		}
		f = next
	}
	return f
}

// same reports whether a declaration says nothing new. That its commit is
// newer, or its line another one, is not news.
func same(before, now event.Declaration) bool {
	if before.Origin.Undone != nil || before.Origin.Path != now.Origin.Path || before.Origin.Parent != now.Origin.Parent || len(catalog.Diff(&before.Entity, &now.Entity)) > 0 {
		return false
	}
	if before.Origin.Repository != now.Origin.Repository || before.Origin.Branch != now.Origin.Branch {
		return false // its repository was renamed or has another default branch, or a location's root leads elsewhere
	}
	// Diff leaves out annotations that follow from the file's place. While that
	// is the same, a difference in those that a file may set is its own.
	return before.Origin.URL != now.Origin.URL || !slices.ContainsFunc(
		[]string{catalog.AnnotationViewURL, catalog.AnnotationEditURL, catalog.AnnotationSourceLocation},
		func(key string) bool {
			return before.Entity.Metadata.Annotations[key] != now.Entity.Metadata.Annotations[key]
		})
}

// rejection says what is wrong with a document, or with a whole file if there
// is no doc: then the lines around the first problem stand for it.
func (p *planner) rejection(f *file, doc *descriptor.Document, ref string, problems []descriptor.Problem) event.EntityRejected {
	problems = problems[:min(len(problems), maxProblems)]
	r := event.EntityRejected{Ref: ref, Problems: make([]event.Problem, len(problems))}
	for i, one := range problems {
		r.Problems[i] = event.Problem(one)
	}
	line := lineOf(doc)
	if doc != nil {
		r.Document = doc.Text
	} else if len(problems) > 0 {
		r.Document, line = excerpt(f.text, problems[0].Line)
	}
	r.Origin = p.origin(f, line)
	r.Origin.Includes = f.includesOf(doc)
	return r
}

// conflict says that a good document does not get the entity that it declares, as
// another place keeps that.
func (p *planner) conflict(c claim, ref string, keeper event.Origin) Rejection {
	message := fmt.Sprintf("names %s, which %s declares already and keeps; give one of the two another name, or remove the wrong one", ref, keeper.Place())
	if keeper.Source == LocationsSource && sameFile(keeper, p.origin(c.file, 0)) {
		message = fmt.Sprintf("names %s, which the location %s brings in from this very file; remove that location, and it is taken from here by itself", ref, keeper.Repository)
	}
	return Rejection{With: &keeper, EntityRejected: p.rejection(c.file, c.doc, ref, []descriptor.Problem{{
		Path: "metadata.name", Line: lineOf(c.doc), Column: 1, Message: message,
	}})}
}

// lineOf is the line where a claim's document begins.
func (p *planner) lineOf(ref string, c claim) int {
	if c.doc == nil {
		return p.declared[ref].Origin.Line
	}
	return c.doc.Line
}

func lineOf(doc *descriptor.Document) int {
	if doc == nil {
		return 1
	}
	return doc.Line
}

// excerpt returns some lines around one, and the number of the first of them.
func excerpt(text string, line int) (string, int) {
	lines := strings.SplitAfter(text, "\n")
	from := min(max(line-1-aroundLines, 0), len(lines))
	to := min(line+aroundLines, len(lines))
	s := strings.ToValidUTF8(strings.Join(lines[from:to], ""), "\ufffd")
	for len(s) > maxExcerpt {
		_, n := utf8.DecodeLastRuneInString(s[:maxExcerpt+1])
		s = s[:maxExcerpt+1-n]
	}
	return s, from + 1
}
