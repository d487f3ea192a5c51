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
	ask := func(method, path, encoding, accept string, body io.Reader) (int, http.Header) {
		r, err := http.NewRequestWithContext(t.Context(), method, p.url()+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept-Encoding", encoding)
		r.Header.Set("Accept", accept)
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatalf("%s %s, %s: %v", method, path, encoding, err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Header
	}
	const json, page = "application/problem+json", "text/html; charset=UTF-8"
	large := func() io.Reader { return strings.NewReader("card=" + strings.Repeat("x", 2<<20)) }
	unsized := func() io.Reader { return io.MultiReader(large()) } // its length is not said before
	for _, encoding := range []string{"identity", "gzip"} {
		for _, c := range []struct {
			method, path string
			accept       string
			body         io.Reader
			ready        bool
			status       int
			contentType  string
		}{
			{"GET", "/api/nothing", "*/*", http.NoBody, true, http.StatusNotFound, json},
			{"GET", "/nothing", "*/*", http.NoBody, true, http.StatusNotFound, ""},
			{"POST", "/api/deliveries/x/replay", "*/*", large(), true, http.StatusRequestEntityTooLarge, json},
			{"POST", "/scorecards/new", "*/*", large(), true, http.StatusRequestEntityTooLarge, json},
			{"POST", "/scorecards/new", "text/html,application/xhtml+xml", large(), true, http.StatusRequestEntityTooLarge, page},
			{"POST", "/scorecards/new", "text/html", unsized(), true, http.StatusRequestEntityTooLarge, page},
			{"POST", "/sources/dismiss", "text/html", unsized(), true, http.StatusRequestEntityTooLarge, page},
			{"GET", "/api/sources", "*/*", http.NoBody, false, http.StatusServiceUnavailable, json},
			{"GET", "/api/catalog/entities", "*/*", http.NoBody, false, http.StatusServiceUnavailable, ""},
		} {
			p.ready.Store(c.ready)
			status, header := ask(c.method, c.path, encoding, c.accept, c.body)
			if status != c.status || c.contentType != "" && header.Get("Content-Type") != c.contentType {
				t.Errorf("%s %s for %s, %s: %d %s, want %d", c.method, c.path, c.accept, encoding, status, header.Get("Content-Type"), c.status)
			}
		}
	}
}
