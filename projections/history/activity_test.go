package history_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/projectiontest"
)

func TestActivityIsTold(t *testing.T) {
	const sha, before = "9c1185a5c5e9fc54612808977ee8f548b2258d31", "1b1d5781111d84f7b3fe45a0852e59758cd7a87e"
	exempt := event.Exemption{
		Entity: "component:default/till", Card: "scorecard:default/ready", Rules: []string{"docs"}, Until: "2026-06-30", Reason: "The books move", Note: "Once",
	}
	for _, tt := range []struct {
		data event.Data
		want string
	}{
		{event.ActivityPush{Ref: "refs/heads/main", Before: before, After: sha, Commits: 3}, "main: 3 commits, to 9c1185a"},
		{event.ActivityPush{Ref: "refs/heads/main", Before: before, After: sha, Commits: 1}, "main: one commit, to 9c1185a"},
		{event.ActivityPush{Ref: "refs/heads/main", Before: before, After: sha}, "main moved to 9c1185a"},
		{event.ActivityPush{Ref: "refs/heads/a/b", After: sha}, "a/b is new, at 9c1185a"},
		{event.ActivityPush{Ref: "refs/heads/a/b", Before: before, After: sha, Forced: true, Commits: 2}, "a/b was rewritten, and is at 9c1185a"},
		{event.ActivityPush{Ref: "refs/tags/v1", Before: before}, "tag v1 was deleted"},
		{event.ActivityPullRequest{Number: 7, State: "merged", Action: "closed", Title: "Round half to even"}, "pull request 7 merged: Round half to even"},
		{event.ActivityPullRequest{Number: 7, State: "open", Action: "synchronize"}, "pull request 7 changed"},
		{event.ActivityPullRequest{Number: 7, State: "open", Action: "open", Title: "x"}, "pull request 7 opened: x"},
		{event.ActivityPullRequest{Number: 7, State: "open"}, "pull request 7 open"},
		{event.ActivityRelease{Tag: "v1.2.0", Name: "v1.2.0", Action: "published"}, "v1.2.0 published"},
		{event.ActivityRelease{Tag: "v1.2.0", Name: "Spring", Action: "deleted"}, "v1.2.0 deleted: Spring"},
		{event.ActivityDeployment{Environment: "production", Status: "success"}, "production: success"},
		{event.ActivityDeployment{Environment: "production", Status: "failure", Entity: payments}, "production: failure of component:default/payments"},
		{event.ActivityPipeline{ID: "92", Name: "build", Status: "failure", Branch: "main"}, "build on main: failure"},
		{event.ActivityPipeline{ID: "92", Status: "running"}, "pipeline 92: running"},
		{event.ActivityAlert{Tool: "dependencies", Title: "left-pad", Severity: "high", State: "open"}, "dependencies: left-pad, high: open"},
		{event.ActivityAlert{Tool: "secrets", ID: "3", State: "fixed"}, "secrets: alert 3: fixed"},
		{event.LogSealed{Size: 48199}, "48199 events under seal"},
		{event.ScoreChanged{Title: "Ready", After: &event.Score{Points: 1, Of: 2}}, "Ready: 1 of 2 points"},
		{event.ScoreChanged{
			Title: "Ready", Before: &event.Score{Level: "Bronze"}, After: &event.Score{},
			Rules: []event.RuleChange{{Title: "Owner", After: "fail"}, {Title: "Docs"}},
		}, "Ready: Bronze → no level: Owner: fail, Docs: gone"},
		{event.ScoreChanged{Title: "Ready", Before: &event.Score{Level: "Bronze"}}, "Ready: not judged any more"},
		{event.ExemptionRequested{Exemption: exempt}, "component:default/till from docs of scorecard:default/ready until 30 June 2026: The books move"},
		{event.ExemptionGranted{Exemption: exempt}, "component:default/till from docs of scorecard:default/ready until 30 June 2026: Once"},
		{event.ExemptionRevoked{Exemption: event.Exemption{Entity: "component:default/till", Card: "scorecard:default/ready"}}, "component:default/till from all rules of scorecard:default/ready"},
		{event.InitiativeOpened{Initiative: event.Initiative{Card: "scorecard:default/ready", Level: "Silver", Target: "2026-06-30"}}, "Silver on scorecard:default/ready, due 30 June 2026"},
		{event.InitiativeChanged{Initiative: event.Initiative{Card: "scorecard:default/ready", Level: "Gold", Target: "2026-07-31"}}, "Gold on scorecard:default/ready, due 31 July 2026"},
		{event.InitiativeClosed{Outcome: event.InitiativeMissed, Done: 17, Asked: 21}, "missed: 17 of 21 done"},
		{event.InitiativeClosed{Outcome: event.InitiativeUnasked}, "nobody was asked"},
		{event.InitiativeClosed{Outcome: event.InitiativeUnmeasured, Asked: 21, Note: "the scorecard has no level Gold"}, "cannot be measured: the scorecard has no level Gold"},
		{event.SourceNoticed{Notice: event.NoticeGranted, Detail: "acme/tills was added to the App"}, "granted: acme/tills was added to the App"},
		{event.SourceGapFound{Detail: "main is at 9c1185a, and no delivery told so"}, "main is at 9c1185a, and no delivery told so"},
		{event.SourceGapClosed{Detail: "read from the forge"}, "read from the forge"},
		{event.SourceGapClosed{Detail: "older than three days", Lost: true}, "lost: older than three days"},
	} {
		e, err := folded(t, projectiontest.NewStory(t).Add("acme/payments", tt.data)).Event(t.Context(), 1)
		if err != nil || e.Summary != tt.want || len(e.Changes) > 0 {
			t.Errorf("%+v is told as %q with %v, %v; want %q", tt.data, e.Summary, e.Changes, err, tt.want)
		}
	}
}

