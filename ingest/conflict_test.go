package ingest_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
)

// A conflict comes, is told once, gives way to what is wrong in itself and comes
// back, names the keeper wherever that goes, and ends with either of the two.
func TestConflict(t *testing.T) {
	const (
		inLedger   = "conflicted component:default/x in catalog-info.yaml with acme/payments/catalog-info.yaml"
		movedAway  = "conflicted component:default/x in catalog-info.yaml with acme/payments/a/catalog-info.yaml"
		registered = "registered component:default/x in catalog-info.yaml owner b"
	)
	w := newWorld(t)
	push := func(id string, tree files, want ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, want...), tell(t, w.push(id, "mossbank", tree))); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		w.restart()
	}
	with := func() event.Origin {
		t.Helper()
		if err := w.catchUp(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		all := w.catalog.Snapshot().Conflicts(compX)
		if len(all) != 1 || all[0].Origin.RepositoryID != "ledger" {
			t.Fatalf("the conflicts are %+v", all)
		}
		return *all[0].With
	}
	push("payments", files{yaml: component("x", "a")}, "registered component:default/x in catalog-info.yaml owner a")
	push("ledger", files{yaml: component("x", "b")}, inLedger)
	push("ledger", files{yaml: component("x", "b"), "README.md": "more"})
	push("payments", files{yaml: component("x", "c")}, "changed component:default/x in catalog-info.yaml owner c")
	push("ledger", files{yaml: component("x", "b"), "README.md": "still more"})
	push("ledger", files{yaml: without("x")}, "rejected component:default/x in catalog-info.yaml at 5:spec.owner")
	push("ledger", files{yaml: component("x", "b")}, inLedger)
	push("ledger", files{yaml: unreadable}, "rejected component:default/x in catalog-info.yaml at 3:")
	push("ledger", files{yaml: component("x", "b")}, inLedger)

	if got := with(); got.RepositoryID != "payments" || got.Path != yaml || got.Line != 1 {
		t.Errorf("it is kept in %+v", got)
	}
	push("payments", files{"a/" + yaml: component("x", "c")}, "changed component:default/x in a/catalog-info.yaml owner c")
	if got := with(); got.Path != "a/"+yaml {
		t.Errorf("after the keeper has moved it is still kept in %+v", got)
	}
	push("ledger", files{yaml: component("x", "b"), "README.md": "why not"}, movedAway)
	w.forge.repo("payments").name = "acme/bank"
	push("payments", files{"a/" + yaml: component("x", "d")}, "changed component:default/x in a/catalog-info.yaml owner d")
	if got := with(); got.Repository != "acme/bank" {
		t.Errorf("after its repository has another name it is kept in %+v", got)
	}

	push("ledger", files{}, "removed component:default/x: catalog-info.yaml was deleted")
	if w.catchUp(t.Context(), 0) != nil || len(w.catalog.Snapshot().Rejections()) > 0 {
		t.Error("the conflict is not over")
	}
	push("ledger", files{yaml: component("x", "b")}, "conflicted component:default/x in catalog-info.yaml with acme/bank/a/catalog-info.yaml")
	push("payments", files{}, "removed component:default/x: a/catalog-info.yaml was deleted")
	var got []string
	for _, asked := range w.reclaim() {
		got = append(got, tell(t, w.handle(asked))...)
	}
	equal(t, []string{registered}, got)
}

// Logs of old versions say of a conflict that the descriptor is refused.
func TestConflictOfAnOldLog(t *testing.T) {
	for _, read := range []bool{false, true} {
		w := newWorld(t)
		w.push("payments", "mossbank", files{yaml: component("x", "a")})
		d := w.delivery("ledger", w.forge.push("ledger", "tamarisk", files{yaml: component("x", "b")}))
		e, err := event.New(event.SourcePrefix+"github", compX, event.EntityRejected{
			Ref: compX, Document: component("x", "b"),
			Origin:   event.Origin{Source: "github", Repository: "acme/ledger", RepositoryID: "ledger", Path: yaml},
			Problems: []event.Problem{{Path: "metadata.name", Line: 1, Column: 1, Message: "names component:default/x, which is declared already in catalog-info.yaml of acme/payments"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Cause.Delivery = "old", d.Subject
		if _, err := w.log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		w.restart()
		if read {
			want := []string{"conflicted component:default/x in catalog-info.yaml with acme/payments/catalog-info.yaml"}
			if diff := cmp.Diff(want, tell(t, w.handle(d))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		w.push("payments", "mossbank", files{})
		asked := w.reclaim()
		if len(asked) != 1 {
			t.Fatalf("%d deliveries are asked for", len(asked))
		}
		if got := tell(t, w.handle(asked[0])); len(got) != 1 || got[0] != "registered component:default/x in catalog-info.yaml owner b" {
			t.Errorf("read in between %v: it is not taken over: %v", read, got)
		}
	}
}

func TestConflictOfLocations(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("a.yaml", component("x", "a"))
	p.site.put("b.yaml", component("x", "b"))
	a, b := p.register("a.yaml"), p.register("b.yaml")
	p.read(a.ID)
	equal(t, []string{"conflicted component:default/x in " + p.site.at("b.yaml") + " with " + p.site.at("a.yaml")}, tell(t, p.read(b.ID))[1:])
	equal(t, []string{}, tell(t, p.read(b.ID)))

	// A repository, too.
	equal(t, []string{"conflicted component:default/x in catalog-info.yaml with " + p.site.at("a.yaml")},
		tell(t, p.push("payments", "mossbank", files{yaml: component("x", "c")})))
	if err := p.locations.Remove(t.Context(), a.ID, event.Cause{}); err != nil {
		t.Fatal(err)
	}
	asked := p.reclaim()
	if len(asked) != 1 {
		t.Fatalf("%d deliveries are asked for", len(asked))
	}
	equal(t, []string{"registered component:default/x in catalog-info.yaml owner c"}, tell(t, p.handle(asked[0])))
	equal(t, []string{"conflicted component:default/x in " + p.site.at("b.yaml") + " with acme/payments/catalog-info.yaml"}, tell(t, p.read(b.ID)))
}

// A file that a location led to before its repository was read is one file; what
// to do is another thing then.
func TestConflictOfOneFile(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("blob/main/"+yaml, component("x", "a"))
	body, err := json.Marshal(ingest.Meaning{
		Repository: ingest.Repository{ID: "payments", DefaultBranch: "main", Pages: ingest.Pages{View: p.site.at("blob/main/")}},
		Push:       &ingest.Push{After: p.forge.push("payments", "mossbank", files{yaml: component("x", "a")})},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := p.store("push", string(body))
	l := p.register("blob/main/" + yaml)
	p.read(l.ID)
	recs := p.handle(d)
	equal(t, []string{"conflicted component:default/x in catalog-info.yaml with " + l.Target}, tell(t, recs))
	c, err := event.DecodeAs[event.EntityConflicted](recs[0].Event)
	if err != nil {
		t.Fatal(err)
	}
	want := "names component:default/x, which the location " + l.Target + " brings in from this very file; remove that location, and it is taken from here by itself"
	if got := c.Problems[0].Message; got != want {
		t.Errorf("the problem is %q, want %q", got, want)
	}
	if err := p.locations.Remove(t.Context(), l.ID, event.Cause{}); err != nil {
		t.Fatal(err)
	}
	for _, asked := range p.reclaim() {
		equal(t, []string{"registered component:default/x in catalog-info.yaml owner a"}, tell(t, p.handle(asked)))
	}
	if at := p.get(compX).Origin; at.Source != "github" {
		t.Errorf("it is in %s of %s", at.Path, at.Source)
	}
}
