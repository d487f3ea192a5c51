package web_test

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/callboard/callboard/web/static"
)

// A page of documentation comes in less than 60 KB with all that it loads but the custom
// elements, compressed as fast as can be.
func TestDocsWeight(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "techdocs.md")) // a long one
	if err != nil {
		t.Fatal(err)
	}
	s := newShelf(t)
	s.publish(apiRef, "mossbank", 48, map[string]string{"docs/index.md": string(text)})
	p := acme(t, s.config)
	page := p.ok(apiDocs)
	total := compressed(t, page.body)
	loaded := []string{static.URL("icons.svg")}
	for _, n := range page.all("link[href], script[src]") {
		if at := attr(n, "href") + attr(n, "src"); at != static.Element("docs") {
			loaded = append(loaded, at)
		}
	}
	for _, at := range loaded {
		total += compressed(t, p.ok(at).body)
	}
	if len(loaded) != 5 || total > 60<<10 {
		t.Errorf("%d bytes, of the page and of %q", total, loaded)
	}
}

// compressed is how many bytes of a text go over the wire.
func compressed(t *testing.T, text string) (n length) {
	t.Helper()
	w, err := gzip.NewWriterLevel(&n, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}

type length int

func (c *length) Write(b []byte) (int, error) {
	*c += length(len(b))
	return len(b), nil
}
