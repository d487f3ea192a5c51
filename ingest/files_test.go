package ingest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
)

// filesText says in short what changed: "= " before a whole list, "+" what came, "-"
// what went, "~" what has another content, with the text where that was read.
func filesText(t tester, value json.RawMessage) string {
	t.Helper()
	var c event.FilesChanged
	if err := json.Unmarshal(value, &c); err != nil {
		t.Fatalf("%v", err)
	}
	var all []string
	if c.Whole {
		all = append(all, "=")
	}
	if c.TooMany > 0 {
		all = append(all, fmt.Sprintf("of %d", c.TooMany))
	}
	for _, file := range c.Added {
		all = append(all, "+"+file)
	}
	for _, file := range c.Removed {
		all = append(all, "-"+file)
	}
	for _, file := range slices.Sorted(maps.Keys(c.Contents)) {
		if content := c.Contents[file]; content.Read {
			all = append(all, fmt.Sprintf("~%s:%s%s", file, content.Text, content.Problem))
		} else if !slices.Contains(c.Added, file) {
			all = append(all, "~"+file)
		}
	}
	return strings.Join(all, " ")
}

// What is looked at is on record with its content, and only that; who changed what in
// a push of several commits is told of what people ask for.
func TestFiles(t *testing.T) {
	w := newObservingWorld(t)
	w.named = []string{"renovate.json", "big.txt", "picture.png"}
	w.restart()
	tree := files{yaml: component("x", "a"), "README.md": "Read", "main.go": "one", "renovate.json": "{}", "mkdocs.yml": "site_name: x", "docs/index.md": "Docs"}
	w.push("payments", "pebbledash", tree)

	step := func(change files, gone ...string) {
		tree = maps.Clone(tree)
		maps.Copy(tree, change)
		for _, file := range gone {
			delete(tree, file)
		}
	}
	step(files{"main.go": "two", "README.md": "Read more"})
	expect(t, w.lines(w.push("payments", "pebbledash", tree))) // nobody asks what is in these
	step(files{"renovate.json": `{"extends": []}`})
	expect(t, w.lines(w.push("payments", "pebbledash", tree)), `files ~renovate.json:{"extends": []}`)
	step(files{"docs/index.md": "More docs", "LICENSE": "This is free and unencumbered software released into the public domain"})
	expect(t, w.lines(w.push("payments", "pebbledash", tree)), "files +LICENSE ~docs/index.md")
	step(files{"big.txt": strings.Repeat("x", 70<<10), "picture.png": "\xff\xfe"})
	expect(t, w.lines(w.push("payments", "pebbledash", tree)), "files +big.txt +picture.png ~big.txt:it has more than 64 KiB ~picture.png:it is no text")

	// Two commits in one push: each has what it did.
	step(nil, "README.md")
	first := w.forge.push("payments", "saltmarsh", tree)
	step(files{"CODEOWNERS": "* @a", "new.go": "x"})
	recs := w.push("payments", "kestrel-7", tree)
	expect(t, w.lines(recs), "files -README.md", "files +CODEOWNERS +new.go")
	if by := recs[0]; by.Actor.Login != "saltmarsh" || by.Cause.Commit != first {
		t.Errorf("README.md was removed by %s in %s", by.Actor.Login, by.Cause.Commit)
	}
	if by := recs[1].Actor.Login; by != "kestrel-7" {
		t.Errorf("CODEOWNERS was added by %s", by)
	}
}

// Too many files are not listed: only what is looked at is told. It costs nothing when
// something else changes.
func TestTooManyFiles(t *testing.T) {
	w := newObservingWorld(t)
	w.named = []string{"renovate.json"}
	w.restart()
	tree := files{"renovate.json": "{}"}
	for i := range 10_000 {
		tree[fmt.Sprintf("src/%05d.go", i)] = "x"
	}
	expect(t, w.lines(w.push("huge", "pebbledash", tree)), "repository.observed acme/huge ", "files = of 10001 +renovate.json ~renovate.json:{}")
	tree = maps.Clone(tree)
	tree["src/more.go"] = "x"
	expect(t, w.lines(w.push("huge", "pebbledash", tree)))
	tree = maps.Clone(tree)
	delete(tree, "renovate.json")
	expect(t, w.lines(w.push("huge", "pebbledash", tree)), "files of 10001 -renovate.json")
	expect(t, w.lines(w.push("huge", "pebbledash", files{"main.go": "x"})), "files = +main.go")
}

// Whatever is pushed, what was told adds up to the tree, and to what is on record.
func TestFilesAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newObservingWorld(t)
		w.named = []string{"a.json"}
		w.restart()
		var told event.Files
		var tree files
		for range rapid.IntRange(1, 6).Draw(rt, "pushes") {
			tree = files{}
			for _, file := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a.json", "b", "docs/x.md", "mkdocs.yml", "sub/mkdocs.yml", "sub/docs/y.md", "LICENSE"}), rapid.ID).Draw(rt, "files") {
				tree[file] = rapid.SampledFrom([]string{"one", "two"}).Draw(rt, "content")
			}
			for _, rec := range w.push("payments", "pebbledash", tree) {
				d, err := event.DecodeAs[event.FactRecorded](rec.Event)
				if err != nil || d.Fact != event.FactFiles {
					continue
				}
				var c event.FilesChanged
				if err := json.Unmarshal(d.Value, &c); err != nil {
					rt.Fatal(err)
				}
				told = told.Apply(c)
			}
			if diff := cmp.Diff(slices.Sorted(maps.Keys(tree)), append([]string(nil), told.Paths...)); diff != "" {
				rt.Fatalf("(-tree +told):\n%s", diff)
			}
			for file, content := range told.Contents {
				if text, ok := tree[file]; !ok || content.Blob != digest(text) || file == "a.json" && content.Text != text {
					rt.Fatalf("%s is told to be %+v, and is %q", file, content, text)
				}
			}
			value, err := w.known.Fact(context.Background(), 0, "github", "payments", event.FactFiles)
			if err != nil {
				rt.Fatal(err)
			}
			var kept event.Files
			if err := json.Unmarshal(value, &kept); err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(told, kept, cmp.Transformer("m", func(m map[string]event.Content) map[string]event.Content {
				if len(m) == 0 {
					return nil
				}
				return m
			}), cmp.Transformer("p", func(p []string) string { return strings.Join(p, "\n") })); diff != "" {
				rt.Fatalf("(-told +kept):\n%s", diff)
			}
		}
	})
}
