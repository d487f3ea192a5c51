package ingest

import (
	"context"
	"strconv"

	"github.com/callboard/callboard/event"
)

// recordProtected records whether the default branch is protected, if that is
// another answer than is on record. Who did that the forge does not say.
func (l *lane) recordProtected(ctx context.Context, r reading, t task) ([]uint64, error) {
	if l.Repositories == nil || r.protected == nil {
		return nil, nil
	}
	after, err := l.after(ctx)
	if err != nil {
		return nil, err
	}
	was, err := l.Repositories.Fact(ctx, after, l.source.Name(), r.repo.ID, event.FactProtected)
	now := strconv.FormatBool(*r.protected)
	if err != nil || string(was) == now {
		return nil, err
	}
	e, err := event.New(event.SourcePrefix+r.source, r.repo.FullName, event.FactRecorded{
		Fact: event.FactProtected, Repository: r.repo.State(r.source).Repository, Value: []byte(now),
	})
	if err != nil {
		return nil, err
	}
	e.ID, e.Cause.Delivery = event.DeriveID(0, t.cause, r.source, r.repo.ID, event.FactProtected), t.received.Subject
	e.Time = t.received.Recorded
	switch at := t.meaning.saidAt(); {
	case was != nil:
		e.Actor = t.meaning.By
		if !at.IsZero() {
			e.Time = at
		}
	case !at.IsZero(): // it was so when it was looked at first
		e.Time = at
	}
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.append(ctx, e)
}
