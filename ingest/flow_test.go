package ingest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog/pubsub"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/demoforge"
)

// flow is everything between a forge's webhook and the main log, as it runs in
// the portal, with a forge of each kind.
type flow struct {
	*world
	t      *testing.T
	host   *demoforge.Forge
	github *forgeAt
	gitlab *forgeAt
	door   string
}

func newFlow(t *testing.T) *flow {
	t.Helper()
	f := &flow{world: newWorld(t), t: t}
	f.github = newForgeAt(t, demoforge.GitHub, demoforge.Options{})
	f.host = f.github.host
	f.gitlab = &forgeAt{t: t, host: f.host, branch: "main", clock: f.github.clock, source: newSourceAt(t, demoforge.GitLab, f.host, token)}
	var err error
	if f.gitlab.repo, err = f.host.Create(demoforge.GitLab, "acme/money/ledger", demoforge.Settings{}); err != nil {
		t.Fatal(err)
	}
	log, err := sqlitelog.Open(t.Context(), filepath.Join(t.TempDir(), "deliveries.db"))
	if err != nil {
		t.Fatal(err)
	}
	closing(t, log)
	f.deliveries, f.sources = log, []ingest.Source{f.github.source, f.gitlab.source}
	f.restart()

	door, err := ingest.NewDoor(ingest.DoorOptions{
		Sources: f.sources, Deliveries: log, Failures: f, Metrics: prometheus.NewRegistry(), Logger: quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	door.Register(e)
	server := httptest.NewServer(e)
	f.door = server.URL
	reactors, err := reactor.New(log, log, reactor.Options{
		Logger: quiet(), Backoff: pubsub.Backoff{First: time.Millisecond, Most: 10 * time.Millisecond}, LongWait: time.Millisecond,
	}, f.translator.Reactors()...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- reactors.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return f
}

// Failed says whether the newest outcome of a delivery is that it failed.
func (f *flow) Failed(ctx context.Context, id string) (failed bool, err error) {
	for rec, err := range f.deliveries.Read(ctx, 0) {
		if err != nil {
			return false, err
		}
		if rec.Subject == id && rec.Type == event.TypeDeliveryHandled {
			h, err := event.DecodeAs[event.DeliveryHandled](rec.Event)
			if err != nil {
				return false, err
			}
			failed = h.Status == event.DeliveryFailed
		}
	}
	return failed, nil
}

// send delivers to the door and returns the delivery's id.
func (f *flow) send(d demoforge.Delivery) string {
	f.t.Helper()
	status, err := d.Send(f.t.Context(), http.DefaultClient, f.door+"/hooks/"+string(d.Provider))
	if err != nil || status != http.StatusAccepted {
		f.t.Fatalf("delivery %s is answered %d, %v", d.ID, status, err)
	}
	return event.DeliveryID(string(d.Provider), d.ID)
}

// await waits until a delivery has come to a status so often.
func (f *flow) await(id string, status event.DeliveryStatus, times int) event.DeliveryHandled {
	f.t.Helper()
	for rec, err := range f.deliveries.Follow(f.t.Context(), 0) {
		if err != nil {
			f.t.Fatal(err)
		}
		if rec.Subject != id || rec.Type != event.TypeDeliveryHandled {
			continue
		}
		h, err := event.DecodeAs[event.DeliveryHandled](rec.Event)
		if err != nil {
			f.t.Fatal(err)
		}
		if h.Status == status {
			if times--; times == 0 {
				return h
			}
		}
	}
	f.t.Fatalf("delivery %s never was %s", id, status)
	return event.DeliveryHandled{}
}

func TestFromHookToEntity(t *testing.T) {
	f := newFlow(t)
	for _, at := range []*forgeAt{f.github, f.gitlab} {
		name := string(at.repo.Provider())
		before := len(stored(t, f.log))
		id := f.send(at.deliver(at.branch, write("services/a/catalog-info.yaml", component(name, "a"))))
		h := f.await(id, event.DeliveryDone, 1)
		recs := stored(t, f.log)[before:]
		if len(recs) != 2 || len(h.Events) != 2 || h.Events[1] != uint64(recs[1].Position) || h.Commit != at.repo.Head(at.branch) || h.Attempts != 1 {
			t.Fatalf("%s: the outcome is %+v of %v", name, h, tell(t, recs))
		}
		said, err := event.DecodeAs[event.ActivityPush](recs[0].Event)
		if err != nil || said.After != h.Commit || !said.Default || recs[0].Cause.Delivery != id || recs[0].Subject != said.Repository.FullName {
			t.Errorf("%s: the push is told as %+v of %+v, %v", name, said, recs[0].Event, err)
		}
		rec := recs[1]
		if rec.Source != "/sources/"+name || rec.Subject != "component:default/"+name || rec.Actor.Login != "mossbank" || !rec.Time.Equal(at.clock) {
			t.Errorf("%s: the event is of %s about %s by %+v at %s", name, rec.Source, rec.Subject, rec.Actor, rec.Time)
		}
		if rec.Cause.Delivery != id || rec.Cause.Commit != at.repo.Head(at.branch) || !strings.HasSuffix(rec.Cause.CommitURL, rec.Cause.Commit) {
			t.Errorf("%s: its cause is %+v", name, rec.Cause)
		}
		d, err := event.DecodeAs[event.EntityRegistered](rec.Event)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"backstage.io/view-url", "backstage.io/source-location"} {
			resp, err := http.Get(strings.TrimPrefix(d.Entity.Metadata.Annotations[key], "url:"))
			if err != nil {
				t.Fatal(err)
			}
			if resp.Body.Close(); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %s is %s, which answers %d", name, key, d.Entity.Metadata.Annotations[key], resp.StatusCode)
			}
		}
	}

	// Another branch changes no entity, and the same once more is no news.
	again := f.host.Deliveries()[0]
	topic := f.send(f.github.deliver("topic", write("catalog-info.yaml", component("topic", "a"))))
	if h := f.await(topic, event.DeliveryDone, 1); h.Repository != "acme/payments" || h.Commit != "" || len(h.Events) != 1 {
		t.Errorf("a push to a topic: %+v", h)
	}
	f.send(again)
	last := f.send(f.github.deliver(f.github.branch, write("README.md", "more")))
	f.await(last, event.DeliveryDone, 1)
	if lines := tell(t, stored(t, f.log)); len(lines) != 2 {
		t.Errorf("there are %d events, want 2: %v", len(lines), lines)
	}
}

func TestAForgeThatIsDownHoldsUpOnlyItsOwn(t *testing.T) {
	f := newFlow(t)
	f.host.SetFaults(func(r *http.Request) demoforge.Fault {
		if strings.HasPrefix(r.URL.Path, "/github/") {
			return demoforge.Fault{Status: http.StatusBadGateway}
		}
		return demoforge.Fault{}
	})
	waits := f.send(f.github.deliver(f.github.branch, write("catalog-info.yaml", component("x", "a"))))
	behind := f.send(f.github.deliver(f.github.branch, write("catalog-info.yaml", component("x", "b"))))
	if h := f.await(waits, event.DeliveryWaiting, 1); !strings.Contains(h.Error, "trouble of its own (502)") || h.Repository != "acme/payments" || h.RetryAt.IsZero() {
		t.Errorf("it waits like this: %+v", h)
	}
	other := f.send(f.gitlab.deliver("main", write("catalog-info.yaml", component("y", "a"))))
	f.await(other, event.DeliveryDone, 1)
	f.host.SetFaults(nil)
	f.await(waits, event.DeliveryDone, 1)
	f.await(behind, event.DeliveryDone, 1)
	want := []string{
		"registered component:default/y in catalog-info.yaml owner a",
		"registered component:default/x in catalog-info.yaml owner a",
		"changed component:default/x in catalog-info.yaml owner b",
	}
	if diff := cmp.Diff(want, tell(t, stored(t, f.log))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFailedDeliveryIsLetInAgain(t *testing.T) {
	f := newFlow(t)
	f.host.SetFaults(func(*http.Request) demoforge.Fault { return demoforge.Fault{Status: http.StatusForbidden} })
	d := f.github.deliver(f.github.branch, write("catalog-info.yaml", component("x", "a")))
	id := f.send(d)
	if h := f.await(id, event.DeliveryFailed, 1); !strings.Contains(h.Error, "token") || h.Repository != "acme/payments" {
		t.Errorf("it failed like this: %+v", h)
	}
	f.host.SetFaults(nil)
	f.send(d)
	f.await(id, event.DeliveryDone, 1)

	f.send(d) // now it is a repeat
	last := f.send(f.github.deliver(f.github.branch, write("README.md", "more")))
	f.await(last, event.DeliveryDone, 1)
	if err := f.translator.Replay(t.Context(), id, "asked by a person", event.Actor{}); err != nil {
		t.Fatal(err)
	}
	f.await(id, event.DeliveryDone, 2)
	if n := len(stored(t, f.log)); n != 3 {
		t.Errorf("there are %d events, want 3: two pushes, and what one of them led to", n)
	}
}
