package techdocs_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/callboard/callboard/techdocs"
	"github.com/callboard/callboard/techdocs/markdown"
)

// manual has the pages of Callboard's own manual, decisions included.
func manual(b *testing.B) map[string][]byte {
	b.Helper()
	pages := map[string][]byte{}
	for _, pattern := range []string{"../docs/*.md", "../docs/adr/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			b.Fatal(names, err)
		}
		for _, name := range names {
			if filepath.Base(name) == "README.md" {
				continue // gives way to the index.md of its folder
			}
			if pages[name], err = os.ReadFile(name); err != nil {
				b.Fatal(err)
			}
		}
	}
	return pages
}

// Pages of the manual, one after another on one processor.
func BenchmarkRender(b *testing.B) {
	pages, size := manual(b), 0
	r := markdown.New(markdown.Dialect{})
	for b.Loop() {
		size = 0
		for name, text := range pages {
			size += len(text)
			if d := r.Render(name, text, nil); d.Refused {
				b.Fatal(d.Problems)
			}
		}
	}
	b.SetBytes(int64(size))
	b.ReportMetric(float64(b.N*len(pages))/b.Elapsed().Seconds(), "pages/s")
	b.ReportMetric(float64(size)/float64(len(pages)), "B/page")
}

// A site of 1,000 pages: all new, and after a push that changed one.
func BenchmarkSite(b *testing.B) {
	pages := manual(b)
	tree := techdocs.Tree{}
	texts := map[string][]byte{}
	for i := 0; len(texts) < 1000; i++ {
		for name, text := range pages {
			p := fmt.Sprintf("docs/part%d/%s", i, filepath.Base(name))
			if _, ok := texts[p]; !ok && len(texts) < 1000 {
				texts[p] = text
				tree.Files = append(tree.Files, techdocs.File{Path: p, Blob: filepath.Base(name)})
			}
		}
	}
	tree.Read = func(_ context.Context, p string) ([]byte, error) { return bytes.Clone(texts[p]), nil }
	read := func(b *testing.B, o techdocs.Options) {
		b.Helper()
		s, err := techdocs.Read(b.Context(), tree, o)
		if err != nil || len(s.Pages) != 1000 {
			b.Fatal(err, len(s.Pages))
		}
	}
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			read(b, techdocs.Options{})
		}
	})
	b.Run("memory", func(b *testing.B) { // that a site takes while it is kept
		var before, after runtime.MemStats
		for b.Loop() {
			runtime.GC()
			runtime.ReadMemStats(&before)
			s, err := techdocs.Read(b.Context(), tree, techdocs.Options{})
			if err != nil {
				b.Fatal(err)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/float64(len(s.Pages)), "B/page")
		}
	})
	b.Run("one changed", func(b *testing.B) {
		cache := &store{map[string]*techdocs.Content{}}
		read(b, techdocs.Options{Cache: cache})
		for i := 0; b.Loop(); i++ {
			tree.Files[500].Blob = fmt.Sprint("changed", i)
			read(b, techdocs.Options{Cache: cache})
		}
	})
}

// The pages that take longest of all within the limits.
func BenchmarkWorst(b *testing.B) {
	fill := func(s string) []byte { return bytes.Repeat([]byte(s), (markdown.MaxPage-1)/len(s)) }
	line := func(s string, n int) string { return string(bytes.Repeat([]byte(s), n)) + "\n\n" }
	for name, page := range map[string][]byte{
		"text":     fill("all work and no play makes a dull page\n\n"),
		"stars":    fill(line("*a ", 1990)),
		"brackets": fill(line("[", 1990)),
		"links":    fill("[a](b)\n\n"),
		"lists":    fill("- a\n"),
		"perl":     []byte("```perl\n" + string(bytes.Repeat([]byte(line("s{a{", 900)), 60)) + "```\n"),
	} {
		b.Run(name, func(b *testing.B) {
			r := markdown.New(markdown.Dialect{})
			b.SetBytes(int64(len(page)))
			b.ReportAllocs()
			for b.Loop() {
				r.Render("x.md", page, nil)
			}
		})
	}
}
