package store_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callboard/callboard/techdocs"
	"github.com/callboard/callboard/techdocs/store"
)

// BenchmarkSite makes a site of 500 pages that were rendered before: what a commit costs
// that touches no docs.
func BenchmarkSite(b *testing.B) {
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "docs-contents.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var files []techdocs.File
	for i := range 500 {
		text := fmt.Sprintf("# Page %d\n\n%s\n\n[next](page-%d.md)\n", i, strings.Repeat("Some words about payments. ", 100), (i+1)%500)
		if err := s.Put(b.Context(), blob(text), []byte(text)); err != nil {
			b.Fatal(err)
		}
		files = append(files, techdocs.File{Path: fmt.Sprintf("docs/page-%d.md", i), Blob: blob(text)})
	}
	n := 0
	for b.Loop() {
		n++ // another name is another site, of the same pages
		if _, err := s.Site(b.Context(), fmt.Sprint("site ", n), files); err != nil {
			b.Fatal(err)
		}
	}
}
