package ingest_test

import (
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// What is reported twice under one id is on record once; what has none, each time.
func TestReport(t *testing.T) {
	w := newWorld(t)
	coverage := event.Report{Entity: "component:default/payments", Name: "coverage", Value: []byte("83.1"), ID: "job-1"}
	other := coverage
	other.Name = "branches"
	ledger := event.Report{Repository: event.Repository{Source: "github", ID: "7", FullName: "acme/ledger"}, Name: "sbom", Value: []byte("true"), Time: w.now.Add(-time.Hour)}

	first, err := w.translator.Report(t.Context(), []event.Report{coverage, other, ledger}, " ci ", "request-1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.translator.Report(t.Context(), []event.Report{coverage, ledger}, "ci", "request-2")
	if err != nil {
		t.Fatal(err)
	}
	if !again[0].Duplicate || again[0].Position != first[0].Position || again[1].Duplicate {
		t.Errorf("told again: %+v, after %+v", again, first)
	}
	expect(t, w.lines(w.all()), "facts.coverage component:default/payments", "facts.branches component:default/payments", "facts.sbom acme/ledger", "facts.sbom acme/ledger")
	rec := w.all()[2]
	if rec.Actor.Name != "ci" || rec.Cause.Request != "request-1" || !rec.Time.Equal(w.now.Add(-time.Hour)) || rec.Subject != "acme/ledger" {
		t.Errorf("a report is on record as %+v", rec.Event)
	}
	if _, err := w.translator.Report(t.Context(), []event.Report{other}, "  ", ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a report of nobody: %v", err)
	}
}

func TestVerify(t *testing.T) {
	w := newWorld(t)
	p, err := w.translator.Verify(t.Context(), "component:default/payments", "Moss Bank", " checked ", "request-1")
	if err != nil {
		t.Fatal(err)
	}
	rec := w.all()[0]
	d, err := event.DecodeAs[event.FactRecorded](rec.Event)
	if err != nil || d.Fact != event.FactVerified || d.Entity != "component:default/payments" || string(d.Value) != `{"note":"checked"}` || rec.Actor.Name != "Moss Bank" || rec.Position != p {
		t.Errorf("on record is %+v by %s, %v", d, rec.Actor, err)
	}
	if _, err := w.translator.Verify(t.Context(), "component:default/payments", "", "", ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("nobody verifies: %v", err)
	}
}
