package github_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	godiff "github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/fault"
)

var update = flag.Bool("update", false, "write what the examples mean to testdata")

// example is a payload from Octokit's collection, which npm ci brings.
type example struct {
	event string
	body  []byte
}

// examples reads all payloads of a collection: "api.github.com", "ghes-35". Ok is
// false if npm has not brought it.
func examples(tb testing.TB, of string) (all []example, ok bool) {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "node_modules", "@octokit", "webhooks-examples", of, "index.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil {
		tb.Fatal(err)
	}
	var events []struct {
		Name     string
		Examples []json.RawMessage
	}
	if err := json.Unmarshal(b, &events); err != nil {
		tb.Fatal(err)
	}
	for _, e := range events {
		for _, body := range e.Examples {
			all = append(all, example{e.Name, body})
		}
	}
	return all, true
}

// TestExamples pins what each event and action of Octokit's examples means: how
// many payloads there are of it, and which fields of the meaning are set.
func TestExamples(t *testing.T) {
	s := newSource(t, github.Options{})
	for _, of := range []string{"api.github.com", "ghes-35"} {
		t.Run(of, func(t *testing.T) {
			all, ok := examples(t, of)
			if !ok {
				skipOrFail(t, "Octokit's examples are not there; run npm ci")
			}
			meanings, needed := map[string]int{}, 0
			for _, ex := range all {
				m, err := s.Translate(ingest.Delivery{Event: ex.event, Body: ex.body})
				if err != nil {
					t.Errorf("%s: %v\n%.300s", ex.event, err, ex.body)
					continue
				}
				checkMeaning(t, m)
				var told struct{ Action string }
				if err := json.Unmarshal(ex.body, &told); err != nil {
					t.Fatal(err)
				}
				fields := describe(m)
				if fields != "" {
					needed++
				}
				meanings[strings.TrimSpace(ex.event+" "+told.Action)+": "+cmp.Or(fields, "not needed")]++
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%d of %d mean something\n", needed, len(all))
			for _, line := range slices.Sorted(maps.Keys(meanings)) {
				fmt.Fprintf(&b, "%d %s\n", meanings[line], line)
			}
			golden := filepath.Join("testdata", of+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := godiff.Diff(string(want), b.String()); diff != "" {
				t.Errorf("the examples mean something else than before; with -update it is so from now on (-before +now):\n%s", diff)
			}
		})
	}
}

// TestEvents holds what webhooks are asked to send to what is understood: each
// event means something, in one of the examples at least.
func TestEvents(t *testing.T) {
	s := newSource(t, github.Options{})
	needed := map[string]bool{}
	for _, of := range []string{"api.github.com", "ghes-35"} {
		all, ok := examples(t, of)
		if !ok {
			skipOrFail(t, "Octokit's examples are not there; run npm ci")
		}
		for _, ex := range all {
			if m, err := s.Translate(ingest.Delivery{Event: ex.event, Body: ex.body}); err == nil && describe(m) != "" {
				needed[ex.event] = true
			}
		}
	}
	for _, own := range []string{"installation", "installation_repositories", "installation_target"} { // which Apps are sent unasked
		delete(needed, own)
	}
	if diff := godiff.Diff(slices.Sorted(maps.Keys(needed)), slices.Sorted(slices.Values(github.Events()))); diff != "" {
		t.Errorf("webhooks are asked for something else than what is understood (-understood +asked for):\n%s", diff)
	}
}

// describe lists the fields of a meaning that are set, but for who did it.
func describe(m ingest.Meaning) string {
	var set []string
	for name, on := range map[string]bool{"Push": m.Push != nil, "Look": m.Look, "Gone": m.Gone, "Survey": m.Survey} {
		if on {
			set = append(set, name)
		}
	}
	slices.Sort(set)
	for _, e := range m.Said {
		set = append(set, string(e.Type))
	}
	return strings.Join(set, ", ")
}

// checkMeaning holds a meaning to what the translator relies on.
func checkMeaning(tb testing.TB, m ingest.Meaning) {
	tb.Helper()
	if m.Push != nil && (!ingest.IsSHA(m.Push.After) || ingest.IsZeroSHA(m.Push.After) || m.Repository.DefaultBranch == "") {
		tb.Errorf("a push of nothing: %+v", m)
	}
	if (m.Push != nil || m.Look || m.Gone) && m.Repository.ID == "" {
		tb.Errorf("a repository without an id is to be looked at: %+v", m)
	}
	if owner, name, ok := strings.Cut(m.Repository.FullName, "/"); m.Repository.ID != "" && (!ok || owner == "" || strings.ContainsAny(name, "/?#% ") || name == "..") {
		tb.Errorf("an unsafe name: %q", m.Repository.FullName)
	}
	for i, e := range m.Said {
		if e.ID != "" || !reflect.ValueOf(e.Cause).IsZero() || e.Source == "" {
			tb.Errorf("an event with an id or a cause: %+v", e)
		}
		e.ID = event.DeriveID(i, "test")
		if err := e.Validate(); err != nil {
			tb.Error(err)
		}
		if strings.ContainsAny(e.Subject, "?#% ") {
			tb.Errorf("an unsafe subject: %q", e.Subject)
		}
		data, err := e.Decode()
		if err != nil {
			tb.Error(err)
		}
		if _, unknown := data.(event.Unknown); unknown {
			tb.Errorf("an event of no known type: %s", e.Type)
		}
		if _, err := event.Encode(e); err != nil {
			tb.Error(err)
		}
	}
}

// skipOrFail skips what needs more than Go, unless that must not be.
func skipOrFail(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CALLBOARD_TEST_REQUIRE_BROWSER") != "" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED: " + why)
}

func FuzzTranslate(f *testing.F) {
	f.Add("push", "application/json", []byte(push("refs/heads/release/2026", sha, "")))
	f.Add("push", "multipart/form-data; boundary", []byte(`{"repository":{"id":1,"full_name":"a/b","default_branch":"m"},"ref":"refs/heads/m","after":"x"}`))
	for _, tt := range activities() {
		f.Add(tt.event, "application/x-www-form-urlencoded", []byte("payload="+urlEncode(tt.body)))
	}
	seen := map[string]bool{}
	for _, of := range []string{"api.github.com", "ghes-35"} {
		all, _ := examples(f, of)
		for _, ex := range all {
			if !seen[ex.event] { // one of each: the fuzzer is slow with many large seeds
				seen[ex.event] = true
				f.Add(ex.event, "application/json", ex.body)
			}
		}
	}
	s := newSource(f, github.Options{})
	f.Fuzz(func(t *testing.T, name, contentType string, body []byte) {
		m, err := s.Translate(ingest.Delivery{Event: name, Header: http.Header{"Content-Type": {contentType}}, Body: body})
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("an error of kind %s: %v", fault.KindOf(err), err)
			}
			return
		}
		checkMeaning(t, m)
	})
}
