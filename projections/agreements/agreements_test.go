package agreements_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// day is the first moment of a day of March.
func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

// world is a log that is judged, and the read models of it.
type world struct {
	t      tester
	log    *eventlogtest.Memory
	reader agreements.Reader
	now    *entities.Catalog
	models []projections.Projection
	said   int
}

type tester interface {
	Helper()
	Fatal(args ...any)
	Cleanup(f func())
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldIn(t, filepath.Join(t.TempDir(), "history.db"))
}

// worldIn is one with its history in a file.
func worldIn(t tester, file string) *world {
	t.Helper()
	rows, err := sqlitestore.Open(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	past, now := history.New(rows), entities.NewOf(kinds())
	return &world{t: t, log: eventlogtest.NewMemory(), reader: agreements.Reader{Events: past}, now: now, models: []projections.Projection{past, now}}
}

// scored has scores kept, too.
func (w *world) scored(t *testing.T) *world {
	t.Helper()
	return w.scoredIn(t, filepath.Join(t.TempDir(), "scores.db"))
}

func (w *world) scoredIn(t tester, file string) *world {
	t.Helper()
	standing, err := scores.Open(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { standing.Close() })
	w.reader.Scores, w.models = standing, append(w.models, standing)
	return w
}

func kinds() catalog.Kinds { return append(catalog.BuiltIn(), scorecards.Kinds()...) }

func declared(kind, name string, spec map[string]any) event.Declaration {
	version := scorecards.APIVersion
	if kind == "Component" {
		version = "backstage.io/v1alpha1"
	}
	return event.Declaration{
		Entity: catalog.Entity{APIVersion: version, Kind: kind, Metadata: catalog.Metadata{Name: name, Namespace: "default", UID: "uid-" + name}, Spec: spec},
		Origin: event.Origin{Source: "github", RepositoryID: name, Path: "catalog-info.yaml"},
	}
}

// say tells the log something at nine o'clock of a day.
func (w *world) say(n int, subject string, data event.Data) {
	w.t.Helper()
	e, err := event.New("/sources/github", subject, data)
	if err != nil {
		w.t.Fatal(err)
	}
	w.said++
	e.ID, e.Time, e.Actor = event.DeriveID(w.said, "said"), day(n).Add(9*time.Hour), event.Actor{Name: "Moss Bank"}
	if _, err := w.log.Append(context.Background(), e); err != nil {
		w.t.Fatal(err)
	}
}

// judge has the scorer follow the log, and folds all of it.
func (w *world) judge() {
	w.t.Helper()
	s := scorer.New(scorer.Options{Log: w.log, Kinds: kinds(), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err := s.CatchUp(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	var all []eventlog.Record
	for rec, err := range w.log.Read(context.Background(), 0) {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, rec)
	}
	for _, p := range w.models {
		if err := p.Apply(context.Background(), all); err != nil {
			w.t.Fatal(err)
		}
	}
}

// An exemption that comes to be of another entity ends for the one that it was of.
func TestDebtOfWhatMoved(t *testing.T) {
	w := worldIn(t, projectiontest.Copies(t, sqlitestore.Open)()).scoredIn(t, projectiontest.Copies(t, scores.Open)())
	safe := scorecard()
	safe.Entity.Metadata.Name = "safe"
	w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
	w.say(1, "scorecard:default/safe", event.EntityRegistered{Declaration: safe})
	w.say(1, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "")})
	w.say(1, "component:default/ledger", event.EntityRegistered{Declaration: component("ledger", "bank", "")})
	of := func(entity, card string) event.Declaration {
		return declared("Exemption", "a", map[string]any{"scorecard": card, "entity": entity, "reason": "x", "status": "granted"})
	}
	w.say(2, "exemption:default/a", event.EntityRegistered{Declaration: of("payments", "ready")})
	w.say(4, "exemption:default/a", event.EntityChanged{Declaration: of("ledger", "ready")})
	w.say(6, "exemption:default/a", event.EntityChanged{Declaration: of("ledger", "safe")})
	w.say(8, "exemption:default/a", event.EntityChanged{Declaration: of("payments", "ready")})
	w.judge()
	moments := []time.Time{day(1), day(3), day(5), day(7), day(9)}
	for name, c := range map[string]struct {
		wanted func(event.Exemption) bool
		want   []int
	}{
		"of payments":         {func(x event.Exemption) bool { return x.Entity == "component:default/payments" }, []int{0, 1, 0, 0, 1}},
		"of ledger":           {func(x event.Exemption) bool { return x.Entity == "component:default/ledger" }, []int{0, 0, 1, 1, 0}},
		"from the card ready": {func(x event.Exemption) bool { return x.Card == "scorecard:default/ready" }, []int{0, 1, 1, 0, 1}},
	} {
		got, err := w.reader.Debt(t.Context(), projections.Moment{}, moments, c.wanted)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// How many exemptions held at a moment, by what became of them, is how many the catalog of
// that moment has that hold.
func TestDebtIsWhatHeld(t *testing.T) {
	empty, unscored := projectiontest.Copies(t, sqlitestore.Open), projectiontest.Copies(t, scores.Open)
	rapid.Check(t, func(t *rapid.T) {
		w := worldIn(t, empty()).scoredIn(t, unscored())
		w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
		w.say(1, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "")})
		type state struct {
			at time.Time
			x  *scorecards.Exemption // nil: removed
		}
		told := map[string][]state{}
		n := 1
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			n += rapid.IntRange(0, 3).Draw(t, "days")
			name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")
			ref := "exemption:default/" + name
			was := told[name]
			if len(was) > 0 && was[len(was)-1].x != nil && rapid.IntRange(0, 4).Draw(t, "remove") == 0 {
				w.say(n, ref, event.EntityRemoved{Ref: ref, Origin: declared("Exemption", name, nil).Origin})
				told[name] = append(was, state{day(n).Add(9 * time.Hour), nil})
				continue
			}
			spec := map[string]any{"scorecard": "ready", "entity": "payments", "reason": "x", "status": rapid.SampledFrom([]string{"requested", "granted", "granted", "denied", "revoked"}).Draw(t, "status")}
			if until := rapid.IntRange(-2, 6).Draw(t, "until"); until < 6 {
				spec["until"] = day(n + until).Format(time.DateOnly)
			}
			if from := rapid.IntRange(-4, 0).Draw(t, "from"); from > -3 && spec["until"] == nil {
				spec["from"] = day(n + from + 3).Format(time.DateOnly)
			}
			d := declared("Exemption", name, spec)
			x, problems := scorecards.ParseExemption(&d.Entity)
			if x == nil {
				t.Fatal(problems)
			}
			w.say(n, ref, event.EntityChanged{Declaration: d})
			told[name] = append(was, state{day(n).Add(9 * time.Hour), x})
		}
		w.judge()
		var moments []time.Time
		var want []int
		for at := day(1); at.Before(day(n + 10)); at = at.Add(12 * time.Hour) {
			held := 0
			for _, states := range told {
				var last *scorecards.Exemption
				for _, s := range states {
					if !s.at.After(at) {
						last = s.x
					}
				}
				if last != nil && last.Holds(at) {
					held++
				}
			}
			moments, want = append(moments, at), append(want, held)
		}
		got, err := w.reader.Debt(context.Background(), projections.Moment{}, moments, func(event.Exemption) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s", diff)
		}
	})
}

