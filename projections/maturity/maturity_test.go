package maturity_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // never written to

// world is a catalog and scores, as records make them.
type world struct {
	catalog *entities.Catalog
	scores  *scores.Scores
	records []eventlog.Record
}

func open(t testing.TB) *world {
	t.Helper()
	return openAt(t, t.Context(), filepath.Join(t.TempDir(), "scores.db"))
}

// openAt is one with its scores in a file.
func openAt(t interface {
	rapid.TB
	Cleanup(func())
}, ctx context.Context, path string) *world {
	t.Helper()
	s, err := scores.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &world{catalog: entities.New(), scores: s}
}

func (w *world) add(t testing.TB, at time.Time, subject string, data event.Data) {
	t.Helper()
	e, err := event.New("/test", subject, data)
	if err != nil {
		t.Fatal(err)
	}
	n := len(w.records) + 1
	e.ID, e.Time, e.Actor, e.Cause = fmt.Sprint("e", n), at, event.Actor{Login: "juniper-q"}, event.Cause{Commit: fmt.Sprintf("%07d", n)}
	w.records = append(w.records, eventlog.Record{Position: eventlog.Position(n), Recorded: at, Event: e}) //nolint:gosec // small
}

// declare registers an entity with some fields of its spec.
func (w *world) declare(t testing.TB, kind, name string, spec map[string]any) {
	t.Helper()
	e := catalog.Entity{APIVersion: "backstage.io/v1alpha1", Kind: kind, Spec: spec}
	e.Metadata.Name, e.Metadata.UID = name, name
	w.add(t, begin, e.Ref().String(), event.EntityRegistered{Declaration: event.Declaration{Entity: e}})
}

func (w *world) ready(t testing.TB) {
	t.Helper()
	if err := w.catalog.Apply(t.Context(), w.records); err != nil {
		t.Fatal(err)
	}
	if err := w.scores.Apply(t.Context(), w.records); err != nil {
		t.Fatal(err)
	}
}

func card(t testing.TB, name string, levels ...string) *scorecards.Card {
	t.Helper()
	spec := map[string]any{}
	rules := []any{}
	for i, id := range []string{"a", "b", "c"} {
		rule := map[string]any{"id": id, "title": "Rule " + id, "expr": "true"}
		if len(levels) > 0 {
			rule["level"] = levels[min(i, len(levels)-1)]
		}
		rules = append(rules, rule)
	}
	var ladder []any
	for i, l := range levels {
		ladder = append(ladder, map[string]any{"name": l, "rank": (i + 1) * 10})
	}
	if spec["rules"] = rules; ladder != nil {
		spec["levels"] = ladder
	}
	e := &catalog.Entity{APIVersion: scorecards.APIVersion, Kind: scorecards.KindScorecard, Spec: spec}
	e.Metadata.Name, e.Metadata.Namespace = name, "default"
	c, problems := scorecards.ParseCard(e)
	if c == nil {
		t.Fatal(problems)
	}
	return c
}

