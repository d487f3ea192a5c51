package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
)

// running is a portal inside the test, with a forge that it reads.
type running struct {
	*portal
	forge  *demoforge.Forge
	base   string
	client *http.Client
	inbox  handledWatch
}

// startPortal runs a portal on an empty data folder with a source for each
// provider of a fresh forge. Options change its configuration.
func startPortal(tb testing.TB, options ...func(*config.Config)) *running {
	tb.Helper()
	return startSurveyed(tb, config.Never, options...)
}

// startSurveyed is startPortal with surveys on a schedule, and at the start.
func startSurveyed(tb testing.TB, schedule string, options ...func(*config.Config)) *running {
	tb.Helper()
	service := demoforge.Service{Token: "forge-token", Secret: "hook-secret", Limit: 1 << 30}
	forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitHub: service, GitLab: service})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { forge.Close() })
	conf := config.Default()
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		of := map[demoforge.Provider]*config.Source{demoforge.GitHub: {Organizations: []string{"acme"}}, demoforge.GitLab: {Groups: []string{"acme"}}}[p]
		conf.Sources = append(conf.Sources, config.Source{
			Organizations: of.Organizations, Groups: of.Groups,
			Name: string(p), Type: string(p), URL: forge.APIURL(p),
			Token: config.Secret(service.Token), WebhookSecret: config.Secret(service.Secret), Reconcile: schedule, Grace: 1,
		})
	}
	for _, o := range options {
		o(&conf)
	}
	p := runPortal(tb, conf)
	return &running{
		portal: p, forge: forge, base: p.url(), inbox: handledWatch{log: p.inbox},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}, Timeout: 30 * time.Second},
	}
}

// runPortal runs a portal on an empty data folder until the test ends.
func runPortal(tb testing.TB, conf config.Config) *portal {
	tb.Helper()
	conf.Data, conf.Server.Listen = tb.TempDir(), "127.0.0.1:0"
	p, _ := runPortalAt(tb, conf)
	return p
}

// runPortalAt runs a portal on its data folder until it is stopped, or the test ends.
func runPortalAt(tb testing.TB, conf config.Config) (_ *portal, stopped func()) {
	tb.Helper()
	ctx, stop := context.WithCancel(context.Background())
	p, err := openPortal(ctx, conf, slog.New(slog.DiscardHandler), portalOptions{now: time.Now})
	if err != nil {
		stop()
		tb.Fatal(err)
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- p.run(ctx, func(context.Context) error { close(ready); return nil }) }()
	stopped = sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Errorf("the portal ended with %v", err)
		}
		if err := p.close(); err != nil {
			tb.Errorf("close the portal: %v", err)
		}
	})
	tb.Cleanup(stopped)
	select {
	case <-ready:
	case err := <-ended:
		tb.Fatalf("the portal did not start: %v", err)
	}
	return p, stopped
}

// send delivers to the portal's door and returns the status.
func (r *running) send(tb testing.TB, d demoforge.Delivery) int {
	tb.Helper()
	status, err := d.Send(context.Background(), r.client, r.base+"/hooks/"+string(d.Provider))
	if err != nil {
		tb.Fatal(err)
	}
	return status
}

// settle waits until all deliveries are handled and the read models have seen
// what they led to.
func (r *running) settle(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), storyWait)
	defer cancel()
	if err := r.inbox.wait(ctx); err != nil {
		tb.Fatal(err)
	}
	came, err := r.portal.inbox.Last(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	if err := r.inboxes.WaitAll(ctx, came); err != nil {
		tb.Fatal(err)
	}
	last, err := r.events.Last(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	if err := r.runner.WaitAll(ctx, last); err != nil {
		tb.Fatal(err)
	}
}
