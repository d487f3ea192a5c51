package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

// Connecting from a terminal leaves a source, a webhook that is heard, and a
// catalog; a second time it changes what is there.
func TestConnectCommand(t *testing.T) {
	r := startEmpty(t)
	for p, flag := range map[demoforge.Provider]string{demoforge.GitHub: "--org", demoforge.GitLab: "--group"} {
		repo := r.repository(t, p, "acme/from-"+string(p))
		push(t, repo, map[string]string{"catalog-info.yaml": service("first-" + string(p))})
		for _, says := range []string{"is made", "is there, and changed"} {
			if p == demoforge.GitLab {
				says = "lead"
			}
			code, text := r.connectByCommand(t, p, flag, "acme")
			for _, want := range []string{"the token sees acme", says, "the webhook is heard", "1 repositories were read"} {
				if code != 0 || !strings.Contains(text, want) {
					t.Fatalf("%s: exit code %d, and %q is not in\n%s", p, code, want, text)
				}
			}
			if strings.Contains(text, "forge-token") {
				t.Error("the token is shown")
			}
		}
		push(t, repo, map[string]string{"catalog-info.yaml": service("second-" + string(p))})
		if err := r.forge.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.settle(t)
		if !r.has("component:default/second-"+string(p)) || r.has("component:default/first-"+string(p)) {
			t.Errorf("%s: a push after connecting is not in the catalog", p)
		}
	}
	if got := r.eventsOf(t, event.TypeSourceGapFound); len(got) > 0 {
		t.Errorf("gaps were found: %q", got)
	}
	if code, text := r.connectByCommand(t, demoforge.GitHub, "--org", "nobody"); code != exitProblems || !strings.Contains(text, "read organisation nobody") {
		t.Errorf("an organisation that is not there: exit code %d\n%s", code, text)
	}
}

// connectByCommand runs `callboard connect`, and returns its exit code and what it says.
func (r *running) connectByCommand(t *testing.T, p demoforge.Provider, flag, name string) (int, string) {
	t.Helper()
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	env := map[string]string{"GITHUB_TOKEN": "forge-token", "GITLAB_TOKEN": "forge-token"}
	code := run(t.Context(), process{
		Args: []string{"connect", string(p), flag, name, "--url", r.forge.APIURL(p), "--portal", r.base, "--portal-token", token},
		Env:  func(key string) (string, bool) { v, ok := env[key]; return v, ok }, Stdout: &out, Stderr: &errs,
	})
	return code, out.String() + errs.String()
}

// Connecting may fail again and again: what the forge signs with the secret that it
// was given first is taken all the same.
func TestConnectAgainLocksNobodyOut(t *testing.T) {
	for p, flag := range map[demoforge.Provider]string{demoforge.GitHub: "--org", demoforge.GitLab: "--group"} {
		t.Run(string(p), func(t *testing.T) {
			r := startEmpty(t)
			repo := r.repository(t, p, "acme/pay")
			push(t, repo, map[string]string{"README.md": "hello"})
			if code, text := r.connectByCommand(t, p, flag, "acme"); code != 0 {
				t.Fatalf("exit code %d\n%s", code, text)
			}
			r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
				if strings.Contains(q.URL.Path, "/hooks") && q.Method != http.MethodGet {
					return demoforge.Fault{Status: http.StatusBadGateway}
				}
				return demoforge.Fault{}
			})
			for range 2 {
				if code, text := r.connectByCommand(t, p, flag, "acme"); code != exitProblems || !strings.Contains(text, "make the webhook of") {
					t.Fatalf("exit code %d\n%s", code, text)
				}
			}
			r.forge.SetFaults(nil)
			r.pushed(t, repo, "pay")
			if refused := r.door.Refusals(string(p)); len(refused) > 0 {
				t.Errorf("what the forge sent was refused: %+v", refused)
			}
		})
	}
}

