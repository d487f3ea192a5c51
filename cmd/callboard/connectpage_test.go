package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/survey"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web"
)

// startEmpty runs a portal without sources beside a forge that sends by itself.
func startEmpty(t *testing.T) *running {
	t.Helper()
	service := demoforge.Service{Token: "forge-token", Limit: 1 << 30}
	forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitHub: service, GitLab: service, Background: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { forge.Close() })
	p := runPortal(t, config.Default())
	return &running{portal: p, forge: forge, base: p.url(), inbox: handledWatch{log: p.inbox}, client: http.DefaultClient}
}

// pushed pushes a service and waits until the portal has heard of it.
func (r *running) pushed(t *testing.T, repo *demoforge.Repository, name string) {
	t.Helper()
	push(t, repo, map[string]string{"catalog-info.yaml": service(name)})
	if err := r.forge.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.settle(t)
	if !r.has("component:default/" + name) {
		t.Errorf("a push of %s is not in the catalog", name)
	}
}

// hides checks that nothing of a portal shows secrets: no page that was seen, no
// answer of its API.
func (r *running) hides(t *testing.T, v *visitor, secrets ...string) {
	t.Helper()
	var all strings.Builder
	all.WriteString(v.seen.String())
	for _, path := range []string{"/api/sources", "/sources", "/metrics"} {
		_, body := r.read(t, path)
		all.WriteString(body)
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(all.String(), secret) {
			t.Errorf("the secret %.6s… is shown", secret)
		}
	}
}