// A report of any organisation counts what lists of the two moments say, divided by
// where the catalog has each entity.
func TestReportIsWhatListsSay(t *testing.T) {
	cards := []*scorecards.Card{card(t, "ladder", "Bronze", "Silver", "Gold"), card(t, "points")}
	empty := projectiontest.Copies(t, scores.Open)
	rapid.Check(t, func(rt *rapid.T) {
		w := openAt(rt, t.Context(), empty())
		domain, team := map[string]string{}, map[string]string{} // entity → group
		systems := map[string]string{"system:default/s0": "domain:default/d0", "system:default/s1": "domain:default/d1", "system:default/s2": maturity.None}
		for _, name := range []string{"d0", "d1"} {
			w.declare(t, "Domain", name, map[string]any{"owner": "g0"})
		}
		w.declare(t, "System", "s0", map[string]any{"owner": "g0", "domain": "d0"})
		w.declare(t, "System", "s1", map[string]any{"owner": "g0", "domain": "d1"})
		w.declare(t, "System", "s2", map[string]any{"owner": "g0"})
		w.declare(t, "Group", "g0", map[string]any{"type": "team", "children": []any{}})
		w.declare(t, "Group", "g1", map[string]any{"type": "team", "parent": "g0", "children": []any{}})
		var all []string
		for i := range rapid.IntRange(1, 6).Draw(rt, "entities") {
			name, spec := fmt.Sprint("c", i), map[string]any{"type": "service", "lifecycle": "production"}
			ref := "component:default/" + name
			domain[ref], team[ref] = maturity.None, maturity.None
			if s := rapid.IntRange(0, 3).Draw(rt, "system"); s < 3 {
				spec["system"] = fmt.Sprint("s", s)
				domain[ref] = fmt.Sprint("system:default/s", s)
			}
			if g := rapid.IntRange(0, 2).Draw(rt, "owner"); g < 2 {
				spec["owner"] = fmt.Sprint("g", g)
				team[ref] = fmt.Sprint("group:default/g", g)
			}
			w.declare(t, "Component", name, spec)
			all = append(all, ref)
		}
		standing := map[[2]string]*event.Score{}
		at := begin
		for range rapid.IntRange(1, 30).Draw(rt, "events") {
			at = at.Add(time.Duration(rapid.IntRange(1, 60).Draw(rt, "hours")) * time.Hour)
			c := rapid.SampledFrom(cards).Draw(rt, "card")
			entity := rapid.SampledFrom(all).Draw(rt, "entity")
			key := [2]string{c.Ref.String(), entity}
			d := event.ScoreChanged{Card: key[0], Before: standing[key]}
			if d.Before == nil || rapid.IntRange(0, 5).Draw(rt, "ends") > 0 {
				level := ""
				if len(c.Levels) > 0 {
					level = rapid.SampledFrom([]string{"", "Bronze", "Silver", "Gold"}).Draw(rt, "level")
				}
				d.After = &event.Score{Level: level, Points: float64(rapid.IntRange(0, 4).Draw(rt, "points")), Of: 4}
			}
			standing[key] = d.After
			w.add(t, at, entity, d)
		}
		w.ready(t)
		from := begin.Add(time.Duration(rapid.IntRange(1, 500).Draw(rt, "from")) * time.Hour)
		end := from.Add(time.Duration(rapid.IntRange(1, 800).Draw(rt, "length")) * time.Hour)
		by, group := maturity.ByDomain, domain
		if rapid.Bool().Draw(rt, "by team") {
			by, group = maturity.ByTeam, team
		}
		main := rapid.SampledFrom(cards).Draw(rt, "main")
		target, err := maturity.LevelOf(main, "")
		if err != nil {
			rt.Fatal(err)
		}
		q := maturity.Question{Cards: cards, Card: main, Target: target, From: from, To: projections.Moment{At: end}, End: end, By: by, Movers: 100, Detail: true}
		report, err := maturity.Ask(t.Context(), w.scores, w.catalog.Snapshot(), q)
		if err != nil {
			rt.Fatal(err)
		}
		list := func(c *scorecards.Card, at time.Time) map[string]scores.Score {
			found, err := w.scores.List(t.Context(), scores.Query{Card: c.Ref.String(), Moment: projections.Moment{At: at}})
			if err != nil {
				rt.Fatal(err)
			}
			m := map[string]scores.Score{}
			for _, one := range found {
				m[one.Entity] = one
			}
			return m
		}
		for i, c := range cards {
			now, was := list(c, end), list(c, from)
			standing, err := maturity.StandingOn(t.Context(), w.scores, c.Ref.String(), projections.Moment{At: end})
			if err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(maturity.StandingOf(slices.Collect(maps.Values(now))), standing); diff != "" {
				rt.Errorf("%s, all together (-lists +standing):\n%s", c.Ref, diff)
			}
			for ref := range was {
				if _, ok := now[ref]; !ok {
					delete(was, ref)
				}
			}
			if diff := cmp.Diff([2]numbers{numbersOf(now), numbersOf(was)}, [2]numbers{numbersOfCount(c, report.Whole[i].Now), numbersOfCount(c, report.Whole[i].Was)}); diff != "" {
				rt.Errorf("%s (-lists +report):\n%s", c.Ref, diff)
			}
			same := map[string]scores.Score{}
			for ref := range was {
				same[ref] = now[ref]
			}
			if diff := cmp.Diff(numbersOf(same), numbersOfCount(c, report.Whole[i].Same)); diff != "" {
				rt.Errorf("%s, of those that were judged at both moments (-lists +report):\n%s", c.Ref, diff)
			}
			higher, lower := 0, 0
			for ref, before := range was {
				switch by := value(c, now[ref]) - value(c, before); {
				case by > 0:
					higher++
				case by < 0:
					lower++
				}
			}
			counts := []maturity.Count{report.Whole[i].Now}
			if c == main {
				counts = append(counts, report.Root.All)
			}
			for _, count := range counts {
				if count.Higher != higher || count.Lower != lower {
					rt.Errorf("%s: %d stand higher and %d lower, by the lists %d and %d", c.Ref, count.Higher, count.Lower, higher, lower)
				}
			}
			if c != main {
				continue
			}
			if diff := cmp.Diff([2]numbers{numbersOf(same), numbersOf(was)}, [2]numbers{numbersOfCount(c, report.Root.AllSame), numbersOfCount(c, report.Root.AllWas)}); diff != "" {
				rt.Errorf("the whole, of those that were judged at both moments (-lists +report):\n%s", diff)
			}
			want := map[string]numbers{}
			for ref, s := range now {
				for at := group[ref]; at != ""; at = systems[at] {
					if by == maturity.ByTeam && at == "group:default/g1" {
						want["group:default/g0"] = want["group:default/g0"].plus(s)
					}
					want[at] = want[at].plus(s)
				}
			}
			got := map[string]numbers{}
			for n := range report.Root.Groups() {
				got[n.Name()] = numbersOfCount(c, n.All)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Errorf("by %s (-lists +report):\n%s", by, diff)
			}
			moved := map[string]bool{}
			for _, m := range slices.Concat(report.Rose, report.Fell) {
				moved[m.Entity] = true
				if before, after := was[m.Entity], now[m.Entity]; before.Level != m.Before.Level || after.Level != m.After.Level {
					rt.Errorf("%+v: it was %q and is %q", m, before.Level, after.Level)
				}
				if m.At.After(end) || !m.At.After(from) || w.records[m.Position-1].Subject != m.Entity || m.Cause.Commit != fmt.Sprintf("%07d", m.Position) {
					rt.Errorf("%+v is not by an event of the time", m)
				}
			}
			for ref, before := range was {
				after := now[ref]
				same := before.Level == after.Level
				if len(c.Levels) == 0 {
					same = before.Points == after.Points
				}
				if same == moved[ref] {
					rt.Errorf("%s was %+v and is %+v; that it moved is %v", ref, before, after, moved[ref])
				}
			}
			last := report.Trend[len(report.Trend)-1]
			if last.Entities != len(now) || !slices.Equal(last.Levels, report.Root.All.Levels) {
				rt.Errorf("the trend ends with %+v, they stand %+v", last, report.Root.All)
			}
			if first := report.Trend[0]; first.Entities != len(list(c, from)) {
				rt.Errorf("the trend begins with %+v, %d were judged", first, len(list(c, from)))
			}
		}
		if len(report.Entities) != len(detail(cards, list, end)) {
			rt.Errorf("%d entities are told of, %d are judged", len(report.Entities), len(detail(cards, list, end)))
		}
	})
}

