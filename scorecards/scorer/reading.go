package scorer

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// reading is an event with what its bytes say: all of folding it that needs nothing of what
// was folded before, so that it can be done ahead.
type reading struct {
	eventlog.Record
	says any // what the world is told; nil: nothing
}

// declaration is a [event.WrittenDeclaration] with its entity decoded.
type declaration struct {
	event.WrittenDeclaration
	entity *catalog.Entity
	ref    string // full
	edges  []catalog.Edge
}

// readingOf reads an event. What was backfilled tells of the past only, and the world nothing.
func readingOf(rec eventlog.Record, kinds catalog.Kinds) (r reading, err error) {
	r.Record = rec
	if rec.Backfilled() {
		return r, nil
	}
	switch rec.Type {
	case event.TypeEntityRegistered, event.TypeEntityChanged:
		r.says, err = declarationOf(rec, kinds)
	case event.TypeEntityRemoved:
		r.says, err = event.DecodeAs[event.EntityRemoved](rec.Event)
	case event.TypeFactRecorded:
		r.says, err = event.DecodeAs[event.FactRecorded](rec.Event)
	case event.TypeActivityPush, event.TypeActivityPullRequest, event.TypeActivityRelease, event.TypeActivityDeployment, event.TypeActivityPipeline, event.TypeActivityAlert,
		event.TypeDocsPublished, event.TypeDocsFailed, event.TypeDocsRemoved:
		r.says, err = rec.Decode()
	case event.TypeRepositoryDeleted, event.TypeRepositoryLeft:
		r.says, err = decode[event.Repository](rec)
	case event.TypeRepositoryObserved, event.TypeRepositoryRenamed, event.TypeRepositoryArchived, event.TypeRepositoryUnarchived:
		r.says, err = decode[event.RepositoryState](rec)
	}
	if err != nil {
		return r, fmt.Errorf("position %d: %w", rec.Position, err)
	}
	return r, nil
}

func declarationOf(rec eventlog.Record, kinds catalog.Kinds) (declaration, error) {
	written, err := event.DecodeWritten(rec.Event)
	if err != nil {
		return declaration{}, err
	}
	var e catalog.Entity
	if err := json.Unmarshal([]byte(written.Entity), &e); err != nil {
		return declaration{}, fmt.Errorf("decode an entity: %w", err)
	}
	return declaration{written, &e, e.Ref().String(), kinds.Edges(&e)}, nil
}

// decode reads what events of several types have in common.
func decode[T any](rec eventlog.Record) (data T, err error) {
	if err := json.Unmarshal(rec.Data, &data); err != nil {
		return data, fmt.Errorf("decode %s: %w", rec.Type, err)
	}
	return data, nil
}

// atOnce is how many records are handed over together by who reads ahead.
const atOnce = 500

// readAhead takes the records of a log up to the last one, while another goroutine reads those
// that follow: to read and decode takes a fifth of the time of judging. It has ended when this
// returns.
func readAhead(ctx context.Context, log eventlog.Reader, last eventlog.Position, read func(eventlog.Record) (reading, error), take func(reading) error) error {
	g, ctx := errgroup.WithContext(ctx)
	ahead := make(chan []reading, 1)
	hand := func(some []reading) error {
		select {
		case ahead <- some:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	g.Go(func() error {
		defer close(ahead)
		some := make([]reading, 0, atOnce)
		for rec, err := range log.Read(ctx, 0) {
			if err != nil {
				return err
			}
			if rec.Position > last {
				break
			}
			r, err := read(rec)
			if err != nil {
				return err
			}
			if some = append(some, r); len(some) < atOnce {
				continue
			}
			if err := hand(some); err != nil {
				return err
			}
			some = make([]reading, 0, atOnce)
		}
		return hand(some)
	})
	g.Go(func() error {
		for some := range ahead {
			for _, rec := range some {
				if err := take(rec); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return g.Wait()
}
