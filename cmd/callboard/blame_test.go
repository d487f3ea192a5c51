package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections"
)

// said is how often an entity says something: "spec.owner = \"ledger\"". Where in a list
// something stands does not matter.
type said map[string]int

var indexes = regexp.MustCompile(`\[\d+\]`)

func saying(t *testing.T, path string, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return indexes.ReplaceAllString(path, "") + " = " + string(b)
}

func saidBy(t *testing.T, e *catalog.Entity) said {
	t.Helper()
	if e == nil {
		return nil
	}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	s := said{}
	s.add(t, "", all)
	return s
}

func (s said) add(t *testing.T, path string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			s.add(t, catalog.FieldPath(path, key), value)
		}
	case []any:
		for _, value := range v {
			s.add(t, path, value)
		}
	default:
		s[saying(t, path, v)]++
	}
}

// blames checks that each field of each entity is blamed on the commit that made it what
// it is, and on its author. Versions are what a fresh read of each commit gives.
func (r *running) blames(t *testing.T, folder string, commits []string, versions []map[string]*catalog.Entity) {
	t.Helper()
	last := len(versions) - 1
	fields := 0
	for ref := range versions[last] {
		blamed, err := r.ledger.Blame(t.Context(), ref, projections.Moment{})
		if err != nil {
			t.Fatal(err)
		}
		at := make([]said, len(versions))
		for i := range versions {
			if i == 0 || versions[i][ref] != versions[i-1][ref] {
				at[i] = saidBy(t, versions[i][ref])
			} else {
				at[i] = at[i-1]
			}
		}
		left := saidBy(t, versions[last][ref])
		for _, f := range blamed {
			what := saying(t, f.Path, f.Value)
			if left[what]--; left[what] == 0 {
				delete(left, what)
			}
			by := slices.Index(commits, f.Event.Cause.Commit)
			if by < 0 {
				t.Fatalf("%s: %s is blamed on event %d, of commit %q, at which the branch never was", ref, what, f.Event.Position, f.Event.Cause.Commit)
			}
			if by > 0 && at[by-1][what] >= at[by][what] {
				t.Fatalf("%s: %s is blamed on %s, before which it was said as well", ref, what, commits[by])
			}
			for i := by; i <= last; i++ {
				if at[i][what] == 0 {
					t.Fatalf("%s: %s is blamed on %s; commit %s says otherwise", ref, what, commits[by], commits[i])
				}
			}
			author := strings.TrimSpace(git(t, folder, "show", "-s", "--format=%an <%ae>", commits[by]))
			if got := f.Event.Actor.Name + " <" + f.Event.Actor.Email + ">"; got != author {
				t.Fatalf("%s: %s is blamed on %s; the author of %s is %s", ref, what, got, commits[by], author)
			}
			fields++
		}
		for what := range left {
			if !strings.HasSuffix(what, "= {}") && !derived(what) {
				t.Fatalf("%s: nobody is blamed for %s", ref, what)
			}
		}
	}
	t.Logf("%d fields of %d entities are blamed on their commits", fields, len(versions[last]))
}

// derived reports whether a field is what reading adds to what was written.
func derived(what string) bool {
	return strings.HasPrefix(what, `metadata.annotations["backstage.io/`) || strings.HasPrefix(what, "metadata.uid") || strings.HasPrefix(what, "metadata.etag")
}
