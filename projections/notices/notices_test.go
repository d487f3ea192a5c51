package notices_test

import (
	"context"
	"encoding/json"
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
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/projections/projectiontest"
)

const (
	card = "scorecard:default/readiness"
	bank = "group:default/bank"
	shop = "group:default/shop"
	ops  = "group:default/ops"
)

// start is when stories begin; the grace is five minutes.
var start = time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)

func open(t testing.TB) *notices.Notices {
	t.Helper()
	n, err := notices.Open(t.Context(), filepath.Join(t.TempDir(), "notices.db"), 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// story is a list of records with a clock.
type story struct {
	t       interface{ Fatal(...any) }
	now     time.Time
	records []eventlog.Record
}

func (s *story) after(d time.Duration) *story { s.now = s.now.Add(d); return s }

func (s *story) add(subject string, typ event.Type, data any, change ...func(*eventlog.Record)) *story {
	b, err := json.Marshal(data)
	if err != nil {
		s.t.Fatal(err)
	}
	n := len(s.records) + 1
	rec := eventlog.Record{Position: eventlog.Position(n), Recorded: s.now, Event: event.Event{ID: fmt.Sprint(n), Type: typ, Source: "/sources/github", Subject: subject, Time: s.now, Data: b}}
	for _, c := range change {
		c(&rec)
	}
	s.records = append(s.records, rec)
	return s
}

// declare adds the card and components, each of a team.
func (s *story) declare(owned map[string]string) *story {
	s.ladder("Bronze", "Silver", "Gold")
	for _, name := range slices.Sorted(keys(owned)) {
		s.add("component:default/"+name, event.TypeEntityRegistered, event.EntityRegistered{Declaration: projectiontest.Component(name, owned[name])})
	}
	return s
}

// rule is one of a card, for a level.
func rule(id, title, level string) map[string]any {
	return map[string]any{"id": id, "title": title, "level": level, "expr": "true"}
}

// ladder has the card have these levels.
func (s *story) ladder(names ...string) *story {
	var levels []any
	for i, name := range names {
		levels = append(levels, map[string]any{"name": name, "rank": i + 1})
	}
	return s.add(card, event.TypeEntityRegistered, event.EntityRegistered{Declaration: event.Declaration{Entity: catalog.Entity{
		APIVersion: "callboard.dev/v1alpha1", Kind: "Scorecard", Metadata: catalog.Metadata{Name: "readiness", Title: "Readiness"}, Spec: map[string]any{"owner": "ops", "levels": levels, "rules": []any{rule("codeowners", "Has CODEOWNERS", names[0])}},
	}}})
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func score(level string) *event.Score { return &event.Score{Level: level} }

func (s *story) move(name, from, to string, change ...func(*eventlog.Record)) *story {
	d := event.ScoreChanged{Card: card, Title: "Readiness", Before: score(from), After: score(to), Rules: []event.RuleChange{
		{Rule: "codeowners", Title: "Has CODEOWNERS", Before: "pass", After: "fail", Message: "No CODEOWNERS file on main"},
	}}
	return s.add("component:default/"+name, event.TypeScoreChanged, d, change...)
}

func by(login, sha string) func(*eventlog.Record) { return projectiontest.By(login, sha) }

// at has an event tell of the past.
func at(t time.Time) func(*eventlog.Record) {
	return func(r *eventlog.Record) { r.Time = t }
}

func newStory(t interface{ Fatal(...any) }) *story { return &story{t: t, now: start} }

func folded(t testing.TB, s *story) *notices.Notices {
	t.Helper()
	n := open(t)
	if err := n.Apply(t.Context(), s.records); err != nil {
		t.Fatal(err)
	}
	return n
}

// headlines lists notices of a time in words, the oldest first.
func headlines(t testing.TB, n *notices.Notices, q notices.Query) []string {
	t.Helper()
	if q.Now.IsZero() {
		q.Now = start.AddDate(1, 0, 0)
	}
	all, err := n.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var says []string
	for _, one := range slices.Backward(all) {
		says = append(says, one.Time.Format("15:04 ")+notices.Text(one).Headline)
	}
	return says
}

// sent lists what is ripe at the end of a day, with when it was.
func sent(t testing.TB, n *notices.Notices) []string {
	t.Helper()
	all, err := n.Ripe(t.Context(), notices.Ripening{Until: start.AddDate(0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var says []string
	for _, one := range all {
		says = append(says, one.Ripe.Format("15:04 ")+notices.Text(one).Headline)
	}
	return says
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// What falls, of whom, and when it is sent.
func TestDrops(t *testing.T) {
	owned := map[string]string{"ledger": "bank", "payments": "bank", "refunds": "bank", "cart": "shop"}
	for _, c := range []struct {
		name string
		tell func(*story)
		want []string
	}{
		{"one", func(s *story) { s.move("payments", "Gold", "Silver") }, []string{"09:05 payments fell from Gold to Silver on Readiness"}},
		{"to nothing", func(s *story) { s.move("payments", "Bronze", "") }, []string{"09:05 payments fell from Bronze to no level on Readiness"}},
		{"a rise", func(s *story) { s.move("payments", "Silver", "Gold") }, nil},
		{"first judged", func(s *story) {
			s.add("component:default/payments", event.TypeScoreChanged, event.ScoreChanged{Card: card, After: score("")})
		}, nil},
		{"judged no more", func(s *story) {
			s.add("component:default/payments", event.TypeScoreChanged, event.ScoreChanged{Card: card, Before: score("Gold")})
		}, nil},
		{"of another ladder", func(s *story) { s.move("payments", "Platinum", "Silver") }, nil},
		{"of a kind of the same name", func(s *story) {
			s.add(card, event.TypeEntityChanged, event.EntityChanged{Declaration: event.Declaration{Entity: catalog.Entity{
				APIVersion: "acme.example/v1", Kind: "Scorecard", Metadata: catalog.Metadata{Name: "readiness"}, Spec: map[string]any{
					"levels": []any{map[string]any{"name": "Silver", "rank": 1}, map[string]any{"name": "Gold", "rank": 2}}, "rules": []any{rule("a", "A", "Gold")},
				},
			}}}).move("payments", "Gold", "Silver")
		}, nil},
		{"backfilled", func(s *story) {
			s.move("payments", "Gold", "Silver", func(r *eventlog.Record) { r.Extensions = map[string]string{event.Backfill: "true"} })
		}, nil},
		{"several of one team", func(s *story) {
			s.move("payments", "Gold", "Bronze").move("ledger", "Silver", "Bronze").after(2*time.Minute).move("refunds", "Gold", "Bronze")
		}, []string{"09:05 3 components fell to Bronze on Readiness"}},
		{"of two teams", func(s *story) { s.move("payments", "Gold", "Bronze").move("cart", "Gold", "Bronze") },
			[]string{"09:05 payments fell from Gold to Bronze on Readiness", "09:05 cart fell from Gold to Bronze on Readiness"}},
		{"within the hour", func(s *story) {
			s.move("payments", "Gold", "Bronze").after(10*time.Minute).move("ledger", "Gold", "Bronze").after(40*time.Minute).move("refunds", "Gold", "Silver")
		}, []string{"09:05 payments fell from Gold to Bronze on Readiness", "10:05 2 components fell on Readiness"}},
		{"hours apart", func(s *story) {
			s.move("payments", "Gold", "Bronze").after(3*time.Hour).move("ledger", "Gold", "Bronze")
		}, []string{"09:05 payments fell from Gold to Bronze on Readiness", "12:05 ledger fell from Gold to Bronze on Readiness"}},
		{"taken back", func(s *story) {
			s.move("payments", "Gold", "Bronze").after(4*time.Minute).move("payments", "Bronze", "Gold")
		}, nil},
		{"taken back in part", func(s *story) {
			s.move("payments", "Gold", "Bronze").move("ledger", "Gold", "Bronze").after(time.Minute).move("payments", "Bronze", "Gold").move("ledger", "Bronze", "Silver")
		}, []string{"09:05 ledger fell from Gold to Silver on Readiness"}},
		{"too late to take back", func(s *story) {
			s.move("payments", "Gold", "Bronze").after(6*time.Minute).move("payments", "Bronze", "Gold")
		},
			[]string{"09:05 payments fell from Gold to Bronze on Readiness"}},
		{"further", func(s *story) {
			s.move("payments", "Gold", "Silver").after(time.Minute).move("payments", "Silver", "Bronze")
		},
			[]string{"09:05 payments fell from Gold to Bronze on Readiness"}},
		{"removed meanwhile", func(s *story) {
			s.move("payments", "Gold", "Silver").add("component:default/payments", event.TypeScoreChanged, event.ScoreChanged{Card: card, Before: score("Silver")})
		}, nil},
		{"again after it was taken back", func(s *story) {
			s.move("payments", "Gold", "Silver").after(time.Minute).move("payments", "Silver", "Gold").after(time.Minute).move("payments", "Gold", "Bronze")
		}, []string{"09:07 payments fell from Gold to Bronze on Readiness"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t).declare(owned)
			c.tell(s)
			same(t, "sent", c.want, sent(t, folded(t, s)))
		})
	}
}

// An entity that falls again, when it is too late to take the first fall back, is one of its
// notice, as it fell last.
func TestFallsAgain(t *testing.T) {
	march := start.AddDate(0, -5, 0)
	ledger := "component:default/ledger Gold Bronze 09:00"
	for _, c := range []struct {
		name     string
		tell     func(*story)
		headline string
		want     []string
	}{
		{"lower", func(*story) {}, "2 components fell to Bronze on Readiness", []string{ledger, "component:default/payments Gold Bronze 09:12"}},
		{"lower, and taken back in part", func(s *story) { s.move("payments", "Bronze", "Silver", at(march.Add(13*time.Minute))) },
			"2 components fell on Readiness", []string{ledger, "component:default/payments Gold Silver 09:12"}},
		{"lower, and taken back", func(s *story) { s.move("payments", "Bronze", "Gold", at(march.Add(13*time.Minute))) },
			"2 components fell on Readiness", []string{ledger, "component:default/payments Gold Silver 09:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t).declare(map[string]string{"payments": "bank", "ledger": "bank"})
			s.move("payments", "Gold", "Silver", at(march)).move("ledger", "Gold", "Bronze", at(march))
			s.move("payments", "Silver", "Gold", at(march.Add(6*time.Minute))).move("payments", "Gold", "Bronze", at(march.Add(12*time.Minute)))
			c.tell(s)
			n := folded(t, s)
			same(t, "sent", []string{"09:05 " + c.headline}, sent(t, n))
			all, err := n.List(t.Context(), notices.Query{Now: s.now})
			if err != nil || len(all) != 1 {
				t.Fatalf("%d notices, %v", len(all), err)
			}
			var fell []string
			for _, f := range all[0].Falls {
				fell = append(fell, f.Entity+" "+f.From+" "+f.To+f.Time.Format(" 15:04"))
			}
			same(t, "falls", c.want, fell)
		})
	}
}

// What is told of months ago, one after the other, is no one thing.
func TestPast(t *testing.T) {
	s := newStory(t).declare(map[string]string{"payments": "bank", "ledger": "bank"})
	march, april := start.AddDate(0, -5, 0), start.AddDate(0, -4, 0)
	s.move("payments", "Gold", "Silver", at(march)).move("payments", "Silver", "Gold", at(april)).move("ledger", "Gold", "Bronze", at(april))
	want := []string{"09:00 payments fell from Gold to Silver on Readiness", "09:00 ledger fell from Gold to Bronze on Readiness"}
	same(t, "shown", want, headlines(t, folded(t, s), notices.Query{}))
}

// What was told of the past holds up nothing that happens now, whether it is sent yet or not.
func TestNowAfterPast(t *testing.T) {
	march := start.AddDate(0, -5, 0)
	for _, c := range []struct {
		name string
		wait time.Duration
		want []string
	}{
		{"before it is sent", time.Minute, []string{"09:05 payments fell from Gold to Bronze on Readiness", "09:06 ledger fell from Gold to Silver on Readiness"}},
		{"after it was sent", 20 * time.Minute, []string{"09:05 payments fell from Gold to Bronze on Readiness", "09:25 ledger fell from Gold to Silver on Readiness"}},
	} {
		s := newStory(t).declare(map[string]string{"payments": "bank", "ledger": "bank"})
		s.move("payments", "Gold", "Bronze", at(march)).after(c.wait).move("ledger", "Gold", "Silver").move("payments", "Bronze", "Silver")
		same(t, c.name, c.want, sent(t, folded(t, s)))
	}
}

// A drop says rule, commit and author; several causes each their own.
func TestWords(t *testing.T) {
	s := newStory(t).declare(map[string]string{"payments": "bank", "ledger": "bank"})
	s.move("payments", "Gold", "Silver", by("saltmarsh", "4f2a91c7")).move("ledger", "Gold", "Silver", by("pebbledash", "9c1185aa"))
	all, err := folded(t, s).List(t.Context(), notices.Query{Now: s.now})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d notices, %v", len(all), err)
	}
	marked := func(i int, ref string, position eventlog.Position) notices.Mark {
		f := all[0].Falls[i]
		return notices.Mark{Entity: ref, From: "Gold", To: "Silver", Says: "“Has CODEOWNERS” fails (No CODEOWNERS file on main)", Actor: f.Actor, Cause: f.Cause, Position: position}
	}
	same(t, "words", notices.Words{
		Headline: "2 components fell to Silver on Readiness", Href: "/scorecards/readiness",
		Lines: []notices.Line{
			{Name: "ledger", Href: "/catalog/default/component/ledger/scorecards", Text: "from Gold to Silver: “Has CODEOWNERS” fails (No CODEOWNERS file on main)",
				Who: "pebbledash", Commit: "9c1185aa", CommitURL: "https://git.acme.example/commit/9c1185aa", Mark: marked(0, "component:default/ledger", 5)},
			{Name: "payments", Href: "/catalog/default/component/payments/scorecards", Text: "from Gold to Silver: “Has CODEOWNERS” fails (No CODEOWNERS file on main)",
				Who: "saltmarsh", Commit: "4f2a91c7", CommitURL: "https://git.acme.example/commit/4f2a91c7", Mark: marked(1, "component:default/payments", 4)},
		},
	}, notices.Text(all[0]))
	same(t, "whom it concerns", []string{bank}, all[0].Owners)
	if all[0].Falls[1].Position != 4 {
		t.Errorf("it is due to event %d", all[0].Falls[1].Position)
	}
}

// No line is without words: who opened an initiative has some.
func TestWhoOpened(t *testing.T) {
	n := notices.Notice{Kind: notices.Opened, About: "initiative:default/silver", Card: card, Says: notices.Says{Title: "Silver by summer", CardTitle: "Readiness", Level: "Silver"}}
	if lines := notices.Text(n).Lines; len(lines) > 0 {
		t.Errorf("nobody opened it, and it says %+v", lines)
	}
	n.Actor = event.Actor{Name: "Salt Marsh"}
	same(t, "lines", []notices.Line{{Text: "Opened", Who: "Salt Marsh"}}, notices.Text(n).Lines)
}

// Exemptions and initiatives are told of at their days, until something becomes of them.
func TestGoals(t *testing.T) {
	exemption := map[string]any{"exemption": "exemption:default/old", "card": card, "entity": "component:default/payments", "rules": []string{"codeowners"}, "reason": "It is replaced", "until": "2026-03-30"}
	initiative := map[string]any{"initiative": "initiative:default/silver", "title": "Silver by summer", "card": card, "owner": "group:default/ops", "level": "Silver", "target": "2026-06-30"}
	ofExemption := func(s *story, typ event.Type) *story { return s.add("exemption:default/old", typ, exemption) }
	of := func(s *story, typ event.Type, fields ...any) *story {
		is := maps.Clone(initiative)
		for i := 0; i < len(fields); i += 2 {
			is[fields[i].(string)] = fields[i+1]
		}
		return s.add("initiative:default/silver", typ, is)
	}
	asks := func(s *story, fields ...any) *story {
		return of(s, "initiative.asked.v1", append([]any{"owners", []string{bank}}, fields...)...)
	}
	opened := func(s *story, fields ...any) *story { return asks(of(s, "initiative.opened.v1", fields...), fields...) }
	changed := func(s *story, fields ...any) *story {
		return asks(of(s, "initiative.changed.v1", fields...), fields...)
	}
	const began = "A new initiative asks for Silver on Readiness by 30 June 2026: Silver by summer"
	until := func(days, goal string) string {
		return days + " until the initiative “Silver by summer” ends: " + goal
	}
	for _, c := range []struct {
		name string
		tell func(*story)
		q    notices.Query
		want []string
	}{
		{"asked for", func(s *story) { ofExemption(s, "exemption.requested.v1") }, notices.Query{Owners: []string{ops}},
			[]string{"09:00 An exemption of payments from “Has CODEOWNERS” of Readiness waits for a decision"}},
		{"asked for and denied", func(s *story) { ofExemption(ofExemption(s, "exemption.requested.v1"), "exemption.denied.v1") }, notices.Query{Owners: []string{bank}},
			[]string{"09:00 The exemption of payments from “Has CODEOWNERS” of Readiness was denied"}},
		{"granted", func(s *story) { ofExemption(ofExemption(s, "exemption.requested.v1"), "exemption.granted.v1") }, notices.Query{Owners: []string{bank}},
			[]string{"09:00 The exemption of payments from “Has CODEOWNERS” of Readiness was granted until 30 March 2026", "08:00 The exemption of payments from “Has CODEOWNERS” of Readiness ends in 7 days, after 30 March 2026", "08:00 The exemption of payments from “Has CODEOWNERS” of Readiness ends in 1 day, after 30 March 2026"}},
		{"granted, and nobody asked for it", func(s *story) { ofExemption(s, "exemption.granted.v1") }, notices.Query{Now: start}, nil},
		{"granted, not yet near", func(s *story) { ofExemption(s, "exemption.granted.v1") }, notices.Query{Now: start.AddDate(0, 0, 3)}, nil},
		{"revoked", func(s *story) { ofExemption(ofExemption(s, "exemption.granted.v1"), "exemption.revoked.v1") }, notices.Query{}, nil},
		{"expired", func(s *story) {
			ofExemption(ofExemption(s, "exemption.granted.v1").after(19*24*time.Hour), "exemption.expired.v1")
		}, notices.Query{}, []string{"09:00 The exemption of payments from “Has CODEOWNERS” of Readiness has ended"}},
		{"opened", func(s *story) { opened(s) }, notices.Query{Owners: []string{bank}}, []string{"09:00 " + began}},
		{"not of whom it does not ask", func(s *story) { opened(s) }, notices.Query{Owners: []string{shop}}, nil},
		{"of its owner", func(s *story) { opened(s, "owner", shop) }, notices.Query{Owners: []string{shop}}, []string{"09:00 " + began}},
		{"of the owner of the card", func(s *story) { opened(s, "owner", "") }, notices.Query{Owners: []string{ops}}, []string{"09:00 " + began}},
		{"opened, and asks nobody yet", func(s *story) { of(s, "initiative.opened.v1") }, notices.Query{}, nil},
		{"reminded", func(s *story) { asks(opened(s).after(23*time.Hour), "days", 7) }, notices.Query{Owners: []string{bank}},
			[]string{"09:00 " + began, "08:00 " + until("7 days", "Silver on Readiness by 30 June 2026")}},
		{"reminded until its last day", func(s *story) {
			asks(asks(opened(s).after(23*time.Hour), "days", 1, "reminds", true).after(24*time.Hour), "reminds", true)
		}, notices.Query{Owners: []string{bank}}, []string{
			"09:00 " + began, "08:00 " + until("1 day", "Silver on Readiness by 30 June 2026"), "08:00 The last day of the initiative “Silver by summer” has come: Silver on Readiness by 30 June 2026",
		}},
		{"asked on its last day, by an event that does not tell a reminder", func(s *story) { asks(opened(s).after(47 * time.Hour)) }, notices.Query{Owners: []string{bank}}, []string{"09:00 " + began}},
		{"reminded of what is past", func(s *story) {
			opened(s).after(72*time.Hour).add("initiative:default/silver", "initiative.asked.v1", map[string]any{"initiative": "initiative:default/silver", "card": card, "days": 7}, at(start))
		}, notices.Query{}, []string{"09:00 " + began}},
		{"closed", func(s *story) { of(asks(opened(s), "days", 7), "initiative.closed.v1") }, notices.Query{}, nil},
		{"another target", func(s *story) {
			changed(asks(opened(s).after(time.Minute), "days", 7).after(time.Hour), "target", "2026-07-31")
		}, notices.Query{Owners: []string{bank}}, []string{"10:01 The initiative “Silver by summer” has changed: Silver on Readiness by 31 July 2026"}},
		{"another target before anybody was told", func(s *story) {
			changed(opened(s).after(time.Minute), "target", "2026-07-31")
		}, notices.Query{}, []string{"09:01 A new initiative asks for Silver on Readiness by 31 July 2026: Silver by summer"}},
		{"the same to whom it asks", func(s *story) { changed(opened(s).after(time.Hour)) }, notices.Query{}, []string{"09:00 " + began}},
		{"of others before anybody was told", func(s *story) { changed(opened(s).after(time.Minute), "owners", []string{shop}) }, notices.Query{Owners: []string{bank, shop}}, []string{"09:01 " + began}},
		{"before its start", func(s *story) { of(s, "initiative.opened.v1", "start", "2026-03-20") }, notices.Query{}, nil},
		{"put off before anybody was told", func(s *story) { of(opened(s).after(time.Minute), "initiative.changed.v1", "start", "2026-03-20") }, notices.Query{}, nil},
		{"at its start", func(s *story) {
			asks(of(s, "initiative.opened.v1", "start", "2026-03-20").after(8*24*time.Hour-time.Hour), "start", "2026-03-20")
		},
			notices.Query{}, []string{"08:00 " + began}},
		{"a level that there is not", func(s *story) { of(s, "initiative.opened.v1", "level", "Platinum") }, notices.Query{}, nil},
		{"a level that comes later", func(s *story) {
			asks(of(s, "initiative.opened.v1", "level", "Platinum").after(time.Hour).ladder("Bronze", "Silver", "Platinum"), "level", "Platinum", "mended", true)
		}, notices.Query{Owners: []string{bank}}, []string{"10:00 A new initiative asks for Platinum on Readiness by 30 June 2026: Silver by summer"}},
		{"a level that is mended in the initiative", func(s *story) {
			changed(of(s, "initiative.opened.v1", "level", "Platinum").after(time.Hour))
		}, notices.Query{}, []string{"10:00 " + began}},
		{"a level that goes", func(s *story) { asks(opened(s), "days", 7).after(time.Hour).ladder("Bronze", "Gold") }, notices.Query{}, []string{"09:00 " + began}},
		{"a level that goes before anybody is told", func(s *story) { opened(s).after(time.Minute).ladder("Bronze", "Gold") }, notices.Query{}, nil},
		{"a rule that goes before anybody is told", func(s *story) {
			opened(s, "level", "", "rules", []string{"codeowners"}).after(time.Minute).add(card, event.TypeEntityRemoved, event.EntityRemoved{Ref: card})
		}, notices.Query{}, nil},
		{"a card that goes", func(s *story) {
			opened(s).after(time.Hour).add(card, event.TypeEntityRemoved, event.EntityRemoved{Ref: card})
		}, notices.Query{}, []string{"09:00 " + began}},
		{"a target centuries away", func(s *story) { opened(s, "target", "2999-12-31") },
			notices.Query{}, []string{"09:00 A new initiative asks for Silver on Readiness by 31 December 2999: Silver by summer"}},
		{"an exemption that ends centuries away", func(s *story) {
			s.add("exemption:default/old", "exemption.granted.v1", map[string]any{"exemption": "exemption:default/old", "card": card, "entity": "component:default/payments", "reason": "x", "until": "9999-12-31"})
		}, notices.Query{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t).declare(map[string]string{"payments": "bank", "cart": "shop"})
			c.tell(s)
			same(t, "shown", c.want, headlines(t, folded(t, s), c.q))
		})
	}
}

// An initiative that begins later than it was opened says who opened it.
func TestWhoOpenedBefore(t *testing.T) {
	is := map[string]any{"initiative": "initiative:default/silver", "title": "Up", "card": card, "level": "Silver", "start": "2026-03-20"}
	s := newStory(t).declare(nil).add("initiative:default/silver", "initiative.opened.v1", is, by("saltmarsh", "4f2a91c7"))
	s.after(8*24*time.Hour-time.Hour).add("initiative:default/silver", "initiative.asked.v1", is, func(r *eventlog.Record) { r.Cause.Schedule = "scorecards" })
	all, err := folded(t, s).List(t.Context(), notices.Query{Now: s.now})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d notices, %v", len(all), err)
	}
	same(t, "lines", []notices.Line{{Text: "Opened", Who: "saltmarsh", Commit: "4f2a91c7", CommitURL: "https://git.acme.example/commit/4f2a91c7"}}, notices.Text(all[0]).Lines)
}

// What changed of an initiative is said, as against what people were told before.
func TestWhatChangedOfAGoal(t *testing.T) {
	told := map[string]any{"initiative": "initiative:default/silver", "title": "Up", "card": card, "level": "Silver", "target": "2026-06-30"}
	for _, c := range []struct {
		change map[string]any
		want   string
	}{
		{map[string]any{"level": "Gold", "target": "2026-07-31"}, "Asks for: Silver → Gold; Last day: 30 June 2026 → 31 July 2026"},
		{map[string]any{"title": "Up!", "start": "2026-03-01"}, "Title: Up → Up!; Start: at once → 1 March 2026"},
		{map[string]any{"level": "", "rules": []string{"codeowners"}}, "Asks for: Silver on Readiness → “Has CODEOWNERS” of Readiness"},
	} {
		s := newStory(t).declare(map[string]string{"payments": "bank"}).add("initiative:default/silver", "initiative.asked.v1", told)
		first := maps.Clone(told)
		first["title"] = "What nobody is told"
		changed := maps.Clone(told)
		maps.Copy(changed, c.change)
		s.after(time.Hour).add("initiative:default/silver", "initiative.asked.v1", first)
		s.after(time.Minute).add("initiative:default/silver", "initiative.asked.v1", changed, by("saltmarsh", "4f2a91c7"))
		all, err := folded(t, s).List(t.Context(), notices.Query{Now: s.now})
		if err != nil || len(all) != 1 {
			t.Fatalf("%d notices, %v", len(all), err)
		}
		same(t, "lines", []notices.Line{{Text: c.want, Who: "saltmarsh", Commit: "4f2a91c7", CommitURL: "https://git.acme.example/commit/4f2a91c7"}}, notices.Text(all[0]).Lines)
	}
}

// At a moment there is what was known of it.
func TestMoments(t *testing.T) {
	s := newStory(t).declare(map[string]string{"payments": "bank"})
	s.move("payments", "Gold", "Silver").after(time.Minute).move("payments", "Silver", "Gold").after(time.Hour).move("payments", "Gold", "Bronze")
	n := folded(t, s)
	same(t, "on record at event 3", []string{"09:00 payments fell from Gold to Silver on Readiness"}, headlines(t, n, notices.Query{Moment: projections.Moment{Known: 3}}))
	same(t, "on record at event 4", []string(nil), headlines(t, n, notices.Query{Moment: projections.Moment{Known: 4}}))
	same(t, "at ten", []string(nil), headlines(t, n, notices.Query{Moment: projections.Moment{At: start.Add(time.Hour)}}))
	same(t, "now", []string{"10:01 payments fell from Gold to Bronze on Readiness"}, headlines(t, n, notices.Query{}))
}

// As of a moment within the grace there is what was so then, though it was taken back, or
// became something else, before anybody was sent it.
func TestMomentsWithinTheGrace(t *testing.T) {
	s := newStory(t).declare(map[string]string{"payments": "bank", "ledger": "bank"})
	s.move("payments", "Gold", "Bronze").after(time.Minute).move("payments", "Bronze", "Silver").after(time.Minute).move("payments", "Silver", "Gold")
	s.after(time.Hour).move("ledger", "Gold", "Silver").after(time.Minute).move("ledger", "Silver", "Bronze")
	n := folded(t, s)
	for _, c := range []struct {
		after time.Duration
		want  []string
	}{
		{-time.Second, nil},
		{30 * time.Second, []string{"09:00 payments fell from Gold to Bronze on Readiness"}},
		{90 * time.Second, []string{"09:00 payments fell from Gold to Silver on Readiness"}},
		{150 * time.Second, nil},
		{62*time.Minute + 30*time.Second, []string{"10:02 ledger fell from Gold to Silver on Readiness"}},
		{63*time.Minute + 30*time.Second, []string{"10:02 ledger fell from Gold to Bronze on Readiness"}},
	} {
		q := notices.Query{Moment: projections.Moment{At: start.Add(c.after)}}
		same(t, c.after.String(), c.want, headlines(t, n, q))
		q.Now = start.AddDate(1, 0, 0)
		if count, err := n.Count(t.Context(), q); err != nil || count != len(c.want) {
			t.Errorf("%s: counted %d, %v", c.after, count, err)
		}
	}
}

// A fall in steps is due to all that fails by then, with who led to what before the last step; one
// that is taken back in part to what still fails.
func TestReasonsOfSteps(t *testing.T) {
	fails := func(rule string) event.RuleChange {
		return event.RuleChange{Rule: rule, Title: strings.ToUpper(rule), Before: "pass", After: "fail", Message: "no " + rule}
	}
	passes := func(rule string) event.RuleChange {
		return event.RuleChange{Rule: rule, Title: strings.ToUpper(rule), Before: "fail", After: "pass"}
	}
	type step struct {
		by, sha, to string
		rules       []event.RuleChange
	}
	first, second := step{"mossbank", "aaaaaaaaaaaa", "Silver", []event.RuleChange{fails("a")}}, step{"saltmarsh", "bbbbbbbbbbbb", "Bronze", []event.RuleChange{fails("b")}}
	for _, c := range []struct {
		name     string
		steps    []step
		says, by string
	}{
		{"two", []step{first, second}, "“A” fails (no a) since before by mossbank in aaaaaaaa; “B” fails (no b)", "saltmarsh"},
		{"of the same commit", []step{first, {first.by, first.sha, "Bronze", second.rules}}, "“A” fails (no a); “B” fails (no b)", "mossbank"},
		{"the first is mended", []step{first, second, {"kestrel", "cccccccccccc", "Silver", []event.RuleChange{passes("a")}}}, "“B” fails (no b)", "saltmarsh"},
		{"the second is mended", []step{first, second, {"kestrel", "cccccccccccc", "Silver", []event.RuleChange{passes("b")}}}, "“A” fails (no a)", "mossbank"},
		{"one of two at once", []step{{"mossbank", "aaaaaaaaaaaa", "Bronze", []event.RuleChange{fails("a"), fails("b")}}, {"kestrel", "cccccccccccc", "Silver", []event.RuleChange{passes("b")}}}, "“A” fails (no a)", "mossbank"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t).declare(map[string]string{"payments": "bank"})
			was := "Gold"
			for _, step := range c.steps {
				d := event.ScoreChanged{Card: card, Title: "Readiness", Before: score(was), After: score(step.to), Rules: step.rules}
				s.add("component:default/payments", event.TypeScoreChanged, d, by(step.by, step.sha)).after(time.Minute)
				was = step.to
			}
			all, err := folded(t, s).List(t.Context(), notices.Query{Now: s.now})
			if err != nil || len(all) != 1 || len(all[0].Falls) != 1 {
				t.Fatalf("%+v, %v", all, err)
			}
			is := all[0].Falls[0]
			same(t, "said", c.says, is.Said())
			same(t, "by", c.by, is.Actor.String())
			same(t, "levels", "Gold "+was, is.From+" "+is.To)
		})
	}
}

// A fall is due to what counts and fails, be it since now or because its day has come.
func TestReasons(t *testing.T) {
	change := func(rule, before, after, message string) event.RuleChange {
		return event.RuleChange{Rule: rule, Title: strings.ToUpper(rule), Before: before, After: after, Message: message}
	}
	for _, c := range []struct {
		name  string
		first []event.RuleChange // when it was judged first, on 12 March
		then  []event.RuleChange // when it fell
		days  int                // later
		card  func(*story)       // before it fell
		want  string
	}{
		{"one fails", nil, []event.RuleChange{change("a", "pass", "fail", "no a")}, 0, nil, "“A” fails (no a)"},
		{"what is not known, and what went wrong", nil, []event.RuleChange{
			change("a", "pass", "fail", "no a"), change("b", "pass", "unknown", "not known: repo.files"), change("c", "pass", "error", "no such key"),
		}, 0, nil, "“A” fails (no a)"},
		{"not known before", []event.RuleChange{change("a", "", "unknown", "not known: repo.files")}, []event.RuleChange{change("a", "unknown", "fail", "no a")}, 0, nil, "“A” fails (no a)"},
		{"a new rule", nil, []event.RuleChange{change("a", "", "fail", "no a")}, 0, nil, "“A” counts now (no a)"},
		{"a new rule whose day is to come", nil, []event.RuleChange{change("a", "pass", "fail", "no a"), change("later", "", "fail", "no later")}, 0, nil, "“A” fails (no a)"},
		{"a new rule whose day has come", nil, []event.RuleChange{change("later", "", "fail", "no later")}, 3, nil, "“LATER” counts now (no later)"},
		{"its day comes", []event.RuleChange{change("later", "", "fail", "no later"), change("a", "", "fail", "no a")}, nil, 2, nil, "“LATER” counts now (no later)"},
		{"its day comes, and another fails", []event.RuleChange{change("later", "", "fail", "no later")}, []event.RuleChange{change("a", "pass", "fail", "no a")}, 2, nil, "“A” fails (no a); “LATER” counts now (no later)"},
		{"it failed before its day", []event.RuleChange{change("later", "", "unknown", "not known")}, []event.RuleChange{change("later", "unknown", "fail", "no later")}, 2, nil, "“LATER” counts now (no later)"},
		{"its day comes, and it is not known", []event.RuleChange{change("later", "", "unknown", "not known")}, []event.RuleChange{change("a", "pass", "fail", "no a")}, 2, nil, "“A” fails (no a)"},
		{"its day came before", []event.RuleChange{change("soon", "", "fail", "no soon")}, []event.RuleChange{change("a", "pass", "fail", "no a")}, 2, nil, "“A” fails (no a)"},
		{"the card has it count at once", []event.RuleChange{change("later", "", "fail", "no later")}, nil, 0, func(s *story) { declareFrom(s, "") }, "“LATER” counts now (no later)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t).declare(map[string]string{"payments": "bank"})
			declareFrom(s, "2026-03-14")
			s.add("component:default/payments", event.TypeScoreChanged, event.ScoreChanged{Card: card, After: score("Gold"), Rules: c.first})
			s.after(time.Duration(c.days) * 24 * time.Hour)
			if c.card != nil {
				c.card(s)
			}
			s.add("component:default/payments", event.TypeScoreChanged, event.ScoreChanged{Card: card, Before: score("Gold"), After: score("Silver"), Rules: c.then})
			all, err := folded(t, s).List(t.Context(), notices.Query{Now: s.now})
			if err != nil || len(all) != 1 {
				t.Fatalf("%+v, %v", all, err)
			}
			same(t, "said", c.want, all[0].Falls[0].Said())
		})
	}
}

