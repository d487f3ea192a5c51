package static_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/callboard/callboard/web/static"
)

func get(url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	return w
}

func TestFiles(t *testing.T) {
	for name, mediaType := range map[string]string{
		"callboard.css": "text/css; charset=utf-8",
		"docs.css":      "text/css; charset=utf-8",
		"portal.js":     "text/javascript; charset=utf-8",
		"icons.svg":     "image/svg+xml",
		"mark.svg":      "image/svg+xml",
	} {
		t.Run(name, func(t *testing.T) {
			url := static.URL(name)
			w := get(url)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != mediaType || w.Body.Len() == 0 {
				t.Fatalf("%s: %d, %s, %d bytes", url, w.Code, w.Header().Get("Content-Type"), w.Body.Len())
			}
			if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
				t.Errorf("Cache-Control of its own address is %q; it can be kept for ever", got)
			}
			etag := w.Header().Get("ETag")
			if got := get(url, "If-None-Match", etag); got.Code != http.StatusNotModified || got.Body.Len() != 0 {
				t.Errorf("asked again with %s: %d and %d bytes, want 304 without any", etag, got.Code, got.Body.Len())
			}
			for _, other := range []string{static.Prefix + name, static.Prefix + name + "?v=older"} {
				if got := get(other).Header().Get("Cache-Control"); got != "no-cache" {
					t.Errorf("Cache-Control of %s is %q; what it names may change", other, got)
				}
			}
		})
	}
}

func TestNoOtherFiles(t *testing.T) {
	for _, path := range []string{"/static/", "/static/static.go", "/static/../web.go", "/static/x/callboard.css", "/static/callboard.css/", "/static/elements/", "/static/elements/.gitignore", "/static/graph.js"} {
		if w := get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
}

// The elements are built or they are not; an address is given for what is there only.
func TestElements(t *testing.T) {
	if got := static.Element("nothing"); got != "" {
		t.Errorf("an element that nobody wrote is at %s", got)
	}
	for _, name := range []string{"graph", "palette", "docs"} {
		url := static.Element(name)
		if url == "" {
			t.Skip("SKIPPED: the elements were not built; run make elements")
		}
		w := get(url)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %s", url, w.Code, w.Header())
		}
		if !strings.Contains(w.Body.String(), "cb-"+name) {
			t.Errorf("%s does not define cb-%s", url, name)
		}
	}
}

// What an element loads when it needs it has a name that says its content.
func TestChunks(t *testing.T) {
	url := static.Element("mermaid")
	if url == "" {
		t.Skip("SKIPPED: the elements were not built; run make elements")
	}
	chunk := regexp.MustCompile(`chunks/[\w-]+\.js`).FindString(get(url).Body.String())
	w := get(static.Prefix + "elements/" + chunk)
	if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%q: %d, %s", chunk, w.Code, w.Header())
	}
}

func TestURLOfNoFile(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a page that asks for a file that is not there goes on without it")
		}
	}()
	static.URL("nothing.css")
}

// The pages draw icons by name; a name that the sprite lacks draws nothing.
func TestSpriteHasLevels(t *testing.T) {
	sprite := get(static.URL("icons.svg")).Body.String()
	for _, id := range []string{"mark", "lvl-none", "lvl-bronze", "lvl-silver", "lvl-gold", "i-theme"} {
		if !strings.Contains(sprite, `id="`+id+`"`) {
			t.Errorf("the sprite has no %s", id)
		}
	}
}
