package pubsub_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/pubsub"
	"github.com/callboard/callboard/internal/fault"
)

func TestMessage(t *testing.T) {
	rec := eventlog.Record{
		Position: 7, Recorded: time.Date(2026, 3, 3, 14, 0, 0, 120, time.UTC),
		Event: event.Event{
			ID: "i", Type: "entity.changed.v1", Source: "/sources/github", Subject: "component:default/payments", Time: time.Date(2026, 3, 3, 13, 0, 0, 0, time.UTC),
			Actor: event.Actor{Login: "pebbledash"}, Cause: event.Cause{Commit: "9c1185a"},
			Extensions: map[string]string{"traceparent": "00-4bf9", "watermill": `{"correlation_id":"c"}`}, Data: []byte(`{}`),
		},
	}
	msg := pubsub.Message(rec)
	want := message.Metadata{
		"type": "entity.changed.v1", "source": "/sources/github", "subject": "component:default/payments", "time": "2026-03-03T13:00:00Z",
		"actorlogin": "pebbledash", "causecommit": "9c1185a", "traceparent": "00-4bf9", "correlation_id": "c",
		"log_position": "7", "log_recorded": "2026-03-03T14:00:00.00000012Z",
	}
	if diff := cmp.Diff(want, msg.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if msg.UUID != "i" || string(msg.Payload) != "{}" {
		t.Errorf("UUID %q, payload %q; want the event's id and data", msg.UUID, msg.Payload)
	}
}

func TestMessageRoundTrip(t *testing.T) {
	text, some := rapid.String(), rapid.StringN(1, -1, -1)
	times := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-9_000_000_000, 9_000_000_000).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
	})
	rapid.Check(t, func(t *rapid.T) {
		want := eventlog.Record{
			Position: eventlog.Position(rapid.Uint64().Draw(t, "position")), Recorded: times.Draw(t, "recorded"),
			Event: event.Event{
				ID: some.Draw(t, "id"), Type: event.Type(some.Draw(t, "type")), Source: some.Draw(t, "source"), Subject: text.Draw(t, "subject"), Time: times.Draw(t, "time"),
				Actor:      event.Actor{Name: text.Draw(t, "name"), Email: text.Draw(t, "email"), Login: text.Draw(t, "login")},
				Cause:      event.Cause{Delivery: text.Draw(t, "delivery"), Commit: text.Draw(t, "commit"), Request: text.Draw(t, "request")},
				Extensions: rapid.MapOf(rapid.StringMatching(`x[a-z0-9]{0,9}`), text).Draw(t, "extensions"),
				Data:       rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
			},
		}
		if rapid.Bool().Draw(t, "with the extension that holds odd keys") {
			want.Extensions["watermill"] = rapid.OneOf(text, rapid.SampledFrom([]string{
				`{}`, `null`, `{"a_b":"1"}`, `{"a_b": "1"}`, `{"b_":"","a_":""}`, `{"legal":"1"}`, `{"a_b":1}`, `{"id":"1"}`, `["a_b"]`,
			})).Draw(t, "watermill")
		}
		got, err := pubsub.Record(pubsub.Message(want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("through a message (-want +got):\n%s", diff)
		}
	})
}

// TestPublishAnything publishes messages that know nothing of CloudEvents and
// expects back what went in.
func TestPublishAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := eventlogtest.NewMemory()
		msg := message.NewMessage(rapid.StringN(1, -1, -1).Draw(t, "uuid"), rapid.SliceOf(rapid.Byte()).Draw(t, "payload"))
		keys := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"correlation_id", middleware.ReasonForPoisonedKey, "id", "data", "specversion", "Upper", "subject", "x1"}))
		msg.Metadata = rapid.MapOf(keys, rapid.String()).Draw(t, "metadata")
		for _, key := range []string{"type", "time", "watermill"} { // these have a meaning of their own
			delete(msg.Metadata, key)
		}
		if msg.Metadata["source"] == "" {
			delete(msg.Metadata, "source")
		}
		want := msg.Copy()

		if err := (&pubsub.Publisher{Log: log, Source: "/default"}).Publish("topic", msg); err != nil {
			t.Fatal(err)
		}
		if msg.Metadata[pubsub.MetaPosition] != "1" || msg.Metadata[pubsub.MetaDuplicate] != "" {
			t.Errorf("after Publish the message is at %q, duplicate %q", msg.Metadata[pubsub.MetaPosition], msg.Metadata[pubsub.MetaDuplicate])
		}
		rec, err := log.At(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		got := pubsub.Message(rec)
		for _, key := range []string{"type", "time", pubsub.MetaPosition, pubsub.MetaRecorded} { // added by the log
			delete(got.Metadata, key)
		}
		if _, ok := want.Metadata["source"]; !ok {
			want.Metadata["source"] = "/default"
		}
		for key, value := range want.Metadata {
			if _, ok := got.Metadata[key]; !ok && value == "" && key == "subject" {
				delete(want.Metadata, key) // an empty field is no attribute
			}
		}
		if rec.Type != "topic" || got.UUID != want.UUID || string(got.Payload) != string(want.Payload) {
			t.Errorf("%q came back as a %s with id %q and payload %q", want.UUID, rec.Type, got.UUID, got.Payload)
		}
		if diff := cmp.Diff(want.Metadata, got.Metadata); diff != "" {
			t.Errorf("metadata (-in +out):\n%s", diff)
		}
	})
}

