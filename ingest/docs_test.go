package ingest_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	docsrows "github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/techdocs"
)

// shelf keeps contents in memory, and says what was asked for.
type shelf struct {
	mu   sync.Mutex
	all  map[string]string
	puts []string
}

func (s *shelf) Blob(_ context.Context, id string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.all[id]
	if !ok {
		return nil, fault.New(fault.NotFound, "no content %s", id)
	}
	return []byte(text), nil
}

func (s *shelf) Has(_ context.Context, id string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.all[id]
	return ok, nil
}

func (s *shelf) Put(_ context.Context, id string, content []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[id] = string(content)
	s.puts = append(s.puts, id)
	return nil
}

func (s *shelf) Pages() techdocs.Cache { return nil }

// docsWorld is a world that reads documentation, with the real projection.
type docsWorld struct {
	*world
	rows  *docsrows.Docs
	shelf *shelf
}

func newDocsWorld(t *testing.T) docsWorld {
	t.Helper()
	rows, err := docsrows.Open(t.Context(), filepath.Join(t.TempDir(), "docs.db"))
	if err != nil {
		t.Fatal(err)
	}
	closing(t, rows)
	w := docsWorld{newWorld(t), rows, &shelf{all: map[string]string{}}}
	w.docs = &ingest.DocsOptions{Known: w, Contents: w.shelf}
	w.restart()
	return w
}

// Told implements [ingest.KnownDocs].
func (w docsWorld) Told(ctx context.Context, after eventlog.Position, entity string) (told ingest.DocsTold, err error) {
	at, err := w.rows.Position(ctx)
	if err != nil {
		return told, err
	}
	for rec, err := range w.log.Read(ctx, at) {
		if err != nil {
			return told, err
		}
		if err := w.rows.Apply(ctx, []eventlog.Record{rec}); err != nil {
			return told, err
		}
	}
	s, err := w.rows.Get(ctx, entity, projections.Moment{})
	if fault.KindOf(err) == fault.NotFound {
		return told, nil
	}
	if told.Failed = s.Failure; err != nil || s.Shown == nil {
		return told, err
	}
	p, err := w.rows.Published(ctx, s.Shown.Position)
	told.Published = &p
	return told, err
}

// told says in a line what each event says of documentation.
func toldDocs(t *testing.T, recs []eventlog.Record) []string {
	t.Helper()
	var lines []string
	for _, rec := range recs {
		d, err := rec.Decode()
		if err != nil {
			t.Fatal(err)
		}
		switch d := d.(type) {
		case event.DocsPublished:
			var pages []string
			for _, p := range d.Pages {
				pages = append(pages, p.Source)
			}
			lines = append(lines, fmt.Sprintf("%s: %s in %q, %s, %d broken, by %s", rec.Subject, d.Site, d.Root, strings.Join(pages, " "), d.Broken, rec.Actor.Login))
		case event.DocsFailed:
			lines = append(lines, fmt.Sprintf("%s failed: %s:%d %s, by %s", rec.Subject, d.File, d.Line, d.Message, rec.Actor.Login))
		case event.DocsRemoved:
			lines = append(lines, fmt.Sprintf("%s removed, by %s", rec.Subject, rec.Actor.Login))
		}
	}
	return lines
}

func documented(name, ref string) string {
	return strings.Replace(component(name, "team"), "  name: "+name+"\n", "  name: "+name+"\n  annotations: {backstage.io/techdocs-ref: \""+ref+"\"}\n", 1)
}

func edited(tree files, changes files) files {
	all := maps.Clone(tree)
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_, text string) bool { return text == "-" })
	return all
}

