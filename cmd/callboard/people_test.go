package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest/survey"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/projections/deliveries"
)

var (
	mossbank = demoforge.Person{Name: "Moss Bank", Email: "mossbank@acme.example", Login: "mossbank"}
	fernhill = demoforge.Person{Name: "Fern Hill", Email: "fernhill@acme.example", Login: "fernhill"}
	newcomer = demoforge.Person{Name: "New Comer", Email: "newcomer@acme.example", Login: "newcomer"}
)

// did hands on the delivery of what was done at the forge.
func (r *running) did(t *testing.T) func(demoforge.Delivery, error) {
	t.Helper()
	return func(d demoforge.Delivery, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if status := r.send(t, d); status != http.StatusAccepted {
			t.Fatalf("the door answers %d", status)
		}
	}
}

// inhabit gives acme at a forge a platform with storage in it, mossbank in the
// outer and pebbledash in the inner, and fernhill in none.
func (r *running) inhabit(t *testing.T, p demoforge.Provider) {
	t.Helper()
	do := r.did(t)
	if p == demoforge.GitHub {
		do(r.forge.AddMember(p, "acme", fernhill, "member"))
		do(r.forge.AddTeam(demoforge.Team{Org: "acme", Slug: "platform", Name: "Platform", Description: "Runs it"}))
		do(r.forge.AddTeam(demoforge.Team{Org: "acme", Slug: "storage", Parent: "platform"}))
		do(r.forge.AddToTeam("acme", "platform", mossbank, "maintainer"))
		do(r.forge.AddToTeam("acme", "storage", pebbledash, "member"))
		return
	}
	r.forge.AddPerson(fernhill)
	do(r.forge.AddMember(p, "acme", fernhill, "developer"))
	do(r.forge.AddMember(p, "acme", mossbank, "owner"))
	do(r.forge.AddMember(p, "acme", pebbledash, "developer"))
	do(r.forge.AddOwner(p, "acme/platform", demoforge.OwnerSettings{Name: "Platform", Description: "Runs it"}))
	do(r.forge.AddOwner(p, "acme/platform/storage", demoforge.OwnerSettings{}))
	do(r.forge.AddMember(p, "acme/platform", mossbank, "owner"))
	do(r.forge.AddMember(p, "acme/platform/storage", pebbledash, "developer"))
}

// inner is what the inner team's entity is called.
func inner(p demoforge.Provider) string {
	if p == demoforge.GitLab {
		return "platform-storage"
	}
	return "storage"
}

// related lists an entity's relations of a type.
func (r *running) related(t *testing.T, ref, typ string) string {
	t.Helper()
	e, ok := r.catalog.Snapshot().Get(ref)
	if !ok {
		return "no " + ref
	}
	var all []string
	for _, rel := range e.Relations {
		if rel.Type == typ {
			all = append(all, strings.TrimPrefix(strings.TrimPrefix(rel.TargetRef, "group:default/"), "user:default/"))
		}
	}
	return strings.Join(all, " ")
}

// entityEvents returns what the log holds of entities: type, ref and, of removals,
// why.
func (r *running) entityEvents(t *testing.T) []string {
	t.Helper()
	var all []string
	for rec, err := range r.events.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(rec.Type), "entity.") {
			continue
		}
		line := strings.TrimSuffix(strings.TrimPrefix(string(rec.Type), "entity."), ".v1") + " " + rec.Subject
		if d, err := event.DecodeAs[event.EntityRemoved](rec.Event); err == nil {
			line += ": " + d.Reason
		}
		if !strings.HasPrefix(rec.Cause.Schedule, "people ") && rec.Cause.Delivery == "" {
			t.Errorf("%s is caused by %+v", line, rec.Cause)
		}
		if rec.Cause.Commit == "" && rec.Actor != (event.Actor{}) {
			t.Errorf("%s is the doing of %+v", line, rec.Actor)
		}
		all = append(all, line)
	}
	return all
}

// news returns what has come since the first n events of entities, sorted, and how
// many there are now.
func (r *running) news(t *testing.T, n int) ([]string, int) {
	t.Helper()
	all := r.entityEvents(t)
	return slices.Sorted(slices.Values(all[n:])), len(all)
}

func (r *running) status(p demoforge.Provider) survey.Status {
	for _, s := range r.intake().surveyor.Status() {
		if s.Source == string(p) {
			return s
		}
	}
	return survey.Status{}
}

