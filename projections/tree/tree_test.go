package tree_test

import (
	"path/filepath"
	"testing"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/tree"
)

func open(tb testing.TB) *tree.Tree {
	tb.Helper()
	p, err := tree.Open(tb.Context(), filepath.Join(tb.TempDir(), "proof.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

func TestTree(t *testing.T) {
	secret, err := proof.NewKey("acme")
	if err != nil {
		t.Fatal(err)
	}
	key, err := proof.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	story := projectiontest.NewStory(t)
	for range 9 {
		story.Add("component:default/payments", event.EntityRegistered{Declaration: projectiontest.Component("payments", "group:a")}, projectiontest.By("pebbledash", "4f2a"))
	}
	signed, err := key.Sign(9, proof.Hash{1})
	if err != nil {
		t.Fatal(err)
	}
	story.Add(event.LogSubject, event.LogSealed{Size: 9, Note: signed})
	story.Add("component:default/payments", event.EntityRemoved{Ref: "component:default/payments"})

	projectiontest.Run(t, func(t *testing.T) *tree.Tree { t.Helper(); return open(t) }, story.Records(), func(t *testing.T, p *tree.Tree) any {
		t.Helper()
		var all []any
		for size := range uint64(12) {
			root, err := p.Root(t.Context(), size)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, root.String())
		}
		newest, err := p.Newest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		unsealed, err := p.Unsealed(t.Context(), newest.Size, 11)
		if err != nil {
			t.Fatal(err)
		}
		if newest.Position != 10 || newest.Size != 9 || newest.Root != (proof.Hash{1}) || unsealed != 1 {
			t.Errorf("the newest seal is %+v, and %d events are not under seal", newest, unsealed)
		}
		return append(all, newest, unsealed)
	})
}

// The numbers of docs/performance.md.
func BenchmarkFold(b *testing.B) {
	story := projectiontest.NewStory(b)
	for range 5000 {
		story.Add("component:default/payments", event.EntityRegistered{Declaration: projectiontest.Component("payments", "group:a")})
	}
	for b.Loop() {
		b.StopTimer()
		p := open(b)
		b.StartTimer()
		if err := p.Apply(b.Context(), story.Records()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*5000/b.Elapsed().Seconds(), "events/s")
}
