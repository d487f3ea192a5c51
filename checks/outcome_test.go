package checks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

var begin = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func declared(kind, name string, spec map[string]any) event.Declaration {
	version := "backstage.io/v1alpha1"
	if slices.Contains(scorecards.KindNames(), kind) {
		version = scorecards.APIVersion
	}
	return event.Declaration{
		Entity: catalog.Entity{APIVersion: version, Kind: kind, Metadata: catalog.Metadata{Name: name, Namespace: "default"}, Spec: spec},
		Origin: event.Origin{Source: "github", RepositoryID: "7", Repository: "acme/payments", Path: name + ".yaml", Line: 1},
	}
}

func service(name, owner string, more map[string]any) event.Declaration {
	spec := map[string]any{"type": "service", "lifecycle": "production", "owner": owner}
	for k, v := range more {
		spec[k] = v
	}
	return declared("Component", name, spec)
}

func eventOf(t testing.TB, subject string, data event.Data) event.Event {
	t.Helper()
	e, err := event.New("/sources/github", subject, data)
	if err != nil {
		t.Fatal(err)
	}
	e.ID, e.Time = event.DeriveID(0, subject, string(e.Type)), begin
	return e
}

// catalogOf is a catalog that holds these.
func catalogOf(t testing.TB, all ...event.Declaration) *entities.Catalog {
	t.Helper()
	c := entities.NewOf(kinds())
	var records []eventlog.Record
	for i, d := range all {
		e := eventOf(t, d.Entity.Ref().String(), event.EntityRegistered{Declaration: d})
		records = append(records, eventlog.Record{Event: e, Position: eventlog.Position(i + 1), Recorded: begin}) //nolint:gosec // few
	}
	if err := c.Apply(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	return c
}

func kinds() catalog.Kinds { return append(catalog.BuiltIn(), scorecards.Kinds()...) }

// foretold is what somebody predicts, whatever is proposed.
type foretold struct {
	ingest.Prediction
	scores []scorer.Foreseen
}

func (f foretold) Predict(context.Context, string, ingest.Proposal) (ingest.Prediction, error) {
	return f.Prediction, nil
}

// scoresOf is the same for scores.
type scoresOf struct{ foretold }

func (f scoresOf) Predict(context.Context, eventlog.Position, []event.Event) ([]scorer.Foreseen, error) {
	return f.scores, nil
}

func outcomeOf(t testing.TB, f foretold, c *entities.Catalog) *checks.Outcome {
	t.Helper()
	o, err := checks.NewJudge(f, scoresOf{f}, c.Snapshot, kinds()).Outcome(t.Context(), "github", ingest.Proposal{
		Repository: ingest.Repository{ID: "7", FullName: "acme/payments"}, Commit: ingest.Commit{SHA: strings.Repeat("ab", 20), Time: begin},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// ledger goes, and cart depends on it; payments gets another owner and an API that nobody
// has; till is new.
func TestOutcome(t *testing.T) {
	ledger, cart := service("ledger", "bank", nil), service("cart", "bank", map[string]any{"dependsOn": []any{"component:ledger"}})
	was, is := service("payments", "bank", nil), service("payments", "nobody", map[string]any{"providesApis": []any{"payments-v9"}})
	till := service("till", "bank", nil)
	bank := declared("Group", "bank", map[string]any{"type": "team", "children": []any{}})
	rejected := event.EntityRejected{Ref: "component:default/broken", Origin: event.Origin{Path: "broken.yaml"}, Problems: []event.Problem{{Path: "spec.owner", Line: 4, Column: 7, Message: "must be a string"}}}
	f := foretold{Prediction: ingest.Prediction{
		Position: 42,
		Before:   map[string]event.Declaration{"component:default/ledger": ledger, "component:default/payments": was},
		Events: []event.Event{
			eventOf(t, "component:default/payments", event.EntityChanged{Declaration: is}),
			eventOf(t, "component:default/till", event.EntityRegistered{Declaration: till}),
			eventOf(t, "component:default/ledger", event.EntityRemoved{Ref: "component:default/ledger", Reason: "ledger.yaml was deleted", Origin: ledger.Origin}),
			eventOf(t, "component:default/broken", rejected),
			eventOf(t, "component:default/other", event.EntityConflicted{EntityRejected: event.EntityRejected{Ref: "component:default/other", Origin: event.Origin{Path: "other.yaml"}}, With: event.Origin{Repository: "acme/other", Path: "catalog-info.yaml"}}),
			// A refusal in another file ends, which is no entity's end.
			eventOf(t, "component:default/cart", event.EntityRemoved{Ref: "component:default/cart", Origin: event.Origin{Source: "github", RepositoryID: "7", Path: "elsewhere.yaml"}}),
			eventOf(t, "acme/payments", event.FactRecorded{Fact: event.FactCodeowners, Repository: event.Repository{Source: "github", ID: "7"}, Value: json.RawMessage("null")}),
		},
	}}
	o := outcomeOf(t, f, catalogOf(t, bank, ledger, cart, was))
	want := &checks.Outcome{
		Source: "github", Repository: "acme/payments", Commit: strings.Repeat("ab", 20), Position: 42, At: begin,
		Entities: []checks.Entity{
			{
				Ref: "component:default/payments", Title: "payments", What: checks.Changed, Path: "payments.yaml", Line: 1,
				Owner: "group:default/nobody", Before: "group:default/bank", NoOwner: true,
				Changes: []catalog.Change{
					{Path: "spec.owner", Op: catalog.Changed, Before: "bank", After: "nobody"},
					{Path: "spec.providesApis", Op: catalog.Added, After: []any{"payments-v9"}},
				},
			},
			{Ref: "component:default/till", Title: "till", What: checks.Registered, Path: "till.yaml", Line: 1, Owner: "group:default/bank"},
			{Ref: "component:default/ledger", Title: "ledger", What: checks.Removed, Path: "ledger.yaml", Line: 1, Reason: "ledger.yaml was deleted", Before: "group:default/bank"},
		},
		Refused: []checks.Refused{
			{Ref: "component:default/broken", Path: "broken.yaml", Problems: rejected.Problems},
			{Ref: "component:default/other", Path: "other.yaml", With: "acme/other/catalog-info.yaml"},
		},
		Owners: &checks.Codeowners{Path: "CODEOWNERS", Gone: true},
		Broken: []checks.Relation{
			{Entity: "component:default/cart", Type: "dependsOn", Target: "component:default/ledger"},
			{Entity: "component:default/payments", Type: "ownedBy", Target: "group:default/nobody"},
			{Entity: "component:default/payments", Type: "providesApi", Target: "api:default/payments-v9"},
		},
		Missing: []checks.Missing{},
		Scores:  []checks.Score{},
	}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for on, fails := range map[string]bool{"": true, checks.OnDrop: true, checks.OnReject: true, checks.Never: false} {
		if o.Fails(on) != fails {
			t.Errorf("fails on %q: %t", on, !fails)
		}
	}
	if got := o.Says(); got != "2 descriptors refused, broken.yaml:4; 3 relations would break; entities: 1 registered, 1 changed, 1 removed" {
		t.Errorf("it says %q", got)
	}
	if nothing := outcomeOf(t, foretold{}, catalogOf(t, bank)); !nothing.Empty() || nothing.Fails("") || nothing.Says() != "Nothing would change" {
		t.Errorf("of nothing it says %q, and fails: %t", nothing.Says(), nothing.Fails(""))
	}
}

func ladder(t testing.TB) *scorecards.Card {
	t.Helper()
	d := declared(scorecards.KindScorecard, "readiness", map[string]any{
		"levels": []any{map[string]any{"name": "Bronze", "rank": 1.0}, map[string]any{"name": "Silver", "rank": 2.0}},
		"rules": []any{
			map[string]any{"id": "owner", "level": "Silver", "title": "Has an owner", "expr": "owner.exists", "fix": "https://handbook.example.com/owner"},
			map[string]any{"id": "docs", "level": "Silver", "title": "Has docs", "expr": "docs.present"},
			map[string]any{"id": "alerts", "level": "Bronze", "title": "Has no alerts", "expr": "docs.present"},
		},
	})
	card, problems := scorecards.ParseCard(&d.Entity)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return card
}

// A push leads to several transitions of one score: what counts is where it ends.
func TestScoresAddUp(t *testing.T) {
	card := ladder(t)
	step := func(before, after *event.Score, rules ...event.RuleChange) scorer.Foreseen {
		return scorer.Foreseen{Card: card, Transition: scorer.Transition{
			Entity: "component:default/payments", ScoreChanged: event.ScoreChanged{Card: card.Ref.String(), Title: "Readiness", Before: before, After: after, Rules: rules},
		}}
	}
	silver, bronze := &event.Score{Level: "Silver", Points: 1, Of: 1}, &event.Score{Level: "Bronze", Of: 1}
	gold, none := &event.Score{Level: "Gold", Points: 1, Of: 1}, &event.Score{Of: 1} // the card has no Gold any more
	falls := event.RuleChange{Rule: "owner", Title: "Has an owner", Before: "pass", After: "fail", Message: "group:default/bank is not in the catalog"}
	rises := event.RuleChange{Rule: "owner", Title: "Has an owner", Before: "fail", After: "pass"}
	for _, tt := range []struct {
		name  string
		steps []scorer.Foreseen
		moves []int
	}{
		{"it falls", []scorer.Foreseen{step(silver, bronze, falls)}, []int{-1}},
		{"it rises", []scorer.Foreseen{step(bronze, silver, rises)}, []int{1}},
		{"it falls and rises again", []scorer.Foreseen{step(silver, bronze, falls), step(bronze, silver, rises)}, nil},
		{"it is judged for the first time", []scorer.Foreseen{step(nil, bronze, falls)}, []int{0}},
		{"it is judged no more", []scorer.Foreseen{step(silver, nil)}, []int{0}},
		{"its level goes", []scorer.Foreseen{step(gold, silver)}, []int{0}},
		{"its level goes, and no other is reached", []scorer.Foreseen{step(gold, none)}, []int{0}},
		{"it goes and comes back lower", []scorer.Foreseen{step(silver, nil), step(nil, bronze, falls)}, []int{-1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := outcomeOf(t, foretold{scores: tt.steps}, catalogOf(t))
			var moves []int
			for _, s := range o.Scores {
				moves = append(moves, s.Moves)
			}
			if diff := cmp.Diff(tt.moves, moves); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	o := outcomeOf(t, foretold{scores: []scorer.Foreseen{step(silver, bronze, falls)}}, catalogOf(t))
	want := []checks.Rule{{ID: "owner", Title: "Has an owner", Level: "Silver", Before: "pass", After: "fail", Message: falls.Message, Fix: "https://handbook.example.com/owner"}}
	if diff := cmp.Diff(want, o.Scores[0].Rules); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var order []string
	others := outcomeOf(t, foretold{scores: []scorer.Foreseen{
		step(silver, silver, event.RuleChange{Rule: "gone", Before: "pass"}, event.RuleChange{Rule: "alerts", After: "fail"}),
		step(silver, bronze, event.RuleChange{Rule: "docs", After: "fail"}, falls),
	}}, catalogOf(t))
	for _, r := range others.Scores[0].Rules {
		order = append(order, r.ID)
	}
	if diff := cmp.Diff([]string{"owner", "docs", "alerts", "gone"}, order); diff != "" {
		t.Errorf("rules in the order of the card (-want +got):\n%s", diff)
	}
	if o.Says() != "payments falls from Silver to Bronze on Readiness" {
		t.Errorf("it says %q", o.Says())
	}
	// A change that renames a level lets nothing fall or rise, and tells of it.
	renamed := outcomeOf(t, foretold{scores: []scorer.Foreseen{step(gold, silver)}}, catalogOf(t))
	if says := renamed.Says(); says != "1 score would change, none falls" || renamed.Fails("") {
		t.Errorf("of a level that goes it says %q, and fails: %t", says, renamed.Fails(""))
	}
	if row := "| `payments` | Readiness | Gold | Silver |\n"; !strings.Contains(renamed.Comment(""), row) {
		t.Errorf("of a level that goes the comment lacks %q:\n%s", row, renamed.Comment(""))
	}
}

// A status names as many of the scores that fall as GitHub takes, and counts the others; what
// is refused has its place beside them.
func TestAStatusNamesWhatFits(t *testing.T) {
	fall := func(name string) checks.Score {
		return checks.Score{Entity: "component:default/" + name, CardTitle: "Readiness", Ladder: true, Moves: -1, Before: &event.Score{Level: "Silver"}, After: &event.Score{Level: "Bronze"}}
	}
	const way = " from Silver to Bronze on Readiness"
	long := strings.Repeat("x", 200)
	for _, tt := range []struct {
		names   []string
		refused bool
		want    string
	}{
		{[]string{"pay"}, false, "pay falls" + way},
		{[]string{"pay", "till"}, false, "2 scores fall: pay" + way + ", till" + way},
		{[]string{"pay", "till", "cart"}, false, "3 scores fall: pay" + way + ", till" + way + ", cart" + way},
		{[]string{"payments-api", "till", "cart"}, false, "3 scores fall: payments-api" + way + ", till" + way + " and 1 more"},
		{[]string{"pay", "till", "cart", "shop"}, false, "4 scores fall: pay" + way + ", till" + way + " and 2 more"},
		{[]string{"pay", "till", "cart"}, true, "3 scores fall: pay" + way + " and 2 more; 1 descriptor refused, services/shop/catalog-info.yaml:1"},
		{[]string{"pay", "till"}, true, "2 scores fall: pay" + way + " and 1 more; 1 descriptor refused, services/shop/catalog-info.yaml:1"},
		{[]string{long, "till"}, false, ("2 scores fall: " + long)[:ingest.MaxStatus-1] + "…"},
	} {
		o := &checks.Outcome{}
		for _, name := range tt.names {
			o.Scores = append(o.Scores, fall(name))
		}
		if tt.refused {
			o.Refused = []checks.Refused{{Path: "services/shop/catalog-info.yaml"}}
		}
		if got := o.Says(); got != tt.want {
			t.Errorf("of %v it says\n%q, want\n%q", tt.names, got, tt.want)
		}
	}
}

// A comment lists the first of many, and counts the others.
func TestACommentCountsWhatItLeavesOut(t *testing.T) {
	o := &checks.Outcome{Source: "github", Position: 7}
	for i := range 25 {
		name := fmt.Sprintf("component:default/c%d", i)
		o.Entities = append(o.Entities, checks.Entity{Ref: name, What: checks.Removed})
		o.Broken = append(o.Broken, checks.Relation{Entity: name, Type: "dependsOn", Target: "component:default/x"})
		o.Refused = append(o.Refused, checks.Refused{Path: fmt.Sprintf("c%d.yaml", i), Problems: []event.Problem{{Path: "spec.owner", Line: 4, Column: 7, Message: "must be a string"}}})
	}
	got := o.Comment("")
	for _, want := range []string{
		"- removed `component:default/c19`\n- and 5 more\n",
		"- `component:default/c9` dependsOn `component:default/x`\n- and 15 more\n",
		"- `c19.yaml` line 4, column 7: spec.owner must be a string\n- and 5 more\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %q:\n%s", want, got)
		}
	}
	o.Entities, o.Broken, o.Refused = o.Entities[:20], o.Broken[:10], o.Refused[:20]
	if got := o.Comment(""); strings.Contains(got, "more") {
		t.Errorf("all of it is there:\n%s", got)
	}
}

// However much there is to say, a comment is one that GitHub takes: whole lines of it, with where
// the rest is. One of the usual length says nothing of that.
func TestACommentFits(t *testing.T) {
	const page, left = "https://portal.example.com/checks/x", "does not fit"
	of := func(rules int, message, fix string) string {
		o := &checks.Outcome{Source: "github", Position: 7, Commit: strings.Repeat("ab", 20), Held: "It would remove too much."}
		s := checks.Score{Entity: "component:default/pay", CardTitle: "Readiness", Ladder: true, Moves: -1, Before: &event.Score{Level: "Silver"}, After: &event.Score{Level: "Bronze"}}
		for i := range rules {
			s.Rules = append(s.Rules, checks.Rule{ID: fmt.Sprintf("r%d", i), Title: "Rule", Before: "pass", After: "fail", Message: message, Fix: fix})
		}
		o.Scores = append(o.Scores, s)
		for i := range 500 {
			o.Refused = append(o.Refused, checks.Refused{Path: fmt.Sprintf("services/%d/catalog-info.yaml", i), Problems: []event.Problem{{Path: "spec.owner", Line: 9, Column: 3, Message: message}}})
		}
		return o.Comment(page)
	}
	for name, tt := range map[string]struct {
		comment string
		cut     bool
	}{
		"refused":  {of(1, "must be a text such as production, found nothing; give it a value", ""), false},
		"messages": {of(20, strings.Repeat("&", 300), "https://handbook.example.com/"+strings.Repeat("x", 2000)), true},
		"a fix":    {of(1, "", "https://handbook.example.com/"+strings.Repeat("x", 70_000)), true},
	} {
		if len(tt.comment) > ingest.MaxComment {
			t.Errorf("%s: it has %d bytes", name, len(tt.comment))
		}
		if !strings.HasPrefix(tt.comment, checks.Mark("github")+"\n**Callboard: ") || !strings.HasSuffix(tt.comment, "\n\n<sub>As of event 7, for abababa. [All of it]("+page+")</sub>\n") || strings.Contains(tt.comment, left) != tt.cut {
			t.Errorf("%s: it is\n%s", name, tt.comment)
		}
		for row := range strings.Lines(tt.comment) {
			if strings.HasPrefix(row, "- `") && strings.Count(row, "`") != 2 {
				t.Errorf("%s: there is a part of a line: %s", name, row)
			}
		}
	}
}

// Whatever stands in descriptors and cards: a status is a line that GitHub takes, a
// comment has its mark once and calls nobody, and a terminal gets no control characters.
func TestWordsAreTame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		any := rapid.StringMatching("[a-z@|*`<>\\[\\]()\\x00-\\x20é#_-]{0,200}")
		o := &checks.Outcome{Source: "github", Repository: "acme/payments", Commit: strings.Repeat("ab", 20)}
		word := func() string { return any.Draw(rt, "word") }
		for range rapid.IntRange(0, 3).Draw(rt, "scores") {
			o.Scores = append(o.Scores, checks.Score{Entity: "component:default/" + word(), CardTitle: word(), Ladder: true, Moves: -1,
				Before: &event.Score{Level: word()}, After: &event.Score{}, Rules: []checks.Rule{{ID: word(), Title: word(), Level: word(), After: "fail", Message: word(), Fix: "https://a.example/" + word()}}})
		}
		for range rapid.IntRange(0, 3).Draw(rt, "entities") {
			o.Entities = append(o.Entities, checks.Entity{Ref: word(), Title: word(), What: checks.Changed, Path: word(), Owner: word(), NoOwner: true, Changes: []catalog.Change{{Path: word(), Op: catalog.Changed, Before: word(), After: word()}}})
			o.Refused = append(o.Refused, checks.Refused{Path: word(), Problems: []event.Problem{{Path: word(), Line: 1, Message: word()}}})
			o.Broken = append(o.Broken, checks.Relation{Entity: word(), Type: word(), Target: word()})
		}
		if says := o.Says(); len([]rune(says)) > ingest.MaxStatus || strings.ContainsAny(says, "\n\x00\x1b") {
			rt.Errorf("a status says %q", says)
		}
		var out strings.Builder
		if err := o.Write(&out); err != nil {
			rt.Fatal(err)
		}
		if strings.ContainsFunc(out.String(), func(r rune) bool { return r < ' ' && r != '\n' }) {
			rt.Errorf("a terminal gets %q", out.String())
		}
		comment := o.Comment("https://portal.example.com/checks/x")
		if strings.Count(comment, "<!--") != 1 || !strings.HasPrefix(comment, checks.Mark("github")) {
			rt.Errorf("the mark of %q", comment)
		}
		for _, said := range outsideCode(comment) {
			if strings.Contains(strings.ReplaceAll(said, "@\u200b", ""), "@") {
				rt.Errorf("somebody is called in %q of %s", said, comment)
			}
		}
	})
}

// outsideCode are the texts of some Markdown, as forges read it, that are no code.
func outsideCode(markdown string) (all []string) {
	source := []byte(markdown)
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		switch n := n.(type) {
		case *ast.CodeSpan, *ast.AutoLink:
			return
		case *ast.Text:
			all = append(all, string(n.Value(source)))
		}
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			walk(c)
		}
	}
	walk(doc)
	return all
}
