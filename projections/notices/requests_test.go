package notices_test

import (
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/notices"
)

// exemption adds what became of an exemption of a component, which a user asked for.
func (s *story) exemption(name, entity string, typ event.Type, until string) *story {
	e := event.Exemption{
		Ref: "exemption:default/" + name, Card: card, Entity: "component:default/" + entity, Rules: []string{"codeowners"},
		Reason: "It moves", Until: until, RequestedBy: "user:default/kestrel",
	}
	if typ != event.TypeExemptionRequested {
		e.DecidedBy, e.Note = "Moss Bank", "Until the move"
	}
	return s.add(e.Ref, typ, e)
}

// What is asked for of one card within an hour is one notice, for who decides and the owners
// of what it is for; so is what was decided, for who asked.
func TestRequests(t *testing.T) {
	const asked, granted, denied, revoked = event.TypeExemptionRequested, event.TypeExemptionGranted, event.TypeExemptionDenied, event.TypeExemptionRevoked
	const (
		payments = "exemption of payments from “Has CODEOWNERS” of Readiness"
		cart     = "exemption of cart from “Has CODEOWNERS” of Readiness"
	)
	for _, c := range []struct {
		name string
		tell func(*story)
		want []string // sent by the end of the day
	}{
		{"one", func(s *story) { s.exemption("a", "payments", asked, "") }, []string{"09:05 An " + payments + " waits for a decision"}},
		{"several at once", func(s *story) {
			s.exemption("a", "payments", asked, "").after(time.Minute).exemption("b", "cart", asked, "")
		}, []string{"09:05 2 exemptions from rules of Readiness wait for a decision"}},
		{"within the hour", func(s *story) {
			s.exemption("a", "payments", asked, "").after(10*time.Minute).exemption("b", "cart", asked, "").after(time.Minute).exemption("c", "ledger", asked, "")
		}, []string{"09:05 An " + payments + " waits for a decision", "10:05 2 exemptions from rules of Readiness wait for a decision"}},
		{"withdrawn before anybody is told", func(s *story) {
			s.exemption("a", "payments", asked, "").exemption("b", "cart", asked, "").after(time.Minute).exemption("a", "payments", revoked, "")
		}, []string{"09:05 An " + cart + " waits for a decision"}},
		{"decided before anybody is told", func(s *story) {
			s.exemption("a", "payments", asked, "").after(time.Minute).exemption("a", "payments", denied, "")
		}, []string{"09:06 The " + payments + " was denied"}},
		{"decided once it was sent", func(s *story) {
			s.exemption("a", "payments", asked, "").exemption("b", "cart", asked, "").after(10*time.Minute).exemption("a", "payments", granted, "2026-05-01")
		}, []string{"09:05 2 exemptions from rules of Readiness wait for a decision", "09:15 The " + payments + " was granted until 1 May 2026"}},
		{"all decided once it was sent, and another", func(s *story) {
			s.exemption("a", "payments", asked, "").after(10*time.Minute).exemption("a", "payments", denied, "").after(time.Minute).exemption("b", "cart", asked, "")
		}, []string{"09:05 An " + payments + " waits for a decision", "09:15 The " + payments + " was denied", "10:05 An " + cart + " waits for a decision"}},
		{"several decided", func(s *story) {
			s.exemption("a", "payments", asked, "").exemption("b", "cart", asked, "").after(time.Minute)
			s.exemption("a", "payments", denied, "").exemption("b", "cart", denied, "")
		}, []string{"09:06 2 exemptions from rules of Readiness were denied"}},
		{"several decided otherwise", func(s *story) {
			s.exemption("a", "payments", asked, "").exemption("b", "cart", asked, "").after(time.Minute)
			s.exemption("a", "payments", denied, "").exemption("b", "cart", granted, "")
		}, []string{"09:06 2 exemptions from rules of Readiness were decided"}},
		{"thought better of it", func(s *story) {
			s.exemption("a", "payments", asked, "").exemption("a", "payments", granted, "").after(time.Minute).exemption("a", "payments", revoked, "")
		}, []string{"09:06 The " + payments + " was revoked"}},
		{"revoked later", func(s *story) {
			s.exemption("a", "payments", asked, "").exemption("a", "payments", granted, "").after(2*time.Hour).exemption("a", "payments", revoked, "")
		}, []string{"09:05 The " + payments + " was granted", "11:05 The " + payments + " was revoked"}},
		{"granted for as long, again", func(s *story) {
			s.exemption("a", "payments", asked, "").exemption("a", "payments", granted, "").after(2*time.Hour).exemption("a", "payments", granted, "")
		}, []string{"09:05 The " + payments + " was granted"}},
		{"asked for and denied again", func(s *story) {
			s.exemption("a", "payments", asked, "").exemption("a", "payments", denied, "").after(2*time.Hour).exemption("a", "payments", asked, "").exemption("a", "payments", denied, "")
		}, []string{"09:05 The " + payments + " was denied", "11:05 The " + payments + " was denied"}},
		{"asked for on other terms before anybody is told", func(s *story) {
			s.exemption("a", "payments", asked, "").after(time.Minute).exemption("a", "payments", asked, "2026-05-01")
		}, []string{"09:06 An " + payments + " waits for a decision"}},
		{"asked for on other terms once it was sent", func(s *story) {
			s.exemption("a", "payments", asked, "").after(10*time.Minute).exemption("a", "payments", asked, "2026-05-01")
		}, []string{"09:05 An " + payments + " waits for a decision", "10:05 An " + payments + " waits for a decision"}},
		{"revoked, and nobody had asked", func(s *story) {
			s.exemption("a", "payments", granted, "").after(time.Hour).exemption("a", "payments", revoked, "")
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t).declare(map[string]string{"ledger": "bank", "payments": "bank", "cart": "shop"})
			c.tell(s)
			same(t, "sent", c.want, sent(t, folded(t, s)))
		})
	}
}