// One button leads through an App's making at the forge to a source that runs.
func TestConnectAsApp(t *testing.T) {
	r := startEmpty(t)
	repo := r.repository(t, demoforge.GitHub, "acme/pay")
	v := newVisitor(t)
	v.open(r.base + "/sources/connect").follow("Connect GitHub")
	v.press("Go on to GitHub", map[string]string{"owner": "acme", "url": r.forge.URL() + "/github"})
	v.press("Make the App at GitHub", nil)
	if v.at.Path != "/github/organizations/acme/settings/apps/new" || v.at.Query().Get("state") == "" {
		t.Fatalf("the visitor is sent to %s", v.at)
	}
	state := v.at.Query().Get("state")
	v.press("Create GitHub App", nil)
	if v.at.Path != "/github/apps/callboard-of-acme/installations/new" {
		t.Fatalf("from making the App the visitor is led to %s\n%s", v.at, v.body)
	}
	if err := r.survey(t, demoforge.GitHub); err == nil || !strings.Contains(err.Error(), "the App is not installed in acme yet") {
		t.Errorf("before the App is installed: %v", err)
	}
	newVisitor(t).open(r.base+"/sources/github/connect").isTold(".waiting", "Waiting for the App to be installed")
	v.press("Install", nil).isAt("/sources/github/connect")
	if v.at.RawQuery != "" {
		t.Errorf("the address keeps %q", v.at.RawQuery)
	}
	r.mustSurvey(t, demoforge.GitHub)
	r.pushed(t, repo, "pay")
	v.open(r.base+"/sources/github/connect").isTold(".strip", "github is connected.")

	if _, source, _ := r.sourceNamed("github"); !clonesAs(t, source, "x-access-token", "ghs_") {
		t.Error("the App cannot clone")
	}
	app := r.forge.Apps()[0]
	key := filepath.Join(r.config.Data, "app-github.pem")
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key is kept as %v, %v", info, err)
	}
	r.hides(t, v, app.WebhookSecret(), strings.Split(app.PEM(), "\n")[1])

	// A state counts once, and none is none; what the forge says to one that counts is
	// another test's.
	for _, query := range []string{"?state=" + state + "&code=1", "?state=&code=1", "?code=1", "?state=x&code=1"} {
		v.open(r.base + "/sources/connect/app" + query)
		if v.status != http.StatusUnprocessableEntity || v.at.Path != "/sources/connect/app" {
			t.Errorf("%s: %d at %s", query, v.status, v.at)
		}
	}
	// The App that was installed again has another installation, which is found.
	if _, err := app.Uninstall("acme"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := app.Install("acme"); err != nil {
		t.Fatal(err)
	}
	if err := r.forge.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.survey(t, demoforge.GitHub); err != nil {
		r.mustSurvey(t, demoforge.GitHub) // the first tells that the old one is gone
	}
	if err := r.disconnect(t.Context(), "github"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(key); !os.IsNotExist(err) {
		t.Errorf("after disconnecting the key is there still: %v", err)
	}
}

// clonesAs reports whether a source's repositories are cloned with a name and a token
// that begins so.
func clonesAs(t *testing.T, source ingest.Source, user, token string) bool {
	t.Helper()
	who, password, err := source.(clonable).GitLogin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return who == user && strings.HasPrefix(password, token)
}

// Whoever is away too long, or among too many, is not known when they come back.
func TestAway(t *testing.T) {
	now := time.Now()
	a := newAway(func() time.Time { return now })
	late := a.send(web.NewSource{Name: "late"})
	now = now.Add(awayFor + time.Second)
	if _, ok := a.back(late); ok {
		t.Error("one who was away for more than an hour is known")
	}
	first := a.send(web.NewSource{Name: "first"})
	now = now.Add(time.Second)
	var last string
	for range maxAway {
		last = a.send(web.NewSource{Name: "last"})
	}
	if _, ok := a.back(first); ok || len(a.all) != maxAway {
		t.Errorf("the first of too many is known: %t, of %d", ok, len(a.all))
	}
	if g, ok := a.back(last); !ok || g.source.Name != "last" {
		t.Errorf("the last is %v, %t", g, ok)
	}
	if _, ok := a.back(last); ok {
		t.Error("a state counts twice")
	}
}

// With a token the portal asks the forge, makes the webhook and reads what is there.
func TestConnectWithToken(t *testing.T) {
	r := startEmpty(t)
	for _, f := range []struct {
		forge       demoforge.Provider
		title       string
		none, owner string
	}{
		{demoforge.GitHub, "Connect GitHub", "organisation nobody: there is none of this name (404)", "acme"},
		{demoforge.GitLab, "Connect GitLab", "group nobody: there is none of this name (404)", "acme"},
	} {
		t.Run(string(f.forge), func(t *testing.T) {
			repo := r.repository(t, f.forge, "acme/of-"+string(f.forge))
			v := newVisitor(t)
			fill := func(owner, token string) map[string]string {
				return map[string]string{"owner": owner, "token": token, "url": strings.TrimSuffix(r.forge.APIURL(f.forge), "/")}
			}
			v.open(r.base + "/sources/connect").follow(f.title)
			v.press("Connect", fill("acme", "")).isTold(".problem", "Paste a token")
			v.press("Connect", fill("acme", "wrong-token")).isTold(".problem", "the forge does not accept the token (401)", "Make a new one")
			v.press("Connect", fill("nobody", "forge-token")).isTold(".problem", f.none)
			unreachable := fill("acme", "forge-token")
			unreachable["url"] = "http://127.0.0.1:1"
			v.press("Connect", unreachable).isTold(".problem", "the connection is refused")
			if got := attribute(v.find("#c-token", ""), "value"); got != "" {
				t.Errorf("the token is given back: %q", got)
			}
			if len(r.apiSources()) > 0 && r.apiSources()[len(r.apiSources())-1].Name == string(f.forge) {
				t.Fatal("a source is there that could not be connected")
			}
			v.press("Connect", fill("acme", "forge-token")).isAt("/sources/" + string(f.forge) + "/connect")
			r.mustSurvey(t, f.forge)
			r.pushed(t, repo, "of-"+string(f.forge))
			v.open(v.at.String()).isTold(".strip", "is connected.")
			r.hides(t, v, "forge-token", "wrong-token")
			user := map[demoforge.Provider]string{demoforge.GitHub: "x-access-token", demoforge.GitLab: "oauth2"}[f.forge]
			if _, source, _ := r.sourceNamed(string(f.forge)); !clonesAs(t, source, user, "forge-token") {
				t.Error("it cannot be cloned with its token")
			}
		})
	}

	// Without the tick the webhook is made by hand, with a secret that is shown once.
	v := newVisitor(t).open(r.base + "/sources/connect?forge=github")
	hand := map[string]string{"owner": "acme", "name": "hand", "token": "forge-token", "url": strings.TrimSuffix(r.forge.APIURL(demoforge.GitHub), "/"), "hook": ""}
	v.press("Connect", hand).isTold(".problem", "Source github reads acme already", "or disconnect github first.")
	if _, err := r.forge.AddOwner(demoforge.GitHub, "acme-labs", demoforge.OwnerSettings{}); err != nil {
		t.Fatal(err)
	}
	hand["owner"] = "acme-labs"
	v.press("Connect", hand)
	stored, err := config.ReadSources(r.storedSources())
	if err != nil {
		t.Fatal(err)
	}
	secret := stored[len(stored)-1].WebhookSecret.Reveal()
	if len(secret) < 26 || v.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the secret has %d characters, Cache-Control is %q", len(secret), v.header.Get("Cache-Control"))
	}
	v.isTold(".copy code", secret, r.base+"/hooks/hand")
	v = newVisitor(t).open(r.base + "/sources/hand/connect").isAt("/sources/hand/connect")
	r.hides(t, v, secret, "forge-token")
}

