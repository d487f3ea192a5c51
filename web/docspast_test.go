package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// shelfLog has what the shelf was told of.
type shelfLog struct {
	web.Log
	shelf *shelf
}

func (l shelfLog) At(_ context.Context, p eventlog.Position) (eventlog.Record, error) {
	return l.shelf.records[p-1], nil
}

const (
	intro  = "# Start\n\nInstall it.\n\nConfigure it.\n\nRun it at noon.\n\nLook at it.\n"
	begin  = "# Begin\n\nInstall it.\n\nConfigure it.\n\nRun it at midnight.\n\nLook at it.\n"
	guides = "docs/guide/"
)

// movedDocs is documentation with a past: a page that moves twice and changes between, and
// one that goes.
func movedDocs(t *testing.T) (*shelf, *portal) {
	t.Helper()
	s := newShelf(t)
	files := func(more ...string) map[string]string {
		all := map[string]string{"mkdocs.yml": "site_name: Handbook\n", "docs/index.md": "# Handbook\n"}
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	const faq = "# Questions\n\nNone so far.\n"
	s.publish(apiRef, "mossbank", 96, files("docs/intro.md", intro, "docs/faq.md", faq))
	s.publish(apiRef, "saltmarsh", 72, files(guides+"start.md", intro, "docs/faq.md", faq))
	s.publish(apiRef, "kestrel-7", 48, files(guides+"start.md", strings.Replace(intro, "noon", "midnight", 1), "docs/faq.md", faq))
	s.publish(apiRef, "mossbank", 24, files(guides+"begin.md", begin, "docs/faq.md", faq))
	s.publish(apiRef, "saltmarsh", 12, files(guides+"begin.md", begin))
	return s, acme(t, s.config)
}

func ago(hours int) string {
	return sample.Now.Add(-time.Duration(hours) * time.Hour).Format("2006-01-02T15:04:05Z")
}

// One portal serves all, as they come one after the other.
func TestDocsOfThePast(t *testing.T) {
	s, p := movedDocs(t)
	for _, step := range []struct {
		name string
		test func(*testing.T, *shelf, *portal)
	}{{"moved", docsThatMoved}, {"history", docsHistory}, {"compare", docsCompare}, {"versions", docsOfVersions}, {"went", docsThatWent}} {
		t.Run(step.name, func(t *testing.T) {
			mine := *p
			mine.t = t
			step.test(t, s, &mine)
		})
	}
}

// led gets a page, and what an address leads to.
func (p *portal) led(address string) *page {
	p.t.Helper()
	got := p.get(address)
	for range 3 {
		if got.status < 300 || got.status > 399 {
			break
		}
		got = p.get(got.header.Get("Location"))
	}
	if got.status != http.StatusOK {
		p.t.Fatalf("%s: %d\n%s", address, got.status, got.text("main"))
	}
	return got
}

// An address leads to where its page is at the moment that is asked for.
func docsThatMoved(t *testing.T, _ *shelf, p *portal) { //nolint:thelper // a failure is to name the line here
	for _, tt := range []struct {
		address string
		status  int
		leads   string
	}{
		{"intro/", http.StatusMovedPermanently, "guide/begin/"},
		{"intro.md", http.StatusMovedPermanently, "guide/begin/"},
		{"guide/start?view=history", http.StatusMovedPermanently, "guide/begin/?view=history"},
		{"intro/?at=" + ago(60), http.StatusSeeOther, "guide/start/?at=" + ago(60)},
		{"guide/begin/?at=" + ago(60), http.StatusSeeOther, "guide/start/?at=" + ago(60)},
		{"guide/begin/?at=" + ago(90), http.StatusSeeOther, "intro/?at=" + ago(90)},
		{"intro/?known=2", http.StatusSeeOther, "guide/start/?known=2"},
	} {
		got := p.get(apiDocs + tt.address)
		leads := strings.ReplaceAll(got.header.Get("Location"), "%3A", ":")
		if got.status != tt.status || leads != apiDocs+tt.leads {
			t.Errorf("%s: %d to %s, want %d to %s", tt.address, got.status, leads, tt.status, tt.leads)
		}
		if cache := got.header.Get("Cache-Control"); !strings.Contains(cache, "no-cache") {
			t.Errorf("%s: a browser may keep it for ever: %q", tt.address, cache)
		}
	}
	if got := p.get(apiDocs + "faq/?at=" + ago(100)); got.status != http.StatusNotFound {
		t.Errorf("before anything was published: %d", got.status)
	}
	if got := p.get(apiDocs + "never/"); got.status != http.StatusNotFound {
		t.Errorf("a page that never was: %d", got.status)
	}
}

func docsHistory(t *testing.T, _ *shelf, p *portal) { //nolint:thelper // a failure is to name the line here
	history := p.ok(p.ok(apiDocs+"guide/begin/").follow(".docs-foot a", "History"))
	rows := history.texts(".docs-steps tbody tr")
	want := [][]string{
		{"Moved", "from guide/start.md", "mossbank", "+1 −1"}, {"Changed", "kestrel-7", "+1 −1"},
		{"Moved", "from intro.md", "saltmarsh", "+0 −0"}, {"Added", "mossbank", "+9 −0"},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d changes, want %d: %q", len(rows), len(want), rows)
	}
	for i, words := range want {
		for _, word := range words {
			if !strings.Contains(rows[i], word) {
				t.Errorf("change %d says %q, want %q", i+1, rows[i], word)
			}
		}
	}
	// Each leads to the page as of then, whatever it was called.
	for i, text := range []string{"Begin", "Run it at midnight", "Run it at noon", "Run it at noon"} {
		at := attr(history.all(".docs-steps tbody tr:nth-child(" + string(rune('1'+i)) + ") td:last-child a:last-child")[0], "href")
		p.led(at).wants("article", text)
	}
	changed := p.ok(attr(history.all(".docs-steps tbody tr:nth-child(2) td:last-child a")[0], "href"))
	changed.wants(".docs-diff .gone mark", "noon")
	changed.wants(".docs-diff .come mark", "midnight")
	moved := p.ok(attr(history.all(".docs-steps tbody tr:nth-child(1) td:last-child a")[0], "href"))
	moved.wants("main", "It moved from guide/start.md to guide/begin.md", "# Begin", "5 lines the same")
	// At an earlier moment it ends there.
	then := p.ok(apiDocs + "guide/start/?view=history&at=" + ago(60))
	if rows := then.texts(".docs-steps tbody tr"); len(rows) != 2 {
		t.Errorf("before it changed: %q", rows)
	}
}

func docsCompare(t *testing.T, _ *shelf, p *portal) { //nolint:thelper // a failure is to name the line here
	compare := func(query string) *page { return p.ok(apiDocs + "guide/begin/?view=compare" + query) }
	latest := compare("") // what it was before it changed last
	latest.wants("#h-compare", "From "+sample.Now.Add(-48*time.Hour).Format("2 January 2006, 15:04")+" to now")
	latest.wants(".docs-diff", "# Begin")
	whole := compare("&from=" + ago(90))
	whole.wants("main", "It moved from intro.md to guide/begin.md")
	whole.wants(".docs-diff .come", "midnight")
	p.led(whole.follow("#h-compare a", "")).wants("article", "Run it at noon")
	compare("&from="+ago(60)+"&to="+ago(50)).wants("main", "It is the same at both moments")
	compare("&from="+ago(100)+"&to="+ago(90)).wants("main", "It was not there at the first moment", "Install it")
	compare("&from="+ago(110)+"&to="+ago(100)).wants("main", "It was there at neither moment")
	past := p.led(apiDocs + "intro/?at=" + ago(90))
	p.led(past.follow(".past-bar a", "Compare with now")).wants("main", "It moved from intro.md")
	for query, want := range map[string]string{
		"&from=" + ago(12) + "&to=" + ago(90): "is not before", "&from=noon": `"noon" is no moment`,
	} {
		got := p.get(apiDocs + "guide/begin/?view=compare" + query)
		if got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", query, got.status)
		}
		got.wants("main", want)
	}
}

