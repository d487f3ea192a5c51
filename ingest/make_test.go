package ingest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// makeOf has somebody make the component x of an owner, in the portal.
func (w *world) makeOf(owner string) (eventlog.Position, error) {
	return w.translator.Make(w.t.Context(), ingest.Making{
		Ref: compX, By: event.Actor{Name: "Moss Bank"}, Cause: event.Cause{Request: "r-1"},
		Decide: func(*catalog.Entity) (*catalog.Entity, error) {
			return &catalog.Entity{
				APIVersion: "backstage.io/v1alpha1", Kind: "Component", Metadata: catalog.Metadata{Name: "x"},
				Spec: map[string]any{"type": "service", "lifecycle": "production", "owner": owner},
			}, nil
		},
	})
}

// What somebody makes is an entity with their name and request, and changes only if it is
// made another one.
func TestMake(t *testing.T) {
	w := newWorld(t)
	at, err := w.makeOf("a")
	if err != nil {
		t.Fatal(err)
	}
	before := w.uid(compX)
	e := w.get(compX)
	if !e.Origin.FromPortal() || e.Origin.Place() != "the portal" || e.Since.Actor.Name != "Moss Bank" || e.Since.Cause.Request != "r-1" || e.Since.Position != at || !strings.Contains(w.documentAt(at), "owner: a") {
		t.Errorf("made is %+v, since %+v:\n%s", e.Origin, e.Since, w.documentAt(at))
	}
	if again, err := w.makeOf("a"); again != 0 || err != nil {
		t.Errorf("the same once more is event %d, %v", again, err)
	}
	if _, err := w.makeOf("b"); err != nil || w.get(compX).Entity.SpecString("owner") != "b" || w.uid(compX) != before {
		t.Errorf("changed: %v, of %s, uid %s for %s", err, w.get(compX).Entity.SpecString("owner"), w.uid(compX), before)
	}
	_, err = w.makeOf("")
	if wrong, ok := errors.AsType[ingest.Wrong](err); !ok || fault.KindOf(err) != fault.Invalid || wrong.Problems[0].Path != "spec.owner" {
		t.Errorf("without an owner: %v", err)
	}
	if w.get(compX).Entity.SpecString("owner") != "b" {
		t.Error("what is wrong was made")
	}
}

// unmake has somebody take the component x out of the catalog, in the portal.
func (w *world) unmake() (eventlog.Position, error) {
	w.t.Helper()
	return w.translator.Make(w.t.Context(), ingest.Making{
		Ref: compX, By: event.Actor{Name: "Fen Lock"}, Cause: event.Cause{Request: "r-2"},
		Decide: func(*catalog.Entity) (*catalog.Entity, error) { return nil, nil },
	})
}

// What somebody made is taken away again, on record with who did it, and made anew as
// another one. What a file declares is taken away there.
func TestMakeNoMore(t *testing.T) {
	w := newWorld(t)
	if at, err := w.unmake(); at != 0 || err != nil {
		t.Errorf("what is not there is taken away by event %d, %v", at, err)
	}
	if _, err := w.makeOf("a"); err != nil {
		t.Fatal(err)
	}
	before := w.uid(compX)
	at, err := w.unmake()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := w.log.At(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	d, err := event.DecodeAs[event.EntityRemoved](rec.Event)
	if err != nil || d.Ref != compX || d.Reason != "it was deleted in the portal" || !d.Origin.FromPortal() || rec.Actor.Name != "Fen Lock" || rec.Cause.Request != "r-2" {
		t.Errorf("%+v by %+v because of %+v, %v", d, rec.Actor, rec.Cause, err)
	}
	if _, err := w.makeOf("a"); err != nil || w.uid(compX) == before {
		t.Errorf("made anew: uid %s, %v", w.uid(compX), err)
	}
	w.push("payments", "mossbank", files{yaml: component("x", "b")})
	if _, err := w.unmake(); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "is declared in acme/payments/catalog-info.yaml: change it there") {
		t.Errorf("taken away all the same: %v", err)
	}
}

func (w *world) documentAt(p eventlog.Position) string {
	w.t.Helper()
	rec, err := w.log.At(w.t.Context(), p)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	d, err := event.DecodeAs[event.EntityRegistered](rec.Event)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return d.Document
}

// A file that declares it takes it over, as the entity that it is; from then on it is
// changed there. A push of something else, or a survey, leaves alone what was made.
func TestAFileTakesOverWhatWasMade(t *testing.T) {
	w := newWorld(t)
	if _, err := w.makeOf("a"); err != nil {
		t.Fatal(err)
	}
	before := w.uid(compX)
	w.push("payments", "mossbank", files{yaml: component("y", "a")})
	equal(t, []string{"removed component:default/y: catalog-info.yaml does not declare it any more", "rejected component:default/x in catalog-info.yaml at 5:spec.owner"}, tell(t, w.push("payments", "mossbank", files{yaml: without("x")})))
	if !w.get(compX).Origin.FromPortal() {
		t.Fatal("a broken descriptor has taken it")
	}
	recs := w.push("payments", "mossbank", files{yaml: component("x", "b")})
	equal(t, []string{"changed component:default/x in catalog-info.yaml owner b"}, tell(t, recs))
	d, err := event.DecodeAs[event.EntityChanged](recs[0].Event)
	if err != nil || d.Reason != "it was made in the portal: acme/payments/catalog-info.yaml has it now" || w.uid(compX) != before {
		t.Errorf("it is taken over because %q, %v", d.Reason, err)
	}
	if rec := recs[0]; rec.Actor.Login != "mossbank" || rec.Cause.Commit != w.forge.repo("payments").head || rec.Cause.Delivery == "" || !rec.Time.Equal(rec.Recorded) {
		t.Errorf("it is %v's at %v, recorded at %v, by %+v", rec.Actor, rec.Time, rec.Recorded, rec.Cause)
	}
	if _, err := w.makeOf("c"); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "is declared in acme/payments/catalog-info.yaml: change it there") {
		t.Errorf("made all the same: %v", err)
	}
	equal(t, []string{"removed component:default/x: catalog-info.yaml was deleted"}, tell(t, w.push("payments", "mossbank", files{})))
}
