package scorer_test

import (
	cmpx "cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

const day = 24 * time.Hour

var (
	begin    = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	payments = event.Repository{Source: "github", ID: "payments", FullName: "acme/payments"}
)

const (
	service = "component:default/payments"
	other   = "component:default/refunds"
)

// tester is a test, a benchmark, or one of rapid's.
type tester interface {
	Helper()
	Fatal(args ...any)
}

// worldOf folds a service, its repository, another entity of it, and events.
func worldOf(t tester, events []event.Event) *scorer.World {
	t.Helper()
	w := scorer.NewWorld(append(catalog.BuiltIn(), scorecards.Kinds()...))
	var all []event.Event
	add := func(subject string, data event.Data) {
		e, err := event.New("/sources/github", subject, data)
		if err != nil {
			t.Fatal(err)
		}
		e.Time = begin
		all = append(all, e)
	}
	add("acme/payments", event.RepositoryObserved{RepositoryState: event.RepositoryState{Repository: payments, DefaultBranch: "main"}})
	for _, name := range []string{"payments", "refunds"} {
		d := entity("Component", name, map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})
		d.Origin.RepositoryID = "payments"
		add("component:default/"+name, event.EntityRegistered{Declaration: d})
	}
	for i, e := range append(all, events...) {
		if err := w.Apply(eventlog.Record{Position: eventlog.Position(i + 1), Event: e}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// activityOf are the facts of what happened around an entity, by their last names.
func activityOf(t rapid.TB, w *scorer.World, ref string, now time.Time) map[string]scorecards.Fact {
	t.Helper()
	s, err := w.Subject(ref, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	all := map[string]scorecards.Fact{}
	for name, f := range s.Known() {
		if short, ok := strings.CutPrefix(name, "activity."); ok {
			all[short] = f
		}
	}
	return all
}

// values are those of facts that have one.
func values(facts map[string]scorecards.Fact) map[string]any {
	all := map[string]any{}
	for name, f := range facts {
		if f.Value != nil {
			all[name] = f.Value
		}
	}
	return all
}

// happening draws events in the order in which they are recorded, with times that
// are up to twenty days late, and ids that come again.
func happening(t *rapid.T) []event.Event {
	var all []event.Event
	clock := begin
	number := rapid.IntRange(1, 6)
	sha := rapid.Map(rapid.IntRange(1, 5), func(n int) string { return fmt.Sprintf("%040d", n) })
	status := rapid.SampledFrom([]string{event.StatusSuccess, event.StatusFailure, event.StatusRunning, event.StatusCanceled})
	for range rapid.IntRange(0, 40).Draw(t, "events") {
		clock = clock.Add(time.Duration(rapid.IntRange(0, 8*24).Draw(t, "hours")) * time.Hour)
		at := clock.Add(-time.Duration(rapid.IntRange(0, 20*24).Draw(t, "late")) * time.Hour)
		id := strconv.Itoa(number.Draw(t, "id"))
		var data event.Data
		switch rapid.IntRange(0, 5).Draw(t, "what") {
		case 0:
			data = event.ActivityPush{
				Repository: payments, Ref: rapid.SampledFrom([]string{"refs/heads/main", "refs/heads/topic", "refs/tags/v1"}).Draw(t, "ref"),
				After: sha.Draw(t, "after"), Default: rapid.Bool().Draw(t, "default"),
			}
		case 1:
			data = event.ActivityRelease{
				Repository: payments, Tag: "v" + id, Action: rapid.SampledFrom([]string{"published", "changed", "deleted"}).Draw(t, "action"),
				Prerelease: rapid.Bool().Draw(t, "pre"), Published: at,
			}
		case 2:
			data = event.ActivityDeployment{
				Repository: payments, ID: id, Environment: rapid.SampledFrom([]string{"production", "prod-eu", "staging", "preprod"}).Draw(t, "environment"),
				Status: status.Draw(t, "status"), Commit: sha.Draw(t, "commit"), Finished: at,
				Entity: rapid.SampledFrom([]string{"", "", service}).Draw(t, "entity"),
			}
		case 3:
			data = event.ActivityPipeline{
				Repository: payments, ID: id, Status: status.Draw(t, "status"), Branch: rapid.SampledFrom([]string{"main", "topic"}).Draw(t, "branch"), Finished: at,
			}
		case 4:
			data = event.ActivityPullRequest{
				Repository: payments, Number: int64(id[0]), State: rapid.SampledFrom([]string{"open", "merged", "closed"}).Draw(t, "state"),
				Draft: rapid.Bool().Draw(t, "draft"), Opened: at.Add(-day),
			}
		default:
			data = event.ActivityAlert{
				Repository: payments, Tool: rapid.SampledFrom([]string{"secrets", "dependencies"}).Draw(t, "tool"), ID: id,
				State:    rapid.SampledFrom([]string{event.AlertOpen, event.AlertFixed}).Draw(t, "state"),
				Severity: rapid.SampledFrom([]string{"critical", "high", "low", ""}).Draw(t, "severity"), Opened: at.Add(-day),
			}
		}
		e, err := event.New("/sources/github", "acme/payments", data)
		if err != nil {
			t.Fatal(err)
		}
		e.Time = at
		all = append(all, e)
	}
	return all
}

// newestTime is that of the newest event.
func newestTime(events []event.Event) time.Time {
	at := begin
	for _, e := range events {
		if e.Time.After(at) {
			at = e.Time
		}
	}
	return at
}

// What is folded event by event is what counting all events anew gives.
func TestActivityIsWhatCountingGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := happening(t)
		now := newestTime(events).Add(time.Duration(rapid.IntRange(-5*24, 100*24).Draw(t, "now")) * time.Hour)
		w := worldOf(t, events)
		for _, ref := range []string{service, other} {
			got := values(activityOf(t, w, ref, now))
			if diff := cmp.Diff(counted(t, events, ref, now), got); diff != "" {
				t.Fatalf("%s (-counted +folded):\n%s", ref, diff)
			}
		}
	})
}

// Each fact stays as it is until the moment that it names, one that there is not too: an event
// that comes late is judged at its own time, when others that are known by now were still to come.
func TestActivityStaysUntil(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := happening(t)
		w := worldOf(t, events)
		now := newestTime(events).Add(time.Duration(rapid.IntRange(-20*24, 100*24).Draw(t, "now")) * time.Hour)
		was := activityOf(t, w, service, now)
		later := now.Add(time.Duration(rapid.IntRange(0, 400*24).Draw(t, "later")) * time.Hour)
		is := activityOf(t, w, service, later)
		for name := range is {
			f := was[name]
			if until := f.Until; !until.IsZero() && !until.After(later) {
				continue
			}
			if !cmp.Equal(f.Value, is[name].Value) {
				t.Fatalf("%s was to stay as it is until %v, and is %v after %v at %v", name, f.Until, is[name].Value, f.Value, later)
			}
		}
	})
}

