package pubsub

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Subscriber hands out a log's records as messages, in order. The next message
// of a subscription comes only after the ack of the one before, since
// Watermill's router starts a goroutine for each; after a nack the same record
// comes again, as a new message.
//
// Set the fields before the first Subscribe.
type Subscriber struct {
	Log eventlog.Reader
	// Group makes the subscription go on where its group had come to. Without
	// one nobody remembers how far it came.
	Group *Group
	// After is where a new group begins, and a subscription without a group: with
	// the record after this position.
	After eventlog.Position
	// Accept, if set, passes over the records for which it returns false.
	Accept func(eventlog.Record) bool
	// Backoff is for the time after a nack, or when the log cannot be read.
	Backoff Backoff
	// Linger is how long Close and the end of a subscription's context wait for
	// the ack of the message that is being handled. Its context ends at once.
	Linger time.Duration
	Logger watermill.LoggerAdapter // may be nil

	position atomic.Uint64
	mu       sync.Mutex
	cancels  []context.CancelFunc // one for each subscription
	closed   bool
	running  sync.WaitGroup
}

// Topics returns the topic for several types of events at once; for none, that
// of all events.
func Topics(types ...event.Type) string {
	if len(types) == 0 {
		return "*"
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ",")
}

// Subscribe hands out the messages of a topic: one type of event, or what
// [Topics] returns. The channel is closed when ctx ends or on Close.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if topic == "" {
		return nil, fault.New(fault.Invalid, "a subscription needs a topic")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fault.New(fault.Unavailable, "the subscriber is closed")
	}
	ctx, cancel := context.WithCancel(ctx)
	s.cancels = append(s.cancels, cancel)
	sub := &subscription{Subscriber: s, out: make(chan *message.Message), after: s.After, logger: s.Logger}
	if topic != Topics() {
		sub.types = strings.Split(topic, ",")
	}
	if sub.logger == nil {
		sub.logger = watermill.NopLogger{}
	}
	s.running.Go(func() {
		defer cancel()
		sub.run(ctx)
	})
	return sub.out, nil
}

// Close ends all subscriptions. The log stays open.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, cancel := range s.cancels {
		cancel()
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// Position returns how far the subscription has come, if there is but one: up
// to here, every record was acked or passed over.
func (s *Subscriber) Position() eventlog.Position { return eventlog.Position(s.position.Load()) }

// saveEvery is after how many records that nobody wanted a group's position is
// saved; otherwise it is after each ack.
const saveEvery = 1000

// subscription is one goroutine's: it both sends on out and closes it.
type subscription struct {
	*Subscriber
	types  []string // nil for all
	out    chan *message.Message
	logger watermill.LoggerAdapter
	after  eventlog.Position // up to here all is done
	saved  eventlog.Position // as far as the group remembers it
}

func (s *subscription) run(ctx context.Context) {
	defer close(s.out)
	if s.Group == nil {
		s.insist(ctx, s.follow)
		return
	}
	if !s.Group.take(ctx) {
		return
	}
	defer s.Group.release()
	s.insist(ctx, s.resume)
	s.insist(ctx, s.follow)
	if s.after > s.saved {
		s.save(ctx)
	}
}

// insist takes a step until it succeeds or ctx ends.
func (s *subscription) insist(ctx context.Context, step func(context.Context) error) {
	for failures := 1; ctx.Err() == nil; failures++ {
		before := s.after
		err := step(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		if s.after > before {
			failures = 1
		}
		wait := s.Backoff.After(failures)
		s.logger.Error("The log cannot be read; trying again", err, watermill.LogFields{"position": s.after, "wait": wait})
		Sleep(ctx, wait)
	}
}

// resume finds out where the group had come to.
func (s *subscription) resume(ctx context.Context) error {
	p, err := s.Group.cursors.Cursor(ctx, s.Group.name)
	if err == nil && p > 0 {
		s.after, s.saved = p, p
	}
	return err
}

// follow hands out records until ctx ends, which is no error, or the log fails.
func (s *subscription) follow(ctx context.Context) error {
	s.position.Store(uint64(s.after))
	for rec, err := range s.Log.Follow(ctx, s.after) {
		if err != nil {
			return err
		}
		wanted := s.wants(rec)
		if wanted && !s.deliver(ctx, rec) {
			return nil
		}
		s.after = rec.Position
		s.position.Store(uint64(s.after))
		if s.Group != nil && (wanted || s.after >= s.saved+saveEvery) {
			s.save(ctx)
		}
	}
	return nil
}

func (s *subscription) wants(rec eventlog.Record) bool {
	return (s.types == nil || slices.Contains(s.types, string(rec.Type))) && (s.Accept == nil || s.Accept(rec))
}

// save tells the group how far it has come, even if ctx has ended. If that
// fails, the next time will do; at worst, records are handed out again.
func (s *subscription) save(ctx context.Context) {
	if err := s.Group.cursors.SetCursor(context.WithoutCancel(ctx), s.Group.name, s.after); err != nil {
		s.logger.Error("The position of a group cannot be saved", err, watermill.LogFields{"group": s.Group.name, "position": s.after})
		return
	}
	s.saved = s.after
}

// deliver hands out a record until it is acked, and reports false if ctx ended
// before that.
func (s *subscription) deliver(ctx context.Context, rec eventlog.Record) bool {
	for nacks := 1; ; nacks++ {
		acked, nacked := s.handOut(ctx, rec)
		if acked {
			return true
		}
		if !nacked || !Sleep(ctx, s.Backoff.After(nacks)) {
			return false
		}
	}
}

// handOut hands out a record once. Neither answer means that ctx ended.
func (s *subscription) handOut(ctx context.Context, rec eventlog.Record) (acked, nacked bool) {
	msg := Message(rec)
	msgCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	msg.SetContext(msgCtx)

	select {
	case s.out <- msg:
	case <-ctx.Done():
		return false, false
	}
	select {
	case <-msg.Acked():
		return true, false
	case <-msg.Nacked():
		return false, true
	case <-ctx.Done():
	}
	select {
	case <-msg.Acked():
		return true, false
	case <-msg.Nacked():
		return false, false
	case <-time.After(s.Linger):
		return false, false
	}
}

var _ message.Subscriber = (*Subscriber)(nil)
