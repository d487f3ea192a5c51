package web_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

func TestConnectChoices(t *testing.T) {
	p := empty(t, func(c *web.Config) { sample.Only(c) })
	got := p.ok(p.ok("/sources").follow("main a", "Connect the first source"))
	for label, want := range map[string]string{
		"Connect GitHub": "/sources/connect?forge=github", "Connect GitLab": "/sources/connect?forge=gitlab", "Register a location": "/catalog/register",
	} {
		if to := got.follow("main a", label); to != want {
			t.Errorf("%s leads to %q", label, to)
		}
	}
}

// The events that the pages ask for are those that docs/connect.md explains.
func TestConnectEvents(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "docs", "connect.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "| GitHub | GitLab | leads to |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	want := map[string][]string{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, " | ")
		if strings.HasPrefix(row, "| (") { // what an App is sent unasked
			continue
		}
		for i, forge := range []string{"github", "gitlab"} {
			for name := range strings.SplitSeq(strings.ReplaceAll(strings.Trim(cells[i], "| *"), "Collaborator add, remove, or changed", "Collaborator"), ", ") {
				name, _, _ = strings.Cut(strings.Trim(name, "*"), " (of")
				if name != "–" {
					want[forge] = append(want[forge], strings.Replace(name, "Collaborator", "Collaborator add, remove, or changed", 1))
				}
			}
		}
	}
	p := acme(t)
	for forge, events := range want {
		form := url.Values{"forge": {forge}, "owner": {"acme"}, "name": {"labs"}}
		got := p.post("/sources/connect", form).texts("[aria-labelledby=h-webhook] .tag")
		slices.Sort(events)
		slices.Sort(got)
		if diff := cmp.Diff(events, got); diff != "" {
			t.Errorf("%s: the page and the documentation differ (-documented +asked for):\n%s", forge, diff)
		}
	}
}

func TestConnectGuide(t *testing.T) {
	for _, tt := range []struct {
		forge string
		fill  map[string]string
		hooks string
		yaml  string
		says  []string
	}{
		{
			"github", map[string]string{"owner": "acme-labs", "name": "github-labs"}, "https://github.com/organizations/acme-labs/settings/hooks/new",
			"sources: - name: github-labs type: github organizations: [acme-labs] token: ${GITHUB_LABS_TOKEN} webhookSecret: ${GITHUB_LABS_WEBHOOK_SECRET}",
			[]string{"https://callboard.acme.example/hooks/github-labs", "application/json", "Pushes", "Contents: read", "callboard connect github --org acme-labs --name github-labs"},
		},
		{
			"github", map[string]string{"owner": "acme", "name": "ghes", "url": "https://ghes.acme.example/"}, "https://ghes.acme.example/organizations/acme/settings/hooks/new",
			"sources: - name: ghes type: github url: https://ghes.acme.example/api/v3 organizations: [acme] token: ${GHES_TOKEN} webhookSecret: ${GHES_WEBHOOK_SECRET}",
			[]string{"--url https://ghes.acme.example/api/v3"},
		},
		{
			"gitlab", map[string]string{"owner": "acme/labs", "name": "labs"}, "https://gitlab.com/groups/acme/labs/-/hooks",
			"sources: - name: labs type: gitlab groups: [acme/labs] token: ${LABS_TOKEN} webhookSecret: ${LABS_WEBHOOK_SECRET}",
			[]string{"Secret token", "Push events", "read_api", "callboard connect gitlab --group acme/labs --name labs"},
		},
	} {
		t.Run(tt.fill["name"], func(t *testing.T) {
			p := acme(t)
			action, form := p.ok("/sources/connect?forge="+tt.forge).submit("main form", tt.fill)
			got := p.post(action, form)
			if got.status != http.StatusOK || got.header.Get("Cache-Control") != "no-store" {
				t.Fatalf("%d, Cache-Control %q", got.status, got.header.Get("Cache-Control"))
			}
			got.wants("main", append(tt.says, tt.yaml)...)
			if to := got.follow("main a", "page of webhooks"); to != tt.hooks {
				t.Errorf("webhooks are made at %q, want %q", to, tt.hooks)
			}
			codes := got.texts("[aria-labelledby=h-webhook] .copy code")
			secret := codes[len(codes)-1]
			if len(secret) != 64 || !strings.Contains(got.text("[aria-labelledby=h-yaml]"), "_WEBHOOK_SECRET="+secret) {
				t.Errorf("the secret is %q", secret)
			}
			if again := p.post(action, form).texts("[aria-labelledby=h-webhook] .copy code"); again[len(again)-1] == secret {
				t.Error("the same secret twice")
			}
			wait := p.ok(got.follow("main a", "Wait for the ping"))
			wait.wants("main", "Waiting for "+tt.fill["name"]+" to be configured")
			if wait.again() == "" || strings.Contains(wait.body, secret) {
				t.Error("the page does not look again, or shows the secret")
			}
		})
	}
}

