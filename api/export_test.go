package api_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// A table says what an event undoes, as the other forms do.
func TestExportedExtensions(t *testing.T) {
	s := past(t)
	get := func(format string) []byte {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/history/export?format="+format, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v: %s", format, resp.StatusCode, err, b)
		}
		return b
	}
	rows, err := csv.NewReader(bytes.NewReader(get("csv"))).ReadAll()
	if err != nil || len(rows) != 7 {
		t.Fatalf("%d lines, %v", len(rows), err)
	}
	i := slices.Index(rows[0], "extensions")
	if i < 0 || rows[5][i] != "{}" || rows[6][i] != `{"undoes":"event-5"}` {
		t.Errorf("CSV: %q", rows)
	}
	file := get("parquet")
	type row struct {
		Position   uint64 `parquet:"position"`
		Extensions string `parquet:"extensions"`
	}
	all, err := parquet.Read[row](bytes.NewReader(file), int64(len(file)))
	if err != nil || len(all) != 6 || all[4].Extensions != "{}" || all[5].Extensions != `{"undoes":"event-5"}` {
		t.Errorf("Parquet: %+v, %v", all, err)
	}
}

// HEAD has the head of what GET answers, also of what has no end, or is not there.
func TestHead(t *testing.T) {
	s := past(t)
	ask := func(method, path string) (*http.Response, []byte) {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if path == "/api/history/feed" && method == http.MethodGet {
			return resp, nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, b
	}
	for _, path := range []string{"/api/history/events", "/api/history/feed", "/api/history/export?format=csv", "/api/catalog/entities", "/api/history/events/99", "/api/openapi.yaml", "/healthz"} {
		got, _ := ask(http.MethodGet, path)
		head, body := ask(http.MethodHead, path)
		if head.StatusCode != got.StatusCode || head.Header.Get("Content-Type") != got.Header.Get("Content-Type") || len(body) > 0 {
			t.Errorf("%s: HEAD is %s, %s, with %d bytes; GET is %s, %s", path, head.Status, head.Header.Get("Content-Type"), len(body), got.Status, got.Header.Get("Content-Type"))
		}
	}
}
