package web_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/projections/trends"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// organisation is a portal with scorecards, whose scores are what a test says.
type organisation struct {
	*portal
	scores *scores.Scores
	stands map[[2]string]*event.Score
	rules  map[[2]string]map[string]string
}

// judged opens a portal of what some descriptors declare, a month before now.
func judged(t testing.TB, descriptors string, change ...func(*organisation, *web.Config)) *organisation {
	t.Helper()
	folder := t.TempDir()
	w, err := sample.New(context.Background(), folder, sample.Now, scorecards.Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := scores.Open(context.Background(), filepath.Join(folder, "scores.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	o := &organisation{scores: rows, stands: map[[2]string]*event.Score{}, rules: map[[2]string]map[string]string{}}
	o.portal = open(t, w, func(c *web.Config) {
		c.Scores, c.Agreements = rows, agreements.Reader{Scores: rows, Events: w.History}
		c.Trends = trends.Trends{Recorded: rows} // nothing is from before the records
		for _, one := range change {
			one(o, c)
		}
	})
	docs := strings.SplitAfter(descriptors, "\n---\n")
	for i := 0; i < len(docs) && descriptors != ""; i += 50 { // a file has a bound
		text := strings.Join(docs[i:min(i+50, len(docs))], "")
		o.push(sample.Push{At: daysAgo(150), By: by("mossbank"), Repository: "acme/catalog", Path: fmt.Sprintf("%d.yaml", i), Text: strings.TrimSuffix(text, "---\n")})
	}
	return o
}

func by(login string) event.Actor {
	return event.Actor{Login: login, Name: strings.ToUpper(login[:1]) + login[1:]}
}

func daysAgo(n int) time.Time { return sample.Now.AddDate(0, 0, -n) }

// stand says that an entity came to stand so on a card, by a commit. Rules are written
// as "docs=fail owner=pass".
func (o *organisation) stand(at time.Time, card, entity, level string, points float64, rules, login, sha string) {
	o.t.Helper()
	key := [2]string{"scorecard:default/" + card, entity}
	before := o.rules[key]
	if before == nil {
		before = map[string]string{}
		o.rules[key] = before
	}
	d := event.ScoreChanged{Card: key[0], Before: o.stands[key], After: &event.Score{Level: level, Points: points, Of: 4}}
	for one := range strings.FieldsSeq(rules) {
		rule, outcome, _ := strings.Cut(one, "=")
		if before[rule] != outcome {
			d.Rules = append(d.Rules, event.RuleChange{Rule: rule, Before: before[rule], After: outcome})
			before[rule] = outcome
		}
	}
	o.stands[key] = d.After
	cause := event.Cause{Commit: sha, CommitURL: "https://git.acme.example/acme/" + entity[strings.LastIndex(entity, "/")+1:] + "/commit/" + sha}
	if _, err := o.world.Add(at, "scorecards", entity, by(login), cause, d); err != nil {
		o.t.Fatal(err)
	}
}

// ready brings all up to date.
func (o *organisation) ready() {
	o.t.Helper()
	o.settle()
	if err := o.scores.Apply(context.Background(), o.world.Log.Records); err != nil {
		o.t.Fatal(err)
	}
}

const readiness = `apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: production-readiness, title: Production readiness}
spec:
  levels: [{name: Bronze, rank: 1}, {name: Silver, rank: 2}, {name: Gold, rank: 3}]
  rules:
    - {id: owner, level: Bronze, title: Has an owner, expr: 'owner.ref != ""'}
    - {id: codeowners, level: Silver, title: CODEOWNERS names somebody, expr: repo.codeowners.size() > 0, fix: 'https://handbook.acme.example/codeowners'}
    - {id: docs, level: Gold, title: Docs not older than 90 days, expr: docs.present}
    - {id: sbom, level: Gold, title: Tells what is in it, expr: '"sbom" in reported', from: 2027-01-01}
---
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: hygiene, title: Hygiene}
spec: {rules: [{id: readme, title: Has a README, expr: '"README.md" in repo.files'}]}
---
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: planned, title: Planned}
spec: {draft: true, rules: [{id: readme, title: Has a README, expr: '"README.md" in repo.files'}]}
`

// shop is an organisation of two domains, a system in none, and three teams.
func shop(t testing.TB, change ...func(*organisation, *web.Config)) *organisation {
	t.Helper()
	var b strings.Builder
	b.WriteString(readiness)
	add := func(format string, args ...any) {
		fmt.Fprintf(&b, "---\napiVersion: backstage.io/v1alpha1\n"+format+"\n", args...)
	}
	add("kind: Group\nmetadata: {name: engineering, title: Engineering}\nspec: {type: department, children: [payments, stock]}")
	add("kind: Group\nmetadata: {name: payments, title: Payments}\nspec: {type: team, parent: engineering, children: []}")
	add("kind: Group\nmetadata: {name: stock, title: Stock}\nspec: {type: team, parent: engineering, children: []}")
	add("kind: Group\nmetadata: {name: brand, title: Brand}\nspec: {type: team, children: []}")
	add("kind: User\nmetadata: {name: saltmarsh, title: Saltmarsh}\nspec: {memberOf: [payments]}")
	add("kind: Domain\nmetadata: {name: money, title: Money}\nspec: {owner: payments}")
	add("kind: Domain\nmetadata: {name: goods, title: Goods}\nspec: {owner: stock}")
	add("kind: System\nmetadata: {name: cards, title: Cards}\nspec: {owner: payments, domain: money}")
	add("kind: System\nmetadata: {name: shelves, title: Shelves}\nspec: {owner: stock, domain: goods}")
	add("kind: System\nmetadata: {name: labs, title: Labs}\nspec: {owner: stock}")
	for name, where := range map[string][2]string{
		"charge": {"cards", "payments"}, "refund": {"cards", "payments"}, "count": {"shelves", "stock"}, "pick": {"shelves", "stock"}, "pack": {"shelves", "stock"},
		"trial": {"labs", "stock"},
	} {
		add("kind: Component\nmetadata: {name: %s}\nspec: {type: service, lifecycle: production, owner: %s, system: %s}", name, where[1], where[0])
	}
	add("kind: Component\nmetadata: {name: stray}\nspec: {type: service, lifecycle: production, owner: nobody}")
	o := judged(t, b.String(), change...)
	const pass = "owner=pass codeowners=pass docs=pass"
	of := func(name string) string { return "component:default/" + name }
	// Where they stood before the quarter began …
	o.stand(daysAgo(140), "production-readiness", of("charge"), "Gold", 4, pass, "kestrel-7", "c0ffee01")
	o.stand(daysAgo(140), "production-readiness", of("refund"), "Bronze", 1, "owner=pass codeowners=fail docs=pass", "kestrel-7", "c0ffee02")
	o.stand(daysAgo(140), "production-readiness", of("count"), "Silver", 2, "owner=pass codeowners=pass docs=fail", "kestrel-7", "c0ffee03")
	o.stand(daysAgo(140), "production-readiness", of("pick"), "Bronze", 1, "owner=pass codeowners=fail docs=fail", "kestrel-7", "c0ffee04")
	o.stand(daysAgo(140), "hygiene", of("charge"), "", 1, "readme=fail", "kestrel-7", "c0ffee05")
	// … and what happened in it.
	o.stand(daysAgo(30), "production-readiness", of("charge"), "Bronze", 1, "codeowners=fail", "juniper-q", "bad0bad0")
	o.stand(daysAgo(20), "production-readiness", of("pick"), "Silver", 2, "codeowners=pass", "saltmarsh", "900d900d")
	o.stand(daysAgo(10), "production-readiness", of("pick"), "Gold", 4, "docs=pass", "saltmarsh", "900d900e")
	o.stand(daysAgo(5), "production-readiness", of("trial"), "Bronze", 1, "owner=pass codeowners=unknown docs=exempt", "tamarisk", "c0ffee06")
	o.stand(daysAgo(4), "production-readiness", of("stray"), "", 0, "owner=fail codeowners=fail", "tamarisk", "c0ffee07")
	o.ready()
	return o
}
