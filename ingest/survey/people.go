package survey

import (
	"context"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// people reads the organisations of a source. That the token may not is told, and
// is no error.
func (w *worker) people(ctx context.Context, start time.Time) error {
	if w.Directory == nil {
		return nil
	}
	if err := w.pace(); err != nil {
		return err
	}
	orgs, err := w.Directory.Organisations(ctx)
	switch kind := fault.KindOf(err); {
	case kind == fault.Denied || kind == fault.NotFound:
		w.tell(func(s *Status) { s.NoPeople = text(err) })
		return nil
	case err != nil:
		return err
	}
	left, err := w.Translator.People(ctx, w.Name, orgs, event.Cause{Schedule: ingest.ScheduleTick("people", start)})
	if err != nil {
		return err
	}
	w.tell(func(s *Status) {
		s.Groups, s.People, s.Peopled, s.NoPeople, s.LeftOut = 0, 0, start, "", left
		for _, o := range orgs {
			s.Groups += len(o.Groups)
			s.People += len(o.People)
		}
	})
	return nil
}
