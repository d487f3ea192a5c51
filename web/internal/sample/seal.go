package sample

import (
	"context"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
)

// Seal puts the log under seal as it is now, and settles.
func (w *World) Seal(ctx context.Context) error {
	secret, err := proof.NewKey("acme-callboard")
	if err != nil {
		return err
	}
	key, err := proof.ParseKey(secret)
	if err != nil {
		return err
	}
	s := proof.Sealer{Log: sealed{w.Log, w}, Tree: w.Tree, Key: key, Wait: func(ctx context.Context, _ eventlog.Position) error { return w.Settle(ctx) }}
	if err := s.Seal(ctx); err != nil {
		return err
	}
	return w.Settle(ctx)
}

// sealed takes seals, which are recorded now.
type sealed struct {
	*Log
	w *World
}

// Append puts events in the log.
func (s sealed) Append(_ context.Context, events ...event.Event) ([]eventlog.Appended, error) {
	all := make([]eventlog.Appended, len(events))
	for i, e := range events {
		all[i].Position = s.append(e, s.w.now)
	}
	return all, nil
}
