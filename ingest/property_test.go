package ingest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// shared begins the names that several repositories declare.
const shared = "shared"

func isShared(ref string) bool { return strings.Contains(ref, "/"+shared+"-") }

// isClash reports whether a descriptor is refused only because the entity is
// declared elsewhere. Which of two that is depends on who came first.
func isClash(r *entities.Rejection) bool { return r.With != nil }

// draft is what a repository's descriptors are about to say. Each entity
// stands in one file of it at a time; which of two wins is another test's business.
type draft struct {
	files map[string]*draftFile // by path
	data  files                 // what placeholders bring in
}

func newDraft() draft { return draft{map[string]*draftFile{}, files{}} }

type draftFile struct {
	broken bool
	leads  bool // holds a Location that leads to more/*.yaml
	docs   map[string]draftDoc
}

type draftDoc struct {
	owner string // or a placeholder for it
	bad   bool
}

func (d draft) clone() draft {
	c := draft{map[string]*draftFile{}, maps.Clone(d.data)}
	for path, f := range d.files {
		c.files[path] = &draftFile{f.broken, f.leads, maps.Clone(f.docs)}
	}
	return c
}

// tree renders a draft.
func (d draft) tree(repo string) files {
	tree := files{"README.md": "a repository\n"}
	maps.Copy(tree, d.data)
	for path, f := range d.files {
		var texts []string
		if f.leads {
			texts = append(texts, strings.Replace(location("./more/*.yaml"), "name: all", "name: "+repo+"-"+strings.ReplaceAll(path, "/", "-"), 1))
		}
		for _, name := range slices.Sorted(maps.Keys(f.docs)) {
			text := component(name, f.docs[name].owner)
			if f.docs[name].bad {
				text = without(name)
			}
			texts = append(texts, text)
		}
		if f.broken {
			texts = append(texts, unreadable)
		}
		tree[path] = docs(texts...)
	}
	return tree
}

// edit changes one thing at random: one of the kinds of edits, or of all.
func (d draft) edit(t *rapid.T, repo string, kinds ...string) {
	if len(kinds) == 0 {
		kinds = []string{"move", "change", "change", "spoil", "break", "delete", "withdraw", "lead", "bring", "bring", "data", "data", "data", "lose"}
	}
	paths := []string{yaml, "a/" + yaml, "b/catalog-info.yml", "more/m.yaml"}
	path := rapid.SampledFrom(paths).Draw(t, "path")
	f := d.files[path]
	if f == nil {
		f = &draftFile{docs: map[string]draftDoc{}}
		d.files[path] = f
	}
	name := fmt.Sprintf("%s-%d", repo, rapid.IntRange(0, 4).Draw(t, "name"))
	if rapid.Bool().Draw(t, "shared") {
		name = shared + "-0"
	}
	take := func() draftDoc { // wherever it is now
		doc := draftDoc{owner: "a"}
		for _, other := range d.files {
			if is, ok := other.docs[name]; ok {
				doc = is
				delete(other.docs, name)
			}
		}
		return doc
	}
	switch rapid.SampledFrom(kinds).Draw(t, "edit") {
	case "move":
		f.docs[name] = take()
	case "change":
		take()
		f.docs[name] = draftDoc{owner: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "owner")}
	case "spoil":
		take()
		f.docs[name] = draftDoc{bad: true}
	case "break":
		f.broken = !f.broken
	case "delete":
		delete(d.files, path)
	case "withdraw":
		take()
	case "bring":
		take()
		f.docs[name] = draftDoc{owner: fmt.Sprintf("{$json: /data/%d.json}", rapid.IntRange(0, 1).Draw(t, "data"))}
	case "data":
		d.data[fmt.Sprintf("data/%d.json", rapid.IntRange(0, 1).Draw(t, "data"))] = rapid.SampledFrom([]string{`"a"`, `"b"`, ` "b"`, "{", "5", "\xff"}).Draw(t, "text")
	case "lose":
		delete(d.data, fmt.Sprintf("data/%d.json", rapid.IntRange(0, 1).Draw(t, "data")))
	case "lead":
		if path != "more/m.yaml" {
			f.leads = !f.leads
		}
	}
}

// author drives one repository at random.
type author struct {
	id     string
	draft  draft
	drafts map[string]draft // by SHA
	heads  []string         // that main ever had
}

