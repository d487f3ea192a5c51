package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

// hooksAt counts the webhooks that an organisation or a group has at the forge.
func (r *running) hooksAt(t *testing.T, p demoforge.Provider, owner string) int {
	t.Helper()
	at := map[demoforge.Provider]string{demoforge.GitHub: "orgs/" + owner, demoforge.GitLab: "api/v4/groups/" + owner}[p]
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.forge.APIURL(p)+at+"/hooks", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer forge-token")
	resp, err := r.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var all []json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// stored is a source that was connected, as it is kept.
func (r *running) stored(t *testing.T, name string) config.Source {
	t.Helper()
	s, err := r.connected(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A source that was connected is given another token, one more owner and another secret
// on its page, and is taken away there, with its webhooks.
func TestChangeOnPage(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			r, name := startEmpty(t), string(p)
			repo := r.repository(t, p, "acme/pay")
			push(t, r.repository(t, p, "labs/ideas"), map[string]string{"README.md": "ideas"})
			v := newVisitor(t).open(r.base+"/sources/connect?forge="+name).
				press("Connect", map[string]string{"owner": "acme", "token": "forge-token", "url": strings.TrimSuffix(r.forge.APIURL(p), "/")})
			r.mustSurvey(t, p)
			r.pushed(t, repo, "pay")
			first := r.stored(t, name).WebhookSecret.Reveal()

			v.open(r.base + "/sources/" + name).follow("Change").isAt("/sources/" + name + "/change")
			v.press("Save", map[string]string{"token": "wrong-token"}).isTold(".problem", "does not accept the token").isTold("#main .strip a[href='#c-token']", "Another token")
			v.press("Save", map[string]string{"owner": ""}).isTold(".problem", "Name at least one")
			v.press("Save", map[string]string{"owner": "acme, no body!"}).isTold(".problem", "with commas between")
			v.press("Save", map[string]string{"owner": "acme, nobody"}).isTold(".problem", "there is none of this name")
			if s := r.stored(t, name); s.Token != "forge-token" || len(s.Organizations)+len(s.Groups) != 1 {
				t.Fatalf("what cannot be was kept: %v", s)
			}
			if p == demoforge.GitHub {
				for names, says := range map[string]string{"garbage": "“garbage” names no repository", "acme/pay, acme/none": "There is no repository acme/none", "labs/ideas": "of none of the organisations"} {
					v.press("Save", map[string]string{"owner": "acme", "repositories": names}).isTold("#c-repositories-problem", says)
				}
				if s := r.stored(t, name); len(s.Repositories) > 0 {
					t.Fatalf("repositories that are none were kept: %v", s.Repositories)
				}
				v.press("Save", map[string]string{"owner": "acme", "repositories": "acme/pay"}).isTold(".toast", "It is changed").press("Save", map[string]string{"repositories": ""})
			}
			v.press("Save", map[string]string{"owner": "acme, labs", "token": "forge-token"}).isAt("/sources/" + name + "/change")
			v.isTold(".toast", "It is changed")
			r.untilHooked(t, name)
			if got := r.hooksAt(t, p, "labs"); got != 1 {
				t.Errorf("what came has %d webhooks", got)
			}

			v.press("Make a new secret", nil).isAt("/sources/" + name + "/connect")
			r.untilHooked(t, name)
			if s := r.stored(t, name); s.WebhookSecret.Reveal() == first || s.PreviousSecret.Reveal() != first {
				t.Error("the secret before does not count beside another one")
			}
			r.pushed(t, repo, "pay-again")
			if refused := r.door.Refusals(name); len(refused) > 0 {
				t.Errorf("refused was %+v", refused)
			}
			v.open(r.base+"/sources/"+name+"/change").press("Forget the secret before", nil).isTold(".toast", "It is changed")
			if s := r.stored(t, name); s.PreviousSecret != "" {
				t.Error("the secret before still counts")
			}
			v.press("Make a new secret", map[string]string{"hook": ""})
			byHand := r.stored(t, name).WebhookSecret.Reveal()
			v.isTold(".copy code", byHand, r.base+"/hooks/"+name)
			if v.header.Get("Cache-Control") != "no-store" {
				t.Error("the page with the secret may be kept")
			}

			v = newVisitor(t).open(r.base + "/sources/" + name).follow("Disconnect")
			v.isTold("main li", "entities that came from it stay in the catalog", "Its webhook is deleted at the forge")
			v.press("Disconnect "+name, nil).isTold(".strip", "is disconnected.", "The 2 webhooks are deleted at the forge.")
			if got := r.hooksAt(t, p, "acme") + r.hooksAt(t, p, "labs"); got != 0 {
				t.Errorf("%d webhooks are left", got)
			}
			if !r.has("component:default/pay-again") || len(r.apiSources()) > 0 {
				t.Error("the entity is gone, or the source is not")
			}
			r.hides(t, v, "forge-token", first, byHand)
		})
	}
}

