package github_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

func openAlerts(ctx context.Context, f ingest.Forge, repo ingest.Repository) (map[string][]ingest.Alert, error) {
	return f.(ingest.AlertLister).OpenAlerts(ctx, repo)
}

// What is listed is what webhooks told of and did not end, with the same ids.
func TestListedAlertsAreThoseToldOf(t *testing.T) {
	forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitHub: demoforge.Service{Token: "forge-token", Secret: exampleSecret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := forge.Close(); err != nil {
			t.Error(err)
		}
	})
	repo, err := forge.Create(demoforge.GitHub, "acme/payments", demoforge.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	source := newSource(t, github.Options{URL: forge.APIURL(demoforge.GitHub), Token: "forge-token"})
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	told := map[string]event.ActivityAlert{}
	for i := range 250 { // of which some pages are full
		a := demoforge.Activity{Event: "dependabot_alert", Action: "created", Number: i + 1, Severity: "low", Time: at.Add(time.Duration(i) * time.Minute)}
		for _, action := range []string{"created", "fixed"} {
			if a.Action = action; action == "fixed" && i%2 == 0 {
				continue
			}
			d, err := repo.Emit(a)
			if err != nil {
				t.Fatal(err)
			}
			m, err := source.Translate(ingest.Delivery{Event: d.Event, Header: d.Header, Body: d.Body})
			if err != nil || len(m.Said) != 1 {
				t.Fatalf("%s leads to %+v, %v", action, m, err)
			}
			said, err := event.DecodeAs[event.ActivityAlert](m.Said[0])
			if err != nil {
				t.Fatal(err)
			}
			if told[said.ID] = said; said.State != event.AlertOpen {
				delete(told, said.ID)
			}
		}
	}
	if _, err := repo.Emit(demoforge.Activity{Event: "secret_scanning_alert", Action: "created", Number: 7, Time: at}); err != nil {
		t.Fatal(err)
	}
	all, err := openAlerts(t.Context(), source.Forge(), ingest.Repository{ID: fmt.Sprint(repo.ID()), FullName: "acme/payments"})
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]event.ActivityAlert{}
	for _, a := range all["dependencies"] {
		a.Tool, a.Repository = "dependencies", told[a.ID].Repository
		listed[a.ID] = a.ActivityAlert
		if a.Updated.IsZero() {
			t.Errorf("alert %s says no time", a.ID)
		}
	}
	if diff := cmp.Diff(told, listed); diff != "" || len(listed) != 125 {
		t.Errorf("%d alerts (-told +listed):\n%s", len(listed), diff)
	}
	if code, on := all["code scanning"]; !on || len(code) != 0 || len(all["secrets"]) != 1 || all["secrets"][0].ID != "7" {
		t.Errorf("code scanning has %v, secrets %v, want none and one", code, all["secrets"])
	}
}

// A tool that is off says nothing; a forge that has trouble is asked again.
func TestAlertsOfToolsThatAreOff(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		tools  int
		want   fault.Kind
	}{
		"off":            {http.StatusForbidden, `{"message": "Dependabot alerts are disabled for this repository."}`, 0, ""},
		"not there":      {http.StatusNotFound, `{"message": "no analysis found"}`, 0, ""},
		"on, none":       {http.StatusOK, `[]`, 3, ""},
		"in trouble":     {http.StatusServiceUnavailable, ``, 0, fault.Unavailable},
		"no list":        {http.StatusOK, `{}`, 0, fault.Unavailable},
		"null":           {http.StatusOK, `null`, 0, fault.Unavailable},
		"of other shape": {http.StatusOK, `[{"state": "open"}]`, 0, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			all, err := openAlerts(t.Context(), f, payments)
			if err != nil && fault.KindOf(err) != test.want || (err == nil) != (test.want == "") || len(all) != test.tools {
				t.Errorf("got %v, %v; want %d tools and kind %q", all, err, test.tools, test.want)
			}
		})
	}
}

// Dependabot's pages are named by cursors. A secret is kept nowhere, though a server shows it.
func TestAlertPages(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		q := r.URL.Query()
		switch {
		case strings.Contains(r.URL.Path, "secret-scanning"):
			fmt.Fprint(w, `[{"number": 3, "state": "open", "secret": "hunter2-hunter2", "secret_type": "api_key"}]`)
		case !strings.Contains(r.URL.Path, "dependabot"):
			fmt.Fprint(w, `[]`)
		case q.Get("after") == "":
			w.Header().Set("Link", fmt.Sprintf("<http://%s%s?after=abc>; rel=\"next\"", r.Host, r.URL.Path))
			fmt.Fprint(w, `[{"number": 1, "state": "open"}]`)
		default:
			fmt.Fprint(w, `[{"number": 2, "state": "open"}]`)
		}
		asked = append(asked, r.URL.Path+" "+q.Get("after")+" "+q.Get("hide_secret"))
	}))
	t.Cleanup(s.Close)
	cache := filepath.Join(t.TempDir(), "answers")
	source := newSource(t, github.Options{URL: s.URL + "/api/v3", Token: "a token for tests", Cache: cache})
	all, err := openAlerts(t.Context(), source.Forge(), payments)
	if err != nil {
		t.Fatal(err)
	}
	if len(all["dependencies"]) != 2 || all["dependencies"][1].ID != "2" || len(all["secrets"]) != 1 || len(asked) != 4 {
		t.Errorf("got %+v by asking %q", all, asked)
	}
	if err := source.Save(); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(cache)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(kept), "code-scanning") || strings.Contains(string(kept), "secret-scanning") {
		t.Errorf("of the answers, that about secrets was remembered, or none was: %q", kept)
	}
}
