package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/web/ui"
)

const connectPath = sourcesPath + "/connect"

// The fields of the form.
const (
	fieldForge = "forge"
	fieldOwner = "owner"
	fieldName  = "name"
	fieldURL   = "url"
)

// forge is a kind of forge, and what connecting it takes.
type forge struct {
	key, title string
	owner      string // what its repositories belong to
	example    string
	pages      string // of the public one
	ownerRule  *regexp.Regexp
	events     []string
	permits    []string // the least that a token needs
	contents   string   // content type to choose; "" if there is no choice
	secret     string   // what it calls the secret
}

func forges() []forge {
	return []forge{
		{
			key: "github", title: "GitHub", owner: "organisation", example: "acme", pages: "https://github.com",
			ownerRule: regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`),
			events: []string{
				"Pushes", "Repositories", "Visibility changes", "Teams", "Memberships", "Organizations", "Pull requests", "Releases", "Deployments",
				"Deployment statuses", "Workflow runs", "Branch protection rules", "Meta",
			},
			permits:  []string{"Contents: read", "Metadata: read", "Members of the organisation: read, for teams and people", "Webhooks of the organisation: read, so that what was sent and did not come is found"},
			contents: "application/json", secret: "Secret",
		},
		{
			key: "gitlab", title: "GitLab", owner: "group", example: "acme/platform", pages: "https://gitlab.com",
			ownerRule: regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`),
			events: []string{
				"Push events", "Tag push events", "Project events", "Member events", "Subgroup events", "Merge request events", "Releases events",
				"Deployment events", "Pipeline events",
			},
			permits: []string{"Scope read_api", "The role Reporter in the group", "The role Owner, if what was sent and did not come is to be found"},
			secret:  "Secret token",
		},
	}
}

// forgeOf finds a forge by its key; false if it is none.
func forgeOf(key string) (forge, bool) {
	all := forges()
	i := slices.IndexFunc(all, func(f forge) bool { return f.key == key })
	if i < 0 {
		return forge{}, false
	}
	return all[i], true
}

// connectView is the guide in each of its steps.
type connectView struct {
	steps  []ui.Step
	choice []connectChoice
	forge  forge
	chosen bool
	fields []ui.Field
	ready  *connectReady
}

type connectChoice struct{ title, icon, text, href string }

// connectReady is what to enter where. The secret is in no other answer.
type connectReady struct {
	name, payload, secret string
	yaml, environment     string
	command               string
	hooks                 templ.SafeURL // the forge's page of webhooks
	wait                  string
}

func connectSteps(step int) []ui.Step {
	var all []ui.Step
	for i, label := range []string{"Where", "Secret", "Ping", "Discover", "Look"} {
		all = append(all, ui.Step{Label: label, Done: i < step, Current: i == step})
	}
	return all
}

func connectChoices() []connectChoice {
	at := link{path: connectPath}
	return []connectChoice{
		{"Connect GitHub", "source", "An organisation, on github.com or a server of your own.", at.set(fieldForge, "github").String()},
		{"Connect GitLab", "source", "A group with all below it, on gitlab.com or an instance of your own.", at.set(fieldForge, "gitlab").String()},
		{"Connect a Git repository", "branch", "One that is on no forge of these: its descriptors are read by their addresses.", registerPath},
	}
}

// connect handles "GET /sources/connect".
func (s *Site) connect(_ context.Context, r request) (answer, error) {
	v := connectView{steps: connectSteps(0)}
	if v.forge, v.chosen = forgeOf(r.self.query.Get(fieldForge)); v.chosen {
		v.fields = connectFields(v.forge, "", freeName(v.forge.key, s.sourceNames()), "")
	} else {
		v.choice = connectChoices()
	}
	return answer{title: connectTitle(v), body: connectPage(v)}, nil
}

func connectTitle(v connectView) string {
	if v.chosen {
		return "Connect " + v.forge.title
	}
	return "Connect a source"
}

// freeName is what a new source of a forge may be called.
func freeName(key string, taken []string) string {
	if !slices.Contains(taken, key) {
		return key
	}
	return key + "-2"
}

