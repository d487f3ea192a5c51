package demoforge_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/demoforge"
)

// A pull request is told of when it is opened and when its branch moves, can be asked for,
// and takes statuses and comments, by GitHub's own client.
func TestGitHubPullRequest(t *testing.T) {
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Token: "t0ken"}})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	push(t, r, "main", write(1, "one"))
	push(t, r, "side", write(2, "two"))
	opened := must(t)(r.Propose(demoforge.PullRequest{Title: "Two", Branch: "side", By: pebble}))
	moved := push(t, r, "side", write(3, "three"))
	if opened.Event != "pull_request" || opened.Action != "opened" || len(moved.Along) != 1 || moved.Along[0].Action != "synchronize" {
		t.Errorf("it tells of %s %s, and then along with %s of %+v", opened.Event, opened.Action, moved.Event, moved.Along)
	}
	if _, err := r.Propose(demoforge.PullRequest{Branch: "nosuch"}); err == nil {
		t.Error("a branch that is not there can be proposed")
	}
	c := github.NewClient(nil).WithAuthToken("t0ken")
	c, err := c.WithEnterpriseURLs(f.APIURL(demoforge.GitHub), f.APIURL(demoforge.GitHub))
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := c.PullRequests.Get(t.Context(), "acme", "ledger", 1)
	if err != nil || p.GetState() != "open" || p.GetHead().GetSHA() != moved.After || p.GetBase().GetRef() != "main" || p.GetTitle() != "Two" {
		t.Fatalf("it is %+v, %v", p, err)
	}
	status := func(state, says string) error {
		_, _, err := c.Repositories.CreateStatus(t.Context(), "acme", "ledger", moved.After, &github.RepoStatus{State: &state, Description: &says, Context: github.String("check")})
		return err
	}
	for _, state := range []string{"failure", "success"} {
		if err := status(state, "it is "+state); err != nil {
			t.Fatal(err)
		}
	}
	if err := status("success", strings.Repeat("x", 141)); err == nil {
		t.Error("a description of 141 characters is taken")
	}
	if diff := cmp.Diff([]demoforge.Status{{SHA: moved.After, State: "success", Context: "check", Description: "it is success"}}, r.Statuses(moved.After)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	one, _, err := c.Issues.CreateComment(t.Context(), "acme", "ledger", 1, &github.IssueComment{Body: github.String("first")})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Issues.EditComment(t.Context(), "acme", "ledger", one.GetID(), &github.IssueComment{Body: github.String("second")}); err != nil {
		t.Fatal(err)
	}
	all, _, err := c.Issues.ListComments(t.Context(), "acme", "ledger", 1, nil)
	if err != nil || len(all) != 1 || all[0].GetBody() != "second" {
		t.Errorf("comments are %v, %v", all, err)
	}
	if diff := cmp.Diff([]demoforge.Comment{{ID: one.GetID(), Text: "second", Edits: 1}}, r.Comments(1)); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
	f.SetReadOnly(true)
	if _, resp, err := c.Issues.CreateComment(t.Context(), "acme", "ledger", 1, &github.IssueComment{Body: github.String("third")}); err == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a token that reads only comments: %v", err)
	}
	if d := must(t)(r.ClosePull(1)); d.Action != "closed" {
		t.Errorf("its end tells of %s", d.Action)
	}
	if d := push(t, r, "side", write(4, "four")); len(d.Along) != 0 {
		t.Errorf("a push to a closed one tells of %+v", d.Along)
	}
	if p, _, err := c.PullRequests.Get(t.Context(), "acme", "ledger", 1); err != nil || p.GetState() != "closed" {
		t.Errorf("closed it is %+v, %v", p, err)
	}
}

