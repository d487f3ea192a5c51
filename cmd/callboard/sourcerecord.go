package main

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"slices"

	"github.com/google/uuid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/config"
)

// noteSources puts on record what somebody does to the sources that are connected. It
// comes before the deed: what is not on record is not done.
func (p *portal) noteSources(ctx context.Context, before, after []config.Source) error {
	var said []event.Event
	add := func(source string, data event.Data) error {
		e, err := p.askedOf(ctx, source, data)
		said = append(said, e)
		return err
	}
	for _, is := range after {
		if i := placeOf(before, is.Name); i < 0 {
			if err := add(is.Name, event.SourceConnected{Source: is.Name, Type: is.Type, URL: shownURL(is.URL), Reads: slices.Concat(is.Organizations, is.Groups, is.Repositories)}); err != nil {
				return err
			}
		} else if settings := differingSettings(before[i], is); len(settings) > 0 {
			if err := add(is.Name, event.SourceChanged{Source: is.Name, Settings: settings}); err != nil {
				return err
			}
		}
	}
	for _, was := range before {
		if placeOf(after, was.Name) < 0 {
			if err := add(was.Name, event.SourceDisconnected{Source: was.Name}); err != nil {
				return err
			}
		}
	}
	return p.note(ctx, said...)
}

// noteWork puts on record that somebody asks for work at a source.
func (p *portal) noteWork(ctx context.Context, source, work string) error {
	e, err := p.askedOf(ctx, source, event.SourceWorkRequested{Source: source, Work: work})
	if err != nil {
		return err
	}
	return p.note(ctx, e)
}

func (p *portal) note(ctx context.Context, said ...event.Event) error {
	if len(said) == 0 {
		return nil
	}
	if _, err := p.events.Append(ctx, said...); err != nil {
		return fmt.Errorf("put on record what was asked for: %w", err)
	}
	return nil
}

// askedOf is what somebody asks of a source, by the request that ctx tells of.
func (p *portal) askedOf(ctx context.Context, source string, data event.Data) (event.Event, error) {
	e, err := event.New(event.SourcePrefix+source, source, data)
	return p.asked(ctx, e), err
}

// asked is an event with who asks for it, and the request.
func (p *portal) asked(ctx context.Context, e event.Event) event.Event {
	e.ID, e.Time, e.Actor, e.Cause = uuid.NewString(), p.now(), event.ActorIn(ctx), event.Cause{Request: event.CauseIn(ctx).Request}
	return e
}

// differingSettings names the settings in which a source differs.
func differingSettings(was, is config.Source) (names []string) {
	a, b := reflect.ValueOf(was), reflect.ValueOf(is)
	for i := range a.NumField() {
		x, y := a.Field(i), b.Field(i)
		if x.Kind() == reflect.Slice && x.Len()+y.Len() == 0 || reflect.DeepEqual(x.Interface(), y.Interface()) {
			continue
		}
		names = append(names, a.Type().Field(i).Tag.Get("yaml"))
	}
	return names
}

// shownURL is an address without a password.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return address
	}
	return u.Redacted()
}
