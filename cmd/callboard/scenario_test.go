package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/projections/entities"
)

// scenarioHost is where the files of testdata/backstage/extra were served when
// the answers were recorded.
const scenarioHost = "http://127.0.0.1:7100"

// scenarioStep is a request of testdata/backstage/scenario.jsonl.
type scenarioStep struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Body    json.RawMessage   `json:"body"`
	Capture map[string]string `json:"capture"`
	WaitFor *struct {
		Status int    `json:"status"`
		Has    string `json:"has"`
	} `json:"waitFor"`
}

type scenarioAnswer struct {
	ID     string `json:"id"`
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// A sequence of requests that a Backstage answered, and what it answered: its
// locations are created, changed and removed, and entities follow.
func TestBackstageScenario(t *testing.T) {
	dir := filepath.Join("testdata", "backstage")
	site := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(dir, "extra"))))
	t.Cleanup(site.Close)
	host, err := url.Parse(site.URL)
	if err != nil {
		t.Fatal(err)
	}
	conf := config.Default()
	conf.Catalog.Reading.Allow = []config.AllowedHost{{Host: host.Host}}
	p := runPortal(t, conf)
	token, err := loadToken(p.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	s := scenario{portal: p, token: token, vars: map[string]string{}, moved: strings.NewReplacer(scenarioHost, site.URL,
		generatedName("url:"+scenarioHost+"/remote.yaml"), generatedName("url:"+site.URL+"/remote.yaml"),
		generatedName("url:"+scenarioHost+"/remote-location.yaml"), generatedName("url:"+site.URL+"/remote-location.yaml"))}

	want := map[string]scenarioAnswer{}
	for _, a := range readLines[scenarioAnswer](t, filepath.Join(dir, "scenario-responses.jsonl")) {
		want[a.ID] = a
	}
	for _, step := range readLines[scenarioStep](t, filepath.Join(dir, "scenario.jsonl")) {
		got := s.do(t, step)
		w := want[step.ID]
		if got.Status != w.Status {
			t.Errorf("%s: status %d, want %d: %s", step.ID, got.Status, w.Status, got.Body)
		}
		if d := cmp.Diff(plainAnswer(t, s.moved.Replace(w.Body)), plainAnswer(t, got.Body)); d != "" {
			t.Errorf("%s (-want +got):\n%s", step.ID, d)
		}
	}
}

// generatedName is what the entity of a location is called.
func generatedName(location string) string {
	sum := sha1.Sum([]byte(location))
	return "generated-" + hex.EncodeToString(sum[:])
}

func readLines[T any](t *testing.T, file string) (all []T) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one T
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, one)
	}
	return all
}

// scenario sends the requests.
type scenario struct {
	*portal
	token string
	vars  map[string]string
	moved *strings.Replacer
}

// do sends a request until it is answered as the step waits for, once for each
// new state of the catalog.
func (s *scenario) do(t *testing.T, step scenarioStep) scenarioAnswer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), storyWait)
	defer cancel()
	for {
		seen := s.catalog.Snapshot().Position()
		a := s.send(t, step)
		if w := step.WaitFor; w == nil || a.Status == w.Status && (w.Has == "" || valueAt(t, a.Body, w.Has) != nil) {
			for name, path := range step.Capture {
				s.vars["{{"+name+"}}"], _ = valueAt(t, a.Body, path).(string)
			}
			return a
		}
		if err := s.runner.Wait(ctx, entities.Name, seen+eventlog.Position(1)); err != nil {
			t.Fatalf("%s: %v; the last answer was %d %s", step.ID, err, a.Status, a.Body)
		}
	}
}

func (s *scenario) send(t *testing.T, step scenarioStep) scenarioAnswer {
	t.Helper()
	path := step.Path
	for name, value := range s.vars {
		path = strings.ReplaceAll(path, name, value)
	}
	r, err := http.NewRequestWithContext(t.Context(), step.Method, s.url()+path, strings.NewReader(s.moved.Replace(string(step.Body))))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return scenarioAnswer{step.ID, resp.StatusCode, string(body)}
}

// valueAt returns what stands at a dotted path of a JSON text; lists have numbers.
func valueAt(t *testing.T, text, path string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil
	}
	for _, key := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			if key != "0" && key != "1" || int(key[0]-'0') >= len(at) {
				return nil
			}
			v = at[key[0]-'0']
		default:
			return nil
		}
	}
	return v
}

var anyUUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// plainAnswer reads an answer without what must differ.
func plainAnswer(t *testing.T, text string) any {
	t.Helper()
	if text == "" {
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(anyUUID.ReplaceAllString(text, "<uuid>")), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return withoutETags(v)
}

func withoutETags(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "etag")
		for key := range v {
			v[key] = withoutETags(v[key])
		}
	case []any:
		for i := range v {
			v[i] = withoutETags(v[i])
		}
	}
	return v
}
