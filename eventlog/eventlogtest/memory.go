package eventlogtest

import (
	"bytes"
	"context"
	"iter"
	"maps"
	"sync"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Memory is a Log, and its Cursors, that lasts as long as the process. It keeps
// the whole contract, so a test that passes on it passes on any Log.
type Memory struct {
	// Now is the clock; nil means time.Now. Set it before the first Append.
	Now func() time.Time

	mu      sync.Mutex
	records []eventlog.Record // records[i] is at position i+1, and never changes
	ids     map[string]eventlog.Position
	cursors map[string]eventlog.Position
	grown   chan struct{} // closed, and replaced, when records grow
}

// NewMemory returns an empty log. A test that runs in a bubble of
// testing/synctest must call it inside.
func NewMemory() *Memory {
	return &Memory{ids: map[string]eventlog.Position{}, cursors: map[string]eventlog.Position{}, grown: make(chan struct{})}
}

// Append adds events; see [eventlog.Appender].
func (m *Memory) Append(ctx context.Context, events ...event.Event) ([]eventlog.Appended, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, e := range events {
		if err := e.Validate(); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()

	recorded := m.now()
	if n := len(m.records); n > 0 && recorded.Before(m.records[n-1].Recorded) {
		recorded = m.records[n-1].Recorded
	}
	before := len(m.records)
	appended := make([]eventlog.Appended, len(events))
	for i, e := range events {
		if p, ok := m.ids[e.ID]; ok {
			appended[i] = eventlog.Appended{Position: p, Duplicate: true}
			continue
		}
		if e.Time.IsZero() || e.Time.After(recorded) {
			e.Time = recorded
		}
		e.Time = e.Time.UTC()
		e.Data = bytes.Clone(e.Data)
		e.Extensions = maps.Clone(e.Extensions)
		p := eventlog.Position(len(m.records) + 1)
		m.records = append(m.records, eventlog.Record{Position: p, Recorded: recorded, Event: e})
		m.ids[e.ID] = p
		appended[i] = eventlog.Appended{Position: p}
	}
	if len(m.records) > before {
		close(m.grown)
		m.grown = make(chan struct{})
	}
	return appended, nil
}

func (m *Memory) now() time.Time {
	if m.Now != nil {
		return m.Now().UTC()
	}
	return time.Now().UTC().Round(0) // without the monotonic clock, which no log on disk has
}

// Read yields records; see [eventlog.Reader].
func (m *Memory) Read(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		records, _ := m.since(after)
		for _, r := range records {
			if err := ctx.Err(); err != nil {
				yield(eventlog.Record{}, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(eventlog.Record{}, err)
		}
	}
}

// Follow yields records for ever; see [eventlog.Reader].
func (m *Memory) Follow(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for {
			records, grown := m.since(after)
			for _, r := range records {
				if ctx.Err() != nil || !yield(r, nil) {
					return
				}
				after = r.Position
			}
			select {
			case <-grown:
			case <-ctx.Done():
				return
			}
		}
	}
}

// since returns the records after a position and what tells of more.
func (m *Memory) since(after eventlog.Position) ([]eventlog.Record, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records[min(after, eventlog.Position(len(m.records))):], m.grown
}

// At returns one record; see [eventlog.Reader].
func (m *Memory) At(_ context.Context, p eventlog.Position) (eventlog.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p == 0 || p > eventlog.Position(len(m.records)) {
		return eventlog.Record{}, fault.New(fault.NotFound, "there is no position %d in the log", p)
	}
	return m.records[p-1], nil
}

// Last returns the newest position; see [eventlog.Reader].
func (m *Memory) Last(context.Context) (eventlog.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return eventlog.Position(len(m.records)), nil
}

// Cursor returns where a follower is; see [eventlog.Cursors].
func (m *Memory) Cursor(_ context.Context, name string) (eventlog.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[name], nil
}

// SetCursor remembers where a follower is; see [eventlog.Cursors].
func (m *Memory) SetCursor(ctx context.Context, name string, p eventlog.Position) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if name == "" {
		return fault.New(fault.Invalid, "a cursor has no name")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cursors[name] = p
	return nil
}

var (
	_ eventlog.Log     = (*Memory)(nil)
	_ eventlog.Cursors = (*Memory)(nil)
)
