package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/standing"
)

var pebbledash = demoforge.Person{Name: "Pebbledash", Email: "pebbledash@acme.example", Login: "pebbledash"}

// eventsOf returns what the log holds of some types: type, subject, and for gaps their kind.
func (r *running) eventsOf(t *testing.T, types ...event.Type) []string {
	t.Helper()
	var all []string
	for rec, err := range r.events.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(types, rec.Type) {
			continue
		}
		line := strings.TrimSuffix(string(rec.Type), ".v1") + " " + rec.Subject
		if rec.Type == event.TypeSourceGapFound {
			g, err := event.DecodeAs[event.SourceGapFound](rec.Event)
			if err != nil {
				t.Fatal(err)
			}
			line += " " + g.Kind
		}
		all = append(all, line)
	}
	return all
}

// survey looks for what is new in a source and waits for what that leads to.
func (r *running) survey(t *testing.T, p demoforge.Provider) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), storyWait)
	defer cancel()
	err := r.intake().surveyor.Surveyed(ctx, string(p))
	r.settle(t)
	return err
}

func (r *running) mustSurvey(t *testing.T, p demoforge.Provider) {
	t.Helper()
	if err := r.survey(t, p); err != nil {
		t.Fatal(err)
	}
}

func (r *running) has(ref string) bool {
	_, ok := r.catalog.Snapshot().Get(ref)
	return ok
}

func service(name string) string {
	return fmt.Sprintf("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: %s}\nspec: {type: service, lifecycle: production, owner: a}\n", name)
}

func (r *running) repository(t *testing.T, p demoforge.Provider, name string) *demoforge.Repository {
	t.Helper()
	repo, err := r.forge.Create(p, name, demoforge.Settings{DefaultBranch: "main"})
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func push(t *testing.T, repo *demoforge.Repository, files map[string]string) demoforge.Delivery {
	t.Helper()
	d, err := repo.Push("main", demoforge.Change{Author: pebbledash, Time: time.Now(), Message: "Change", Files: files})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Repositories are found although no delivery ever came; then a push whose
// delivery is lost is found by comparing heads, told as a gap, and made up for.
func TestSurveyFindsWhatWasMissed(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			r := startSurveyed(t, "@every 24h")
			payments, ledger, old := r.repository(t, p, "acme/payments"), r.repository(t, p, "acme/ledger"), r.repository(t, p, "acme/old")
			r.repository(t, p, "acme/empty")
			push(t, payments, map[string]string{"catalog-info.yaml": service("payments")})
			push(t, ledger, map[string]string{"services/ledger/catalog-info.yaml": service("ledger")})
			push(t, old, map[string]string{"catalog-info.yaml": service("old")})
			if _, err := old.Archive(pebbledash); err != nil {
				t.Fatal(err)
			}
			r.mustSurvey(t, p)
			if !r.has("component:default/payments") || !r.has("component:default/ledger") || r.has("component:default/old") {
				t.Errorf("the catalog has %d entities, want those of two repositories and none of the archived one", r.catalog.Snapshot().Len())
			}
			counts, err := r.repositories.Counts(t.Context(), string(p))
			if err != nil || counts.Repositories != 4 || counts.Archived != 1 {
				t.Errorf("there are %+v, %v", counts, err)
			}

			// A delivery that comes makes it a source that delivers, so that a missing one is a gap.
			if status := r.send(t, push(t, ledger, map[string]string{"README.md": "more"})); status != http.StatusAccepted {
				t.Fatalf("the door answers %d", status)
			}
			r.settle(t)
			push(t, payments, map[string]string{"catalog-info.yaml": service("payments") + "---\n" + service("till")})
			r.mustSurvey(t, p)
			if !r.has("component:default/till") {
				t.Error("what the lost push declares is not there")
			}
			want := []string{"source.gap.found acme/payments head", "source.gap.closed acme/payments"}
			if got := r.eventsOf(t, event.TypeSourceGapFound, event.TypeSourceGapClosed); !slices.Equal(got, want) {
				t.Errorf("the gaps are %q, want %q", got, want)
			}

			// A rename that no delivery told of is seen, and takes nothing away.
			if _, err := payments.Rename("acme/bank"); err != nil {
				t.Fatal(err)
			}
			r.mustSurvey(t, p)
			if got := r.eventsOf(t, event.TypeRepositoryRenamed); len(got) != 1 {
				t.Errorf("the renames are %q", got)
			}
			if !r.has("component:default/till") || len(r.eventsOf(t, event.TypeEntityRemoved)) > 0 {
				t.Error("a rename removed something")
			}
		})
	}
}

