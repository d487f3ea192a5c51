package catalog_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/catalogtest"
)

func TestBlame(t *testing.T) {
	versions := []string{
		`{"kind":"Component","metadata":{"name":"x","tags":["go","old"],"links":[{"url":"a","title":"A"},{"url":"b","title":"B"}]},"spec":{"owner":"team-a","steps":["one","one"]}}`,
		`{"kind":"Component","metadata":{"name":"x","tags":["pci","go"],"links":[{"url":"b","title":"B!"}],"uid":"new"},"spec":{"owner":"team-b","steps":["one","one","two"]}}`,
		`{"kind":"Component","metadata":{"name":"x","tags":["go","pci"],"links":[{"url":"b","title":"B!"}]},"spec":{"owner":"team-a","steps":["one","one","two"],"none":{}}}`,
	}
	blamed := func(versions ...string) (all []string) {
		got, err := catalog.BlameJSON(versions)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range got {
			all = append(all, fmt.Sprintf("%d %s = %v", b.Version, b.Path, b.Value))
		}
		return all
	}
	want := []string{
		"0 kind = Component", "1 metadata.links[0].title = B!", "0 metadata.links[0].url = b", "0 metadata.name = x", "0 metadata.tags = go", "1 metadata.tags = pci",
		"2 spec.none = map[]", "2 spec.owner = team-a", "0 spec.steps[0] = one", "0 spec.steps[1] = one", "1 spec.steps[2] = two",
	}
	if d := cmp.Diff(want, blamed(versions...)); d != "" {
		t.Error(d)
	}
	if got := blamed(versions[0], "", versions[0]); got[0] != "2 kind = Component" {
		t.Errorf("what was not there in between is as old as %s", got[0])
	}
	if got := blamed(versions[0], ""); got != nil {
		t.Errorf("what is not there has fields: %v", got)
	}
}

var indexes = regexp.MustCompile(`\[\d+\]`)

// The fields of a version that are blamed on it are those that Diff says it set, and
// all others are blamed as they were before.
func TestBlameIsDiff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var versions []string
		var before map[string]int
		for i, e := range rapid.SliceOfN(catalogtest.Entity(), 1, 5).Draw(t, "versions") {
			text, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			versions = append(versions, string(text))
			blamed, err := catalog.BlameJSON(versions)
			if err != nil {
				t.Fatal(err)
			}
			set := map[string]int{} // by this version
			all := map[string]int{}
			for _, b := range blamed {
				field := say(b.Path, b.Value)
				all[fmt.Sprintf("%d %s", b.Version, field)]++
				if b.Version == i && !empty(b.Value) {
					set[field]++
				}
			}
			if i > 0 {
				changes, err := catalog.DiffJSON([]byte(versions[i-1]), text)
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]int{}
				for _, c := range changes {
					_, was := c.Before.([]any)
					_, is := c.After.([]any)
					if c.Op != catalog.Removed && (!was || !is) { // two lists: nothing but their order changed
						leaves(c.Path, c.After, want)
					}
				}
				if d := cmp.Diff(want, set); d != "" {
					t.Fatalf("between\n%s\n%s\nDiff (-) and Blame (+) differ:\n%s", versions[i-1], text, d)
				}
				for field, n := range all {
					if had := before[field]; n > had && !strings.HasPrefix(field, strconv.Itoa(i)+" ") {
						t.Fatalf("%d times %s, of which there were %d", n, field, had)
					}
				}
			}
			before = all
		}
	})
}

func say(path string, value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return indexes.ReplaceAllString(path, "") + " = " + string(b)
}

func empty(v any) bool { return v != nil && (cmp.Equal(v, []any{}) || cmp.Equal(v, map[string]any{})) }

func leaves(path string, value any, into map[string]int) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			leaves(catalog.FieldPath(path, key), v[key], into)
		}
	case []any:
		for i := range v {
			leaves(catalog.IndexPath(path, i), v[i], into)
		}
	default:
		into[say(path, value)]++
	}
}