// What the settings of a source that was connected leave out stays as it is, and so
// does what they cannot say.
func TestConnectAgainChangesWhatIsGiven(t *testing.T) {
	was := config.Source{
		Name: "github", Type: config.GitHub, Token: "first-token", WebhookSecret: "second", PreviousSecret: "first",
		Organizations: []string{"acme"}, Grace: 1, Archived: true, SkipForks: true, Reconcile: "@every 2h",
	}
	for _, tt := range []struct {
		name   string
		given  config.Source
		change func(*config.Source)
	}{
		{"nothing", config.Source{}, func(*config.Source) {}},
		{"another token", config.Source{Token: "other-token"}, func(s *config.Source) { s.Token = "other-token" }},
		{"another secret", config.Source{WebhookSecret: "third"}, func(s *config.Source) { s.WebhookSecret, s.PreviousSecret = "third", "second" }},
		{"the same secret", config.Source{WebhookSecret: "second"}, func(*config.Source) {}},
		{"one more organisation", config.Source{Organizations: []string{"Acme", "labs"}}, func(s *config.Source) { s.Organizations = []string{"Acme", "labs"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.given.Name, tt.given.Type = was.Name, was.Type
			want := was
			tt.change(&want)
			got, err := changed(was, tt.given)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	if got, err := changed(was, config.Source{Name: "github", Type: config.GitHub, Organizations: []string{"labs"}}); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "acme") {
		t.Errorf("another organisation in the place of the first: %+v, %v", got, err)
	}
	app := config.Source{Name: "github", Type: config.GitHub, WebhookSecret: "second", App: config.App{ID: "1", PrivateKeyFile: "app-github.pem"}}
	if got, err := changed(app, config.Source{Name: "github", Type: config.GitHub, Token: "first-token"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a token for an App: %+v, %v", got, err)
	}
}

// A token is sent nowhere but to the forge that it was given for.
func TestConnectElsewhereTakesAnotherToken(t *testing.T) {
	for _, tt := range []struct {
		name       string
		was, given config.Source
		wants      bool // another token
	}{
		{"another address", config.Source{Type: config.GitHub, URL: "https://ghes.acme.example/api/v3"}, config.Source{Type: config.GitHub, URL: "https://evil.example"}, true},
		{"another type", config.Source{Type: config.GitHub}, config.Source{Type: config.GitLab}, true},
		{"another type at one address", config.Source{Type: config.GitHub, URL: "https://forge.acme.example"}, config.Source{Type: config.Git, URL: "https://forge.acme.example"}, true},
		{"from the public one", config.Source{Type: config.GitLab}, config.Source{Type: config.GitLab, URL: "https://evil.example"}, true},
		{"the public one by its name", config.Source{Type: config.GitHub}, config.Source{Type: config.GitHub, URL: "https://api.github.com/"}, false},
		{"no address", config.Source{Type: config.GitHub, URL: "https://ghes.acme.example/api/v3"}, config.Source{Type: config.GitHub}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.was.Name, tt.was.Token, tt.was.WebhookSecret = "forge", "first-token", "first"
			tt.given.Name = "forge"
			got, err := changed(tt.was, tt.given)
			if wants := fault.KindOf(err) == fault.Invalid; wants != tt.wants || !wants && got.Token != "first-token" {
				t.Errorf("got token %q, %v", got.Token.Reveal(), err)
			}
			if !tt.wants {
				return
			}
			tt.given.Token = "other-token"
			got, err = changed(tt.was, tt.given)
			if err != nil || got.Token != "other-token" || got.WebhookSecret == "first" {
				t.Errorf("with a token of its own: %q, secret %q, %v", got.Token.Reveal(), got.WebhookSecret.Reveal(), err)
			}
		})
	}
}

// The API keeps the token of a source from another address.
func TestConnectElsewhereIsRefused(t *testing.T) {
	r := startEmpty(t)
	asked := make(chan string, 1)
	evil := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		select {
		case asked <- q.Header.Get("Authorization"):
		default:
		}
	}))
	defer evil.Close()
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	portal := newPortalClient(r.base, token)
	settings := api.SourceSettings{Name: "github", Type: config.GitHub, URL: r.forge.APIURL(demoforge.GitHub), Token: "forge-token", Organizations: []string{"acme"}}
	if err := portal.ask(t.Context(), http.MethodPost, "/api/sources", settings, nil); err != nil {
		t.Fatal(err)
	}
	settings.URL, settings.Token = evil.URL, ""
	err = portal.ask(t.Context(), http.MethodPost, "/api/sources", settings, nil)
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "give a token, too") {
		t.Errorf("got %v", err)
	}
	r.repository(t, demoforge.GitHub, "acme/pay")
	r.mustSurvey(t, demoforge.GitHub)
	select {
	case sent := <-asked:
		t.Errorf("the other address was sent %q", sent)
	default:
	}
}
