package evidence_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/evidence"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/projections/moments"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/scores"
)

const (
	payments = "component:default/payments"
	stock    = "component:default/stock"
	till     = "component:default/till"
	card     = "scorecard:default/security"
	later    = "exemption:default/later"
)

// day is noon of a day of the quarter that begins on 1 July, counted from 0.
func day(n int) time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func on(n int) func(*eventlog.Record) {
	return func(r *eventlog.Record) { r.Time, r.Recorded = day(n), day(n).Add(time.Second) }
}

func tier(n int, name, owner string) event.Declaration {
	d := projectiontest.Component(name, owner)
	d.Entity.Metadata.Labels = map[string]string{"tier": fmt.Sprint(n)}
	d.Entity.Metadata.Title = strings.ToUpper(name)
	return d
}

func exemption(status string) event.Declaration {
	d := projectiontest.Component("later", "")
	d.Entity.APIVersion, d.Entity.Kind = "callboard.dev/v1alpha1", "Exemption"
	d.Entity.Spec = map[string]any{
		"scorecard": "security", "entity": "payments", "rules": []any{"alerts"}, "reason": "The scanner is late", "status": status,
		"requestedBy": "saltmarsh", "until": "2026-08-15",
	}
	return d
}

func score(level, outcome string) event.ScoreChanged {
	return event.ScoreChanged{Card: card, After: &event.Score{Level: level}, Rules: []event.RuleChange{{Rule: "alerts", After: outcome, Message: "says " + outcome}}}
}

// quarter is what happens: payments is of tier 1 all along, stock for a few days, and till never.
func quarter(t *testing.T) []eventlog.Record {
	t.Helper()
	return projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: tier(1, "payments", "team-a")}, on(-20), projectiontest.By("saltmarsh", "a1")).
		Add(stock, event.EntityRegistered{Declaration: tier(2, "stock", "team-a")}, on(-10)).
		Add(till, event.EntityRegistered{Declaration: tier(2, "till", "team-a")}, on(-10)).
		Add(payments, score("Gold", "pass"), on(-5)).
		Add(stock, event.EntityChanged{Declaration: tier(1, "stock", "team-b")}, on(10)).
		Add(stock, event.EntityChanged{Declaration: tier(3, "stock", "team-b")}, on(12)).
		Add(payments, score("", "fail"), on(20), projectiontest.By("driftwood", "b2")).
		Add("", event.SourceGapFound{Source: "github", Gap: "g1", Kind: event.GapDelivery, Detail: "a delivery is missing", Since: day(21)}, on(22)).
		Add(later, event.EntityRegistered{Declaration: exemption("requested")}, on(24)).
		Add(later, event.EntityChanged{Declaration: exemption("granted")}, on(25)).
		Add(payments, score("Gold", "exempt"), on(25)).
		Add("", event.SourceGapClosed{Source: "github", Gap: "g1", Detail: "fetched"}, on(26)).
		Add(payments, event.EntityChanged{Declaration: tier(1, "payments", "")}, on(30), projectiontest.By("driftwood", "c3")).
		Add(payments, event.EntityChanged{Declaration: tier(1, "payments", "team-c")}, on(40)).
		Records()
}

type portal struct {
	evidence.Reporter
	all []projections.Projection
	log *[]eventlog.Record
}

// memory is a log.
type memory struct{ all *[]eventlog.Record }

func (m memory) At(_ context.Context, p eventlog.Position) (eventlog.Record, error) {
	return (*m.all)[p-1], nil
}

func (m memory) Read(_ context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for _, rec := range (*m.all)[after:] {
			if !yield(rec, nil) {
				return
			}
		}
	}
}

