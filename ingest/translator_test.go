package ingest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
)

const yaml = "catalog-info.yaml"

// A story is pushed to one repository, tree by tree; each push says what it
// must add to the log.
type step struct {
	tree files
	want []string
}

func TestStories(t *testing.T) {
	x, y := component("x", "a"), component("y", "a")
	stories := map[string][]step{
		"life of an entity": {
			{files{"README.md": "hello"}, nil},
			{files{yaml: x}, []string{"registered component:default/x in catalog-info.yaml owner a"}},
			{files{yaml: x, "README.md": "more"}, nil},
			{files{yaml: component("x", "b")}, []string{"changed component:default/x in catalog-info.yaml owner b"}},
			{files{}, []string{"removed component:default/x: catalog-info.yaml was deleted"}},
			{files{yaml: x}, []string{"registered component:default/x in catalog-info.yaml owner a"}},
		},
		"only the text changes": {
			{files{yaml: x}, []string{"registered component:default/x in catalog-info.yaml owner a"}},
			{files{yaml: "# a comment\n" + x}, nil},
			{files{yaml: "---\n" + x + "\n\n"}, nil},
		},
		"several documents": {
			{files{yaml: docs(x, y)}, []string{"registered component:default/x in catalog-info.yaml owner a", "registered component:default/y in catalog-info.yaml owner a"}},
			{files{yaml: docs(component("x", "b"), y)}, []string{"changed component:default/x in catalog-info.yaml owner b"}},
			{files{yaml: docs(y)}, []string{"removed component:default/x: catalog-info.yaml does not declare it any more"}},
			{files{yaml: docs(component("y", "b"), component("Y", "c"))}, []string{"changed component:default/y in catalog-info.yaml owner c"}}, // the last wins
		},
		"broken and mended": {
			{files{yaml: x}, []string{"registered component:default/x in catalog-info.yaml owner a"}},
			{files{yaml: without("x")}, []string{"rejected component:default/x in catalog-info.yaml at 5:spec.owner"}},
			{files{yaml: without("x"), "README.md": "still"}, nil},
			{files{yaml: x}, []string{"changed component:default/x in catalog-info.yaml owner a"}},
			{files{yaml: x, "README.md": "again"}, nil},
		},
		"one bad document harms no other": {
			{files{yaml: docs(x, without("y"))}, []string{
				"registered component:default/x in catalog-info.yaml owner a",
				"rejected component:default/y in catalog-info.yaml at 14:spec.owner",
			}},
			{files{yaml: docs(component("x", "b"), without("y"))}, []string{"changed component:default/x in catalog-info.yaml owner b"}},
			{files{yaml: docs(component("x", "b"), y)}, []string{"registered component:default/y in catalog-info.yaml owner a"}},
		},
		"an unreadable file keeps what it declared": {
			{files{yaml: docs(x, y)}, []string{"registered component:default/x in catalog-info.yaml owner a", "registered component:default/y in catalog-info.yaml owner a"}},
			{files{yaml: unreadable}, []string{
				"rejected component:default/x in catalog-info.yaml at 3:",
				"rejected component:default/y in catalog-info.yaml at 3:",
			}},
			{files{yaml: unreadable, "README.md": "still"}, nil},
			{files{yaml: docs(x)}, []string{
				"changed component:default/x in catalog-info.yaml owner a",
				"removed component:default/y: catalog-info.yaml does not declare it any more",
			}},
		},
		"a document without an envelope spoils the file": {
			{files{yaml: docs(x, "kind: Component\n")}, []string{"rejected  in catalog-info.yaml at 10:apiVersion 10:metadata"}},
			{files{yaml: docs(x, y)}, []string{"registered component:default/x in catalog-info.yaml owner a", "registered component:default/y in catalog-info.yaml owner a"}},
		},
		"an unreadable file in which nothing was known": {
			{files{yaml: unreadable}, []string{"rejected  in catalog-info.yaml at 3:"}},
			{files{yaml: unreadable, "README.md": "still"}, nil},
			{files{yaml: "# nothing\n"}, []string{"removed : catalog-info.yaml can be read again"}},
			{files{yaml: unreadable}, []string{"rejected  in catalog-info.yaml at 3:"}},
			{files{}, []string{"removed : catalog-info.yaml was deleted"}},
			{files{"README.md": "empty"}, nil},
		},
		"a refused document that never was any good": {
			{files{yaml: without("x")}, []string{"rejected component:default/x in catalog-info.yaml at 5:spec.owner"}},
			{files{yaml: component("z", "a")}, []string{
				"registered component:default/z in catalog-info.yaml owner a",
				"removed component:default/x: catalog-info.yaml does not declare it any more",
			}},
		},
		"moved": {
			{files{"a/" + yaml: docs(x, y)}, []string{"registered component:default/x in a/catalog-info.yaml owner a", "registered component:default/y in a/catalog-info.yaml owner a"}},
			{files{"b/" + yaml: docs(x, y)}, []string{"changed component:default/x in b/catalog-info.yaml owner a", "changed component:default/y in b/catalog-info.yaml owner a"}},
			{files{"a/" + yaml: y, "b/" + yaml: x}, []string{"changed component:default/y in a/catalog-info.yaml owner a"}},
		},
		"moved and broken at once": {
			{files{"a/" + yaml: x}, []string{"registered component:default/x in a/catalog-info.yaml owner a"}},
			{files{"b/" + yaml: without("x")}, []string{"rejected component:default/x in b/catalog-info.yaml at 5:spec.owner"}},
			{files{"b/" + yaml: x}, []string{"changed component:default/x in b/catalog-info.yaml owner a"}},
		},
		"moved out of an unreadable file": {
			{files{"a/" + yaml: docs(x, y)}, []string{"registered component:default/x in a/catalog-info.yaml owner a", "registered component:default/y in a/catalog-info.yaml owner a"}},
			{files{"a/" + yaml: unreadable}, []string{
				"rejected component:default/x in a/catalog-info.yaml at 3:",
				"rejected component:default/y in a/catalog-info.yaml at 3:",
			}},
			{files{"a/" + yaml: unreadable, "b/" + yaml: x}, []string{"changed component:default/x in b/catalog-info.yaml owner a"}},
			{files{"a/" + yaml: unreadable, "b/" + yaml: docs(x, y)}, []string{
				"changed component:default/y in b/catalog-info.yaml owner a",
				"rejected  in a/catalog-info.yaml at 3:",
			}},
			{files{"b/" + yaml: docs(x, y)}, []string{"removed : a/catalog-info.yaml was deleted"}},
		},
		"two files of one name for it": {
			{files{"b/" + yaml: x}, []string{"registered component:default/x in b/catalog-info.yaml owner a"}},
			{files{"a/" + yaml: component("x", "b"), "b/" + yaml: x}, []string{"conflicted component:default/x in a/catalog-info.yaml with acme/payments/b/catalog-info.yaml"}},
			{files{"a/" + yaml: component("x", "b"), "b/" + yaml: x, "README.md": "still"}, nil},
			{files{"a/" + yaml: component("x", "b"), "b/" + yaml: component("x", "c")}, []string{"changed component:default/x in b/catalog-info.yaml owner c"}},
			{files{"a/" + yaml: component("x", "b")}, []string{"changed component:default/x in a/catalog-info.yaml owner b"}},
		},
		"two files, and the second gives way": {
			{files{"a/" + yaml: x, "b/" + yaml: x}, []string{
				"registered component:default/x in a/catalog-info.yaml owner a",
				"conflicted component:default/x in b/catalog-info.yaml with acme/payments/a/catalog-info.yaml",
			}},
			{files{"a/" + yaml: x, "b/" + yaml: y}, []string{
				"registered component:default/y in b/catalog-info.yaml owner a",
				"removed component:default/x: b/catalog-info.yaml does not declare it any more",
			}},
			{files{"a/" + yaml: component("x", "b"), "b/" + yaml: y}, []string{"changed component:default/x in a/catalog-info.yaml owner b"}},
		},
		"a Location leads on": {
			{files{"catalog-info.yml": location("./x.yaml", "/deep/*.yaml"), "x.yaml": x, "deep/y.yaml": y, "deep/deeper/z.yaml": "no descriptor"}, []string{
				"registered location:default/all in catalog-info.yml owner ",
				"registered component:default/y in deep/y.yaml owner a",
				"registered component:default/x in x.yaml owner a",
			}},
			{files{"catalog-info.yml": location("./x.yaml", "/deep/*.yaml"), "x.yaml": component("x", "b"), "deep/y.yaml": y}, []string{
				"changed component:default/x in x.yaml owner b",
			}},
			{files{"catalog-info.yml": location("./x.yaml"), "x.yaml": component("x", "b"), "deep/y.yaml": y}, []string{
				"changed location:default/all in catalog-info.yml owner ",
				"removed component:default/y: catalog-info.yml does not lead to deep/y.yaml any more",
			}},
			{files{"catalog-info.yml": location("./x.yaml"), "deep/y.yaml": y}, []string{
				"removed component:default/x: x.yaml was deleted",
				"rejected location:default/all in catalog-info.yml at 7:spec.targets[0]",
			}},
			{files{"catalog-info.yml": location("./x.yaml"), "x.yaml": x}, []string{
				"changed location:default/all in catalog-info.yml owner ",
				"registered component:default/x in x.yaml owner a",
			}},
			{files{"catalog-info.yml": unreadable, "x.yaml": component("x", "b")}, []string{ // it leads where it led before
				"changed component:default/x in x.yaml owner b",
				"rejected location:default/all in catalog-info.yml at 3:",
			}},
			{files{"x.yaml": component("x", "b")}, []string{
				"removed component:default/x: catalog-info.yml does not lead to x.yaml any more",
				"removed location:default/all: catalog-info.yml was deleted",
			}},
		},
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for i, s := range story {
				got := tell(t, w.push("payments", "mossbank", s.tree))
				if s.want == nil {
					s.want = []string{}
				}
				if diff := cmp.Diff(s.want, got); diff != "" {
					t.Fatalf("push %d (-want +got):\n%s", i+1, diff)
				}
				w.restart() // nothing may depend on what a process remembers
			}
		})
	}
}

