package github_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/fault"
)

// organised answers by the end of the path; what it does not know is not found.
func organised(t *testing.T, answers map[string]string) *github.Source {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := answers[strings.TrimPrefix(r.URL.Path, "/api/v3")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return newSource(t, github.Options{URL: s.URL + "/api/v3", Token: "a token for tests", Organizations: []string{"acme"}})
}

func acme() map[string]string {
	return map[string]string{
		"/orgs/acme":         `{"id": 1, "login": "acme", "name": "Acme"}`,
		"/orgs/acme/members": `[{"id": 5, "login": "pebbledash", "type": "User"}, {"id": 6, "login": "mossbank", "type": "User"}, {"id": 7, "login": "sweeper", "type": "Bot"}]`,
		"/orgs/acme/teams": `[{"id": 12, "slug": "inner", "name": "Inner", "parent": {"id": 11, "slug": "middle"}},
			{"id": 11, "slug": "middle", "name": "Middle", "parent": {"id": 10, "slug": "outer"}}, {"id": 10, "slug": "outer", "name": "Outer", "parent": null}]`,
		// As there: those of the teams inside are in the outer ones too.
		"/orgs/acme/teams/outer/members":  `[{"id": 5, "login": "pebbledash"}, {"id": 6, "login": "mossbank"}, {"id": 7, "login": "sweeper"}]`,
		"/orgs/acme/teams/middle/members": `[{"id": 5, "login": "pebbledash"}]`,
		"/orgs/acme/teams/inner/members":  `[{"id": 5, "login": "pebbledash"}]`,
	}
}

func TestOrganisations(t *testing.T) {
	all, err := organised(t, acme()).Organisations(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d organisations, %v", len(all), err)
	}
	var got []string
	for _, g := range all[0].Groups {
		got = append(got, fmt.Sprint(g.Type, " ", g.Path, " in ", g.Parent, " has ", g.Members))
	}
	for _, p := range all[0].People {
		got = append(got, p.Login)
	}
	want := []string{"organization acme in  has [5 6]", "team outer in 1 has [6]", "team middle in 10 has []", "team inner in 11 has [5]", "pebbledash", "mossbank"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever is missing of an organisation is an error, never a smaller organisation.
func TestOrganisationsAreWhole(t *testing.T) {
	for path, kind := range map[string]fault.Kind{
		"/orgs/acme": fault.Denied, "/orgs/acme/members": fault.Denied, "/orgs/acme/teams": fault.Denied, "/orgs/acme/teams/middle/members": fault.Unavailable,
	} {
		answers := acme()
		delete(answers, path)
		if got, err := organised(t, answers).Organisations(t.Context()); fault.KindOf(err) != kind || got != nil {
			t.Errorf("without %s: %+v, %v, want it %s", path, got, err, kind)
		}
		for _, none := range []string{"null", "{}", "", `[{"login": "nobody"}]`, `{"message": "hello"}`} {
			answers := maps.Clone(answers) // a request of the case before may still be answered
			answers[path] = none
			if got, err := organised(t, answers).Organisations(t.Context()); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%s answered with %q: %+v, %v", path, none, got, err)
			}
		}
	}
}

func TestProfileOfSomebodyElse(t *testing.T) {
	s := organised(t, map[string]string{"/users/pebbledash": `{"id": 99, "login": "pebbledash", "name": "Somebody Else"}`})
	all, err := organised(t, acme()).Organisations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Profile(t.Context(), all[0].People[0]); fault.KindOf(err) != fault.NotFound || got.Title != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}
