package scorer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

func kinds() catalog.Kinds { return append(catalog.BuiltIn(), scorecards.Kinds()...) }

func cardOf(t interface{ Fatal(args ...any) }, spec map[string]any) *scorecards.Card {
	d := entity(scorecards.KindScorecard, "readiness", spec)
	card, problems := scorecards.ParseCard(&d.Entity)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return card
}

// odd is the definition whose rule does not say when it turns.
const odd = 2

// readiness are definitions of the card of the histories: of each kind of rule, one
// that looks at the clock in two ways, one of points, and filters, one of which time alone
// makes true.
func readiness(i int) map[string]any {
	levels := []any{map[string]any{"name": "Bronze", "rank": 1.0}, map[string]any{"name": "Silver", "rank": 2.0}}
	all := []map[string]any{
		{"filter": `entity.kind == "Component"`, "levels": levels, "rules": []any{rule("owner", "Bronze", "owner.exists"), rule("coverage", "Silver", "facts.coverage >= 50"), rule("alerts", "Silver", "activity.alerts.high == 0"), rule("pushed", "Bronze", "age(activity.lastPush) < days(2)")}},
		{"filter": `entity.kind == "Component" && entity.spec.lifecycle == "production"`, "levels": levels, "rules": []any{
			rule("owner", "Bronze", "owner.exists"), rule("fresh", "Silver", `"coverage" in reported && age(reported.coverage) < days(3)`), rule("coverage", "Silver", "facts.coverage >= 20"), rule("deployed", "Bronze", "activity.deployments > 0"),
		}},
		{"filter": `entity.kind == "Component"`, "levels": levels, "rules": []any{
			rule("odd", "Bronze", "now.getHours() % 2 == 0"), rule("codeowners", "Silver", "repo.codeowners.size() > 0"), rule("readme", "Silver", `repo.files.exists(f, f == "README.md")`),
		}},
		{"filter": `entity.kind == "Component"`, "rules": []any{
			map[string]any{"id": "coverage", "title": "c", "expr": "facts.coverage >= 50", "weight": 2.0}, map[string]any{"id": "owner", "title": "o", "expr": "owner.exists", "from": "2026-03-09"},
			map[string]any{"id": "docs", "title": "d", "expr": "age(docs.updated) < days(2) && docs.brokenLinks == 0 && !docs.failing", "filter": "docs.present"},
		}},
		{"filter": `entity.kind == "Component" && age(activity.lastPush) > days(1)`, "levels": levels, "rules": []any{rule("owner", "Bronze", "owner.exists"), rule("failures", "Silver", "activity.changeFailureRate < 0.5")}},
	}
	return all[i%len(all)]
}

