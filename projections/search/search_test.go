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
		{"pay", []string{"component:pay", "group:pay", "component:payments guide/pay.md", "component:payments", "api:payments-v2", "user:payne",
			"component:payments index.md", "component:till", "component:other", "component:checkout"}},
		{"PAY", []string{"component:pay", "group:pay", "component:payments guide/pay.md", "component:payments", "api:payments-v2", "user:payne",
			"component:payments index.md", "component:till", "component:other", "component:checkout"}},
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
