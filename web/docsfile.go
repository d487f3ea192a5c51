package web

import (
	"bytes"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// shownFile is a file that a browser may show, such as an image.
type shownFile struct {
	etag    string
	content []byte
	typ     string
	keep    bool // it is to be kept, not shown
}

// fileTypes are the types that files of documentation are served with. All that is not
// here, HTML and scripts above all, is bytes to keep.
func fileTypes(name string) (typ string, shown bool) {
	switch strings.ToLower(path.Ext(name)) {
	case ".png":
		return "image/png", true
	case ".jpg", ".jpeg":
		return "image/jpeg", true
	case ".gif":
		return "image/gif", true
	case ".webp":
		return "image/webp", true
	case ".avif":
		return "image/avif", true
	case ".ico":
		return "image/x-icon", true
	case ".svg":
		return "image/svg+xml", true
	case ".mp4":
		return "video/mp4", true
	case ".webm":
		return "video/webm", true
	case ".mp3":
		return "audio/mpeg", true
	case ".ogg":
		return "audio/ogg", true
	case ".txt", ".json", ".yaml", ".yml", ".toml", ".csv", ".log", ".puml", ".mmd":
		return "text/plain; charset=utf-8", true
	case ".pdf":
		return "application/pdf", false
	}
	return "application/octet-stream", false
}

func newShownFile(name, blob string, content []byte) *shownFile {
	typ, shown := fileTypes(name)
	return &shownFile{etag: `"` + blob + `"`, content: content, typ: typ, keep: !shown}
}

// write sends the file. Nothing in it runs, wherever it is opened: an SVG is a document
// that may hold scripts.
func (f *shownFile) write(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Content-Type", f.typ)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", f.etag)
	if f.keep {
		h.Set("Content-Disposition", "attachment")
	}
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(f.content))
	return nil
}