func TestPeopleBecomeEntities(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			r := startSurveyed(t, "@every 24h")
			r.inhabit(t, p)
			r.settle(t)
			r.mustSurvey(t, p)
			in := inner(p)
			for _, one := range [][3]string{
				{"group:default/acme", "parentOf", "platform"},
				{"group:default/platform", "childOf", "acme"},
				{"group:default/platform", "parentOf", in},
				{"group:default/platform", "hasMember", "mossbank"},
				{"group:default/" + in, "childOf", "platform"},
				{"user:default/pebbledash", "memberOf", "acme " + in},
				{"user:default/mossbank", "memberOf", "acme platform"},
				{"user:default/fernhill", "memberOf", "acme"},
			} {
				if got := r.related(t, one[0], one[1]); got != one[2] {
					t.Errorf("%s is %s %q, want %q", one[0], one[1], got, one[2])
				}
			}
			e, _ := r.catalog.Snapshot().Get("group:default/platform")
			profile, _ := e.Entity.Spec["profile"].(map[string]any)
			if m := e.Entity.Metadata; m.Description != "Runs it" || profile["displayName"] != "Platform" ||
				m.Annotations["backstage.io/managed-by-location"] != "url:"+m.Annotations["backstage.io/view-url"] || m.Annotations["backstage.io/edit-url"] == "" {
				t.Errorf("the team is %+v", m)
			}
			key, want := "github.com/team-slug", "acme/platform"
			if p == demoforge.GitLab {
				key = "127.0.0.1/team-path"
			}
			if got := e.Entity.Metadata.Annotations[key]; got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
			u, _ := r.catalog.Snapshot().Get("user:default/mossbank")
			if profile, _ := u.Entity.Spec["profile"].(map[string]any); profile["displayName"] != "Moss Bank" {
				t.Errorf("mossbank's profile is %v", profile)
			}
			if s := r.status(p); s.Groups != 3 || s.People != 3 || s.NoPeople != "" || len(s.LeftOut) > 0 || s.Peopled.IsZero() {
				t.Errorf("the status is %+v", s)
			}

			// The same once more says nothing, and costs nothing at GitHub.
			_, n := r.news(t, 0)
			before := r.forge.Requests(p)
			r.mustSurvey(t, p)
			asked := r.forge.Requests(p)
			for status, count := range maps.Clone(asked) {
				if asked[status] = count - before[status]; asked[status] == 0 {
					delete(asked, status)
				}
			}
			t.Logf("%s: the first survey is answered %v, the second %v", p, before, asked)
			if asked[http.StatusOK] > 0 || asked[http.StatusNotModified] == 0 {
				t.Errorf("the second survey is answered %v, want 304 alone", asked)
			}
			if got, _ := r.news(t, n); len(got) > 0 {
				t.Errorf("nothing changed, and there is %q", got)
			}
		})
	}
}

func TestPeopleComeAndGo(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			r := startSurveyed(t, "@every 24h")
			r.inhabit(t, p)
			r.settle(t)
			r.mustSurvey(t, p)
			_, n := r.news(t, 0)
			do, in := r.did(t), inner(p)
			steps := []struct {
				does string
				do   map[demoforge.Provider]func()
				want map[demoforge.Provider][]string
			}{
				{"fernhill joins the inner team", map[demoforge.Provider]func(){
					demoforge.GitHub: func() { do(r.forge.AddToTeam("acme", "storage", fernhill, "member")) },
					demoforge.GitLab: func() { do(r.forge.AddMember(p, "acme/platform/storage", fernhill, "developer")) },
				}, both("changed group:default/"+in, "changed user:default/fernhill")},
				{"pebbledash leaves it", map[demoforge.Provider]func(){
					demoforge.GitHub: func() { do(r.forge.RemoveFromTeam("acme", "storage", pebbledash)) },
					demoforge.GitLab: func() { do(r.forge.RemoveMember(p, "acme/platform/storage", pebbledash)) },
				}, both("changed group:default/"+in, "changed user:default/pebbledash")},
				{"mossbank leaves the organisation", map[demoforge.Provider]func(){
					demoforge.GitHub: func() { do(r.forge.RemoveMember(p, "acme", mossbank)) },
					demoforge.GitLab: func() {
						if _, err := r.forge.RemoveMember(p, "acme", mossbank); err != nil { // told of would be a step of its own
							t.Fatal(err)
						}
						do(r.forge.RemoveMember(p, "acme/platform", mossbank))
					},
				}, both("changed group:default/platform", "removed user:default/mossbank: mossbank is not a member of acme any more")},
				{"the inner team is renamed", map[demoforge.Provider]func(){
					demoforge.GitHub: func() {
						do(r.forge.ChangeTeam("acme", "storage", func(team *demoforge.Team) { team.Name, team.Slug = "Vaults", "vaults" }))
					},
					demoforge.GitLab: func() { do(r.forge.RenameOwner(p, "acme/platform/storage", "acme/platform/vaults")) },
				}, map[demoforge.Provider][]string{
					demoforge.GitHub: {"changed group:default/platform", "changed user:default/fernhill", "registered group:default/vaults", "removed group:default/storage: team storage is called vaults now"},
					demoforge.GitLab: {"changed group:default/platform", "changed user:default/fernhill", "registered group:default/platform-vaults", "removed group:default/platform-storage: team platform/storage is called platform/vaults now"},
				}},
				{"it is deleted", map[demoforge.Provider]func(){
					demoforge.GitHub: func() { do(r.forge.RemoveTeam("acme", "vaults")) },
					demoforge.GitLab: func() { do(r.forge.RemoveOwner(p, "acme/platform/vaults")) },
				}, map[demoforge.Provider][]string{
					demoforge.GitHub: {"changed group:default/platform", "changed user:default/fernhill", "removed group:default/vaults: team vaults was deleted"},
					demoforge.GitLab: {"changed group:default/platform", "changed user:default/fernhill", "removed group:default/platform-vaults: team platform/vaults was deleted"},
				}},
			}
			for _, step := range steps {
				step.do[p]()
				r.mustSurvey(t, p)
				var got []string
				if got, n = r.news(t, n); !slices.Equal(got, step.want[p]) {
					t.Errorf("%s (-want +got):\n%s", step.does, cmp.Diff(step.want[p], got))
				}
			}
			if got := r.related(t, "user:default/fernhill", "memberOf"); got != "acme" {
				t.Errorf("fernhill is in %q", got)
			}
		})
	}
}