// What went says when and by whom, and what it was is one click away.
func docsThatWent(t *testing.T, s *shelf, p *portal) { //nolint:thelper // a failure is to name the line here
	gone := p.get(apiDocs + "faq/")
	if gone.status != http.StatusGone {
		t.Errorf("a page that was removed: %d", gone.status)
	}
	gone.wants("main", "This page was removed", "saltmarsh", "c0ffees")
	p.ok(gone.follow("main a", "Look at its last version")).wants("article", "None so far.")
	history := p.ok(gone.follow("main a", "See its history"))
	if rows := history.texts(".docs-steps tbody tr"); len(rows) != 2 || !strings.Contains(rows[0], "Removed") || !strings.Contains(rows[1], "Added") {
		t.Errorf("its history: %q", rows)
	}
	s.publish(apiRef, "kestrel-7", 10, map[string]string{"docs/index.md": "# Handbook\n", "docs/faq.md": "# Questions\n\nOne.\n"})
	p.ok(apiDocs+"faq/").wants("article", "One.")
	if rows := p.ok(apiDocs + "faq/?view=history").texts(".docs-steps tbody tr"); len(rows) != 3 || !strings.Contains(rows[1], "Removed") {
		t.Errorf("of a page that came anew: %q", rows)
	}

	s.tell(apiRef, "mossbank", 6, event.DocsRemoved{Entity: apiRef, Reason: "the annotation is gone"})
	site := p.get(apiDocs + "faq/")
	if site.status != http.StatusGone {
		t.Errorf("a site that was removed: %d", site.status)
	}
	site.wants("main", "This documentation was removed", "the annotation is gone", "mossbank")
	p.ok(site.follow("main a", "Look at its last version")).wants("article", "One.")
	s.publish(apiRef, "mossbank", 4, map[string]string{"docs/index.md": "# Handbook\n"})
	p.get(apiDocs+"faq/").wants("main", "This page was removed", "with all of the documentation, as the annotation is gone")

	const other = "component:default/not-in-the-catalog"
	s.publish(other, "mossbank", 3, map[string]string{"docs/index.md": "# Nowhere\n"})
	s.tell(other, "saltmarsh", 2, event.EntityRemoved{Ref: other, Reason: "the file is gone"})
	away := p.get("/docs/default/component/not-in-the-catalog/")
	away.wants("main", "This documentation was removed", "removed from the catalog: the file is gone", "saltmarsh")
	p.ok(away.follow("main a", "Look at its last version")).wants("article", "Nowhere")
}

