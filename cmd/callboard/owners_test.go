package main

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/demoforge"
)

// page returns a page or an answer of the portal.
func (r *running) page(t *testing.T, path string) string {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := r.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", path, resp.Status, err)
	}
	return string(b)
}

const ownerless = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: till}\nspec: {type: service, steps: []}\n"

// CODEOWNERS becomes a fact, once for each change of it, which is the doing of who
// made the commit; and what has no owner shows whom it suggests.
func TestCodeowners(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			r := startSurveyed(t, "@every 24h")
			r.inhabit(t, p)
			team := map[demoforge.Provider]string{demoforge.GitHub: "@acme/storage", demoforge.GitLab: "@acme/platform/storage"}[p]
			repo := r.repository(t, p, "acme/shop")
			send := func(c demoforge.Change) {
				t.Helper()
				c.Author, c.Message = pebbledash, "Change"
				d, err := repo.Push("main", c)
				if err != nil {
					t.Fatal(err)
				}
				if status := r.send(t, d); status != http.StatusAccepted {
					t.Fatalf("the door answers %d", status)
				}
				r.settle(t)
			}
			send(demoforge.Change{Files: map[string]string{
				"till/catalog-info.yaml": ownerless,
				"docs/CODEOWNERS":        "* @acme/everybody\ntill/ " + team + " @mossbank dev@acme.example nobody\n",
			}})
			send(demoforge.Change{Files: map[string]string{"README.md": "more"}})
			facts := func() (all []string) {
				for rec, err := range r.events.Read(t.Context(), 0) {
					if err != nil {
						t.Fatal(err)
					}
					if rec.Type != event.TypeFactRecorded {
						continue
					}
					d, err := event.DecodeAs[event.FactRecorded](rec.Event)
					if err != nil {
						t.Fatal(err)
					}
					if d.Fact != event.FactCodeowners {
						continue
					}
					if rec.Actor.Name != "Pebbledash" || rec.Cause.Commit == "" || rec.Cause.Delivery == "" || d.Repository.FullName != "acme/shop" {
						t.Errorf("the fact is of %+v and %+v", rec.Actor, rec.Cause)
					}
					var v struct {
						Path string `json:"path"`
					}
					if err := json.Unmarshal(d.Value, &v); err != nil {
						t.Fatal(err)
					}
					all = append(all, v.Path)
				}
				return all
			}
			if got := facts(); !slices.Equal(got, []string{"docs/CODEOWNERS"}) {
				t.Errorf("the facts are of %q", got)
			}
			id := ""
			for _, s := range r.known(t, p) {
				id = s.ID
			}
			answer := r.page(t, "/api/repositories/"+string(p)+"/"+id+"/facts")
			if !strings.Contains(answer, `"fact":"codeowners"`) || !strings.Contains(answer, `"dialect":"`+string(p)+`"`) || !strings.Contains(answer, `is no owner`) {
				t.Errorf("the API says %s", answer)
			}

			// Before docs/, so it counts instead; then both go.
			place := map[demoforge.Provider]string{demoforge.GitHub: ".github/CODEOWNERS", demoforge.GitLab: "CODEOWNERS"}[p]
			send(demoforge.Change{Files: map[string]string{place: "* @fernhill\n"}})
			send(demoforge.Change{Remove: []string{place, "docs/CODEOWNERS"}})
			if got := facts(); !slices.Equal(got, []string{"docs/CODEOWNERS", place, ""}) {
				t.Errorf("the facts are of %q", got)
			}
		})
	}
}

func (r *running) known(t *testing.T, p demoforge.Provider) []event.RepositoryState {
	t.Helper()
	all, err := r.portal.surveyed().All(t.Context(), string(p))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCodeownersSuggestOwners(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			r := startSurveyed(t, "@every 24h")
			r.inhabit(t, p)
			team := map[demoforge.Provider]string{demoforge.GitHub: "@acme/storage", demoforge.GitLab: "@acme/platform/storage"}[p]
			repo := r.repository(t, p, "acme/shop")
			push(t, repo, map[string]string{
				"till/catalog-info.yaml": ownerless,
				"CODEOWNERS":             "* @acme/everybody\n/till/ " + team + " @mossbank dev@acme.example\n*.yaml @fernhill\n",
			})
			r.mustSurvey(t, p)
			got := r.page(t, "/catalog/default/template/till")
			_, got, _ = strings.Cut(got, "CODEOWNERS suggests")
			got, _, ok := strings.Cut(got, "</span>")
			for _, want := range []string{`/group/` + inner(p) + `">` + team + `</a>`, `/user/mossbank">@mossbank</a>`, "dev@acme.example"} {
				if !ok || !strings.Contains(got, want) {
					t.Errorf("the page suggests %q, want %q in it", got, want)
				}
			}
			if strings.Contains(got, "fernhill") {
				t.Errorf("it suggests who owns YAML files: %q", got)
			}
		})
	}
}
