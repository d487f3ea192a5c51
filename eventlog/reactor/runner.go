package reactor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/pubsub"
	"github.com/callboard/callboard/internal/fault"
)

// Options are common to the reactors of a Runner. The zero Options will do.
type Options struct {
	Logger   *slog.Logger          // nil means slog.Default
	Metrics  prometheus.Registerer // nil means none
	Retries  int                   // after an error that may pass; 0 means 5
	Backoff  pubsub.Backoff        // between attempts
	LongWait time.Duration         // from which on Waiting is told; 0 means 5 s
	Grace    time.Duration         // for what is being done when the runner shuts down; 0 means 10 s
}

// Runner runs reactors on one log.
type Runner struct {
	log      eventlog.Log
	groups   *pubsub.Groups
	opts     Options
	metrics  *metrics
	handlers []*handler
}

// New returns a runner. Names of reactors are unique, among runners with the
// same Metrics too.
func New(log eventlog.Log, cursors eventlog.Cursors, opts Options, reactors ...Reactor) (*Runner, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Metrics == nil {
		opts.Metrics = prometheus.NewRegistry()
	}
	if opts.Retries == 0 {
		opts.Retries = 5
	}
	if opts.LongWait == 0 {
		opts.LongWait = 5 * time.Second
	}
	if opts.Grace == 0 {
		opts.Grace = 10 * time.Second
	}
	m, err := newMetrics(opts.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register the metrics of reactors: %w", err)
	}
	r := &Runner{log: log, groups: pubsub.NewGroups(cursors), opts: opts, metrics: m}
	names := map[string]bool{}
	for _, reactor := range reactors {
		if reactor.Name == "" || reactor.React == nil {
			return nil, fmt.Errorf("reactor %q: Name and React must be set", reactor.Name)
		}
		if names[reactor.Name] {
			return nil, fmt.Errorf("there are two reactors called %s", reactor.Name)
		}
		names[reactor.Name] = true
		h := r.newHandler(reactor)
		if err := m.addLag(opts.Metrics, reactor.Name, h.lag); err != nil {
			return nil, fmt.Errorf("register the metrics of reactor %s: %w", reactor.Name, err)
		}
		r.handlers = append(r.handlers, h)
	}
	return r, nil
}

// Run runs the reactors until ctx ends, and then waits, at most for Grace, for
// what is being done. It can be called once.
func (r *Runner) Run(ctx context.Context) error {
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: r.opts.Grace + 2*time.Second}, r.watermillLogger())
	if err != nil {
		return fmt.Errorf("make the router of reactors: %w", err)
	}
	// The work outlasts ctx by Grace.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	for _, h := range r.handlers {
		h.work = work
		poison, err := middleware.PoisonQueueWithFilter(poisonQueue{h}, h.Name, hasGivenUp)
		if err != nil {
			return fmt.Errorf("make the poison queue of reactor %s: %w", h.Name, err)
		}
		router.AddConsumerHandler(h.Name, pubsub.Topics(h.On...), h.subscriber, h.handle).AddMiddleware(
			h.open,
			poison,
			h.retry,
			r.metrics.attempts.Middleware,
			middleware.Recoverer,
		)
	}
	if len(r.handlers) == 0 {
		<-ctx.Done() // Watermill's router would not end
		return nil
	}
	ended := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		defer close(ended)
		return router.Run(work)
	})
	g.Go(func() error {
		select {
		case <-ended:
			return nil
		case <-router.Running(): // before that, Close would hang
		}
		select {
		case <-ended:
			return errors.New("the router ended by itself")
		case <-ctx.Done():
		}
		defer time.AfterFunc(r.opts.Grace, stop).Stop()
		return router.Close()
	})
	if err := g.Wait(); err != nil {
		return fmt.Errorf("run reactors: %w", err)
	}
	return nil
}

// Replay has a reactor handle one record again, now, and returns its error. The
// reactor's other work waits meanwhile; its position does not change.
func (r *Runner) Replay(ctx context.Context, name string, p eventlog.Position) error {
	for _, h := range r.handlers {
		if h.Name != name {
			continue
		}
		rec, err := r.log.At(ctx, p)
		if err != nil {
			return err
		}
		_, err = middleware.Recoverer(func(*message.Message) ([]*message.Message, error) {
			return nil, h.react(ctx, rec, 1)
		})(nil)
		return err
	}
	return fault.New(fault.NotFound, "there is no reactor called %q", name)
}

// watermillLogger is the Logger for Watermill, whose news are our details.
func (r *Runner) watermillLogger() watermill.LoggerAdapter {
	return watermill.NewSlogLoggerWithLevelMapping(r.opts.Logger, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
}
