package demoforge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/internal/demoforge"
)

// door receives deliveries.
type door struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []*http.Request
	bodies [][]byte
	came   chan string // event names, when it is not nil
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{status: http.StatusAccepted}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.got, d.bodies = append(d.got, r), append(d.bodies, body)
		w.WriteHeader(d.status)
		fmt.Fprint(w, "seen")
		if d.came != nil {
			d.came <- r.Header.Get("X-GitHub-Event")
		}
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *door) answer(status int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status = status
}

// events lists what came, and forgets it.
func (d *door) events() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []string
	for i, r := range d.got {
		name := r.Header.Get("X-GitHub-Event") + r.Header.Get("X-Gitlab-Event")
		var p struct {
			Head struct {
				Message string `json:"message"`
			} `json:"head_commit"`
			Commits []struct {
				Title string `json:"title"`
			} `json:"commits"`
			EventName string `json:"event_name"`
		}
		if json.Unmarshal(d.bodies[i], &p) == nil {
			name = strings.TrimSpace(name + " " + p.Head.Message)
			for _, c := range p.Commits {
				if c.Title != "" {
					name += " " + c.Title
				}
			}
			if strings.HasPrefix(name, "System") || strings.HasPrefix(name, "Project") {
				name += " " + p.EventName
			}
		}
		list = append(list, name)
	}
	d.got, d.bodies = nil, nil
	return list
}