func scorecard() event.Declaration {
	return declared("Scorecard", "ready", map[string]any{
		"owner": "platform", "filter": `entity.kind == "Component"`,
		"levels": []any{map[string]any{"name": "Bronze", "rank": 1.0}, map[string]any{"name": "Silver", "rank": 2.0}},
		"rules": []any{
			map[string]any{"id": "owner", "level": "Bronze", "title": "Owner", "expr": `owner.ref != ""`},
			map[string]any{"id": "system", "level": "Silver", "title": "System", "expr": "has(entity.spec.system)"},
		},
	})
}

func component(name, owner, system string) event.Declaration {
	spec := map[string]any{"type": "service", "lifecycle": "production", "owner": owner}
	if system != "" {
		spec["system"] = system
	}
	return declared("Component", name, spec)
}

// Two of three are asked; one is done on the fourth, one becomes exempt on the sixth, and
// no more after its last day, the eighth.
func silver(t *testing.T, target string) *world {
	t.Helper()
	w := newWorld(t).scored(t)
	w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
	w.say(2, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "")})
	w.say(2, "component:default/ledger", event.EntityRegistered{Declaration: component("ledger", "bank", "")})
	w.say(2, "component:default/shop", event.EntityRegistered{Declaration: component("shop", "web", "")})
	w.say(2, "initiative:default/silver", event.EntityRegistered{Declaration: declared("Initiative", "silver", map[string]any{
		"scorecard": "ready", "level": "Silver", "filter": `owner.ref == "group:default/bank"`, "start": "2026-03-01", "target": target,
	})})
	w.say(4, "component:default/payments", event.EntityChanged{Declaration: component("payments", "bank", "money")})
	w.say(6, "exemption:default/later", event.EntityRegistered{Declaration: declared("Exemption", "later", map[string]any{
		"scorecard": "ready", "entity": "ledger", "rules": []any{"system"}, "reason": "x", "until": "2026-03-08",
	})})
	w.say(12, "component:default/shop", event.EntityChanged{Declaration: component("shop", "web", "shop")})
	w.judge()
	return w
}

