// Package static holds the files that pages load: one stylesheet, another for
// what Markdown becomes, one sprite of icons, one script, and the custom elements. They are part of the binary.
//
// The custom elements are built from web/elements with npm and may be missing
// ([Element]): a page is complete without them.
//
// A file's address ([URL]) names its content, so a browser may keep it for
// ever: new content has another address.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// Prefix is the path below which [Handler] is to be mounted.
const Prefix = "/static/"

//go:embed callboard.css docs.css icons.svg mark.svg portal.js
//go:embed all:elements
var files embed.FS

// elements is the folder of the custom elements, in files and below [Prefix]; chunks is
// that of what they load when they need it, in files whose names say their content.
const (
	elements = "elements/"
	chunks   = elements + "chunks/"
)

// assets is filled once, from what is compiled in, and never written to again.
var assets = load()

type asset struct {
	content   []byte
	mediaType string
	version   string
	url       string
}

func load() map[string]asset {
	all := map[string]asset{}
	err := fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path.Base(name) == ".gitignore" {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		version := base64.RawURLEncoding.EncodeToString(sum[:6])
		all[name] = asset{content, mediaType(name), version, Prefix + name + "?v=" + version}
		return nil
	})
	if err != nil {
		panic(err) // an embedded folder always reads
	}
	return all
}

// mediaType is said here rather than asked of the system, whose table may differ.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return "application/octet-stream"
	}
}

// URL returns the address of a file with this content. It panics for a name
// that is not there: only pages that cannot work ask for one.
func URL(name string) string {
	a, ok := assets[name]
	if !ok {
		panic(fmt.Sprintf("static: there is no file %q", name))
	}
	return a.url
}

// Element returns the address of the script of a custom element, a module; ""
// if the elements were not built.
func Element(name string) string { return assets[elements+name+".js"].url }

// Handler serves the files below [Prefix].
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, Prefix)
		a, ok := assets[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.mediaType)
		h.Set("ETag", `"`+a.version+`"`)
		h.Set("Cache-Control", "no-cache")
		if r.URL.Query().Get("v") == a.version || strings.HasPrefix(name, chunks) {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(a.content))
	})
}
