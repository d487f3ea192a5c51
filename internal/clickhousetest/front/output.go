//go:build linux || darwin

package main

import (
	"compress/gzip"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
)

// output writes a response: plain, with gzip or in ClickHouse's compressed frames,
// and errors in the form that fits how far the response has come.
type output struct {
	w       http.ResponseWriter
	query   url.Values
	gzip    bool
	zipped  *gzip.Writer
	framed  *compress.Writer
	tag     string
	started bool
}

func (o *output) start(status int) {
	o.started = true
	h := o.w.Header()
	switch {
	case o.query.Get("compress") == "1":
		method := compress.LZ4
		if strings.EqualFold(o.query.Get("network_compression_method"), "zstd") {
			method = compress.ZSTD
		}
		o.framed = compress.NewWriter(compress.LevelZero, method)
	case o.gzip:
		h.Set("Content-Encoding", "gzip")
		o.zipped = gzip.NewWriter(o.w)
	}
	if status == http.StatusOK {
		var tag [8]byte
		_, _ = rand.Read(tag[:])
		o.tag = hex.EncodeToString(tag[:])
		h.Set("X-ClickHouse-Exception-Tag", o.tag)
	}
	o.w.WriteHeader(status)
}

func (o *output) emit(b []byte) error {
	if !o.started {
		o.start(http.StatusOK)
	}
	switch {
	case o.framed != nil:
		for len(b) > 0 {
			n := min(len(b), 1<<20)
			if err := o.framed.Compress(b[:n]); err != nil {
				return err
			}
			if _, err := o.w.Write(o.framed.Data); err != nil {
				return err
			}
			b = b[n:]
		}
		return nil
	case o.zipped != nil:
		_, err := o.zipped.Write(b)
		return err
	default:
		_, err := o.w.Write(b)
		return err
	}
}

func (o *output) fail(err error) {
	message, number := failure(err)
	if o.started { // with 200, so that the error follows as a block of its own
		_ = o.emit(fmt.Appendf(nil, "\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n", o.tag, message, len(message)+1, o.tag))
		return
	}
	o.w.Header().Set("X-ClickHouse-Exception-Code", number)
	o.start(statusOf(number))
	_ = o.emit([]byte(message))
}

func (o *output) close() {
	if !o.started {
		o.w.Header().Set("Content-Length", "0")
		o.w.WriteHeader(http.StatusOK)
	}
	if o.zipped != nil {
		_ = o.zipped.Close()
	}
}