func TestBurnUpIsWhatIsOnRecord(t *testing.T) {
	w := silver(t, "2026-03-31")
	all, err := w.reader.Initiatives(context.Background(), w.now.Snapshot(), projections.Moment{}, day(13))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	i := all[0]
	if i.State != agreements.Open || i.Done != 1 || len(i.Items) != 2 || i.Percent() != 50 {
		t.Errorf("it is %s, %d of %d", i.State, i.Done, len(i.Items))
	}
	if left := i.Items[0]; left.Entity != "component:default/ledger" || !cmp.Equal(left.Left, []string{"system"}) || left.Owner != "group:default/bank" {
		t.Errorf("left is %+v", left)
	}
	asking, err := w.reader.Asking(context.Background(), w.now.Snapshot(), projections.Moment{}, day(13), "component:default/ledger", nil)
	if err != nil || len(asking) != 1 || !cmp.Equal(asking[0].Items, i.Items[:1]) {
		t.Errorf("of the ledger alone it asks %+v, %v", asking, err)
	}
	if asking, err = w.reader.Asking(context.Background(), w.now.Snapshot(), projections.Moment{}, day(13), "component:default/shop", nil); err != nil || len(asking[0].Items) > 0 {
		t.Errorf("of the shop it asks %+v, %v", asking, err)
	}
	var moments []time.Time
	for n := 1; n <= 12; n++ {
		moments = append(moments, day(n))
	}
	points, err := w.reader.BurnUp(context.Background(), projections.Moment{}, &i, moments)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range points {
		got = append(got, fmt.Sprintf("%d: %d of %d", p.At.Day(), p.Done, p.Asked))
	}
	want := []string{
		"1: 0 of 0", "2: 0 of 0", "3: 0 of 2", "4: 0 of 2", "5: 1 of 2", "6: 1 of 2", "7: 2 of 2", "8: 2 of 2", "9: 1 of 2", "10: 1 of 2", "11: 1 of 2", "12: 1 of 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a page says of an initiative that is over is what its event said when it was: as it
// stood on its last day, whatever became of it.
func TestWhatIsOverStaysAsItEnded(t *testing.T) {
	for target, want := range map[string]struct {
		state agreements.State
		said  string
	}{
		"2026-03-05": {agreements.Missed, "missed 1 of 2"}, "2026-03-08": {agreements.Reached, "reached 2 of 2"}, "2026-03-09": {agreements.Missed, "missed 1 of 2"},
	} {
		w := silver(t, target)
		e, _ := w.now.Snapshot().Get("initiative:default/silver")
		i, err := w.reader.Initiative(context.Background(), w.now.Snapshot(), projections.Moment{}, day(13), e)
		if err != nil {
			t.Fatal(err)
		}
		if i.State != want.state || fmt.Sprintf("%s %d of %d", i.State, i.Done, len(i.Items)) != want.said {
			t.Errorf("until %s it is %s, %d of %d", target, i.State, i.Done, len(i.Items))
		}
		said := w.closings(t)
		if diff := cmp.Diff([]string{want.said}, said); diff != "" {
			t.Errorf("until %s: %s", target, diff)
		}
	}
}

// Who was asked is told by the catalog of its end: an entity that has gone since, or changed
// hands, is among them, and a rule that came since is not asked for.
func TestWhoWasAskedIsOfTheEnd(t *testing.T) {
	w := silver(t, "2026-03-09")
	w.reader.Then = func(_ context.Context, m projections.Moment) (agreements.Catalog, error) {
		then := entities.NewOf(kinds())
		for _, rec := range eventlogtest.ReadAll(t, w.log, 0) {
			if rec.Time.After(m.At) {
				continue
			}
			if err := then.Apply(t.Context(), []eventlog.Record{rec}); err != nil {
				return nil, err
			}
		}
		return then.Snapshot(), nil
	}
	ledger := declared("Component", "ledger", nil)
	w.say(14, "component:default/ledger", event.EntityRemoved{Ref: "component:default/ledger", Origin: ledger.Origin})
	w.say(15, "component:default/payments", event.EntityChanged{Declaration: component("payments", "web", "money")})
	w.say(16, "component:default/shop", event.EntityChanged{Declaration: component("shop", "bank", "")})
	w.judge()
	e, _ := w.now.Snapshot().Get("initiative:default/silver")
	i, err := w.reader.Initiative(t.Context(), w.now.Snapshot(), projections.Moment{}, day(18), e)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range i.Items {
		got = append(got, fmt.Sprintf("%s of %s done %t %v", item.Entity, item.Owner, item.Done, item.Left))
	}
	want := []string{"component:default/ledger of group:default/bank done false [system]", "component:default/payments of group:default/bank done true []"}
	if diff := cmp.Diff(want, got); diff != "" || i.Asked != 2 || i.Done != 1 {
		t.Errorf("%d of %d done, of which the items are (-want +got):\n%s", i.Done, i.Asked, diff)
	}
}

// closings are how initiatives ended, as their events say.
func (w *world) closings(t *testing.T) (said []string) {
	t.Helper()
	for _, rec := range eventlogtest.ReadAll(t, w.log, 0) {
		if rec.Type == event.TypeInitiativeClosed {
			d, err := event.DecodeAs[event.InitiativeClosed](rec.Event)
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, strings.TrimSpace(fmt.Sprintf("%s %d of %d %s", d.Outcome, d.Done, d.Asked, d.Note)))
		}
	}
	return said
}

// shown is how the initiative stands at a day, in short.
func (w *world) shown(t *testing.T, at time.Time) string {
	t.Helper()
	e, _ := w.now.Snapshot().Get("initiative:default/silver")
	i, err := w.reader.Initiative(context.Background(), w.now.Snapshot(), projections.Moment{At: at}, at, e)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %d of %d %s", i.State, i.Done, i.Asked, i.Why))
}

// What asks for something that the card does not have, or asks nobody, is never reached.
func TestWhatCannotBeMeasuredIsNotReached(t *testing.T) {
	for name, tt := range map[string]struct {
		spec  map[string]any
		open  string
		ended string
	}{
		"a level that is gone": {map[string]any{"scorecard": "ready", "level": "Gold"}, "open 0 of 0 the scorecard has no level Gold", "unmeasured 0 of 0 the scorecard has no level Gold"},
		"a rule that is gone":  {map[string]any{"scorecard": "ready", "rules": []any{"owner", "gone"}}, "open 0 of 0 the scorecard has no rule gone", "unmeasured 0 of 0 the scorecard has no rule gone"},
		"a card that is gone":  {map[string]any{"scorecard": "none", "level": "Silver"}, "open 0 of 0 there is no such scorecard", "unmeasured 0 of 0 there is no such scorecard"},
		"nobody fits":          {map[string]any{"scorecard": "ready", "level": "Bronze", "filter": `owner.ref == "group:default/none"`}, "open 0 of 0", "unasked 0 of 0"},
		"nobody can be asked":  {map[string]any{"scorecard": "ready", "level": "Bronze", "filter": `entity.spec.tier == 1`}, "open 0 of 0", "unasked 0 of 0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).scored(t)
			w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
			w.say(2, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "money")})
			tt.spec["target"] = "2026-03-10"
			w.say(3, "initiative:default/silver", event.EntityRegistered{Declaration: declared("Initiative", "silver", tt.spec)})
			w.say(12, "component:default/shop", event.EntityRegistered{Declaration: component("shop", "web", "shop")})
			w.judge()
			if got := w.shown(t, day(9)); got != tt.open {
				t.Errorf("on the ninth it is %s", got)
			}
			if got := w.shown(t, day(13)); got != tt.ended {
				t.Errorf("at last it is %s", got)
			}
			if diff := cmp.Diff([]string{tt.ended}, w.closings(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// However somebody ended it, a page says what the event says: of the moment at which it was.
func TestPagesSayWhatTheEventSays(t *testing.T) {
	for name, tt := range map[string]struct {
		change map[string]any // on the fourth
		want   string
		page   string
	}{
		"closed the day it was made":       {map[string]any{"scorecard": "ready", "level": "Silver", "target": "2026-03-20", "closed": "2026-03-04", "note": "Twice"}, "withdrawn 1 of 2 Twice", "closed 1 of 2"},
		"a target that was over":           {map[string]any{"scorecard": "ready", "level": "Silver", "target": "2026-03-02"}, "missed 1 of 2", "missed 1 of 2"},
		"closed on a day to come":          {map[string]any{"scorecard": "ready", "level": "Silver", "target": "2026-03-20", "closed": "2026-03-06", "note": "Then"}, "withdrawn 1 of 2 Then", "closed 1 of 2"},
		"closed, and the level is renamed": {map[string]any{"scorecard": "ready", "level": "Gold", "target": "2026-03-20", "closed": "2026-03-04"}, "withdrawn 1 of 2", "closed 1 of 2"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).scored(t)
			const ref = "initiative:default/silver"
			w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
			w.say(4, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "money")})
			w.say(4, "component:default/shop", event.EntityRegistered{Declaration: component("shop", "web", "")})
			w.say(4, ref, event.EntityRegistered{Declaration: declared("Initiative", "silver", map[string]any{"scorecard": "ready", "level": "Silver", "target": "2026-03-20"})})
			w.say(4, ref, event.EntityChanged{Declaration: declared("Initiative", "silver", tt.change)})
			w.say(12, "component:default/shop", event.EntityChanged{Declaration: component("shop", "web", "shop")})
			w.judge()
			if diff := cmp.Diff([]string{tt.want}, w.closings(t)); diff != "" {
				t.Fatal(diff)
			}
			if got := w.shown(t, day(13)); got != tt.page {
				t.Errorf("it is %s", got)
			}
		})
	}
}

