package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/config"
)

// plainRepository is an empty repository with a work tree.
func plainRepository(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "catalog")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	git(t, folder, "init", "--quiet", "--initial-branch=main")
	git(t, folder, "config", "user.name", "Pebbledash")
	git(t, folder, "config", "user.email", "pebbledash@acme.example")
	return folder
}

// commitFile writes a file, or with "" removes it, and commits that.
func commitFile(t *testing.T, folder, name, text string) string {
	t.Helper()
	file := filepath.Join(folder, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(file), 0o700)
	if err == nil && text == "" {
		err = os.Remove(file)
	} else if err == nil {
		err = os.WriteFile(file, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	git(t, folder, "add", "--all")
	git(t, folder, "commit", "--quiet", "--message=Change "+name)
	return strings.TrimSpace(git(t, folder, "rev-parse", "HEAD"))
}

// plainPortal runs a portal with a folder as its only source.
func plainPortal(t *testing.T, folder string) *running {
	t.Helper()
	conf := config.Default()
	conf.Sources = []config.Source{{Name: "platform", Type: config.Git, URL: folder, WebhookSecret: "hook-secret", Grace: 1}}
	p := runPortal(t, conf)
	return &running{portal: p, base: p.url(), inbox: handledWatch{log: p.inbox}, client: http.DefaultClient}
}

func TestPlainGitSource(t *testing.T) {
	folder := plainRepository(t)
	first := commitFile(t, folder, "services/pay/catalog-info.yaml", service("pay"))
	r := plainPortal(t, folder)
	r.mustSurvey(t, "platform")
	e, ok := r.catalog.Snapshot().Get("component:default/pay")
	if !ok {
		t.Fatal("the repository was not read")
	}
	if e.Since.Cause.Commit != first || e.Since.Actor.Name != "Pebbledash" || e.Origin.Repository != "catalog" {
		t.Errorf("it is known since %+v, from %+v", e.Since, e.Origin)
	}
	want := "file:" + folder + "#services/pay/catalog-info.yaml"
	if a := e.Entity.Metadata.Annotations; a[catalog.AnnotationLocation] != want || a[catalog.AnnotationOriginLocation] != want || a[catalog.AnnotationViewURL] != "" {
		t.Errorf("its annotations are %v", a)
	}
	for _, page := range []string{"/catalog/default/component/pay", "/catalog/default/component/pay/history", "/catalog/default/component/pay/descriptor", "/sources", "/sources/platform", "/audit"} {
		if status, body := getFrom(t, r.base+page); status != http.StatusOK || strings.Contains(body, `href=""`) {
			t.Errorf("%s answers %d, with an empty link: %t", page, status, strings.Contains(body, `href=""`))
		}
	}

	if _, body := getFrom(t, fmt.Sprintf("%s/audit/%d", r.base, e.Since.Position)); !strings.Contains(body, "looked for by Callboard") || strings.Contains(body, "signature checked") {
		t.Error("the page of its event does not say that nobody sent it")
	}

	// A look that finds nothing new asks for nothing; one that does, once.
	before := r.looks(t)
	r.mustSurvey(t, "platform")
	if n := r.looks(t) - before; n != 0 {
		t.Errorf("%d looks were asked for", n)
	}
	commitFile(t, folder, "services/pay/catalog-info.yaml", "")
	commitFile(t, folder, "catalog-info.yaml", service("ship"))
	r.mustSurvey(t, "platform")
	if r.has("component:default/pay") || !r.has("component:default/ship") || r.looks(t) != before+1 {
		t.Errorf("after the second look: pay %t, ship %t, %d looks more", r.has("component:default/pay"), r.has("component:default/ship"), r.looks(t)-before)
	}

	// A signed webhook has it looked at, whatever it says.
	commitFile(t, folder, "catalog-info.yaml", service("sail"))
	if status := poke(t, r, "wrong"); status != http.StatusUnauthorized {
		t.Errorf("a poke with a wrong signature was answered %d", status)
	}
	if status := poke(t, r, "hook-secret"); status != http.StatusAccepted {
		t.Errorf("a poke was answered %d", status)
	}
	r.settle(t)
	if r.has("component:default/ship") || !r.has("component:default/sail") {
		t.Error("the poke led to nothing")
	}
}

// Without a secret no webhook is taken, and none is asked for.
func TestPlainGitSourceWithoutASecret(t *testing.T) {
	conf := config.Default()
	conf.Sources = []config.Source{{Name: "platform", Type: config.Git, URL: plainRepository(t), Grace: 1}}
	p := runPortal(t, conf)
	v := newVisitor(t).open(p.url()+"/sources/platform").isTold("[aria-labelledby=h-hook]", "It is polled, and takes no webhook", "webhookSecret")
	if strings.Contains(v.body, "/hooks/platform") {
		t.Error("it names an address that always refuses")
	}
}

func poke(t *testing.T, r *running, secret string) int {
	t.Helper()
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("{}"))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+"/hooks/platform", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(m.Sum(nil)))
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// looks counts how often something asked to look at a repository.
func (r *running) looks(t *testing.T) (n int) {
	t.Helper()
	for rec, err := range r.portal.inbox.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Type == event.TypeRepositoryDue {
			n++
		}
	}
	return n
}

// getFrom returns the status and the body of a page.
func getFrom(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
