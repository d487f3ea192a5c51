package scorer

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/scorecards"
)

// techdocsRef is the annotation that names where the docs of an entity are.
const techdocsRef = "backstage.io/techdocs-ref"

// docs are how the documentation of an entity stands, as events told of it.
type docs struct {
	published      *scorecards.Source // where what follows is from; nil: nothing was ever published
	pages, words   int
	broken, orphan int
	updated        time.Time
	told           *scorecards.Source // by which is known whether the newest commit can be shown
	failure        string             // why it cannot; empty if it can
}

// document folds what was told of an entity's documentation. What was published stays
// when a commit cannot be shown.
func (w *World) document(rec reading, t *touched) {
	since := sourceOf(rec.Record)
	switch d := rec.says.(type) {
	case event.DocsPublished:
		now := &docs{published: &since, told: &since, pages: len(d.Pages), words: d.Words, broken: d.Broken, orphan: d.Orphans, updated: rec.Time}
		r := w.repository(place{d.Repository.Source, d.Repository.ID})
		if was := r.docs[d.Entity]; was != nil && was.updated.After(now.updated) { // clocks of commits go backward
			now.updated = was.updated
		}
		r.docs[d.Entity] = now
		t.entities[d.Entity] = true
	case event.DocsFailed:
		now := &docs{}
		r := w.repository(place{d.Repository.Source, d.Repository.ID})
		if was := r.docs[d.Entity]; was != nil {
			*now = *was
		}
		now.told, now.failure = &since, fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Message)
		r.docs[d.Entity] = now
		t.entities[d.Entity] = true
	case event.DocsRemoved:
		w.undocument(place{d.Repository.Source, d.Repository.ID}, d.Entity)
		t.entities[d.Entity] = true
	}
	t.facts = []string{"docs"}
}

// undocument forgets what was told of an entity's documentation.
func (w *World) undocument(p place, ref string) {
	if r := w.ownRepository(p); r != nil {
		delete(r.docs, ref)
	}
}

// documented adds what is known of an entity's documentation. Until events tell of it, the
// files do: logs of before have those only.
func (r *repository) documented(to map[string]scorecards.Fact, e *catalog.Entity, declared *scorecards.Source, at event.Origin) {
	add := func(name string, value any, since *scorecards.Source) {
		to["docs."+name] = scorecards.Fact{Value: value, Source: since}
	}
	where, names := e.Metadata.Annotations[techdocsRef]
	d := r.docs[e.Ref().String()]
	switch {
	case where == "" && r.files != nil:
		add("present", false, declared)
		add("pages", 0, declared)
		add("words", 0, declared)
		add("failing", false, declared)
		add("failure", "", declared)
	case names && d != nil:
		add("present", d.published != nil, d.told)
		add("failing", d.failure != "", d.told)
		add("failure", d.failure, d.told)
		if d.published == nil {
			add("pages", 0, d.told)
			add("words", 0, d.told)
			return
		}
		add("pages", d.pages, d.published)
		add("words", d.words, d.published)
		add("brokenLinks", d.broken, d.published)
		add("orphans", d.orphan, d.published)
		add("updated", d.updated, d.published)
	case names && r.files != nil:
		r.files.documented(add, where, at)
	}
}

// documented adds whether there is a configuration of MkDocs where an annotation says so,
// from the folder of the descriptor, and when something beside it changed last.
func (f *files) documented(add func(string, any, *scorecards.Source), where string, at event.Origin) {
	dir, isDir := strings.CutPrefix(where, "dir:")
	if !isDir {
		return // they are elsewhere
	}
	root := folder(path.Join(folder(at.Path), dir, "x"))
	present := f.Has(path.Join(root, "mkdocs.yml")) || f.Has(path.Join(root, "mkdocs.yaml"))
	add("present", present, f.since)
	if updated, ok := f.updated[root]; ok && present {
		add("updated", updated.Value, updated.Source)
	}
}
