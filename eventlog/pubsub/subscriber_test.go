package pubsub_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/pubsub"
	"github.com/callboard/callboard/internal/fault"
)

func TestOneMessageAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memory(t, "a", "b")
		messages := subscribe(t, &pubsub.Subscriber{Log: log}, "*")
		first := <-messages
		synctest.Wait()
		expectNone(t, messages)
		first.Ack()
		synctest.Wait()
		if first.Context().Err() == nil {
			t.Error("after its ack the message's context has not ended")
		}
		second := <-messages
		second.Ack()
		synctest.Wait()
		expectNone(t, messages) // until there is more
		add(t, log, "c")
		if got := <-messages; got.UUID != "c" {
			t.Errorf("then comes %s, want c", got.UUID)
		}
	})
}

func TestNack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backoff := pubsub.Backoff{First: time.Second, Most: 4 * time.Second}
		messages := subscribe(t, &pubsub.Subscriber{Log: memory(t, "a", "b"), Backoff: backoff}, "*")
		msg := <-messages
		for i, most := range []time.Duration{1, 2, 4, 4, 4} {
			most *= time.Second
			msg.Nack()
			start := time.Now()
			again := <-messages
			if again.UUID != "a" || again == msg {
				t.Fatalf("after nack %d comes %s, want a new message of a", i+1, again.UUID)
			}
			if took := time.Since(start); took < most/2 || took > most {
				t.Errorf("after nack %d it took %v, want between %v and %v", i+1, took, most/2, most)
			}
			msg = again
		}
		msg.Ack()
		if got := <-messages; got.UUID != "b" {
			t.Errorf("after the ack comes %s, want b", got.UUID)
		}
	})
}

func TestTopics(t *testing.T) {
	for _, c := range []struct {
		topic string
		want  []string
	}{
		{"a.v1", []string{"0", "4"}},
		{"c.v1", []string{"2"}},
		{pubsub.Topics("a.v1", "b.v1"), []string{"0", "1", "3", "4"}},
		{pubsub.Topics(), []string{"0", "1", "2", "3", "4", "5"}},
		{"d.v1", nil},
	} {
		t.Run(c.topic, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := eventlogtest.NewMemory()
				for i, typ := range []event.Type{"a.v1", "b.v1", "c.v1", "b.v1", "a.v1", "a.v1.b"} {
					e := eventlogtest.Event(fmt.Sprint(i))
					e.Type = typ
					if _, err := log.Append(t.Context(), e); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(c.want, drain(subscribe(t, &pubsub.Subscriber{Log: log}, c.topic))); diff != "" {
					t.Errorf("messages (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAfterAndAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memory(t, "a", "b", "c", "d")
		sub := &pubsub.Subscriber{Log: log, After: 1, Accept: func(r eventlog.Record) bool { return r.ID != "c" }}
		if diff := cmp.Diff([]string{"b", "d"}, drain(subscribe(t, sub, "*"))); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		if got := sub.Position(); got != 4 {
			t.Errorf("Position = %d, want 4", got)
		}
	})
}

func TestGroupGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memory(t, "a", "b", "c")
		group := pubsub.NewGroups(log).Group("docs")
		first := &pubsub.Subscriber{Log: log, Group: group}
		messages := subscribe(t, first, "*")
		(<-messages).Ack()
		(<-messages).Ack()
		<-messages // neither acked nor nacked
		closeSub(t, first)
		if _, open := <-messages; open {
			t.Error("the channel is open after Close")
		}
		if got := drain(subscribe(t, &pubsub.Subscriber{Log: log, Group: group, After: 1}, "*")); len(got) != 1 || got[0] != "c" {
			t.Errorf("the group goes on with %v, want c", got)
		}
		other := pubsub.NewGroups(log).Group("mail")
		if got := drain(subscribe(t, &pubsub.Subscriber{Log: log, Group: other, After: 1}, "*")); len(got) != 2 {
			t.Errorf("a new group that begins after the first sees %v, want b and c", got)
		}
	})
}

func TestGroupStandsBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memory(t, "a", "b")
		groups := pubsub.NewGroups(log)
		ctx, cancel := context.WithCancel(t.Context())
		works, err := (&pubsub.Subscriber{Log: log, Group: groups.Group("docs")}).Subscribe(ctx, "*")
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		standsBy := subscribe(t, &pubsub.Subscriber{Log: log, Group: groups.Group("docs")}, "*")
		(<-works).Ack()
		synctest.Wait()
		expectNone(t, standsBy)
		cancel()
		for msg := range works {
			msg.Nack()
		}
		if got := <-standsBy; got.UUID != "b" {
			t.Errorf("the other goes on with %s, want b", got.UUID)
		}
	})
}

// TestPassedOver checks that a group remembers what it had no use for, or it
// would look through all of it again at each start.
func TestPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := eventlogtest.NewMemory()
		for i := range 2500 {
			add(t, log, fmt.Sprint(i))
		}
		sub := &pubsub.Subscriber{Log: log, Group: pubsub.NewGroups(log).Group("docs")}
		subscribe(t, sub, "none.v1")
		synctest.Wait()
		if p, _ := log.Cursor(t.Context(), "docs"); p != 2000 || sub.Position() != 2500 {
			t.Errorf("the group remembers %d and is at %d, want 2000 and 2500", p, sub.Position())
		}
		closeSub(t, sub)
		if p, _ := log.Cursor(t.Context(), "docs"); p != 2500 {
			t.Errorf("after Close the group remembers %d, want 2500", p)
		}
	})
}

