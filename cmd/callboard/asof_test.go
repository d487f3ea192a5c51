package main

import (
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/examples/acme"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/moments/momentstest"
)

// servesSnapshot serves the catalog API over a snapshot alone.
func servesSnapshot(c config.Config, s *entities.Snapshot) http.Handler {
	e := echo.New()
	api.New(api.Config{
		Catalog: func() *entities.Snapshot { return s }, Kinds: kindsOf(c), Sources: func() []api.Source { return nil }, Logger: slog.New(slog.DiscardHandler),
	}).Register(e)
	return e
}

// asked are the reads that are compared.
var asked = []string{
	"/api/catalog/entities",
	"/api/catalog/entities?filter=kind=component&fields=metadata.name,spec.owner,relations",
	"/api/catalog/entities/by-query?orderField=metadata.name,asc&limit=20",
	"/api/catalog/entities/by-query?fullTextFilterTerm=pay&limit=50",
	"/api/catalog/entity-facets?facet=spec.owner&facet=kind&facet=relations.ownedBy",
	"/api/rejections",
}

// travels compares what the API answers as of random moments, on both clocks, with what
// it answers over a fresh replay of the part of the log that counts then.
func (r *running) travels(t *testing.T, moments int) {
	t.Helper()
	last := r.last(t)
	var log []eventlog.Record
	for rec, err := range r.events.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, rec)
	}
	random := rand.New(rand.NewPCG(1, uint64(last)))
	for range moments {
		var m projections.Moment
		q := url.Values{}
		if random.IntN(3) > 0 { // a little after something became true, or between
			m.At = log[random.IntN(len(log))].Time.Add(time.Duration(random.IntN(3)-1) * time.Second).Truncate(time.Second).UTC()
			q.Set("at", m.At.Format(time.RFC3339))
		}
		if m.At.IsZero() || random.IntN(2) > 0 {
			m.Known = eventlog.Position(random.Uint64N(uint64(last)) + 1)
			q.Set("known", strconv.FormatUint(uint64(m.Known), 10))
		}
		s, err := momentstest.Replay(t.Context(), kindsOf(r.config), log, m)
		if err != nil {
			t.Fatal(err)
		}
		replayed := servesSnapshot(r.config, s)
		for _, address := range asked {
			want := httptest.NewRecorder()
			replayed.ServeHTTP(want, httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody))
			u, err := url.Parse(r.base + address)
			if err != nil {
				t.Fatal(err)
			}
			query := u.Query()
			for key, values := range q {
				query[key] = values
			}
			u.RawQuery = query.Encode()
			if got := r.bytes(t, u.String()); want.Code != http.StatusOK || got != want.Body.String() {
				t.Fatalf("%s is\n%.2000s\nand not, as a replay says (%d),\n%.2000s", u, got, want.Code, want.Body)
			}
		}
	}
}

func (r *running) bytes(t *testing.T, address string) string {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := r.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v: %s", address, resp.StatusCode, err, b)
	}
	return string(b)
}

// As of any moment, the API answers of the sample organisation what a fresh replay does,
// byte for byte, whatever keeps the history.
func TestTheSampleOrganisationAsOf(t *testing.T) {
	h, err := acme.Load()
	if err != nil {
		t.Fatal(err)
	}
	inEachStore(t, func(t *testing.T, r *running) {
		t.Helper()
		err := r.forge.Play(t.Context(), h, demoforge.PlayOptions{End: time.Now(), Hooks: map[demoforge.Provider]string{
			demoforge.GitHub: r.base + "/hooks/github", demoforge.GitLab: r.base + "/hooks/gitlab",
		}})
		if err != nil {
			t.Fatal(err)
		}
		r.settle(t)
		r.travels(t, 30)
	})
}
