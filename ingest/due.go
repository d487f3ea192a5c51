package ingest

import (
	"context"
	"time"

	"github.com/callboard/callboard/event"
)

// Due asks to look at a repository, as if a delivery had told of it. What asks is
// a schedule with its tick, or a request; the same asks once.
func (t *Translator) Due(ctx context.Context, d event.RepositoryDue, why event.Cause) error {
	id := d.Source + ":look-" + event.DeriveID(0, d.Source, d.ID, why.Schedule, why.Request)
	e, err := event.New(event.SourcePrefix+d.Source, id, d)
	if err != nil {
		return err
	}
	e.ID, e.Cause, e.Time = id, why, t.Now()
	_, err = t.Deliveries.Append(ctx, e)
	return err
}

// Record appends what is known of a source to the main log, once for each id; an
// event without a time is true now.
func (t *Translator) Record(ctx context.Context, events ...event.Event) error {
	for i := range events {
		if events[i].Time.IsZero() {
			events[i].Time = t.Now()
		}
	}
	t.appending.Lock()
	defer t.appending.Unlock()
	_, err := t.append(ctx, events...)
	return err
}

// ScheduleTick names a run of a schedule, as [event.Cause] has it.
func ScheduleTick(name string, at time.Time) string {
	return name + " " + at.UTC().Format(time.RFC3339Nano)
}
