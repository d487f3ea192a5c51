package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/callboard/callboard/ingest/backstage"
	"github.com/callboard/callboard/internal/config"
)

// recorded is a Backstage that answers with what one answered about the fixtures.
func recorded(t *testing.T) string {
	t.Helper()
	var all []map[string]any
	for _, e := range readLines[map[string]any](t, filepath.Join("testdata", "backstage", "entities.jsonl")) {
		metadata, ok := e["metadata"].(map[string]any)
		if !ok {
			t.Fatalf("no entity: %v", e)
		}
		if name, _ := metadata["name"].(string); strings.HasPrefix(name, "generated-") {
			// The record was moved to another path after the name was made.
			metadata["name"] = generatedName(fmt.Sprint("file:", e["spec"].(map[string]any)["target"]))
		}
		all = append(all, e)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/catalog/locations", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("[]")) })
	mux.HandleFunc("GET /api/catalog/entities/by-query", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		from, _ := strconv.Atoi(q.Get("cursor")) // "" = 0
		limit, _ := strconv.Atoi(q.Get("limit"))
		items := all[from:min(from+min(limit, 10), len(all))]
		info := map[string]string{}
		if from += len(items); from < len(all) {
			info["nextCursor"] = strconv.Itoa(from)
		}
		json.NewEncoder(w).Encode(map[string]any{"items": items, "totalItems": len(all), "pageInfo": info})
	})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer backstage-secret" {
			w.WriteHeader(http.StatusUnauthorized)
			w.Write([]byte(`{"error":{"name":"AuthenticationError","message":"Missing credentials"}}`))
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// imported is what `callboard import backstage` said and wrote.
type imported struct {
	code           int
	stdout, stderr string
	report         backstage.Report
}

func runImport(t *testing.T, env map[string]string, args ...string) imported {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), process{
		Args:   append([]string{"import", "backstage", "--report", file}, args...),
		Env:    func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Stdout: &stdout, Stderr: &stderr,
	})
	i := imported{code: code, stdout: stdout.String(), stderr: stderr.String()}
	for _, secret := range env {
		if strings.Contains(i.stdout+i.stderr, secret) {
			t.Errorf("a secret is printed:\n%s%s", i.stdout, i.stderr)
		}
	}
	if b, err := os.ReadFile(file); err == nil {
		if err := json.Unmarshal(b, &i.report); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// expect checks the exit code and the counts.
func (i imported) expect(t *testing.T, code int, locations map[backstage.LocationResult]int, entities map[backstage.EntityResult]int) {
	t.Helper()
	if i.code != code {
		t.Errorf("exit code %d, want %d", i.code, code)
	}
	for result, n := range locations {
		if got := i.report.Summary.Locations[result]; got != n {
			t.Errorf("locations %s: %d, want %d", result, got, n)
		}
	}
	for result, n := range entities {
		if got := i.report.Summary.Entities[result]; got != n {
			t.Errorf("entities %s: %d, want %d", result, got, n)
		}
	}
	if t.Failed() {
		t.Logf("%s%s", i.stdout, i.stderr)
	}
}

// What a Backstage said about the fixtures is what a portal that has read them says.
func TestImportFindsTheSame(t *testing.T) {
	there := recorded(t)
	p, _ := fixturePortal(t, func(*config.Config) {})
	i := runImport(t, map[string]string{"BACKSTAGE_TOKEN": "backstage-secret"}, "--url", there, "--portal", p.url(), "--data", p.config.Data)
	same := len(p.catalog.Snapshot().All()) - 11 // Locations for files, whose paths are other ones
	i.expect(t, exitFine, map[backstage.LocationResult]int{backstage.Registered: 0, backstage.Refused: 0},
		map[backstage.EntityResult]int{backstage.Same: same, backstage.Differs: 0, backstage.Missing: 0, backstage.EntityNotNeeded: 11, backstage.OnlyHere: 11})
	if !strings.Contains(i.stdout, "Everything that Backstage has is here.") {
		t.Errorf("it says\n%s", i.stdout)
	}
}

// What only files lead to is told of, with what to do.
func TestImportOfFiles(t *testing.T) {
	there := recorded(t)
	p := runPortal(t, config.Default())
	i := runImport(t, map[string]string{"BACKSTAGE_TOKEN": "backstage-secret"}, "--url", there, "--portal", p.url(), "--data", p.config.Data)
	i.expect(t, exitProblems, map[backstage.LocationResult]int{backstage.Unsupported: 11}, map[backstage.EntityResult]int{backstage.Same: 0})
	for _, want := range []string{"file:/srv/golden/fixtures/root.yaml", "catalog.locations in callboard.yaml", "and 18 more: --verbose lists all"} {
		if !strings.Contains(i.stdout, want) {
			t.Errorf("it does not say %q:\n%s", want, i.stdout)
		}
	}
	if code := runImport(t, nil, "--url", there, "--portal", p.url(), "--data", p.config.Data); code.code != exitProblems || !strings.Contains(code.stderr, "wants a token (401)") {
		t.Errorf("without a token: %d %s", code.code, code.stderr)
	}
}

// From one portal, in Backstage's place, to another: locations are registered
// once, read, and lead to the same.
func TestImportFromAPortal(t *testing.T) {
	dir := filepath.Join("testdata", "backstage")
	mux := http.NewServeMux()
	mux.Handle("/fixtures/", http.FileServer(http.Dir(dir)))
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join(dir, "extra"))))
	site, closed := httptest.NewServer(mux), httptest.NewServer(mux)
	t.Cleanup(site.Close)
	t.Cleanup(closed.Close)
	host := func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return u.Host
	}
	allow := func(kinds string, hosts ...string) config.Config {
		conf := config.Default()
		var r config.Rule
		for _, kind := range strings.Fields(kinds) {
			r.Allow = append(r.Allow, config.Allow{Kind: kind})
		}
		conf.Catalog.Rules = []config.Rule{r}
		for _, h := range hosts {
			conf.Catalog.Reading.Allow = append(conf.Catalog.Reading.Allow, config.AllowedHost{Host: h})
		}
		return conf
	}
	const all = "Component API Resource System Domain Location Template User Group"
	conf := allow(all, host(site.URL), host(closed.URL))
	conf.Catalog.Locations = []config.Location{{Type: "url", Target: site.URL + "/fixtures/components.yaml"}}
	theirs := runPortal(t, conf)
	register(t, theirs, site.URL+"/fixtures/org.yaml", site.URL+"/remote-location.yaml", closed.URL+"/remote-changing.yaml")
	waitFor(t, theirs, "component:default/exotic", "group:default/infra", "component:default/remote-child", "component:default/changing")

	// Neither the host of one location nor the kinds of another are allowed here.
	ours := runPortal(t, allow("Component Location", host(site.URL)))
	args := []string{"--url", theirs.url(), "--portal", ours.url(), "--data", ours.config.Data}
	dry := runImport(t, nil, append(args, "--dry-run")...)
	dry.expect(t, exitProblems, map[backstage.LocationResult]int{backstage.WouldRegister: 2, backstage.Refused: 2}, map[backstage.EntityResult]int{backstage.Same: 0, backstage.Coming: 13})
	if n := len(ours.catalog.Snapshot().Locations()); n != 0 {
		t.Errorf("a dry run registered %d locations", n)
	}
	first := runImport(t, nil, args...)
	first.expect(t, exitProblems, map[backstage.LocationResult]int{backstage.Registered: 2, backstage.Refused: 2}, map[backstage.EntityResult]int{backstage.Differs: 0, backstage.OnlyHere: 0})
	for _, want := range []string{"add its host to catalog.reading.allow", "Allow the kind in catalog.rules", "url:" + closed.URL + "/remote-changing.yaml was refused\n      component:default/changing"} {
		if !strings.Contains(first.stdout, want) {
			t.Errorf("it does not say %q:\n%s", want, first.stdout)
		}
	}
	again := runImport(t, nil, args...)
	again.expect(t, exitProblems, map[backstage.LocationResult]int{backstage.Present: 2, backstage.Refused: 2, backstage.Registered: 0}, first.report.Summary.Entities)
	if n := len(ours.catalog.Snapshot().Locations()); n != 4 {
		t.Errorf("there are %d locations after the second run", n)
	}

	// Where all is allowed all comes, also if only a part was asked for at first.
	open := runPortal(t, allow(all, host(site.URL), host(closed.URL)))
	args = []string{"--url", theirs.url(), "--portal", open.url(), "--data", open.config.Data}
	part := runImport(t, nil, append(args, "--filter", "kind=group", "--filter", "kind=user")...)
	part.expect(t, exitFine, map[backstage.LocationResult]int{backstage.Registered: 1}, map[backstage.EntityResult]int{backstage.Same: 5, backstage.Partner: 5, backstage.OnlyHere: 0})
	whole := runImport(t, nil, args...)
	whole.expect(t, exitFine, map[backstage.LocationResult]int{backstage.Registered: 3, backstage.Present: 1},
		map[backstage.EntityResult]int{backstage.Same: len(theirs.catalog.Snapshot().All()), backstage.OnlyHere: 0})
	if !strings.Contains(whole.stderr, "compare: ") {
		t.Errorf("no progress was shown: %s", whole.stderr)
	}

	// A token that is not that portal's.
	if i := runImport(t, map[string]string{"CALLBOARD_TOKEN": "wrong-secret"}, "--url", theirs.url(), "--portal", runPortal(t, config.Default()).url()); i.code != exitProblems ||
		!strings.Contains(i.stderr, "does not accept the token of --portal-token, CALLBOARD_TOKEN or --data") {
		t.Errorf("with a wrong token: %d %s", i.code, i.stderr)
	}
}