func (w docsWorld) wantDocs(t *testing.T, what string, recs []eventlog.Record, want ...string) {
	t.Helper()
	if got := toldDocs(t, recs); !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func TestDocsOfCommits(t *testing.T) {
	w := newDocsWorld(t)
	tree := files{
		"catalog-info.yaml": documented("pay", "dir:."), "mkdocs.yml": "site_name: Pay\n", "main.go": "package main\n",
		"docs/index.md": "# Pay\n\n[code](../main.go) [lost](lost.md)\n\n![](flow.png)\n", "docs/flow.png": "png",
	}
	first := w.push("pay", "mossbank", tree)
	w.wantDocs(t, "the first commit", first, `component:default/pay: Pay in "", docs/index.md, 1 broken, by mossbank`)
	d, err := event.DecodeAs[event.DocsPublished](first[len(first)-1].Event)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.Linked, []string{"main.go"}) || len(d.Files) != 2 || len(d.Problems) != 1 || d.Problems[0].Line != 3 {
		t.Errorf("linked %v, files %v, problems %v", d.Linked, d.Files, d.Problems)
	}
	for _, f := range d.Files {
		if has, _ := w.shelf.Has(t.Context(), f.Blob); !has {
			t.Errorf("%s is not kept", f.Path)
		}
	}
	if has, _ := w.shelf.Has(t.Context(), digest("package main\n")); has {
		t.Error("a file that is not shown was fetched")
	}

	w.shelf.puts = nil
	tree = edited(tree, files{"main.go": "package main // more\n"})
	w.wantDocs(t, "a commit that touches no docs", w.push("pay", "saltmarsh", tree))
	tree = edited(tree, files{"docs/next.md": "# Next\n"})
	w.wantDocs(t, "a new page", w.push("pay", "saltmarsh", tree), `component:default/pay: Pay in "", docs/index.md docs/next.md, 1 broken, by saltmarsh`)
	if want := []string{digest("# Next\n")}; !slices.Equal(w.shelf.puts, want) {
		t.Errorf("fetched %v, want the new page alone", w.shelf.puts)
	}

	tree = edited(tree, files{"mkdocs.yml": "site_name: Pay\nnav: [\n"})
	broken := w.push("pay", "kestrel", tree)
	if got := toldDocs(t, broken); len(got) != 1 || !strings.HasPrefix(got[0], "component:default/pay failed: mkdocs.yml:2 the file is not YAML") || !strings.HasSuffix(got[0], "by kestrel") {
		t.Errorf("a broken mkdocs.yml: %q", got)
	}
	tree = edited(tree, files{"main.go": "package main\n"})
	w.wantDocs(t, "still broken", w.push("pay", "mossbank", tree))
	w.restart()
	tree = edited(tree, files{"mkdocs.yml": "site_name: Pay\n"})
	w.wantDocs(t, "mended", w.push("pay", "saltmarsh", tree), `component:default/pay: Pay in "", docs/index.md docs/next.md, 1 broken, by saltmarsh`)

	tree = edited(tree, files{"catalog-info.yaml": component("pay", "team")})
	w.wantDocs(t, "without the annotation", w.push("pay", "mossbank", tree), `component:default/pay removed, by mossbank`)
	w.wantDocs(t, "and again", w.push("pay", "mossbank", edited(tree, files{"x": "y"})))
	tree = edited(tree, files{"catalog-info.yaml": "-"})
	w.wantDocs(t, "without the entity", w.push("pay", "mossbank", tree))
}

func TestDocsRoots(t *testing.T) {
	page := files{"svc/docs/index.md": "# Svc\n", "docs/index.md": "# All\n"}
	for _, tt := range []struct{ ref, want string }{
		{"dir:.", `component:default/pay: pay in "svc", docs/index.md, 0 broken, by mossbank`},
		{"dir:./", `component:default/pay: pay in "svc", docs/index.md, 0 broken, by mossbank`},
		{"dir:..", `component:default/pay: pay in "", docs/index.md, 0 broken, by mossbank`},
		{"url:https://git.example/acme/pay/tree/main/svc", `component:default/pay: pay in "svc", docs/index.md, 0 broken, by mossbank`},
		{"url:https://git.example/acme/pay/tree/main/", `component:default/pay: pay in "", docs/index.md, 0 broken, by mossbank`},
		{"dir:../..", "leads out of the repository"},
		{"dir:/etc", "leads out of the repository"},
		{"url:https://git.example/acme/other/tree/main/", "is not this repository"},
		{"gs://bucket", "is neither dir: nor url:"},
		{"dir:nothing", "there is no page"},
	} {
		w := newDocsWorld(t)
		got := toldDocs(t, w.push("pay", "mossbank", edited(page, files{"svc/catalog-info.yaml": documented("pay", tt.ref)})))
		if len(got) != 1 || !strings.Contains(got[0], tt.want) {
			t.Errorf("%s: %q, want %q", tt.ref, got, tt.want)
		}
	}
}

