package search_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/techdocs/store"
)

// world is a log, and what files of documentation in it hold.
type world struct {
	*projectiontest.Story
	t        testing.TB
	contents *store.Store
}

func newWorld(t testing.TB) *world {
	t.Helper()
	contents, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "docs-contents.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { contents.Close() })
	return &world{projectiontest.NewStory(t), t, contents}
}

// open opens a projection that has seen nothing yet.
func (w *world) open(t *testing.T) *search.Search {
	t.Helper()
	s, err := search.Open(t.Context(), filepath.Join(t.TempDir(), "search.db"), w.contents, catalog.BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// folded is a projection of the whole log.
func (w *world) folded(t *testing.T) *search.Search {
	t.Helper()
	s := w.open(t)
	if err := s.Apply(t.Context(), w.Records()); err != nil {
		t.Fatal(err)
	}
	return s
}

// entity declares one, or declares it otherwise; each option may change it.
func (w *world) entity(kind, name string, options ...func(*catalog.Entity)) *world {
	w.t.Helper()
	d := projectiontest.Component(name, "group:default/nobody")
	d.Entity.Kind, d.Entity.Spec = kind, map[string]any{}
	for _, o := range options {
		o(&d.Entity)
	}
	ref := d.Entity.Ref().String()
	if slices.ContainsFunc(w.Records(), isOf(ref)) {
		w.Add(ref, event.EntityChanged{Declaration: d})
	} else {
		w.Add(ref, event.EntityRegistered{Declaration: d})
	}
	return w
}

func title(title string) func(*catalog.Entity) {
	return func(e *catalog.Entity) { e.Metadata.Title = title }
}

func description(text string) func(*catalog.Entity) {
	return func(e *catalog.Entity) { e.Metadata.Description = text }
}

func spec(name string, value any) func(*catalog.Entity) {
	return func(e *catalog.Entity) { e.Spec[name] = value }
}

func tags(all ...string) func(*catalog.Entity) {
	return func(e *catalog.Entity) { e.Metadata.Tags = all }
}

// publish publishes the pages of an entity: paths and texts, in turns.
func (w *world) publish(ref, site string, pages ...string) *world {
	w.t.Helper()
	d := event.DocsPublished{Entity: ref, Site: site}
	put := func(text string) string {
		sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
		id := hex.EncodeToString(sum[:])
		if err := w.contents.Put(w.t.Context(), id, []byte(text)); err != nil {
			w.t.Fatal(err)
		}
		return id
	}
	d.Files = []event.DocsFile{{Path: "mkdocs.yml", Blob: put("site_name: " + site + "\n")}}
	for i := 0; i < len(pages); i += 2 {
		d.Pages = append(d.Pages, event.DocsPage{Path: pages[i], Title: pages[i], Source: "docs/" + pages[i], Blob: put(pages[i+1])})
	}
	w.Add(ref, d)
	return w
}

func find(t *testing.T, s *search.Search, q search.Query) search.Results {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 50
	}
	r, err := s.Find(t.Context(), q)
	if err != nil {
		t.Fatalf("%q: %v", q.Text, err)
	}
	return r
}

// names are what was found: a ref without its namespace, and the place in it.
func names(r search.Results) []string {
	all := []string{}
	for _, h := range r.Hits {
		all = append(all, strings.TrimSuffix(strings.Replace(h.Ref, "default/", "", 1)+" "+h.Place, " "))
	}
	return all
}

func expect(t *testing.T, s *search.Search, q search.Query, want ...string) {
	t.Helper()
	if d := cmp.Diff(append([]string{}, want...), names(find(t, s, q))); d != "" {
		t.Errorf("%q (-want +got):\n%s", q.Text, d)
	}
}

// What is a name comes before what begins so, that before what has the words in its name,
// and that before what only tells of them.
func TestOrder(t *testing.T) {
	w := newWorld(t).
		entity("Component", "checkout", description("Calls pay, and pay again: pay pay pay.")).
		entity("Component", "till", title("Desk to pay at")).
		entity("API", "payments-v2").
		entity("Component", "payments", title("Money in")).
		entity("Component", "pay").
		entity("Group", "pay", title("Payroll")).
		entity("User", "payne").
		entity("Component", "other", tags("pay")).
		entity("Component", "ledger-reader", description("Reads the ledger.")).
		entity("Component", "ledger-writer", description("Writes the ledger.")).
		entity("Component", "uses", spec("dependsOn", []any{"component:ledger-writer"})).
		publish("component:default/payments", "Payments", "index.md", "# Payments\n\nHow to pay.\n", "guide/pay.md", "# Paying\n\nWith cards.\n")
	s := w.folded(t)
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"pay", []string{"component:pay", "group:pay", "component:payments", "api:payments-v2", "user:payne", "component:payments guide/pay.md", "component:payments index.md",
			"component:till", "component:other", "component:checkout"}},
		{"PAY", []string{"component:pay", "group:pay", "component:payments", "api:payments-v2", "user:payne", "component:payments guide/pay.md", "component:payments index.md",
			"component:till", "component:other", "component:checkout"}},
		{"payments v2", []string{"api:payments-v2"}},
		{"payments-v2", []string{"api:payments-v2"}},
		{"paymentsv2", []string{"api:payments-v2"}},
		{"money in", []string{"component:payments"}},
		{"in money", []string{"component:payments"}},
		{"ledger", []string{"component:ledger-writer", "component:ledger-reader"}}, // another refers to the first
		{"p", []string{"component:pay", "component:payments", "api:payments-v2", "group:pay", "user:payne", "component:payments index.md", "component:payments guide/pay.md"}},
	} {
		t.Run(tt.text, func(t *testing.T) { expect(t, s, search.Query{Text: tt.text}, tt.want...) })
	}
}