// counted goes through all events, once for each fact.
func counted(t rapid.TB, events []event.Event, ref string, now time.Time) map[string]any {
	t.Helper()
	facts := map[string]any{}
	newest := map[string]event.Event{} // of each thing, in the order of what they tell
	pushed := map[string]time.Time{}
	var deployed time.Time
	for _, e := range events {
		data, err := e.Decode()
		if err != nil {
			t.Fatal(err)
		}
		id := ""
		switch d := data.(type) {
		case event.ActivityPush:
			if d.Ref == "refs/tags/v1" {
				continue
			}
			if first, ok := pushed[d.After]; !ok || e.Time.Before(first) {
				pushed[d.After] = e.Time
			}
			if last, _ := facts["lastPush"].(time.Time); d.Default && !e.Time.Before(last) {
				facts["lastPush"] = e.Time
			}
			continue
		case event.ActivityRelease:
			id = d.Tag
			facts["lastRelease"] = scorecards.Never()
		case event.ActivityDeployment:
			if d.Entity != "" && d.Entity != ref {
				continue
			}
			facts["lastDeployment"], facts["deployments"], facts["failures"] = scorecards.Never(), 0, 0
			if d.Environment != "production" && d.Environment != "prod-eu" {
				continue
			}
			if d.Status == event.StatusSuccess && d.Finished.After(deployed) {
				deployed = d.Finished
			}
			id = d.Entity + d.ID
		case event.ActivityPipeline:
			id = d.ID
			facts["pipelines"] = 0
		case event.ActivityPullRequest:
			id = strconv.FormatInt(d.Number, 10)
			facts["openPullRequests"] = 0
		case event.ActivityAlert:
			id = d.Tool + d.ID
			facts["alerts"] = map[string]int{"critical": 0, "high": 0, "medium": 0, "low": 0}
		}
		key := string(e.Type) + id
		if was, ok := newest[key]; !ok || !e.Time.Before(was.Time) {
			newest[key] = e
		}
	}
	if !deployed.IsZero() {
		facts["lastDeployment"] = deployed
	}
	within := func(at time.Time, days time.Duration) bool { return !at.After(now) && at.After(now.Add(-days*day)) }
	good, bad, built, broken := 0, 0, 0, 0
	var leads []time.Duration
	var ended []event.ActivityDeployment
	for _, key := range slices.Sorted(maps.Keys(newest)) {
		data, _ := newest[key].Decode()
		switch d := data.(type) {
		case event.ActivityRelease:
			if last := facts["lastRelease"].(time.Time); d.Action != "deleted" && !d.Prerelease && d.Published.After(last) {
				facts["lastRelease"] = d.Published
			}
		case event.ActivityDeployment:
			if d.Status != event.StatusSuccess && d.Status != event.StatusFailure {
				continue
			}
			ended = append(ended, d)
			if d.Status == event.StatusFailure && within(d.Finished, 90) {
				facts["failures"] = facts["failures"].(int) + 1
			}
			switch {
			case !within(d.Finished, 30):
			case d.Status == event.StatusFailure:
				bad++
			default:
				good++
			}
		case event.ActivityPipeline:
			if d.Branch == "main" && within(d.Finished, 30) {
				switch d.Status {
				case event.StatusSuccess:
					built++
				case event.StatusFailure:
					broken++
				}
			}
		case event.ActivityPullRequest:
			if d.State == "open" && !d.Draft {
				facts["openPullRequests"] = facts["openPullRequests"].(int) + 1
				if oldest, ok := facts["oldestPullRequest"].(time.Time); !ok || d.Opened.Before(oldest) {
					facts["oldestPullRequest"] = d.Opened
				}
			}
		case event.ActivityAlert:
			severity := d.Severity
			if severity == "" && d.Tool == "secrets" {
				severity = "high"
			}
			if d.State != event.AlertOpen || severity == "" {
				continue
			}
			facts["alerts"].(map[string]int)[severity]++
			if oldest, ok := facts["oldestAlert"].(time.Time); severity != "low" && (!ok || d.Opened.Before(oldest)) {
				facts["oldestAlert"] = d.Opened
			}
		}
	}
	if facts["deployments"] != nil {
		facts["deployments"] = good
	}
	if good+bad > 0 {
		facts["changeFailureRate"] = float64(bad) / float64(good+bad)
	}
	if built+broken > 0 {
		facts["pipelines"], facts["pipelineSuccess"] = built+broken, float64(built)/float64(built+broken)
	}
	for sha, at := range pushed {
		first := slices.MinFunc(append(ended, event.ActivityDeployment{Commit: sha, Status: event.StatusSuccess, Finished: now.Add(day)}), func(a, b event.ActivityDeployment) int {
			counts := func(d event.ActivityDeployment) int {
				return map[bool]int{true: 0, false: 1}[d.Commit == sha && d.Status == event.StatusSuccess]
			}
			return cmpx.Or(counts(a)-counts(b), a.Finished.Compare(b.Finished))
		})
		if within(first.Finished, 30) && first.Finished.Sub(at) <= 90*day {
			leads = append(leads, max(0, first.Finished.Sub(at)))
		}
	}
	if len(leads) > 0 {
		facts["leadTime"] = middle(leads)
	}
	if outages := outagesOf(ended, now); len(outages) > 0 {
		facts["timeToRestore"] = middle(outages)
	}
	return facts
}

