package web_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
)

// A site says what scorecards read of it, and in which file and line each flaw is.
func TestDocsHealth(t *testing.T) {
	s := newShelf(t)
	files := handbook(map[string]string{
		"docs/lonely.md": "# Lonely\n\n![gone](gone.png) [part](index.md#nothing)\n",
	})
	s.publishWith(apiRef, "mossbank", 48, files, func(d *event.DocsPublished) {
		d.Words, d.Broken, d.Orphans, d.Wrong = 1234, 3, 1, 5
		d.Problems = []event.DocsProblem{{File: "docs/large.md", Line: 1, Code: "site", Message: "the file is too large to be shown: make it smaller"}}
	})
	s.publish("component:default/ledger", "saltmarsh", 2, map[string]string{"docs/index.md": "# Books\n"})
	p := acme(t, s.config)
	health := p.ok(p.ok(apiDocs).follow(".docs-nav a", "Health 5 to mend"))
	health.wants(".summary-figs", "4 pages 1,234 words", "2 days", "mossbank", "3 1 link, 1 image, 1 link to a heading", "Orphan pages 1")
	health.wants("main", "Payments API", "Payments", "1 more is not listed")
	want := []string{
		"Link docs/index.md:3 Handbook", "Image docs/lonely.md:3 Lonely", "Heading docs/lonely.md:3 Lonely", "Size docs/large.md:1",
	}
	var got []string
	cells := health.texts("tbody td")
	for i := 0; i+2 < len(cells); i += 3 {
		got = append(got, strings.TrimSpace(cells[i]+" "+cells[i+1]))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := health.follow("tbody a", "docs/index.md:3"); got != "https://git.example/blob/main/svc/docs/index.md" {
		t.Errorf("the first is mended at %s", got)
	}
	if got := health.follow(".rows a", "Lonely"); got != apiDocs+"lonely/" {
		t.Errorf("the orphan is at %s", got)
	}
	p.ok("/docs/default/component/ledger/-/health").wants("main", "Nothing. Every link leads somewhere", "Less than a day")

	list := p.ok("/docs")
	if diff := cmp.Diff([]string{"Nothing", "3 broken 1 orphan"}, list.texts("tbody td:nth-child(6)")); diff != "" {
		t.Error(diff)
	}
	if got := list.follow("tbody a", "3 broken"); got != apiDocs+"-/health" {
		t.Errorf("what is broken is told at %s", got)
	}
}
