package demoforge_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/internal/demoforge"
)

// appToken signs a JSON Web Token as an App does.
func appToken(t *testing.T, key string, issuer any, issued, expires time.Time) string {
	t.Helper()
	block, _ := pem.Decode([]byte(key))
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	claims := fmt.Sprintf(`{"iss":%q,"iat":%d,"exp":%d}`, fmt.Sprint(issuer), issued.Unix(), expires.Unix())
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestAppReadsThroughItsInstallation(t *testing.T) {
	ctx := context.Background()
	now := noon
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Token: "right"}, Now: func() time.Time { return now }})
	ledger, vault := create(t, f, demoforge.GitHub, "acme/ledger"), create(t, f, demoforge.GitHub, "acme/vault")
	must(t)(vault.SetVisibility("private", moss))
	d := newDoor(t)
	app, err := f.AddApp(demoforge.AppSettings{Name: "Callboard Acme", HookURL: d.URL, Events: []string{"push"}})
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := app.Install("acme", ledger)
	if err != nil {
		t.Fatal(err)
	}
	token := appToken(t, app.PEM(), app.ID(), now.Add(-time.Minute), now.Add(9*time.Minute))
	c := githubClient(t, f, token)
	if got, _, err := c.Apps.Get(ctx, ""); err != nil || got.GetSlug() != "callboard-acme" {
		t.Fatalf("app %v, %v", got, err)
	}
	list, _, err := c.Apps.ListInstallations(ctx, nil)
	if err != nil || len(list) != 1 || list[0].GetID() != id || list[0].GetAccount().GetLogin() != "acme" || list[0].GetRepositorySelection() != "selected" {
		t.Fatalf("installations %v, %v", list, err)
	}
	granted, resp, err := c.Apps.CreateInstallationToken(ctx, id, nil)
	if err != nil || resp.StatusCode != http.StatusCreated || !granted.GetExpiresAt().Equal(github.Timestamp{Time: now.Add(time.Hour)}) {
		t.Fatalf("token %v, %v", granted, err)
	}
	inside := githubClient(t, f, granted.GetToken())
	names := func() (names []string) {
		t.Helper()
		repos, _, err := inside.Apps.ListRepos(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range repos.Repositories {
			names = append(names, r.GetName())
		}
		return names
	}
	if diff := cmp.Diff([]string{"ledger"}, names()); diff != "" {
		t.Errorf("repositories (-want +got):\n%s", diff)
	}
	if _, resp, _ := inside.Repositories.Get(ctx, "acme", "vault"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a private repository that was not selected answers %d", resp.StatusCode)
	}
	selected := must(t)(app.Select("acme", vault))
	if diff := cmp.Diff([]string{"vault"}, names()); diff != "" {
		t.Errorf("repositories (-want +got):\n%s", diff)
	}
	push(t, vault, "main", write(1, "one"))
	push(t, ledger, "main", write(1, "not told"))
	must(t)(app.Uninstall("acme"))
	deliver(t, f)
	if got := selected.Along[0].Action; selected.Action != "added" || got != "removed" {
		t.Errorf("told of %s and %s", selected.Action, got)
	}
	event, err := github.ParseWebHook("push", d.bodies[4])
	if err != nil || event.(*github.PushEvent).GetInstallation().GetID() != id {
		t.Errorf("push %v, %v", event, err)
	}
	want := []string{"ping", "installation", "installation_repositories", "installation_repositories", "push one", "installation"}
	if diff := cmp.Diff(want, d.events()); diff != "" {
		t.Errorf("came (-want +got):\n%s", diff)
	}
	log, _, err := c.Apps.ListHookDeliveries(ctx, nil)
	if err != nil || len(log) != 6 || log[1].GetInstallationID() != id || log[1].GetRepositoryID() != vault.ID() {
		t.Errorf("log %v, %v", log, err)
	}
	if config, _, err := c.Apps.GetHookConfig(ctx); err != nil || config.GetURL() != d.URL {
		t.Errorf("configuration %v, %v", config, err)
	}
	if _, resp, _ := inside.Repositories.Get(ctx, "acme", "ledger"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the token of what was uninstalled is answered %d", resp.StatusCode)
	}
}

func TestAppWithoutAPermission(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	create(t, f, demoforge.GitHub, "acme/ledger")
	app, err := f.AddApp(demoforge.AppSettings{Name: "One", Permissions: map[string]string{"contents": "read", "metadata": "read"}})
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := app.Install("acme")
	if err != nil {
		t.Fatal(err)
	}
	token := appToken(t, app.PEM(), app.ID(), time.Now().Add(-time.Minute), time.Now().Add(time.Minute))
	granted, _, err := githubClient(t, f, token).Apps.CreateInstallationToken(ctx, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := githubClient(t, f, granted.GetToken())
	for name, ask := range map[string]func() (*github.Response, error){
		"teams": func() (*github.Response, error) {
			_, resp, err := c.Teams.ListTeams(ctx, "acme", nil)
			return resp, err
		},
		"members": func() (*github.Response, error) {
			_, resp, err := c.Organizations.ListMembers(ctx, "acme", nil)
			return resp, err
		},
		"hooks": func() (*github.Response, error) {
			_, resp, err := c.Organizations.ListHooks(ctx, "acme", nil)
			return resp, err
		},
	} {
		if resp, err := ask(); err == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %v, want 403", name, err)
		}
	}
	if _, _, err := c.Repositories.Get(ctx, "acme", "ledger"); err != nil {
		t.Errorf("a repository: %v", err)
	}
}

