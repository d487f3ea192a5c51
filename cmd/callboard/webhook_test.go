package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
)

// A webhook is deleted at the forge, and another portal's of the same name is there
// still: pages, API and metrics say that none leads here, until it is made again.
func TestWebhookIsMissing(t *testing.T) {
	for p, name := range map[demoforge.Provider]string{demoforge.GitHub: "GitHub", demoforge.GitLab: "GitLab"} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			r := startEmpty(t)
			repo := r.repository(t, p, "acme/pay")
			newVisitor(t).open(r.base+"/sources/connect?forge="+string(p)).
				press("Connect", map[string]string{"owner": "acme", "token": "forge-token", "url": strings.TrimSuffix(r.forge.APIURL(p), "/")})
			r.pushed(t, repo, "pay")
			r.mustSurvey(t, p)
			at := "/sources/" + string(p)
			green := func() {
				t.Helper()
				r.says(t, at+"/connect", string(p)+" is connected.")
				for _, path := range []string{at, at + "/connect", "/sources", "/api/sources"} {
					if _, body := r.read(t, path); strings.Contains(body, "ebhook is missing") || strings.Contains(body, "noWebhook") {
						t.Errorf("%s says that a webhook is missing", path)
					}
				}
				r.says(t, "/metrics", fmt.Sprintf(`callboard_source_webhook_missing{source="%s"} 0`, p))
			}
			green()

			r.atHooks(t, p, http.MethodDelete, r.hookID(t, p), "")
			r.atHooks(t, p, http.MethodPost, "", "https://other.example/hooks/"+string(p))
			r.mustSurvey(t, p)
			missing := name + " has no webhook that leads here: make it again."
			r.says(t, at, missing, "one leads to https://other.example/hooks/"+string(p), "Make it again")
			r.says(t, at+"/connect", missing, "to be made again", "Make it again")
			r.says(t, "/sources", "A webhook of "+string(p)+" is missing.")
			r.says(t, "/api/sources", `"noWebhook":"`)
			r.says(t, "/api/sources/"+string(p), `"noWebhook":"`, "/hooks/"+string(p))
			r.says(t, "/metrics", fmt.Sprintf(`callboard_source_webhook_missing{source="%s"} 1`, p))

			newVisitor(t).open(r.base+at).press("Make it again", nil).isAt(at + "/connect")
			if made, err := until(t.Context(), storyWait, func(context.Context) (bool, error) {
				w, _ := r.hooks.state(string(p))
				return !w.Running, nil
			}); err != nil || !made {
				t.Fatalf("the webhook is not made: %v", err)
			}
			r.mustSurvey(t, p)
			green()
		})
	}
}

// atHooks asks for something of the webhooks of acme, and returns the answer.
func (r *running) atHooks(t *testing.T, p demoforge.Provider, method, id, to string) string {
	t.Helper()
	path, body := "orgs/acme/hooks", fmt.Sprintf(`{"name": "web", "config": {"url": %q}}`, to)
	if p == demoforge.GitLab {
		path, body = "api/v4/groups/acme/hooks", fmt.Sprintf(`{"url": %q}`, to)
	}
	if id != "" {
		path += "/" + id
	}
	q, err := http.NewRequestWithContext(t.Context(), method, r.forge.APIURL(p)+path, strings.NewReader(body))
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
	if answer.StatusCode/100 != 2 {
		t.Fatalf("%s %s: the forge answers %s", method, path, answer.Status)
	}
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// hookID is the number of the only webhook of acme.
func (r *running) hookID(t *testing.T, p demoforge.Provider) string {
	t.Helper()
	var hooks []struct{ ID int64 }
	if err := json.Unmarshal([]byte(r.atHooks(t, p, http.MethodGet, "", "")), &hooks); err != nil || len(hooks) != 1 {
		t.Fatalf("the webhooks are %v, %v", hooks, err)
	}
	return fmt.Sprint(hooks[0].ID)
}

// A forge may reach the portal elsewhere than where it thinks that it is: the webhook
// that was made to lead there is known again.
func TestWebhookElsewhere(t *testing.T) {
	r := startEmpty(t)
	repo := r.repository(t, demoforge.GitHub, "acme/pay")
	push(t, repo, map[string]string{"README.md": "hello"})
	at, err := url.Parse(r.base)
	if err != nil {
		t.Fatal(err)
	}
	tunnel := httptest.NewServer(httputil.NewSingleHostReverseProxy(at))
	t.Cleanup(tunnel.Close)
	payload := tunnel.URL + "/hooks/github"
	own := config.Source{Name: "github", Type: config.GitHub, URL: r.forge.APIURL(demoforge.GitHub), Token: "forge-token", WebhookSecret: "first", Organizations: []string{"acme"}}
	if err := r.connect(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	w, err := r.hooks.begin(t.Context(), "github", payload)
	if err == nil {
		err = <-w.taken
	}
	if err != nil {
		t.Fatal(err)
	}
	if made, err := until(t.Context(), storyWait, func(context.Context) (bool, error) {
		w, _ := r.hooks.state("github")
		return !w.Running, nil
	}); err != nil || !made {
		t.Fatalf("the webhook is not made: %v", err)
	}
	r.pushed(t, repo, "pay")
	r.mustSurvey(t, demoforge.GitHub)
	status, _ := r.surveyStatus("github")
	if got := r.apiSources()[0].URL; got != payload || status.NoHook.Says != "" || status.Unseen != "" {
		t.Errorf("it is thought to lead to %s; missing is %+v, not looked for since %q", got, status.NoHook, status.Unseen)
	}
}