func TestEntityOfAnotherRepository(t *testing.T) {
	w := newWorld(t)
	w.push("payments", "mossbank", files{yaml: component("x", "a")})
	recs := w.push("ledger", "saltmarsh", files{yaml: docs(component("y", "b"), component("x", "b"))})
	want := []string{"registered component:default/y in catalog-info.yaml owner b", "conflicted component:default/x in catalog-info.yaml with acme/payments/catalog-info.yaml"}
	if diff := cmp.Diff(want, tell(t, recs)); diff != "" {
		t.Errorf("a second repository (-want +got):\n%s", diff)
	}
	r, err := event.DecodeAs[event.EntityConflicted](recs[1].Event)
	if err != nil {
		t.Fatal(err)
	}
	if m := r.Problems[0].Message; !strings.Contains(m, "which acme/payments/catalog-info.yaml declares already") {
		t.Errorf("the problem does not name the first: %s", m)
	}

	// It takes nothing from the first to give up the claim, nor to keep it.
	if got := tell(t, w.push("ledger", "saltmarsh", files{yaml: docs(component("y", "b"), component("x", "c"))})); len(got) != 1 {
		t.Errorf("another version of the second adds %v", got)
	}
	w.push("ledger", "saltmarsh", files{yaml: component("y", "b")})
	if err := w.catchUp(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if e, ok := w.catalog.Snapshot().Get(compX); !ok || e.Origin.RepositoryID != "payments" || len(w.catalog.Snapshot().Rejections()) > 0 {
		t.Errorf("after the second gave up there is %+v, with rejections %v", e, w.catalog.Snapshot().Rejections())
	}

	// When the first lets go, the second's next push takes over.
	w.push("ledger", "saltmarsh", files{yaml: component("x", "b")})
	w.push("payments", "mossbank", files{})
	want = []string{"registered component:default/x in catalog-info.yaml owner b"}
	if diff := cmp.Diff(want, tell(t, w.push("ledger", "saltmarsh", files{yaml: component("x", "b"), "README.md": "more"}))); diff != "" {
		t.Errorf("after the first let go (-want +got):\n%s", diff)
	}
}

func TestBurstKeepsItsHistory(t *testing.T) {
	w := newWorld(t)
	w.push("payments", "mossbank", files{yaml: component("x", "a")})
	var burst []eventlog.Record
	for _, owner := range []string{"b", "c", "d"} {
		burst = append(burst, w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", owner)})))
	}
	var got []string
	for _, d := range burst {
		got = append(got, tell(t, w.handle(d))...)
	}
	want := []string{
		"changed component:default/x in catalog-info.yaml owner b",
		"changed component:default/x in catalog-info.yaml owner c",
		"changed component:default/x in catalog-info.yaml owner d",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The same deliveries once more, in any order, change nothing: the branch is where it is.
	for _, d := range []int{1, 0, 2, 1} {
		if got := tell(t, w.handle(burst[d])); len(got) > 0 {
			t.Errorf("delivery %d again adds %v", d, got)
		}
	}
}

func TestLateDeliveries(t *testing.T) {
	tests := []struct {
		name string
		play func(w *world) (late []eventlog.Record)
	}{
		{"the older comes last", func(w *world) []eventlog.Record {
			older := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "b")}))
			newer := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "new")}))
			return []eventlog.Record{newer, older}
		}},
		{"the older comes last, after a restart", func(w *world) []eventlog.Record {
			older := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "b")}))
			newer := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "new")}))
			w.handle(newer)
			w.restart()
			return []eventlog.Record{older}
		}},
		{"rewritten, and the abandoned commit is gone", func(w *world) []eventlog.Record {
			abandoned := w.forge.push("payments", "mossbank", files{yaml: component("x", "b")})
			late := w.delivery("payments", abandoned)
			w.forge.repo("payments").head = w.forge.commit("payments", "mossbank", files{yaml: component("x", "new")})
			w.forge.repo("payments").pruned[abandoned] = true
			return []eventlog.Record{late}
		}},
		{"rewritten, and the abandoned commit is still there", func(w *world) []eventlog.Record {
			late := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "b")}))
			w.forge.repo("payments").head = w.forge.commit("payments", "mossbank", files{yaml: component("x", "new")})
			return []eventlog.Record{late}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.push("payments", "mossbank", files{yaml: component("x", "a")})
			for _, d := range tt.play(w) {
				w.handle(d)
			}
			if err := w.catchUp(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			e, ok := w.catalog.Snapshot().Get(compX)
			if !ok || e.Entity.SpecString("owner") != "new" {
				t.Errorf("in the end there is %+v, want the head's owner", e)
			}
		})
	}
}

