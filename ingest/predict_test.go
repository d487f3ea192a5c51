package ingest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// What is predicted of each push of made-up histories, of several repositories that declare
// the same entities, is what comes of it, and predicting leaves no trace: the log is as long
// as before.
func TestPredictionsComeTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		var authors []*author
		for i := range rapid.IntRange(1, 3).Draw(t, "repositories") {
			authors = append(authors, &author{id: fmt.Sprintf("r%d", i), draft: newDraft(), drafts: map[string]draft{}})
		}
		for range rapid.IntRange(1, 12).Draw(t, "pushes") {
			a := rapid.SampledFrom(authors).Draw(t, "repository")
			sha := a.push(t, w.forge)
			repo, err := w.forge.Repository(t.Context(), repositoryOf(a.id))
			if err != nil {
				t.Fatal(err)
			}
			before := w.position()
			seen, err := w.translator.Predict(t.Context(), w.sources[0].Name(), ingest.Proposal{Repository: repo, Contents: w.forge, Commit: ingest.Commit{SHA: sha, Time: time.Now()}})
			if err != nil {
				t.Fatal(err)
			}
			if after := w.position(); after != before {
				t.Fatalf("the log has grown from %d to %d", before, after)
			}
			var came []event.Event
			for _, rec := range w.handle(w.delivery(a.id, sha)) {
				came = append(came, rec.Event)
			}
			if diff := cmp.Diff(untimed(t, came), untimed(t, seen.Events), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("(-came +predicted):\n%s", diff)
			}
		}
	})
}

func (w *world) position() eventlog.Position {
	w.t.Helper()
	last, err := w.log.Last(w.t.Context())
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return last
}

// untimed is what events say, whenever and whoever did it.
func untimed(t *rapid.T, all []event.Event) (texts []string) {
	for _, e := range all {
		data, err := e.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := data.(event.EntityRegistered); ok {
			d.Entity.Metadata.UID = ""
			data = d
		}
		texts = append(texts, fmt.Sprintf("%s %s %+v", e.Type, e.Subject, data))
	}
	return texts
}

// A change that would remove much is predicted with what it would take to be allowed.
func TestPredictedHold(t *testing.T) {
	w := newWorld(t)
	all := files{}
	for i := range 12 {
		all[fmt.Sprintf("%d/catalog-info.yaml", i)] = component(fmt.Sprintf("c%d", i), "a")
	}
	w.push("r0", "mossbank", all)
	w.guard = 0.2
	w.restart()
	sha := w.forge.push("r0", "mossbank", files{"0/catalog-info.yaml": component("c0", "a")})
	repo, err := w.forge.Repository(t.Context(), repositoryOf("r0"))
	if err != nil {
		t.Fatal(err)
	}
	p := ingest.Proposal{Repository: repo, Contents: w.forge, Commit: ingest.Commit{SHA: sha, Time: time.Now()}}
	seen, err := w.translator.Predict(t.Context(), w.sources[0].Name(), p)
	if err != nil || len(seen.Events) != 11 || len(seen.Before) != 11 || !strings.Contains(seen.Held, "11 of the 12") {
		t.Errorf("%d events, of %d entities, held as %q, %v", len(seen.Events), len(seen.Before), seen.Held, err)
	}
	if _, err := w.translator.Predict(t.Context(), "nosuch", p); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of a source that is not there: %v", err)
	}
}

// A file that would take over what was made in the portal does so at the moment of the merge,
// as it does when it comes: the commit may be older.
func TestPredictedTakeover(t *testing.T) {
	w := newWorld(t)
	if _, err := w.makeOf("a"); err != nil {
		t.Fatal(err)
	}
	sha := w.forge.push("r0", "mossbank", files{"catalog-info.yaml": component("x", "a")})
	repo, err := w.forge.Repository(t.Context(), repositoryOf("r0"))
	if err != nil {
		t.Fatal(err)
	}
	merged := time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
	seen, err := w.translator.Predict(t.Context(), w.sources[0].Name(), ingest.Proposal{Repository: repo, Contents: w.forge, Commit: ingest.Commit{SHA: sha, Time: merged}})
	if err != nil || len(seen.Events) != 1 || seen.Events[0].Type != event.TypeEntityChanged || !seen.Events[0].Time.Equal(merged) {
		t.Errorf("predicted is %+v, %v; want a change at %v", seen.Events, err, merged)
	}
}

// branches is a forge of three commits: where two branches parted, and their heads.
type branches struct {
	ingest.Forge
	trees    map[string]map[string]string // by commit, blobs by path
	ancestor bool                         // main is behind
}