func isOf(ref string) func(eventlog.Record) bool {
	return func(r eventlog.Record) bool { return r.Subject == ref && r.Type == event.TypeEntityRegistered }
}

func TestSlips(t *testing.T) {
	s := newWorld(t).
		entity("Component", "payments-api", description("Reconciliation at night.")).
		entity("Component", "ledger").
		entity("Component", "notifications").
		entity("Component", "repayments").
		entity("Group", "quill").
		publish("component:default/ledger", "Handbook", "index.md", "# Bookkeeping\n\nOn tuesdays.\n").
		folded(t)
	for _, tt := range []struct {
		text  string
		want  []string
		meant []search.Meant
	}{
		{"paymnets", []string{"component:payments-api"}, []search.Meant{{Word: "paymnets", For: []string{"payments"}}}},
		{"paymnts api", []string{"component:payments-api"}, []search.Meant{{Word: "paymnts", For: []string{"payments"}}}},
		{"paymnts-api", []string{"component:payments-api"}, []search.Meant{{Word: "paymnts", For: []string{"payments"}}}},
		{"apyments", []string{"component:payments-api"}, []search.Meant{{Word: "apyments", For: []string{"payments"}}}},
		{"legder", []string{"component:ledger"}, []search.Meant{{Word: "legder", For: []string{"ledger"}}}},
		{"edger", []string{"component:ledger"}, []search.Meant{{Word: "edger", For: []string{"ledger"}}}},
		{"notifcat", []string{"component:notifications"}, []search.Meant{{Word: "notifcat", For: []string{"notifications"}}}}, // still being typed
		{"epayments", []string{"component:repayments", "component:payments-api"}, []search.Meant{{Word: "epayments", For: []string{"payments", "repayments"}}}},
		{"bokkeeping", []string{"component:ledger index.md"}, []search.Meant{{Word: "bokkeeping", For: []string{"bookkeeping"}}}},
		{"qill", []string{"group:quill"}, []search.Meant{{Word: "qill", For: []string{"quill"}}}},
		{"ql", nil, nil},              // too short to be a slip
		{"reconcilliation", nil, nil}, // no name, nor in a title
		{`"paymnts"`, nil, nil},       // in quotes it is meant so
		{"xyzzyxyzzy ledger", []string{"component:ledger"}, nil}, // some of the words
	} {
		t.Run(tt.text, func(t *testing.T) {
			r := find(t, s, search.Query{Text: tt.text})
			if d := cmp.Diff(append([]string{}, tt.want...), names(r)); d != "" {
				t.Errorf("found (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.meant, r.Meant); d != "" {
				t.Errorf("meant (-want +got):\n%s", d)
			}
			if some := tt.text == "xyzzyxyzzy ledger"; r.Some != some {
				t.Errorf("some of the words: %v", r.Some)
			}
		})
	}
}

func TestWords(t *testing.T) {
	s := newWorld(t).
		entity("Component", "deployer", description("Rotates keys once they are old. Deploys twice a day.")).
		entity("Component", "PaymentsAPI", description("Café au lait, naïve façade.")).
		entity("Component", "news", description("The status of policies.")).
		entity("Scorecard", "readiness", spec("rules", []any{map[string]any{"id": "runbook", "title": "Has a runbook", "description": "On-call can find it."}})).
		entity("Template", "service", spec("steps", []any{map[string]any{"name": "Fetch skeleton", "action": "fetch:template"}})).
		entity("User", "mossbank", spec("profile", map[string]any{"displayName": "M. Bank", "email": "mossbank@acme.example"})).
		folded(t)
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"deploying", []string{"component:deployer"}},
		{"rotating keys", []string{"component:deployer"}},
		{"keys rotated", []string{"component:deployer"}},
		{`"keys once"`, []string{"component:deployer"}},
		{`"once keys"`, nil},
		{`"keys once" deployer`, []string{"component:deployer"}},
		{`“keys once”`, []string{"component:deployer"}},
		{`"keys onc`, nil}, // quotes that are not closed are quotes
		{"payments api", []string{"component:paymentsapi"}},
		{"paymentsapi", []string{"component:paymentsapi"}},
		{"payments-api", []string{"component:paymentsapi"}},
		{"cafe naive FACADE", []string{"component:paymentsapi"}},
		{"café", []string{"component:paymentsapi"}},
		{"policy", []string{"component:news"}},
		{"statuses", []string{"component:news"}},
		{"runbook", []string{"scorecard:readiness"}},
		{"skeleton", []string{"template:service"}},
		{"mossbank@acme.example", []string{"user:mossbank"}},
		{"m bank", []string{"user:mossbank"}},
		{"???", nil},
		{"🚀", nil},
	} {
		t.Run(tt.text, func(t *testing.T) { expect(t, s, search.Query{Text: tt.text}, tt.want...) })
	}
}

