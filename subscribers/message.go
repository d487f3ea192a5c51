package subscribers

import (
	"maps"
	"strconv"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// The extension attributes that an event has besides those of its own.
const (
	AttrPosition = "position"   // in the log, decimal
	AttrRecorded = "recordedat" // when the log took it, RFC 3339
)

// message is the body of a request, and what it is called.
type message struct {
	id          string
	first, last eventlog.Position
	events      int
	positions   []eventlog.Position
	body        []byte
	records     []eventlog.Record
	done        []string // who has it of several
}

// add appends an event to the message's list, unless that made it too large.
func (m *message) add(name string, rec eventlog.Record) (bool, error) {
	one, err := Encode(rec)
	if err != nil {
		return false, err
	}
	if m.events > 0 && len(m.body)+len(one)+len(",]") > maxBody {
		return false, nil
	}
	if m.events == 0 {
		m.first, m.body = rec.Position, append(m.body, '[')
	} else {
		m.body[len(m.body)-1] = ','
	}
	m.body = append(append(m.body, one...), ']')
	m.last, m.positions = rec.Position, append(m.positions, rec.Position)
	m.events++
	m.records = append(m.records, rec)
	// The same events are the same message, whenever they are sent.
	m.id = event.DeriveID(m.events, "webhook", name, m.id, rec.ID)
	return true, nil
}

// Encode writes an event as it is sent: in CloudEvents' structured mode, with its
// place in the log.
func Encode(rec eventlog.Record) ([]byte, error) {
	e := rec.Event
	e.Extensions = maps.Clone(e.Extensions)
	if e.Extensions == nil {
		e.Extensions = map[string]string{}
	}
	e.Extensions[AttrPosition] = strconv.FormatUint(uint64(rec.Position), 10)
	e.Extensions[AttrRecorded] = rec.Recorded.UTC().Format(time.RFC3339Nano)
	return event.Encode(e)
}

// TypePing is the type of the event that [Worker.Ping] sends. It is in no log.
const TypePing event.Type = "subscriber.ping.v1"

func (w *Worker) ping(at time.Time) (message, error) {
	id := event.DeriveID(0, "ping", w.Name, strconv.FormatInt(at.UnixNano(), 10))
	rec := eventlog.Record{Event: event.Event{ID: id, Type: TypePing, Source: "/subscribers/" + w.Name, Subject: w.Name, Time: at, Data: []byte(`{}`)}}
	if w.Channel != nil {
		var err error
		if rec, err = w.Channel.Ping(at); err != nil {
			return message{}, err
		}
	}
	one, err := event.Encode(rec.Event)
	return message{id: rec.ID, events: 1, body: append(append([]byte{'['}, one...), ']'), records: []eventlog.Record{rec}}, err
}