// value is how high an entity stands on a card.
func value(c *scorecards.Card, s scores.Score) float64 {
	if len(c.Levels) > 0 {
		return float64(c.Rank(s.Level))
	}
	return s.Points / s.Of
}

func detail(cards []*scorecards.Card, list func(*scorecards.Card, time.Time) map[string]scores.Score, at time.Time) map[string]bool {
	all := map[string]bool{}
	for _, c := range cards {
		for ref := range list(c, at) {
			all[ref] = true
		}
	}
	return all
}

// numbers are a count in a form that can be compared.
type numbers struct {
	Entities, None, Bronze, Silver, Gold int
	Points, Of                           float64
}

func (n numbers) plus(s scores.Score) numbers {
	n.Entities++
	n.Points, n.Of = n.Points+s.Points, n.Of+s.Of
	*map[string]*int{"": &n.None, "Bronze": &n.Bronze, "Silver": &n.Silver, "Gold": &n.Gold}[s.Level]++
	return n
}

func numbersOf(all map[string]scores.Score) (n numbers) {
	for _, s := range all {
		n = n.plus(s)
	}
	return n
}

func numbersOfCount(c *scorecards.Card, count maturity.Count) numbers {
	n := numbers{Entities: count.Entities, Points: count.Points, Of: count.Of}
	for i, to := range []*int{&n.None, &n.Bronze, &n.Silver, &n.Gold}[:len(c.Levels)+1] {
		if i < len(count.Levels) {
			*to = count.Levels[i]
		}
	}
	return n
}