// A tag or release is a moment by another name.
func docsOfVersions(t *testing.T, s *shelf, p *portal) { //nolint:thelper // a failure is to name the line here
	if got := p.ok(apiDocs).all("[data-part=version]"); len(got) != 0 {
		t.Error("versions are offered where none is known")
	}
	tag := func(name string, hours int) {
		s.tell("acme/payments", "mossbank", 1, event.ActivityPush{
			Repository: event.Repository{Source: "github", ID: "1", FullName: "acme/payments"}, Ref: "refs/tags/" + name, After: "c0ffee",
			Committed: sample.Now.Add(-time.Duration(hours) * time.Hour),
		})
	}
	missing := p.get(apiDocs + "?version=v9")
	missing.wants("main", `No tag or release "v9" of acme/payments is on record: none is`)
	tag("v1", 80)
	tag("v2.0.0-rc.1+build/"+strings.Repeat("long", 12), 40)
	home := p.ok(apiDocs + "guide/begin/")
	home.wants("[data-part=version]", "Latest", "v1", "v2.0.0-rc.1")
	to := p.get(home.follow("[data-part=version] a", "v1"))
	if to.status != http.StatusSeeOther {
		t.Fatalf("as of v1: %d", to.status)
	}
	then := p.led(to.header.Get("Location"))
	then.wants("article", "Run it at noon")
	then.wants("[data-part=version] summary", "v1")
	if got := then.follow("[data-part=version] a", "Latest"); got != apiDocs+"intro/" {
		t.Errorf("the latest of it is at %s", got)
	}
	missing = p.get(apiDocs + "?version=v9&at=" + ago(60))
	if missing.status != http.StatusNotFound {
		t.Errorf("a version that nobody knows: %d", missing.status)
	}
	missing.wants("main", "known are v2.0.0-rc.1", "v1")
	if got := p.get("/docs/default/component/ledger/?version=v1"); got.status != http.StatusNotFound {
		t.Errorf("a version of no documentation: %d", got.status)
	}
}
