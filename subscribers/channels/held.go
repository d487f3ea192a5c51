package channels

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/callboard/callboard/subscribers"
)

// Why notices are held back.
const (
	HeldGrace = "grace" // what is undone soon is not sent
	HeldHour  = "hour"  // it gathers what follows another of its team and card
	HeldDay   = "day"   // the channel has had its number of the day
)

// Held is what is seen in the portal, and not sent yet.
func (c *Channel) Held(ctx context.Context, began time.Time) ([]subscribers.Held, error) {
	now := c.Now()
	end := ends(now)
	told, err := c.Notices.CountRipe(ctx, c.ripe(later(now.UTC().Truncate(day).Add(-1), oldest(began)), now, 0))
	if err != nil {
		return nil, err
	}
	waiting, err := c.Notices.Waiting(ctx, now, c.Owners, c.Kinds)
	if err != nil {
		return nil, err
	}
	var held held
	for range told - c.Daily {
		held.add(HeldDay, end)
	}
	for i, w := range waiting {
		switch {
		case told+i >= c.Daily && !w.Ripe.After(end):
			held.add(HeldDay, end)
		case w.Gathered:
			held.add(HeldHour, w.Ripe)
		default:
			held.add(HeldGrace, w.Ripe)
		}
	}
	for i, h := range held {
		held[i].Says = c.why(h)
	}
	slices.SortStableFunc(held, func(a, b subscribers.Held) int { return a.Until.Compare(b.Until) })
	return held, nil
}

// why says what notices wait for.
func (c *Channel) why(h subscribers.Held) string {
	switch h.Why {
	case HeldDay:
		return fmt.Sprintf("More than the %d of a day: they come as one message at its end", c.Daily)
	case HeldHour:
		return "One of the same team and card went out within the hour: what follows is gathered until that is over"
	}
	return "Within the grace: what is undone by then is not sent"
}

// held are notices by why they are held back.
type held []subscribers.Held

// add counts one more, which goes out at a moment.
func (h *held) add(why string, until time.Time) {
	i := slices.IndexFunc(*h, func(one subscribers.Held) bool { return one.Why == why })
	if i < 0 {
		i = len(*h)
		*h = append(*h, subscribers.Held{Why: why, Until: until})
	}
	one := &(*h)[i]
	one.Count++
	one.Until = earlier(one.Until, until)
}
