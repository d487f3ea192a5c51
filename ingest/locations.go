package ingest

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// LocationsSource is the name under which entities of locations have their
// origin; no configured source may be called so.
const LocationsSource = event.LocationsSource

// DefaultInterval is how often locations are read again: it lies between this
// and half as much more, as Backstage has it.
const DefaultInterval = 100 * time.Second

const (
	atOnce   = 2               // locations that are read
	lateness = 3 * time.Second // after an entity was deleted, so that everybody sees that
)

// Locations reads what the registered and configured locations lead to, and
// brings the catalog to what that says. A location is to it a repository whose
// tree is what can be reached from its target: what is read becomes the same
// reading that a repository gives, and all that follows is the same.
//
// [Locations.Run] does the work; the other methods say that there is some.
type Locations struct {
	LocationsOptions
	translator *Translator
	fetcher    *fetcher
	wake       chan struct{}

	mu     sync.Mutex
	due    map[string]time.Time // when each location is to be read next, by id
	rests  map[string]time.Time // until when each is left alone, whoever asks
	reads  map[string]time.Time // when each was read last
	active map[string]bool      // that are being read
}

// LocationsOptions are what Locations work with. Registered and Logger are required.
type LocationsOptions struct {
	Configured []ConfiguredLocation // in the order in which the first to declare an entity keeps it
	Rules      Rules                // nil: [DefaultRules]
	Allow      []AllowedHost
	Interval   time.Duration // 0: [DefaultInterval]
	Registered Registered
	Transport  http.RoundTripper // nil: Go's own
	Logger     *slog.Logger
}

// ConfiguredLocation is a location of the configuration.
type ConfiguredLocation struct{ Type, Target string }

// Registered answers what the catalog says of locations and entities, as of at
// least a position in the main log.
type Registered interface {
	// Locations returns them in the order of their registration.
	Locations(ctx context.Context, after eventlog.Position) ([]event.LocationRegistered, error)
	// Standing returns where an entity stands, by ref, and the delivery that told
	// of it, if one did. The error is of kind fault.NotFound if it does not stand.
	Standing(ctx context.Context, after eventlog.Position, ref string) (at event.Origin, delivery string, err error)
	// RefusedAt returns where the standing rejections of an entity stand.
	RefusedAt(ctx context.Context, after eventlog.Position, ref string) ([]event.Origin, error)
}

// NewLocations makes the locations beside a translator, which appends for both.
func NewLocations(t *Translator, o LocationsOptions) *Locations {
	if o.Rules == nil {
		o.Rules = DefaultRules()
	}
	if o.Interval == 0 {
		o.Interval = DefaultInterval
	}
	var forges []Forge
	for _, l := range t.lanes {
		if l.forge != nil {
			forges = append(forges, l.forge)
		}
	}
	return &Locations{
		LocationsOptions: o, translator: t, fetcher: newFetcher(o.Transport, o.Allow, forges),
		wake: make(chan struct{}, 1), due: map[string]time.Time{}, rests: map[string]time.Time{}, reads: map[string]time.Time{}, active: map[string]bool{},
	}
}

// LocationEntityRef returns the ref of the entity that stands for a location.
func LocationEntityRef(typ, target string) string {
	sum := sha1.Sum([]byte(typ + ":" + target)) // Backstage's name for it, no secret
	return "location:default/generated-" + hex.EncodeToString(sum[:])
}