func (b branches) Between(context.Context, ingest.Repository, string, string) (ingest.Range, error) {
	return ingest.Range{Ancestor: b.ancestor, Base: "base", Complete: true}, nil
}

func (b branches) Tree(_ context.Context, _ ingest.Repository, sha string) (files []ingest.File, err error) {
	for path, blob := range b.trees[sha] {
		files = append(files, ingest.File{Path: path, Blob: blob})
	}
	return files, nil
}

// Merged files are those of the branch's changes upon the default branch, path by path:
// what only one of the two changed is as that has it, what both changed as the branch has it,
// and what neither did is as it was.
func TestMerged(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tree := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.SampledFrom([]string{"1", "2", "3"}))
		b := branches{trees: map[string]map[string]string{"base": tree.Draw(rt, "base"), "main": tree.Draw(rt, "main"), "side": tree.Draw(rt, "side")}}
		got := mergedFiles(rt, b)
		want := map[string]string{}
		for _, path := range []string{"a", "b", "c", "d"} {
			base, main, side := b.trees["base"][path], b.trees["main"][path], b.trees["side"][path]
			now := main
			if side != base && (side != "" || main == base) { // one that the other changed is not deleted
				now = side
			}
			if now != "" {
				want[path] = now
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("(-want +got):\n%s", diff)
		}
		b.ancestor = true // then the branch has all that main has
		if diff := cmp.Diff(b.trees["side"], mergedFiles(rt, b), cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("of a branch that is not behind (-want +got):\n%s", diff)
		}
	})
}

func mergedFiles(t *rapid.T, b branches) map[string]string {
	contents, err := ingest.Merged(context.Background(), b, ingest.Repository{}, "main", "side")
	if err != nil {
		t.Fatal(err)
	}
	files, err := contents.Tree(context.Background(), ingest.Repository{}, "side")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range files {
		if _, twice := got[f.Path]; twice {
			t.Errorf("%s is there twice", f.Path)
		}
		got[f.Path] = f.Blob
	}
	return got
}

// A proposal that touches documentation is read for what it would come to: broken links, a
// configuration that cannot be read, an annotation that is new. Nothing of it is kept.
func TestPredictedDocs(t *testing.T) {
	w := newDocsWorld(t)
	tree := files{"catalog-info.yaml": documented("api", "dir:."), "mkdocs.yml": "site_name: API\n", "docs/index.md": "# API\n"}
	w.handle(w.delivery("r", w.forge.push("r", "mossbank", tree)))
	kept := len(w.shelf.puts)
	for name, c := range map[string]struct {
		to   files
		want []string
	}{
		"a link breaks":        {files{"docs/index.md": "# API\n[gone](gone.md)\n"}, []string{`component:default/api: API in "", docs/index.md, 1 broken, by saltmarsh`}},
		"the site breaks":      {files{"mkdocs.yml": "nav: [\n"}, []string{"component:default/api failed: mkdocs.yml:1"}},
		"the annotation goes":  {files{"catalog-info.yaml": component("api", "team")}, []string{"component:default/api removed, by saltmarsh"}},
		"an entity comes":      {files{"catalog-info.yaml": documented("api", "dir:.") + "---\n" + documented("jobs", "dir:.")}, []string{`component:default/jobs: API in "", docs/index.md, 0 broken, by saltmarsh`}},
		"nothing of it is new": {files{"README.md": "# API\n"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			sha := w.forge.commit("r", "saltmarsh", edited(tree, c.to), w.forge.repo("r").head)
			repo, err := w.forge.Repository(t.Context(), repositoryOf("r"))
			if err != nil {
				t.Fatal(err)
			}
			seen, err := w.translator.Predict(t.Context(), w.sources[0].Name(), ingest.Proposal{
				Repository: repo, Contents: w.forge, Commit: ingest.Commit{SHA: sha, Time: time.Now(), Author: event.Actor{Login: "saltmarsh"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			var recs []eventlog.Record
			for _, e := range seen.Events {
				recs = append(recs, eventlog.Record{Event: e})
			}
			got := toldDocs(t, recs)
			if len(got) != len(c.want) {
				t.Fatalf("predicted %q, want %q", got, c.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], c.want[i]) {
					t.Errorf("predicted %q, want %q", got[i], c.want[i])
				}
			}
			if len(w.shelf.puts) != kept {
				t.Errorf("%d contents were kept", len(w.shelf.puts)-kept)
			}
		})
	}
}
