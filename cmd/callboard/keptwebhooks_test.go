package main

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
)

// The portal ends in the midst of making webhooks: it goes on with the next start. What
// the forge refused is gone on with by a button.
func TestWebhooksAreGoneOnWith(t *testing.T) {
	service := demoforge.Service{Token: "forge-token", Limit: 1 << 30}
	forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitLab: service, Background: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { forge.Close() })
	var repos []*demoforge.Repository
	for _, name := range []string{"acme/pay", "acme/till", "acme/lake"} {
		repo, err := forge.Create(demoforge.GitLab, name, demoforge.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		push(t, repo, map[string]string{"README.md": "hello"})
		repos = append(repos, repo)
	}
	reached := make(chan struct{})
	inTheMidst := sync.OnceFunc(func() { close(reached) })
	var made atomic.Int32
	refuseGroups := func(second func(*http.Request) demoforge.Fault) func(*http.Request) demoforge.Fault {
		return func(q *http.Request) demoforge.Fault {
			switch {
			case strings.Contains(q.URL.Path, "/groups/acme/hooks"):
				return demoforge.Fault{Status: http.StatusForbidden}
			case q.Method == http.MethodPost && strings.HasSuffix(q.URL.Path, "/hooks") && made.Add(1) > 1:
				return second(q)
			}
			return demoforge.Fault{}
		}
	}
	forge.SetFaults(refuseGroups(func(q *http.Request) demoforge.Fault {
		inTheMidst()
		return demoforge.Fault{Wait: q.Context().Done()} // until the portal ends
	}))
	conf := config.Default()
	conf.Data, conf.Server.Listen = t.TempDir(), "127.0.0.1:0"
	first, stop := runPortalAt(t, conf)
	if err := first.connect(t.Context(), config.Source{Name: "gitlab", Type: config.GitLab, URL: forge.APIURL(demoforge.GitLab), Token: "forge-token", Groups: []string{"acme"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := first.hooks.begin(t.Context(), "gitlab", ""); err != nil {
		t.Fatal(err)
	}
	<-reached
	stop()
	conf.Server.Listen = first.listener.Addr().String() // which the webhooks lead to

	forge.SetFaults(refuseGroups(func(*http.Request) demoforge.Fault { return demoforge.Fault{Status: http.StatusForbidden} }))
	second, _ := runPortalAt(t, conf)
	r := &running{portal: second, forge: forge, base: "http://" + second.listener.Addr().String(), inbox: handledWatch{log: second.inbox}, client: http.DefaultClient}
	r.untilUnhooked(t, "gitlab")
	v := newVisitor(t).open(r.base+"/sources/gitlab").isTold(".strip.warn", "The webhook could not be made")
	forge.SetFaults(refuseGroups(func(*http.Request) demoforge.Fault { return demoforge.Fault{} }))
	v.open(r.base+"/sources/gitlab/connect").press("Go on with the webhook", nil).isAt("/sources/gitlab/connect")
	r.untilHooked(t, "gitlab")
	if w, _ := r.hooks.state("gitlab"); w.Done != len(repos) {
		t.Errorf("%d projects have a webhook, and it says %q", w.Done, w.Made)
	}
	if left := r.hooks.kept.unmade(); len(left) > 0 || !r.hooks.makes("gitlab") {
		t.Errorf("left to be made: %v", left)
	}
}

// untilUnhooked waits until the webhook of a source could not be made.
func (r *running) untilUnhooked(t *testing.T, source string) {
	t.Helper()
	ended, err := until(t.Context(), storyWait, func(context.Context) (bool, error) {
		w, asked := r.hooks.state(source)
		return asked && !w.Running, nil
	})
	if w, _ := r.hooks.state(source); err != nil || !ended || w.Error == "" {
		t.Fatalf("it is %+v, %v", w, err)
	}
}
