package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/tree"
)

// sealedPortal is an API over a log of which the first events are under two seals.
func sealedPortal(t *testing.T, sealed bool) (log *eventlogtest.Memory, key proof.Key, ask func(path string) (int, string)) {
	t.Helper()
	log = eventlogtest.NewMemory()
	secret, err := proof.NewKey("acme-callboard")
	if err != nil {
		t.Fatal(err)
	}
	if key, err = proof.ParseKey(secret); err != nil {
		t.Fatal(err)
	}
	hashes, err := tree.Open(t.Context(), filepath.Join(t.TempDir(), "proof.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hashes.Close() })
	runner := projections.NewRunner(log, slog.New(slog.DiscardHandler), hashes)
	sealer := proof.Sealer{Log: log, Tree: hashes, Key: key, Wait: func(ctx context.Context, _ eventlog.Position) error { return runner.CatchUp(ctx) }}
	for i := range 6 {
		if _, err := log.Append(t.Context(), eventlogtest.Event(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		if sealed && i%2 == 1 && i < 4 {
			if err := sealer.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := runner.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	api.New(api.Config{Catalog: entities.New().Snapshot, Proofs: hashes, PublicKey: key.Public(), Records: log, Logger: slog.New(slog.DiscardHandler)}).Register(e)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return log, key, func(path string) (int, string) {
		t.Helper()
		resp, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
}

// Somebody who has the key and nothing else checks what the API says.
func TestProofsOverHTTP(t *testing.T) {
	log, key, ask := sealedPortal(t, true)
	records := eventlogtest.ReadAll(t, log, 0) // 1 2 seal 4 5 seal 7 8
	_, text := ask("/api/history/key")
	if strings.TrimSpace(text) != key.Public() {
		t.Fatalf("the key is %q", text)
	}
	public, err := proof.ParsePublic(text)
	if err != nil {
		t.Fatal(err)
	}
	for p := 1; p <= 5; p++ {
		status, body := ask(fmt.Sprintf("/api/history/proof?position=%d", p))
		var got struct {
			Position   eventlog.Position
			Leaf, Root proof.Hash
			Path       []proof.Hash
			Seal       struct {
				Position eventlog.Position
				Size     uint64
				Note     string
			}
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK {
			t.Fatalf("%d, %v: %s", status, err, body)
		}
		head, _, err := public.ReadHead(got.Seal.Note)
		if err != nil || head.Size != 5 || got.Seal.Position != 6 || got.Seal.Size != 5 {
			t.Errorf("event %d is proved by %v, %v; want the newest seal, event 6", p, got.Seal, err)
		}
		inclusion := proof.Inclusion{Position: eventlog.Position(p), Leaf: proof.Leaf(records[p-1]), Seal: proof.Seal{Head: head}, Path: got.Path}
		if err := inclusion.Check(); err != nil || got.Leaf != inclusion.Leaf {
			t.Errorf("event %d: %v", p, err)
		}
	}
	_, first := ask("/api/history/proof?position=1&seal=3")
	if !strings.Contains(first, `"seal":{"position":3,"size":2,`) {
		t.Errorf("by an older seal: %s", first)
	}
	_, body := ask("/api/history/proof/consistency?from=2")
	var got proof.Consistency
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if err := got.Check(); err != nil || got.From != 2 || got.To != 5 {
		t.Errorf("%+v: %v", got, err)
	}
	_, note := ask("/api/history/seal")
	if head, _, err := public.ReadHead(note); err != nil || head.Root != got.ToRoot {
		t.Errorf("the newest seal: %v, %v", head, err)
	}
	for path, want := range map[string]int{
		"/api/history/proof?position=6":                    http.StatusNotFound, // not under seal yet
		"/api/history/proof?position=99":                   http.StatusNotFound,
		"/api/history/proof":                               http.StatusNotFound,
		"/api/history/proof?position=x":                    http.StatusBadRequest,
		"/api/history/proof?position=1&seal=4":             http.StatusNotFound,
		"/api/history/proof/consistency?from=5&to=2":       http.StatusBadRequest,
		"/api/history/proof/consistency?from=1&to=1000":    http.StatusBadRequest,
		"/api/history/proof/consistency":                   http.StatusBadRequest,
		"/api/history/records?after=x":                     http.StatusBadRequest,
		"/api/history/proof/consistency?from=1&to=8":       http.StatusOK,
		"/api/history/proof/consistency?from=8&to=8":       http.StatusOK,
		"/api/history/proof/consistency?from=-1&to=8":      http.StatusBadRequest,
		"/api/history/proof?position=18446744073709551615": http.StatusBadRequest,
	} {
		if status, body := ask(path); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
	}
}

func TestNothingIsUnderSealYet(t *testing.T) {
	_, _, ask := sealedPortal(t, false)
	for _, path := range []string{"/api/history/seal", "/api/history/proof?position=1"} {
		if status, body := ask(path); status != http.StatusNotFound || !strings.Contains(body, "seal") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _ := ask("/api/history/proof/consistency?from=1"); status != http.StatusBadRequest {
		t.Errorf("from a size to no seal: %d", status)
	}
}

// The lines are what the leaves are hashes of, page by page.
func TestRecordsOverHTTP(t *testing.T) {
	log, _, ask := sealedPortal(t, true)
	for i := range 1500 {
		if _, err := log.Append(t.Context(), eventlogtest.Event(fmt.Sprint("more ", i))); err != nil {
			t.Fatal(err)
		}
	}
	var got, want []proof.Hash
	for _, rec := range eventlogtest.ReadAll(t, log, 0) {
		want = append(want, proof.Leaf(rec))
	}
	for pages := 0; ; pages++ {
		status, body := ask(fmt.Sprint("/api/history/records?after=", len(got)))
		if status != http.StatusOK || pages > 2 {
			t.Fatalf("page %d: %d, %d of %d records", pages, status, len(got), len(want))
		}
		if body == "" {
			break
		}
		for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
			got = append(got, proof.LeafOf(lines.Bytes()))
		}
	}
	if !slices.Equal(want, got) {
		t.Errorf("%d lines, want those of %d records", len(got), len(want))
	}
}