func TestAppTokensThatAreRefused(t *testing.T) {
	now := noon
	f := start(t, demoforge.Options{Now: func() time.Time { return now }})
	app, err := f.AddApp(demoforge.AppSettings{Name: "One"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := f.AddApp(demoforge.AppSettings{Name: "Another"})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		token  string
		status int
	}{
		"good":             {appToken(t, app.PEM(), app.ID(), now, now.Add(10*time.Minute)), 200},
		"expired":          {appToken(t, app.PEM(), app.ID(), now.Add(-time.Hour), now), 401},
		"too long":         {appToken(t, app.PEM(), app.ID(), now, now.Add(11*time.Minute)), 401},
		"of the future":    {appToken(t, app.PEM(), app.ID(), now.Add(time.Minute), now.Add(5*time.Minute)), 401},
		"of another's key": {appToken(t, other.PEM(), app.ID(), now, now.Add(time.Minute)), 401},
		"of nobody":        {appToken(t, app.PEM(), 12, now, now.Add(time.Minute)), 404},
		"no token at all":  {"a.b.c", 401},
		"a person's":       {"any", 401},
	} {
		status, _, body := get(t, f.APIURL(demoforge.GitHub)+"app", http.Header{"Authorization": {"Bearer " + test.token}})
		if status != test.status {
			t.Errorf("%s: %d %s, want %d", name, status, body, test.status)
		}
	}
}

// press loads a page and presses its button; the answer is the redirect.
func press(t *testing.T, load func() (*http.Response, error), fill url.Values) *url.URL {
	t.Helper()
	resp, err := load()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("page %d: %s, %v", resp.StatusCode, page, err)
	}
	action := regexp.MustCompile(`action="([^"]+)"`).FindSubmatch(page)
	for _, field := range regexp.MustCompile(`name="([^"]+)" value="([^"]*)"`).FindAllSubmatch(page, -1) {
		fill.Set(string(field[1]), html.UnescapeString(string(field[2])))
	}
	to, err := resp.Request.URL.Parse(html.UnescapeString(string(action[1])))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	pressed, err := client.PostForm(to.String(), fill)
	if err != nil {
		t.Fatal(err)
	}
	defer pressed.Body.Close()
	at, err := pressed.Location()
	if err != nil {
		t.Fatalf("pressed: %s, %v", pressed.Status, err)
	}
	return at
}

func TestAppFromAManifest(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	create(t, f, demoforge.GitHub, "acme/ledger")
	d := newDoor(t)
	manifest := fmt.Sprintf(`{"name":"Callboard","url":"https://callboard.acme.example","redirect_url":"https://callboard.acme.example/setup",
		"setup_url":"https://callboard.acme.example/done","hook_attributes":{"url":%q},
		"default_permissions":{"contents":"read","members":"read"},"default_events":["push","repository"]}`, d.URL)
	at := press(t, func() (*http.Response, error) {
		return http.PostForm(f.APIURL(demoforge.GitHub)+"organizations/acme/settings/apps/new?state=abc", url.Values{"manifest": {manifest}})
	}, url.Values{})
	if at.Host != "callboard.acme.example" || at.Query().Get("state") != "abc" {
		t.Fatalf("redirected to %s", at)
	}
	c := githubClient(t, f, "")
	made, resp, err := c.Apps.CompleteAppManifest(ctx, at.Query().Get("code"))
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatal(err)
	}
	if made.GetSlug() != "callboard" || made.GetWebhookSecret() == "" || made.GetClientID() == "" || made.GetClientSecret() == "" || made.GetOwner().GetLogin() != "acme" {
		t.Errorf("app %v", made)
	}
	if _, resp, _ := c.Apps.CompleteAppManifest(ctx, at.Query().Get("code")); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the same code once more: %d", resp.StatusCode)
	}
	at = press(t, func() (*http.Response, error) { return http.Get(made.GetHTMLURL() + "/installations/new?state=def") }, url.Values{"account": {"acme"}})
	if at.Path != "/done" || at.Query().Get("installation_id") == "" || at.Query().Get("state") != "def" {
		t.Errorf("redirected to %s", at)
	}
	token := appToken(t, made.GetPEM(), made.GetClientID(), time.Now().Add(-time.Minute), time.Now().Add(5*time.Minute))
	list, _, err := githubClient(t, f, token).Apps.ListInstallations(ctx, nil)
	if err != nil || len(list) != 1 || list[0].GetRepositorySelection() != "all" {
		t.Errorf("installations %v, %v", list, err)
	}
	deliver(t, f)
	if err := github.ValidateSignature(d.got[1].Header.Get(github.SHA256SignatureHeader), d.bodies[1], []byte(made.GetWebhookSecret())); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"ping", "installation"}, d.events()); diff != "" {
		t.Errorf("came (-want +got):\n%s", diff)
	}
}
