package repositories_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/repositories"
)

func open(t *testing.T) *repositories.Repositories {
	t.Helper()
	r, err := repositories.Open(t.Context(), filepath.Join(t.TempDir(), "repositories.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func state(id, name string) event.RepositoryState {
	return event.RepositoryState{Repository: event.Repository{Source: "github", ID: id, FullName: name}, DefaultBranch: "main", Topics: []string{"go"}}
}

// story: payments becomes bank, and another repository takes its old name;
// ledger is archived, and old is deleted. One gap is open, one closed.
func story(t *testing.T) *projectiontest.Story {
	t.Helper()
	gap := func(id string) event.SourceGapFound {
		return event.SourceGapFound{Source: "github", Gap: id, Kind: event.GapHead, Repository: state("1", "acme/bank").Repository, Detail: "main moved"}
	}
	archived := state("2", "acme/ledger")
	archived.Archived = true
	return projectiontest.NewStory(t).
		Add("acme/payments", event.RepositoryObserved{RepositoryState: state("1", "acme/payments")}).
		Add("acme/ledger", event.RepositoryObserved{RepositoryState: state("2", "acme/ledger")}).
		Add("acme/old", event.RepositoryObserved{RepositoryState: state("3", "acme/old")}).
		Add("acme/bank", event.RepositoryRenamed{RepositoryState: state("1", "acme/bank"), From: "acme/payments"}).
		Add("acme/ledger", event.RepositoryArchived{RepositoryState: archived}).
		Add("acme/old", event.RepositoryDeleted{Repository: state("3", "acme/old").Repository}).
		Add("acme/lent", event.RepositoryObserved{RepositoryState: state("4", "acme/lent")}).
		Add("acme/lent", event.RepositoryLeft{Repository: state("4", "acme/lent").Repository, To: "bank/lent"}).
		Add("acme/bank", gap("g1")).
		Add("acme/bank", gap("g2")).
		Add("acme/bank", event.SourceGapClosed{Source: "github", Gap: "g1", Detail: "read from the forge"}).
		Add("github", event.SourceNoticed{Source: "github", Notice: event.NoticeHookDeleted}).
		Add("acme/bank", event.FactRecorded{Fact: "codeowners", Repository: state("1", "acme/bank").Repository, Value: []byte(`{"path":"CODEOWNERS"}`)}).
		Add("acme/bank", event.FactRecorded{Fact: "branchProtection", Repository: state("1", "acme/bank").Repository, Value: []byte(`{"rules":1}`)}).
		Add("acme/bank", event.FactRecorded{Fact: "codeowners", Repository: state("1", "acme/bank").Repository, Value: []byte(`{"path":"docs/CODEOWNERS"}`)}).
		Add("acme/bank", event.FactRecorded{Fact: "branchProtection", Repository: state("1", "acme/bank").Repository, Value: []byte("null")}).
		Add("component:default/x", event.FactRecorded{Fact: "coverage", Repository: state("1", "acme/bank").Repository, Entity: "component:default/x", Value: []byte("1")}).
		Add("component:default/x", event.EntityRemoved{Ref: "component:default/x"})
}

func folded(t *testing.T) *repositories.Repositories {
	t.Helper()
	r := open(t)
	if err := r.Apply(t.Context(), story(t).Records()); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestContract(t *testing.T) {
	projectiontest.Run(t, open, story(t).Records(), func(t *testing.T, r *repositories.Repositories) any {
		t.Helper()
		all, err := r.List(t.Context(), "github", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		gaps, err := r.Gaps(t.Context(), "github", 10)
		if err != nil {
			t.Fatal(err)
		}
		facts, err := r.Facts(t.Context(), "github", "1")
		if err != nil {
			t.Fatal(err)
		}
		return []any{all, gaps, facts}
	})
}

func TestNames(t *testing.T) {
	r := folded(t)
	for name, want := range map[string]string{"acme/payments": "acme/bank", "ACME/Bank": "acme/bank", "acme/ledger": "acme/ledger"} {
		got, err := r.Named(t.Context(), "github", name)
		if err != nil || got.FullName != want {
			t.Errorf("%s is %s now, %v; want %s", name, got.FullName, err, want)
		}
	}
	if _, err := r.Named(t.Context(), "gitlab", "acme/bank"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another source's repository: %v", err)
	}
	if err := r.Apply(t.Context(), story(t).Add("acme/payments", event.RepositoryObserved{RepositoryState: state("9", "acme/payments")}).Records()); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Named(t.Context(), "github", "acme/payments"); err != nil || got.ID != "9" {
		t.Errorf("a name that passed on is that of %s, %v", got.ID, err)
	}
}

// Of what somebody reports the time counts, not the order in which it comes: also of what
// was taken back.
func TestReportsThatComeLate(t *testing.T) {
	const ref = "component:default/x"
	r, at := open(t), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for n, one := range []struct {
		hours int
		value string
		want  string
	}{{1, "60", "60"}, {3, "80", "80"}, {2, "null", "80"}, {4, "null", ""}, {3, "70", ""}, {5, "90", "90"}} {
		e, err := event.New("/test", ref, event.FactRecorded{Fact: event.FactReported + "coverage", Entity: ref, Value: []byte(one.value)})
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Time = fmt.Sprint(n), at.Add(time.Duration(one.hours)*time.Hour)
		if err := r.Apply(t.Context(), []eventlog.Record{{Position: eventlog.Position(n + 1), Recorded: at.AddDate(0, 0, 1), Event: e}}); err != nil { //nolint:gosec // small
			t.Fatal(err)
		}
		got := ""
		facts, err := r.OfEntity(t.Context(), ref)
		if len(facts) > 0 {
			got = string(facts[0].Value)
		}
		if _, known := r.Fact(t.Context(), "", ref, event.FactReported+"coverage"); got != one.want || err != nil || (known == nil) != (one.want != "") {
			t.Errorf("after %s of hour %d it is %q, %v, want %q", one.value, one.hours, got, err, one.want)
		}
	}
}

func TestFacts(t *testing.T) {
	r := folded(t)
	facts, err := r.Facts(t.Context(), "github", "1")
	if err != nil || len(facts) != 1 || facts[0].Fact != "codeowners" || string(facts[0].Value) != `{"path":"docs/CODEOWNERS"}` || facts[0].At.IsZero() {
		t.Errorf("the facts are %+v, %v", facts, err)
	}
	one, err := r.Fact(t.Context(), "github", "1", "codeowners")
	if err != nil || one.Position != facts[0].Position {
		t.Errorf("the fact is %+v, %v", one, err)
	}
	for _, gone := range [][2]string{{"1", "branchProtection"}, {"1", "coverage"}, {"2", "codeowners"}} {
		if _, err := r.Fact(t.Context(), "github", gone[0], gone[1]); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s of %s: %v", gone[1], gone[0], err)
		}
	}
}

func TestWhatThereIs(t *testing.T) {
	r := folded(t)
	counts, err := r.Counts(t.Context(), "github")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(repositories.Counts{Repositories: 2, Archived: 1, OpenGaps: 1, ClosedGaps: 1}, counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	list, err := r.List(t.Context(), "github", "acme/bank", 10)
	if err != nil || len(list) != 1 || list[0].FullName != "acme/ledger" || !list[0].Archived {
		t.Errorf("after acme/bank comes %+v, %v", list, err)
	}
	gone, err := r.Get(t.Context(), "github", "3")
	if err != nil || gone.Deleted.IsZero() {
		t.Errorf("what was deleted is %+v, %v", gone, err)
	}
	gaps, err := r.Gaps(t.Context(), "github", 10)
	if err != nil || len(gaps) != 2 || gaps[0].Gap != "g2" || !gaps[0].Closed.IsZero() || gaps[1].How != "read from the forge" || gaps[1].Closed.Before(gaps[1].Found.Add(time.Minute)) {
		t.Errorf("the gaps are %+v, %v", gaps, err)
	}
	notices, err := r.Notices(t.Context(), "github", 10)
	if err != nil || len(notices) != 1 || notices[0].Notice != event.NoticeHookDeleted {
		t.Errorf("the notices are %+v, %v", notices, err)
	}
}

func TestSearch(t *testing.T) {
	r := folded(t)
	for _, tt := range []struct {
		name   string
		search repositories.Search
		want   []string
		total  int
	}{
		{"all that are there", repositories.Search{Limit: 9}, []string{"acme/bank", "acme/ledger"}, 2},
		{"a page", repositories.Search{Limit: 1, Offset: 1}, []string{"acme/ledger"}, 2},
		{"by name, in any case", repositories.Search{Text: "LEDG", Limit: 9}, []string{"acme/ledger"}, 1},
		{"archived", repositories.Search{Archived: true, Limit: 9}, []string{"acme/ledger"}, 1},
		{"text is no pattern", repositories.Search{Text: "a_me", Limit: 9}, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, total, err := r.Search(t.Context(), "github", tt.search)
			var got []string
			for _, one := range all {
				got = append(got, one.FullName)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || total != tt.total || err != nil {
				t.Errorf("%d in all, %v: %s", total, err, diff)
			}
		})
	}
}

func TestSince(t *testing.T) {
	happened := time.Date(2026, 3, 12, 8, 0, 0, 0, time.UTC)
	s := story(t)
	r := open(t)
	if err := r.Apply(t.Context(), s.Records()); err != nil {
		t.Fatal(err)
	}
	gaps, err := r.Gaps(t.Context(), "github", 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Since(t.Context(), "github"); err != nil || !got.Equal(gaps[0].Found) {
		t.Errorf("since %v, %v; when it happened is not known, so when it was found: %v", got, err, gaps[0].Found)
	}
	s.Add("github", event.SourceGapFound{Source: "github", Gap: "g3", Kind: event.GapDelivery, Since: happened})
	if err := r.Apply(t.Context(), s.Records()); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Since(t.Context(), "github"); err != nil || !got.Equal(happened) {
		t.Errorf("since %v, %v", got, err)
	}
	if got, err := r.Since(t.Context(), "gitlab"); err != nil || !got.IsZero() {
		t.Errorf("nothing of another source is missed: %v, %v", got, err)
	}
}