// leadsTo checks a form that came back: a strip above all else links to each field that
// something is wrong with, and the first of them has the focus.
func leadsTo(t *testing.T, got *page, ids ...string) {
	t.Helper()
	var links []string
	for _, a := range got.all(".page > .strip.bad:first-child a") {
		links = append(links, strings.TrimPrefix(attr(a, "href"), "#"))
	}
	if diff := cmp.Diff(ids, links); diff != "" {
		t.Errorf("the fields that the page leads to (-want +got):\n%s", diff)
	}
	for _, id := range ids {
		got.one("#" + id + "[aria-invalid]")
	}
	if focus := got.all("[autofocus]"); len(focus) != 1 || attr(focus[0], "id") != ids[0] {
		t.Errorf("%d fields have the focus, want %s alone", len(focus), ids[0])
	}
}

func TestConnectWhatCannotBe(t *testing.T) {
	p := acme(t)
	for _, tt := range []struct {
		name, field, value, want string
	}{
		{"no organisation", "owner", "", "Write acme for https://github.com/acme."},
		{"one that is none", "owner", "a b: [", "Write acme for https://github.com/acme."},
		{"a name that is none", "name", "Git Hub", "Lower-case letters"},
		{"a name that pages have", "name", "connect", "Lower-case letters"},
		{"a name that is taken", "name", "github", "There is a source github already."},
		{"an address that is none", "url", "javascript:alert(1)", "Write an address such as https://github.com."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			form := url.Values{"forge": {"github"}, "owner": {"acme"}, "name": {"labs"}}
			form.Set(tt.field, tt.value)
			got := p.post("/sources/connect", form)
			if got.status != http.StatusUnprocessableEntity {
				t.Fatalf("%d, want 422", got.status)
			}
			got.wants(".problem", tt.want)
			leadsTo(t, got, "c-"+tt.field)
		})
	}
	several := p.post("/sources/connect", url.Values{"forge": {"github"}, "owner": {""}, "name": {"Git Hub"}})
	leadsTo(t, several, "c-owner", "c-name")
	p.post("/sources/connect", url.Values{"forge": {"svn"}}).wants("main", "What is to be read")
	if got := p.get("/sources/No%20Name/connect"); got.status != http.StatusNotFound {
		t.Errorf("a name that no source can have: %d", got.status)
	}
}