func newPortal(t *testing.T) *portal {
	t.Helper()
	rows, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	standing, err := scores.Open(t.Context(), filepath.Join(t.TempDir(), "scores.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { standing.Close() })
	present, past := entities.New(), history.New(rows)
	var log []eventlog.Record
	now := func() time.Time { return day(400) }
	when := moments.New(present, past, nil, func(context.Context, eventlog.Position) error { return nil }, now)
	return &portal{
		Reporter: evidence.Reporter{Ledger: ledger.New(past, when, catalog.BuiltIn(), now), Scores: standing, Log: memory{&log}, Kinds: catalog.BuiltIn()},
		all:      []projections.Projection{present, past, standing}, log: &log,
	}
}

func (p *portal) fold(t *testing.T, records []eventlog.Record) {
	t.Helper()
	*p.log = records
	for _, one := range p.all {
		if err := one.Apply(t.Context(), records); err != nil {
			t.Fatal(err)
		}
	}
}

var (
	from = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	to   = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
)

func asked(known eventlog.Position) evidence.Question {
	return evidence.Question{
		Filter: []string{"metadata.labels.tier=1"}, Where: entities.Equals{Key: "metadata.labels.tier", Values: []string{"1"}},
		From: from, To: to, Scorecard: card, Rule: "alerts", Known: known,
	}
}

func TestReport(t *testing.T) {
	p, records := newPortal(t), quarter(t)
	p.fold(t, records)
	report, err := p.Report(t.Context(), asked(14), day(80))
	if err != nil {
		t.Fatal(err)
	}
	if !report.Until.Equal(day(80)) {
		t.Errorf("it goes up to %s, where the record ends on day 80", report.Until)
	}
	if len(report.Entities) != 2 || report.Entities[0].Ref != payments || report.Entities[1].Ref != stock {
		t.Fatalf("%+v: want payments and stock, which was of tier 1 for two days", report.Entities)
	}
	one := report.Entities[0]
	type stretch struct {
		From, To time.Time
		Value    string
	}
	simple := func(all []evidence.Stretch) (out []stretch) {
		for _, s := range all {
			out = append(out, stretch{s.From, s.To, s.Value})
		}
		return out
	}
	for _, c := range []struct {
		what      string
		got, want []stretch
	}{
		{"in the catalog", simple(one.InCatalog), []stretch{{from, day(80), ""}}},
		{"owners", simple(one.Owners), []stretch{{from, day(30), "group:default/team-a"}, {day(30), day(40), ""}, {day(40), day(80), "group:default/team-c"}}},
		{"control", simple(one.Control), []stretch{{from, day(20), "pass"}, {day(20), day(25), "fail"}, {day(25), day(80), "exempt"}}},
	} {
		if d := cmp.Diff(c.want, c.got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, d)
		}
	}
	if by := one.Control[1].By; by.Position != 7 || by.Commit != "b2" || by.Actor.Login != "driftwood" || one.Control[1].Says != "says fail" {
		t.Errorf("the control failed by %+v", by)
	}
	if d := cmp.Diff([]evidence.Gap{{evidence.GapFailing, day(20), day(25)}, {evidence.GapUnowned, day(30), day(40)}}, one.Gaps); d != "" {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
	over := time.Date(2026, 8, 16, 0, 0, 0, 0, time.UTC)
	var exempt []stretch
	for _, x := range one.Exemptions {
		exempt = append(exempt, stretch{x.From, x.To, x.Value})
	}
	if d := cmp.Diff([]stretch{{day(24), day(25), "requested"}, {day(25), over, "granted"}, {over, day(80), "expired"}}, exempt); d != "" {
		t.Errorf("exemptions (-want +got):\n%s", d)
	}
	if x := one.Exemptions[1]; x.Ends != "2026-08-15" || x.Ref != later || x.Reason == "" {
		t.Errorf("the exemption: %+v", x)
	}
	if d := cmp.Diff([]evidence.Gap{{evidence.GapNoScore, from, day(80)}}, report.Entities[1].Gaps); d != "" {
		t.Errorf("gaps of what was never judged (-want +got):\n%s", d)
	}
	want := []evidence.Missed{{Source: "github", Kind: event.GapDelivery, Detail: "a delivery is missing", From: day(21), To: day(26), Found: 8}}
	if d := cmp.Diff(want, report.Missed, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("missed (-want +got):\n%s", d)
	}
	level := asked(14)
	level.Rule = ""
	if report, err = p.Report(t.Context(), level, day(80)); err != nil || len(report.Entities[0].Control) != 3 || report.Entities[0].Control[0].Value != "Gold" || report.Entities[0].Gaps[0].Kind != evidence.GapFailing {
		t.Errorf("asked for the level: %+v, %v", report.Entities, err)
	}
	for _, wrong := range []struct{ from, to time.Time }{{to, from}, {to, to.AddDate(1, 0, 0)}} {
		q := asked(14)
		q.From, q.To = wrong.from, wrong.to
		if _, err := p.Report(t.Context(), q, day(80)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("from %s to %s: %v", wrong.from, wrong.to, err)
		}
	}
}

// An entity is selected for as long as what it said counts, which is not when that was
// written.
func TestSelectedByWhatCounts(t *testing.T) {
	a, b := tier(2, "stock", "team-a"), tier(1, "stock", "team-c")
	a.Origin.Path, b.Origin.Path = "a.yaml", "b.yaml"
	recorded := func(n int) func(*eventlog.Record) {
		return func(r *eventlog.Record) { r.Recorded = day(n) }
	}
	found := func(r *eventlog.Record) { r.Extensions = map[string]string{event.Backfill: "true"} }
	for name, story := range map[string]*projectiontest.Story{
		"the branch was put back": projectiontest.NewStory(t).
			Add(stock, event.EntityRegistered{Declaration: tier(2, "stock", "team-a")}, on(-20)).
			Add(stock, event.EntityChanged{Declaration: tier(2, "stock", "team-b")}, on(5)).
			Add(stock, event.EntityChanged{Declaration: tier(1, "stock", "team-b")}, on(-3), recorded(6)).
			Add(stock, event.EntityChanged{Declaration: tier(3, "stock", "team-b")}, on(30)),
		"another file took over": projectiontest.NewStory(t).
			Add(stock, event.EntityRegistered{Declaration: a}, on(-20)).
			Add(stock, event.EntityRemoved{Ref: stock, Origin: a.Origin, Reason: "moved"}, on(20)).
			Add(stock, event.EntityRegistered{Declaration: b}, on(-15), recorded(20)). // in conflict until then
			Add(stock, event.EntityRemoved{Ref: stock, Origin: b.Origin, Reason: "gone"}, on(30)),
		"it was found in the past": projectiontest.NewStory(t).
			Add(stock, event.EntityRegistered{Declaration: tier(2, "stock", "team-a")}, on(40)).
			Add(stock, event.EntityRegistered{Declaration: tier(1, "stock", "team-a")}, on(10), recorded(41), found).
			Add(stock, event.EntityRemoved{Ref: stock, Origin: tier(1, "stock", "team-a").Origin, Reason: "gone"}, on(12), recorded(41), found),
	} {
		t.Run(name, func(t *testing.T) {
			p, records := newPortal(t), story.Records()
			p.fold(t, records)
			q := asked(eventlog.Position(len(records)))
			q.Scorecard, q.Rule = "", ""
			report, err := p.Report(t.Context(), q, day(80))
			if err != nil || len(report.Entities) != 1 || report.Entities[0].Ref != stock {
				t.Errorf("%+v, %v: it was of tier 1 for some days", report.Entities, err)
			}
		})
	}
}

// write makes the file of a report as of an event.
func write(t *testing.T, p *portal, known eventlog.Position, recorded time.Time, key proof.Key) []byte {
	t.Helper()
	report, err := p.Report(t.Context(), asked(known), recorded)
	if err != nil {
		t.Fatal(err)
	}
	note, err := key.Sign(uint64(known), proof.Hash(sha256.Sum256([]byte("root"))))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := evidence.Write(&file, report, proof.Seal{Note: note}, key); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// The same question has the same bytes for an answer, whatever comes to be known
// later, and whenever it is folded.
func TestRegenerates(t *testing.T) {
	records := quarter(t)
	secret, err := proof.NewKey("acme-callboard")
	if err != nil {
		t.Fatal(err)
	}
	key, err := proof.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	live := newPortal(t)
	var then [][]byte
	for n := range records {
		live.fold(t, records[:n+1])
		if n >= 4 {
			then = append(then, write(t, live, eventlog.Position(n+1), records[n].Recorded, key))
		}
	}
	late := newPortal(t)
	late.fold(t, records)
	for i, want := range then {
		known := eventlog.Position(i + 5)
		for name, p := range map[string]*portal{"live": live, "folded at once": late} {
			if d := cmp.Diff(string(want), string(write(t, p, known, records[known-1].Recorded, key))); d != "" {
				t.Errorf("%s, by what was known at %d (-then +now):\n%s", name, known, d)
			}
		}
	}
}

// What changed nothing of an exemption, or of a level, is not what it goes back to, also
// where that was before the period.
func TestReportCitesWhatMadeItSo(t *testing.T) {
	titled := exemption("granted")
	titled.Entity.Metadata.Title = "For a while"
	refused := event.EntityRejected{Ref: later, Origin: titled.Origin, Problems: []event.Problem{{Path: "spec.status", Line: 3, Message: "is misspelt"}}}
	other := score("Gold", "pass")
	other.Rules[0].Rule = "owner"
	p := newPortal(t)
	p.fold(t, projectiontest.NewStory(t).
		Add(card, event.EntityRegistered{Declaration: leveled()}, on(-60)).
		Add(payments, event.EntityRegistered{Declaration: tier(1, "payments", "team-a")}, on(-50)).
		Add(payments, score("Gold", "pass"), on(-40)).
		Add(later, event.EntityRegistered{Declaration: exemption("granted")}, on(-30)).
		Add(later, event.EntityChanged{Declaration: titled}, on(-20)).
		Add(later, refused, on(-10)).
		Add(payments, other, on(-5)).Records())
	q := asked(7)
	q.Rule = ""
	report, err := p.Report(t.Context(), q, day(80))
	if err != nil || len(report.Entities) != 1 {
		t.Fatal(report.Entities, err)
	}
	one := report.Entities[0]
	if len(one.Exemptions) != 2 || one.Exemptions[0].By.Position != 4 || !one.Exemptions[0].From.Equal(from) || one.Exemptions[1].Value != "expired" {
		t.Errorf("exemptions: %+v, want one by event 4, which granted it, until it is over", one.Exemptions)
	}
	if len(one.Control) != 1 || one.Control[0].By.Position != 3 || !one.Control[0].From.Equal(from) {
		t.Errorf("control: %+v, want one by event 3, which made it gold", one.Control)
	}
}

// leveled is a scorecard that has levels. Each rule is one that it has, with its level, and
// the day from which it counts.
func leveled(rules ...[3]string) event.Declaration {
	d := projectiontest.Component("security", "")
	d.Entity.APIVersion, d.Entity.Kind = "callboard.dev/v1alpha1", "Scorecard"
	all := []any{}
	for _, r := range rules {
		rule := map[string]any{"id": r[0], "level": r[1], "title": r[0], "expr": "docs.present"}
		if r[2] != "" {
			rule["from"] = r[2]
		}
		all = append(all, rule)
	}
	d.Entity.Spec = map[string]any{
		"owner": "platform", "levels": []any{map[string]any{"name": "Silver", "rank": 1}, map[string]any{"name": "Gold", "rank": 2}}, "rules": all,
	}
	return d
}

// Nothing is concluded from what is not known: an entity that stands at no level because
// nobody can tell fails nothing.
func TestGapsOfWhatIsNotKnown(t *testing.T) {
	came := func(level string, outcomes ...string) event.ScoreChanged {
		s := event.ScoreChanged{Card: card, After: &event.Score{Level: level}}
		for i, rule := range []string{"alerts", "docs", "soon"}[:len(outcomes)] {
			s.Rules = append(s.Rules, event.RuleChange{Rule: rule, After: outcomes[i]})
		}
		return s
	}
	p := newPortal(t)
	records := projectiontest.NewStory(t).
		Add(card, event.EntityRegistered{Declaration: leveled([3]string{"alerts", "Silver", ""}, [3]string{"docs", "Gold", ""}, [3]string{"soon", "Silver", "2026-08-31"})}, on(-30)).
		Add(payments, event.EntityRegistered{Declaration: tier(1, "payments", "team-a")}, on(-20)).
		Add(payments, came("", "unknown", "fail", "pass"), on(-5)).
		Add(payments, came("", "error"), on(10)).
		Add(payments, came("", "fail"), on(20)).
		Add(payments, came("Silver", "pass"), on(30)).
		Add(payments, came("", "unknown", "pass"), on(40)).
		// Another card has the other rule hang on the lowest level, which nothing else tells of.
		Add(payments, came("", "unknown", "fail", "fail"), on(45)).
		Add(card, event.EntityChanged{Declaration: leveled([3]string{"alerts", "Silver", ""}, [3]string{"docs", "Silver", ""}, [3]string{"soon", "Silver", "2026-08-31"})}, on(50)).
		Add(card, event.EntityChanged{Declaration: leveled([3]string{"alerts", "Silver", ""}, [3]string{"docs", "Gold", ""}, [3]string{"soon", "Silver", "2026-08-31"})}, on(55)).
		Records()
	p.fold(t, records)
	counts := time.Date(2026, 8, 31, 0, 0, 0, 0, time.UTC)
	for rule, want := range map[string][]evidence.Gap{
		"": {
			{Kind: evidence.GapUnknown, From: from, To: day(20)}, {Kind: evidence.GapFailing, From: day(20), To: day(30)},
			{Kind: evidence.GapUnknown, From: day(40), To: day(50)}, {Kind: evidence.GapFailing, From: day(50), To: day(55)},
			{Kind: evidence.GapUnknown, From: day(55), To: counts}, {Kind: evidence.GapFailing, From: counts, To: day(80)},
		},
		"alerts": {
			{Kind: evidence.GapUnknown, From: from, To: day(20)}, {Kind: evidence.GapFailing, From: day(20), To: day(30)},
			{Kind: evidence.GapUnknown, From: day(40), To: day(80)},
		},
	} {
		q := asked(eventlog.Position(len(records)))
		q.Rule = rule
		report, err := p.Report(t.Context(), q, day(80))
		if err != nil || len(report.Entities) != 1 {
			t.Fatal(report.Entities, err)
		}
		one := report.Entities[0]
		if d := cmp.Diff(want, one.Gaps); d != "" {
			t.Errorf("asked for the rule %q (-want +got):\n%s", rule, d)
		}
		for _, s := range one.Control { // each says of itself which gap it is
			in := slices.ContainsFunc(one.Gaps, func(g evidence.Gap) bool {
				return g.Kind == s.Gap && !s.From.Before(g.From) && !s.To.After(g.To)
			})
			if in != (s.Gap != "") {
				t.Errorf("asked for the rule %q: %+v is the gap %q, which is none of %+v", rule, s, s.Gap, one.Gaps)
			}
		}
	}
}

// An exemption is granted from its first day to its last.
func TestExemptionsEnd(t *testing.T) {
	spring := exemption("granted")
	spring.Entity.Spec["from"] = "2026-07-11"
	titled := exemption("granted")
	titled.Entity.Spec["from"], titled.Entity.Metadata.Title = "2026-07-11", "For a while"
	first, over := time.Date(2026, 7, 11, 0, 0, 0, 0, time.UTC), time.Date(2026, 8, 16, 0, 0, 0, 0, time.UTC)
	before := projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: tier(1, "payments", "team-a")}, on(-20)).
		Add(payments, score("Gold", "pass"), on(-5)).
		Add(later, event.EntityRegistered{Declaration: spring}, on(-3))
	p := newPortal(t)
	p.fold(t, before.Add(later, event.EntityChanged{Declaration: titled}, on(60)).Add(later, event.EntityChanged{Declaration: exemption("revoked")}, on(70)).Records())
	report, err := p.Report(t.Context(), asked(5), day(80))
	if err != nil || len(report.Entities) != 1 {
		t.Fatal(report.Entities, err)
	}
	var got []string
	for _, x := range report.Entities[0].Exemptions {
		got = append(got, fmt.Sprintf("%s %s %s %s %d", x.Value, x.From.Format(time.RFC3339), x.To.Format(time.RFC3339), x.Begins, x.By.Position))
	}
	want := []string{
		fmt.Sprintf("granted %s %s 2026-07-11 3", first.Format(time.RFC3339), over.Format(time.RFC3339)),
		fmt.Sprintf("expired %s %s 2026-07-11 3", over.Format(time.RFC3339), day(70).Format(time.RFC3339)),
		fmt.Sprintf("revoked %s %s  5", day(70).Format(time.RFC3339), day(80).Format(time.RFC3339)),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// sparing are scores that nobody asks for all of at once.
type sparing struct {
	*scores.Scores
	t *testing.T
}

func (s sparing) List(ctx context.Context, q scores.Query) ([]scores.Score, error) {
	if q.Entity == "" {
		s.t.Error("the scores of all entities are asked for at once")
	}
	return s.Scores.List(ctx, q)
}

// What is decoded at a time is of one entity, however long the record is.
func TestReportAsksForOneEntityAtATime(t *testing.T) {
	p, records := newPortal(t), quarter(t)
	p.fold(t, records)
	p.Scores = sparing{p.Scores.(*scores.Scores), t}
	if _, err := p.Report(t.Context(), asked(14), day(80)); err != nil {
		t.Fatal(err)
	}
	nothing, early, elsewhere := asked(14), asked(3), asked(14)
	nothing.Rule, early.To, elsewhere.Scorecard = "nothing", day(3), "scorecard:default/elsewhere"
	for name, q := range map[string]evidence.Question{"a rule that never was": nothing, "before anything was judged": early, "a card that never was": elsewhere} {
		if _, err := p.Report(t.Context(), q, day(80)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What somebody edits in what was folded does not come under a signature.
func TestReportOfWhatWasEdited(t *testing.T) {
	says := func(r *eventlog.Record, data event.Data) {
		e, err := event.New(r.Source, r.Subject, data)
		if err != nil {
			t.Fatal(err)
		}
		r.Data, r.Type = e.Data, e.Type
	}
	declare := func(d event.Declaration) func(*eventlog.Record) {
		return func(r *eventlog.Record) { says(r, event.EntityChanged{Declaration: d}) }
	}
	registered := func(d event.Declaration) func(*eventlog.Record) {
		return func(r *eventlog.Record) { says(r, event.EntityRegistered{Declaration: d}) }
	}
	titled := tier(1, "payments", "team-c")
	titled.Entity.Metadata.Title = "Another"
	longer := exemption("granted")
	longer.Entity.Spec["until"] = "2036-08-15"
	for name, c := range map[string]struct {
		position eventlog.Position
		edit     func(*eventlog.Record)
	}{
		"who owns it":                    {14, declare(tier(1, "payments", "team-z"))},
		"what it is called":              {14, declare(titled)},
		"who changed it":                 {14, func(r *eventlog.Record) { r.Actor.Login = "mallory" }},
		"by which commit":                {14, func(r *eventlog.Record) { r.Cause.Commit = "ffff" }},
		"when":                           {13, func(r *eventlog.Record) { r.Time = day(39) }},
		"whose it is":                    {14, func(r *eventlog.Record) { r.Subject = till }},
		"that nobody owned it":           {13, func(r *eventlog.Record) { says(r, event.ActivityPush{Ref: "refs/heads/main"}) }},
		"that it was removed":            {14, func(r *eventlog.Record) { says(r, event.EntityRemoved{Ref: payments, Origin: titled.Origin}) }},
		"that it was of tier 1":          {5, declare(tier(2, "stock", "team-b"))},
		"that it was so all along":       {1, registered(tier(2, "payments", "team-a"))},
		"that another one is":            {3, registered(tier(1, "till", "team-a"))},
		"until when it is exempt":        {10, declare(longer)},
		"that it is exempt":              {10, declare(exemption("denied"))},
		"who let it be":                  {10, func(r *eventlog.Record) { r.Actor.Login = "mallory" }},
		"how it stood":                   {7, func(r *eventlog.Record) { says(r, score("", "pass")) }},
		"at which level":                 {7, func(r *eventlog.Record) { says(r, score("Gold", "fail")) }},
		"by whose fault":                 {7, func(r *eventlog.Record) { r.Actor.Login = "saltmarsh" }},
		"that it failed":                 {7, func(r *eventlog.Record) { says(r, event.ActivityPush{Ref: "refs/heads/main"}) }},
		"when it was mended":             {11, func(r *eventlog.Record) { r.Time = day(21) }},
		"that what was never judged was": {14, func(r *eventlog.Record) { r.Subject = stock; says(r, score("Gold", "pass")) }},
	} {
		t.Run(name, func(t *testing.T) {
			p, records := newPortal(t), quarter(t)
			edited := slices.Clone(records)
			c.edit(&edited[c.position-1])
			p.fold(t, edited)
			*p.log = records
			report, err := p.Report(t.Context(), asked(14), day(80))
			if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "callboard rebuild") {
				t.Errorf("%v: it is reported all the same: %+v", err, report)
			}
		})
	}
}

// Of a scorecard without levels no level is asked for.
func TestReportOfPoints(t *testing.T) {
	p := newPortal(t)
	d := projectiontest.Component("security", "")
	d.Entity.APIVersion, d.Entity.Kind = "callboard.dev/v1alpha1", "Scorecard"
	d.Entity.Spec = map[string]any{"owner": "platform", "rules": []any{}}
	records := projectiontest.NewStory(t).
		Add(card, event.EntityRegistered{Declaration: d}, on(-30)).
		Add(payments, event.EntityRegistered{Declaration: tier(1, "payments", "team-a")}, on(-20)).
		Add(payments, score("", "pass"), on(-5)).Records()
	p.fold(t, records)
	q := asked(3)
	if report, err := p.Report(t.Context(), q, day(80)); err != nil || len(report.Entities) != 1 || len(report.Entities[0].Gaps) != 0 {
		t.Errorf("by its rule: %+v, %v", report.Entities, err)
	}
	q.Rule = ""
	if _, err := p.Report(t.Context(), q, day(80)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "no levels") {
		t.Errorf("by its level: %v", err)
	}
}

func TestVerify(t *testing.T) {
	secret, err := proof.NewKey("acme-callboard")
	if err != nil {
		t.Fatal(err)
	}
	key, err := proof.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	public, err := proof.ParsePublic(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	p, records := newPortal(t), quarter(t)
	p.fold(t, records)
	file := write(t, p, 14, day(80), key)
	if !evidence.Is(file) {
		t.Errorf("it is not known for what it is: %s", file[:40])
	}
	v, err := evidence.Verify(file, public)
	if err != nil || v.Entities != 2 || v.Known != 14 || v.Seal.Size != 14 || v.Scorecard != card {
		t.Errorf("%+v, %v", v, err)
	}
	for i := range file { // one bit anywhere
		changed := bytes.Clone(file)
		changed[i] ^= 1
		if _, err := evidence.Verify(changed, public); err == nil {
			t.Fatalf("a bit was changed at %d, in %q, and nothing is said", i, file[max(0, i-20):min(len(file), i+20)])
		}
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	for name, changed := range map[string][]byte{
		"nothing": nil, "a line left out": bytes.Join([][]byte{lines[0], lines[2], lines[3]}, nil),
		"cut off": file[:len(file)-len(lines[3])], "something after it": append(bytes.Clone(file), "{}\n"...),
	} {
		if _, err := evidence.Verify(changed, public); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
