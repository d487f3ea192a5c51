package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
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
	fieldForge  = "forge"
	fieldOwner  = "owner"
	fieldName   = "name"
	fieldURL    = "url"
	fieldBranch = "branch"
	fieldToken  = "token"
	fieldHook   = "hook" // the webhook is to be made through the API
	fieldWay    = "way"
)

// The ways to connect, which are buttons of the form.
const (
	wayApp    = "app"    // the forge makes an App of a manifest
	wayToken  = "token"  // the portal keeps the source
	wayManual = "manual" // somebody writes the configuration
)

// forge is a kind of forge, and what connecting it takes.
type forge struct {
	key, title string
	owner      string // what its repositories belong to; "" if that is not asked
	example    string
	pages      string // of the public one
	ownerRule  *regexp.Regexp
	apps       bool // it makes Apps of manifests
	events     []string
	permits    []string // the least that a token needs
	hookPermit string   // what it needs besides to make the webhook
	contents   string   // content type to choose; "" if there is no choice
	secret     string   // what it calls the secret
}

func forges() []forge {
	return []forge{
		{
			key: "github", title: "GitHub", owner: "organisation", example: "acme", pages: "https://github.com",
			ownerRule: regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`),
			apps:      true,
			events: []string{
				"Pushes", "Repositories", "Visibility changes", "Teams", "Memberships", "Organizations", "Collaborator add, remove, or changed",
				"Pull requests", "Releases", "Deployments", "Deployment statuses", "Workflow runs", "Check suites", "Branch protection rules",
				"Code scanning alerts", "Dependabot alerts", "Secret scanning alerts", "Meta",
			},
			permits:    []string{"Contents: read", "Metadata: read", "Members of the organisation: read, for teams and people", "Webhooks of the organisation: read, so that what was sent and did not come is found"},
			hookPermit: "Webhooks of the organisation: read and write, or admin:org_hook of a classic token",
			contents:   "application/json", secret: "Secret",
		},
		{
			key: "gitlab", title: "GitLab", owner: "group", example: "acme/platform", pages: "https://gitlab.com",
			ownerRule: regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`),
			events: []string{
				"Push events", "Tag push events", "Project events", "Member events", "Subgroup events", "Merge request events", "Releases events",
				"Deployment events", "Pipeline events", "Vulnerability events",
			},
			permits:    []string{"Scope read_api", "The role Reporter in the group", "The role Owner, if what was sent and did not come is to be found"},
			hookPermit: "Scope api, of an owner of the group",
			secret:     "Secret token",
		},
		{
			key: "git", title: "a Git repository",
			permits: []string{"To read the repository; none for one that everybody may read"},
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
	steps   []ui.Step
	choice  []connectChoice
	forge   forge
	chosen  bool
	fields  []ui.Field
	token   ui.Field
	hook    bool   // the webhook is to be made, too
	keeps   bool   // the portal can keep the source itself
	local   string // address of the portal, if no forge can reach it
	problem string // of all that was filled in
	app     *connectApp
	ready   *connectReady
}

// wrong says what is wrong with a field; false if it is not on the page.
func (v *connectView) wrong(name, says string) bool {
	if v.token.Name == name {
		v.token.Problem = says
		return true
	}
	for i := range v.fields {
		if v.fields[i].Name == name {
			v.fields[i].Problem = says
			return true
		}
	}
	return false
}

func (v *connectView) isWrong() bool {
	return v.problem != "" || v.token.Problem != "" || slices.ContainsFunc(v.fields, func(f ui.Field) bool { return f.Problem != "" })
}

type connectChoice struct{ title, icon, text, href string }

// connectReady is what to enter where. The secret is in no other answer.
type connectReady struct {
	connected             bool // the portal has the source; only the webhook is to be made
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

func (s *Site) connectChoices() []connectChoice {
	at := link{path: connectPath}
	all := []connectChoice{
		{"Connect GitHub", "source", "An organisation, on github.com or a server of your own.", at.set(fieldForge, "github").String()},
		{"Connect GitLab", "source", "A group with all below it, on gitlab.com or an instance of your own.", at.set(fieldForge, "gitlab").String()},
	}
	if s.Connecting != nil {
		all = append(all, connectChoice{"Connect a Git repository", "branch", "One that is on no forge of these, wherever it is: it is fetched and looked at again and again.", at.set(fieldForge, "git").String()})
	}
	return append(all, connectChoice{"Register a location", "link", "One descriptor, or several that a Location names, by their addresses.", registerPath})
}

// connect handles "GET /sources/connect".
func (s *Site) connect(_ context.Context, r request) (answer, error) {
	f, ok := s.forgeAsked(r.self.query.Get(fieldForge))
	v := connectView{steps: connectSteps(0), choice: s.connectChoices()}
	if ok {
		v = s.newConnectView(f, connectInput{name: freeName(f.key, s.sourceNames()), hook: true})
	}
	return answer{title: connectTitle(v), body: connectPage(v)}, nil
}

// forgeAsked finds the forge that is to be connected.
func (s *Site) forgeAsked(key string) (forge, bool) {
	f, ok := forgeOf(key)
	return f, ok && (s.Connecting != nil || f.owner != "")
}

func connectTitle(v connectView) string {
	if v.chosen {
		return "Connect " + v.forge.title
	}
	return "Connect a source"
}

// freeName is what a new source of a forge may be called.
func freeName(key string, taken []string) string {
	name := key
	for n := 2; slices.Contains(taken, name); n++ {
		name = fmt.Sprintf("%s-%d", key, n)
	}
	return name
}

func connectFields(f forge, in connectInput) []ui.Field {
	owner := ui.Field{ID: "c-owner", Name: fieldOwner, Label: ui.Sentence(f.owner), Value: in.owner, Placeholder: f.example, Hint: "Whose repositories are to be read."}
	name := ui.Field{ID: "c-name", Name: fieldName, Label: "Name of the source", Value: in.name, Hint: "Lower-case letters, digits and hyphens. The address of its webhook ends in it."}
	address := ui.Field{ID: "c-url", Name: fieldURL, Label: "Address of the forge", Type: "url", Value: in.address, Placeholder: f.pages, Hint: "Only for one of your own. Empty is " + f.pages + "."}
	if f.owner != "" {
		return []ui.Field{owner, name, address}
	}
	address.Label, address.Type, address.Placeholder = "Address of the repository", "", "https://git.example.com/platform/catalog.git"
	address.Hint = "As git clone takes it: https or ssh. Over ssh the keys of the portal's agent are used."
	name.Hint = "Lower-case letters, digits and hyphens."
	branch := ui.Field{ID: "c-branch", Name: fieldBranch, Label: "Branch", Value: in.branch, Placeholder: "main", Hint: "Empty is the repository's default branch."}
	return []ui.Field{address, name, branch}
}

func tokenTitle(f forge) string {
	if f.owner == "" {
		return "How the portal is let in"
	}
	return "With a token"
}

// tokenLook is that of the way's button, which is the first choice where there is no other.
func tokenLook(f forge) string {
	if f.apps {
		return ""
	}
	return "primary"
}

func tokenSays(f forge) string {
	if f.owner == "" {
		return "The repository is asked for its branches first. Nothing is kept if it does not answer."
	}
	return "The forge is asked first. Nothing is kept if it does not let the portal in."
}

var connectName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

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
	if api := apiAddress(f.key, address); api != "" {
		c.command += " --url " + api
	}
	c.command += " --portal " + base
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