// Run registers what is configured and then reads every location: at once, when
// that is asked for, and again and again. It ends with ctx, which is no error.
func (l *Locations) Run(ctx context.Context) error {
	if err := l.Configure(ctx); err != nil {
		return ignoreEnd(ctx, err)
	}
	workers, within := errgroup.WithContext(ctx)
	workers.SetLimit(atOnce)
	// A location waits for those that were begun before it, so that of two that
	// declare an entity the first keeps it.
	turn := make(chan struct{})
	close(turn)
	for {
		id, wait, err := l.next(ctx)
		if err != nil {
			break
		}
		if id != "" {
			before, mine := turn, make(chan struct{})
			turn = mine
			workers.Go(func() error {
				defer close(mine)
				l.readInTurn(within, id, before)
				return nil
			})
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	return workers.Wait()
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// next returns the location that is due, or how long none will be. The error is
// ctx's.
func (l *Locations) next(ctx context.Context) (string, time.Duration, error) {
	all, err := l.all(ctx)
	if ctx.Err() != nil {
		return "", 0, ctx.Err()
	}
	if err != nil {
		l.Logger.WarnContext(ctx, "the locations are not known now", "error", err)
		return "", time.Second, nil
	}
	now := l.translator.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.Interval
	first := ""
	for _, loc := range all {
		due := later(l.due[loc.ID], l.rests[loc.ID])
		if l.active[loc.ID] {
			continue
		}
		if !due.After(now) && (first == "" || due.Before(l.due[first])) {
			first = loc.ID
		}
		wait = min(wait, max(due.Sub(now), 0))
	}
	if first != "" {
		l.active[first] = true
		l.due[first] = now.Add(l.Interval + rand.N(l.Interval/2+1))
	}
	return first, wait, nil
}

func (l *Locations) readInTurn(ctx context.Context, id string, before <-chan struct{}) {
	err := l.read(ctx, id, before)
	l.mu.Lock()
	delete(l.active, id)
	l.mu.Unlock()
	l.nudge()
	if err != nil && ctx.Err() == nil {
		l.Logger.WarnContext(ctx, "a location was not read", "location", id, "error", err)
	}
}

func (l *Locations) nudge() {
	select {
	case l.wake <- struct{}{}:
	default: // it is awake
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// soon has a location read again.
func (l *Locations) soon(id string) {
	l.mu.Lock()
	l.due[id] = l.translator.Now()
	l.mu.Unlock()
	l.nudge()
}

// rest keeps a location from being read for a while, and has it read then.
func (l *Locations) rest(id string) {
	l.mu.Lock()
	l.rests[id] = l.translator.Now().Add(lateness)
	l.due[id] = l.rests[id]
	l.mu.Unlock()
	l.nudge()
}

func (l *Locations) rested(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.translator.Now().Before(l.rests[id])
}

// LastRead tells when locations were read last in this process, by id.
func (l *Locations) LastRead() map[string]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[string]time.Time, len(l.reads))
	for id, at := range l.reads {
		all[id] = at
	}
	return all
}

// all returns the locations that there are.
func (l *Locations) all(ctx context.Context) ([]event.LocationRegistered, error) {
	after, err := l.translator.after(ctx)
	if err != nil {
		return nil, err
	}
	return l.Registered.Locations(ctx, after)
}

func (l *Locations) find(ctx context.Context, id string) (event.LocationRegistered, bool, error) {
	all, err := l.all(ctx)
	i := slices.IndexFunc(all, func(r event.LocationRegistered) bool { return r.ID == id })
	if err != nil || i < 0 {
		return event.LocationRegistered{}, false, err
	}
	return all[i], true, nil
}

// Read reads a location now. One that is not there any more is none to read.
func (l *Locations) Read(ctx context.Context, id string) error {
	turn := make(chan struct{})
	close(turn)
	return l.read(ctx, id, turn)
}

func (l *Locations) read(ctx context.Context, id string, before <-chan struct{}) error {
	loc, ok, err := l.find(ctx, id)
	if err != nil || !ok {
		return err
	}
	k, err := l.translator.known(ctx, LocationsSource, id)
	if err != nil {
		return err
	}
	r, err := l.crawl(loc, k).read(ctx)
	if err != nil {
		return err
	}
	select {
	case <-before:
	case <-ctx.Done():
		return ctx.Err()
	}
	err = l.settle(ctx, r, event.Cause{}, func() (event.Event, error) {
		if now, ok, err := l.find(ctx, id); err != nil || !ok || now != loc || !l.rested(id) {
			return event.Event{}, errors.Join(err, errStale)
		}
		return event.Event{}, nil
	})
	if errors.Is(err, errStale) {
		l.soon(id)
		return nil
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads[id] = l.translator.Now()
	return nil
}

// errStale says that what was read of a location is of no use.
var errStale = fault.New(fault.Conflict, "the location was changed while it was read")

func (l *Locations) crawl(loc event.LocationRegistered, k known) *crawl {
	own, isKnown := k.declared[loc.EntityRef]
	return &crawl{
		visit: l.fetcher.visit(), root: loc, rules: l.Rules, kinds: l.translator.Kinds, known: k,
		moved: isKnown && own.Origin.Repository != loc.Target,
	}
}

// settle appends what a reading changes, behind the event that first makes, if it
// makes one. Nothing else is appended from then on.
func (l *Locations) settle(ctx context.Context, r reading, why event.Cause, first func() (event.Event, error)) error {
	t := l.translator
	t.appending.Lock()
	defer t.appending.Unlock()
	head, err := first()
	if err != nil {
		return err
	}
	k, err := t.known(ctx, r.source, r.repo.ID)
	if err != nil {
		return err
	}
	changes, err := plan(k, r, t.elsewhere(ctx))
	if err != nil {
		return err
	}
	var before []event.Event
	if head.Type != "" {
		before = []event.Event{head}
	}
	_, err = t.appendChanges(ctx, "location/", r, changes, why, before...)
	return err
}