// A delivery about a team is enough: nobody has to wait for the next comparison.
func TestDeliveriesTellOfPeople(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			r := startSurveyed(t, "@every 24h")
			r.inhabit(t, p)
			r.settle(t)
			r.mustSurvey(t, p)
			do := r.did(t)
			if p == demoforge.GitHub {
				do(r.forge.AddToTeam("acme", "storage", fernhill, "member"))
			} else {
				do(r.forge.AddMember(p, "acme/platform/storage", fernhill, "developer"))
			}
			ctx, cancel := context.WithTimeout(t.Context(), storyWait)
			defer cancel()
			for rec, err := range r.events.Follow(ctx, 0) {
				if err != nil {
					t.Fatal(err)
				}
				if rec.Type == event.TypeEntityChanged && rec.Subject == "user:default/fernhill" && strings.Contains(string(rec.Data), inner(p)) {
					return
				}
			}
			t.Error("fernhill did not join")
		})
	}
}

func both(want ...string) map[demoforge.Provider][]string {
	return map[demoforge.Provider][]string{demoforge.GitHub: want, demoforge.GitLab: want}
}

// A descriptor takes a team over from the forge, whichever came first; nothing is
// in conflict; and the forge's team is back when the descriptor goes.
func TestDescriptorsKeepTeams(t *testing.T) {
	const declared = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: platform, description: by hand}\nspec: {type: team, children: []}\n"
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		for _, first := range []string{"the forge", "the descriptor"} {
			t.Run(fmt.Sprint(p, " after ", first), func(t *testing.T) {
				t.Parallel()
				r := startSurveyed(t, "@every 24h")
				repo := r.repository(t, p, "acme/org")
				declare := func() {
					r.send(t, push(t, repo, map[string]string{"catalog-info.yaml": declared}))
					r.settle(t)
				}
				if first == "the forge" {
					r.inhabit(t, p)
					r.mustSurvey(t, p)
					declare()
				} else {
					declare()
					r.inhabit(t, p)
				}
				r.mustSurvey(t, p)
				description := func() string {
					e, ok := r.catalog.Snapshot().Get("group:default/platform")
					if !ok {
						return "gone"
					}
					return e.Entity.Metadata.Description
				}
				if got := description(); got != "by hand" {
					t.Errorf("the team is %q, want that of the descriptor", got)
				}
				if got := r.related(t, "group:default/"+inner(p), "childOf"); got != "platform" {
					t.Errorf("the inner team is in %q", got)
				}
				for range 2 {
					r.mustSurvey(t, p)
				}
				if got := r.eventsOf(t, event.TypeEntityConflicted, event.TypeEntityRejected); len(got) > 0 {
					t.Errorf("there is %q", got)
				}
				if _, err := repo.Push("main", demoforge.Change{Author: pebbledash, Message: "Remove", Remove: []string{"catalog-info.yaml"}}); err != nil {
					t.Fatal(err)
				}
				r.mustSurvey(t, p) // sees that the branch has moved
				r.mustSurvey(t, p) // reads people, if nobody has yet
				if got := description(); got != "Runs it" {
					t.Errorf("the team is %q, want that of the forge", got)
				}
			})
		}
	}
}

