package survey

import (
	"context"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Odd is a repository that the forge gives no answer about that makes sense, while it
// does about others. It keeps none of these from being compared.
type Odd struct {
	Repository event.Repository
	Err        string    // for people
	Since      time.Time // all that happened in it before is known; zero: nobody can say
}

// maxOdd is how many repositories are passed over; of more than that it is the forge
// that has trouble.
const maxOdd = 10

// odd is what is said of a repository that could not be compared now.
func (w *worker) odd(ctx context.Context, repo event.Repository, err error) Odd {
	w.Logger.WarnContext(ctx, "a repository cannot be compared", "source", w.Name, "repository", repo.FullName, "error", err)
	now := w.told()
	o := Odd{repo, text(err), now.Compared}
	for _, was := range now.Odd {
		if was.Repository.ID == repo.ID {
			o.Since = was.Since
		}
	}
	return o
}

// compareOdd compares those again that could not be compared.
func (w *worker) compareOdd(ctx context.Context, start time.Time) error {
	was := w.told().Odd
	if len(was) == 0 {
		return nil
	}
	var list []ingest.Repository
	var odd []Odd
	for _, o := range was {
		if err := w.pace(); err != nil {
			return err
		}
		repo, err := w.Forge.Repository(ctx, ingest.Repository{ID: o.Repository.ID, FullName: o.Repository.FullName})
		switch kind := fault.KindOf(err); {
		case err == nil:
			list = append(list, repo)
		case ingest.IsOdd(ctx, err):
			odd = append(odd, w.odd(ctx, o.Repository, err))
		case kind == fault.NotFound || kind == fault.Denied: // the next comparison tells of it
		default:
			return err
		}
	}
	tick := event.Cause{Schedule: ingest.ScheduleTick("compare", start)}
	suspects, more, err := w.compareAll(ctx, list, tick, false)
	if err != nil {
		return err
	}
	more, err = w.close(ctx, suspects, more, tick)
	if err != nil {
		return err
	}
	w.tell(func(s *Status) { s.Odd = append(odd, more...) })
	return nil
}
