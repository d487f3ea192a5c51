package scorer_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// exemptingStory is one in which CODEOWNERS are missing, an exemption is asked for, granted
// and over, and two initiatives end: one by itself, one closed by somebody.
func exemptingStory(t *testing.T) []event.Event {
	t.Helper()
	card := entity(scorecards.KindScorecard, "readiness", map[string]any{
		"filter": `entity.kind == "Component"`,
		"levels": []any{map[string]any{"name": "Bronze", "rank": 1.0}, map[string]any{"name": "Silver", "rank": 2.0}},
		"rules":  []any{rule("owner", "Bronze", `owner.ref != ""`), rule("codeowners", "Silver", "repo.codeowners.size() > 0")},
	})
	exemption := func(status, until string) event.Declaration {
		return agreed(scorecards.KindExemption, "payments-codeowners", map[string]any{
			"scorecard": "readiness", "entity": "component:payments", "rules": []any{"codeowners"}, "reason": "They move", "status": status, "until": until,
		})
	}
	initiative := func(name string, spec map[string]any) event.Declaration {
		spec["scorecard"], spec["target"] = "readiness", "2026-03-14"
		return agreed(scorecards.KindInitiative, name, spec)
	}
	var all []event.Event
	add := func(day int, by, subject string, data event.Data) {
		e, err := event.New("/sources/github", subject, data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Actor, e.Cause = event.DeriveID(len(all), "exempting"), event.Actor{Name: by}, event.Cause{Request: fmt.Sprint("r", len(all))}
		e.Time = time.Date(2026, 3, day, 9, 0, 0, 0, time.UTC)
		all = append(all, e)
	}
	const x, silver, owners = "exemption:default/payments-codeowners", "initiative:default/silver", "initiative:default/owners"
	add(1, "Moss Bank", "scorecard:default/readiness", event.EntityRegistered{Declaration: card})
	for _, name := range []string{"payments", "ledger"} {
		add(1, "Moss Bank", "component:default/"+name, event.EntityRegistered{Declaration: entity("Component", name, map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})})
		add(1, "Moss Bank", "acme/"+name, event.FactRecorded{
			Fact: event.FactCodeowners, Repository: event.Repository{Source: "github", ID: name, FullName: "acme/" + name}, Value: []byte("null"),
		})
	}
	add(2, "Salt Marsh", x, event.EntityRegistered{Declaration: exemption("requested", "2026-03-20")})
	add(2, "Moss Bank", silver, event.EntityRegistered{Declaration: initiative("silver", map[string]any{"level": "Silver", "remind": []any{7.0, 3.0, 30.0}})})
	add(2, "Moss Bank", owners, event.EntityRegistered{Declaration: initiative("owners", map[string]any{"rules": []any{"owner"}, "filter": `entity.metadata.name == "payments"`})})
	add(3, "Moss Bank", x, event.EntityChanged{Declaration: exemption("granted", "2026-03-10")})
	add(4, "Moss Bank", x, event.EntityChanged{Declaration: exemption("granted", "2026-03-10")}) // nothing that matters
	add(5, "Moss Bank", owners, event.EntityChanged{Declaration: initiative("owners", map[string]any{"rules": []any{"owner"}, "closed": "2026-03-05", "note": "Done"})})
	add(20, "Moss Bank", "group:default/bank", event.EntityRegistered{Declaration: entity("Group", "bank", map[string]any{"type": "team", "children": []any{}})})
	return all
}

func agreed(kind, name string, spec map[string]any) event.Declaration {
	d := entity(kind, name, spec)
	d.Entity.APIVersion, d.Origin = scorecards.APIVersion, event.Origin{Source: event.PortalSource, RepositoryID: event.PortalSource, Path: name}
	return d
}