// outagesOf looks for each success for the failures right before it.
func outagesOf(ended []event.ActivityDeployment, now time.Time) (all []time.Duration) {
	for _, place := range []string{"production", "prod-eu"} {
		var here []event.ActivityDeployment
		for _, d := range ended {
			if d.Environment == place && !d.Finished.After(now) {
				here = append(here, d)
			}
		}
		slices.SortStableFunc(here, func(a, b event.ActivityDeployment) int {
			if a.Finished.Equal(b.Finished) && a.Status != b.Status { // it failed first
				return map[bool]int{true: -1, false: 1}[a.Status == event.StatusFailure]
			}
			return a.Finished.Compare(b.Finished)
		})
		for i, d := range here {
			first := i
			for first > 0 && here[first-1].Status == event.StatusFailure {
				first--
			}
			if d.Status == event.StatusSuccess && first < i && here[first].Finished.After(now.Add(-90*day)) {
				all = append(all, d.Finished.Sub(here[first].Finished))
			}
		}
	}
	return all
}

func middle(all []time.Duration) time.Duration {
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

// happened is something to tell, and on which day it was.
type happened struct {
	day     int
	subject string
	data    event.Data
}

// levelsOfDelivery are the levels that the payments service had when that was told, by a card that
// wants a deployment within the last month.
func levelsOfDelivery(t *testing.T, all ...happened) (got []string) {
	t.Helper()
	log := eventlogtest.NewMemory()
	card := entity(scorecards.KindScorecard, "delivery", map[string]any{
		"owner": "platform", "filter": `entity.kind == "Component"`,
		"levels": []any{map[string]any{"name": "Steady", "rank": 1.0}},
		"rules":  []any{rule("often", "Steady", "activity.deployments >= 1")},
	})
	declared := entity("Component", "payments", map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})
	all = append([]happened{{0, "scorecard:default/delivery", event.EntityRegistered{Declaration: card}}, {1, service, event.EntityRegistered{Declaration: declared}}}, all...)
	for i, one := range all {
		e, err := event.New("/sources/github", one.subject, one.data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Time = event.DeriveID(i, "past"), begin.Add(time.Duration(one.day)*day)
		if _, err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second start says nothing new
		if err := newScorer(log).CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, rec := range eventlogtest.ReadAll(t, log, 0) {
		if rec.Type == event.TypeScoreChanged {
			d, err := event.DecodeAs[event.ScoreChanged](rec.Event)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("day %d %q %s", int(rec.Time.Sub(begin)/day), d.After.Level, rec.Cause.Schedule))
		}
	}
	return got
}

func deployed(on int, id string) happened {
	return happened{on, "acme/payments", event.ActivityDeployment{Repository: payments, ID: id, Environment: "production", Status: event.StatusSuccess}}
}

func pushed(on int) happened {
	return happened{on, "acme/payments", event.ActivityPush{Repository: payments, Ref: "refs/heads/main", After: fmt.Sprintf("%040d", on), Default: true}}
}

// A level that falls because a deployment is long ago does so on the very day,
// though the scorer sees the log much later.
func TestTimePassesInThePast(t *testing.T) {
	want := []string{`day 1 "" `, `day 2 "Steady" `, `day 32 "" scorecards 2026-02-02T00:00:00Z`}
	if diff := cmp.Diff(want, levelsOfDelivery(t, deployed(2, "1"), pushed(50))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is told late is judged as it was, and what time alone changed since has the day on which it
// did. What is told once more changes nothing.
func TestLateNews(t *testing.T) {
	want := []string{`day 1 "" `, `day 2 "Steady" `, `day 32 "" scorecards 2026-02-02T00:00:00Z`, `day 40 "Steady" `, `day 70 "" scorecards 2026-03-12T00:00:00Z`}
	got := levelsOfDelivery(t, deployed(2, "1"), pushed(80), deployed(40, "2"), pushed(81), deployed(2, "1"), deployed(40, "2"), pushed(82))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What comes late is judged at a moment at which other things that are on record were still to
// come. What they tell is known again from then on.
func TestLateNewsLeavesNothingUnknown(t *testing.T) {
	log := eventlogtest.NewMemory()
	add := func(day, hour int, subject string, data event.Data) {
		e, err := event.New("/sources/github", subject, data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Time = event.DeriveID(day, subject, strconv.Itoa(hour)), time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC)
		if _, err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	add(1, 9, "scorecard:default/readiness", event.EntityRegistered{Declaration: entity(scorecards.KindScorecard, "readiness", map[string]any{
		"filter": `entity.kind == "Component"`, "rules": []any{map[string]any{"id": "failures", "title": "Failures", "expr": "activity.changeFailureRate < 0.5"}},
	})})
	add(1, 9, service, event.EntityRegistered{Declaration: entity("Component", "payments", map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})})
	add(2, 12, "acme/payments", event.ActivityDeployment{Repository: payments, ID: "1", Environment: "production", Status: event.StatusSuccess})
	add(2, 11, "acme/payments", event.ActivityPullRequest{Repository: payments, Number: 1, State: "open"})
	add(3, 9, "acme/other", event.FactRecorded{Fact: event.FactCodeowners, Repository: event.Repository{Source: "github", ID: "other"}, Value: []byte("null")})
	if err := newScorer(log).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range recorded(t, log) {
		for _, r := range one.Rules {
			got = append(got, one.At.Format("2 15:04 ")+r.After)
		}
	}
	if diff := cmp.Diff([]string{"1 09:00 unknown", "2 12:00 pass", "2 11:00 unknown", "2 12:00 pass"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Of a repository that is gone nothing is known any more.
func TestGoneRepository(t *testing.T) {
	for _, end := range []event.Data{event.RepositoryDeleted{Repository: payments, Reason: "deleted"}, event.RepositoryLeft{Repository: payments, To: "elsewhere/payments"}} {
		push, err := event.New("/sources/github", "acme/payments", event.ActivityPush{Repository: payments, Ref: "refs/heads/main", After: "a", Default: true})
		if err != nil {
			t.Fatal(err)
		}
		gone, err := event.New("/sources/github", "acme/payments", end)
		if err != nil {
			t.Fatal(err)
		}
		w := worldOf(t, []event.Event{push, gone})
		s, err := w.Subject(service, begin)
		if err != nil {
			t.Fatal(err)
		}
		for name := range s.Known() {
			if !strings.HasPrefix(name, "verified.") {
				t.Errorf("%T: %s is still known", end, name)
			}
		}
	}
}

// A list of open alerts makes known how many there are, also if there are none, and ends
// those that nobody told the end of.
func TestListedAlerts(t *testing.T) {
	w := newTeller(t)
	alert := func(id string, state string) event.ActivityAlert {
		return event.ActivityAlert{Repository: payments, Tool: "dependencies", ID: id, State: state, Severity: "high", Opened: begin}
	}
	counts := func(high int) map[string]any {
		return map[string]any{"activity.alerts": map[string]int{"critical": 0, "high": high, "medium": 0, "low": 0}}
	}
	w.fact(0, "", event.FactAlerts, event.OpenAlerts{})
	w.known(0, map[string]any{"activity.alerts": nil, "activity.oldestAlert": nil}) // no tool answered
	w.fact(day, "", event.FactAlerts, event.OpenAlerts{"dependencies": {}})
	w.known(day, counts(0))
	w.tell("acme/payments", 2*day, "", alert("1", event.AlertOpen))
	w.tell("acme/payments", 2*day, "", alert("2", event.AlertOpen))
	w.tell("acme/payments", 2*day, "", alert("2", event.AlertOpen)) // listed, too
	w.known(2*day, counts(2))
	w.fact(3*day, "", event.FactAlerts, event.OpenAlerts{"secrets": {}})
	w.known(3*day, counts(2)) // of another tool
	w.fact(3*day, "", event.FactAlerts, event.OpenAlerts{"dependencies": {"2"}})
	w.known(3*day, counts(1))
	w.tell("acme/payments", 2*day, "", alert("1", event.AlertOpen)) // it comes late
	w.known(3*day, counts(1))
	w.tell("acme/payments", 4*day, "", alert("1", event.AlertOpen)) // it is back
	w.known(4*day, counts(2))
}