func TestLinger(t *testing.T) {
	for _, c := range []struct {
		name   string
		linger time.Duration
		takes  time.Duration // from Close to the ack
		want   eventlog.Position
	}{
		{"an ack in time", time.Minute, 59 * time.Second, 1},
		{"an ack too late", time.Minute, 61 * time.Second, 0},
		{"without", 0, time.Second, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := memory(t, "a", "b")
				sub := &pubsub.Subscriber{Log: log, Group: pubsub.NewGroups(log).Group("docs"), Linger: c.linger}
				messages := subscribe(t, sub, "*")
				msg := <-messages
				go func() {
					<-msg.Context().Done() // at once
					time.Sleep(c.takes)
					msg.Ack()
				}()
				start := time.Now()
				closeSub(t, sub)
				if took := time.Since(start); took > c.linger {
					t.Errorf("Close took %v, want at most %v", took, c.linger)
				}
				if p, _ := log.Cursor(t.Context(), "docs"); p != c.want {
					t.Errorf("the group remembers %d, want %d", p, c.want)
				}
				if got, open := <-messages; open {
					t.Errorf("after Close comes %s", got.UUID)
				}
				time.Sleep(c.takes)
			})
		})
	}
}

// flaky is a log that fails now and then.
type flaky struct {
	*eventlogtest.Memory
	failures int // still to come
}

func (f *flaky) fail() error {
	if f.failures == 0 {
		return nil
	}
	f.failures--
	return errors.New("the disk is asleep")
}

func (f *flaky) Follow(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for r, err := range f.Memory.Follow(ctx, after) {
			if err == nil {
				err = f.fail()
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func (f *flaky) Cursor(ctx context.Context, name string) (eventlog.Position, error) {
	if err := f.fail(); err != nil {
		return 0, err
	}
	return f.Memory.Cursor(ctx, name)
}

func (f *flaky) SetCursor(ctx context.Context, name string, p eventlog.Position) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Memory.SetCursor(ctx, name, p)
}

func TestLogFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &flaky{memory(t, "a", "b", "c"), 5}
		sub := &pubsub.Subscriber{Log: log, Group: pubsub.NewGroups(log).Group("docs")}
		messages := subscribe(t, sub, "*")
		for _, want := range []string{"a", "b", "c"} { // a: once the cursor, and then the log, can be read
			got := <-messages
			if got.UUID != want {
				t.Fatalf("there is %s, want %s", got.UUID, want)
			}
			if want == "a" {
				log.failures = 3 // to save the position, and to read on
			}
			got.Ack()
		}
		synctest.Wait()
		if p, _ := log.Cursor(t.Context(), "docs"); p != 3 {
			t.Errorf("the group remembers %d, want 3", p)
		}
	})
}

func TestSubscribeRefuses(t *testing.T) {
	sub := &pubsub.Subscriber{Log: eventlogtest.NewMemory()}
	if _, err := sub.Subscribe(t.Context(), ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("Subscribe without a topic = %v, want an error of kind invalid", err)
	}
	for range 2 {
		closeSub(t, sub)
	}
	if _, err := sub.Subscribe(t.Context(), "a"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Subscribe after Close = %v, want an error of kind unavailable", err)
	}
}

func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		backoff  pubsub.Backoff
		failures int
		want     time.Duration // at most; at least half of it
	}{
		{pubsub.Backoff{}, 1, 500 * time.Millisecond},
		{pubsub.Backoff{}, 2, time.Second},
		{pubsub.Backoff{}, 6, 16 * time.Second},
		{pubsub.Backoff{}, 7, 30 * time.Second},
		{pubsub.Backoff{}, 1 << 40, 30 * time.Second},
		{pubsub.Backoff{First: time.Minute}, 1, 30 * time.Second},
		{pubsub.Backoff{First: 1, Most: 3}, 2, 2},
		{pubsub.Backoff{First: 1, Most: 3}, 3, 3},
	} {
		longest := time.Duration(0)
		for range 200 {
			d := c.backoff.After(c.failures)
			longest = max(longest, d)
			if d > c.want || d < c.want/2 {
				t.Errorf("%+v after %d failures: %v, want between %v and %v", c.backoff, c.failures, d, c.want/2, c.want)
			}
		}
		if longest < c.want*9/10 {
			t.Errorf("%+v after %d failures: of 200 the longest is %v, want about %v", c.backoff, c.failures, longest, c.want)
		}
	}
}

func memory(t *testing.T, ids ...string) *eventlogtest.Memory {
	t.Helper()
	log := eventlogtest.NewMemory()
	add(t, log, ids...)
	return log
}

func add(t *testing.T, log eventlog.Appender, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := log.Append(t.Context(), eventlogtest.Event(id)); err != nil {
			t.Fatal(err)
		}
	}
}

func subscribe(t *testing.T, sub *pubsub.Subscriber, topic string) <-chan *message.Message {
	t.Helper()
	messages, err := sub.Subscribe(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

func closeSub(t *testing.T, sub *pubsub.Subscriber) {
	t.Helper()
	if err := sub.Close(); err != nil {
		t.Error(err)
	}
}

func expectNone(t *testing.T, messages <-chan *message.Message) {
	t.Helper()
	select {
	case msg := <-messages:
		t.Errorf("there is %s, want no message now", msg.UUID)
	default:
	}
}

// drain acks messages until there are none, and returns their UUIDs.
func drain(messages <-chan *message.Message) []string {
	var ids []string
	for {
		synctest.Wait()
		select {
		case msg := <-messages:
			ids = append(ids, msg.UUID)
			msg.Ack()
		default:
			return ids
		}
	}
}
