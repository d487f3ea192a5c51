//nolint:thelper // what the suite calls is its test, and no helper
package pubsub_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"github.com/callboard/callboard/eventlog/pubsub"
	"github.com/callboard/callboard/eventlog/sqlitelog"
)

// TestWatermillSuite runs Watermill's own tests of a publisher and subscriber,
// each on a log on disk that it shares with nobody.
func TestWatermillSuite(t *testing.T) {
	features := tests.Features{
		ConsumerGroups:                   true,
		GuaranteedOrder:                  true,
		Persistent:                       true,
		NewSubscriberReceivesOldMessages: true,
		// Not ExactlyOnceDelivery. An event is in the log once, but a group that
		// crashes between the work and the saving of its position sees it again.
		// The tests that follow from saying no are more, not fewer.
	}
	type test = func(*testing.T, tests.TestContext, tests.PubSubConstructor)
	plain := func(run test) func(*testing.T, tests.TestContext) {
		return func(t *testing.T, tc tests.TestContext) { run(t, tc, newBroker(t).withoutGroup) }
	}
	// In one group, all of a test's subscribers share the work; and as long as none
	// of them crashes, each message is handed out once.
	inOneGroup := func(run test, exactlyOnce bool) func(*testing.T, tests.TestContext) {
		return func(t *testing.T, tc tests.TestContext) {
			b := newBroker(t)
			tc.Features.ExactlyOnceDelivery = exactlyOnce
			run(t, tc, func(t *testing.T) (message.Publisher, message.Subscriber) { return b.withGroup(t, "one") })
		}
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, tests.TestContext)
	}{
		{"PublishSubscribe", plain(tests.TestPublishSubscribe)},
		{"ConcurrentSubscribe", plain(tests.TestConcurrentSubscribe)},
		{"ResendOnError", plain(tests.TestResendOnError)},
		{"NoAck", plain(tests.TestNoAck)},
		{"ContinueAfterSubscribeClose", plain(tests.TestContinueAfterSubscribeClose)},
		{"ConcurrentClose", plain(tests.TestConcurrentClose)},
		{"ContinueAfterErrors", plain(tests.TestContinueAfterErrors)},
		{"PublishSubscribeInOrder", plain(tests.TestPublishSubscribeInOrder)},
		{"PublisherClose", plain(tests.TestPublisherClose)},
		{"Topic", plain(tests.TestTopic)},
		{"MessageCtx", plain(tests.TestMessageCtx)},
		{"SubscribeCtx", plain(tests.TestSubscribeCtx)},
		{"NewSubscriberReceivesOldMessages", plain(tests.TestNewSubscriberReceivesOldMessages)},
		{"ConsumerGroups", func(t *testing.T, tc tests.TestContext) { tests.TestConsumerGroups(t, tc, newBroker(t).withGroup) }},
		{"InOneGroup/ConcurrentSubscribe", inOneGroup(tests.TestConcurrentSubscribe, true)},
		{"InOneGroup/PublishSubscribeInOrder", inOneGroup(tests.TestPublishSubscribeInOrder, true)},
		{"InOneGroup/ContinueAfterErrors", inOneGroup(tests.TestContinueAfterErrors, true)},
		{"InOneGroup/ContinueAfterSubscribeClose", inOneGroup(tests.TestContinueAfterSubscribeClose, false)},
		{"InOneGroup/ConcurrentClose", inOneGroup(tests.TestConcurrentClose, false)},
		// This one publishes the same UUIDs under twenty topics, which one log takes
		// for repeats, as it should. So here each topic has a log of its own.
		{"ConcurrentSubscribeMultipleTopics", func(t *testing.T, tc tests.TestContext) {
			tests.TestConcurrentSubscribeMultipleTopics(t, tc, newLogPerTopic(t))
		}},
		// TestReconnect restarts a broker's server; a log in a file has none. What
		// it is after is in the crash test of sqlitelog.
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, tests.TestContext{TestID: tests.NewTestID(), Features: features})
		})
	}
}

type broker struct {
	log    *sqlitelog.Log
	groups *pubsub.Groups
}

func newBroker(t *testing.T) *broker {
	t.Helper()
	log, err := sqlitelog.Open(t.Context(), filepath.Join(t.TempDir(), "events.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return &broker{log, pubsub.NewGroups(log)}
}

func (b *broker) withoutGroup(t *testing.T) (message.Publisher, message.Subscriber) {
	return b.pubSub(t, nil)
}

func (b *broker) withGroup(t *testing.T, group string) (message.Publisher, message.Subscriber) {
	return b.pubSub(t, b.groups.Group(group))
}

func (b *broker) pubSub(t *testing.T, group *pubsub.Group) (message.Publisher, message.Subscriber) {
	sub := &pubsub.Subscriber{
		Log: b.log, Group: group, Logger: watermill.NopLogger{},
		Backoff: pubsub.Backoff{First: time.Millisecond, Most: time.Millisecond}, // the suite nacks for sport
	}
	t.Cleanup(func() { closeSub(t, sub) }) // the suite forgets some
	return &pubsub.Publisher{Log: b.log, Source: "/test"}, sub
}

// logPerTopic is a publisher and subscriber that finds a topic's by its name.
type logPerTopic struct {
	t    *testing.T
	mu   sync.Mutex
	pubs map[string]message.Publisher
	subs map[string]message.Subscriber
}

func newLogPerTopic(t *testing.T) tests.PubSubConstructor {
	l := &logPerTopic{t: t, pubs: map[string]message.Publisher{}, subs: map[string]message.Subscriber{}}
	return func(*testing.T) (message.Publisher, message.Subscriber) { return l, l }
}

func (l *logPerTopic) of(topic string) (message.Publisher, message.Subscriber) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pubs[topic] == nil {
		l.pubs[topic], l.subs[topic] = newBroker(l.t).withoutGroup(l.t)
	}
	return l.pubs[topic], l.subs[topic]
}

func (l *logPerTopic) Publish(topic string, messages ...*message.Message) error {
	pub, _ := l.of(topic)
	return pub.Publish(topic, messages...)
}

func (l *logPerTopic) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	_, sub := l.of(topic)
	return sub.Subscribe(ctx, topic)
}

func (l *logPerTopic) Close() error {
	for _, sub := range l.subs {
		if err := sub.Close(); err != nil {
			return err
		}
	}
	return nil
}