// A forge that fails in the middle leaves nothing half done: what is tried again tells
// it once.
func TestDocsAreTriedAgain(t *testing.T) {
	w := newDocsWorld(t)
	sha := w.forge.push("pay", "mossbank", files{"catalog-info.yaml": documented("pay", "dir:."), "docs/index.md": "# Pay\n\n![](a.png)\n", "docs/a.png": "png"})
	rec := w.delivery("pay", sha)
	w.forge.fail = func(question string) error {
		if question == "blob docs/a.png" {
			return fault.New(fault.Unavailable, "the forge is away")
		}
		return nil
	}
	if err := w.try(rec); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("while the forge is away: %v", err)
	}
	w.forge.fail = func(question string) error {
		if question == "blob docs/a.png" {
			return fault.New(fault.Invalid, "it is too large to be looked at")
		}
		return nil
	}
	again := w.handle(rec)
	w.wantDocs(t, "tried again", again, `component:default/pay: pay in "", docs/index.md, 0 broken, by mossbank`)
	d, err := event.DecodeAs[event.DocsPublished](again[len(again)-1].Event)
	if err != nil || len(d.Files) != 0 || d.Wrong != 1 || d.Problems[0].File != "docs/a.png" {
		t.Errorf("a file that is too large: files %v, problems %v, %v", d.Files, d.Problems, err)
	}
	w.wantDocs(t, "handled once more", w.handle(rec))
	w.forge.fail = func(question string) error {
		if question == "blob docs/index.md" {
			return fault.New(fault.Invalid, "it is too large to be looked at")
		}
		return nil
	}
	w.wantDocs(t, "a page that is too large", w.push("pay", "saltmarsh", files{"catalog-info.yaml": documented("pay", "dir:."), "docs/index.md": "# Pay me\n"}),
		"component:default/pay failed: docs/index.md:1 it is too large to be looked at: make the file smaller, or leave it out with exclude_docs, by saltmarsh")
}

// A page or a snippet that is too large is left out, and told of; the others are shown.
func TestDocsWithoutWhatIsTooLarge(t *testing.T) {
	w := newDocsWorld(t)
	w.forge.fail = func(question string) error {
		if question == "blob docs/log.md" || question == "blob docs/all.txt" {
			return fault.New(fault.Invalid, "it has 12000000 bytes, and files of more than 10485760 are not read")
		}
		return nil
	}
	recs := w.push("pay", "mossbank", files{
		"catalog-info.yaml": documented("pay", "dir:."), "mkdocs.yml": "site_name: Pay\nnav: [index.md, log.md, steps.md]\n",
		"docs/index.md": "# Pay\n\n[log](log.md)\n", "docs/log.md": "# Log\n", "docs/steps.md": "# Steps\n\n--8<-- \"docs/all.txt\"\n", "docs/all.txt": "all",
	})
	w.wantDocs(t, "without what is too large", recs, `component:default/pay: Pay in "", docs/index.md docs/steps.md, 1 broken, by mossbank`)
	d, err := event.DecodeAs[event.DocsPublished](recs[len(recs)-1].Event)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, p := range d.Problems {
		told[p.File] += p.Message + "\n"
	}
	for _, file := range []string{"docs/log.md", "docs/all.txt"} {
		for _, want := range []string{"12000000 bytes", "make the file smaller, or leave it out with exclude_docs"} {
			if !strings.Contains(told[file], want) {
				t.Errorf("of %s it says %q, want %q", file, told[file], want)
			}
		}
	}
	w.forge.fail = nil
	w.wantDocs(t, "smaller now", w.push("pay", "mossbank", files{
		"catalog-info.yaml": documented("pay", "dir:."), "docs/index.md": "# Pay\n\n[log](log.md)\n", "docs/log.md": "# Short\n",
	}), `component:default/pay: pay in "", docs/index.md docs/log.md, 0 broken, by mossbank`)
}

