package ingest

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
)

func TestFitName(t *testing.T) {
	for name, want := range map[string]string{
		"platform": "platform", "Data_Lake.2": "Data_Lake.2", "pebbledash-": "pebbledash", "_hidden": "hidden", "a b/c": "a-b-c", "Überblick": "berblick",
		"": "", "---": "", strings.Repeat("long-", 20): strings.TrimSuffix(strings.Repeat("long-", 13)[:63], "-"),
	} {
		if got := fitName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func FuzzFitName(f *testing.F) {
	f.Add("pebbledash-")
	f.Add("日本語")
	f.Fuzz(func(t *testing.T, s string) {
		name := fitName(s)
		if name == "" {
			return
		}
		e := entityOf("User", name, "", nil, map[string]any{"memberOf": []any{}})
		if _, problems := catalog.BuiltIn().FromObject(e.Object()); utf8.ValidString(name) && len(problems) > 0 {
			t.Errorf("%q becomes %q: %v", s, name, problems)
		}
	})
}

func sample() Organisation {
	return Organisation{
		ID: "1", Name: "acme",
		Groups: []Group{
			{ID: "1", Path: "acme", Name: "acme", Type: "organization", Members: []string{"5", "6"}},
			{ID: "2", Path: "platform", Name: "platform", Type: "team", Parent: "1", Members: []string{"5"}},
			{ID: "3", Path: "acme", Name: "Acme", Type: "team", Parent: "1"},
			{ID: "4", Path: "---", Name: "---", Type: "team", Parent: "1"},
		},
		People: []Person{{ID: "5", Login: "pebbledash", View: "https://forge.example/pebbledash"}, {ID: "6", Login: "mossbank"}},
	}
}

func read(t *testing.T, o Organisation, declared ...event.Declaration) (reading, []string) {
	t.Helper()
	r, notes, err := o.read("github", catalog.BuiltIn(), newKnown(catalog.BuiltIn(), declared, nil))
	if err != nil {
		t.Fatal(err)
	}
	return r, notes
}

func paths(r reading) []string {
	var all []string
	for _, f := range r.files {
		all = append(all, f.Path)
	}
	return all
}

// Of two that would have one name the first gets it, unless the other has it: the
// other is told of, and lost is neither.
func TestNamesThatAreTaken(t *testing.T) {
	r, notes := read(t, sample())
	if got, want := paths(r), []string{"organizations/1/acme", "people/5/pebbledash", "people/6/mossbank", "teams/2/platform"}; !slices.Equal(got, want) {
		t.Errorf("read are %q, want %q", got, want)
	}
	want := []string{
		"acme/teams/4/--- is left out: no entity can be called so",
		"acme/teams/3/acme is left out: group:default/acme is the name of organizations/1/acme already; rename one of the two",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("told is %q, want %q", notes, want)
	}
	held := event.Declaration{
		Entity: entityOf("Group", "Acme", "", nil, map[string]any{"type": "team", "children": []any{}}),
		Origin: event.Origin{Path: "teams/3/acme"},
	}
	if r, _ := read(t, sample(), held); !slices.Contains(paths(r), "teams/3/acme") || slices.Contains(paths(r), "organizations/1/acme") {
		t.Errorf("the team loses its name: read are %q", paths(r))
	}
}

func TestWhyPeopleParted(t *testing.T) {
	r, _ := read(t, sample())
	for path, want := range map[string]string{
		"teams/2/core": "team core is called platform now", "teams/9/core": "team core was deleted", "people/5/old": "old is called pebbledash now",
		"people/9/fernhill": "fernhill is not a member of acme any more", "teams/2/platform": "",
	} {
		if got := r.told(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// What is read is read as a descriptor is, and once it is known it is not read again.
func TestPeopleAreFiles(t *testing.T) {
	r, _ := read(t, sample())
	changes, err := plan(newKnown(catalog.BuiltIn(), nil, nil), r, func(string) (holder, bool, error) { return holder{}, false, nil })
	if err != nil || len(changes) != 4 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	var declared []event.Declaration
	for _, c := range changes {
		d, ok := c.data.(event.EntityRegistered)
		if !ok {
			t.Fatalf("%s is %s", c.ref, c.data.EventType())
		}
		declared = append(declared, d.Declaration)
	}
	again, _ := read(t, sample(), declared...)
	for _, f := range again.files {
		if !f.kept {
			t.Errorf("%s is read again", f.Path)
		}
	}
}
