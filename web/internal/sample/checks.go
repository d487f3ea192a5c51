package sample

import (
	"context"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// Commits of the sample's pull requests: one that would do all that can be done, one that
// would do nothing, and one whose forge was not told.
const (
	CheckedMuch    = "1111111111111111111111111111111111111111"
	CheckedNothing = "2222222222222222222222222222222222222222"
	CheckedUntold  = "3333333333333333333333333333333333333333"
	CheckedLost    = "5555555555555555555555555555555555555555"
)

// checked are the sample's checks before a merge, all of source github.
type checked struct{ now time.Time }

// Newest implements [web.Checks].
func (c checked) Newest(_ context.Context, source string, _ int) ([]checks.Report, error) {
	if source != "github" {
		return nil, nil
	}
	return c.all(), nil
}

// Get implements [web.Checks].
func (c checked) Get(_ context.Context, source, repository, sha string) (checks.Report, error) {
	for _, r := range c.all() {
		if r.Source == source && r.Repository == repository && r.Commit == sha && sha != "" {
			return r, nil
		}
	}
	return checks.Report{}, fault.New(fault.NotFound, "no check of %s of %s is kept", sha, repository)
}

func (c checked) all() []checks.Report {
	report := func(number int64, sha, title string, o *checks.Outcome) checks.Report {
		r := checks.Report{
			Source: "github", RepositoryID: "1", Repository: "acme/payments", Number: number, Title: title, URL: "https://github.com/acme/payments/pull/1",
			Author: event.Actor{Login: "saltmarsh"}, Commit: sha, At: c.now.Add(-time.Duration(number) * time.Minute), Good: o != nil && !o.Fails(""), Outcome: o,
		}
		if o != nil {
			o.Source, o.Repository, o.Commit, o.Position, r.Says = "github", "acme/payments", sha, 7, o.Says()
		}
		return r
	}
	untold := report(3, CheckedUntold, "Say who owns the till", &checks.Outcome{Owners: &checks.Codeowners{Path: ".github/CODEOWNERS", Owners: []string{"@acme/payments", "@acme/checkout"}}})
	untold.Unwritten = "github: set the status of 3333333 of acme/payments: the token may not: give the token or the App the permission Commit statuses: Read and write (checks.status), or turn it off in the configuration"
	lost := report(4, "", "", nil)
	lost.Says, lost.Failed = "It could not be checked", "github: read pull request 4 of acme/payments: not found (404): it is gone, or the token may not see it"
	failed := report(5, CheckedLost, "Turn the till around", nil)
	failed.Says, failed.Failed = "It could not be checked", "github: list the files of acme/payments: the answer has no end"
	return []checks.Report{
		report(1, CheckedMuch, "Move everything into the new "+strings.Repeat("settlement-", 12)+"service & <retire> the rest", much()),
		report(2, CheckedNothing, "Mend a test", &checks.Outcome{}), untold, lost, failed,
	}
}

// much is an outcome that has all that there can be, with long names.
func much() *checks.Outcome {
	long := "component:default/" + strings.Repeat("settlement-", 12) + "service"
	return &checks.Outcome{
		Held: "acme/payments: this would remove 11 of the 40 entities of source github, more than 20 % at once. If that is meant, allow it on the page of the source",
		Entities: []checks.Entity{
			{
				Ref: "component:default/payments-api", Title: "Payments API", What: checks.Changed, Path: "catalog-info.yaml", Line: 1, Owner: "group:default/nobody", Before: "group:default/payments", NoOwner: true,
				Changes: []catalog.Change{
					{Path: "metadata.description", Op: catalog.Changed, Before: "Takes payments", After: strings.Repeat("A long description of what it is. ", 8)},
					{Path: "metadata.tags", Op: catalog.Added, After: "tier-1"}, {Path: "spec.owner", Op: catalog.Changed, Before: "payments", After: "nobody"},
				},
			},
			{Ref: long, Title: strings.TrimPrefix(long, "component:default/"), What: checks.Registered, Path: "services/" + strings.Repeat("settlement/", 8) + "catalog-info.yaml", Owner: "group:default/payments"},
			{Ref: "api:default/payments-v1", Title: "payments-v1", What: checks.Removed, Path: "apis/payments.yaml", Reason: "apis/payments.yaml was deleted"},
		},
		Refused: []checks.Refused{{Ref: "component:default/till", Path: "till/catalog-info.yaml", Problems: []event.Problem{
			{Path: "spec.lifecycle", Line: 9, Column: 14, Message: "must be a string, found a list; only one value can stand here"}, {Path: "spec.type", Line: 8, Column: 3, Message: "is missing"},
		}}},
		Owners: &checks.Codeowners{Path: "CODEOWNERS", Gone: true},
		Broken: []checks.Relation{{Entity: "component:default/checkout-web", Type: "consumesApi", Target: "api:default/payments-v1"}, {Entity: long, Type: "dependsOn", Target: "resource:default/" + strings.Repeat("ledger-", 14) + "db"}},
		Missing: []checks.Missing{
			{Entity: "initiative:default/silver-by-summer", Path: "goals/silver.yaml", Line: 7, Column: 10, Field: "spec.level", Message: "the scorecard has no level Platinum; write one of Bronze, Silver, Gold"},
			{Entity: "exemption:default/" + strings.Repeat("settlement-", 12) + "docs", Field: "spec.entity", Message: "there is no " + long + " in the catalog; mend the name, or add it"},
		},
		Scores: []checks.Score{
			{
				Card: "scorecard:default/production-readiness", CardTitle: "Production readiness", Entity: "component:default/payments-api", Ladder: true, Moves: -1,
				Before: &event.Score{Level: "Gold", Points: 10, Of: 10}, After: &event.Score{Points: 8, Of: 10},
				Rules: []checks.Rule{
					{ID: "codeowners", Title: "CODEOWNERS names somebody", Level: "Bronze", Before: "pass", After: "fail", Message: "CODEOWNERS on main names nobody for it", Fix: "https://handbook.acme.example/catalog#codeowners"},
					{ID: "runbook", Title: "Runbook or dashboard linked", Level: "Silver", Before: "fail", After: "pass"},
				},
			},
			{Card: "scorecard:default/ownership", CardTitle: "Ownership", Entity: long, Before: nil, After: &event.Score{Points: 3, Of: 5}, Rules: []checks.Rule{{ID: "owner", Title: "Has an owner", After: "pass"}}},
		},
	}
}