func TestImportUsage(t *testing.T) {
	data := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{}, exitUsage, "--url must name a Backstage"},
		{[]string{"extra"}, exitUsage, "unknown command"},
		{[]string{"--url", "x", "--wait", "-1s"}, exitUsage, "--wait"},
		{[]string{"--url", "http://127.0.0.1:1", "--data", data}, exitUsage, "no data folder of a portal"},
		{[]string{"--url", "localhost", "--portal-token", "t"}, exitUsage, "must be a URL"},
		{[]string{"--url", "http://127.0.0.1:1", "--portal-token", "t"}, exitProblems, "cannot be reached"},
	} {
		if i := runImport(t, nil, c.args...); i.code != c.code || !strings.Contains(i.stderr, c.says) {
			t.Errorf("%v: %d %s, want %d and %q", c.args, i.code, i.stderr, c.code, c.says)
		}
	}
}

// register registers URLs at a portal.
func register(t *testing.T, p *portal, targets ...string) {
	t.Helper()
	token, err := loadToken(p.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		body := fmt.Sprintf(`{"type":"url","target":%q}`, target)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url()+"/api/catalog/locations", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("register %s: %d", target, resp.StatusCode)
		}
	}
}

// waitFor waits until a portal has these entities.
func waitFor(t *testing.T, p *portal, refs ...string) {
	t.Helper()
	for _, ref := range refs {
		for {
			now := p.catalog.Snapshot()
			if _, ok := now.Get(ref); ok {
				break
			}
			if err := p.runner.WaitAll(t.Context(), now.Position()+1); err != nil {
				t.Fatal(err)
			}
		}
	}
}
