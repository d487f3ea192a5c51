package main

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/subscribers"
)

// openSubscribers makes what sends events to the subscribers of the configuration.
// Nothing is sent yet.
func (p *portal) openSubscribers(ctx context.Context, metrics prometheus.Registerer) (err error) {
	p.channels = p.channelOptions()
	p.subscribers, err = subscribers.New(subscribers.Options{
		Store: p.sent, History: p.history, Log: p.events,
		Wait: func(ctx context.Context, at eventlog.Position) error { return p.runner.Wait(ctx, history.Name, at) },
		Note: p.noteSubscriber, Metrics: metrics, Logger: p.logger, Now: p.now,
	})
	if err != nil {
		return err
	}
	return p.subscribers.Serve(ctx, p.sentTo(p.config))
}

// noteSubscriber puts on record what somebody tells a subscriber to do.
func (p *portal) noteSubscriber(ctx context.Context, said event.SubscriberWorkRequested) error {
	e, err := event.New("/subscribers/"+said.Subscriber, said.Subscriber, said)
	if err != nil {
		return err
	}
	return p.note(ctx, p.asked(ctx, e))
}

// subscribersOf are the subscribers of a configuration.
func subscribersOf(c config.Config) []subscribers.Subscriber {
	all := make([]subscribers.Subscriber, len(c.Subscribers))
	for i, s := range c.Subscribers {
		one := subscribers.Subscriber{
			Name: s.Name, URL: s.URL, Secrets: []string{s.Secret.Reveal()}, Filter: filterOf(s.Filter),
			Batch: int(s.Batch), Timeout: time.Duration(s.Timeout), GiveUp: time.Duration(s.GiveUp),
		}
		if s.PreviousSecret != "" {
			one.Secrets = append(one.Secrets, s.PreviousSecret.Reveal())
		}
		at, ok := s.From.Position()
		one.From, one.FromNow = eventlog.Position(at), !ok
		all[i] = one
	}
	return all
}

// filterOf selects what the parameters of the feed of the same names do.
func filterOf(f config.EventFilter) history.Filter {
	selects := history.Filter{Entity: f.Entity, Kind: f.Kind, Type: f.Type, Source: f.Source, Actor: f.Actor, Seals: f.Seals}
	if ref, err := catalog.ParseRef(f.Entity, catalog.Ref{}); err == nil {
		selects.Entity = strings.ToLower(ref.String())
	}
	return selects
}