// turns is what became of exemptions and initiatives, and who was judged otherwise, in short.
func turns(t *testing.T, log eventlog.Reader) (all []string) {
	t.Helper()
	for _, rec := range eventlogtest.ReadAll(t, log, 0) {
		if rec.Source != scorer.Source {
			continue
		}
		data, err := rec.Decode()
		if err != nil {
			t.Fatal(err)
		}
		says := ""
		switch d := data.(type) {
		case event.ScoreChanged:
			if rec.Subject != "component:default/payments" || d.Before == nil || d.Before.Level == d.After.Level {
				continue
			}
			says = d.Before.Level + " → " + d.After.Level
		case event.ExemptionGranted:
			says = "until " + d.Until
		case event.InitiativeChanged:
			says = "until " + d.Target
		case event.InitiativeAsked:
			says = fmt.Sprintf("%d of %d, %d days, %s", d.Done, d.Asked, d.Days, strings.Join(d.Owners, " "))
			if d.Mended {
				says += " mended"
			}
			if d.Reminds != (d.Days > 0) {
				says += fmt.Sprintf(" reminds: %t", d.Reminds)
			}
		case event.InitiativeClosed:
			says = fmt.Sprintf("%s %d of %d", d.Outcome, d.Done, d.Asked)
		}
		by := rec.Actor.Name
		if by == "" {
			by = "time"
		}
		all = append(all, fmt.Sprintf("%s %s %s %s by %s %s", rec.Time.Format("2 15:04"), rec.Subject, rec.Type, says, by, rec.Cause.Request))
	}
	return all
}

func turned() []string {
	const x, silver, owners, payments = "exemption:default/payments-codeowners", "initiative:default/silver", "initiative:default/owners", "component:default/payments"
	return []string{
		"2 09:00 " + x + " exemption.requested.v1  by Salt Marsh r5",
		"2 09:00 " + silver + " initiative.opened.v1  by Moss Bank r6",
		"2 09:00 " + silver + " initiative.asked.v1 0 of 2, 0 days, group:default/bank by Moss Bank r6",
		"2 09:00 " + owners + " initiative.opened.v1  by Moss Bank r7",
		"2 09:00 " + owners + " initiative.asked.v1 1 of 1, 0 days,  by Moss Bank r7",
		"3 09:00 " + x + " exemption.granted.v1 until 2026-03-10 by Moss Bank r8",
		"3 09:00 " + payments + " score.changed.v1 Bronze → Silver by Moss Bank r8",
		"5 09:00 " + owners + " initiative.closed.v1 withdrawn 1 of 1 by Moss Bank r10",
		"7 08:00 " + silver + " initiative.asked.v1 1 of 2, 7 days, group:default/bank by time ",
		"11 00:00 " + x + " exemption.expired.v1  by time ",
		"11 00:00 " + payments + " score.changed.v1 Silver → Bronze by time ",
		"11 08:00 " + silver + " initiative.asked.v1 0 of 2, 3 days, group:default/bank by time ",
		"15 00:00 " + silver + " initiative.closed.v1 missed 0 of 2 by time ",
	}
}

