package scores

import (
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// Tell tells how an entity stood on a card by events about both, in the order of the
// log: what [Scores.List] has of it once it has folded them, all that were on record.
// Other events are passed over.
func Tell(card, entity string, records []eventlog.Record) ([]Score, error) {
	var all []Score
	on := false // the last of all lasts
	for _, rec := range records {
		if rec.Type != event.TypeScoreChanged || rec.Subject != entity {
			continue
		}
		d, err := event.DecodeAs[event.ScoreChanged](rec.Event)
		if err != nil {
			return nil, err
		}
		if d.Card != card {
			continue
		}
		since := rec.Time
		var before Score
		if len(all) > 0 {
			last := &all[len(all)-1]
			for _, t := range []time.Time{last.Since, last.Until} { // clocks of commits go backward, also where it was not judged for a while
				if since.Before(t) {
					since = t
				}
			}
			if on {
				last.Until, before = since.UTC(), *last
			}
		}
		if on = d.After != nil; !on {
			continue
		}
		one := Score{
			Card: card, Entity: entity, Level: d.After.Level, Before: before.Level, Points: d.After.Points, Of: d.After.Of,
			Since: since.UTC(), Position: rec.Position, Actor: rec.Actor, Cause: rec.Cause,
		}
		one.Rules = after(append([]Rule(nil), before.Rules...), d.Rules, origin{rec, time.Unix(0, since.UnixNano()).UTC()})
		all = append(all, one)
	}
	return all, nil
}