func TestFilters(t *testing.T) {
	w := newWorld(t).
		entity("Component", "payments", description("About money."), spec("owner", "till"), spec("lifecycle", "production")).
		entity("API", "payments-v1", description("About money."), spec("owner", "till")).
		entity("Component", "ledger", description("About money."), spec("owner", "books"), spec("lifecycle", "experimental")).
		entity("Group", "till", description("About money.")).
		publish("component:default/payments", "Payments", "index.md", "# One\n\nmoney\n").
		publish("component:default/ledger", "Ledger", "index.md", "# Two\n\nmoney\n")
	s := w.folded(t)
	at := w.Records()
	for _, tt := range []struct {
		name string
		q    search.Query
		want []string
	}{
		{"type", search.Query{Types: []string{search.Pages}}, []string{"component:ledger index.md", "component:payments index.md"}},
		{"kind", search.Query{Kinds: []string{"api", "Group"}}, []string{"api:payments-v1", "group:till"}},
		{"owner", search.Query{Owners: []string{"group:default/books"}}, []string{"component:ledger", "component:ledger index.md"}},
		{"nobody's", search.Query{Owners: []string{search.NoOwner}}, []string{"group:till"}},
		{"site", search.Query{Sites: []string{"component:default/ledger"}}, []string{"component:ledger index.md"}},
		{"name", search.Query{Names: []string{"Ledger"}}, []string{"component:ledger", "component:ledger index.md"}},
		{"namespace", search.Query{Namespaces: []string{"other"}}, nil},
		{"lifecycle", search.Query{Lifecycles: []string{"production"}}, []string{"component:payments", "component:payments index.md"}},
		{"since", search.Query{From: at[5].Time}, []string{"component:ledger index.md"}},
		{"until", search.Query{To: at[1].Time}, []string{"component:payments"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.q.Text = "money"
			r := find(t, s, tt.q)
			got := names(r)
			slices.Sort(got)
			if d := cmp.Diff(append([]string{}, tt.want...), append([]string{}, got...)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if r.Outside != (len(tt.want) == 0) {
				t.Errorf("a filter leaves it out: %v", r.Outside)
			}
		})
	}
	r := find(t, s, search.Query{Text: "money", Kinds: []string{"component"}, Limit: 1, Offset: 1})
	if len(r.Hits) != 1 || r.Total != 4 {
		t.Errorf("a page of one: %d of %d", len(r.Hits), r.Total)
	}
	want := search.Results{
		Types:  []search.Count{{Value: search.Entities, Count: 2}, {Value: search.Pages, Count: 2}},
		Kinds:  []search.Count{{Value: "component", Count: 4}, {Value: "api", Count: 1}, {Value: "group", Count: 1}}, // of those that could be chosen, too
		Owners: []search.Count{{Value: "group:default/books", Count: 2}, {Value: "group:default/till", Count: 2}},
		Sites:  []search.Count{{Value: "component:default/ledger", Count: 1}, {Value: "component:default/payments", Count: 1}},
	}
	if d := cmp.Diff(want, search.Results{Types: r.Types, Kinds: r.Kinds, Owners: r.Owners, Sites: r.Sites}); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	expect(t, s, search.Query{Text: "money", Newest: true, Limit: 3}, "component:ledger index.md", "component:payments index.md", "group:till")
	expect(t, s, search.Query{Limit: 2}, "component:ledger index.md", "component:payments index.md")
}

// Where more documents hold the words than are put in order, those with the name are there,
// and so is what a filter asks for.
func TestMoreThanIsLookedAt(t *testing.T) {
	w := newWorld(t).entity("Component", "common").entity("API", "rare", description("A common word."))
	for i := range search.Looked + 1 {
		w.entity("Component", fmt.Sprint("s", i), description("A common word."))
	}
	s := w.folded(t)
	r := find(t, s, search.Query{Text: "common", Limit: 2})
	if !r.More || len(r.Hits) != 2 || r.Hits[0].Ref != "component:default/common" {
		t.Errorf("more: %v, first: %v", r.More, names(r))
	}
	expect(t, s, search.Query{Text: "common", Kinds: []string{"api"}}, "api:rare")
}

func TestExcerpts(t *testing.T) {
	long := strings.Repeat("Nothing of interest here. ", 40)
	s := newWorld(t).
		entity("Component", "payments", description("Takes <b>money</b> & \x02more\x03 <script>alert(1)</script>"), title("<i>Payments</i>")).
		publish("component:default/payments", "Handbook",
			"index.md", "# Welcome\n\nHello reader.\n",
			"guide.md", "---\ntags: [howto]\n---\n# Guide\n\n"+long+"\n\n## Trying again\n\n"+long+" Send the idempotency key twice. "+long+"\n\n## Other\n\nA key.\n",
			"hidden.md", "---\nsearch: {exclude: true}\n---\n# Hidden\n\nThe idempotency of secrets.\n",
			"code.md", "# Code\n\n`a < b && \"quoted\"` and \\<script\\>alert(2)\\</script\\>\n").
		folded(t)
	one := func(text string) search.Hit {
		t.Helper()
		r := find(t, s, search.Query{Text: text})
		if len(r.Hits) != 1 {
			t.Fatalf("%q found %v", text, names(r))
		}
		return r.Hits[0]
	}
	h := one("idempotency key")
	if h.Place != "guide.md" || h.Section != "trying-again" || h.Heading != "Trying again" || h.URL != "guide/" || h.Site != "Handbook" {
		t.Errorf("found at %s#%s (%s), %s of %s", h.Place, h.Section, h.Heading, h.URL, h.Site)
	}
	var marked []string
	for _, p := range h.Excerpt {
		if p.Marked {
			marked = append(marked, p.Text)
		}
	}
	if d := cmp.Diff([]string{"idempotency", "key"}, marked); d != "" {
		t.Errorf("marked (-want +got):\n%s", d)
	}
	text := search.Text(h.Excerpt)
	if len(text) > 300 || !strings.HasPrefix(text, "… ") || !strings.HasSuffix(text, " …") || !strings.Contains(text, "Send the idempotency key twice.") {
		t.Errorf("the excerpt: %q", text)
	}
	if h := one("howto"); h.Section != "" || h.Place != "guide.md" {
		t.Errorf("by its tag: %s#%s", h.Place, h.Section)
	}
	if h := one("hello reader"); h.Section != "" || search.Text(h.Excerpt) != "Hello reader." {
		t.Errorf("of the first section: #%s %q", h.Section, search.Text(h.Excerpt))
	}
	// What is found is text, whatever it looks like: whoever shows it escapes it.
	h = one("money script")
	if got := search.Text(h.Excerpt); got != "Takes <b>money</b> & more <script>alert(1)</script>" && got != "Takes <b>money</b> &  more  <script>alert(1)</script>" {
		t.Errorf("hostile text: %q", got)
	}
	if got := search.Text(h.Title); got != "<i>Payments</i>" {
		t.Errorf("hostile title: %q", got)
	}
	if got := search.Text(one("quoted").Excerpt); !strings.Contains(got, "a < b && \"quoted\"") {
		t.Errorf("code: %q", got)
	}
}

// A word that a page holds very often is soon found beside another that it holds once.
func TestExcerptOfMuch(t *testing.T) {
	s := newWorld(t).
		entity("Component", "payments").
		publish("component:default/payments", "Handbook", "log.md", strings.Repeat("## zap\n\nzap\n\n", 30_000)+"## Last\n\nThe zap of a key.\n").
		folded(t)
	r := find(t, s, search.Query{Text: "zap key"})
	if len(r.Hits) != 1 {
		t.Fatalf("found %v", names(r))
	}
	if h := r.Hits[0]; h.Section != "last" || search.Text(h.Excerpt) != "Last · The zap of a key." {
		t.Errorf("found at #%s: %q", h.Section, search.Text(h.Excerpt))
	}
}

// FuzzFind asks for anything: whatever it is, it is no mistake of the index.
func FuzzFind(f *testing.F) {
	w := newWorld(f).entity("Component", "payments", description("Takes money near you and or not."))
	s, err := search.Open(f.Context(), filepath.Join(f.TempDir(), "search.db"), w.contents, catalog.BuiltIn())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	if err := s.Apply(f.Context(), w.Records()); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		"", " ", `"`, `""`, `"""`, `a"b`, `"a`, "NEAR(a b)", "a NEAR b", "AND", "OR NOT", "name:x", "{name title}: x", "^a", "a*", "*", "-a", "a + b", "(", "))",
		"\x00", "a\x00b", "\x02a\x03", "\xff\xfe", "é\u0301", "\u0301", "\ue000", "½ ² ⅷ", strings.Repeat("a ", 5000), strings.Repeat("ab-", 5000), strings.Repeat(`"x" `, 3000), "pamyents", "takes xyzzy",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, text string, past bool) {
		q := search.Query{Text: text, Limit: 10}
		q.At = time.Time{}
		if past {
			q.At = w.Records()[0].Time
		}
		r, err := s.Find(t.Context(), q)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		for _, h := range r.Hits {
			if got := search.Text(h.Title); got != "payments" {
				t.Errorf("%q: the title became %q", text, got)
			}
		}
	})
}