// untilHooked waits until no webhook of a source is being made.
func (r *running) untilHooked(t *testing.T, source string) {
	t.Helper()
	r.hooks.mu.Lock()
	run, ok := r.hooks.runs[source]
	r.hooks.mu.Unlock()
	if !ok {
		t.Fatalf("no webhook of %s was made", source)
	}
	<-run.ended
	if w, _ := r.hooks.state(source); w.Error != "" {
		t.Fatal(w.Error)
	}
	if err := r.forge.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.settle(t)
}

// The webhook of a source that is taken away stays where the forge does not let it be
// deleted, which is told.
func TestDisconnectTellsOfWhatStays(t *testing.T) {
	r := startEmpty(t)
	r.repository(t, demoforge.GitHub, "acme/pay")
	v := newVisitor(t).open(r.base+"/sources/connect?forge=github").
		press("Connect", map[string]string{"owner": "acme", "token": "forge-token", "url": r.forge.URL() + "/github"})
	r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
		if q.Method == http.MethodDelete {
			return demoforge.Fault{Status: http.StatusForbidden}
		}
		return demoforge.Fault{}
	})
	v.open(r.base+"/sources/github/disconnect").press("Disconnect github", nil)
	v.isTold(".strip", "could not be deleted", "admin:org_hook", "Delete what sends to "+r.base+"/hooks/github there")
	if got := r.hooksAt(t, demoforge.GitHub, "acme"); got != 1 || len(r.apiSources()) > 0 {
		t.Errorf("%d webhooks, sources %v", got, r.apiSources())
	}
}

// The API changes what is given of a source that was connected, and nothing of one of
// the configuration file, whose pages say where that is changed.
func TestChangeByAPI(t *testing.T) {
	r := startPortal(t)
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	portal := newPortalClient(r.base, token)
	settings := api.SourceSettings{Name: "more", Type: config.GitHub, URL: r.forge.APIURL(demoforge.GitHub), Token: "forge-token", WebhookSecret: "first", Organizations: []string{"acme-labs"}}
	r.repository(t, demoforge.GitHub, "acme/pay")
	r.repository(t, demoforge.GitHub, "acme-labs/pay")
	if err := portal.ask(t.Context(), http.MethodPost, "/api/sources", settings, nil); err != nil {
		t.Fatal(err)
	}
	settings.Name, settings.Organizations = "twice", []string{"Acme-Labs"}
	if err := portal.ask(t.Context(), http.MethodPost, "/api/sources", settings, nil); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "source more reads Acme-Labs already") {
		t.Errorf("connecting what another one reads: %v", err)
	}
	settings.Name = "github"
	if err := portal.ask(t.Context(), http.MethodPost, "/api/sources", settings, nil); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "stands in the configuration file") {
		t.Errorf("connecting one of the file: %v", err)
	}
	patch := func(source string, body any) error {
		return portal.ask(t.Context(), http.MethodPatch, "/api/sources/"+source, body, nil)
	}
	for _, tt := range []struct {
		name, source string
		body         any
		want         fault.Kind
	}{
		{"of the file", "github", map[string]any{"token": "x"}, fault.Conflict},
		{"of none", "none", map[string]any{"token": "x"}, fault.NotFound},
		{"a key that is none", "more", map[string]any{"tokn": "x"}, fault.Invalid},
		{"a schedule that is none", "more", map[string]any{"reconcile": "now and then"}, fault.Invalid},
		{"what another one reads", "more", map[string]any{"organizations": []string{"acme-labs", "acme"}}, fault.Conflict},
		{"a token that is not taken", "more", map[string]any{"token": "wrong-token"}, fault.Invalid},
	} {
		if err := patch(tt.source, tt.body); fault.KindOf(err) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	was := r.stored(t, "more")
	if err := patch("more", map[string]any{"repositories": []string{"acme-labs/pay"}, "people": false, "webhookSecret": "second"}); err != nil {
		t.Fatal(err)
	}
	want := was
	want.Repositories, want.People, want.WebhookSecret, want.PreviousSecret = []string{"acme-labs/pay"}, "false", "second", "first"
	if got := r.stored(t, "more"); !sameSource(config.Config{Sources: []config.Source{want}}, config.Config{Sources: []config.Source{got}}, "more") {
		t.Errorf("it is %+v, want %+v", got, want)
	}
	if err := patch("more", map[string]any{"rotateSecret": true}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a third secret: %v", err)
	}
	if err := patch("more", map[string]any{"forgetPreviousSecret": true, "repositories": []string{}}); err != nil {
		t.Fatal(err)
	}
	if got := r.stored(t, "more"); got.PreviousSecret != "" || len(got.Repositories) > 0 {
		t.Errorf("it is %+v", got)
	}
	r.says(t, "/api/sources/more", `"connected":true`)
	r.says(t, "/api/sources/github", `"connected":false`)
	v := newVisitor(t).open(r.base+"/sources/github").isTold("[aria-labelledby=h-settings]", "They stand in the configuration file")
	for _, page := range []string{"change", "disconnect"} {
		v.open(r.base+"/sources/github/"+page).isTold(".strip", "github stands in the configuration file.")
	}
	if err := portal.ask(t.Context(), http.MethodDelete, "/api/sources/github", nil, nil); fault.KindOf(err) != fault.Conflict {
		t.Errorf("taking away what stands in the file: %v", err)
	}
}
