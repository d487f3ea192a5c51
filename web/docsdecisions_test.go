package web_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Records are listed with how they stand, also where a site has nothing else.
func TestDocsDecisions(t *testing.T) {
	s := newShelf(t)
	s.publish(apiRef, "mossbank", 48, map[string]string{
		"docs/0001-log.md":      "---\nstatus: superseded by [ADR-0003](0003-sql.md)\ndate: 2026-01-31\n---\n# 1. Write a *log*\n",
		"docs/0002-nothing.md":  "# Say nothing\n",
		"docs/0003-sql.md":      "---\nstatus: accepted\n---\n# Use SQLite\n",
		"docs/0004-wait.md":     "---\nstatus: on hold\n---\n# Wait\n",
		"docs/0005-replaced.md": "---\nstatus: superseded by 0099\n---\n# Lost\n",
		"docs/api/0001-own.md":  "# ADR-0001: Another first one\n\n- Status: draft\n",
	})
	s.publish("component:default/ledger", "saltmarsh", 20, map[string]string{"docs/index.md": "# Books\n"})
	s.publish("component:default/checkout-web", "saltmarsh", 20, map[string]string{"docs/index.md": "# Home\n", "docs/-/decisions.md": "# Ours\n"})
	p := acme(t, s.config)
	list := apiDocs + "-/decisions"
	want := []string{
		"0001 | Write a log | Superseded by 0003 | 31 January 2026",
		"0001 | Another first one api | Draft |",
		"0002 | Say nothing | No state |",
		"0003 | Use SQLite | Accepted |",
		"0004 | Wait | On hold |",
		"0005 | Lost | Superseded by 0099 |",
	}
	rows := func(address string) (all []string) {
		page := p.ok(address)
		cells := page.texts("tbody td")
		for i := range page.all("tbody tr") {
			n := len(cells) / len(page.all("tbody tr"))
			all = append(all, strings.TrimSpace(strings.Join(cells[i*n:(i+1)*n], " | ")))
		}
		return all
	}
	if diff := cmp.Diff(want, rows(list)); diff != "" {
		t.Error(diff)
	}
	all := p.ok(list)
	if diff := cmp.Diff([]string{"All 6", "Draft 1", "Accepted 1", "Superseded 2", "On hold 1", "No state 1"}, all.texts(".views a")); diff != "" {
		t.Error(diff)
	}
	for state, want := range map[string][]string{"Superseded": {want[0], want[5]}, "On hold": {"0004 | Wait | On hold"}, "No state": {"0002 | Say nothing | No state"}} {
		if diff := cmp.Diff(want, rows(all.follow(".views a", state))); diff != "" {
			t.Errorf("%s: %s", state, diff)
		}
	}
	p.ok(list+"?state=rejected").wants("main", "No decision record here has that state")
	if got := all.follow("tbody a", "0003"); got != apiDocs+"0003-sql/" {
		t.Errorf("what took the place of the first is at %s", got)
	}

	first := p.ok(all.follow("tbody a", "Write a log"))
	first.wants("[data-part=decision]", "Decision 0001", "Superseded by 0003", "31 January 2026")
	if got := first.follow("[data-part=decision] a", "All decisions"); got != list {
		t.Errorf("all decisions are at %s", got)
	}
	if got := first.follow(".docs-nav a", "Decisions 6"); got != list {
		t.Errorf("decisions are at %s", got)
	}

	without := p.ok("/docs/default/component/ledger/-/decisions")
	without.wants("main", "No decision records", "0001-what-was-decided.md")
	if strings.Contains(without.text(".docs-nav"), "Decisions") {
		t.Error("a site without records leads to them")
	}
	p.ok("/docs/default/component/checkout-web/-/decisions/").wants("h1", "Ours") // a page that has the address wins
}