// What was published is enough to make the same site of.
func TestPublishedIsTheSite(t *testing.T) {
	w := newDocsWorld(t)
	tree := files{
		"a/catalog-info.yaml": documented("pay", "dir:."), "a/mkdocs.yml": "docs_dir: handbook\nnav: [index.md, {More: [x/y.md]}]\n",
		"a/handbook/index.md": "# Pay\n\n--8<-- \"part.txt\"\n\n[src](../src/) [readme](../../README.md) [gone](gone.md) [raw](part.txt)\n", "a/handbook/part.txt": "a part",
		"a/handbook/x/y.md": "# Y\n", "a/handbook/orphan.md": "# Orphan\n", "a/src/one.go": "package one", "README.md": "# All",
	}
	recs := w.push("pay", "mossbank", tree)
	d, err := event.DecodeAs[event.DocsPublished](recs[len(recs)-1].Event)
	if err != nil {
		t.Fatal(err)
	}
	if d.Orphans != 1 {
		t.Errorf("%d orphans, want 1", d.Orphans)
	}
	var whole, kept []techdocs.File
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if inner, ok := strings.CutPrefix(name, "a/"); ok {
			whole = append(whole, techdocs.File{Path: inner, Blob: digest(tree[name])})
		}
	}
	for _, p := range d.Pages {
		kept = append(kept, techdocs.File{Path: p.Source, Blob: p.Blob})
	}
	for _, f := range d.Files {
		kept = append(kept, techdocs.File{Path: f.Path, Blob: f.Blob})
	}
	for _, name := range d.Linked {
		kept = append(kept, techdocs.File{Path: name})
	}
	read := func(files []techdocs.File) string {
		t.Helper()
		blobs := map[string]string{}
		for _, f := range files {
			blobs[f.Path] = f.Blob
		}
		site, err := techdocs.Read(t.Context(), techdocs.Tree{Files: files, Read: func(ctx context.Context, name string) ([]byte, error) {
			return w.shelf.Blob(ctx, blobs[name])
		}}, techdocs.Options{Name: d.Site})
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%+v %v\n", site.Nav, site.Problems)
		for _, p := range site.Pages {
			text += fmt.Sprintf("%s %s %s %s %v %s\n", p.Path, p.Title, p.Prev, p.Next, p.Targets, p.Content.Body)
		}
		return text
	}
	if a, b := read(whole), read(kept); a != b {
		t.Errorf("of the tree:\n%s\nof what was published:\n%s", a, b)
	}
}

// Whatever is pushed in whatever order, what is on record is the site of the newest
// commit, or the newest that could be shown; and an event is news.
func TestDocsFollowTheTree(t *testing.T) {
	w := newDocsWorld(t)
	repos := 0
	rapid.Check(t, func(r *rapid.T) {
		repos++
		id := fmt.Sprintf("r%d", repos)
		var shown map[string]string
		before := ""
		for range rapid.IntRange(1, 6).Draw(r, "pushes") {
			tree := files{"catalog-info.yaml": documented(id, "dir:."), "main.go": rapid.StringMatching("[a-z]").Draw(r, "code")}
			now := map[string]string{}
			for _, page := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"index.md", "a.md", "b/c.md"}), rapid.ID[string]).Draw(r, "pages") {
				text := "# " + rapid.SampledFrom([]string{"One", "Two"}).Draw(r, "text") + "\n"
				tree["docs/"+page], now[page] = text, digest(text)
			}
			config := rapid.SampledFrom([]string{"", "site_name: A\n", "nav: [\n"}).Draw(r, "mkdocs.yml")
			if config != "" {
				tree["mkdocs.yml"] = config
			}
			told := toldDocs(t, w.push(id, "mossbank", tree))
			failing := config == "nav: [\n" || len(now) == 0
			if !failing {
				shown = now
			}
			state, err := w.Told(t.Context(), 0, "component:default/"+id)
			if err != nil || (state.Failed != nil) != failing || (state.Published != nil) != (shown != nil) {
				r.Fatalf("of %v: %+v, %v", tree, state, err)
			}
			got := map[string]string{}
			if state.Published != nil {
				for _, page := range state.Published.Pages {
					got[page.Path] = page.Blob
				}
			}
			if !maps.Equal(got, shown) {
				r.Fatalf("of %v: %v is shown, want %v", tree, got, shown)
			}
			key := fmt.Sprint(config, now)
			switch {
			case config == "nav: [\n":
				key = "it cannot be read"
			case failing:
				key = "there are no pages"
			}
			if (len(told) == 0) != (key == before) || len(told) > 1 {
				r.Fatalf("of %v, after %q: told %q", tree, before, told)
			}
			before = key
		}
	})
}

// Contents that were lost come back with the next push, and that is no news.
func TestLostContentsComeBack(t *testing.T) {
	w := newDocsWorld(t)
	tree := files{"catalog-info.yaml": documented("pay", "dir:."), "docs/index.md": "# Pay\n", "docs/a.png": "png"}
	w.push("pay", "mossbank", tree)
	kept := maps.Clone(w.shelf.all)
	clear(w.shelf.all)
	w.wantDocs(t, "a push after that", w.push("pay", "mossbank", edited(tree, files{"main.go": "package main\n"})))
	if !maps.Equal(w.shelf.all, kept) {
		t.Errorf("kept again: %v, want %v", w.shelf.all, kept)
	}
}
