// Package static holds the files that pages load: one stylesheet, one sprite of
// icons, one script. They are part of the binary.
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
	"net/http"
	"path"
	"time"
)

// Prefix is the path below which [Handler] is to be mounted.
const Prefix = "/static/"

//go:embed callboard.css icons.svg mark.svg portal.js
var files embed.FS

// assets is filled once, from what is compiled in, and never written to again.
var assets = load()

type asset struct {
	content   []byte
	mediaType string
	version   string
	url       string
}

func load() map[string]asset {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // an embedded folder always reads
	}
	all := make(map[string]asset, len(entries))
	for _, e := range entries {
		content, err := files.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(content)
		version := base64.RawURLEncoding.EncodeToString(sum[:6])
		all[e.Name()] = asset{content, mediaType(e.Name()), version, Prefix + e.Name() + "?v=" + version}
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

// Handler serves the files below [Prefix].
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		a, ok := assets[name]
		if !ok || r.URL.Path != Prefix+name {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.mediaType)
		h.Set("ETag", `"`+a.version+`"`)
		h.Set("Cache-Control", "no-cache")
		if r.URL.Query().Get("v") == a.version {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(a.content))
	})
}