// A webhook that is made from the page is heard from its first ping on.
func TestConnectHearsTheFirstPing(t *testing.T) {
	r := startEmpty(t)
	r.repository(t, demoforge.GitHub, "acme/pay")
	newVisitor(t).open(r.base+"/sources/connect?forge=github").
		press("Connect", map[string]string{"owner": "acme", "token": "forge-token", "url": r.forge.URL() + "/github"}).
		isAt("/sources/github/connect")
	if err := r.forge.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, source, _ := r.sourceNamed("github")
	sent := 0
	for a, err := range source.(survey.Sent).Since(t.Context(), time.Now().Add(-time.Hour)) {
		if err != nil {
			t.Fatal(err)
		}
		if sent++; !a.OK {
			t.Errorf("a %s was not taken", a.Event)
		}
	}
	if sent != 1 {
		t.Errorf("%d deliveries were sent, want a ping", sent)
	}
}

// Of a source whose webhook the forge refuses nothing stays but that it was tried, and
// nothing was read: it can be connected again at once.
func TestConnectRefusedLeavesNothing(t *testing.T) {
	r := startEmpty(t)
	push(t, r.repository(t, demoforge.GitHub, "acme/pay"), map[string]string{"catalog-info.yaml": service("pay")})
	r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
		if strings.HasSuffix(q.URL.Path, "/hooks") {
			if _, surveyed := r.surveyStatus("github"); surveyed {
				t.Error("it is read before it has a webhook")
			}
			return demoforge.Fault{Status: http.StatusForbidden}
		}
		return demoforge.Fault{}
	})
	fill := map[string]string{"owner": "acme", "token": "forge-token", "url": r.forge.URL() + "/github"}
	v := newVisitor(t).open(r.base+"/sources/connect?forge=github").press("Connect", fill)
	v.isTold(".problem", "make the webhook of acme", "take the tick away")
	stored, err := config.ReadSources(r.storedSources())
	if err != nil || len(stored) > 0 || len(r.apiSources()) > 0 {
		t.Errorf("what is stored is %v, %v", stored, err)
	}
	tried := []string{"source.connected github", "source.work.requested github", "source.disconnected github"}
	all := r.eventsOf(t, event.TypeSourceConnected, event.TypeSourceWorkRequested, event.TypeSourceDisconnected)
	if last, err := r.events.Last(t.Context()); err != nil || last != 3 || !slices.Equal(all, tried) {
		t.Errorf("%d events came of it, of which %q, %v", last, all, err)
	}
	r.forge.SetFaults(nil)
	fill["hook"] = ""
	v.press("Connect", fill).isTold(".copy code", r.base+"/hooks/github")
	v.open(r.base+"/sources/github/connect").isTold(".waiting", "Waiting for the ") // ping, or webhook once there is seen to be none
	r.mustSurvey(t, demoforge.GitHub)
	if !r.has("component:default/pay") {
		t.Error("what is there is not read")
	}
}

// A group that can have no webhook gets one for each project, for which nobody waits:
// the page tells how far that is, and what became of it.
func TestConnectManyProjects(t *testing.T) {
	for _, tt := range []struct {
		name  string
		then  int // status of the second webhook; 0 = it is made
		class string
		says  string
	}{
		{"all are made", 0, ".checks .good", "The webhooks of 2 projects lead to the portal (2 are new)"},
		{"one is refused", http.StatusForbidden, ".checks .bad", "make the webhook of acme/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := startEmpty(t)
			for _, name := range []string{"acme/pay", "acme/till"} {
				r.repository(t, demoforge.GitLab, name)
			}
			goOn := make(chan struct{})
			var made atomic.Int32
			r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
				switch {
				case strings.Contains(q.URL.Path, "/groups/acme/hooks"):
					return demoforge.Fault{Status: http.StatusForbidden}
				case q.Method != http.MethodPost || !strings.HasSuffix(q.URL.Path, "/hooks"):
					return demoforge.Fault{}
				}
				if made.Add(1) == 1 {
					return demoforge.Fault{}
				}
				return demoforge.Fault{Wait: goOn, Status: tt.then}
			})
			v := newVisitor(t).open(r.base+"/sources/connect?forge=gitlab").
				press("Connect", map[string]string{"owner": "acme", "token": "forge-token", "url": r.forge.URL() + "/gitlab"}).
				isAt("/sources/gitlab/connect").isTold(".checks", "1 project has one so far")
			r.says(t, "/api/sources/gitlab", `"webhook":{"running":true,"done":1}`)
			if err := r.hooks.refusal(t, "gitlab"); fault.KindOf(err) != fault.Conflict {
				t.Errorf("asked for once more meanwhile: %v", err)
			}
			close(goOn)
			ended, err := until(t.Context(), storyWait, func(context.Context) (bool, error) {
				w, _ := r.hooks.state("gitlab")
				return !w.Running, nil
			})
			if err != nil || !ended {
				t.Fatalf("it does not end: %v", err)
			}
			v.open(v.at.String()).isTold(tt.class, tt.says)
			if _, _, ok := r.sourceNamed("gitlab"); !ok {
				t.Error("the source is gone")
			}
		})
	}
}

