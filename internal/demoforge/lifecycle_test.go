package demoforge_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/demoforge"
)

// life takes a repository through all that can become of it, and returns what
// was told of each step and what was told along with it.
func life(t *testing.T, p demoforge.Provider) (r *demoforge.Repository, told []demoforge.Delivery) {
	t.Helper()
	f := start(t, demoforge.Options{})
	r = create(t, f, p, "acme/ledger")
	push(t, r, "main", commit(0, "first", map[string]string{"a": "1"}))
	push(t, r, "trunk")
	step := func(d demoforge.Delivery, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, d)
		told = append(told, d.Along...)
	}
	step(r.Created())
	step(r.Rename("acme/books"))
	step(r.Transfer("other", moss))
	step(r.Archive(moss))
	step(r.Unarchive(moss))
	step(r.SetDefaultBranch("trunk", moss))
	step(r.SetVisibility("private", moss))
	step(r.SetVisibility("public", moss))
	step(r.SetTopics([]string{"go"}, moss))
	step(r.Delete(moss))
	return r, told
}

func TestGitHubRepositoryLife(t *testing.T) {
	r, told := life(t, demoforge.GitHub)
	type facts struct{ Event, Action, Name, Branch, From, Visibility string }
	var got []facts
	for _, d := range told {
		event, err := github.ParseWebHook(d.Event, d.Body)
		if err != nil {
			t.Fatal(err)
		}
		f := facts{Event: d.Event, Action: d.Action}
		var repo *github.Repository
		switch e := event.(type) {
		case *github.RepositoryEvent:
			repo = e.GetRepo()
			changes := e.GetChanges()
			f.From = changes.GetRepo().GetName().GetFrom() + changes.GetOwner().GetOwnerInfo().GetOrg().GetLogin() + changes.GetDefaultBranch().GetFrom()
			if e.GetAction() != d.Action || e.GetSender().GetLogin() == "" {
				t.Errorf("%s: action %s by %s", d.Action, e.GetAction(), e.GetSender().GetLogin())
			}
		case *github.PublicEvent:
			repo = e.GetRepo()
		}
		if repo.GetID() != r.ID() || d.Repository != repo.GetFullName() {
			t.Errorf("%s %s is about %s, number %d", d.Event, d.Action, repo.GetFullName(), repo.GetID())
		}
		f.Name, f.Branch, f.Visibility = repo.GetFullName(), repo.GetDefaultBranch(), repo.GetVisibility()
		if repo.GetArchived() != (d.Action == "archived") {
			t.Errorf("%s: archived %t", d.Action, repo.GetArchived())
		}
		got = append(got, f)
	}
	want := []facts{
		{"repository", "created", "acme/ledger", "main", "", "public"},
		{"repository", "renamed", "acme/books", "main", "ledger", "public"},
		{"repository", "transferred", "other/books", "main", "acme", "public"},
		{"repository", "archived", "other/books", "main", "", "public"},
		{"repository", "unarchived", "other/books", "main", "", "public"},
		{"repository", "edited", "other/books", "trunk", "main", "public"},
		{"repository", "privatized", "other/books", "trunk", "", "private"},
		{"repository", "publicized", "other/books", "trunk", "", "public"},
		{"public", "", "other/books", "trunk", "", "public"},
		{"repository", "edited", "other/books", "trunk", "", "public"},
		{"repository", "deleted", "other/books", "trunk", "", "public"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestGitLabProjectLife(t *testing.T) {
	r, told := life(t, demoforge.GitLab)
	type facts struct{ Hook, Event, Path, Old, Visibility string }
	var got []facts
	for _, d := range told {
		var event any
		var err error
		if d.Event == "System Hook" {
			event, err = gitlab.ParseSystemhook(d.Body)
		} else {
			event, err = gitlab.ParseWebhook(gitlab.EventType(d.Event), d.Body)
		}
		if err != nil {
			t.Fatal(err)
		}
		var id int64
		switch e := event.(type) {
		case *gitlab.ProjectSystemEvent:
			id = e.ProjectID
			got = append(got, facts{d.Event, e.EventName, e.PathWithNamespace, e.OldPathWithNamespace, e.ProjectVisibility})
		case *gitlab.ProjectWebhookEvent:
			id = e.ProjectID
			got = append(got, facts{d.Event, e.EventName, e.PathWithNamespace, e.OldPathWithNamespace, e.ProjectVisibility})
		default:
			t.Fatalf("%s comes as %T", d.Action, event)
		}
		if id != r.ID() {
			t.Errorf("%s is about project %d", d.Action, id)
		}
	}
	want := []facts{
		{"System Hook", "project_create", "acme/ledger", "", "public"},
		{"Project Hook", "project_create", "acme/ledger", "", "public"},
		{"System Hook", "project_rename", "acme/books", "acme/ledger", "public"},
		{"Project Hook", "project_rename", "acme/books", "acme/ledger", "public"},
		{"System Hook", "project_transfer", "other/books", "acme/books", "public"},
		{"Project Hook", "project_transfer", "other/books", "acme/books", "public"},
		{"System Hook", "project_update", "other/books", "", "public"},
		{"System Hook", "project_update", "other/books", "", "public"},
		{"System Hook", "project_update", "other/books", "", "public"},
		{"System Hook", "project_update", "other/books", "", "private"},
		{"System Hook", "project_update", "other/books", "", "public"},
		{"System Hook", "project_update", "other/books", "", "public"},
		{"System Hook", "project_destroy", "other/books", "", "public"},
		{"Project Hook", "project_destroy", "other/books", "", "public"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestGoneAndMovedRepositories(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			f := start(t, demoforge.Options{})
			r := create(t, f, p, "acme/ledger")
			status := func(path string) int {
				t.Helper()
				if p == demoforge.GitHub {
					code, _, _ := get(t, f.APIURL(p)+"repos/"+path, nil)
					return code
				}
				c := gitlabClient(t, f, "any")
				_, resp, _ := c.Projects.GetProject(path, nil)
				return resp.StatusCode
			}
			if _, err := r.Transfer("other", moss); err != nil {
				t.Fatal(err)
			}
			if got := status("acme/ledger"); got != http.StatusOK {
				t.Errorf("under the old name: %d", got)
			}
			if _, err := f.RenameOwner(p, "other", "another"); err != nil {
				t.Fatal(err)
			}
			if r.Name() != "another/ledger" {
				t.Errorf("it is %s now, want another/ledger", r.Name())
			}
			if got := status("other/ledger"); got != http.StatusOK {
				t.Errorf("under the owner's old name: %d", got)
			}
			if _, err := r.Delete(moss); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"acme/ledger", "other/ledger", "another/ledger"} {
				if got := status(name); got != http.StatusNotFound {
					t.Errorf("%s is deleted and answers %d", name, got)
				}
			}
		})
	}
}

func TestChangesThatAreNone(t *testing.T) {
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	create(t, f, demoforge.GitHub, "acme/taken")
	push(t, r, "main", commit(0, "first", map[string]string{"a": "1"}))
	before := len(f.Deliveries())
	for name, try := range map[string]func() (demoforge.Delivery, error){
		"unarchive":          func() (demoforge.Delivery, error) { return r.Unarchive(moss) },
		"visibility":         func() (demoforge.Delivery, error) { return r.SetVisibility("public", moss) },
		"unknown visibility": func() (demoforge.Delivery, error) { return r.SetVisibility("hidden", moss) },
		"unknown branch":     func() (demoforge.Delivery, error) { return r.SetDefaultBranch("unknown", moss) },
		"taken name":         func() (demoforge.Delivery, error) { return r.Rename("acme/taken") },
		"no name":            func() (demoforge.Delivery, error) { return r.Rename("acme") },
	} {
		if _, err := try(); err == nil {
			t.Errorf("%s went through", name)
		}
	}
	if got := len(f.Deliveries()); got != before {
		t.Errorf("%d deliveries of it", got-before)
	}
	repo, _, err := githubClient(t, f, "any").Repositories.Get(context.Background(), "acme", "ledger")
	if err != nil || repo.GetFullName() != "acme/ledger" || repo.GetVisibility() != "public" {
		t.Errorf("it is %v, %v", repo, err)
	}
}