func TestPublish(t *testing.T) {
	log := eventlogtest.NewMemory()
	pub := &pubsub.Publisher{Log: log, Source: "/test"}
	first := message.NewMessage("a", []byte("1"))
	if err := pub.Publish("one.v1", first); err != nil {
		t.Fatal(err)
	}
	t.Run("again, under another topic", func(t *testing.T) {
		again, fresh := message.NewMessage("a", []byte("2")), message.NewMessage("b", []byte("3"))
		if err := pub.Publish("two.v1", again, fresh); err != nil {
			t.Fatal(err)
		}
		if again.Metadata[pubsub.MetaPosition] != "1" || again.Metadata[pubsub.MetaDuplicate] != "true" {
			t.Errorf("the repeat has %v, want position 1 and duplicate", again.Metadata)
		}
		if fresh.Metadata[pubsub.MetaPosition] != "2" || fresh.Metadata[pubsub.MetaDuplicate] != "" {
			t.Errorf("the new one has %v, want position 2 and no duplicate", fresh.Metadata)
		}
	})
	t.Run("what was consumed, as something new", func(t *testing.T) {
		rec, err := log.At(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		msg := pubsub.Message(rec)
		msg.UUID = "c"
		if err := pub.Publish("three.v1", msg); err != nil {
			t.Fatal(err)
		}
		if rec, err = log.At(t.Context(), 3); err != nil || rec.Type != "three.v1" || rec.Extensions != nil {
			t.Errorf("it is %+v, %v, want a three.v1 without extensions", rec, err)
		}
	})
	for _, c := range []struct {
		name, topic, uuid string
		meta              message.Metadata
	}{
		{"no topic", "", "x", nil},
		{"no UUID", "t", "", nil},
		{"a time that is none", "t", "x", message.Metadata{"time": "soon"}},
		{"odd keys and what holds them", "t", "x", message.Metadata{"watermill": "1", "a_b": "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			good, bad := message.NewMessage("good", nil), message.NewMessage(c.uuid, nil)
			if c.meta != nil {
				bad.Metadata = c.meta
			}
			if err := pub.Publish(c.topic, good, bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("Publish = %v, want an error of kind invalid", err)
			}
			if last, _ := log.Last(t.Context()); last != 3 {
				t.Errorf("the log has %d events, want the 3 from before", last)
			}
		})
	}
	t.Run("closed", func(t *testing.T) {
		if err := pub.Close(); err != nil {
			t.Fatal(err)
		}
		if err := pub.Publish("t", message.NewMessage("x", nil)); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("Publish = %v, want an error of kind unavailable", err)
		}
	})
}

func TestRecordRefuses(t *testing.T) {
	good := func() *message.Message {
		return pubsub.Message(eventlog.Record{Position: 1, Recorded: time.Unix(0, 0), Event: eventlogtest.Event("a")})
	}
	for _, key := range []string{pubsub.MetaPosition, pubsub.MetaRecorded, "type", "source"} {
		for _, value := range []string{"", "\xff"} {
			t.Run(fmt.Sprintf("%s=%q", key, value), func(t *testing.T) {
				msg := good()
				msg.Metadata[key] = value
				if _, err := pubsub.Record(msg); fault.KindOf(err) != fault.Invalid {
					t.Errorf("Record = %v, want an error of kind invalid", err)
				}
			})
		}
	}
}
