package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/projections/deliveries"
)

// read gets an address of the portal.
func (r *running) read(t *testing.T, path string) (int, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Accept", "text/html")
	resp, err := r.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (r *running) says(t *testing.T, path string, texts ...string) {
	t.Helper()
	status, body := r.read(t, path)
	for _, want := range texts {
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, and not %q in\n%s", path, status, want, body)
		}
	}
}

// The page, the API and the metrics say the same of how complete a source is.
func TestTruthIsTheSameEverywhere(t *testing.T) {
	r := startSurveyed(t, "@every 24h")
	payments := r.repository(t, demoforge.GitHub, "acme/payments")
	push(t, payments, map[string]string{"catalog-info.yaml": service("payments")})
	r.mustSurvey(t, demoforge.GitHub)
	r.says(t, "/sources/github", "No webhook leads here")
	r.says(t, "/api/sources/github", `"condition":"unheard"`, `"lagSeconds":0.`)
	if err := r.makeHook(t.Context(), "github"); err != nil {
		t.Fatal(err)
	}
	r.untilHooked(t, "github")
	r.mustSurvey(t, demoforge.GitHub)
	r.says(t, "/sources/github", "Complete", "GitHub, organisation acme", "Look for changes now")
	r.says(t, "/api/sources/github", `"condition":"complete"`, `"lagSeconds":0,`, `"repositories":{"total":1,"archived":0}`, `"compared":"`)
	r.says(t, "/metrics", `callboard_source_lag_seconds{source="github"} 0`, `callboard_source_repositories{source="github"} 1`, `callboard_source_gaps_open{source="github"} 0`, `callboard_source_complete_through_timestamp_seconds{source="github"} 1.`)
	r.says(t, "/sources/github/repositories/acme/payments", "/catalog/default/component/payments")

	r.forge.SetFaults(func(*http.Request) demoforge.Fault { return demoforge.Fault{Status: http.StatusUnauthorized} })
	if err := r.survey(t, demoforge.GitHub); err == nil {
		t.Fatal("the survey ended well")
	}
	r.says(t, "/sources/github", "Cannot be asked")
	r.says(t, "/sources", "The forge of github cannot be asked.")
	r.says(t, "/api/sources/github", `"condition":"unreachable"`, `"error":"`)
	r.says(t, "/metrics", `callboard_source_survey_failing{source="github"} 1`)
}

// A delivery's page shows what came; one that is refused is seen where one connects.
func TestDeliveriesAsTheyCame(t *testing.T) {
	r := startPortal(t)
	payments := r.repository(t, demoforge.GitHub, "acme/payments")
	d := push(t, payments, map[string]string{"catalog-info.yaml": service("payments")})
	if status := r.send(t, d); status != http.StatusAccepted {
		t.Fatalf("the door answers %d", status)
	}
	r.settle(t)
	page, err := r.portal.deliveries.List(t.Context(), deliveries.Filter{Source: "github", Status: event.DeliveryDone})
	if err != nil || len(page.Deliveries) != 1 {
		t.Fatalf("%+v, %v", page.Deliveries, err)
	}
	at := "/sources/github/deliveries/" + url.PathEscape(page.Deliveries[0].ID)
	r.says(t, at, "acme/payments", "/catalog/default/component/payments", "X-Github-Event")
	if _, body := r.read(t, at); strings.Contains(body, "hook-secret") || strings.Contains(body, "Signature-256") {
		t.Error("a secret is shown")
	}
	r.says(t, at+"/body", `"full_name"`)

	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+"/hooks/gitlab", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("X-Gitlab-Event", "Push Hook")
	q.Header.Set("X-Gitlab-Token", "another")
	resp, err := r.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	r.says(t, "/sources/gitlab/connect", "Something came, with another secret.", "Push Hook")
}
