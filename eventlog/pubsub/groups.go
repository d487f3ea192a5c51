package pubsub

import (
	"context"
	"sync"

	"github.com/callboard/callboard/eventlog"
)

// Groups are the consumer groups of one log. Subscribers that share the work
// must have theirs of the same Groups.
type Groups struct {
	cursors eventlog.Cursors
	mu      sync.Mutex
	groups  map[string]*Group
}

// NewGroups returns groups whose positions are kept in cursors, each under the
// group's name.
func NewGroups(cursors eventlog.Cursors) *Groups {
	return &Groups{cursors: cursors, groups: map[string]*Group{}}
}

// Group returns the group of that name.
func (g *Groups) Group(name string) *Group {
	g.mu.Lock()
	defer g.mu.Unlock()
	group, ok := g.groups[name]
	if !ok {
		group = &Group{name: name, cursors: g.cursors, turn: make(chan struct{}, 1)}
		g.groups[name] = group
	}
	return group
}

// Group is one reader of the log, with one position, however many subscriptions
// it has: the first of them works, and the others stand by to take over where
// it stops. So a group keeps the log's order; and since it has but one position,
// one that wants several topics subscribes to them at once: see [Topics].
type Group struct {
	name    string
	cursors eventlog.Cursors
	turn    chan struct{} // holds one while a subscription works
}

// take waits until no other subscription of the group works, and reports false
// if ctx ends first. Its caller then owes a release.
func (g *Group) take(ctx context.Context) bool {
	select {
	case g.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g *Group) release() { <-g.turn }
