package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/callboard/callboard/event"
)

// AlertLister is a [Forge] that lists security alerts.
type AlertLister interface {
	// OpenAlerts lists the alerts of a repository that are open, by tool. A tool that is
	// off, or that the token may not see, is not in it: one without alerts has none.
	OpenAlerts(ctx context.Context, repo Repository) (map[string][]Alert, error)
}

// Alert is an alert as a forge lists it. What all of them have in common, such as the
// repository, is left out.
type Alert struct {
	event.ActivityAlert
	Updated time.Time // zero if the forge does not say
}

// recordAlerts records which alerts are open, where that was never asked or deliveries
// were missed: webhooks tell of all others. A delivery alone is no reason to ask.
func (l *lane) recordAlerts(ctx context.Context, r reading, t task) ([]uint64, error) {
	forge, lists := l.forge.(AlertLister)
	if !lists || l.Repositories == nil || t.received.Type != event.TypeRepositoryDue {
		return nil, nil
	}
	after, err := l.after(ctx)
	if err != nil {
		return nil, err
	}
	was, err := l.Repositories.Fact(ctx, after, l.source.Name(), r.repo.ID, event.FactAlerts)
	if err != nil || was != nil && t.gap == "" {
		return nil, err
	}
	listed, err := forge.OpenAlerts(ctx, r.repo)
	if err != nil {
		return nil, untold(ctx, err)
	}
	events, err := alertEvents(r, t, listed)
	if err != nil {
		return nil, err
	}
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.append(ctx, events...)
}

// alertEvents are what is told of alerts that are listed: each as it stands, at the time
// since which it does, and which there are.
func alertEvents(r reading, t task, listed map[string][]Alert) ([]event.Event, error) {
	repo, open := r.repo.State(r.source).Repository, event.OpenAlerts{}
	var events []event.Event
	add := func(id string, at time.Time, data event.Data) error {
		e, err := event.New(event.SourcePrefix+r.source, r.repo.FullName, data)
		if err != nil {
			return err
		}
		if e.Time = at; at.IsZero() || at.After(t.received.Recorded) {
			e.Time = t.received.Recorded
		}
		e.ID, e.Cause.Delivery = id, t.received.Subject
		events = append(events, e)
		return nil
	}
	for _, tool := range slices.Sorted(maps.Keys(listed)) {
		open[tool] = []string{}
		for _, a := range listed[tool] {
			a.Tool, a.Repository = tool, repo
			at := a.Updated
			if at.IsZero() {
				at = a.Opened
			}
			open[tool] = append(open[tool], a.ID)
			id := event.DeriveID(0, "alert", r.source, r.repo.ID, tool, a.ID, at.UTC().Format(time.RFC3339Nano))
			if err := add(id, at, a.ActivityAlert); err != nil {
				return nil, err
			}
		}
		slices.Sort(open[tool])
	}
	slices.SortStableFunc(events, func(a, b event.Event) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	value, err := json.Marshal(open)
	if err != nil {
		return nil, err
	}
	err = add(event.DeriveID(0, t.cause, r.source, r.repo.ID, event.FactAlerts), t.received.Recorded, event.FactRecorded{
		Fact: event.FactAlerts, Repository: repo, Value: value,
	})
	return events, err
}