// One that was closed after its target was over had ended by then, whether or not that is
// on record.
func TestClosedAfterItsTarget(t *testing.T) {
	w := newWorld(t).scored(t)
	w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
	w.say(2, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "")})
	w.say(2, "initiative:default/silver", event.EntityRegistered{Declaration: declared("Initiative", "silver", map[string]any{
		"scorecard": "ready", "level": "Silver", "target": "2026-03-05", "closed": "2026-03-09",
	})})
	w.say(12, "component:default/shop", event.EntityRegistered{Declaration: component("shop", "web", "shop")})
	w.judge()
	asking, err := w.reader.Asking(context.Background(), w.now.Snapshot(), projections.Moment{}, day(13), "component:default/payments", nil)
	if err != nil || len(asking) != 1 || asking[0].State != agreements.Missed {
		t.Errorf("it is %+v, %v; want missed", asking, err)
	}
	if got := w.shown(t, day(13)); got != "missed 0 of 1" {
		t.Errorf("it is %s", got)
	}
}

// What waits for a decision comes first, then what ends soonest, then what is over.
func TestExemptionsAreInOrder(t *testing.T) {
	w := newWorld(t)
	for i, spec := range []map[string]any{
		{"status": "denied"}, {"status": "granted"}, {"status": "granted", "until": "2026-03-20"}, {"status": "granted", "until": "2026-03-02"}, {"status": "requested"}, {"status": "granted", "until": "2026-03-15"},
	} {
		spec["scorecard"], spec["entity"], spec["reason"] = "ready", "payments", "x"
		name := string(rune('a' + i))
		w.say(1, "exemption:default/"+name, event.EntityRegistered{Declaration: declared("Exemption", name, spec)})
	}
	w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
	w.judge()
	var got []string
	for _, x := range agreements.Exemptions(w.now.Snapshot(), day(14)) {
		got = append(got, x.Ref.Name+" "+string(x.Stands))
	}
	want := []string{"e requested", "f granted", "c granted", "b granted", "a denied", "d expired"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	x := agreements.Exemptions(w.now.Snapshot(), day(14))[1]
	if left, ends := x.DaysLeft(day(14).Add(time.Hour)); left != 2 || !ends || x.Decides() != "group:default/platform" {
		t.Errorf("%d days are left, and %s decides", left, x.Decides())
	}
}

// An exemption that nothing comes of says why, and is no debt; one that lacks some of its
// rules still exempts from the others.
func TestWhatNothingComesOf(t *testing.T) {
	w := newWorld(t).scored(t)
	w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
	w.say(1, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "")})
	w.say(1, "component:default/gone", event.EntityRegistered{Declaration: component("gone", "bank", "")})
	w.say(1, "api:default/ledger", event.EntityRegistered{Declaration: event.Declaration{
		Entity: catalog.Entity{APIVersion: "backstage.io/v1alpha1", Kind: "API", Metadata: catalog.Metadata{Name: "ledger", Namespace: "default", UID: "uid-api"}},
		Origin: event.Origin{Source: "github", RepositoryID: "ledger", Path: "catalog-info.yaml"},
	}})
	draft := scorecard()
	draft.Entity.Metadata.Name, draft.Entity.Spec["draft"] = "tried", true
	w.say(1, "scorecard:default/tried", event.EntityRegistered{Declaration: draft})
	for name, spec := range map[string]map[string]any{
		"good":     {"entity": "payments", "rules": []any{"owner"}},
		"partly":   {"entity": "payments", "rules": []any{"lost", "system"}},
		"rules":    {"entity": "payments", "rules": []any{"lost"}},
		"nobody":   {"entity": "nobody"},
		"unjudged": {"entity": "api:ledger"},
		"cardless": {"entity": "payments", "scorecard": "none"},
		"draft":    {"entity": "payments", "scorecard": "tried"},
		"removed":  {"entity": "gone"},
		"asked":    {"entity": "nobody", "status": "requested"},
		"denied":   {"entity": "nobody", "status": "denied"},
		"for ever": {"entity": "payments", "until": "9999-12-31"},
	} {
		if spec["scorecard"] == nil {
			spec["scorecard"] = "ready"
		}
		spec["reason"] = "x"
		name = strings.ReplaceAll(name, " ", "-")
		w.say(2, "exemption:default/"+name, event.EntityRegistered{Declaration: declared("Exemption", name, spec)})
	}
	w.say(5, "component:default/gone", event.EntityRemoved{Ref: "component:default/gone", Origin: component("gone", "bank", "").Origin})
	w.judge()
	got := map[string]string{}
	for _, x := range agreements.Exemptions(w.now.Snapshot(), day(7)) {
		got[x.Ref.Name] = fmt.Sprintf("%s %t %s", x.Stands, x.InForce(day(7)), x.Why())
		if left, _ := x.DaysLeft(day(7)); x.Ref.Name == "for-ever" && left != 2912378 {
			t.Errorf("%d days are left until %v", left, x.Until)
		}
	}
	want := map[string]string{
		"good": "granted true ", "for-ever": "granted true ", "denied": "denied false ",
		"partly":   "granted true the scorecard has no rule lost",
		"rules":    "granted false the scorecard has no rule lost",
		"nobody":   "granted false there is no component:default/nobody in the catalog",
		"removed":  "granted false there is no component:default/gone in the catalog",
		"unjudged": "granted false the scorecard does not judge api:default/ledger",
		"cardless": "granted false there is no such scorecard",
		"draft":    "granted false the scorecard is a draft, which asks nobody for anything",
		"asked":    "requested false there is no component:default/nobody in the catalog",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	debt, err := w.reader.Debt(context.Background(), projections.Moment{}, []time.Time{day(2), day(4), day(7)}, func(event.Exemption) bool { return true })
	if diff := cmp.Diff([]int{0, 4, 3}, debt); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// A filter that goes wrong asks nobody, and says so.
func TestAFilterThatGoesWrong(t *testing.T) {
	w := newWorld(t).scored(t)
	w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
	w.say(2, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "money")})
	w.say(2, "component:default/shop", event.EntityRegistered{Declaration: component("shop", "web", "")})
	w.say(3, "initiative:default/silver", event.EntityRegistered{Declaration: declared("Initiative", "silver", map[string]any{
		"scorecard": "ready", "level": "Silver", "target": "2026-03-20", "filter": `entity.spec.system == "money"`,
	})})
	w.judge()
	e, _ := w.now.Snapshot().Get("initiative:default/silver")
	i, err := w.reader.Initiative(t.Context(), w.now.Snapshot(), projections.Moment{}, day(4), e)
	if err != nil || i.Asked != 1 || i.Unclear != 1 || i.Judged != 2 || !strings.Contains(i.Problem, "there is no field system") {
		t.Errorf("%+v, %v", i, err)
	}
}
