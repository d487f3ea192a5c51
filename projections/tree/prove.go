package tree

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/internal/fault"
)

const selectSeal = "SELECT position, size, note, recorded FROM seals"

// Newest returns the newest seal; the zero Seal if there is none.
func (t *Tree) Newest(ctx context.Context) (proof.Seal, error) {
	return t.seal(ctx, " ORDER BY position DESC LIMIT 1")
}

// Covering returns the first seal that covers an event; the zero Seal if there is
// none yet.
func (t *Tree) Covering(ctx context.Context, p eventlog.Position) (proof.Seal, error) {
	return t.seal(ctx, " WHERE size >= ? ORDER BY size, position LIMIT 1", p)
}

func (t *Tree) seal(ctx context.Context, where string, args ...any) (proof.Seal, error) {
	var (
		s        proof.Seal
		recorded int64
	)
	err := t.db.QueryRowContext(ctx, selectSeal+where, args...).Scan(&s.Position, &s.Size, &s.Note, &recorded)
	if errors.Is(err, sql.ErrNoRows) {
		return proof.Seal{}, nil
	}
	if err != nil {
		return proof.Seal{}, err
	}
	s.Recorded = time.Unix(0, recorded).UTC()
	s.Head, s.Signer, err = proof.PeekHead(s.Note)
	return s, err
}

// Include proves that an event is among those that a seal covers: the one at a
// position, or the newest if that is 0. Errors are of kind fault.NotFound when there
// is no such event or seal, and when the seal does not cover the event.
func (t *Tree) Include(ctx context.Context, p, at eventlog.Position) (proof.Inclusion, error) {
	count, err := t.Position(ctx)
	if err != nil {
		return proof.Inclusion{}, err
	}
	if p == 0 || p > count {
		return proof.Inclusion{}, fault.New(fault.NotFound, "there is no event %d", p)
	}
	s, err := t.Newest(ctx)
	if at > 0 {
		s, err = t.seal(ctx, " WHERE position = ?", at)
	}
	switch {
	case err != nil:
		return proof.Inclusion{}, err
	case s.Position == 0 && at > 0:
		return proof.Inclusion{}, fault.New(fault.NotFound, "there is no seal at position %d", at)
	case s.Size < uint64(p):
		return proof.Inclusion{}, fault.New(fault.NotFound, "event %d is not under seal, but only the first %d events are", p, s.Size)
	}
	leaf, err := t.Leaves(ctx, uint64(p-1), uint64(p))
	if err != nil {
		return proof.Inclusion{}, err
	}
	path, err := tlog.ProveRecord(int64(s.Size), int64(p-1), t.reader(ctx)) //nolint:gosec // positions are below 2^63, as SQLite has them
	return proof.Inclusion{Position: p, Leaf: leaf[0], Seal: s, Path: path}, err
}

// Extend proves that the first events are the beginning of more of them. Errors are of
// kind fault.Invalid when that is not how the numbers stand.
func (t *Tree) Extend(ctx context.Context, from, to uint64) (proof.Consistency, error) {
	count, err := t.Position(ctx)
	if err != nil {
		return proof.Consistency{}, err
	}
	if from == 0 || from > to || to > uint64(count) {
		return proof.Consistency{}, fault.New(fault.Invalid, "from and to are numbers of events, from 1 to %d, and from is not the larger one", count)
	}
	p := proof.Consistency{From: from, To: to}
	if p.FromRoot, err = t.Root(ctx, from); err != nil {
		return p, err
	}
	if p.ToRoot, err = t.Root(ctx, to); err != nil {
		return p, err
	}
	p.Path, err = tlog.ProveTree(int64(to), int64(from), t.reader(ctx)) //nolint:gosec // as above
	return p, err
}
