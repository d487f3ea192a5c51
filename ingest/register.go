package ingest

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/internal/fault"
)

// Configure brings the registered locations to what the configuration lists. One
// that it lists no more is removed with all that it led to.
func (l *Locations) Configure(ctx context.Context) error {
	all, err := l.all(ctx)
	if err != nil {
		return err
	}
	for _, loc := range all {
		if loc.Configured && !slices.Contains(l.Configured, ConfiguredLocation{loc.Type, loc.Target}) {
			if err := l.remove(ctx, loc.ID, loc.Configured, "the configuration does not list it any more", event.Cause{}); err != nil {
				return err
			}
		}
	}
	for _, c := range l.Configured {
		loc := event.LocationRegistered{
			ID:   uuid.NewSHA1(uuid.NameSpaceURL, []byte(c.Type+":"+c.Target)).String(),
			Type: c.Type, Target: c.Target, EntityRef: LocationEntityRef(c.Type, c.Target), Configured: true,
		}
		if err := l.register(ctx, loc, event.Cause{}); err != nil && fault.KindOf(err) != fault.Conflict {
			return err
		}
	}
	return nil
}

// Register has what a URL leads to read from now on. A location that is there
// already is an error of kind fault.Conflict, unless it is to be refreshed: then
// it is read again, and returned.
func (l *Locations) Register(ctx context.Context, typ, target string, refresh bool, why event.Cause) (event.LocationRegistered, error) {
	loc := event.LocationRegistered{ID: uuid.NewString(), Type: typ, Target: target, EntityRef: LocationEntityRef(typ, target)}
	err := l.register(ctx, loc, why)
	if refresh && fault.KindOf(err) == fault.Conflict {
		all, err := l.all(ctx)
		if i := slices.IndexFunc(all, sameTarget{typ, target}.is); err == nil && i >= 0 {
			l.soon(all[i].ID)
			return all[i], nil
		}
		return event.LocationRegistered{}, errors.Join(err, fault.New(fault.Conflict, "Location %s:%s was removed just now", typ, target))
	}
	if err != nil {
		return event.LocationRegistered{}, err
	}
	l.soon(loc.ID)
	return loc, l.seen(ctx)
}

// seen waits until the catalog has what was appended last.
func (l *Locations) seen(ctx context.Context) error {
	_, err := l.all(ctx)
	return err
}

type sameTarget struct{ typ, target string }

func (s sameTarget) is(r event.LocationRegistered) bool {
	return r.Type == s.typ && r.Target == s.target
}

func (l *Locations) register(ctx context.Context, loc event.LocationRegistered, why event.Cause) error {
	return l.record(ctx, func(all []event.LocationRegistered) (event.LocationRegistered, error) {
		if slices.ContainsFunc(all, sameTarget{loc.Type, loc.Target}.is) {
			return loc, fault.New(fault.Conflict, "Location %s:%s already exists", loc.Type, loc.Target)
		}
		return loc, nil
	}, why)
}

// Update has a registered location lead elsewhere; what it led to is removed
// when it is read. An unknown id is an error of kind fault.NotFound.
func (l *Locations) Update(ctx context.Context, id, typ, target string, why event.Cause) (event.LocationRegistered, error) {
	var loc event.LocationRegistered
	err := l.record(ctx, func(all []event.LocationRegistered) (event.LocationRegistered, error) {
		i := slices.IndexFunc(all, func(r event.LocationRegistered) bool { return r.ID == id && !r.Configured })
		if i < 0 {
			return loc, unknownLocation(id)
		}
		if j := slices.IndexFunc(all, sameTarget{typ, target}.is); j >= 0 && j != i {
			return loc, fault.New(fault.Conflict, "Location %s:%s already exists", typ, target)
		}
		loc = all[i]
		loc.Type, loc.Target = typ, target
		return loc, nil
	}, why)
	if err != nil {
		return event.LocationRegistered{}, err
	}
	l.soon(id)
	return loc, l.seen(ctx)
}

func unknownLocation(id string) error {
	return fault.New(fault.NotFound, "Found no location with ID %s", id)
}

// record registers what choose makes of the locations that there are, while
// nobody else changes them.
func (l *Locations) record(ctx context.Context, choose func([]event.LocationRegistered) (event.LocationRegistered, error), why event.Cause) error {
	t := l.translator
	t.appending.Lock()
	defer t.appending.Unlock()
	all, err := l.all(ctx)
	if err != nil {
		return err
	}
	loc, err := choose(all)
	if err != nil {
		return err
	}
	e, err := l.event(ctx, loc.ID, loc.EntityRef, loc, why)
	if err != nil {
		return err
	}
	_, err = t.append(ctx, e)
	return err
}

// event makes an event whose id derives from what the log holds.
func (l *Locations) event(ctx context.Context, id, subject string, data event.Data, why event.Cause) (event.Event, error) {
	after, err := l.translator.after(ctx)
	if err != nil {
		return event.Event{}, err
	}
	e, err := event.New(event.SourcePrefix+LocationsSource, subject, data)
	if err != nil {
		return event.Event{}, err
	}
	e.ID = event.DeriveID(0, "location/"+strconv.FormatUint(uint64(after), 10), id, string(e.Type))
	e.Actor, e.Cause = event.ActorIn(ctx), why
	return e, nil
}

