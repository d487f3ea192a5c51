package scorer_test

import (
	"fmt"
	"maps"
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
	add(2, "Moss Bank", silver, event.EntityRegistered{Declaration: initiative("silver", map[string]any{"level": "Silver"})})
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
		"2 09:00 " + owners + " initiative.opened.v1  by Moss Bank r7",
		"3 09:00 " + x + " exemption.granted.v1 until 2026-03-10 by Moss Bank r8",
		"3 09:00 " + payments + " score.changed.v1 Bronze → Silver by Moss Bank r8",
		"5 09:00 " + owners + " initiative.closed.v1 withdrawn 1 of 1 by Moss Bank r10",
		"11 00:00 " + x + " exemption.expired.v1  by time ",
		"11 00:00 " + payments + " score.changed.v1 Silver → Bronze by time ",
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
