package gitlab_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	godiff "github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/fault"
)

var update = flag.Bool("update", false, "write what the examples mean to testdata")

// example is a payload that client-go is tested with.
type example struct {
	file  string // "webhooks/push.json"
	event string
	body  []byte
}

// examples reads the payloads of client-go's module, where Go put it.
func examples(tb testing.TB) (all []example) {
	tb.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "gitlab.com/gitlab-org/api/client-go").Output()
	if err != nil {
		tb.Fatal(err)
	}
	dir := strings.TrimSpace(string(out))
	for _, kind := range []string{"systemhooks", "webhooks"} {
		files, err := filepath.Glob(filepath.Join(dir, "testdata", kind, "*.json"))
		if err != nil {
			tb.Fatal(err)
		}
		for _, file := range files {
			body, err := os.ReadFile(file)
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, example{kind + "/" + filepath.Base(file), hookOf(tb, kind, body), body})
		}
	}
	if len(all) < 50 {
		tb.Fatalf("there are %d examples in %s", len(all), dir)
	}
	return all
}

// hookOf is the header that GitLab sends with a body.
func hookOf(tb testing.TB, kind string, body []byte) string {
	tb.Helper()
	if kind == "systemhooks" {
		return "System Hook"
	}
	var told struct {
		ObjectKind string `json:"object_kind"`
		EventName  string `json:"event_name"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		tb.Fatal(err)
	}
	switch name, _, _ := strings.Cut(told.EventName, "_"); {
	case told.ObjectKind != "":
		words := strings.Split(told.ObjectKind, "_")
		for i, w := range words {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
		return strings.Join(words, " ") + " Hook"
	case name == "user":
		return "Member Hook"
	default:
		return strings.ToUpper(name[:1]) + name[1:] + " Hook"
	}
}

// TestExamples pins what each of client-go's payloads means: which fields of the
// meaning are set.
func TestExamples(t *testing.T) {
	s := newSource(t, gitlab.Options{WebhookSecret: secret})
	var lines []string
	all, needed := examples(t), 0
	for _, ex := range all {
		m, err := s.Translate(ingest.Delivery{Event: ex.event, Body: ex.body})
		if err != nil {
			t.Errorf("%s: %v", ex.file, err)
			continue
		}
		checkMeaning(t, m)
		fields := describe(m)
		if fields != "" {
			needed++
		}
		lines = append(lines, fmt.Sprintf("%s, %s: %s\n", ex.file, ex.event, cmp.Or(fields, "not needed")))
	}
	got := fmt.Sprintf("%d of %d mean something\n", needed, len(all)) + strings.Join(lines, "")
	golden := filepath.Join("testdata", "client-go.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := godiff.Diff(string(want), got); diff != "" {
		t.Errorf("the examples mean something else than before; with -update it is so from now on (-before +now):\n%s", diff)
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
	if name := m.Repository.FullName; m.Repository.ID != "" && (!strings.Contains(name, "/") || strings.ContainsAny(name, "?#% ") || strings.Contains("/"+name+"/", "/../") || strings.Contains("/"+name+"/", "//")) {
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

func FuzzTranslate(f *testing.F) {
	f.Add("Push Hook", []byte(push("refs/heads/main", sha, "null")))
	f.Add("System Hook", []byte(updated(`{"after": "x", "ref": "refs/heads/main"}`)))
	for _, tt := range activities() {
		f.Add(tt.hook, []byte(tt.body))
	}
	for _, ex := range examples(f) {
		f.Add(ex.event, ex.body)
	}
	s := newSource(f, gitlab.Options{WebhookSecret: secret})
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		m, err := s.Translate(ingest.Delivery{Event: name, Body: body})
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("an error of kind %s: %v", fault.KindOf(err), err)
			}
			return
		}
		checkMeaning(t, m)
	})
}
