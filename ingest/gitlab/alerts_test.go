package gitlab_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Vulnerabilities that are open are alerts, by the tool that reports them.
func TestListedVulnerabilities(t *testing.T) {
	const one = `{"id": %d, "title": "Flaw", "state": %q, "severity": %q, "report_type": %q, "created_at": "2026-03-01T09:00:00.000Z", "updated_at": "2026-03-02T09:00:00.000Z"}`
	list := "[" + fmt.Sprintf(one, 1, "detected", "high", "sast") + "," + fmt.Sprintf(one, 2, "confirmed", "info", "dependency_scanning") + "," +
		fmt.Sprintf(one, 3, "resolved", "high", "sast") + "," + fmt.Sprintf(one, 4, "dismissed", "low", "secret_detection") + "]"
	f := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, list) })
	got, err := f.(ingest.AlertLister).OpenAlerts(t.Context(), ledger)
	if err != nil {
		t.Fatal(err)
	}
	alert := func(id, severity string) ingest.Alert {
		return ingest.Alert{
			ActivityAlert: event.ActivityAlert{ID: id, State: event.AlertOpen, Severity: severity, Title: "Flaw", Opened: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)},
			Updated:       time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		}
	}
	want := map[string][]ingest.Alert{"code scanning": {alert("1", "high")}, "dependencies": {alert("2", "")}, "secrets": {}}
	for tool := range want {
		for i := range want[tool] {
			if ledger.URL != "" {
				want[tool][i].URL = ledger.URL + "/-/security/vulnerabilities/" + want[tool][i].ID
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An instance that has none of it says nothing of alerts, rather than that there are none.
func TestVulnerabilitiesThatAreNotTold(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   fault.Kind
	}{
		"not Ultimate": {http.StatusForbidden, `{"message": "403 Forbidden"}`, ""},
		"not there":    {http.StatusNotFound, `{"message": "404 Not Found"}`, ""},
		"in trouble":   {http.StatusBadGateway, ``, fault.Unavailable},
		"null":         {http.StatusOK, `null`, fault.Unavailable},
		"other things": {http.StatusOK, `[{"name": "x"}]`, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			all, err := f.(ingest.AlertLister).OpenAlerts(t.Context(), ledger)
			if err != nil && fault.KindOf(err) != test.want || (err == nil) != (test.want == "") || len(all) != 0 {
				t.Errorf("got %v, %v; want kind %q", all, err, test.want)
			}
		})
	}
}