func deliver(t *testing.T, f *demoforge.Forge) {
	t.Helper()
	if err := f.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func organizationHook(t *testing.T, c *github.Client, url string, events ...string) *github.Hook {
	t.Helper()
	h, _, err := c.Organizations.CreateHook(t.Context(), "acme", &github.Hook{
		Name: github.String("web"), Events: events,
		Config: &github.HookConfig{URL: &url, ContentType: github.String("json"), Secret: github.String("s3cret")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func write(n int, message string) demoforge.Change {
	return commit(n, message, map[string]string{"n": fmt.Sprint(n)})
}

func TestGitHubHookReceivesWhatItListensFor(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	elsewhere := create(t, f, demoforge.GitHub, "other/ledger")
	c := githubClient(t, f, "any")
	d := newDoor(t)
	h := organizationHook(t, c, d.URL, "push", "repository", "meta")

	push(t, r, "main", write(1, "one"))
	push(t, elsewhere, "main", write(1, "not told"))
	create(t, f, demoforge.GitHub, "acme/new")
	if _, err := r.Archive(moss); err != nil {
		t.Fatal(err)
	}
	if got := d.events(); got != nil {
		t.Fatalf("before Deliver there came %v", got)
	}
	deliver(t, f)
	signed := d.got[1]
	if err := github.ValidateSignature(signed.Header.Get(github.SHA256SignatureHeader), d.bodies[1], []byte("s3cret")); err != nil {
		t.Error(err)
	}
	if signed.Header.Get("X-GitHub-Hook-ID") != fmt.Sprint(h.GetID()) || signed.Header.Get("X-GitHub-Hook-Installation-Target-Type") != "organization" {
		t.Errorf("headers %v", signed.Header)
	}
	if diff := cmp.Diff([]string{"ping", "push one", "repository", "repository"}, d.events()); diff != "" {
		t.Errorf("came (-want +got):\n%s", diff)
	}

	// Also what it was told to listen for later, until it is removed.
	if _, _, err := c.Organizations.EditHook(ctx, "acme", h.GetID(), &github.Hook{Events: []string{"create", "meta"}}); err != nil {
		t.Fatal(err)
	}
	push(t, r, "side", write(2, "two"))
	if _, err := c.Organizations.PingHook(ctx, "acme", h.GetID()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Organizations.DeleteHook(ctx, "acme", h.GetID()); err != nil {
		t.Fatal(err)
	}
	push(t, r, "gone", write(3, "three"))
	deliver(t, f)
	if diff := cmp.Diff([]string{"create", "ping", "meta"}, d.events()); diff != "" {
		t.Errorf("came (-want +got):\n%s", diff)
	}
	if hooks, _, err := c.Organizations.ListHooks(ctx, "acme", nil); err != nil || len(hooks) != 0 {
		t.Errorf("hooks %v, %v", hooks, err)
	}
}

func TestGitHubHookOfARepositoryThatWantsAForm(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	c := githubClient(t, f, "any")
	d := newDoor(t)
	body := &github.Hook{Config: &github.HookConfig{URL: &d.URL, Secret: github.String("s3cret")}}
	h, _, err := c.Repositories.CreateHook(ctx, "acme", "ledger", body)
	if err != nil || h.Config.GetContentType() != "form" || h.Config.GetSecret() != "********" {
		t.Fatalf("hook %v, %v", h, err)
	}
	if _, resp, err := c.Repositories.CreateHook(ctx, "acme", "ledger", body); err == nil || resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the same again: %v", err)
	}
	push(t, r, "main", write(1, "one"))
	deliver(t, f)
	last := &http.Request{
		Header: d.got[len(d.got)-1].Header,
		Body:   io.NopCloser(strings.NewReader(string(d.bodies[len(d.got)-1]))),
	}
	payload, err := github.ValidatePayload(last, []byte("s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	event, err := github.ParseWebHook(github.WebHookType(last), payload)
	if err != nil || event.(*github.PushEvent).GetHeadCommit().GetMessage() != "one" {
		t.Errorf("event %v, %v", event, err)
	}
}

func TestGitHubDeliveriesAreLoggedAndSentAgain(t *testing.T) {
	ctx := context.Background()
	now := noon
	f := start(t, demoforge.Options{Now: func() time.Time { return now }})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	c := githubClient(t, f, "any")
	d := newDoor(t)
	h := organizationHook(t, c, d.URL, "push")
	f.SetFates(func(o demoforge.Outgoing) demoforge.Fate { return demoforge.Fate{Lost: o.Delivery.Event == "ping"} })
	d.answer(http.StatusInternalServerError)
	for i := range 3 {
		push(t, r, "main", write(i, fmt.Sprint(i)))
	}
	deliver(t, f)
	d.answer(http.StatusAccepted)
	d.events()

	type row struct {
		Status string
		Code   int
		Event  string
		Again  bool
	}
	list := func() (rows []row, all []*github.HookDelivery) {
		t.Helper()
		opt := &github.ListCursorOptions{PerPage: 2}
		for {
			page, resp, err := c.Organizations.ListHookDeliveries(ctx, "acme", h.GetID(), opt)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range page {
				rows = append(rows, row{one.GetStatus(), one.GetStatusCode(), one.GetEvent(), one.GetRedelivery()})
			}
			all = append(all, page...)
			if opt.Cursor = resp.Cursor; opt.Cursor == "" {
				return rows, all
			}
		}
	}
	rows, all := list()
	failed := row{"Invalid HTTP Response: 500", 500, "push", false}
	if diff := cmp.Diff([]row{failed, failed, failed, {"failed to connect to host", 502, "ping", false}}, rows); diff != "" {
		t.Fatalf("log (-want +got):\n%s", diff)
	}
	full, _, err := c.Organizations.GetHookDelivery(ctx, "acme", h.GetID(), all[0].GetID())
	if err != nil {
		t.Fatal(err)
	}
	event, err := full.ParseRequestPayload()
	if err != nil || event.(*github.PushEvent).GetHeadCommit().GetMessage() != "2" || full.Request.GetHeaders()["X-Hub-Signature-256"] == "" {
		t.Errorf("delivery %v, %v", full, err)
	}
	_, resp, err := c.Organizations.RedeliverHookDelivery(ctx, "acme", h.GetID(), all[0].GetID())
	if resp == nil || resp.StatusCode != http.StatusAccepted {
		t.Fatalf("redelivery: %v, want 202", err)
	}
	deliver(t, f)
	if got := d.got[0].Header.Get("X-GitHub-Delivery"); got != all[0].GetGUID() {
		t.Errorf("sent again as %s, want %s", got, all[0].GetGUID())
	}
	rows, again := list()
	if (rows[0] != row{"OK", 202, "push", true}) || len(rows) != 5 || again[0].GetGUID() != all[0].GetGUID() {
		t.Errorf("log %v", rows)
	}

	now = now.Add(3*24*time.Hour + time.Second)
	if rows, _ := list(); rows != nil {
		t.Errorf("three days later the log has %v", rows)
	}
	if _, resp, _ := c.Organizations.RedeliverHookDelivery(ctx, "acme", h.GetID(), all[0].GetID()); resp.StatusCode != http.StatusNotFound {
		t.Errorf("three days later it can be sent again: %d", resp.StatusCode)
	}
}

func TestFates(t *testing.T) {
	for _, test := range []struct {
		name  string
		fates map[string]demoforge.Fate
		want  []string // before and, after "|", once what is late was released
	}{
		{"all in order", nil, []string{"1", "2", "3", "4", "|"}},
		{"lost", map[string]demoforge.Fate{"2": {Lost: true}}, []string{"1", "3", "4", "|"}},
		{"silent", map[string]demoforge.Fate{"1": {Silent: true}}, []string{"2", "3", "4", "|"}},
		{"twice", map[string]demoforge.Fate{"3": {Copies: 2}}, []string{"1", "2", "3", "3", "4", "|"}},
		{"swapped", map[string]demoforge.Fate{"1": {After: 1}}, []string{"2", "1", "3", "4", "|"}},
		{"reversed", map[string]demoforge.Fate{"1": {After: 9}, "2": {After: 9}, "3": {After: 9}}, []string{"4", "|", "1", "2", "3"}},
		{"late twice", map[string]demoforge.Fate{"2": {After: 2, Copies: 2}}, []string{"1", "3", "4", "2", "2", "|"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, demoforge.Options{})
			r := create(t, f, demoforge.GitHub, "acme/ledger")
			d := newDoor(t)
			organizationHook(t, githubClient(t, f, "any"), d.URL, "push")
			deliver(t, f)
			d.events()
			f.SetFates(func(o demoforge.Outgoing) demoforge.Fate {
				for message, fate := range test.fates {
					if strings.Contains(string(o.Delivery.Body), `"message":"`+message+`"`) {
						return fate
					}
				}
				return demoforge.Fate{}
			})
			for i := 1; i <= 4; i++ {
				push(t, r, "main", write(i, fmt.Sprint(i)))
			}
			if got := len(f.Waiting()); got != 4 {
				t.Errorf("%d wait, want 4", got)
			}
			deliver(t, f)
			got := append(d.events(), "|")
			f.Release()
			deliver(t, f)
			got = append(got, d.events()...)
			for i := range got {
				got[i] = strings.TrimPrefix(got[i], "push ")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("came (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBackgroundSendsByItself(t *testing.T) {
	f := start(t, demoforge.Options{Background: true})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	d := newDoor(t)
	d.came = make(chan string, 10)
	organizationHook(t, githubClient(t, f, "any"), d.URL, "push")
	push(t, r, "main", write(1, "1"))
	for _, want := range []string{"ping", "push"} {
		if got := <-d.came; got != want {
			t.Errorf("came %s, want %s", got, want)
		}
	}
	push(t, r, "main", write(2, "2"))
	deliver(t, f) // waits for what the background sends
	if got := d.events(); !slices.Equal(got, []string{"ping", "push 1", "push 2"}) {
		t.Errorf("came %v", got)
	}
}
