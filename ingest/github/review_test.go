package github_test

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

// proposed is a source of a forge with one open pull request.
func proposed(t *testing.T) (*github.Source, *demoforge.Forge, *demoforge.Repository, ingest.Repository) {
	t.Helper()
	f := demoforge.New(demoforge.Options{URL: "http://forge.example", GitHub: demoforge.Service{Token: "t"}})
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	r, err := f.Create(demoforge.GitHub, "acme/payments", demoforge.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, branch := range []string{"main", "side"} {
		if _, err := r.Push(branch, demoforge.Change{Author: demoforge.Person{Name: "Moss", Email: "moss@acme.example", Login: "moss"}, Message: branch, Files: map[string]string{branch: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Propose(demoforge.PullRequest{Title: "Side", Branch: "side", By: demoforge.Person{Name: "Moss", Email: "moss@acme.example", Login: "moss"}}); err != nil {
		t.Fatal(err)
	}
	s, err := github.New(github.Options{Name: "github", URL: server.URL + "/github", Token: "t", WebhookSecret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	return s, f, r, ingest.Repository{FullName: "acme/payments"}
}

func TestReview(t *testing.T) {
	s, f, r, repo := proposed(t)
	p, err := s.PullRequest(t.Context(), repo, 1)
	want := ingest.PullRequest{Number: 1, Title: "Side", URL: "http://forge.example/github/acme/payments/pull/1", Open: true, Into: "main", Head: r.Head("side"), Author: event.Actor{Login: "moss"}}
	if diff := cmp.Diff(want, p); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := s.PullRequest(t.Context(), repo, 2); fault.KindOf(err) != fault.NotFound {
		t.Errorf("one that is not there: %v", err)
	}
	for _, good := range []bool{false, true} {
		if err := s.SetStatus(t.Context(), repo, ingest.CommitStatus{SHA: p.Head, Good: good, Says: "it says", URL: "http://portal.example/x"}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]demoforge.Status{{SHA: p.Head, State: "success", Context: "callboard/catalog", Description: "it says", TargetURL: "http://portal.example/x"}}, r.Statuses(p.Head)); diff != "" {
		t.Errorf("the status (-want +got):\n%s", diff)
	}

	// Somebody quotes ours, which is none of ours.
	say := func(text string, only bool) error {
		return s.Comment(t.Context(), repo, 1, ingest.Comment{Mark: "<!-- m -->", Text: text, Only: only})
	}
	if err := say("<!-- m -->\nnothing", true); err != nil || len(r.Comments(1)) != 0 {
		t.Errorf("what is to be said only in place of something: %v, %v", r.Comments(1), err)
	}
	if err := s.Comment(t.Context(), repo, 1, ingest.Comment{Mark: "<!-- n -->", Text: "> <!-- m -->\nI do not agree"}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"<!-- m -->\nfirst", "<!-- m -->\nsecond", "<!-- m -->\nsecond\n"} {
		if err := say(text, false); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, c := range r.Comments(1) {
		got = append(got, strings.Repeat("*", c.Edits)+c.Text)
	}
	if diff := cmp.Diff([]string{"> <!-- m -->\nI do not agree", "*<!-- m -->\nsecond"}, got); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}

	f.SetReadOnly(true)
	for what, err := range map[string]error{"Commit statuses": s.SetStatus(t.Context(), repo, ingest.CommitStatus{SHA: p.Head}), "Pull requests": say("<!-- m -->\nthird", false)} {
		if fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "github: ") || !strings.Contains(err.Error(), "the permission "+what+": Read and write") {
			t.Errorf("a token that only reads gets %v", err)
		}
	}
}

// A repository is described as GitHub's answer describes it, without asking.
func TestDescribe(t *testing.T) {
	s, _, r, _ := proposed(t)
	asked, err := s.Forge().Repository(t.Context(), ingest.Repository{ID: strconv.FormatInt(r.ID(), 10), FullName: "acme/payments"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(asked, s.Describe(asked.State("github")), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-asked +described):\n%s", diff)
	}
}