// A push that is held, and a repository whose first reading failed, are left to who
// is to look at them: comparisons ask for neither again, and neither is a gap.
func TestSurveyLeavesWhatWaits(t *testing.T) {
	r := startSurveyed(t, "@every 24h")
	payments, broken := r.repository(t, demoforge.GitHub, "acme/payments"), r.repository(t, demoforge.GitHub, "acme/broken")
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	var all strings.Builder
	for _, name := range names {
		all.WriteString("---\n" + service(name))
	}
	if status := r.send(t, push(t, payments, map[string]string{"catalog-info.yaml": all.String()})); status != http.StatusAccepted {
		t.Fatalf("the door answers %d", status)
	}
	r.settle(t)
	push(t, broken, map[string]string{"catalog-info.yaml": service("broken")})
	r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
		if strings.Contains(q.URL.Path, "/acme/broken/git/trees") {
			return demoforge.Fault{Status: http.StatusForbidden}
		}
		return demoforge.Fault{}
	})
	if status := r.send(t, push(t, payments, map[string]string{"catalog-info.yaml": service("a")})); status != http.StatusAccepted {
		t.Fatalf("the door answers %d", status)
	}
	r.settle(t)
	count := func(status event.DeliveryStatus) int {
		t.Helper()
		page, err := r.portal.deliveries.List(t.Context(), deliveries.Filter{Source: "github", Status: status})
		if err != nil {
			t.Fatal(err)
		}
		return page.Total
	}
	for range 4 {
		r.mustSurvey(t, demoforge.GitHub)
	}
	if held, failed := count(event.DeliveryHeld), count(event.DeliveryFailed); held != 1 || failed != 1 {
		t.Errorf("after four comparisons %d are held and %d failed, want one push and one look", held, failed)
	}
	if got := r.eventsOf(t, event.TypeSourceGapFound); len(got) > 0 {
		t.Errorf("the gaps are %q, and a delivery told of each", got)
	}
}

// A commit that is dated ahead was missed when that was found, at the latest.
func TestGapOfACommitAhead(t *testing.T) {
	r := startSurveyed(t, "@every 24h")
	till := r.repository(t, demoforge.GitHub, "acme/till")
	r.send(t, push(t, till, map[string]string{"catalog-info.yaml": service("till")}))
	r.settle(t)
	ahead := demoforge.Change{Author: pebbledash, Time: time.Date(2099, 1, 2, 0, 0, 0, 0, time.UTC), Message: "Change", Files: map[string]string{"README.md": "ahead"}}
	if _, err := till.Push("main", ahead); err != nil {
		t.Fatal(err)
	}
	r.mustSurvey(t, demoforge.GitHub)
	gaps, err := r.repositories.Gaps(t.Context(), "github", 9)
	if err != nil || len(gaps) != 1 || gaps[0].Since.After(gaps[0].Found) {
		t.Fatalf("the gaps are %+v, %v", gaps, err)
	}
	if _, body := r.read(t, "/api/history/events?type=source.gap.found"); strings.Contains(body, "2099") || !strings.Contains(body, "no delivery told so") {
		t.Errorf("on record is %s", body)
	}
}

// A removal that nobody told of waits for a person, and is no gap any more; one more of the
// same repository takes its place, and to allow that ends it.
func TestSurveyHoldsOneLook(t *testing.T) {
	r := startSurveyed(t, "@every 24h")
	payments := r.repository(t, demoforge.GitHub, "acme/payments")
	declare := func(names ...string) demoforge.Delivery {
		var all strings.Builder
		for _, name := range names {
			all.WriteString("---\n" + service(name))
		}
		return push(t, payments, map[string]string{"catalog-info.yaml": all.String()})
	}
	r.send(t, declare("a", "b", "c", "d", "e", "f", "g", "h", "i"))
	r.settle(t)
	for _, left := range [][]string{{"a", "b"}, {"a"}} {
		declare(left...)
		for range 3 {
			r.mustSurvey(t, demoforge.GitHub)
			r.settle(t)
		}
	}
	of := func(status event.DeliveryStatus) []deliveries.Delivery {
		t.Helper()
		page, err := r.portal.deliveries.List(t.Context(), deliveries.Filter{Source: "github", Status: status})
		if err != nil {
			t.Fatal(err)
		}
		return page.Deliveries
	}
	held, replaced := of(event.DeliveryHeld), of(event.DeliveryNotNeeded)
	if len(held) != 1 || held[0].Removes != 8 || len(replaced) != 1 || !strings.Contains(replaced[0].Reason(), "a newer look") {
		t.Fatalf("held are %+v, and not needed %+v", held, replaced)
	}
	state, err := r.standing.One(t.Context(), "github")
	if err != nil || state.Is != standing.Unheard || state.Counts.OpenGaps > 0 {
		t.Errorf("the source is %s with %d open gaps, %v", state.Is, state.Counts.OpenGaps, err)
	}
	if err := r.allow(t.Context(), replaced[0].ID, "meant"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("allowing what is not held any more: %v", err)
	}
	if err := r.allow(t.Context(), held[0].ID, "meant"); err != nil {
		t.Fatal(err)
	}
	r.settle(t)
	if held := of(event.DeliveryHeld); len(held) > 0 || r.has("component:default/b") {
		t.Errorf("after one was allowed, held are %+v", held)
	}
}