// push moves main: on by some commits, on by a merge, or somewhere by force.
func (a *author) push(t *rapid.T, f *forge) string {
	head := f.repo(a.id).head
	commit := func(parents ...string) string {
		if len(parents) == 1 && parents[0] == "" {
			parents = nil
		}
		a.draft.edit(t, a.id)
		sha := f.commit(a.id, "mossbank", a.draft.tree(a.id), parents...)
		a.drafts[sha] = a.draft.clone()
		return sha
	}
	switch how := rapid.SampledFrom([]string{"on", "on", "on", "merge", "back", "rewrite"}).Draw(t, "push"); {
	case how == "merge" && head != "":
		side := commit(head)
		head = commit(head, side)
	case how == "back" && head != "":
		head = rapid.SampledFrom(a.heads).Draw(t, "head")
		a.draft = a.drafts[head].clone()
	case how == "rewrite" && head != "":
		from := rapid.SampledFrom(a.heads).Draw(t, "head")
		a.draft = a.drafts[from].clone()
		head = commit(from)
	default:
		for range rapid.IntRange(1, 3).Draw(t, "commits") {
			head = commit(head)
		}
	}
	f.repo(a.id).head = head
	a.heads = append(a.heads, head)
	return head
}

// However deliveries are interleaved, repeated and delayed, and whatever breaks
// in between, the catalog ends as a fresh read of the heads has it.
func TestDeliveriesConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		var authors []*author
		for i := range rapid.IntRange(1, 3).Draw(t, "repositories") {
			authors = append(authors, &author{id: fmt.Sprintf("r%d", i), draft: newDraft(), drafts: map[string]draft{}})
		}
		var pending, newest []eventlog.Record
		handle := func() {
			i := rapid.IntRange(0, len(pending)-1).Draw(t, "delivery")
			d := pending[i]
			err := w.try(d)
			if err != nil && fault.KindOf(err) != fault.Unavailable {
				t.Fatalf("handle: %v", err)
			}
			if err == nil && !rapid.Bool().Draw(t, "comes again") {
				pending = slices.Delete(pending, i, i+1)
			}
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			switch do := rapid.SampledFrom([]string{"push", "push", "handle", "handle", "fail", "restart", "reclaim", "prune"}).Draw(t, "step"); {
			case do == "push":
				a := rapid.SampledFrom(authors).Draw(t, "repository")
				pending = append(pending, w.delivery(a.id, a.push(t, w.forge)))
			case do == "handle" && len(pending) > 0:
				handle()
			case do == "fail" && len(pending) > 0:
				left := rapid.IntRange(0, 6).Draw(t, "questions before it fails")
				w.forge.fail = func(string) error {
					if left--; left < 0 {
						return fault.New(fault.Unavailable, "no answer in time")
					}
					return nil
				}
				handle()
				w.forge.fail = nil
			case do == "restart":
				w.restart()
			case do == "reclaim":
				pending = append(pending, w.reclaim()...)
			case do == "prune": // what no branch reaches any more
				a := rapid.SampledFrom(authors).Draw(t, "repository")
				reachable := w.forge.ancestors(a.id, w.forge.repo(a.id).head)
				for sha := range w.forge.repo(a.id).commits {
					if !reachable[sha] {
						w.forge.repo(a.id).pruned[sha] = true
					}
				}
				a.heads = slices.DeleteFunc(a.heads, func(sha string) bool { return !reachable[sha] })
			}
		}
		for _, a := range authors { // there is a newest push, and its delivery comes some time
			d := w.delivery(a.id, a.push(t, w.forge))
			pending, newest = append(pending, d), append(newest, d)
		}
		for len(pending) > 0 {
			handle()
			pending = append(pending, w.reclaim()...)
		}

		fresh := newWorld(t)
		fresh.forge, fresh.sources = w.forge, w.sources
		fresh.restart()
		for _, a := range authors {
			fresh.handle(fresh.delivery(a.id, w.forge.repo(a.id).head))
		}
		compare(t, w, fresh)
		for _, of := range []*world{w, fresh} {
			checkConflicts(t, of.catalog.Snapshot())
		}
		for _, d := range newest {
			for _, again := range w.handle(d) {
				// Where else an entity is declared, a refusal says as of its own time.
				if again.Type != event.TypeEntityConflicted || !isShared(again.Subject) {
					t.Fatalf("reading the heads again appends %s about %s", again.Type, again.Subject)
				}
			}
		}
	})
}