// What a forge does not say, or says wrongly, takes nobody away.
func TestPeopleStay(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			r := startSurveyed(t, "@every 24h")
			r.inhabit(t, p)
			r.settle(t)
			r.mustSurvey(t, p)
			_, n := r.news(t, 0)
			of := func(part string, f demoforge.Fault) {
				r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
					if strings.HasSuffix(q.URL.Path, part) {
						return f
					}
					return demoforge.Fault{}
				})
			}
			for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
				of("acme/members", demoforge.Fault{Status: status})
				if p == demoforge.GitLab {
					of("/members", demoforge.Fault{Status: status})
				}
				r.mustSurvey(t, p)
				if s := r.status(p); !strings.Contains(s.NoPeople, "may not see its people") || s.Err != "" {
					t.Errorf("answered %d, the status is %+v", status, s)
				}
			}
			of("/members", demoforge.Fault{Status: http.StatusBadGateway})
			if err := r.survey(t, p); err == nil {
				t.Error("a forge in trouble ends a survey well")
			}
			if _, err := r.forge.AddMember(p, "acme", newcomer, map[demoforge.Provider]string{demoforge.GitHub: "member", demoforge.GitLab: "guest"}[p]); err != nil {
				t.Fatal(err)
			}
			of("/members", demoforge.Fault{Cut: true}) // of what has changed: a 304 has no body
			if err := r.survey(t, p); err == nil {
				t.Error("half an answer ends a survey well")
			}
			r.forge.SetFaults(nil)

			for _, who := range []demoforge.Person{mossbank, pebbledash, fernhill, newcomer} {
				for _, at := range []string{"acme", "acme/platform", "acme/platform/storage"} {
					if p == demoforge.GitLab || at == "acme" {
						r.forge.RemoveMember(p, at, who) // an error: they are not in that one
					}
				}
			}
			if err := r.survey(t, p); err == nil || !strings.Contains(err.Error(), "not believed") {
				t.Errorf("an empty organisation: %v", err)
			}
			if got, _ := r.news(t, n); len(got) > 0 {
				t.Errorf("there is %q", got)
			}
		})
	}
}

// More people than the guard lets go at once are held, as a delivery, and go when
// that is allowed.
func TestManyPeopleAreHeld(t *testing.T) {
	r := startSurveyed(t, "@every 24h")
	var crowd []demoforge.Person
	for i := range 12 {
		crowd = append(crowd, demoforge.Person{Name: "Somebody", Login: fmt.Sprint("sample-", i)})
		if _, err := r.forge.AddMember(demoforge.GitHub, "acme", crowd[i], "member"); err != nil {
			t.Fatal(err)
		}
	}
	r.mustSurvey(t, demoforge.GitHub)
	for _, who := range crowd[:8] {
		if _, err := r.forge.RemoveMember(demoforge.GitHub, "acme", who); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 { // and the log goes on meanwhile
		r.mustSurvey(t, demoforge.GitHub)
		name := fmt.Sprint("more-", i)
		push(t, r.repository(t, demoforge.GitHub, "acme/"+name), map[string]string{"catalog-info.yaml": service(name)})
	}
	if s := r.status(demoforge.GitHub); len(s.LeftOut) != 1 || !strings.Contains(s.LeftOut[0], "remove 8 of the ") || !r.has("user:default/sample-0") {
		t.Errorf("the status is %+v", s)
	}
	allow := func() {
		t.Helper()
		held, err := r.portal.deliveries.List(t.Context(), deliveries.Filter{Source: "github", Status: event.DeliveryHeld})
		if err != nil || len(held.Deliveries) != 1 {
			t.Fatalf("held are %+v, %v", held, err)
		}
		if err := r.intake().translator.Allow(t.Context(), held.Deliveries[0].ID, "meant", event.Actor{}); err != nil {
			t.Fatal(err)
		}
		r.settle(t)
		if r.has("user:default/sample-0") || !r.has("user:default/sample-11") {
			t.Error("what was allowed is not done")
		}
	}
	allow()

	// They come back, and the same go again: that is held once more, and can be allowed.
	for _, who := range crowd[:8] {
		if _, err := r.forge.AddMember(demoforge.GitHub, "acme", who, "member"); err != nil {
			t.Fatal(err)
		}
	}
	r.mustSurvey(t, demoforge.GitHub)
	if !r.has("user:default/sample-0") {
		t.Fatal("who came back is not there")
	}
	for _, who := range crowd[:8] {
		if _, err := r.forge.RemoveMember(demoforge.GitHub, "acme", who); err != nil {
			t.Fatal(err)
		}
	}
	r.mustSurvey(t, demoforge.GitHub)
	allow()
}
