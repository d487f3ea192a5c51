package web_test

import (
	"strings"
	"testing"

	"github.com/callboard/callboard/web"
)

func TestAnEventIsProved(t *testing.T) {
	p := acme(t)
	if got := p.ok("/audit/132"); !strings.Contains(got.text(".detail"), "Not under seal yet") {
		t.Errorf("before the first seal the page says %q", got.text(".detail"))
	}
	if got := p.ok("/audit"); strings.Contains(got.text(".page-head"), "Sealed") {
		t.Errorf("before the first seal the record says %q", got.text(".page-head"))
	}
	if err := p.world.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := p.ok("/audit/132")
	got.wants(".proof-box .cue", "134")
	if text := got.text(".proof-box"); !strings.Contains(text, "Proved") || !strings.Contains(text, "by acme-callboard+") || !strings.Contains(text, "Hashes in the proof: 4.") {
		t.Errorf("the proof says %q", text)
	}
	if href := got.follow(".proof-box .link", "Show the proof"); href != "/api/history/proof?position=132&seal=134" {
		t.Errorf("the proof is at %s", href)
	}
	if got := p.ok("/audit/134"); !strings.Contains(got.text(".detail"), "Not under seal yet") || !strings.Contains(got.text(".detail"), "133 events under seal") {
		t.Errorf("the seal's own page says %q", got.text(".detail"))
	}
}

// Seals are found, and drown nothing.
func TestAuditListsSealsWhenAskedFor(t *testing.T) {
	p := acme(t)
	if err := p.world.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := p.ok("/audit")
	if events := got.events(); events[0] != "133" {
		t.Errorf("the newest event is %s, want 133 and not the seal", events[0])
	}
	got.wants(".page-head .badge", "Sealed to 133")
	list := p.ok(got.follow(".page-head .actions a", "Sealed to 133"))
	if events := list.events(); strings.Join(events, " ") != "134" {
		t.Errorf("the seals are %v, want 134", events)
	}
	if around := p.ok("/audit/133").events(); around[0] != "134" {
		t.Errorf("around event 133 are %v, want the seal among them", around)
	}
}

func TestAPortalWithoutProofs(t *testing.T) {
	p := acme(t, func(c *web.Config) { c.Proofs = nil })
	if text := p.ok("/audit/132").text(".detail"); strings.Contains(text, "seal") {
		t.Errorf("the page says %q", text)
	}
}