// Nothing that a forge answers wrongly removes anything.
func TestSurveyRemovesNothing(t *testing.T) {
	r := startSurveyed(t, "@every 24h")
	payments := r.repository(t, demoforge.GitHub, "acme/payments")
	push(t, payments, map[string]string{"catalog-info.yaml": service("payments")})
	r.mustSurvey(t, demoforge.GitHub)
	if !r.has("component:default/payments") {
		t.Fatal("the entity did not come")
	}
	for name, status := range map[string]int{"not found": http.StatusNotFound, "denied": http.StatusForbidden, "trouble": http.StatusBadGateway, "no token": http.StatusUnauthorized} {
		r.forge.SetFaults(func(*http.Request) demoforge.Fault { return demoforge.Fault{Status: status} })
		if err := r.survey(t, demoforge.GitHub); err == nil {
			t.Errorf("%s: the survey ended well", name)
		}
		if !r.has("component:default/payments") {
			t.Fatalf("%s: the entity is gone", name)
		}
	}
	r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
		if strings.Contains(q.URL.Path, "/repos/") || strings.Contains(q.URL.Path, "/repositories/") {
			return demoforge.Fault{Status: http.StatusNotFound}
		}
		return demoforge.Fault{}
	})
	r.mustSurvey(t, demoforge.GitHub)
	if !r.has("component:default/payments") {
		t.Error("the list has the repository, its own address has not, and the entity is gone")
	}
}

// hook registers the portal's webhook at the forge, as connecting does.
func (r *running) hook(t *testing.T, p demoforge.Provider) {
	t.Helper()
	path, body := "orgs/acme/hooks", fmt.Sprintf(`{"name": "web", "active": true, "events": ["*"], "config": {"url": "%s/hooks/github", "content_type": "json", "secret": "hook-secret"}}`, r.base)
	if p == demoforge.GitLab {
		path, body = "api/v4/groups/acme/hooks", fmt.Sprintf(`{"url": "%s/hooks/gitlab", "token": "hook-secret", "push_events": true}`, r.base)
	}
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.forge.APIURL(p)+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Authorization", "Bearer forge-token")
	answer, err := r.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Fatalf("the forge answers %s", answer.Status)
	}
}

// A delivery that the forge could not deliver is fetched from its record, once,
// and handled as the delivery that it is.
func TestSurveyFetchesDeliveries(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			r := startSurveyed(t, "@every 24h")
			payments := r.repository(t, p, "acme/payments")
			push(t, payments, map[string]string{"README.md": "hello"})
			r.hook(t, p)
			if err := r.forge.Deliver(t.Context()); err != nil { // a ping
				t.Fatal(err)
			}
			r.settle(t)
			r.mustSurvey(t, p)
			r.forge.SetFates(func(demoforge.Outgoing) demoforge.Fate { return demoforge.Fate{Lost: true} })
			push(t, payments, map[string]string{"catalog-info.yaml": service("payments")})
			if err := r.forge.Deliver(t.Context()); err != nil {
				t.Fatal(err)
			}
			if r.has("component:default/payments") {
				t.Fatal("it came all the same")
			}
			for range 2 {
				r.mustSurvey(t, p)
			}
			if !r.has("component:default/payments") {
				t.Error("what the lost push declares is not there")
			}
			want := []string{"source.gap.found " + string(p) + " delivery", "source.gap.closed " + string(p)}
			if got := r.eventsOf(t, event.TypeSourceGapFound, event.TypeSourceGapClosed); !slices.Equal(got, want) {
				t.Errorf("the gaps are %q, want %q", got, want)
			}
			page, err := r.portal.deliveries.List(t.Context(), deliveries.Filter{Source: string(p), Status: event.DeliveryDone, Limit: 1})
			if err != nil || len(page.Deliveries) != 1 || page.Deliveries[0].Size == 0 || page.Deliveries[0].Repository != "acme/payments" {
				t.Errorf("the newest delivery that is done is %+v, %v", page.Deliveries, err)
			}
			if last, heard, err := r.portal.deliveries.Heard(t.Context(), string(p)); err != nil || heard != (p == demoforge.GitHub) || !page.Deliveries[0].Fetched || last.Fetched { // GitLab sends no ping
				t.Errorf("what was fetched is told of as heard: %+v, %v", last, err)
			}
		})
	}
}