// A drop due to the end of an exemption says so, besides what fails: nobody broke the rule.
func TestReasonsOfAnEndedExemption(t *testing.T) {
	const payments = "component:default/payments"
	moss := func(r *eventlog.Record) { r.Actor = event.Actor{Name: "Moss Bank"} }
	turn := func(s *story, name string, typ event.Type, e event.Exemption) *story {
		if e.Ref = "exemption:default/" + name; e.Card == "" {
			e.Card = card
		}
		if e.Entity == "" {
			e.Entity = payments
		}
		return s.add(e.Ref, typ, e, moss)
	}
	const granted, revoked, expired = event.TypeExemptionGranted, event.TypeExemptionRevoked, event.TypeExemptionExpired
	until := event.Exemption{Rules: []string{"codeowners"}, Until: "2026-03-30"}
	docs := event.Exemption{Rules: []string{"docs"}}
	decided := until
	decided.DecidedBy = "user:default/kestrel"
	for _, c := range []struct {
		name  string
		tell  func(*story)
		rules []string // that were exempt, and fail now
		want  string
	}{
		{"revoked", func(s *story) { turn(turn(s, "a", granted, until), "a", revoked, decided) }, []string{"codeowners"},
			"“CODEOWNERS” fails (no codeowners); its exemption until 30 March 2026 was revoked by kestrel"},
		{"taken away, without an end", func(s *story) {
			turn(turn(s, "a", granted, event.Exemption{}), "a", revoked, event.Exemption{})
		}, []string{"codeowners"}, "“CODEOWNERS” fails (no codeowners); its exemption was revoked by Moss Bank"},
		{"over", func(s *story) { turn(turn(s, "a", granted, until), "a", expired, until) }, []string{"codeowners"},
			"“CODEOWNERS” fails (no codeowners); its exemption ended after 30 March 2026"},
		{"changed to another rule", func(s *story) {
			turn(turn(s, "a", granted, until), "a", granted, event.Exemption{Rules: []string{"docs"}})
		}, []string{"codeowners"}, "“CODEOWNERS” fails (no codeowners); its exemption holds no more"},
		{"revoked, from all rules", func(s *story) { turn(turn(s, "a", granted, event.Exemption{}), "a", revoked, event.Exemption{}) }, []string{"codeowners", "docs"},
			"“CODEOWNERS” fails (no codeowners); “DOCS” fails (no docs); the exemption from “CODEOWNERS”, “DOCS” was revoked by Moss Bank"},
		{"the last of several", func(s *story) {
			turn(turn(turn(s, "a", granted, until), "a", revoked, until), "z", granted, until)
			turn(turn(turn(s, "b", granted, until), "b", granted, docs), "z", expired, until)
		}, []string{"codeowners"}, "“CODEOWNERS” fails (no codeowners); its exemption ended after 30 March 2026"},
		{"changed to another rule, long after another one ended", func(s *story) {
			turn(turn(turn(s, "z", granted, until), "b", granted, event.Exemption{}), "z", expired, until)
			turn(s.after(60*24*time.Hour), "b", granted, docs)
		}, []string{"codeowners"}, "“CODEOWNERS” fails (no codeowners); its exemption holds no more"},
		{"given to another entity, long after another one ended", func(s *story) {
			turn(turn(turn(s, "z", granted, until), "b", granted, event.Exemption{}), "z", expired, until)
			turn(s.after(60*24*time.Hour), "b", granted, event.Exemption{Entity: "component:default/cart"})
		}, []string{"codeowners"}, "“CODEOWNERS” fails (no codeowners); its exemption holds no more"},
		{"asked for anew, long after another one ended", func(s *story) {
			turn(turn(turn(s, "z", granted, until), "b", granted, event.Exemption{}), "z", expired, until)
			turn(s.after(60*24*time.Hour), "b", event.TypeExemptionRequested, event.Exemption{})
		}, []string{"codeowners"}, "“CODEOWNERS” fails (no codeowners); its exemption holds no more"},
		{"revoked, and granted for another rule", func(s *story) {
			turn(turn(turn(s, "a", granted, until), "a", revoked, decided), "a", granted, docs)
		}, []string{"codeowners"}, "“CODEOWNERS” fails (no codeowners); its exemption until 30 March 2026 was revoked by kestrel"},
		{"over, and revoked afterwards", func(s *story) { turn(turn(turn(s, "a", granted, until), "a", expired, until), "a", revoked, decided) }, []string{"codeowners"},
			"“CODEOWNERS” fails (no codeowners); its exemption ended after 30 March 2026"},
		{"over, and one that has not begun is revoked", func(s *story) {
			later := event.Exemption{From: "2026-05-01", Until: "2026-06-30"}
			turn(turn(turn(s, "a", granted, until), "b", granted, later), "a", expired, until)
			turn(s, "b", revoked, later)
		}, []string{"codeowners"}, "“CODEOWNERS” fails (no codeowners); its exemption ended after 30 March 2026"},
		{"of others", func(s *story) {
			for name, e := range map[string]event.Exemption{"a": {Card: "scorecard:default/other"}, "b": {Entity: "component:default/cart"}, "c": {Rules: []string{"docs"}}} {
				turn(turn(s, name, granted, e), name, revoked, e)
			}
			turn(s, "d", revoked, until) // it was asked for only
		}, []string{"codeowners"}, "“CODEOWNERS” fails (no codeowners); its exemption holds no more"},
		{"none", func(s *story) { turn(turn(s, "a", granted, until), "a", revoked, until) }, []string{"kept"}, "“KEPT” fails (no kept)"},
		{"and one that was kept", func(s *story) { turn(turn(s, "a", granted, until), "a", revoked, until) }, []string{"codeowners", "kept"},
			"“CODEOWNERS” fails (no codeowners); “KEPT” fails (no kept); the exemption from “CODEOWNERS” until 30 March 2026 was revoked by Moss Bank"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t).declare(map[string]string{"payments": "bank"})
			c.tell(s)
			d := event.ScoreChanged{Card: card, Before: score("Gold"), After: score("Silver")}
			for _, id := range c.rules {
				before := "exempt"
				if id == "kept" {
					before = "pass"
				}
				d.Rules = append(d.Rules, event.RuleChange{Rule: id, Title: strings.ToUpper(id), Before: before, After: "fail", Message: "no " + id})
			}
			s.add(payments, event.TypeScoreChanged, d)
			all, err := folded(t, s).List(t.Context(), notices.Query{Now: s.now, Kinds: []string{notices.Drop}})
			if err != nil || len(all) != 1 {
				t.Fatalf("%+v, %v", all, err)
			}
			same(t, "said", c.want, all[0].Falls[0].Said())
		})
	}
}

