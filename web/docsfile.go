package web

import (
	"bytes"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/techdocs"
)

// shownFile is a file that a browser may show, such as an image.
type shownFile struct {
	etag    string
	content []byte
	typ     string
	keep    bool // it is to be kept, not shown
}

func newShownFile(name, blob string, content []byte) *shownFile {
	typ, shown := techdocs.FileType(name)
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
