package reactor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/pubsub"
	"github.com/callboard/callboard/internal/fault"
)

// handler is a reactor as the router runs it: open → poison queue → retry →
// metrics → recoverer → handle. Open, retry and handle are ours.
//
// Watermill's own Retry counts every failure alike, knows nothing of waits that
// an error asks for, and does not tell the wait that it is about to make. Its
// CorrelationID is for messages that a handler returns; reactors return none.
type handler struct {
	Reactor
	runner     *Runner
	subscriber *pubsub.Subscriber
	logger     *slog.Logger
	turn       chan struct{}   // holds one while React runs
	work       context.Context // what React's context is made from
}

func (r *Runner) newHandler(reactor Reactor) *handler {
	h := &handler{Reactor: reactor, runner: r, logger: r.opts.Logger.With("reactor", reactor.Name), turn: make(chan struct{}, 1)}
	if h.GaveUp == nil {
		h.GaveUp = h.appendFailure
	}
	h.subscriber = &pubsub.Subscriber{
		Log: r.log, Group: r.groups.Group(reactor.Name), Accept: reactor.Accept, Backoff: r.opts.Backoff,
		Linger: r.opts.Grace + time.Second, Logger: r.watermillLogger(),
	}
	return h
}

// lag is how many records the reactor is behind.
func (h *handler) lag() float64 {
	last, err := h.runner.log.Last(context.Background())
	if err != nil {
		return -1
	}
	return float64(last) - float64(h.subscriber.Position())
}

// delivery is a message on its way through the middleware.
type delivery struct {
	rec     eventlog.Record
	failure Failure // so far
}

// attrs says for the log what is being handled and how it stands.
func (d *delivery) attrs() []slog.Attr {
	return []slog.Attr{
		slog.String("event", d.rec.ID), slog.String("type", string(d.rec.Type)), slog.Uint64("position", uint64(d.rec.Position)),
		slog.String("correlation", correlation(d.rec)), slog.Int("attempt", d.failure.Attempts), slog.Any("error", d.failure.Err),
	}
}

type deliveryKey struct{}

// open reads the record out of the message.
func (h *handler) open(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		rec, err := pubsub.Record(msg)
		if err != nil {
			return nil, err // never, for a message of our own subscriber
		}
		middleware.SetCorrelationID(correlation(rec), msg)
		msg.SetContext(context.WithValue(msg.Context(), deliveryKey{}, &delivery{rec: rec}))
		return next(msg)
	}
}

func opened(msg *message.Message) *delivery {
	return msg.Context().Value(deliveryKey{}).(*delivery)
}

// givenUp marks the error after which the poison queue takes a message.
type givenUp struct{ error }

func (g givenUp) Unwrap() error { return g.error }

func hasGivenUp(err error) bool {
	var g givenUp
	return errors.As(err, &g)
}

// retry tries until that makes no sense or the runner shuts down, which ends
// the message's context. The record is then handed out again after the restart.
func (h *handler) retry(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		d := opened(msg)
		var failed, unavailable int
		for {
			d.failure.Attempts++
			start := time.Now()
			produced, err := next(msg)
			if err == nil {
				return produced, nil
			}
			if msg.Context().Err() != nil {
				return nil, msg.Context().Err()
			}
			d.failure.Err, d.failure.Took = err, time.Since(start)

			var wait time.Duration
			switch fault.KindOf(err) {
			case fault.Unavailable:
				unavailable++
				wait = cmp.Or(fault.RetryAfter(err), h.runner.opts.Backoff.After(unavailable))
			case fault.Internal:
				if failed++; failed > h.runner.opts.Retries {
					return nil, givenUp{err}
				}
				wait = h.runner.opts.Backoff.After(failed)
			default:
				return nil, givenUp{err}
			}
			h.logger.LogAttrs(h.work, slog.LevelWarn, "A reactor failed and will try again", append(d.attrs(), slog.Duration("wait", wait))...)
			if h.Waiting != nil && wait >= h.runner.opts.LongWait {
				h.Waiting(h.context(h.work, d.rec, d.failure.Attempts), d.rec, d.failure, time.Now().Add(wait))
			}
			if !pubsub.Sleep(msg.Context(), wait) {
				return nil, msg.Context().Err()
			}
		}
	}
}

// handle is what the router calls.
func (h *handler) handle(msg *message.Message) error {
	d := opened(msg)
	return h.react(h.work, d.rec, d.failure.Attempts)
}

// react calls React when no other call of it is under way.
func (h *handler) react(ctx context.Context, rec eventlog.Record, attempt int) error {
	select {
	case h.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-h.turn }()
	return h.React(h.context(ctx, rec, attempt), rec)
}

func (h *handler) context(ctx context.Context, rec eventlog.Record, attempt int) context.Context {
	return context.WithValue(context.WithValue(ctx, correlationKey, correlation(rec)), attemptKey, attempt)
}

// poisonQueue is what Watermill's PoisonQueue publishes to. It cannot be the
// log itself, which would take the message for a repeat of the record.
type poisonQueue struct{ *handler }

// Publish tells GaveUp.
func (q poisonQueue) Publish(_ string, messages ...*message.Message) error {
	for _, msg := range messages {
		d := opened(msg)
		q.logger.LogAttrs(q.work, slog.LevelError, "A reactor gave up on an event", d.attrs()...)
		if err := q.GaveUp(q.context(q.work, d.rec, d.failure.Attempts), d.rec, d.failure); err != nil {
			return fmt.Errorf("reactor %s gave up on event %s, and that could not be recorded: %w", q.Name, d.rec.ID, err)
		}
		q.runner.metrics.gaveUp.WithLabelValues(q.Name).Inc()
	}
	return nil
}

// Close does nothing.
func (q poisonQueue) Close() error { return nil }

// appendFailure is the GaveUp of reactors that have none of their own.
func (h *handler) appendFailure(ctx context.Context, rec eventlog.Record, failure Failure) error {
	if rec.Type == event.TypeReactionFailed {
		return nil // or a reactor that fails on everything would never end
	}
	e, err := event.New("/reactors/"+url.PathEscape(h.Name), rec.Subject, event.ReactionFailed{
		Reactor: h.Name, Event: rec.ID, Position: uint64(rec.Position),
		Kind: string(fault.KindOf(failure.Err)), Error: failure.Text(), Attempts: failure.Attempts,
	})
	if err != nil {
		return err
	}
	e.ID = event.DeriveID(0, "reaction.failed", h.Name, rec.ID)
	e.Cause = rec.Cause
	_, err = h.runner.log.Append(ctx, e)
	return err
}
