package demoforge_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/demoforge"
)

// Both forges count the code on the default branch, in their own units.
func TestLanguages(t *testing.T) {
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Token: "t", Secret: "s3cret"}, GitLab: demoforge.Service{Token: "t", Secret: "s3cret"}})
	hub, err := github.New(github.Options{Name: "github", URL: f.APIURL(demoforge.GitHub), Token: "t", WebhookSecret: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	lab, err := gitlab.New(gitlab.Options{Name: "gitlab", URL: f.APIURL(demoforge.GitLab), Token: "t", WebhookSecret: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	for provider, test := range map[demoforge.Provider]struct {
		forge ingest.Forge
		want  map[string]float64
	}{
		demoforge.GitHub: {hub.Forge(), map[string]float64{"Go": 30, "Shell": 10}},
		demoforge.GitLab: {lab.Forge(), map[string]float64{"Go": 75, "Shell": 25}},
	} {
		r := create(t, f, provider, "acme/ledger")
		languages := func() map[string]float64 {
			all, err := test.forge.(ingest.LanguageLister).Languages(t.Context(), ingest.Repository{ID: fmt.Sprint(r.ID()), FullName: "acme/ledger"})
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		if got := languages(); len(got) != 0 {
			t.Errorf("%s: an empty repository is written in %v", provider, got)
		}
		push(t, r, "main", commit(1, "code", map[string]string{
			"main.go": strings.Repeat("x", 30), "tools/run.sh": strings.Repeat("x", 10), "README.md": strings.Repeat("x", 50),
		}))
		if diff := cmp.Diff(test.want, languages()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", provider, diff)
		}
	}
}
