// Package pubsub makes Watermill's publisher and subscriber of any event log.
// See https://watermill.io for Watermill, [Publisher] and [Subscriber] for
// where to start, and reactor for what most code wants instead: functions run
// on what is appended.
//
// A message is a record: its topic is the event's type, its UUID the event's
// id, its payload the event's data, and its metadata the event's CloudEvents
// attributes with, from the log, [MetaPosition] and [MetaRecorded].
//
// A log is stricter than most brokers in one point: ids are unique in it, for
// ever and across topics. A message published again, under whatever topic, is
// a repeat: nothing is appended and [MetaDuplicate] says so. To publish what
// was consumed as something new, give it a new UUID.
package pubsub

import (
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Metadata that comes from the log. Publish ignores what a message has there.
const (
	MetaPosition  = "log_position"  // decimal
	MetaRecorded  = "log_recorded"  // when the log took it, RFC 3339 with nanoseconds, in UTC
	MetaDuplicate = "log_duplicate" // "true" on a message after Publish if it was in the log before
)

// extension holds, as a JSON object, metadata under keys that CloudEvents does
// not allow, such as those of Watermill's own middleware.
const extension = "watermill"

// Message returns a record as a message. The payload shares the data's memory.
func Message(rec eventlog.Record) *message.Message {
	meta := rec.Attributes()
	delete(meta, "id")
	if odd, ok := unpack(meta[extension]); ok {
		delete(meta, extension)
		maps.Copy(meta, odd)
	}
	meta[MetaPosition] = strconv.FormatUint(uint64(rec.Position), 10)
	meta[MetaRecorded] = rec.Recorded.UTC().Format(time.RFC3339Nano)
	msg := message.NewMessage(rec.ID, rec.Data)
	msg.Metadata = meta
	return msg
}

// Record is the inverse of [Message]. An error, of kind fault.Invalid, means
// that the message is not one that came from a log.
func Record(msg *message.Message) (eventlog.Record, error) {
	p, err := strconv.ParseUint(msg.Metadata[MetaPosition], 10, 64)
	if err != nil {
		return eventlog.Record{}, fault.New(fault.Invalid, "message %s has no position in its metadata: %w", msg.UUID, err)
	}
	recorded, err := time.Parse(time.RFC3339Nano, msg.Metadata[MetaRecorded])
	if err != nil {
		return eventlog.Record{}, fault.New(fault.Invalid, "message %s has no time of recording in its metadata: %w", msg.UUID, err)
	}
	e, err := toEvent(msg, msg.Metadata["type"], "")
	if err != nil {
		return eventlog.Record{}, err
	}
	return eventlog.Record{Position: eventlog.Position(p), Recorded: recorded, Event: e}, nil
}

// toEvent returns the event that a message under a topic is.
func toEvent(msg *message.Message, topic, source string) (event.Event, error) {
	attrs, odd := map[string]string{"source": source}, map[string]string{}
	for key, value := range msg.Metadata {
		switch {
		case key == MetaPosition || key == MetaRecorded || key == MetaDuplicate:
		case isAttribute(key):
			attrs[key] = value
		default:
			odd[key] = value
		}
	}
	if len(odd) > 0 {
		if _, ok := attrs[extension]; ok {
			return event.Event{}, fault.New(fault.Invalid, "message %s: metadata %q cannot go with keys that are no CloudEvents names, which are kept under that name", msg.UUID, extension)
		}
		attrs[extension] = pack(odd)
	}
	attrs["id"], attrs["type"] = msg.UUID, topic
	return event.FromAttributes(attrs, msg.Payload)
}

// isAttribute reports whether metadata under this key is an attribute of the
// event. The id is the message's UUID; a key "id" is something else.
func isAttribute(key string) bool { return key != "id" && event.IsAttributeName(key) }

func pack(m map[string]string) string {
	b, _ := json.Marshal(m) // a map of strings cannot fail
	return string(b)
}

// unpack returns what pack has packed, and false for any other text.
func unpack(s string) (map[string]string, bool) {
	var m map[string]string
	if err := json.Unmarshal([]byte(s), &m); err != nil || pack(m) != s {
		return nil, false
	}
	for key := range m {
		if isAttribute(key) {
			return nil, false
		}
	}
	return m, len(m) > 0
}