// Who revoked an exemption is said once in what is sent of the drop that is due to it.
func TestWhoRevoked(t *testing.T) {
	const payments, ref = "component:default/payments", "exemption:default/old"
	until := event.Exemption{Ref: ref, Card: card, Entity: payments, Rules: []string{"codeowners"}, Until: "2026-12-20"}
	const ended = "“CODEOWNERS” fails (no codeowners); its exemption until 20 December 2026 was revoked by "
	for _, c := range []struct {
		name      string
		decidedBy string
		who       func(*eventlog.Record) // of the drop
		and       []event.RuleChange
		want      notices.Line
	}{
		{"by its actor", "", func(r *eventlog.Record) { r.Actor = event.Actor{Name: "Moss Bank"} }, nil, notices.Line{Text: ended + "Moss Bank"}},
		{"by a user", "user:default/kestrel", func(r *eventlog.Record) { r.Actor = event.Actor{Name: "Moss Bank"} }, nil, notices.Line{Text: ended + "kestrel"}},
		{"in a commit", "user:default/saltmarsh", by("saltmarsh", "4f2a91c7"), nil,
			notices.Line{Text: ended + "saltmarsh", Commit: "4f2a91c7", CommitURL: "https://git.acme.example/commit/4f2a91c7"}},
		{"and somebody else broke another rule", "user:default/kestrel", by("saltmarsh", "4f2a91c7"), []event.RuleChange{{Rule: "docs", Title: "DOCS", Before: "pass", After: "fail"}},
			notices.Line{Text: "“CODEOWNERS” fails (no codeowners); “DOCS” fails; the exemption from “CODEOWNERS” until 20 December 2026 was revoked by kestrel",
				Who: "saltmarsh", Commit: "4f2a91c7", CommitURL: "https://git.acme.example/commit/4f2a91c7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t).declare(map[string]string{"payments": "bank"}).add(ref, event.TypeExemptionGranted, until)
			revoked := until
			revoked.DecidedBy = c.decidedBy
			s.add(ref, event.TypeExemptionRevoked, revoked, c.who)
			s.add(payments, event.TypeScoreChanged, event.ScoreChanged{Card: card, Before: score("Gold"), After: score("Silver"), Rules: append([]event.RuleChange{
				{Rule: "codeowners", Title: "CODEOWNERS", Before: "exempt", After: "fail", Message: "no codeowners"},
			}, c.and...)}, c.who)
			all, err := folded(t, s).Ripe(t.Context(), notices.Ripening{Until: start.AddDate(0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(all, func(n notices.Notice) bool { return n.Kind == notices.Drop })
			if at < 0 {
				t.Fatalf("no drop among %+v", all)
			}
			lines := notices.Text(all[at]).Lines
			for i := range lines {
				lines[i].Mark = notices.Mark{}
			}
			same(t, "lines", []notices.Line{c.want}, lines)
		})
	}
}

// declareFrom has the card say from when on its rule "later" counts; "soon" does from its
// beginning.
func declareFrom(s *story, from string) {
	soon, later := rule("soon", "SOON", "Gold"), rule("later", "LATER", "Gold")
	if soon["from"] = "2026-03-12"; from != "" {
		later["from"] = from
	}
	s.add(card, event.TypeEntityChanged, event.EntityChanged{Declaration: event.Declaration{Entity: catalog.Entity{
		APIVersion: "callboard.dev/v1alpha1", Kind: "Scorecard", Metadata: catalog.Metadata{Name: "readiness"}, Spec: map[string]any{
			"levels": []any{map[string]any{"name": "Silver", "rank": 1}, map[string]any{"name": "Gold", "rank": 2}},
			"rules":  []any{rule("a", "A", "Gold"), soon, later},
		},
	}}})
}

// What is due in one moment is told one after the other, in the order in which it came.
func TestRipeAtOnce(t *testing.T) {
	s := newStory(t).declare(map[string]string{"payments": "bank"})
	const many = 300
	for i := range many {
		ref := fmt.Sprintf("exemption:default/e%03d", i)
		s.add(ref, event.TypeExemptionGranted, event.ExemptionGranted{Exemption: event.Exemption{Ref: ref, Card: card, Entity: "component:default/payments", Until: "2026-03-20"}})
	}
	all, err := folded(t, s).Ripe(t.Context(), notices.Ripening{Until: start.AddDate(0, 0, 30)})
	if err != nil || len(all) != 2*many {
		t.Fatalf("%d notices, %v", len(all), err)
	}
	for i, n := range all {
		if want := fmt.Sprintf("exemption:default/e%03d", i%many); n.About != want || i > 0 && !all[i-1].Ripe.Before(n.Ripe) || n.Ripe.Sub(n.Time) >= time.Millisecond {
			t.Fatalf("the %dth is %s at %s, want %s", i, n.About, n.Ripe, want)
		}
	}
}

// What is read counts no more, until more falls.
func TestCount(t *testing.T) {
	s := newStory(t).declare(map[string]string{"payments": "bank", "ledger": "bank"})
	n := folded(t, s.move("payments", "Gold", "Silver"))
	count := func(since time.Time) int {
		t.Helper()
		c, err := n.Count(t.Context(), notices.Query{Now: s.now, Since: since})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	same(t, "before", 1, count(start.Add(-time.Hour)))
	same(t, "read", 0, count(s.now))
	seen := s.now
	s.after(time.Minute).move("ledger", "Gold", "Silver")
	if err := n.Apply(t.Context(), s.records); err != nil {
		t.Fatal(err)
	}
	same(t, "one more fell", 1, count(seen))
}

// The end of a second declaration, which was refused, is not the entity's: who owns it and
// the ladder of a card stay known. Its own end is.
func TestEndOfASecondDeclaration(t *testing.T) {
	const payments = "component:default/payments"
	own := projectiontest.Component("payments", "bank").Origin
	elsewhere := event.Origin{Source: "github", RepositoryID: "copies", Path: "catalog-info.yaml"}
	moved := projectiontest.Component("payments", "bank")
	moved.Origin.Path = "deploy/catalog-info.yaml"
	for _, c := range []struct {
		name   string
		tell   func(*story)
		owners []string // of the drop; nil: there is none
	}{
		{"of an entity in another repository", func(s *story) {
			s.add(payments, event.TypeEntityRemoved, event.EntityRemoved{Ref: payments, Origin: elsewhere})
		}, []string{bank}},
		{"of an entity in another source", func(s *story) {
			at := own
			at.Source = "gitlab"
			s.add(payments, event.TypeEntityRemoved, event.EntityRemoved{Ref: payments, Origin: at})
		}, []string{bank}},
		{"of an entity in another file", func(s *story) {
			s.add(payments, event.TypeEntityChanged, event.EntityChanged{Declaration: moved}).add(payments, event.TypeEntityRemoved, event.EntityRemoved{Ref: payments, Origin: own})
		}, []string{bank}},
		{"of a card", func(s *story) {
			s.add(card, event.TypeEntityRemoved, event.EntityRemoved{Ref: card, Origin: elsewhere})
		}, []string{bank}},
		{"of the entity itself", func(s *story) {
			s.add(payments, event.TypeEntityRemoved, event.EntityRemoved{Ref: payments, Origin: own})
		}, []string{}},
		{"of the card itself", func(s *story) { s.add(card, event.TypeEntityRemoved, event.EntityRemoved{Ref: card}) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t).declare(map[string]string{"payments": "bank"})
			c.tell(s)
			all, err := folded(t, s.move("payments", "Gold", "Silver")).List(t.Context(), notices.Query{Now: s.now})
			if err != nil {
				t.Fatal(err)
			}
			var owners []string
			for _, one := range all {
				owners = append([]string{}, one.Owners...)
			}
			same(t, "whom the drop concerns", c.owners, owners)
		})
	}
}

// Each notice of a list is the one that it is alone, whatever it is beside.
func TestListOfMany(t *testing.T) {
	s := newStory(t).declare(map[string]string{"payments": "bank", "ledger": "bank", "cart": "shop", "till": "shop"})
	s.move("payments", "Gold", "Silver").move("ledger", "Gold", "Bronze").move("cart", "Silver", "Bronze")
	s.exemption("a", "payments", event.TypeExemptionRequested, "").exemption("b", "cart", event.TypeExemptionRequested, "").exemption("c", "till", event.TypeExemptionRequested, "")
	s.after(10*time.Minute).exemption("a", "payments", event.TypeExemptionGranted, "2026-05-01").exemption("b", "cart", event.TypeExemptionDenied, "")
	n := folded(t, s.move("till", "Gold", "Silver"))
	alone := func(list func(limit, offset int) ([]notices.Notice, error)) (one, all []notices.Notice) {
		t.Helper()
		all, err := list(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			next, err := list(1, i)
			if err != nil {
				t.Fatal(err)
			}
			one = append(one, next...)
		}
		return one, all
	}
	one, all := alone(func(limit, offset int) ([]notices.Notice, error) {
		return n.List(t.Context(), notices.Query{Now: start.AddDate(0, 3, 0), Limit: limit, Offset: offset})
	})
	same(t, "listed", one, all)
	var falls, requests, owners int
	for _, one := range all {
		falls, requests, owners = falls+len(one.Falls), requests+len(one.Requests), owners+len(one.Owners)
	}
	// Two drops of shop, each its own, and one of bank: 3 owners. One request is open, two are
	// decided, each notice of them for whom it asks or tells, and the owner of what is left in it: 5. Two warnings of bank.
	same(t, "what fell, was asked for, and whom that concerns", []int{4, 3, 10}, []int{falls, requests, owners})
	one, all = alone(func(limit, offset int) ([]notices.Notice, error) {
		return n.Ripe(t.Context(), notices.Ripening{Until: start.AddDate(0, 3, 0), Limit: limit, Offset: offset})
	})
	same(t, "sent", one, all)
	if i := slices.IndexFunc(all, func(n notices.Notice) bool { return n.Kind == notices.Requested }); len(all[i].Requests) != 3 {
		t.Errorf("of three requests that were sent %d are", len(all[i].Requests))
	}
}

// Folding anew gives the same, however often and in whatever pieces.
func TestFold(t *testing.T) {
	s := newStory(t).declare(map[string]string{"payments": "bank", "ledger": "bank", "cart": "shop"})
	s.move("payments", "Gold", "Silver").move("ledger", "Gold", "Bronze").after(time.Minute).move("payments", "Silver", "Gold").move("cart", "Silver", "Bronze")
	s.add("exemption:default/old", "exemption.granted.v1", map[string]any{"exemption": "exemption:default/old", "card": card, "entity": "component:default/cart", "until": "2026-05-01"})
	s.exemption("a", "payments", event.TypeExemptionRequested, "").exemption("b", "cart", event.TypeExemptionRequested, "").exemption("a", "payments", event.TypeExemptionGranted, "2026-05-01")
	silver := map[string]any{"initiative": "initiative:default/silver", "title": "Up", "card": card, "level": "Silver", "target": "2026-06-30", "owners": []string{bank}}
	s.add("initiative:default/silver", "initiative.opened.v1", silver).add("initiative:default/silver", "initiative.asked.v1", silver)
	silver["days"] = 7
	s.after(time.Hour).add("initiative:default/silver", "initiative.asked.v1", silver)
	projectiontest.Run(t, func(t *testing.T) *notices.Notices { t.Helper(); return open(t) }, s.records, func(t *testing.T, n *notices.Notices) any {
		t.Helper()
		all, err := n.List(t.Context(), notices.Query{Now: start.AddDate(1, 0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		return all
	})
}

// However levels move, all that is sent of an entity and a card adds up: who fell within
// a grace and did not rise is in one notice, and no entity twice in one.
func TestAnyMoves(t *testing.T) {
	levels := []string{"", "Bronze", "Silver", "Gold"}
	opened := func(ctx context.Context, path string) (*notices.Notices, error) {
		return notices.Open(ctx, path, 5*time.Minute)
	}
	empty := projectiontest.Copies(t, opened)
	rapid.Check(t, func(rt *rapid.T) {
		s := newStory(rt).declare(map[string]string{"a": "bank", "b": "bank", "c": "shop"})
		stands := map[string]int{"a": 3, "b": 3, "c": 3}
		for range rapid.IntRange(1, 30).Draw(rt, "moves") {
			s.after(time.Duration(rapid.IntRange(0, 40).Draw(rt, "minutes")) * time.Minute)
			name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "entity")
			to := rapid.IntRange(0, 3).Draw(rt, "level")
			s.move(name, levels[stands[name]], levels[to])
			stands[name] = to
		}
		n, err := opened(t.Context(), empty())
		if err != nil {
			rt.Fatal(err)
		}
		defer n.Close()
		if err := n.Apply(t.Context(), s.records); err != nil {
			rt.Fatal(err)
		}
		all, err := n.Ripe(t.Context(), notices.Ripening{Until: s.now.AddDate(0, 0, 1)})
		if err != nil {
			rt.Fatal(err)
		}
		last := map[string]time.Time{}
		for _, one := range all {
			key := one.Card + strings.Join(one.Owners, ",")
			if gap := one.Ripe.Sub(last[key]); gap < time.Hour {
				rt.Fatalf("%s is told again after %s", key, gap)
			}
			last[key] = one.Ripe
			seen := map[string]bool{}
			for _, f := range one.Falls {
				if seen[f.Entity] || slices.Index(levels, f.To) >= slices.Index(levels, f.From) {
					rt.Fatalf("%+v in %+v", f, one)
				}
				seen[f.Entity] = true
			}
			if len(one.Falls) == 0 {
				rt.Fatalf("nothing fell: %+v", one)
			}
		}
	})
}