// A repository is known by its id: its name passes on.
func TestARepositoryIsTold(t *testing.T) {
	first := event.RepositoryState{
		Repository: event.Repository{Source: "github", ID: "41", FullName: "acme/tills"},
		Visibility: "private", Language: "Go", DefaultBranch: "main", Topics: []string{"money"},
	}
	changed := first
	changed.Description, changed.Topics = "Takes the money.", []string{"money", "tier-1"}
	renamed := changed
	renamed.FullName, renamed.DefaultBranch = "acme/payments", "trunk"
	archived := renamed
	archived.Archived = true
	other := event.RepositoryState{Repository: event.Repository{Source: "github", ID: "42", FullName: "acme/tills"}}
	h := folded(t, projectiontest.NewStory(t).
		Add("acme/tills", event.RepositoryObserved{RepositoryState: first}).
		Add("acme/tills", event.RepositoryObserved{RepositoryState: changed}).
		Add("acme/payments", event.RepositoryRenamed{RepositoryState: renamed, From: "acme/tills"}).
		Add("acme/tills", event.RepositoryObserved{RepositoryState: other}).
		Add("acme/payments", event.RepositoryArchived{RepositoryState: archived}).
		Add("acme/payments", event.RepositoryUnarchived{RepositoryState: renamed}).
		Add("acme/payments", event.RepositoryDeleted{Repository: renamed.Repository, Reason: "deleted at the forge"}).
		Add("acme/payments", event.RepositoryObserved{RepositoryState: renamed}))
	type row struct {
		Summary string
		Changes []catalog.Change
	}
	var got []row
	page, err := h.Events(t.Context(), history.Filter{Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Entries {
		got = append(got, row{e.Summary, e.Changes})
	}
	want := []row{
		{"first seen: private, Go", nil},
		{"description, topics", []catalog.Change{
			{Path: "description", Op: catalog.Added, After: "Takes the money."},
			{Path: "topics", Op: catalog.Added, After: "tier-1"},
		}},
		{"renamed from acme/tills", []catalog.Change{
			{Path: "defaultBranch", Op: catalog.Changed, Before: "main", After: "trunk"},
			{Path: "fullName", Op: catalog.Changed, Before: "acme/tills", After: "acme/payments"},
		}},
		{"first seen", nil},
		{"archived", []catalog.Change{{Path: "archived", Op: catalog.Changed, Before: false, After: true}}},
		{"no longer archived", []catalog.Change{{Path: "archived", Op: catalog.Changed, Before: true, After: false}}},
		{"deleted at the forge", nil},
		{"first seen: private, Go", nil},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAFactIsTold(t *testing.T) {
	s := projectiontest.NewStory(t)
	for _, value := range []string{`{"pattern":"main","approvals":1}`, `{"approvals":1,"pattern":"main"}`, `{"pattern":"main"}`, `null`} {
		s.Add("acme/payments", event.FactRecorded{Fact: "branchProtection", Repository: event.Repository{ID: "41"}, Value: []byte(value)})
	}
	h := folded(t, s.Add("acme/tills", event.FactRecorded{Fact: "branchProtection", Repository: event.Repository{ID: "42"}, Value: []byte("7")}))
	for i, want := range []string{"recorded", "as before", "changed", "there is none any more", "recorded"} {
		e, err := h.Event(t.Context(), eventlog.Position(i+1))
		if err != nil || e.Summary != "branchProtection: "+want || (len(e.Changes) == 1) != (want != "as before") {
			t.Errorf("event %d is told as %q with %v, %v", i+1, e.Summary, e.Changes, err)
		}
	}
}