// refusal is why a webhook is not begun to be made.
func (m *hookMaker) refusal(t *testing.T, source string) error {
	t.Helper()
	_, err := m.begin(t.Context(), source, "")
	return err
}

// The API has a webhook made where that can be, and of nothing else.
func TestMakeWebhook(t *testing.T) {
	r := startEmpty(t)
	hub, lab := r.forge.APIURL(demoforge.GitHub), r.forge.APIURL(demoforge.GitLab)
	for _, s := range []config.Source{
		{Name: "app", Type: config.GitHub, URL: hub, WebhookSecret: "s", Organizations: []string{"acme-apps"}, App: config.App{ID: "1", PrivateKeyFile: r.keyFile("app")}},
		{Name: "all", Type: config.GitHub, URL: hub, WebhookSecret: "s"},
		{Name: "signed", Type: config.GitLab, URL: lab, SigningToken: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Groups: []string{"acme"}},
		{Name: "github", Type: config.GitHub, URL: hub, Token: "forge-token", Organizations: []string{"acme"}},
	} {
		if err := r.connect(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	r.repository(t, demoforge.GitHub, "acme/pay")
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	portal := newPortalClient(r.base, token)
	ask := func(source, payload string) error {
		return portal.ask(t.Context(), http.MethodPost, "/api/sources/"+source+"/webhook", map[string]string{"url": payload}, nil)
	}
	for source, want := range map[string]fault.Kind{"app": fault.Conflict, "all": fault.Conflict, "signed": fault.Conflict, "none": fault.NotFound} {
		if err := ask(source, ""); fault.KindOf(err) != want {
			t.Errorf("%s: %v", source, err)
		}
	}
	for _, payload := range []string{"https://portal.example/hooks/other", "/hooks/github", "file:///hooks/github"} {
		if err := ask("github", payload); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", payload, err)
		}
	}
	if err := ask("github", ""); err != nil {
		t.Error(err)
	}
}

// What GitHub says of an organisation with single sign-on names the page to go to.
func TestConnectSingleSignOn(t *testing.T) {
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-GitHub-SSO", "required; url=https://github.com/orgs/acme/sso?authorization_request=1")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer forge.Close()
	r := startEmpty(t)
	v := newVisitor(t).open(r.base + "/sources/connect?forge=github")
	v.press("Connect", map[string]string{"owner": "acme", "token": "forge-token", "url": forge.URL})
	v.isTold(".problem", "single sign-on (SAML): authorise this one at https://github.com/orgs/acme/sso?authorization_request=1")
}

// gitOverHTTP serves the repositories below a folder as a host does, to who has a token.
func gitOverHTTP(t *testing.T, root string) string {
	t.Helper()
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(git(t, root, "--exec-path")), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"}, Stderr: io.Discard,
	}
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "git-token" {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(host.Close)
	return host.URL
}

// A plain repository is asked for its branches before it is a source.
func TestConnectRepository(t *testing.T) {
	folder := plainRepository(t)
	commitFile(t, folder, "catalog-info.yaml", service("pay"))
	host := gitOverHTTP(t, filepath.Dir(folder))
	r := startEmpty(t)
	v := newVisitor(t)
	v.open(r.base + "/sources/connect").follow("Connect a Git repository")
	fill := func(url, branch, token string) map[string]string {
		return map[string]string{"url": url, "branch": branch, "token": token, "name": "platform"}
	}
	at := host + "/catalog/.git"
	for _, local := range []string{folder, "file://" + folder, "../catalog", ""} {
		v.press("Connect", fill(local, "", "")).isTold(".problem", "Write an address such as")
	}
	v.press("Connect", fill("gopher://git.acme.example/x", "", "")).isTold(".problem", "cannot be read")
	v.press("Connect", fill(at, "", "")).isTold(".problem", "it wants a token")
	v.press("Connect", fill(host+"/nothing.git", "", "git-token")).isTold(".problem", "there is no repository")
	v.press("Connect", fill(at, "live", "git-token")).isTold(".problem", "has no branch live; it has main")
	v.press("Connect", fill(at, "main", "git-token")).isAt("/sources/platform/connect")
	r.mustSurvey(t, "platform")
	r.settle(t)
	if !r.has("component:default/pay") {
		t.Error("what is in the repository is not in the catalog")
	}
	v.open(v.at.String()).isTold(".strip", "platform is connected.")
	r.hides(t, v, "git-token")
	v.open(r.base+"/sources/platform/change").press("Save", map[string]string{"branch": "live"}).isTold(".problem", "has no branch live; it has main")
	v.press("Save", map[string]string{"branch": ""}).isTold(".toast", "It is changed")
	if s := r.stored(t, "platform"); s.Branch != "" || s.Token != "git-token" {
		t.Errorf("what is stored is %v", s)
	}
	v.press("Save", map[string]string{"branch": "main"}).isTold(".toast", "It is changed")
	stored, err := config.ReadSources(r.storedSources())
	if err != nil || len(stored) != 1 || stored[0].Branch != "main" || stored[0].Type != config.Git {
		t.Errorf("what is stored is %v, %v", stored, err)
	}
}

// A form from another site changes nothing.
func TestConnectFromElsewhere(t *testing.T) {
	r := startEmpty(t)
	for _, path := range []string{"/sources/connect", "/sources/backfill"} {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+path, strings.NewReader("forge=github&way=app&owner=acme&name=x&source=x"))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("Origin", "https://evil.example")
		if v := newVisitor(t).ask(q); v.status != http.StatusForbidden {
			t.Errorf("%s: %d", path, v.status)
		}
	}
}

