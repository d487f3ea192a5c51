package scorer_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards/scorer"
)

// How groups deliver, now and a month ago: what two entities of a repository share counts
// once, a failure is made good in its own repository, and a median is that of all commits.
func TestPerformance(t *testing.T) {
	log := eventlogtest.NewMemory()
	var told []event.Event
	say := func(at time.Time, subject string, data event.Data) {
		e, err := event.New("/sources/github", subject, data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Time = event.DeriveID(len(told), "performance"), at
		told = append(told, e)
	}
	for name, repo := range map[string]string{"payments": "money", "refunds": "money", "stock": "goods", "quiet": "quiet"} {
		d := entity("Component", name, map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})
		d.Origin.RepositoryID = repo
		say(begin, "component:default/"+name, event.EntityRegistered{Declaration: d})
	}
	// Each is pushed some hours before it comes to production.
	deploy := func(repo string, at time.Time, lead time.Duration, status, of string) {
		r, n := event.Repository{Source: "github", ID: repo, FullName: "acme/" + repo}, len(told)
		sha := fmt.Sprintf("%040d", n)
		say(at.Add(-lead), r.FullName, event.ActivityPush{Repository: r, Ref: "refs/heads/main", After: sha, Default: true})
		say(at, r.FullName, event.ActivityDeployment{Repository: r, ID: fmt.Sprint(n), Environment: "production", Status: status, Commit: sha, Finished: at, Entity: of})
	}
	now := begin.Add(90 * day)
	deploy("money", now.Add(-50*day), 10*time.Hour, event.StatusSuccess, "")
	deploy("goods", now.Add(-20*day), 4*time.Hour, event.StatusSuccess, "")
	deploy("money", now.Add(-10*day), time.Hour, event.StatusFailure, "")
	deploy("goods", now.Add(-10*day).Add(time.Minute), 8*time.Hour, event.StatusSuccess, "")
	deploy("money", now.Add(-10*day).Add(6*time.Hour), 2*time.Hour, event.StatusSuccess, "")
	deploy("money", now.Add(-5*day), 3*time.Hour, event.StatusSuccess, "component:default/refunds") // told of the entity itself
	if _, err := log.Append(t.Context(), told...); err != nil {
		t.Fatal(err)
	}
	s, stop := runScorer(log)
	if err := s.Wait(t.Context(), lastOf(t, log)); err != nil {
		t.Fatal(err)
	}
	money, goods := []string{"component:default/payments", "component:default/refunds", "component:default/gone"}, []string{"component:default/stock"}
	groups := map[string][]string{"money": money, "goods": goods, "all": append(goods, money...), "quiet": {"component:default/quiet"}, "none": nil}
	got, err := s.Performance(t.Context(), groups, now, now.Add(-30*day))
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]scorer.Performance{{
		"money": {Told: true, Succeeded: 2, Failed: 1, Leads: 2, LeadTime: 150 * time.Minute, Outages: 1, Restore: 6 * time.Hour},
		"goods": {Told: true, Succeeded: 2, Leads: 2, LeadTime: 6 * time.Hour},
		"all":   {Told: true, Succeeded: 4, Failed: 1, Leads: 4, LeadTime: 210 * time.Minute, Outages: 1, Restore: 6 * time.Hour},
		"quiet": {}, "none": {},
	}, {
		"money": {Told: true, Succeeded: 1, Leads: 1, LeadTime: 10 * time.Hour},
		"goods": {Told: true},
		"all":   {Told: true, Succeeded: 1, Leads: 1, LeadTime: 10 * time.Hour},
		"quiet": {}, "none": {},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rate, ok := got[0]["money"].FailureRate(); !ok || rate != 1.0/3 {
		t.Errorf("a share of %f failed", rate)
	}
	if _, ok := got[0]["quiet"].FailureRate(); ok {
		t.Error("nothing was deployed, and a share of it failed")
	}

	stop()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Performance(ctx, groups, now); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("of a scorer that does not run: %v", err)
	}
}
