package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

// A secret is changed while deliveries come: those signed with the old one and
// those signed with the new one are taken, none is lost, each is handled once.
func TestReloadLosesNothing(t *testing.T) {
	r := startPortal(t)
	payments := r.repository(t, demoforge.GitHub, "acme/payments")
	const each = 20
	var all []demoforge.Delivery
	for i := range 3 * each {
		all = append(all, push(t, payments, map[string]string{"catalog-info.yaml": service("payments") + strings.Repeat("\n", i)}))
	}
	var sending sync.WaitGroup
	sending.Go(func() {
		for _, d := range all {
			if status, err := d.Send(t.Context(), r.client, r.base+"/hooks/github"); err != nil || status != http.StatusAccepted {
				t.Errorf("a delivery is answered %d, %v", status, err)
			}
		}
	})
	next := r.file
	next.Sources = slices.Clone(next.Sources)
	next.Sources[0].PreviousSecret, next.Sources[0].WebhookSecret = next.Sources[0].WebhookSecret, "a new secret"
	for range 5 {
		if err := r.reload(t.Context(), next); err != nil {
			t.Fatal(err)
		}
	}
	sending.Wait()
	r.settle(t)
	done, err := r.deliveries.Summaries(t.Context())
	if err != nil || len(done) != 1 || done[0].Total != len(all) || done[0].Pending+done[0].Failed > 0 {
		t.Errorf("the deliveries stand %+v, %v", done, err)
	}
	if got := r.eventsOf(t, event.TypeEntityRegistered); len(got) != 1 {
		t.Errorf("it was registered %d times", len(got))
	}

	next.Sources = slices.Clone(next.Sources)
	next.Sources[0].PreviousSecret = ""
	if err := r.reload(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if status := r.send(t, push(t, payments, map[string]string{"README.md": "late"})); status != http.StatusUnauthorized {
		t.Errorf("the old secret is answered %d when it counts no more", status)
	}
}

// Secrets that lie in files are changed by SIGHUP: the environment of a process is what
// it was when it began.
func TestReloadReadsSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := config.Keep(filepath.Join(dir, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	r := startPortal(t)
	file := filepath.Join(dir, "callboard.yaml")
	write("callboard.yaml", fmt.Sprintf("sources:\n  - {name: github, type: github, url: %q, token: \"${file:token}\", webhookSecret: \"${file:secret}\", previousWebhookSecret: \"${file:secret-before}\", reconcile: never}\n", r.forge.APIURL(demoforge.GitHub)))
	load := func() (config.Config, error) { return config.Load(file, os.LookupEnv) }
	reload := func() {
		t.Helper()
		next, err := load()
		if err == nil {
			err = r.reload(t.Context(), next)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	repo := r.repository(t, demoforge.GitHub, "acme/payments")
	sent := 0
	answers := func(want int) {
		t.Helper()
		sent++
		if status := r.send(t, push(t, repo, map[string]string{"catalog-info.yaml": service("payments") + strings.Repeat("\n", sent)})); status != want {
			t.Errorf("delivery %d, signed as the forge signs, is answered %d, want %d", sent, status, want)
		}
	}
	write("token", "forge-token\n")
	write("secret", "hook-secret\n") // which the forge signs with
	write("secret-before", "another\n")
	reload()
	answers(http.StatusAccepted)
	write("secret-before", "hook-secret\n")
	write("secret", "the next one\n")
	reload()
	answers(http.StatusAccepted) // both are valid
	write("secret-before", "the next one\n")
	reload()
	answers(http.StatusUnauthorized)
	write("secret", "hook-secret\n")
	reload()
	answers(http.StatusAccepted)
	r.settle(t)
	if !r.has("component:default/payments") {
		t.Error("what was sent is not in the catalog: the token of the file is none")
	}
}

// A source is connected: what surveys know of the others is not forgotten for that.
func TestReloadKeepsSurveys(t *testing.T) {
	r := startSurveyed(t, "@every 24h")
	push(t, r.repository(t, demoforge.GitHub, "acme/payments"), map[string]string{"README.md": "hello"})
	r.mustSurvey(t, demoforge.GitHub)
	was, ok := r.surveyOf("github")
	if !ok || was.Compared.IsZero() || was.Checked.IsZero() || was.Found != 1 {
		t.Fatalf("before: %+v", was)
	}
	other := config.Source{Name: "more", Type: config.GitHub, URL: r.forge.APIURL(demoforge.GitHub), Token: "forge-token", WebhookSecret: "first"}
	if err := r.connect(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	is, ok := r.surveyOf("github")
	if !ok || is.Compared.Before(was.Compared) || is.Checked.Before(was.Checked) || is.Found != 1 {
		t.Errorf("after: %+v, want what was known before: %+v", is, was)
	}
}

// A configuration that cannot count changes nothing.
func TestReloadOfSomethingWrong(t *testing.T) {
	r := startPortal(t)
	bad := r.file
	bad.Sources = slices.Clone(bad.Sources)
	bad.Sources[0].WebhookSecret = ""
	if err := r.reload(t.Context(), bad); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
	if status := r.send(t, push(t, r.repository(t, demoforge.GitHub, "acme/payments"), map[string]string{"README.md": "hello"})); status != http.StatusAccepted {
		t.Errorf("a delivery is answered %d", status)
	}
}

// A source is connected while the portal runs, again with another secret, and taken
// away; what is in the file is another matter.
func TestConnectAndDisconnect(t *testing.T) {
	r := startPortal(t)
	own := config.Source{Name: "more", Type: config.GitHub, URL: r.forge.APIURL(demoforge.GitHub), Token: "forge-token", WebhookSecret: "first"}
	if err := r.connect(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	own.WebhookSecret, own.Token = "second", ""
	if err := r.connect(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	stored, err := config.ReadSources(r.storedSources())
	if err != nil || len(stored) != 1 || stored[0].PreviousSecret != "first" || stored[0].Token != "forge-token" {
		t.Errorf("what is stored is %v, %v", stored, err)
	}
	if got := r.apiSources(); len(got) != 3 || got[2].Name != "more" {
		t.Errorf("the sources are %v", got)
	}
	own.Name = "github"
	if err := r.connect(t.Context(), own); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a name that is taken: %v", err)
	}
	own.Name, own.Reconcile = "less", "now and then"
	if err := r.connect(t.Context(), own); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a schedule that is none: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(cloneOf(r.config.Data, "more"), "objects"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(answersOf(r.config.Data, "more"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.disconnect(t.Context(), "more"); err != nil {
		t.Fatal(err)
	}
	for _, cache := range []string{cloneOf(r.config.Data, "more"), answersOf(r.config.Data, "more")} {
		if _, err := os.Stat(cache); !os.IsNotExist(err) {
			t.Errorf("after disconnecting %s is there still: %v", cache, err)
		}
	}
	if err := r.disconnect(t.Context(), "more"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("what is gone: %v", err)
	}
	if err := r.disconnect(t.Context(), "github"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("what stands in the file: %v", err)
	}
	if got := r.apiSources(); len(got) != 2 {
		t.Errorf("the sources are %v", got)
	}
}

// Who connects a source may hang up while it is being put in its place: it runs
// from then on, so it stays on disk.
func TestConnectOutlivesItsClient(t *testing.T) {
	conf := config.Default()
	conf.Data = t.TempDir()
	p, err := openPortal(t.Context(), conf, slog.New(slog.DiscardHandler), portalOptions{now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	const sources = 20 // by chance the wrong order may come out right, but not so often
	for i := range sources {
		client, hangUp := context.WithCancel(t.Context())
		go func() { // as [portal.takeIn], with the client gone in the midst of it
			next := <-p.next
			hangUp()
			close(next.swapped)
		}()
		err := p.connect(client, config.Source{Name: fmt.Sprint("more-", i), Type: config.GitHub, WebhookSecret: "hook-secret"})
		if err != nil {
			t.Errorf("source %d: %v", i, err)
		}
	}
	if stored, err := config.ReadSources(p.storedSources()); err != nil || len(stored) != sources {
		t.Errorf("%d of %d sources are on disk, %v", len(stored), sources, err)
	}
}

// Of those who connect a source of one name at once one does. The key that is kept is
// that of its App, and nothing of the others is.
func TestAddOnce(t *testing.T) {
	r := startEmpty(t)
	keys := map[string]string{}
	var mu sync.Mutex
	var adding sync.WaitGroup
	added := 0
	for i := range 3 {
		id, key := fmt.Sprint(i+1), newKey(t)
		keys[id] = key
		adding.Go(func() {
			app := config.App{ID: id, PrivateKeyFile: r.keyFile("github")}
			err := r.add(t.Context(), addition{source: config.Source{Name: "github", Type: config.GitHub, URL: r.forge.APIURL(demoforge.GitHub), WebhookSecret: "secret", Organizations: []string{"acme"}, App: app}, key: key})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				added++
			case fault.KindOf(err) != fault.Conflict:
				t.Errorf("source %s: %v", id, err)
			}
		})
	}
	adding.Wait()
	stored, err := config.ReadSources(r.storedSources())
	if err != nil || len(stored) != 1 || added != 1 {
		t.Fatalf("%d were added, and stored are %v, %v", added, stored, err)
	}
	if key, err := os.ReadFile(r.keyFile("github")); err != nil || string(key) != keys[stored[0].App.ID] {
		t.Errorf("the key is not that of App %s: %v", stored[0].App.ID, err)
	}
}

// A source that cannot be added leaves no key behind.
func TestAddLeavesNoKey(t *testing.T) {
	r := startEmpty(t)
	app := config.App{ID: "1", PrivateKeyFile: r.keyFile("github")}
	source := config.Source{Name: "github", Type: config.GitHub, URL: r.forge.APIURL(demoforge.GitHub), WebhookSecret: "secret", Reconcile: "now and then", Organizations: []string{"acme"}, App: app}
	err := r.add(t.Context(), addition{source: source, key: newKey(t)})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(r.keyFile("github")); !os.IsNotExist(err) {
		t.Errorf("the key is there: %v", err)
	}
}

// newKey is the key of an App, as a forge gives it.
func newKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}
