package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
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

// A sequence of requests that a Backstage answered, and what it answered: its
// locations are created, changed and removed, and entities follow.
func TestBackstageScenario(t *testing.T) {
	dir := filepath.Join("testdata", "backstage")
	site, host := scenarioSite(t)
	conf := config.Default()
	conf.Catalog.Reading.Allow = []config.AllowedHost{host}
	p := runPortal(t, conf)
	s := scenario{p, newGolden(t, p, scenarioHost, site,
		generatedName("url:"+scenarioHost+"/remote.yaml"), generatedName("url:"+site+"/remote.yaml"),
		generatedName("url:"+scenarioHost+"/remote-location.yaml"), generatedName("url:"+site+"/remote-location.yaml"))}

	want := goldenAnswers(t, "scenario-responses.jsonl")
	for _, step := range readLines[goldenRequest](t, filepath.Join(dir, "scenario.jsonl")) {
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
	golden
}

// do sends a request until it is answered as the step waits for, once for each
// new state of the catalog.
func (s scenario) do(t *testing.T, step goldenRequest) goldenAnswer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), storyWait)
	defer cancel()
	for {
		seen := s.catalog.Snapshot().Position()
		a := s.send(t, step)
		if w := step.WaitFor; w == nil || a.Status == w.Status && (w.Has == "" || valueAt(t, a.Body, w.Has) != nil) {
			return a
		}
		if err := s.runner.Wait(ctx, entities.Name, seen+eventlog.Position(1)); err != nil {
			t.Fatalf("%s: %v; the last answer was %d %s", step.ID, err, a.Status, a.Body)
		}
	}
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
