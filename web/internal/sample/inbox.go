package sample

import (
	"context"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/web"
)

// inbox reads the deliveries of a world, whose bodies are not compressed.
type inbox struct{ log *Log }

// Payload returns what stands at a position.
func (i inbox) Payload(ctx context.Context, at eventlog.Position) (web.Payload, error) {
	rec, err := i.log.At(ctx, at)
	if err != nil {
		return web.Payload{}, err
	}
	if rec.Type == event.TypeRepositoryDue {
		d, err := event.DecodeAs[event.RepositoryDue](rec.Event)
		return web.Payload{Look: &d}, err
	}
	d, err := event.DecodeAs[event.DeliveryReceived](rec.Event)
	return web.Payload{Headers: d.Headers, Body: d.Body}, err
}

// Deliver puts something into the log of deliveries, whatever it says.
func (w *World) Deliver(at time.Time, source, id string, data event.Data) error {
	e, err := event.New(event.SourcePrefix+source, id, data)
	if err != nil {
		return err
	}
	w.doors.append(e, at)
	return nil
}

// Observe puts what a forge says of a repository into the log.
func (w *World) Observe(at time.Time, s event.RepositoryState) error {
	_, err := w.Add(at, s.Source, s.FullName, event.Actor{}, event.Cause{Schedule: "compare"}, event.RepositoryObserved{RepositoryState: s})
	return err
}
