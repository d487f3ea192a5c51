package subscribers

import (
	"context"

	"github.com/callboard/callboard/eventlog"
)

// ends returns the end of what there is to send.
func (w *Worker) ends(ctx context.Context) (eventlog.Position, error) {
	if w.Channel != nil {
		return w.Channel.Ends(ctx)
	}
	return w.options.Log.Last(ctx)
}

// newest returns up to where it is known what there is.
func (w *Worker) newest(ctx context.Context, p Progress) (eventlog.Position, error) {
	if w.Channel != nil {
		return w.Channel.Newest(ctx, p.began)
	}
	return w.options.History.Position(ctx)
}

// entries returns the first records for the subscriber after where it is, up to a
// position.
func (w *Worker) entries(ctx context.Context, p Progress, newest eventlog.Position, limit int) ([]eventlog.Record, error) {
	if w.Channel != nil {
		return w.Channel.Entries(ctx, p.began, p.Position, newest, limit)
	}
	f := w.Filter
	f.After, f.Known, f.Limit = p.Position, newest, limit
	page, err := w.options.History.Events(ctx, f)
	if err != nil {
		return nil, err
	}
	all := make([]eventlog.Record, len(page.Entries))
	for i, e := range page.Entries {
		if all[i], err = w.options.Log.At(ctx, e.Position); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// at returns the record at a position.
func (w *Worker) at(ctx context.Context, at eventlog.Position) (eventlog.Record, error) {
	if w.Channel == nil {
		return w.options.Log.At(ctx, at)
	}
	p, err := w.options.Store.load(ctx, w.Name)
	if err != nil {
		return eventlog.Record{}, err
	}
	return w.Channel.At(ctx, p.began, at)
}

// await returns once there may be something after a position.
func (w *Worker) await(ctx context.Context, after eventlog.Position) error {
	if w.Channel != nil {
		return w.Channel.Wait(ctx, after)
	}
	return w.options.Wait(ctx, after+1)
}