// A comment is shown as it reads: in Markdown, without its mark, and with nothing that runs.
func TestPullRequestShowsComments(t *testing.T) {
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Token: "t0ken"}})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	push(t, r, "main", write(1, "one"))
	push(t, r, "side", write(2, "two"))
	must(t)(r.Propose(demoforge.PullRequest{Title: "Two", Branch: "side", By: pebble}))
	text := "<!-- mark -->\n**Falls**\n\n| Entity | Now |\n|---|---|\n| `ledger` | Gold |\n\n<script>alert(1)</script>\n\n[all](https://callboard.acme.example/checks) [x](javascript:alert%281%29)"
	c, err := github.NewClient(nil).WithAuthToken("t0ken").WithEnterpriseURLs(f.APIURL(demoforge.GitHub), f.APIURL(demoforge.GitHub))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Issues.CreateComment(t.Context(), "acme", "ledger", 1, &github.IssueComment{Body: github.String(text)}); err != nil {
		t.Fatal(err)
	}
	_, _, page := get(t, f.APIURL(demoforge.GitHub)+"acme/ledger/pull/1", nil)
	for _, want := range []string{"<strong>Falls</strong>", "<code>ledger</code>", `href="https://callboard.acme.example/checks"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s:\n%s", want, page)
		}
	}
	for _, wrong := range []string{"mark -->", "**", "<script", `="javascript`} {
		if strings.Contains(page, wrong) {
			t.Errorf("the page has %s:\n%s", wrong, page)
		}
	}
}

// The same by GitLab's client.
func TestGitLabMergeRequest(t *testing.T) {
	f := start(t, demoforge.Options{GitLab: demoforge.Service{Token: "t0ken"}})
	r := create(t, f, demoforge.GitLab, "acme/money/ledger")
	push(t, r, "main", write(1, "one"))
	push(t, r, "side", write(2, "two"))
	opened := must(t)(r.Propose(demoforge.PullRequest{Title: "Two", Branch: "side", By: pebble}))
	moved := push(t, r, "side", write(3, "three"))
	if opened.Event != "Merge Request Hook" || opened.Action != "open" || len(moved.Along) != 2 || moved.Along[1].Action != "update" {
		t.Errorf("it tells of %s %s, and then along with %s of %+v", opened.Event, opened.Action, moved.Event, moved.Along)
	}
	c, err := gitlab.NewClient("t0ken", gitlab.WithBaseURL(f.APIURL(demoforge.GitLab)), gitlab.WithoutRetries())
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := c.MergeRequests.GetMergeRequest(r.ID(), 1, nil)
	if err != nil || m.State != "opened" || m.SHA != moved.After || m.TargetBranch != "main" || m.Author.Username != "pebbledash" {
		t.Fatalf("it is %+v, %v", m, err)
	}
	status := func(state gitlab.BuildStateValue) (*gitlab.Response, error) {
		_, resp, err := c.Commits.SetCommitStatus(r.ID(), moved.After, &gitlab.SetCommitStatusOptions{State: state, Name: gitlab.Ptr("check"), Description: gitlab.Ptr("it is " + string(state))})
		return resp, err
	}
	for _, state := range []gitlab.BuildStateValue{gitlab.Failed, gitlab.Success} {
		if _, err := status(state); err != nil {
			t.Fatal(err)
		}
	}
	if resp, err := status(gitlab.Success); err == nil || resp.StatusCode != http.StatusBadRequest || !strings.Contains(err.Error(), "Cannot transition status") {
		t.Errorf("the same status again: %v", err)
	}
	if diff := cmp.Diff([]demoforge.Status{{SHA: moved.After, State: "success", Context: "check", Description: "it is success"}}, r.Statuses(moved.After)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	one, _, err := c.Notes.CreateMergeRequestNote(r.ID(), 1, &gitlab.CreateMergeRequestNoteOptions{Body: gitlab.Ptr("first")})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Notes.UpdateMergeRequestNote(r.ID(), 1, one.ID, &gitlab.UpdateMergeRequestNoteOptions{Body: gitlab.Ptr("second")}); err != nil {
		t.Fatal(err)
	}
	all, _, err := c.Notes.ListMergeRequestNotes(r.ID(), 1, nil)
	if err != nil || len(all) != 1 || all[0].Body != "second" {
		t.Errorf("notes are %v, %v", all, err)
	}
	f.SetReadOnly(true)
	if _, resp, err := c.Notes.CreateMergeRequestNote(r.ID(), 1, &gitlab.CreateMergeRequestNoteOptions{Body: gitlab.Ptr("third")}); err == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a token that reads only comments: %v", err)
	}
}
