package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// ReportSource is the CloudEvents source of what somebody reports of an entity or a
// repository, rather than a forge.
const ReportSource = "/facts"

// Report appends what somebody reports, all of it or nothing, and returns where each
// report stands; one that was there already is a duplicate. By is what they call
// themselves, request the one that tells of it. Reports are to be checked before.
func (t *Translator) Report(ctx context.Context, reports []event.Report, by, request string) ([]eventlog.Appended, error) {
	by, err := who(by)
	if err != nil {
		return nil, err
	}
	now := t.Now()
	events := make([]event.Event, len(reports))
	for i, r := range reports {
		subject := r.Entity
		if subject == "" {
			subject = r.Repository.FullName
		}
		e, err := event.New(ReportSource, subject, event.FactRecorded{
			Fact: event.FactReported + r.Name, Entity: r.Entity, Repository: r.Repository, Value: r.Value, Until: r.Until,
		})
		if err != nil {
			return nil, err
		}
		e.ID, e.Time, e.Actor, e.Cause = uuid.NewString(), r.At(now), event.Actor{Name: by}, event.Cause{Request: request}
		if r.ID != "" {
			e.ID = event.DeriveID(0, "report", r.Entity, r.Repository.Source, r.Repository.ID, r.Name, r.ID)
		}
		events[i] = e
	}
	return t.reported(ctx, events)
}

// Verify appends that somebody says of an entity that what its descriptor says is still
// true, and returns where that stands. The error is of kind fault.Invalid if they do not
// say who they are.
func (t *Translator) Verify(ctx context.Context, entity, by, note, request string) (eventlog.Position, error) {
	by, err := who(by)
	if err != nil {
		return 0, err
	}
	if note = strings.TrimSpace(note); note != "" && !event.IsReason(note) {
		return 0, fault.New(fault.Invalid, "a note has at most %d characters, none of which controls how others look", event.MaxReason)
	}
	value, err := json.Marshal(event.Verified{Note: note})
	if err != nil {
		return 0, err
	}
	e, err := event.New(ReportSource, entity, event.FactRecorded{Fact: event.FactVerified, Entity: entity, Value: value})
	if err != nil {
		return 0, err
	}
	e.ID, e.Time, e.Actor, e.Cause = uuid.NewString(), t.Now(), event.Actor{Name: by}, event.Cause{Request: request}
	appended, err := t.reported(ctx, []event.Event{e})
	if err != nil {
		return 0, err
	}
	return appended[0].Position, nil
}

// who is what somebody calls themselves.
func who(name string) (string, error) {
	name = strings.TrimSpace(name)
	if !event.IsName(name) {
		return "", fault.New(fault.Invalid, "by: say who you are, in a line of at most %d characters: it stands beside what you say", event.MaxName)
	}
	return name, nil
}

func (t *Translator) reported(ctx context.Context, events []event.Event) ([]eventlog.Appended, error) {
	t.appending.Lock()
	defer t.appending.Unlock()
	appended, err := t.Log.Append(ctx, events...)
	if err != nil {
		return nil, fmt.Errorf("put on record what was reported: %w", err)
	}
	for _, a := range appended {
		t.saw(a.Position)
	}
	return appended, nil
}
