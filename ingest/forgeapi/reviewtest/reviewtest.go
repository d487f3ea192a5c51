// Package reviewtest is the suite that every forge passes which takes a word on its pull
// requests. See [Run].
package reviewtest

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

// Source is what the suite is about.
type Source interface {
	ingest.Source
	ingest.Reviewed
	ingest.Describer
}

// Forge is one kind of forge.
type Forge struct {
	Name     string
	Provider demoforge.Provider
	// Open makes a source of that name, of a forge whose API is below an address.
	Open func(t *testing.T, address string) Source
	// Want is the pull request 1 of acme/payments, into main, but for its head.
	Want ingest.PullRequest
	// Lacks are words that say what a token which only reads lacks: to set a status, and to
	// comment.
	Lacks [2]string
}

// Run holds a kind of forge to what checks rely on.
func Run(t *testing.T, f Forge) {
	t.Helper()
	host := demoforge.New(demoforge.Options{URL: "http://forge.example", GitHub: demoforge.Service{Token: "t"}, GitLab: demoforge.Service{Token: "t"}})
	server := httptest.NewServer(host)
	t.Cleanup(server.Close)
	r, err := host.Create(f.Provider, "acme/payments", demoforge.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	moss := demoforge.Person{Name: "Moss", Email: "moss@acme.example", Login: "moss"}
	for _, branch := range []string{"main", "side"} {
		if _, err := r.Push(branch, demoforge.Change{Author: moss, Message: branch, Files: map[string]string{branch: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Propose(demoforge.PullRequest{Title: "Side", Branch: "side", By: moss}); err != nil {
		t.Fatal(err)
	}
	x := &suite{Forge: f, Source: f.Open(t, server.URL), host: host, r: r, repo: ingest.Repository{ID: strconv.FormatInt(r.ID(), 10), FullName: "acme/payments"}}
	t.Run("a pull request", x.pullRequest)
	t.Run("a status", x.status)
	t.Run("comments", x.comments)
	t.Run("a repository is described without asking", x.described)
	t.Run("a token that only reads", x.readOnly)
}

type suite struct {
	Forge
	Source
	host *demoforge.Forge
	r    *demoforge.Repository
	repo ingest.Repository
}

func (x *suite) pullRequest(t *testing.T) {
	want := x.Want
	want.Head = x.r.Head("side")
	p, err := x.PullRequest(t.Context(), x.repo, 1)
	if diff := cmp.Diff(want, p); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := x.PullRequest(t.Context(), x.repo, 2); fault.KindOf(err) != fault.NotFound {
		t.Errorf("one that is not there: %v", err)
	}
}

// The newest word on a commit counts, and the same may be said again.
func (x *suite) status(t *testing.T) {
	head := x.r.Head("side")
	for _, good := range []bool{false, true, true} {
		if err := x.SetStatus(t.Context(), x.repo, ingest.CommitStatus{SHA: head, Good: good, Says: "it says", URL: "http://portal.example/x"}); err != nil {
			t.Fatal(err)
		}
	}
	said := x.r.Statuses(head)
	for i := range said {
		if i > 0 && said[i] != said[0] {
			t.Errorf("it says %+v, and before %+v", said[0], said[i])
		}
	}
	want := demoforge.Status{SHA: head, State: "success", Context: ingest.StatusName, Description: "it says", TargetURL: "http://portal.example/x"}
	if len(said) == 0 || said[0] != want {
		t.Errorf("the status is %+v, want %+v", said, want)
	}
}

func (x *suite) say(t *testing.T, text string, only bool) error {
	t.Helper()
	return x.Comment(t.Context(), x.repo, 1, ingest.Comment{Mark: "<!-- m -->", Text: text, Only: only})
}

// There is one comment of ours, however often we say something; what quotes it is none.
func (x *suite) comments(t *testing.T) {
	if err := x.say(t, "<!-- m -->\nnothing", true); err != nil || len(x.r.Comments(1)) != 0 {
		t.Errorf("what is to be said only in place of something: %v, %v", x.r.Comments(1), err)
	}
	if err := x.Comment(t.Context(), x.repo, 1, ingest.Comment{Mark: "<!-- n -->", Text: "> <!-- m -->\nI do not agree"}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"<!-- m -->\nfirst", "<!-- m -->\nsecond", "<!-- m -->\nsecond\n"} {
		if err := x.say(t, text, false); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, c := range x.r.Comments(1) {
		got = append(got, strings.Repeat("*", c.Edits)+c.Text)
	}
	if diff := cmp.Diff([]string{"> <!-- m -->\nI do not agree", "*<!-- m -->\nsecond"}, got); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
}

// A repository is described as the forge's answer describes it.
func (x *suite) described(t *testing.T) {
	asked, err := x.Source.Forge().Repository(t.Context(), x.repo)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(asked, x.Describe(asked.State(x.Forge.Name)), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-asked +described):\n%s", diff)
	}
	if x.Describe(event.RepositoryState{}).FullName != "" {
		t.Error("what nothing is known of has a name")
	}
}

func (x *suite) readOnly(t *testing.T) {
	x.host.SetReadOnly(true)
	defer x.host.SetReadOnly(false)
	failed := [2]error{x.SetStatus(t.Context(), x.repo, ingest.CommitStatus{SHA: x.r.Head("side")}), x.say(t, "<!-- m -->\nthird", false)}
	for i, err := range failed {
		if fault.KindOf(err) != fault.Denied || !strings.HasPrefix(err.Error(), x.Forge.Name+": ") || !strings.Contains(err.Error(), x.Lacks[i]) {
			t.Errorf("it gets %v, want what says %q", err, x.Lacks[i])
		}
	}
}