// history makes up what happens, in the order of the log: times go backward now and
// then, as those of late deliveries do.
func history(t *rapid.T, cards []int) []event.Event {
	var all []event.Event
	clock := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	add := func(subject string, data event.Data) {
		e, err := event.New("/sources/github", subject, data)
		if err != nil {
			t.Fatal(err)
		}
		at := clock
		if rapid.IntRange(0, 5).Draw(t, "late") == 0 {
			at = at.Add(-time.Duration(rapid.IntRange(1, 60).Draw(t, "by")) * time.Hour)
		}
		e.ID, e.Time, e.Actor = event.DeriveID(len(all), "history"), at, event.Actor{Login: rapid.SampledFrom([]string{"mossbank", "tamarisk"}).Draw(t, "by")}
		e.Cause = event.Cause{Commit: fmt.Sprintf("%040x", len(all))}
		all = append(all, e)
	}
	define := func(i int) {
		add("scorecard:default/readiness", event.EntityChanged{Declaration: entity(scorecards.KindScorecard, "readiness", readiness(i))})
	}
	if len(cards) == 1 {
		define(cards[0])
	}
	for range rapid.IntRange(1, 30).Draw(t, "events") {
		clock = clock.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 7, 30, 100}).Draw(t, "hours")) * time.Hour)
		name := rapid.SampledFrom([]string{"payments", "ledger", "cart"}).Draw(t, "entity")
		ref, repo := "component:default/"+name, event.Repository{Source: "github", ID: name, FullName: "acme/" + name}
		component := entity("Component", name, map[string]any{"type": "service", "owner": "bank", "lifecycle": rapid.SampledFrom([]string{"production", "experimental"}).Draw(t, "lifecycle")})
		if rapid.Bool().Draw(t, "documented") {
			component.Entity.Metadata.Annotations = map[string]string{"backstage.io/techdocs-ref": "dir:."}
		}
		bank := entity("Group", "bank", map[string]any{"type": "team", "children": []any{}})
		switch rapid.IntRange(0, 17).Draw(t, "what") {
		case 0, 1, 2:
			add(ref, event.EntityChanged{Declaration: component})
		case 3:
			add(ref, event.EntityRemoved{Ref: ref, Origin: component.Origin})
		case 4:
			add("group:default/bank", event.EntityChanged{Declaration: bank})
		case 5:
			add("group:default/bank", event.EntityRemoved{Ref: "group:default/bank", Origin: bank.Origin})
		case 6:
			value, _ := json.Marshal(rapid.IntRange(0, 100).Draw(t, "coverage"))
			add(ref, event.FactRecorded{Fact: "facts.coverage", Entity: ref, Value: value, Until: clock.AddDate(0, 0, rapid.IntRange(1, 9).Draw(t, "days"))})
		case 7:
			add("acme/"+name, event.FactRecorded{Fact: event.FactCodeowners, Repository: repo, Value: json.RawMessage(
				rapid.SampledFrom([]string{"null", `{"path":"CODEOWNERS","blob":"b","dialect":"github","rules":[{"pattern":"*","owners":["@bank"],"line":1}]}`}).Draw(t, "owners"))})
		case 8:
			add(ref, event.DocsPublished{Entity: ref, Repository: repo, Broken: rapid.IntRange(0, 1).Draw(t, "broken"), Pages: []event.DocsPage{{Path: "index.md"}}})
		case 9:
			add(ref, event.DocsFailed{Entity: ref, Repository: repo, DocsProblem: event.DocsProblem{File: "mkdocs.yml", Line: 3, Message: "no site_name"}})
		case 10:
			if rapid.Bool().Draw(t, "of it alone") {
				add(ref, event.DocsRemoved{Entity: ref, Repository: repo})
			} else {
				add("acme/"+name, event.RepositoryDeleted{Repository: repo})
			}
		case 11:
			if id := rapid.SampledFrom([]string{"1", "2"}).Draw(t, "alert"); rapid.Bool().Draw(t, "listed") {
				value, _ := json.Marshal(event.OpenAlerts{"secrets": {id}})
				add("acme/"+name, event.FactRecorded{Fact: event.FactAlerts, Repository: repo, Value: value})
			} else {
				add("acme/"+name, event.ActivityAlert{Repository: repo, Tool: "secrets", ID: id, State: rapid.SampledFrom([]string{event.AlertOpen, event.AlertFixed}).Draw(t, "state")})
			}
		case 12:
			if len(cards) > 1 {
				define(rapid.SampledFrom(cards).Draw(t, "card"))
			}
		case 13:
			elsewhere := component.Origin
			elsewhere.Path = "copy/catalog-info.yaml"
			add(ref, event.EntityRemoved{Ref: ref, Origin: elsewhere}) // the end of a second declaration
		case 14:
			x := agreed(scorecards.KindExemption, "x-"+name, map[string]any{
				"scorecard": "readiness", "entity": "component:" + name, "reason": "moves away", "status": rapid.SampledFrom([]string{"requested", "granted", "revoked"}).Draw(t, "status"),
				"until": clock.AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "days")).Format(time.DateOnly),
			})
			add("exemption:default/x-"+name, event.EntityChanged{Declaration: x})
		case 15:
			add("acme/"+name, event.ActivityPush{Repository: repo, Ref: "refs/heads/main", Default: true, After: fmt.Sprintf("%040x", len(all))})
		case 16:
			add("acme/"+name, event.ActivityDeployment{Repository: repo, ID: fmt.Sprint(len(all)), Environment: "production", Status: rapid.SampledFrom([]string{event.StatusSuccess, event.StatusFailure}).Draw(t, "status")})
		case 17:
			value, _ := json.Marshal(rapid.SampledFrom([]event.FilesChanged{{Added: []string{"README.md"}}, {Removed: []string{"README.md"}}}).Draw(t, "files"))
			add("acme/"+name, event.FactRecorded{Fact: event.FactFiles, Repository: repo, Value: value})
		}
	}
	clock = clock.Add(100 * time.Hour) // what is due by then was judged
	e, err := event.New("/sources/github", "acme/other", event.FactRecorded{Fact: event.FactCodeowners, Repository: event.Repository{Source: "github", ID: "other"}, Value: []byte("null")})
	if err != nil {
		t.Fatal(err)
	}
	e.ID, e.Time = event.DeriveID(0, "the end"), clock
	return append(all, e)
}