// The page of a source has its past read while the portal runs; so does the API.
func TestBackfillFromPage(t *testing.T) {
	folder := plainRepository(t)
	for i, owner := range []string{"a", "b", "c"} {
		t.Setenv("GIT_COMMITTER_DATE", time.Date(2020, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.RFC3339))
		commitFile(t, folder, "catalog-info.yaml", strings.ReplaceAll(service("pay"), "owner: a", "owner: "+owner))
	}
	r := plainPortal(t, folder)
	r.mustSurvey(t, "platform")
	r.settle(t)
	v := newVisitor(t).open(r.base + "/sources/platform")
	v.press("Read the past", nil).isAt("/sources/platform")
	r.untilFilled(t, "platform")
	v.open(r.base+"/sources/platform").isTold("[aria-labelledby=h-past]", "2 events came of the past of 1 repository")
	if _, body := r.read(t, "/catalog/default/component/pay/history"); !strings.Contains(body, "owner a → b") {
		t.Error("the page of its history does not tell of the past")
	}
	// Again there is nothing to tell.
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	portal := newPortalClient(r.base, token)
	if err := portal.ask(t.Context(), http.MethodPost, "/api/sources/platform/backfill", nil, nil); err != nil {
		t.Fatal(err)
	}
	r.untilFilled(t, "platform")
	r.says(t, "/api/sources/platform", `"backfill":{"running":false,`, `"done":1,"total":1,"events":0,"failed":0`)
	if got := r.eventsOf(t, event.TypeRepositoryBackfilled); len(got) != 1 {
		t.Errorf("on record as done: %q", got)
	}
	if err := portal.ask(t.Context(), http.MethodPost, "/api/sources/nothing/backfill", nil, nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a source that is not there: %v", err)
	}
	waiting := newBackfills(r.portal) // which nobody runs
	if err := waiting.begin(t.Context(), "platform"); err != nil {
		t.Fatal(err)
	}
	if err := waiting.begin(t.Context(), "platform"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second one while one runs: %v", err)
	}
}

// untilFilled waits until a backfill has ended.
func (r *running) untilFilled(t *testing.T, source string) {
	t.Helper()
	ended, err := until(t.Context(), storyWait, func(context.Context) (bool, error) {
		s, ok := r.backfills.state(source)
		return ok && !s.Ended.IsZero(), nil
	})
	if err != nil || !ended {
		t.Fatalf("the backfill of %s has not ended: %v", source, err)
	}
	r.settle(t)
}
