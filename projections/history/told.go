package history

import (
	"fmt"
	"iter"
	"time"

	"github.com/callboard/callboard/eventlog"
)

// Told is an event about an entity, told beside those that count before it, and
// what the entity was from then on.
type Told struct {
	Entry
	// Since is from when on the event counts: [Row.Truth].
	Since time.Time
	// Entity is what was declared, as JSON; "" while the entity was not in the catalog.
	Entity string
	// Version numbers what was declared, from 1; 0 for an event that declares nothing.
	Version int
}

// Tell tells of events, for each subject by itself. They come in the order in which
// they count, live and backfilled ones together, and all of a subject: see [Past].
func Tell(records iter.Seq2[eventlog.Record, error]) (map[string][]Told, error) {
	subjects := map[string]*subject{}
	all := map[string][]Told{}
	for rec, err := range records {
		if err != nil {
			return nil, err
		}
		told := all[rec.Subject]
		s := subjects[rec.Subject]
		if s == nil {
			s = &subject{}
			subjects[rec.Subject] = s
		}
		data, err := decode(rec)
		if err != nil {
			return nil, fmt.Errorf("position %d: %w", rec.Position, err)
		}
		tale, err := s.tell(data)
		if err != nil {
			return nil, fmt.Errorf("position %d: %w", rec.Position, err)
		}
		one := Told{
			Entry: Entry{
				Position: rec.Position, ID: rec.ID, Type: rec.Type, Source: SourceName(rec.Source), Subject: rec.Subject,
				Time: rec.Time, Recorded: rec.Recorded, Actor: rec.Actor, Cause: rec.Cause,
				Summary: tale.summary, Changes: tale.changes, Backfilled: rec.Backfilled(),
			},
			Since: rec.Time, Entity: s.Entity,
		}
		// Clocks of commits go backward; what counts later does so no earlier.
		if n := len(told); n > 0 && told[n-1].Since.After(one.Since) {
			one.Since = told[n-1].Since
		}
		if tale.declares {
			s.versions++
			one.Version = s.versions
		}
		all[rec.Subject] = append(told, one)
	}
	return all, nil
}

// subject is what events have said of one so far.
type subject struct {
	state
	versions int
}
