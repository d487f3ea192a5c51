// Package history is every event as people ask for it: who changed what, when
// and why, filtered and paged, and what has to be folded to see the catalog as it
// was. [History] is the projection, [Row] what it keeps of an event; where, is for
// a [Store].
package history

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
)

// Name is the projection's name.
const Name = "history"

// History is the projection, over the rows that it keeps in a Store.
type History struct{ Store }

// New returns the projection.
func New(s Store) *History { return &History{s} }

// Name returns [Name].
func (h *History) Name() string { return Name }

// EventID returns the id of the event that is kept at a position.
func (h *History) EventID(ctx context.Context, p eventlog.Position) (string, error) {
	e, err := h.Event(ctx, p)
	return e.ID, err
}

// Batch is how many records, and bytes of their data, the store best takes at once;
// 0 if it does not mind.
func (h *History) Batch() (records, bytes int) {
	if s, ok := h.Store.(interface{ Batch() (records, bytes int) }); ok {
		return s.Batch()
	}
	return 0, 0
}

// CaughtUp tells the store that there are no more records for now, if it wants to know.
func (h *History) CaughtUp(ctx context.Context) error {
	if s, ok := h.Store.(interface{ CaughtUp(context.Context) error }); ok {
		return s.CaughtUp(ctx)
	}
	return nil
}

// Apply keeps a row for each record.
func (h *History) Apply(ctx context.Context, records []eventlog.Record) error {
	at, err := h.Position(ctx)
	if err != nil {
		return err
	}
	for len(records) > 0 && records[0].Position <= at {
		records = records[1:]
	}
	if len(records) == 0 {
		return nil
	}
	rows, err := h.fold(ctx, records)
	if err != nil {
		return err
	}
	return h.Append(ctx, rows)
}

// Beside makes a second copy, if the Store can have another beside it; else the error
// is of kind fault.Conflict.
func (h *History) Beside(ctx context.Context) (projections.Copy, error) {
	s, ok := h.Store.(Replaceable)
	if !ok {
		return projections.Copy{}, fault.New(fault.Conflict, "where the history is kept it cannot be built anew while it is read: stop the portal, and run callboard rebuild")
	}
	rows, replacement, err := s.Beside(ctx)
	if err != nil {
		return projections.Copy{}, err
	}
	return projections.Copy{Projection: New(rows), Replacement: replacement}, nil
}

func rowOf(rec eventlog.Record, data event.Data, about string, before Version) (Row, error) {
	s, err := stateOf(before)
	if err != nil {
		return Row{}, fmt.Errorf("decode the version before: %w", err)
	}
	tale, err := s.tell(data)
	if err != nil {
		return Row{}, err
	}
	row := Row{Record: rec, Truth: rec.Time, Summary: tale.summary, Text: searchable(rec, tale)}
	if row.Changes, err = json.Marshal(tale.changes); err != nil {
		return Row{}, err
	}
	if origin, ok := originOf(data); ok {
		row.File = placeOf(origin).key()
	}
	if !tale.remembered {
		return row, nil
	}
	row.About = about
	if !rec.Backfilled() && before.Truth.After(row.Truth) {
		row.Truth = before.Truth
	}
	if row.State, err = json.Marshal(s); err != nil {
		return Row{}, err
	}
	switch {
	case s.Entity == "":
	case tale.declares:
		row.Declares = rec.Position
	default:
		row.Declares = before.Declares
	}
	return row, nil
}

// searchable is the text that a search looks through: words and values, nothing of their form.
func searchable(rec eventlog.Record, t tale) string {
	words := []string{rec.Subject, t.summary, rec.Actor.Login, rec.Actor.Name, rec.Actor.Email, string(rec.Type)}
	for _, c := range t.changes {
		words = append(words, c.Path)
		for _, v := range []any{c.Before, c.After} {
			if v != nil {
				words = append(words, fmt.Sprint(v))
			}
		}
	}
	return strings.ToLower(strings.Join(words, "\n"))
}

// SourceName returns the name of the configured source that an event's CloudEvents
// source stands for: "github" for "/sources/github".
func SourceName(source string) string { return strings.TrimPrefix(source, event.SourcePrefix) }

var _ projections.Rebuildable = (*History)(nil)