// Who decides is told what waits, and who asked what was decided, by whom and why. What was
// sent stays what it was; the portal shows what waits still.
func TestWhoIsToldOfRequests(t *testing.T) {
	s := newStory(t).declare(map[string]string{"payments": "bank", "cart": "shop"})
	s.exemption("a", "payments", event.TypeExemptionRequested, "").exemption("b", "cart", event.TypeExemptionRequested, "").after(10 * time.Minute)
	s.exemption("a", "payments", event.TypeExemptionGranted, "2026-05-01")
	n := folded(t, s)
	one := func(kind string) notices.Notice {
		t.Helper()
		all, err := n.List(t.Context(), notices.Query{Now: s.now, Kinds: []string{kind}})
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		return all[0]
	}
	waits, decided := one(notices.Requested), one(notices.Decided)
	same(t, "who decides, and whose entity waits still", []string{ops, shop}, waits.Owners)
	same(t, "what waits still", "An exemption of cart from “Has CODEOWNERS” of Readiness waits for a decision", notices.Text(waits).Headline)
	same(t, "who asked", []string{bank, "user:default/kestrel"}, decided.Owners)
	same(t, "the decision", notices.Words{
		Headline: "The exemption of payments from “Has CODEOWNERS” of Readiness was granted until 1 May 2026", Href: "/exemptions/a",
		Lines: []notices.Line{{Text: "Decided by Moss Bank"}, {Text: "Note: Until the move"}, {Text: "Asked for by kestrel"}},
	}, notices.Text(decided))
	ripe, err := n.Ripe(t.Context(), notices.Ripening{Until: s.now, Kinds: []string{notices.Requested}})
	if err != nil || len(ripe) != 1 {
		t.Fatalf("%+v, %v", ripe, err)
	}
	same(t, "what was sent", notices.Words{
		Headline: "2 exemptions from rules of Readiness wait for a decision", Href: "/exemptions?scorecard=scorecard%3Adefault%2Freadiness&status=requested",
		Lines: []notices.Line{
			{Name: "payments", Href: "/exemptions/a", Text: "from “Has CODEOWNERS”: It moves", Who: "kestrel"},
			{Name: "cart", Href: "/exemptions/b", Text: "from “Has CODEOWNERS”: It moves", Who: "kestrel"},
		},
	}, notices.Text(ripe[0]))
}