// Remove takes away a registered location and all that it led to, at once. An
// unknown id, and that of a configured location, is an error of kind fault.NotFound.
func (l *Locations) Remove(ctx context.Context, id string, why event.Cause) error {
	return l.remove(ctx, id, false, "the location was removed", why)
}

func (l *Locations) remove(ctx context.Context, id string, configured bool, reason string, why event.Cause) error {
	loc, ok, err := l.find(ctx, id)
	if err != nil {
		return err
	}
	if !ok || loc.Configured != configured {
		return unknownLocation(id)
	}
	r := reading{source: LocationsSource, repo: Repository{ID: id, FullName: loc.Target}, gone: reason}
	err = l.settle(ctx, r, why, func() (event.Event, error) {
		if _, ok, err := l.find(ctx, id); err != nil || !ok {
			return event.Event{}, errors.Join(err, unknownLocation(id))
		}
		return l.event(ctx, id, loc.EntityRef, event.LocationRemoved{ID: id, Type: loc.Type, Target: loc.Target, Reason: reason}, why)
	})
	if err != nil {
		return err
	}
	// Others may lead to the same files.
	others, err := l.all(ctx)
	for _, other := range others {
		l.soon(other.ID)
	}
	return err
}

// Refresh has what an entity is declared in read again, soon. An unknown ref is
// an error of kind fault.NotFound.
func (l *Locations) Refresh(ctx context.Context, ref string) error {
	after, err := l.translator.after(ctx)
	if err != nil {
		return err
	}
	at, delivery, err := l.Registered.Standing(ctx, after, ref)
	if err != nil {
		return err
	}
	if at.Source == LocationsSource {
		l.soon(at.RepositoryID)
		return nil
	}
	return l.again(ctx, at, delivery)
}

// again has a source's repository read again, by way of the delivery that told
// of one of its entities: whichever it is, what is read is the branch as it is.
func (l *Locations) again(ctx context.Context, at event.Origin, delivery string) error {
	if at.FromPortal() {
		return fault.New(fault.Conflict, "it was made in the portal: there is no file to be read again")
	}
	if !l.translator.reads(at.Source) {
		return fault.New(fault.Conflict, "%s is not read any more: source %s is not configured", at.Repository, at.Source)
	}
	if isOrganisation(at.RepositoryID) {
		if l.translator.ReadPeople != nil {
			l.translator.ReadPeople(at.Source)
		}
		return nil
	}
	err := l.translator.Replay(ctx, delivery, "a refresh was asked for", event.Actor{})
	if fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.Unavailable, "%s is read when it is pushed to next: the delivery that told of it is not kept any more", at.Repository)
	}
	return err
}

// DeleteEntity takes an entity out of the catalog. While its descriptor declares
// it, it comes back as a new one when that is read next. An unknown ref is an
// error of kind fault.NotFound.
func (l *Locations) DeleteEntity(ctx context.Context, ref string, why event.Cause) error {
	at, delivery, err := l.delete(ctx, ref, why)
	if err != nil {
		return err
	}
	if at.Source == LocationsSource {
		return l.seen(ctx)
	}
	if at.FromPortal() {
		return l.seen(ctx)
	}
	if err := l.again(ctx, at, delivery); err != nil {
		l.Logger.WarnContext(ctx, "a deleted entity does not come back before its next push", "entity", ref, "error", err)
	}
	return l.seen(ctx)
}

func (l *Locations) delete(ctx context.Context, ref string, why event.Cause) (event.Origin, string, error) {
	t := l.translator
	t.appending.Lock()
	defer t.appending.Unlock()
	after, err := t.after(ctx)
	if err != nil {
		return event.Origin{}, "", err
	}
	at, delivery, err := l.Registered.Standing(ctx, after, ref)
	if err != nil {
		return event.Origin{}, "", err
	}
	e, err := l.event(ctx, ref, ref, event.EntityRemoved{Ref: ref, Reason: "it was deleted by hand", Origin: at}, why)
	if err != nil {
		return event.Origin{}, "", err
	}
	e.Source = event.SourcePrefix + at.Source
	if at.Source == LocationsSource {
		l.rest(at.RepositoryID) // also from what is being read just now
	}
	_, err = t.append(ctx, e)
	return at, delivery, err
}

// Reclaim is to be run on the main log, as [Translator.Reclaim]: a location that
// was refused a name is read again when the name is free.
func (l *Locations) Reclaim() reactor.Reactor {
	return reactor.Reactor{Name: "reclaim/locations", On: []event.Type{event.TypeEntityRemoved}, Accept: present, React: func(ctx context.Context, rec eventlog.Record) error {
		d, err := event.DecodeAs[event.EntityRemoved](rec.Event)
		if err != nil || d.Ref == "" {
			return err
		}
		refused, err := l.Registered.RefusedAt(ctx, rec.Position, d.Ref)
		for _, at := range refused {
			if at.Source == LocationsSource && at.RepositoryID != d.Origin.RepositoryID {
				l.soon(at.RepositoryID)
			}
		}
		return err
	}}
}
