package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
)

// Connecting from a terminal leaves a source, a webhook that is heard, and a
// catalog; a second time it changes what is there.
func TestConnectCommand(t *testing.T) {
	service_ := demoforge.Service{Token: "forge-token", Limit: 1 << 30}
	forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitHub: service_, GitLab: service_, Background: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { forge.Close() })
	p := runPortal(t, config.Default())
	r := &running{portal: p, forge: forge, base: p.url(), inbox: handledWatch{log: p.inbox}}
	token, err := loadToken(p.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	connect := func(p demoforge.Provider, flag, name string) (int, string) {
		t.Helper()
		var out, errs bytes.Buffer
		env := map[string]string{"GITHUB_TOKEN": "forge-token", "GITLAB_TOKEN": "forge-token"}
		code := run(t.Context(), process{
			Args: []string{"connect", string(p), flag, name, "--url", forge.APIURL(p), "--to", r.base, "--to-token", token},
			Env:  func(key string) (string, bool) { v, ok := env[key]; return v, ok }, Stdout: &out, Stderr: &errs,
		})
		return code, out.String() + errs.String()
	}
	for p, flag := range map[demoforge.Provider]string{demoforge.GitHub: "--org", demoforge.GitLab: "--group"} {
		repo := r.repository(t, p, "acme/from-"+string(p))
		push(t, repo, map[string]string{"catalog-info.yaml": service("first-" + string(p))})
		for _, says := range []string{"is made", "new secret"} {
			if p == demoforge.GitLab {
				says = "lead"
			}
			code, text := connect(p, flag, "acme")
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
		if err := forge.Deliver(t.Context()); err != nil {
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
	if code, text := connect(demoforge.GitHub, "--org", "nobody"); code != exitProblems || !strings.Contains(text, "read organisation nobody") {
		t.Errorf("an organisation that is not there: exit code %d\n%s", code, text)
	}
}
