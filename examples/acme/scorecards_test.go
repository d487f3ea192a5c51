package acme_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/scorecards"
)

// Acme's cards say something of every entity that they judge, whatever is known
// of it: no expression goes wrong, and each card has a filter that fits some.
func TestScorecards(t *testing.T) {
	all := landscape(t, play(t))
	known := map[string]scorecards.Fact{}
	for name, value := range map[string]any{
		"repo.name": "acme/one", "repo.files": []string{"README.md"}, "repo.defaultBranch": "main", "repo.protected": true, "repo.archived": false,
		"repo.codeowners": []string{}, "docs.present": true, "docs.updated": end.AddDate(0, 0, -100), "docs.brokenLinks": 2,
		"activity.lastPush": end, "activity.lastDeployment": end, "activity.deployments": 3, "activity.changeFailureRate": 0.5, "activity.failures": 2, "activity.leadTime": time.Hour,
		"activity.timeToRestore": time.Hour, "activity.openPullRequests": 2, "activity.oldestPullRequest": end.AddDate(0, 0, -40), "activity.pipelines": 4, "activity.pipelineSuccess": 0.5,
		"activity.alerts": map[string]int{"critical": 1, "high": 0, "medium": 0, "low": 0}, "activity.oldestAlert": end,
	} {
		known[name] = scorecards.Fact{Value: value}
	}
	cards := 0
	for _, ref := range slices.Sorted(maps.Keys(all)) {
		if !strings.HasPrefix(ref, "scorecard:") {
			continue
		}
		cards++
		card, problems := scorecards.ParseCard(all[ref])
		if len(problems) > 0 {
			t.Errorf("%s: %v", ref, problems)
			continue
		}
		judged, unknown := 0, 0
		for _, of := range slices.Sorted(maps.Keys(all)) {
			if all[of] == nil { // refused, as the story has it
				continue
			}
			for _, facts := range []map[string]scorecards.Fact{nil, known} {
				s := &scorecards.Subject{Entity: all[of], Facts: facts}
				if err := s.Check(); err != nil {
					t.Fatal(err)
				}
				r := card.Evaluate(s, end)
				if r.Applies == scorecards.Pass {
					judged++
				}
				if r.Applies == scorecards.Error {
					t.Errorf("%s of %s: %s", ref, of, r.Reason)
				}
				for _, rule := range r.Rules {
					if rule.Outcome == scorecards.Error || strings.Contains(rule.Message, "?") {
						t.Errorf("%s, %s of %s: %s %s", ref, rule.Rule, of, rule.Outcome, rule.Message)
					}
					if facts != nil && rule.Outcome == scorecards.Unknown {
						unknown++
						t.Logf("%s, %s of %s: %s", ref, rule.Rule, of, rule.Message)
					}
				}
			}
		}
		if judged == 0 || unknown > 0 {
			t.Errorf("%s judges %d entities, and does not know %d times", ref, judged, unknown)
		}
	}
	if cards != 5 {
		t.Errorf("there are %d cards, want five", cards)
	}
}