func connectFields(f forge, owner, name, address string) []ui.Field {
	return []ui.Field{
		{ID: "c-owner", Name: fieldOwner, Label: ui.Sentence(f.owner), Value: owner, Placeholder: f.example, Hint: "Whose repositories are to be read."},
		{ID: "c-name", Name: fieldName, Label: "Name of the source", Value: name, Hint: "Lower-case letters, digits and hyphens. The address of its webhook ends in it."},
		{ID: "c-url", Name: fieldURL, Label: "Address of the forge", Type: "url", Value: address, Placeholder: f.pages, Hint: "Only for one of your own. Empty is " + f.pages + "."},
	}
}

var connectName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// connectShow handles "POST /sources/connect": what to enter where, with a new
// secret. It changes nothing; the portal does not keep the secret.
func (s *Site) connectShow(ctx context.Context, r request) (answer, error) {
	f, ok := forgeOf(r.form(fieldForge))
	if !ok {
		return s.connect(ctx, r)
	}
	owner, name, address := strings.TrimSpace(r.form(fieldOwner)), strings.TrimSpace(r.form(fieldName)), strings.TrimRight(strings.TrimSpace(r.form(fieldURL)), "/")
	v := connectView{steps: connectSteps(0), forge: f, chosen: true, fields: connectFields(f, owner, name, address)}
	if !f.ownerRule.MatchString(owner) {
		v.fields[0].Problem = "Write " + f.example + " for " + f.pages + "/" + f.example + "."
	}
	switch {
	case !connectName.MatchString(name) || name == "connect" || name == "locations":
		v.fields[1].Problem = "Lower-case letters, digits and hyphens, such as " + f.key + "."
	case slices.Contains(s.sourceNames(), name):
		v.fields[1].Problem = "There is a source " + name + " already. Its page tells how it stands; choose another name for a second one."
	}
	if u, err := url.Parse(address); address != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		v.fields[2].Problem = "Write an address such as " + f.pages + "."
	}
	if slices.ContainsFunc(v.fields, func(f ui.Field) bool { return f.Problem != "" }) {
		return answer{status: 422, title: connectTitle(v), body: connectPage(v)}, nil
	}
	v.steps, v.ready = connectSteps(1), newConnectReady(f, s.URL, owner, name, address)
	return answer{title: connectTitle(v), body: connectPage(v), secret: true}, nil
}

func newConnectReady(f forge, base, owner, name, address string) *connectReady {
	b := make([]byte, 32)
	rand.Read(b) // which never fails
	c := &connectReady{
		name: name, payload: base + "/hooks/" + url.PathEscape(name), secret: hex.EncodeToString(b),
		hooks: hooksPage(f.key, cmp.Or(address, f.pages), owner), wait: waitLink(name),
	}
	variable := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	lines := []string{"sources:", "  - name: " + name, "    type: " + f.key}
	of, list := "--org", "organizations"
	if f.key == "gitlab" {
		of, list = "--group", "groups"
	}
	if api := apiAddress(f.key, address); api != "" {
		lines = append(lines, "    url: "+api)
	}
	lines = append(lines, "    "+list+": ["+owner+"]", "    token: ${"+variable+"_TOKEN}", "    webhookSecret: ${"+variable+"_WEBHOOK_SECRET}")
	c.yaml = strings.Join(lines, "\n")
	c.environment = variable + "_WEBHOOK_SECRET=" + c.secret
	c.command = "callboard connect " + f.key + " " + of + " " + owner + " --name " + name
	if address != "" {
		c.command += " --url " + apiAddress(f.key, address)
	}
	return c
}

// apiAddress is what a configuration calls a forge of one's own; "" for the public one.
func apiAddress(key, address string) string {
	if address == "" || key != "github" || strings.HasSuffix(address, "/api/v3") {
		return address
	}
	if u, err := url.Parse(address); err == nil && (u.Host == "github.com" || u.Host == "api.github.com") {
		return ""
	}
	return address + "/api/v3"
}

// hooksPage is the forge's page where webhooks are made.
func hooksPage(key, pages, owner string) templ.SafeURL {
	pages = strings.TrimSuffix(strings.TrimRight(pages, "/"), "/api/v3")
	if key == "gitlab" {
		return ui.Outside(pages + "/groups/" + owner + "/-/hooks")
	}
	return ui.Outside(pages + "/organizations/" + owner + "/settings/hooks/new")
}

func waitLink(name string) string { return sourceLink(name) + "/connect" }
