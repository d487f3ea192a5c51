package agreements

import (
	"context"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/scorecards"
)

// ending is how an initiative ended, as was said then.
type ending struct {
	event.InitiativeClosed
	at time.Time
}

// ending is what is on record of the end of an initiative that is over since a moment; nil
// if nothing is so far: what was over when it was declared never ended.
func (b *board) ending(ctx context.Context, ref string, end time.Time) (*ending, error) {
	if b.endings == nil {
		if err := b.readEndings(ctx); err != nil {
			return nil, err
		}
	}
	for _, said := range b.endings[ref] {
		if !said.at.Before(end) {
			return &said, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none, as promised
}

// readEndings reads them of all initiatives at once, or of the one that matters.
func (b *board) readEndings(ctx context.Context) error {
	b.endings = map[string][]ending{}
	f := history.Filter{
		Entity: b.alone, Type: string(event.TypeInitiativeClosed), To: b.now.Add(time.Nanosecond), Known: b.moment.Known, Whole: true, Uncounted: true, Limit: 500,
	}
	for {
		page, err := b.Events.Events(ctx, f)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			said, err := event.DecodeAs[event.InitiativeClosed](event.Event{Type: e.Type, Data: e.Data})
			if err != nil {
				return err
			}
			b.endings[said.Ref] = append(b.endings[said.Ref], ending{said, e.Time})
		}
		if f.After = page.Next; page.Next == 0 {
			return nil
		}
	}
}

func (e *ending) state() State {
	how := scorecards.Ending(e.Outcome)
	if e.Asked == 0 && (how == scorecards.Reached || how == scorecards.Missed) {
		how = scorecards.Unasked // older events do not tell these apart
	}
	return endedAs(how)
}
