package subscribers

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/pubsub"
	"github.com/callboard/callboard/internal/fault"
)

// Options are common to all subscribers. All are needed, unless it says otherwise.
type Options struct {
	Store   *Store
	History History
	Log     Log
	// Wait returns once the history has the event at a position.
	Wait func(context.Context, eventlog.Position) error
	// Note puts on record what somebody tells a subscriber to do, before it is done. Nil: nothing is.
	Note    func(ctx context.Context, said event.SubscriberWorkRequested) error
	Metrics prometheus.Registerer
	Logger  *slog.Logger
	Now     func() time.Time
	After   func(time.Duration) <-chan time.Time // nil means time.After
	Backoff pubsub.Backoff                       // between attempts; zero means from 1 s to 5 min
	// Transport makes the requests; nil means one of its own for each subscriber.
	Transport http.RoundTripper

	metrics *metrics
}

// Dispatcher sends to all subscribers, to each at its own pace.
type Dispatcher struct {
	options Options

	mu      sync.Mutex
	workers []*Worker
	changed chan struct{} // closed and replaced when workers are
}

// New makes a dispatcher that has no subscribers yet: see [Dispatcher.Serve].
func New(o Options) (*Dispatcher, error) {
	if o.After == nil {
		o.After = time.After
	}
	if o.Backoff == (pubsub.Backoff{}) {
		o.Backoff = pubsub.Backoff{First: time.Second, Most: 5 * time.Minute}
	}
	d := &Dispatcher{options: o, changed: make(chan struct{})}
	var err error
	d.options.metrics, err = newMetrics(o.Metrics, d)
	return d, err
}

// Serve has these be the subscribers. One that is as it was goes on undisturbed; of
// one that is none any more it stays known how far it is.
func (d *Dispatcher) Serve(ctx context.Context, all []Subscriber) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	workers := make([]*Worker, len(all))
	for i, s := range all {
		w, err := newWorker(ctx, &d.options, s)
		if err != nil {
			return err
		}
		for _, was := range d.workers {
			switch {
			case reflect.DeepEqual(was.Subscriber, w.Subscriber):
				w = was
			case was.Name == w.Name:
				w.turn = was.turn
			}
		}
		workers[i] = w
	}
	d.workers = workers
	close(d.changed)
	d.changed = make(chan struct{})
	return nil
}

// Run sends until ctx ends, which is no error.
func (d *Dispatcher) Run(ctx context.Context) error {
	type running struct {
		stop  context.CancelFunc
		ended chan struct{}
	}
	all := map[*Worker]running{}
	end := func(stays map[*Worker]bool) {
		for w, r := range all {
			if !stays[w] {
				r.stop()
			}
		}
		for w, r := range all {
			if !stays[w] {
				<-r.ended
				delete(all, w)
			}
		}
	}
	defer end(nil)
	for {
		d.mu.Lock()
		workers, changed := d.workers, d.changed
		d.mu.Unlock()
		stays := map[*Worker]bool{}
		for _, w := range workers {
			stays[w] = true
		}
		end(stays) // before others begin: two must not send to one subscriber
		for _, w := range workers {
			if _, ok := all[w]; ok {
				continue
			}
			within, stop := context.WithCancel(ctx)
			r := running{stop, make(chan struct{})}
			all[w] = r
			go func() {
				defer close(r.ended)
				w.run(within)
			}()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// Workers returns one for each subscriber, in the order of the configuration.
func (d *Dispatcher) Workers() []*Worker {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.workers
}

// Worker returns that of a subscriber, or an error of kind fault.NotFound.
func (d *Dispatcher) Worker(name string) (*Worker, error) {
	for _, w := range d.Workers() {
		if w.Name == name {
			return w, nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no subscriber %q in the configuration", name)
}