// Rules that alone are in the way of a level are told of first.
func TestRulesThatLift(t *testing.T) {
	c := card(t, "ladder", "Bronze", "Silver", "Gold")
	w := open(t)
	for name, stands := range map[string]string{
		"one":   "a=pass b=fail c=pass",    // b alone is in the way of Silver
		"two":   "a=pass b=fail c=fail",    // c is asked for at Gold only
		"three": "a=pass b=fail c=unknown", // so is this
		"four":  "a=fail b=fail c=fail",    // a alone is in the way of Bronze
		"five":  "a=unknown b=fail c=fail", // nobody knows
	} {
		d := event.ScoreChanged{Card: c.Ref.String(), After: &event.Score{Level: "Bronze", Of: 3}}
		if strings.HasPrefix(stands, "a=fail") || strings.HasPrefix(stands, "a=unknown") {
			d.After.Level = ""
		}
		for one := range strings.FieldsSeq(stands) {
			d.Rules = append(d.Rules, event.RuleChange{Rule: one[:1], After: one[2:]})
		}
		w.add(t, begin.Add(time.Hour), "component:default/"+name, d)
	}
	w.ready(t)
	end := begin.Add(48 * time.Hour)
	report, err := maturity.Ask(t.Context(), w.scores, w.catalog.Snapshot(), maturity.Question{Cards: []*scorecards.Card{c}, Card: c, Target: "Silver", From: begin, End: end, By: maturity.ByDomain})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range report.Rules {
		got = append(got, fmt.Sprintf("%s fails %d lifts %d", r.Rule.ID, r.Fails, r.Lifts))
	}
	if want := []string{"b fails 5 lifts 3", "a fails 1 lifts 1", "c fails 3 lifts 0"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Whoever fell and was back within a week is told of, and domains that are part of each
// other lead nowhere.
func TestFallsAndCircles(t *testing.T) {
	c := card(t, "ladder", "Bronze", "Silver", "Gold")
	w := open(t)
	w.declare(t, "Domain", "x", map[string]any{"owner": "g", "subdomainOf": "y"})
	w.declare(t, "Domain", "y", map[string]any{"owner": "g", "subdomainOf": "x"})
	w.declare(t, "System", "s", map[string]any{"owner": "g", "domain": "x"})
	w.declare(t, "Component", "one", map[string]any{"type": "service", "lifecycle": "production", "owner": "g", "system": "s"})
	var before *event.Score
	for _, turn := range []struct {
		days  int
		level string
	}{{1, "Gold"}, {20, "Bronze"}, {60, "Gold"}, {65, "Silver"}, {70, "Gold"}, {80, "Bronze"}} {
		after := &event.Score{Level: turn.level, Of: 3}
		w.add(t, begin.AddDate(0, 0, turn.days), "component:default/one", event.ScoreChanged{Card: c.Ref.String(), Before: before, After: after})
		before = after
	}
	w.ready(t)
	end := begin.AddDate(0, 0, 90)
	report, err := maturity.Ask(t.Context(), w.scores, w.catalog.Snapshot(), maturity.Question{
		Cards: []*scorecards.Card{c}, Card: c, Target: "Silver", From: begin.AddDate(0, 0, 50), To: projections.Moment{At: end}, End: end, By: maturity.ByDomain, Movers: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (maturity.Falls{Fell: 2, Back: 1, Rose: 2}); report.Falls != want {
		t.Errorf("falls %+v, want %+v", report.Falls, want)
	}
	if want := (maturity.Falls{Fell: 1}); report.Before != want {
		t.Errorf("falls before %+v, want %+v", report.Before, want)
	}
	var last []string
	for _, m := range report.LastFalls {
		last = append(last, fmt.Sprintf("%s to %s by %s on day %d", m.Before.Level, m.After.Level, m.Cause.Commit, m.At.Sub(begin)/(24*time.Hour)))
	}
	if want := []string{"Gold to Bronze by 0000010 on day 80", "Gold to Silver by 0000008 on day 65"}; !slices.Equal(last, want) {
		t.Errorf("the last falls are %q, want %q", last, want)
	}
	last = nil
	for _, m := range report.LastRises {
		last = append(last, fmt.Sprintf("%s to %s on day %d", m.Before.Level, m.After.Level, m.At.Sub(begin)/(24*time.Hour)))
	}
	if want := []string{"Silver to Gold on day 70", "Bronze to Gold on day 60"}; !slices.Equal(last, want) {
		t.Errorf("the last rises are %q, want %q", last, want)
	}
	if report.Root.All.Entities != 1 {
		t.Errorf("%d entities, want the one in the circle", report.Root.All.Entities)
	}
}

// Of a level that the card has no more nobody can say how high it was: who stood there has not risen
// or fallen since, is left out of what is compared, and is at no level then.
func TestALevelThatWent(t *testing.T) {
	c := card(t, "ladder", "Bronze", "Silver")
	w := open(t)
	type turn struct {
		days  int
		level string
	}
	for name, turns := range map[string][]turn{
		"renamed": {{1, "Gold"}, {60, "Silver"}}, "dropped": {{1, "Gold"}, {60, ""}}, "rose": {{1, "Bronze"}, {60, "Silver"}},
		"between": {{1, "Bronze"}, {20, "Gold"}, {60, "Silver"}}, "over": {{1, "Bronze"}, {55, "Gold"}, {60, "Silver"}}, "fell": {{1, "Gold"}, {60, "Silver"}, {70, "Bronze"}}, "new": {{60, "Silver"}},
	} {
		w.declare(t, "Component", name, map[string]any{"type": "service", "lifecycle": "production"})
		var before *event.Score
		for _, one := range turns {
			after := &event.Score{Level: one.level, Of: 3}
			d := event.ScoreChanged{Card: c.Ref.String(), Before: before, After: after}
			if before == nil {
				d.Rules = []event.RuleChange{{Rule: "b", After: "fail"}}
			}
			w.add(t, begin.AddDate(0, 0, one.days), "component:default/"+name, d)
			before = after
		}
	}
	w.ready(t)
	end := begin.AddDate(0, 0, 90)
	report, err := maturity.Ask(t.Context(), w.scores, w.catalog.Snapshot(), maturity.Question{
		Cards: []*scorecards.Card{c}, Card: c, Target: "Silver", From: begin.AddDate(0, 0, 50), To: projections.Moment{At: end}, End: end, By: maturity.ByDomain, Movers: 9, Detail: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	names := func(all []maturity.Move) (list []string) {
		for _, m := range all {
			list = append(list, fmt.Sprintf("%s %s to %s by %v on day %d", strings.TrimPrefix(m.Entity, "component:default/"), m.Before.Level, m.After.Level, m.By, m.At.Sub(begin)/(24*time.Hour)))
		}
		return list
	}
	got := map[string][]string{"rose": names(report.Rose), "fell": names(report.Fell), "last falls": names(report.LastFalls), "last rises": names(report.LastRises)}
	want := map[string][]string{
		"rose": {"over Bronze to Silver by 1 on day 60", "rose Bronze to Silver by 1 on day 60"}, "fell": nil,
		"last falls": {"fell Silver to Bronze by -1 on day 70"}, "last rises": {"rose Bronze to Silver by 1 on day 60"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := (maturity.Falls{Fell: 1, Rose: 1}); report.Falls != want {
		t.Errorf("falls %+v, want %+v", report.Falls, want)
	}
	for what, stand := range map[string]maturity.CardStand{
		"the card": report.Whole[0], "the whole": {Now: report.Root.All, Same: report.Root.AllSame, Was: report.Root.AllWas},
	} {
		type counted struct {
			entities, reached, fresh int
			levels                   []int
		}
		of := func(n maturity.Count) counted { return counted{n.Entities, n.Reached, n.New, n.Levels} }
		got := map[string]counted{"now": of(stand.Now), "same": of(stand.Same), "was": of(stand.Was)}
		want := map[string]counted{"now": {7, 5, 1, []int{1, 1, 5}}, "same": {2, 2, 0, []int{0, 0, 2}}, "was": {2, 0, 0, []int{0, 2, 0}}}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(counted{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if first := report.Trend[0]; first.Entities != 6 || !slices.Equal(first.Levels, []int{0, 2, 0}) {
		t.Errorf("the trend begins with %+v, want those at levels of before at none", first)
	}
	// Nor can anybody say what the next level would be.
	then := begin.AddDate(0, 0, 50)
	report, err = maturity.Ask(t.Context(), w.scores, w.catalog.Snapshot(), maturity.Question{
		Cards: []*scorecards.Card{c}, Card: c, Target: "Silver", From: begin, To: projections.Moment{At: then}, End: then, By: maturity.ByDomain, Movers: 9, Detail: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := report.Rules; len(r) != 1 || r[0].Fails != 6 || r[0].Lifts != 2 {
		t.Errorf("rules %+v, want one that fails for six and lifts two", r)
	}
}

func TestQuarterCardAndLevel(t *testing.T) {
	for at, want := range map[string]string{"2026-03-12": "2026-01-01", "2026-04-01": "2026-01-01", "2026-04-02": "2026-04-01", "2026-01-01": "2025-10-01", "2026-12-31": "2026-10-01"} {
		end, err := time.Parse(time.DateOnly, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := maturity.Quarter(end).Format(time.DateOnly); got != want {
			t.Errorf("at %s the quarter began on %s, want %s", at, got, want)
		}
	}
	points, ladder, main := card(t, "points"), card(t, "ladder", "Low", "High"), card(t, "production-readiness", "Only")
	for _, one := range []struct {
		cards []*scorecards.Card
		name  string
		want  *scorecards.Card
	}{{[]*scorecards.Card{points, ladder, main}, "", main}, {[]*scorecards.Card{points, ladder}, "", ladder}, {[]*scorecards.Card{points}, "", points}, {[]*scorecards.Card{points, ladder}, "default:Points", points}} {
		if got, err := maturity.CardOf(one.cards, one.name); got != one.want || err != nil {
			t.Errorf("CardOf %q: %v, %v", one.name, got, err)
		}
	}
	if _, err := maturity.CardOf(nil, ""); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of no cards: %v", err)
	}
	for c, want := range map[*scorecards.Card]string{points: "", ladder: "Low", main: "Only"} {
		if got, err := maturity.LevelOf(c, ""); got != want || err != nil {
			t.Errorf("%s is told by %q, %v; want %q", c.Title, got, err, want)
		}
	}
	if got, _ := maturity.LevelOf(ladder, "high"); got != "High" {
		t.Errorf("high is %q", got)
	}
}

// Groups that are each other's children, however many, are all below the root, and what
// they own counts once.
func TestRingsOfGroups(t *testing.T) {
	c := card(t, "ladder", "Bronze", "Silver", "Gold")
	for _, size := range []int{2, 16, 17, 40} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			w := open(t)
			name := func(i int) string { return fmt.Sprintf("g%02d", i%size) }
			for i := range size {
				w.declare(t, "Group", name(i), map[string]any{"type": "team", "children": []any{name(i + 1)}})
				w.declare(t, "Component", "of-"+name(i), map[string]any{"type": "service", "lifecycle": "production", "owner": name(i)})
				w.add(t, begin.Add(time.Hour), "component:default/of-"+name(i), event.ScoreChanged{Card: c.Ref.String(), After: &event.Score{Level: "Bronze", Of: 3}})
			}
			w.ready(t)
			end := begin.Add(48 * time.Hour)
			ask := func(within string) *maturity.Report {
				report, err := maturity.Ask(t.Context(), w.scores, w.catalog.Snapshot(), maturity.Question{
					Cards: []*scorecards.Card{c}, Card: c, Target: "Silver", From: begin, To: projections.Moment{At: end}, End: end, By: maturity.ByTeam, Within: within, Detail: true, Members: true,
				})
				if err != nil {
					t.Fatal(err)
				}
				return report
			}
			whole := ask("")
			if n := len(slices.Collect(whole.Root.Groups())); n != size || whole.Root.All.Entities != size || len(whole.Members[""]) != size {
				t.Errorf("%d groups have %d entities, %d members; want %d of each", n, whole.Root.All.Entities, len(whole.Members[""]), size)
			}
			for i := range size {
				ref := "group:default/" + name(i)
				if report := ask(ref); report.Root.Ref != ref || !slices.ContainsFunc(report.Entities, func(e maturity.Entity) bool { return e.Group == ref }) {
					t.Errorf("within %s there are %d entities, and its own is not", ref, len(report.Entities))
				}
			}
		})
	}
}

// Components that are part of each other belong nowhere, and one that is deep within others
// belongs where these do.
func TestPartsOfParts(t *testing.T) {
	c := card(t, "ladder", "Bronze", "Silver", "Gold")
	w := open(t)
	w.declare(t, "Domain", "money", map[string]any{"owner": "g"})
	w.declare(t, "System", "cards", map[string]any{"owner": "g", "domain": "money"})
	part := func(name string, spec map[string]any) {
		spec["type"], spec["lifecycle"], spec["owner"] = "service", "production", "g"
		w.declare(t, "Component", name, spec)
	}
	part("c00", map[string]any{"system": "cards"})
	for i := 1; i < 20; i++ {
		part(fmt.Sprintf("c%02d", i), map[string]any{"subcomponentOf": fmt.Sprintf("c%02d", i-1)})
	}
	part("x", map[string]any{"subcomponentOf": "y"})
	part("y", map[string]any{"subcomponentOf": "x"})
	second := card(t, "points")
	for _, name := range []string{"c19", "x"} {
		w.add(t, begin.Add(time.Hour), "component:default/"+name, event.ScoreChanged{Card: second.Ref.String(), After: &event.Score{Of: 3}})
	}
	w.ready(t)
	end := begin.Add(48 * time.Hour)
	report, err := maturity.Ask(t.Context(), w.scores, w.catalog.Snapshot(), maturity.Question{
		Cards: []*scorecards.Card{second, c}, Card: c, Target: "Silver", From: begin, To: projections.Moment{At: end}, End: end, By: maturity.ByDomain, Detail: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string]string{}
	for _, e := range report.Entities { // whichever card it was seen on first
		groups[e.Ref] = e.Group
	}
	if diff := cmp.Diff(map[string]string{"component:default/c19": "system:default/cards", "component:default/x": ""}, groups); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	domain := maturity.Domains(w.catalog.Snapshot())
	for ref, want := range map[string]string{"component:default/c19": "domain:default/money", "component:default/x": "", "system:default/cards": "domain:default/money", "component:default/none": ""} {
		if got := domain(ref); got != want {
			t.Errorf("the domain of %s is %q, want %q", ref, got, want)
		}
	}
}

// Who is named as the owner and is not in the catalog owns nothing.
func TestUnowned(t *testing.T) {
	c := card(t, "points")
	w := open(t)
	w.declare(t, "Group", "g", map[string]any{"type": "team", "children": []any{}})
	for name, owner := range map[string]string{"kept": "g", "lost": "gone", "lone": "user:nobody"} {
		w.declare(t, "Component", name, map[string]any{"type": "service", "lifecycle": "production", "owner": owner})
		w.add(t, begin.Add(time.Hour), "component:default/"+name, event.ScoreChanged{Card: c.Ref.String(), After: &event.Score{Of: 3}})
	}
	w.ready(t)
	end := begin.Add(48 * time.Hour)
	report, err := maturity.Ask(t.Context(), w.scores, w.catalog.Snapshot(), maturity.Question{
		Cards: []*scorecards.Card{c}, Card: c, From: begin, To: projections.Moment{At: end}, End: end, By: maturity.ByTeam,
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Unowned != 2 {
		t.Errorf("%d have no owner in the catalog, want 2", report.Unowned)
	}
}
