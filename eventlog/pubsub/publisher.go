package pubsub

import (
	"context"
	"strconv"
	"sync/atomic"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Publisher appends messages to a log. Set its fields before the first Publish.
type Publisher struct {
	Log    eventlog.Appender
	Source string // CloudEvents source of messages whose metadata has none

	closed atomic.Bool
}

// Publish appends messages under a topic, the type of their events: durably, in
// order, and all or none. It waits no longer than the first message's context
// allows. Afterwards each message's metadata says where it is, in
// [MetaPosition], and in [MetaDuplicate] whether it was there before.
//
// Errors are those of [eventlog.Appender].
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if p.closed.Load() {
		return fault.New(fault.Unavailable, "the publisher is closed")
	}
	ctx := context.Background()
	if len(messages) > 0 {
		ctx = messages[0].Context()
	}
	events := make([]event.Event, len(messages))
	for i, msg := range messages {
		var err error
		if events[i], err = toEvent(msg, topic, p.Source); err != nil {
			return err
		}
	}
	appended, err := p.Log.Append(ctx, events...)
	if err != nil {
		return err
	}
	for i, a := range appended {
		meta := messages[i].Metadata
		meta.Set(MetaPosition, strconv.FormatUint(uint64(a.Position), 10))
		delete(meta, MetaRecorded)
		delete(meta, MetaDuplicate)
		if a.Duplicate {
			meta.Set(MetaDuplicate, "true")
		}
	}
	return nil
}

// Close makes further calls of Publish fail. The log stays open.
func (p *Publisher) Close() error {
	p.closed.Store(true)
	return nil
}

var _ message.Publisher = (*Publisher)(nil)