func TestConnecting(t *testing.T) {
	p := empty(t)
	at := "/sources/github/connect"
	see := func(step, says string, bad []string) *page {
		t.Helper()
		p.settle()
		got := p.ok(at)
		if now := got.text(".steps [aria-current]"); now != step {
			t.Errorf("the step is %q, want %q", now, step)
		}
		if waits := got.again() != ""; waits != (says != "") {
			t.Errorf("at %q it looks again after %q", step, got.again())
		}
		if says != "" {
			got.wants(".waiting", says)
		}
		if diff := cmp.Diff(bad, got.texts(".checks .bad")); diff != "" {
			t.Error(diff)
		}
		return got
	}
	see("Ping", "Waiting for the ping of github", nil).wants(".copy", "https://callboard.acme.example/hooks/github")

	p.world.Surveys["github"] = standing.Survey{Err: "GitHub refuses the token: 401 Bad credentials"}
	p.world.Refused["github"] = []web.Refusal{{At: sample.Now, Status: 401, Problem: "the signature does not match", Event: "ping", ContentType: "application/json"}}
	got := see("Ping", "Waiting for a delivery that can be taken", []string{
		"Its forge answers, and takes the token GitHub refuses the token: 401 Bad credentials", "The signature matches the secret",
	})
	got.wants(".strip.bad", "Something came, with another secret.", "14:03:10, ping: the signature does not match", "Paste the secret into the webhook again")

	p.world.Refused["github"] = []web.Refusal{{At: sample.Now, Status: 415, Problem: "The content type must be application/json.", ContentType: "text/plain"}}
	see("Ping", "Waiting for a delivery", []string{"Its forge answers, and takes the token GitHub refuses the token: 401 Bad credentials", "The content type is application/json"}).
		wants(".strip.bad", "not as JSON", "something that does not say what it is", "It came as text/plain.")

	// What a stranger writes is not passed on.
	p.world.Refused["github"] = []web.Refusal{{At: sample.Now, Status: 415, Problem: "The content type must be application/json.", Event: "Your token leaked, see evil.example", ContentType: "text/evil.example (please)"}}
	if text := strings.Join(see("Ping", "Waiting for a delivery", []string{"Its forge answers, and takes the token GitHub refuses the token: 401 Bad credentials", "The content type is application/json"}).texts(".strip.bad"), ""); strings.Contains(text, "evil") {
		t.Errorf("a stranger's words are shown: %s", text)
	}

	// Where the forge says that it has none, no ping is waited for.
	p.world.Surveys["github"] = standing.Survey{Checked: sample.Now, NoHook: standing.NoHook{Says: "acme has no webhook that leads here", Since: sample.Now}}
	p.world.Refused["github"] = nil
	got = see("Ping", "Waiting for the webhook of github", []string{"A webhook leads here Acme has no webhook that leads here."})
	got.wants(".strip.bad", "GitHub has no webhook that leads here: make it.")
	p.ok("/sources").wants(".table.sources .badge", "No webhook")
	p.world.Surveys["github"] = standing.Survey{Err: "GitHub refuses the token: 401 Bad credentials"}

	if err := p.world.Deliver(sample.Now.Add(time.Second), "github", "github:ping", event.DeliveryReceived{Source: "github", Event: "ping"}); err != nil {
		t.Fatal(err)
	}
	see("Discover", "Waiting for the forge to answer", []string{"Its forge answers, and takes the token GitHub refuses the token: 401 Bad credentials"})

	p.world.Surveys["github"] = standing.Survey{Running: "compare", Checked: sample.Now, Done: 7, Total: 54}
	see("Discover", "7 of 54 repositories are looked at.", nil)

	p.world.Surveys["github"] = standing.Survey{Compared: sample.Now, Checked: sample.Now}
	if err := p.world.Observe(sample.Now, event.RepositoryState{Repository: event.Repository{Source: "github", ID: "1", FullName: "acme/till"}}); err != nil {
		t.Fatal(err)
	}
	see("Look", "Waiting for the first entity", nil).wants(".checks", "The repositories are discovered: 1")

	p.push(sample.Push{At: sample.Now, Repository: "acme/till", Text: "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: till}\nspec: {type: service, lifecycle: production, owner: payments}\n"})
	done := see("", "", nil)
	done.wants(".strip.good", "github is connected.")
	if to := done.follow("[aria-labelledby=h-found] a", "till"); to != "/catalog/default/component/till" {
		t.Errorf("the first entity is at %q", to)
	}

	// Anybody can send something that is not taken: a source that was heard stays connected.
	for _, status := range []int{401, 503} {
		p.world.Refused["github"] = []web.Refusal{{At: sample.Now.Add(time.Minute), Status: status, Problem: "It was not taken.", Event: "push"}}
		but := see("", "", nil)
		but.wants(".strip.good", "github is connected.")
		but.wants(".strip.info", "Since the last delivery that was taken, one was refused.", "push: It was not taken.", "somebody else sent it")
		if n := len(but.all(".strip.bad")) + len(but.all(".strip.warn")); n > 0 {
			t.Errorf("%d strips say that something is wrong", n)
		}
	}
}