// checkConflicts checks that a conflict names who keeps the entity, and that
// nothing else is said of a good descriptor that does not get it.
func checkConflicts(t *rapid.T, now *entities.Snapshot) {
	for _, r := range now.Rejections() {
		keeper, ok := now.Get(r.Ref)
		taken := strings.Contains(r.Problems[0].Message, "declares already")
		switch {
		case taken != (r.With != nil):
			t.Fatalf("%s in %s is refused with %q, and the one that keeps it is %v", r.Ref, r.Origin.Place(), r.Problems[0].Message, r.With)
		case taken && (!ok || r.With.Place() != keeper.Origin.Place() || r.Origin.Place() == r.With.Place()):
			t.Fatalf("%s in %s is in conflict with %s; it is kept (%v) in %v", r.Ref, r.Origin.Place(), r.With.Place(), ok, keeper)
		}
	}
}

// compare checks that what grew is what a fresh read gives. It may know more in
// one case: what it had learnt before a file became unreadable.
func compare(t *rapid.T, grown, fresh *world) {
	for _, w := range []*world{grown, fresh} {
		if err := w.catchUp(t.Context(), 0); err != nil {
			t.Fatalf("%v", err)
		}
	}
	type at struct{ repo, path string }
	refused, named := map[at]bool{}, map[string]bool{}
	for _, r := range fresh.catalog.Snapshot().Rejections() {
		if isClash(r) {
			continue
		}
		refused[at{r.Origin.RepositoryID, r.Origin.Path}], named[r.Ref] = true, true
	}
	for _, r := range grown.catalog.Snapshot().Rejections() {
		// What grew knew it in a file that is unreadable now, or knows the way
		// to it from there.
		if refused[at{r.Origin.RepositoryID, r.Origin.Path}] || refused[at{r.Origin.RepositoryID, r.Origin.Followed}] {
			named[r.Ref] = true
		}
	}
	excused := func(e *entities.Entry) bool {
		return named[e.Ref] || refused[at{e.Origin.RepositoryID, e.Origin.Path}] || refused[at{e.Origin.RepositoryID, e.Origin.Followed}]
	}
	for _, want := range fresh.catalog.Snapshot().All() {
		got, ok := grown.catalog.Snapshot().Get(want.Ref)
		switch {
		case !ok:
			t.Fatalf("%s of %s is missing", want.Ref, want.Origin.Path)
		case isShared(want.Ref):
			continue
		case got.Origin.Path != want.Origin.Path || got.Rejection != nil && !excused(got):
			t.Fatalf("%s stands in %s with rejection %v, want it in %s", want.Ref, got.Origin.Path, got.Rejection, want.Origin.Path)
		}
		if diff := catalog.Diff(want.Entity, got.Entity); len(diff) > 0 {
			t.Fatalf("%s differs: %v", want.Ref, diff)
		}
		if got.Entity.Metadata.UID == "" || got.Entity.Metadata.ETag != catalog.ETag(got.Entity) {
			t.Fatalf("%s has uid %q and etag %q", want.Ref, got.Entity.Metadata.UID, got.Entity.Metadata.ETag)
		}
	}
	for _, got := range grown.catalog.Snapshot().All() {
		if _, ok := fresh.catalog.Snapshot().Get(got.Ref); !ok && !excused(got) {
			t.Fatalf("%s of %s in %s should be gone", got.Ref, got.Origin.Path, got.Origin.Repository)
		}
	}
	places := func(w *world) []string {
		set := map[string]bool{}
		for _, r := range w.catalog.Snapshot().Rejections() {
			if !isClash(r) && !refused[at{r.Origin.RepositoryID, r.Origin.Followed}] {
				set[r.Origin.RepositoryID+"/"+r.Origin.Path] = true
			}
		}
		return slices.Sorted(maps.Keys(set))
	}
	if diff := cmp.Diff(places(fresh), places(grown)); diff != "" {
		t.Fatalf("files that are refused (-fresh +grown):\n%s", diff)
	}
}