// recorded is what the scorer appended, in the words of a backtest.
func recorded(t *testing.T, log eventlog.Reader) []scorer.Transition {
	t.Helper()
	all := []scorer.Transition{}
	for _, rec := range eventlogtest.ReadAll(t, log, 0) {
		if rec.Type != event.TypeScoreChanged {
			continue
		}
		d, err := event.DecodeAs[event.ScoreChanged](rec.Event)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, scorer.Transition{Entity: rec.Subject, At: rec.Time, Actor: rec.Actor, Cause: rec.Cause, ScoreChanged: d})
	}
	return all
}

// asSaid compares what a backtest found with what was said, by all but the position
// that the scorer had come to.
func asSaid() cmp.Option { return cmpopts.IgnoreFields(event.ScoreChanged{}, "By", "Title") }

// A backtest of a live card says what the scorer said, transition by transition: of a
// card that was never edited, by its definition; of one that was, as the log has it.
func TestBacktestRepeatsTheRecord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cards := rapid.SliceOfN(rapid.IntRange(0, 4), 1, 4).Draw(rt, "cards")
		events := history(rt, cards)
		log := eventlogtest.NewMemory()
		parts := len(events)
		if !slices.Contains(cards, odd) { // a start looks at the clock at another minute of the hour
			parts = rapid.IntRange(0, len(events)).Draw(rt, "the scorer is started again after")
		}
		for _, some := range [][]event.Event{events[:parts], events[parts:]} {
			if len(some) == 0 {
				continue
			}
			if _, err := log.Append(t.Context(), some...); err != nil {
				rt.Fatal(err)
			}
			if err := newScorer(log).CatchUp(t.Context()); err != nil {
				rt.Fatal(err)
			}
		}
		trial := scorer.Trial{
			Card: cardOf(rt, readiness(cards[0])), AsRecorded: len(cards) > 1, To: events[len(events)-1].Time, Step: scorecards.Day, Keep: 1000,
		}
		before := lastOf(t, log)
		got, err := trial.Run(t.Context(), log, kinds())
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(recorded(t, log), got.Transitions, asSaid()); diff != "" {
			rt.Errorf("the backtest of what is on record (-record +backtest):\n%s", diff)
		}
		if len(got.Moves) > 0 {
			rt.Errorf("nobody moves if what is live is published, found %+v", got.Moves)
		}
		if diff := cmp.Diff(got.Before, got.Trend[len(got.Trend)-1]); diff != "" {
			rt.Errorf("the end of the trend (-record +backtest):\n%s", diff)
		}
		if after := lastOf(t, log); after != before {
			rt.Errorf("the log has %d records after the backtest, had %d", after, before)
		}
	})
}