func TestSameStateAgainIsNews(t *testing.T) {
	w := newWorld(t)
	w.push("payments", "mossbank", files{})
	without := w.forge.repo("payments").head
	w.push("payments", "mossbank", files{yaml: component("x", "a")})
	with := w.forge.repo("payments").head
	for range 3 { // back and forth by force
		for head, want := range map[string]string{without: "removed", with: "registered"} {
			if w.forge.repo("payments").head == head {
				continue
			}
			w.forge.repo("payments").head = head
			got := tell(t, w.handle(w.delivery("payments", head)))
			if len(got) != 1 || !strings.HasPrefix(got[0], want) {
				t.Fatalf("moving to %.7s adds %v, want x %s", head, got, want)
			}
		}
	}
}

// A crash between appending the events and recording the outcome makes the
// delivery come again, before the catalog has seen its events.
func TestTryingAgainAfterACrash(t *testing.T) {
	w := newWorld(t)
	d := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: docs(component("x", "a"), component("y", "a"))}))
	added := w.handle(d)
	outcomes := len(stored(t, w.deliveries))

	w.restart()
	w.catalog = entities.New() // it has not caught up, and Known is told to wait for it
	if again := w.handle(d); len(again) > 0 {
		t.Errorf("the second try adds %v", tell(t, again))
	}
	if n := len(stored(t, w.deliveries)); n != outcomes {
		t.Errorf("the second try adds %d outcomes", n-outcomes)
	}
	if len(added) != 2 {
		t.Errorf("the first try added %v", tell(t, added))
	}
}

func TestBackToContentThatWasKnownInPart(t *testing.T) {
	w := newWorld(t)
	x, y := component("x", "a"), component("y", "a")
	w.push("payments", "mossbank", files{yaml: docs(x, y)})
	w.push("payments", "mossbank", files{yaml: x})
	got := tell(t, w.push("payments", "mossbank", files{yaml: docs(x, y)}))
	if diff := cmp.Diff([]string{"registered component:default/y in catalog-info.yaml owner a"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestKnownContentIsNotReadAgain(t *testing.T) {
	w := newWorld(t)
	x, y := component("x", "a"), component("y", "a")
	w.push("payments", "mossbank", files{"a/" + yaml: docs(x, y), "b/" + yaml: component("z", "a"), "c/" + yaml: without("v")})
	w.restart()
	w.forge.asked = nil
	w.push("payments", "mossbank", files{"a/" + yaml: docs(x, y), "b/" + yaml: component("z", "b"), "c/" + yaml: without("v")})
	if diff := cmp.Diff([]string{"head", "tree", "blob b/" + yaml, "blob c/" + yaml, "between", "between"}, w.forge.asked, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}
