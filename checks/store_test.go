package checks_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

func report(number int64, sha, says string) *checks.Report {
	return &checks.Report{
		Source: "github", RepositoryID: "7", Repository: "acme/payments", Number: number, Title: "Retire CODEOWNERS", Author: event.Actor{Login: "marlpit"},
		Commit: sha, At: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Says: says, Outcome: &checks.Outcome{Source: "github", Repository: "acme/payments"},
	}
}

// The newest report of a commit counts, a check that failed is forgotten once one did not,
// and a file keeps them over a restart.
func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checks.db")
	open := func() *checks.Store {
		s, err := checks.OpenStore(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	failed := report(8, "", "It could not be checked")
	failed.Failed, failed.Outcome = "the forge is away", nil
	for _, r := range []*checks.Report{report(7, "aaa", "first"), failed, report(7, "bbb", "second"), report(7, "aaa", "again"), report(8, "ccc", "at last")} {
		if err := s.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	defer func() { _ = s.Close() }()
	all, err := s.Newest(t.Context(), "github", 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range all {
		got = append(got, fmt.Sprint(r.Number, r.Commit, " ", r.Says))
	}
	if diff := cmp.Diff([]string{"8ccc at last", "7aaa again", "7bbb second"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	one, err := s.Get(t.Context(), "github", "acme/payments", "aaa")
	if diff := cmp.Diff(*report(7, "aaa", "again"), one); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, sha := range []string{"", "ddd"} {
		if _, err := s.Get(t.Context(), "github", "acme/payments", sha); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%q: %v, want that it is not found", sha, err)
		}
	}
}
