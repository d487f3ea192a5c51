package proof

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// maxLeaves is how many hashes a seal holds. More events than that get several seals.
const maxLeaves = 4096

// Tree has the hashes of a log's events.
type Tree interface {
	// Newest returns the newest seal that it has seen; the zero Seal if there is none.
	Newest(ctx context.Context) (Seal, error)
	// Unsealed counts the events after one up to another that are no seals.
	Unsealed(ctx context.Context, after, to uint64) (int, error)
	Root(ctx context.Context, size uint64) (Hash, error)
	Leaves(ctx context.Context, after, to uint64) ([]Hash, error)
}

// Sealer puts a log under seal.
type Sealer struct {
	Log interface {
		eventlog.Appender
		Last(context.Context) (eventlog.Position, error)
	}
	Tree Tree
	// Wait returns once Tree has seen the record at a position.
	Wait func(context.Context, eventlog.Position) error
	Key  Key

	mu      sync.Mutex
	failure atomic.Pointer[error]
}

// Failure returns why the last Seal sealed nothing; nil if it did.
func (s *Sealer) Failure() error {
	if err := s.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Seal seals all events that are there when it begins, unless nothing but seals came
// since the last one. Whatever is appended meanwhile may come to stand before the
// seal, and belongs to the next: what counts is the size that a seal says.
//
// An error of kind fault.Conflict says that the events are not those that the newest
// seal covers. Then nothing is signed.
func (s *Sealer) Seal(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.seal(ctx)
	if err == nil {
		s.failure.Store(nil)
	} else {
		s.failure.Store(&err)
	}
	return err
}

func (s *Sealer) seal(ctx context.Context) error {
	last, err := s.Log.Last(ctx)
	if err != nil {
		return err
	}
	for at := last; ; {
		if err := s.Wait(ctx, at); err != nil {
			return err
		}
		newest, err := s.Tree.Newest(ctx)
		if err != nil {
			return err
		}
		if newest.Size >= uint64(last) {
			return nil
		}
		if n, err := s.Tree.Unsealed(ctx, newest.Size, uint64(last)); err != nil || n == 0 {
			return err
		}
		if at, err = s.sealUpTo(ctx, newest, min(uint64(last), newest.Size+maxLeaves)); err != nil {
			return err
		}
	}
}

// sealUpTo appends one seal and returns where it is.
func (s *Sealer) sealUpTo(ctx context.Context, newest Seal, size uint64) (eventlog.Position, error) {
	if newest.Size > 0 {
		is, err := s.Tree.Root(ctx, newest.Size)
		if err != nil {
			return 0, err
		}
		if is != newest.Root {
			return 0, fault.New(fault.Conflict, "the first %d events are not those that the seal at position %d covers, so nothing is sealed any more: callboard verify says which one was changed", newest.Size, newest.Position)
		}
	}
	root, err := s.Tree.Root(ctx, size)
	if err != nil {
		return 0, err
	}
	leaves, err := s.Tree.Leaves(ctx, newest.Size, size)
	if err != nil {
		return 0, err
	}
	d := event.LogSealed{Size: size}
	for _, leaf := range leaves {
		d.Leaves = append(d.Leaves, leaf[:]...)
	}
	if d.Note, err = s.Key.Sign(size, root); err != nil {
		return 0, fmt.Errorf("sign the log: %w", err)
	}
	e, err := event.New(event.LogSource, event.LogSubject, d)
	if err != nil {
		return 0, err
	}
	e.ID = event.DeriveID(0, "log.sealed", s.Key.Name(), fmt.Sprint(size), base64.StdEncoding.EncodeToString(root[:]))
	e.Cause.Schedule = "seal"
	done, err := s.Log.Append(ctx, e)
	if err != nil {
		return 0, err
	}
	return done[0].Position, nil
}
