// Package ledger is what the history of entities comes to: who owned each of them
// when, which relations it gained and lost, who set each of its fields, what a team
// gained and lost in a period, and in what two moments of the catalog differ.
//
// [Ledger] answers; the rest is pure and works on what [history.Tell] tells.
package ledger

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
)

// Past tells what happened; a history does.
type Past interface {
	Differing(ctx context.Context, one, other projections.Moment) ([]string, error)
	Counting(ctx context.Context, m projections.Moment, subjects []string, all bool) iter.Seq2[eventlog.Record, error]
	Events(ctx context.Context, f history.Filter) (history.Page, error)
}

// Moments has the catalog as it was.
type Moments interface {
	Catalog(ctx context.Context, m projections.Moment) (*entities.Snapshot, error)
}

// Ledger answers from what is on record.
type Ledger struct {
	past    Past
	moments Moments
	kinds   catalog.Kinds
	now     func() time.Time

	mu       sync.Mutex
	compared []comparison // the last used first
}

// New returns the ledger of a catalog whose relations follow from kinds.
func New(past Past, moments Moments, kinds catalog.Kinds, now func() time.Time) *Ledger {
	return &Ledger{past: past, moments: moments, kinds: kinds, now: now}
}

// whole is a moment for questions about a time that ends with it: what was found in
// the past after the fact counts, too, where At is not set.
func (l *Ledger) whole(m projections.Moment) projections.Moment {
	if m.At.IsZero() {
		m.At = l.now()
	}
	return m
}

// Until is when the time ends that answers as of a moment are about.
func (l *Ledger) Until(m projections.Moment) time.Time { return l.whole(m).At }

// Versions tells of all that happened to an entity up to a moment, in the order in
// which it counts. The error is of kind fault.NotFound if nothing did.
func (l *Ledger) Versions(ctx context.Context, ref string, m projections.Moment) ([]history.Told, error) {
	told, err := l.Tell(ctx, m, ref)
	if err == nil && len(told[ref]) == 0 {
		err = fault.New(fault.NotFound, "nothing is on record of %s by then", ref)
	}
	return told[ref], err
}

// Tell tells likewise of several, by ref; of those that nothing is on record of it tells
// nothing.
func (l *Ledger) Tell(ctx context.Context, m projections.Moment, refs ...string) (map[string][]history.Told, error) {
	return history.Tell(l.past.Counting(ctx, l.whole(m), refs, true))
}

// Owners tells who owned an entity up to a moment.
func (l *Ledger) Owners(ctx context.Context, ref string, m projections.Moment) ([]Interval, error) {
	told, err := l.Versions(ctx, ref, m)
	if err != nil {
		return nil, err
	}
	return Owners(l.kinds, told), nil
}

// Blame tells of each field of an entity who set it.
func (l *Ledger) Blame(ctx context.Context, ref string, m projections.Moment) ([]Field, error) {
	told, err := l.Versions(ctx, ref, m)
	if err != nil {
		return nil, err
	}
	return Blame(told)
}
