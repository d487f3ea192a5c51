package sample

import (
	"context"
	"fmt"
	"net/url"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web"
)

// Locations are the places of a world that can be registered: those that it
// answers for, without anything of the network.
type Locations struct {
	Answers map[string]web.Preview // by address
	Read    map[string]web.LocationState

	w          *World
	registered map[string]string // address by id
}

// Preview returns the answer for an address.
func (l *Locations) Preview(_ context.Context, target string) (web.Preview, error) {
	if u, err := url.Parse(target); err != nil || u.Host == "" {
		return web.Preview{}, fault.New(fault.Invalid, "%q is no address; write one such as https://git.acme.example/acme/till/blob/main/catalog-info.yaml", target)
	}
	p, ok := l.Answers[target]
	if !ok {
		return web.Preview{}, fault.New(fault.Unavailable, "%s answers 404", target)
	}
	p.Target = target
	for _, other := range l.registered {
		p.Exists = p.Exists || other == target
	}
	return p, nil
}

// Register puts the event in the log. What stands at the address is for a Push
// with the location as its Parent.
func (l *Locations) Register(_ context.Context, target string) (string, error) {
	for _, other := range l.registered {
		if other == target {
			return "", fault.New(fault.Conflict, "%s is registered already", target)
		}
	}
	id := fmt.Sprintf("loc-%d", len(l.registered)+1)
	l.registered[id] = target
	data := event.LocationRegistered{ID: id, Type: "url", Target: target, EntityRef: "location:default/" + id}
	_, err := l.w.Add(l.w.now, "callboard", data.EntityRef, event.Actor{Login: "tamarisk"}, event.Cause{Request: "1"}, data)
	return id, err
}

// Remove takes a location away.
func (l *Locations) Remove(_ context.Context, id string) error {
	target, ok := l.registered[id]
	if !ok {
		return fault.New(fault.NotFound, "there is no location %s", id)
	}
	delete(l.registered, id)
	delete(l.Read, id)
	data := event.LocationRemoved{ID: id, Type: "url", Target: target, Reason: "removed on the sources page"}
	_, err := l.w.Add(l.w.now, "callboard", "location:default/"+id, event.Actor{Login: "tamarisk"}, event.Cause{Request: "2"}, data)
	return err
}

// States returns how each was read.
func (l *Locations) States(context.Context) (map[string]web.LocationState, error) { return l.Read, nil }
