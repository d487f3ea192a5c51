package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/callboard/callboard/internal/config"
)

// What no route answers is answered all the same, compressed or not.
func TestErrorsOutsideOfRoutes(t *testing.T) {
	p := runPortal(t, config.Default())
	token, err := loadToken(p.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, encoding string, body io.Reader) (int, http.Header) {
		r, err := http.NewRequestWithContext(t.Context(), method, p.url()+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept-Encoding", encoding)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatalf("%s %s, %s: %v", method, path, encoding, err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Header
	}
	const json = "application/problem+json"
	for _, encoding := range []string{"identity", "gzip"} {
		for _, c := range []struct {
			method, path string
			body         io.Reader
			ready        bool
			status       int
			contentType  string
		}{
			{"GET", "/api/nothing", http.NoBody, true, http.StatusNotFound, json},
			{"GET", "/nothing", http.NoBody, true, http.StatusNotFound, ""},
			{"POST", "/api/deliveries/x/replay", strings.NewReader(strings.Repeat("x", 2<<20)), true, http.StatusRequestEntityTooLarge, json},
			{"GET", "/api/sources", http.NoBody, false, http.StatusServiceUnavailable, json},
			{"GET", "/api/catalog/entities", http.NoBody, false, http.StatusServiceUnavailable, ""},
		} {
			p.ready.Store(c.ready)
			status, header := ask(c.method, c.path, encoding, c.body)
			if status != c.status || c.contentType != "" && header.Get("Content-Type") != c.contentType {
				t.Errorf("%s %s, %s: %d %s, want %d", c.method, c.path, encoding, status, header.Get("Content-Type"), c.status)
			}
		}
	}
}