// What becomes of exemptions and initiatives is told with who did it, or by time; a granted
// exemption lifts with the person's name, and its end lets fall.
func TestTurns(t *testing.T) {
	log := eventlogtest.NewMemory()
	if _, err := log.Append(t.Context(), exemptingStory(t)...); err != nil {
		t.Fatal(err)
	}
	if err := newScorer(log).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(turned(), turns(t, log)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An open initiative that asks for something else is told of, once; one that says the same
// in other words is not.
func TestInitiativeChanges(t *testing.T) {
	const ref = "initiative:default/silver"
	log := eventlogtest.NewMemory()
	for day, change := range []map[string]any{
		nil, {"remind": []any{7.0}}, {"remind": []any{7.0}}, {"remind": []any{7.0}, "target": "2026-03-20"}, {"remind": []any{7.0}, "target": "2026-03-20", "note": "Later"},
	} {
		spec := map[string]any{"scorecard": "readiness", "level": "Silver", "target": "2026-03-14"}
		maps.Copy(spec, change)
		d := agreed(scorecards.KindInitiative, "silver", spec)
		var data event.Data = event.EntityChanged{Declaration: d}
		if day == 0 {
			data = event.EntityRegistered{Declaration: d}
		}
		e, err := event.New("/sources/portal", ref, data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Actor, e.Time = event.DeriveID(day, "changing"), event.Actor{Name: "Moss Bank"}, time.Date(2026, 3, day+1, 9, 0, 0, 0, time.UTC)
		if _, err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := newScorer(log).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1 09:00 " + ref + " initiative.opened.v1  by Moss Bank ",
		"2 09:00 " + ref + " initiative.changed.v1 until 2026-03-14 by Moss Bank ",
		"4 09:00 " + ref + " initiative.changed.v1 until 2026-03-20 by Moss Bank ",
	}
	if diff := cmp.Diff(want, turns(t, log)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whom an initiative asks is told when it begins, when people are to be reminded and when it
// can be measured at last: who owns what its filter selects and has something left to do then.
func TestAsks(t *testing.T) {
	const card, ref = "scorecard:default/readiness", "initiative:default/owned"
	ladder := func(levels ...string) event.Declaration {
		var all []any
		for i, name := range levels {
			all = append(all, map[string]any{"name": name, "rank": float64(i + 1)})
		}
		return entity(scorecards.KindScorecard, "readiness", map[string]any{
			"filter": `entity.kind == "Component"`, "levels": all,
			"rules": []any{rule("production", levels[len(levels)-1], `entity.spec.lifecycle == "production"`)},
		})
	}
	component := func(name, owner, lifecycle string) event.Declaration {
		return entity("Component", name, map[string]any{"type": "service", "lifecycle": lifecycle, "owner": owner})
	}
	initiative := func(spec map[string]any) event.Declaration {
		all := map[string]any{"scorecard": "readiness", "level": "Silver", "target": "2026-03-20", "remind": []any{7.0}, "filter": `entity.metadata.name != "cart"`}
		maps.Copy(all, spec)
		maps.DeleteFunc(all, func(_ string, value any) bool { return value == "" })
		return agreed(scorecards.KindInitiative, "owned", all)
	}
	ended := agreed(scorecards.KindExemption, "x", map[string]any{
		"scorecard": "readiness", "entity": "component:cart", "rules": []any{"production"}, "reason": "It moves", "status": "granted", "until": "2026-03-05",
	})
	type said struct {
		day     int
		subject string
		is      event.Declaration
	}
	begin := []said{
		{1, card, ladder("Bronze", "Silver")},
		{1, "component:default/payments", component("payments", "bank", "experimental")},
		{1, "component:default/ledger", component("ledger", "books", "production")},
		{1, "component:default/cart", component("cart", "shop", "experimental")},
		{1, "component:default/orphan", component("orphan", "", "experimental")},
	}
	for _, c := range []struct {
		name string
		then []said
		want []string
	}{
		{"its filter", []said{{2, ref, initiative(nil)}}, []string{
			"2 09:00 1 of 3, 0 days, group:default/bank", "13 08:00 1 of 3, 7 days, group:default/bank",
		}},
		{"without one", []said{{2, ref, initiative(map[string]any{"filter": ""})}}, []string{
			"2 09:00 1 of 4, 0 days, group:default/bank group:default/shop", "13 08:00 1 of 4, 7 days, group:default/bank group:default/shop",
		}},
		{"by rules", []said{{2, ref, initiative(map[string]any{"level": "", "rules": []any{"production"}})}}, []string{
			"2 09:00 1 of 3, 0 days, group:default/bank", "13 08:00 1 of 3, 7 days, group:default/bank",
		}},
		{"a later start", []said{{2, ref, initiative(map[string]any{"start": "2026-03-05"})}}, []string{
			"5 08:00 1 of 3, 0 days, group:default/bank", "13 08:00 1 of 3, 7 days, group:default/bank",
		}},
		{"a start that is over when it becomes known", []said{{7, "component:default/cart", component("cart", "shop", "experimental")}, {4, ref, initiative(map[string]any{"start": "2026-03-05"})}}, []string{
			"5 08:00 1 of 3, 0 days, group:default/bank", "13 08:00 1 of 3, 7 days, group:default/bank",
		}},
		{"the same, and something else was over in between", []said{{2, "exemption:default/x", ended}, {7, "component:default/cart", component("cart", "shop", "experimental")}, {4, ref, initiative(map[string]any{"start": "2026-03-05"})}}, []string{
			"5 08:00 1 of 3, 0 days, group:default/bank", "13 08:00 1 of 3, 7 days, group:default/bank",
		}},
		{"until its last day", []said{{2, ref, initiative(map[string]any{"start": "2026-03-05", "target": "2026-03-14", "remind": []any{1.0, 0.0}})}}, []string{
			"5 08:00 1 of 3, 0 days, group:default/bank", "13 08:00 1 of 3, 1 days, group:default/bank", "14 08:00 1 of 3, 0 days, group:default/bank reminds: true",
		}},
		{"on a day that is its first and its last", []said{{2, ref, initiative(map[string]any{"start": "2026-03-05", "target": "2026-03-05", "remind": []any{0.0}})}}, []string{"5 08:00 1 of 3, 0 days, group:default/bank"}},
		{"on its last day, which is known too late to remind", []said{{2, "exemption:default/x", ended}, {7, "component:default/cart", component("cart", "shop", "experimental")}, {4, ref, initiative(map[string]any{"target": "2026-03-05", "remind": []any{0.0}})}}, []string{
			"4 09:00 1 of 3, 0 days, group:default/bank",
		}},
		{"done before", []said{{2, ref, initiative(nil)}, {9, "component:default/payments", component("payments", "bank", "production")}}, []string{
			"2 09:00 1 of 3, 0 days, group:default/bank", "13 08:00 2 of 3, 7 days, ",
		}},
		{"another owner", []said{{2, ref, initiative(nil)}, {9, "component:default/payments", component("payments", "shop", "experimental")}}, []string{
			"2 09:00 1 of 3, 0 days, group:default/bank", "13 08:00 1 of 3, 7 days, group:default/shop",
		}},
		{"closed before", []said{{2, ref, initiative(nil)}, {9, ref, initiative(map[string]any{"closed": "2026-03-09"})}}, []string{"2 09:00 1 of 3, 0 days, group:default/bank"}},
		{"another filter", []said{{2, ref, initiative(nil)}, {3, ref, initiative(map[string]any{"filter": `entity.metadata.name == "cart"`})}}, []string{
			"2 09:00 1 of 3, 0 days, group:default/bank", "3 09:00 0 of 1, 0 days, group:default/shop", "13 08:00 0 of 1, 7 days, group:default/shop",
		}},
		{"a level that there is not", []said{{2, ref, initiative(map[string]any{"level": "Gold"})}}, nil},
		{"a level that comes", []said{{2, ref, initiative(map[string]any{"level": "Gold"})}, {4, card, ladder("Bronze", "Gold")}}, []string{
			"4 09:00 1 of 3, 0 days, group:default/bank mended", "13 08:00 1 of 3, 7 days, group:default/bank",
		}},
		{"a level that comes after the start", []said{{2, ref, initiative(map[string]any{"level": "Gold", "start": "2026-03-05"})}, {9, card, ladder("Bronze", "Gold")}, {10, "component:default/cart", component("cart", "shop", "production")}}, []string{
			"9 09:00 1 of 3, 0 days, group:default/bank mended", "13 08:00 1 of 3, 7 days, group:default/bank",
		}},
		{"a level of a commit from before the start that comes after it", []said{
			{2, ref, initiative(map[string]any{"level": "Gold", "start": "2026-03-05"})}, {8, "component:default/cart", component("cart", "shop", "experimental")}, {3, card, ladder("Bronze", "Gold")},
		}, []string{
			"5 08:00 1 of 3, 0 days, group:default/bank mended", "13 08:00 1 of 3, 7 days, group:default/bank",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := eventlogtest.NewMemory()
			then := append(c.then, said{14, "component:default/late", component("late", "bank", "production")})
			for n, one := range append(append([]said{}, begin...), then...) {
				var data event.Data = event.EntityRegistered{Declaration: one.is}
				e, err := event.New("/sources/github", one.subject, data)
				if err != nil {
					t.Fatal(err)
				}
				e.ID, e.Time = event.DeriveID(n, "asking"), time.Date(2026, 3, one.day, 9, 0, 0, 0, time.UTC)
				if _, err := log.Append(t.Context(), e); err != nil {
					t.Fatal(err)
				}
			}
			if err := newScorer(log).CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, one := range turns(t, log) {
				if at, says, ok := strings.Cut(one, " "+ref+" initiative.asked.v1 "); ok {
					says, _, _ = strings.Cut(says, " by ")
					got = append(got, at+" "+says)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// agreeing tells a log that an agreement was changed on days of March, and returns what came
// of it.
func agreeing(t *testing.T, kind, name string, specs map[int]map[string]any) []string {
	t.Helper()
	log := eventlogtest.NewMemory()
	add := func(day int, subject string, data event.Data) {
		e, err := event.New("/sources/portal", subject, data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Actor, e.Time = event.DeriveID(day, "agreeing", subject), event.Actor{Name: "Moss Bank"}, time.Date(2026, 3, day, 9, 0, 0, 0, time.UTC)
		if _, err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	add(1, "scorecard:default/readiness", event.EntityRegistered{Declaration: entity(scorecards.KindScorecard, "readiness", map[string]any{
		"filter": `entity.kind == "Component"`, "levels": []any{map[string]any{"name": "Silver", "rank": 1.0}}, "rules": []any{rule("owner", "Silver", "owner.exists"), rule("named", "Silver", `entity.metadata.name != ""`)},
	})})
	add(1, "component:default/payments", event.EntityRegistered{Declaration: entity("Component", "payments", map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})})
	for _, day := range slices.Sorted(maps.Keys(specs)) {
		add(day, strings.ToLower(kind)+":default/"+name, event.EntityChanged{Declaration: agreed(kind, name, specs[day])})
	}
	if err := newScorer(log).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return turns(t, log)
}

// An initiative whose last day is moved to before was not withdrawn: it is over, and says how.
func TestATargetThatIsMovedToBefore(t *testing.T) {
	goal := func(target string) map[string]any {
		return map[string]any{"scorecard": "readiness", "level": "Silver", "target": target}
	}
	const ref = "initiative:default/silver"
	want := []string{
		"2 09:00 " + ref + " initiative.opened.v1  by Moss Bank ",
		"2 09:00 " + ref + " initiative.asked.v1 0 of 1, 0 days, group:default/bank by Moss Bank ",
		"10 09:00 " + ref + " initiative.closed.v1 missed 0 of 1 by Moss Bank ",
	}
	if diff := cmp.Diff(want, agreeing(t, scorecards.KindInitiative, "silver", map[int]map[string]any{2: goal("2026-03-20"), 10: goal("2026-03-09")})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Who decides is told again of an exemption that is asked for on other terms, or for another
// reason.
func TestAnExemptionIsAskedForOnOtherTerms(t *testing.T) {
	ask := func(reason string, rules ...any) map[string]any {
		return map[string]any{"scorecard": "readiness", "entity": "component:payments", "rules": rules, "reason": reason, "status": "requested"}
	}
	const ref = "exemption:default/x"
	want := []string{
		"2 09:00 " + ref + " exemption.requested.v1  by Moss Bank ",
		"4 09:00 " + ref + " exemption.requested.v1  by Moss Bank ",
		"5 09:00 " + ref + " exemption.requested.v1  by Moss Bank ",
	}
	got := agreeing(t, scorecards.KindExemption, "x", map[int]map[string]any{
		2: ask("They move", "owner"), 3: ask("They move", "owner"), 4: ask("They move", "owner", "named"), 5: ask("They moved", "owner", "named"),
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A scorer that is started anew anywhere, and whose cursor a crash has put back, says each
// turn once.
func TestTurnsAfterRestart(t *testing.T) {
	events := exemptingStory(t)
	for first := range len(events) + 1 {
		log := eventlogtest.NewMemory()
		for _, some := range [][]event.Event{events[:first], events[first:], nil} {
			if len(some) > 0 {
				if _, err := log.Append(t.Context(), some...); err != nil {
					t.Fatal(err)
				}
			}
			if err := newScorer(log).CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := log.SetCursor(t.Context(), scorer.Name, 0); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(turned(), turns(t, log)); diff != "" {
			t.Errorf("stopped after %d events (-want +got):\n%s", first, diff)
		}
	}
}

// Whoever takes a granted exemption away is the actor: the event does not name who granted it.
func TestExemptionTakenAway(t *testing.T) {
	const ref = "exemption:default/old"
	is := agreed(scorecards.KindExemption, "old", map[string]any{
		"scorecard": "readiness", "entity": "component:payments", "reason": "They move", "status": "granted", "until": "2026-03-10",
		"requestedBy": "kestrel", "decidedBy": "moss", "note": "Until the move",
	})
	log := eventlogtest.NewMemory()
	for i, data := range []event.Data{event.EntityRegistered{Declaration: is}, event.EntityRemoved{Ref: ref, Origin: is.Origin}} {
		e, err := event.New("/sources/github", ref, data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Actor, e.Time = event.DeriveID(i, "taken away"), event.Actor{Name: "Salt Marsh"}, time.Date(2026, 3, 1+i, 9, 0, 0, 0, time.UTC)
		if _, err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := newScorer(log).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, rec := range eventlogtest.ReadAll(t, log, 2) {
		data, err := rec.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := data.(event.ExemptionRevoked); ok {
			got = append(got, fmt.Sprintf("%s by %q of %s, %q, until %s", rec.Actor, d.DecidedBy, d.RequestedBy, d.Note, d.Until))
		}
	}
	if diff := cmp.Diff([]string{`Salt Marsh by "" of user:default/kestrel, "", until 2026-03-10`}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// pieces is a log that knows where what was appended in one piece ends.
type pieces struct {
	*eventlogtest.Memory
	ends []int
}

func (p *pieces) Append(ctx context.Context, events ...event.Event) ([]eventlog.Appended, error) {
	all, err := p.Memory.Append(ctx, events...)
	if last, failed := p.Last(ctx); err == nil && failed == nil {
		p.ends = append(p.ends, int(last))
	}
	return all, err
}

// A crash between any two pieces that a scorer appends loses nothing.
func TestTurnsAfterCrash(t *testing.T) {
	add := func(id int, ref string, is event.Declaration) event.Event {
		e, err := event.New("/sources/github", ref, event.EntityRegistered{Declaration: is})
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Time = event.DeriveID(id, "crash"), time.Date(2026, 3, id, 9, 0, 0, 0, time.UTC)
		return e
	}
	ladder := func(id int, levels ...string) event.Event {
		var all []any
		for i, name := range levels {
			all = append(all, map[string]any{"name": name, "rank": float64(i + 1)})
		}
		return add(id, "scorecard:default/readiness", entity(scorecards.KindScorecard, "readiness", map[string]any{
			"filter": `entity.kind == "Component"`, "levels": all,
			"rules": []any{rule("lifecycle", levels[0], `entity.spec.lifecycle == "production"`), rule("owner", levels[len(levels)-1], `entity.spec.owner == "bank"`)},
		}))
	}
	component := func(id int, name, owner string) event.Event {
		return add(id, "component:default/"+name, entity("Component", name, map[string]any{"type": "service", "lifecycle": "production", "owner": owner}))
	}
	gold := func(id int, name string) event.Event {
		return add(id, "initiative:default/"+name, agreed(scorecards.KindInitiative, name, map[string]any{"scorecard": "readiness", "level": "Gold", "target": "2026-03-30"}))
	}
	mended := []event.Event{ladder(1, "Silver"), component(2, "payments", "bank"), component(3, "cart", "shop"), gold(4, "gold"), gold(5, "more"), ladder(6, "Bronze", "Gold")}
	for name, story := range map[string][]event.Event{"exempting": exemptingStory(t), "mended": mended, "mended and more": append(slices.Clone(mended), component(7, "ledger", "bank"))} {
		whole := &pieces{Memory: eventlogtest.NewMemory()}
		said := func(first int, log eventlog.Reader) (all []string) {
			for _, rec := range eventlogtest.ReadAll(t, log, 0)[first:] {
				all = append(all, fmt.Sprintf("%s %s %s %s", rec.Time.Format(time.RFC3339), rec.Subject, rec.Type, rec.Data))
			}
			return all
		}
		if _, err := whole.Append(t.Context(), story...); err != nil {
			t.Fatal(err)
		}
		if err := newScorer(whole).CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := said(len(story), whole)
		for _, crash := range whole.ends {
			log := eventlogtest.NewMemory()
			for _, rec := range eventlogtest.ReadAll(t, whole, 0)[:crash] {
				if _, err := log.Append(t.Context(), rec.Event); err != nil {
					t.Fatal(err)
				}
			}
			if err := newScorer(log).CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, said(len(story), log)); diff != "" {
				t.Errorf("%s: after a crash at event %d (-want +got):\n%s", name, crash, diff)
			}
		}
	}
}

// An exemption that comes late, and was over before another one whose end is on record, is
// over, too.
func TestEndOfWhatComesLate(t *testing.T) {
	log := eventlogtest.NewMemory()
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	exemption := func(name string) event.EntityRegistered {
		return event.EntityRegistered{Declaration: agreed(scorecards.KindExemption, name, map[string]any{
			"scorecard": "readiness", "entity": "component:payments", "rules": []any{"owner"}, "reason": "They move", "status": "granted", "until": "2026-03-10",
		})}
	}
	team := func(name string) event.EntityRegistered {
		return event.EntityRegistered{Declaration: entity("Group", name, map[string]any{"type": "team", "children": []any{}})}
	}
	for i, e := range []struct {
		at      time.Time
		subject string
		data    event.Data
	}{
		{at(1, 9), "exemption:default/known", exemption("known")},
		{at(11, 8), "group:default/bank", team("bank")}, // by now the first one is over
		{at(10, 22), "exemption:default/late", exemption("late")},
		{at(12, 8), "group:default/shop", team("shop")},
	} {
		next, err := event.New("/sources/github", e.subject, e.data)
		if err != nil {
			t.Fatal(err)
		}
		next.ID, next.Time = event.DeriveID(i, "late"), e.at
		if _, err := log.Append(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if err := newScorer(log).CatchUp(t.Context()); err != nil { // a start each time says nothing twice
			t.Fatal(err)
		}
	}
	over := map[string]int{}
	for _, rec := range eventlogtest.ReadAll(t, log, 0) {
		if rec.Type == event.TypeExemptionExpired {
			over[rec.Subject]++
			if !rec.Time.Equal(at(11, 0)) {
				t.Errorf("%s is over at %s", rec.Subject, rec.Time)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"exemption:default/known": 1, "exemption:default/late": 1}, over); diff != "" {
		t.Errorf("what is over, how often (-want +got):\n%s", diff)
	}
}
