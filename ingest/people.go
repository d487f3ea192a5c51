package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

const (
	// maxProfiles is how many people's own pages are asked for when an
	// organisation is read; in a larger one they take turns.
	maxProfiles    = 200
	profilesAtOnce = 4
)

// People brings the catalog to what a source says of its organisations: each group
// becomes a Group and each person a User, declared in a repository that is none.
// It returns what people should know of what was left out.
//
// A name that is declared elsewhere stays there and is no conflict: when it is
// free, people are read again. What would remove too much is held, as a delivery
// that waits for a person.
func (t *Translator) People(ctx context.Context, source string, orgs []Organisation, why event.Cause) ([]string, error) {
	i := slices.IndexFunc(t.lanes, func(l *lane) bool { return l.source.Name() == source })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "there is no source %s", source)
	}
	var notes []string
	for _, o := range orgs {
		_, some, err := t.lanes[i].people(ctx, o, task{}, why)
		var h heldPeople
		if errors.As(err, &h) {
			some, err = append(some, err.Error()), t.hold(ctx, source, o, h)
		}
		if err != nil {
			return notes, err
		}
		notes = append(notes, some...)
	}
	return notes, nil
}

// heldPeople says which changes are held.
type heldPeople struct {
	error
	changes []change
}

func (h heldPeople) Unwrap() error { return h.error }

// hold asks for a look at the organisation, by way of the deliveries log, where
// what is held can be allowed. While a look is held no other is asked for: to allow it
// reads people as they are then. When the same comes about once more, that is news.
func (t *Translator) hold(ctx context.Context, source string, o Organisation, h heldPeople) error {
	sum := sha256.New()
	for _, c := range h.changes {
		fmt.Fprintf(sum, "%s %s\n", c.data.EventType(), c.ref)
	}
	repo := o.repository()
	stands, err := t.Reached.Unfinished(ctx, source, repo.ID, "")
	if err != nil || stands != "" && stands != event.DeliveryFailed {
		return err
	}
	after, err := t.after(ctx)
	if err != nil {
		return err
	}
	return t.Due(ctx, event.RepositoryDue{
		Repository: event.Repository{Source: source, ID: repo.ID, FullName: repo.FullName}, Reason: "many people or teams are not there any more",
	}, event.Cause{Schedule: fmt.Sprintf("people %x %d", sum.Sum(nil), after)})
}

// syncPeople brings the catalog to what an organisation is now, as sync does for a
// repository.
func (l *lane) syncPeople(ctx context.Context, t task) (done, error) {
	d := done{repo: t.meaning.Repository}
	dir, ok := l.source.(Directory)
	if !ok {
		return d, fault.New(fault.Invalid, "source %s knows of no organisations", l.source.Name())
	}
	orgs, err := dir.Organisations(ctx)
	if err != nil {
		return d, err
	}
	for _, o := range orgs {
		if o.repository().ID != t.meaning.Repository.ID {
			continue
		}
		d.repo, d.current = o.repository(), true
		d.events, _, err = l.people(ctx, o, t, event.Cause{Delivery: t.received.Subject})
		return d, err
	}
	return d, fault.New(fault.NotFound, "source %s does not name %s; what the catalog knows of it stays", l.source.Name(), t.meaning.Repository.FullName)
}

// people settles one organisation.
func (l *lane) people(ctx context.Context, o Organisation, t task, why event.Cause) ([]uint64, []string, error) {
	source := l.source.Name()
	k, err := l.known(ctx, source, o.repository().ID)
	if err != nil {
		return nil, nil, err
	}
	if len(o.People) == 0 && hasUsers(k) {
		return nil, nil, fault.New(fault.Unavailable, "%s: %s has no people any more, says the forge, which is not believed", source, o.Name)
	}
	if err := l.profiles(ctx, k, &o); err != nil {
		return nil, nil, err
	}
	r, notes, err := o.read(source, l.Kinds, k)
	if err != nil {
		return nil, nil, err
	}
	l.appending.Lock()
	defer l.appending.Unlock()
	if k, err = l.known(ctx, source, r.repo.ID); err != nil {
		return nil, nil, err
	}
	taken, err := l.taken(ctx, r, k)
	if err != nil {
		return nil, nil, err
	}
	notes = append(notes, taken...)
	changes, err := plan(k, r, l.elsewhere(ctx))
	if err != nil {
		return nil, notes, err
	}
	if err := l.guard(ctx, k, r, changes, t.allowed); err != nil {
		if errors.Is(err, ErrHeld) {
			err = heldPeople{err, changes}
		}
		return nil, notes, err
	}
	positions, err := l.appendChanges(ctx, "people/", r, changes, why)
	return positions, notes, err
}

// appendChanges appends changes that no commit made; appending is to be held. Ids
// derive from what the log held when this was decided: to decide the same of the
// same log once more is to repeat it.
func (t *Translator) appendChanges(ctx context.Context, decided string, r reading, changes []change, why event.Cause, head ...event.Event) ([]uint64, error) {
	after, err := t.after(ctx)
	if err != nil {
		return nil, err
	}
	events, err := seal(changes, r, nil, decided+strconv.FormatUint(uint64(after), 10), why)
	if err != nil {
		return nil, err
	}
	if events = append(head, events...); len(events) == 0 {
		return nil, nil
	}
	return t.append(ctx, events...)
}

// taken tells of groups whose name another organisation has. That a descriptor
// declares one is meant, and that somebody is in two organisations is usual.
func (t *Translator) taken(ctx context.Context, r reading, k known) ([]string, error) {
	elsewhere := t.elsewhere(ctx)
	var notes []string
	for i := range r.files {
		for _, doc := range r.files[i].parsed.Documents {
			ref := doc.Ref.String()
			if _, ours := k.declared[ref]; ours || isUser(ref) {
				continue
			}
			at, ok, err := elsewhere(ref)
			if err != nil {
				return nil, err
			}
			if ok && !at.cedes && isOrganisation(at.Origin.RepositoryID) {
				notes = append(notes, fmt.Sprintf("%s/%s is left out: %s is the name of %s already; rename one of the two", r.repo.FullName, r.files[i].Path, ref, at.Origin.Place()))
			}
		}
	}
	return notes, nil
}

func hasUsers(k known) bool {
	for ref := range k.declared {
		if isUser(ref) {
			return true
		}
	}
	return false
}

func isUser(ref string) bool { return strings.HasPrefix(ref, "user:") }

func isGroup(ref string) bool { return strings.HasPrefix(ref, "group:") }

// profiles fills in what the lists do not say of people: for those whose turn it
// is as their pages say, for the others as it is known.
func (l *lane) profiles(ctx context.Context, k known, o *Organisation) error {
	from, ok := l.source.(Profiler)
	if !ok || len(o.People) == 0 {
		return nil
	}
	o.People = slices.Clone(o.People)
	for i := range o.People {
		p := &o.People[i]
		was, ok := k.declared["user:default/"+strings.ToLower(fitName(p.Login))]
		if profile, _ := was.Entity.Spec["profile"].(map[string]any); ok && profile != nil {
			p.Title, _ = profile["displayName"].(string)
			p.Email, _ = profile["email"].(string)
			p.Description = was.Entity.Metadata.Description
		}
	}
	l.turns.Lock()
	first, n := l.turn[o.ID]%len(o.People), min(len(o.People), maxProfiles)
	l.turn[o.ID] = (first + n) % len(o.People)
	l.turns.Unlock()
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(profilesAtOnce)
	for j := range n {
		p := &o.People[(first+j)%len(o.People)]
		work.Go(func() error {
			now, err := from.Profile(ctx, *p)
			if kind := fault.KindOf(err); err != nil && (kind == fault.NotFound || kind == fault.Denied) {
				return nil
			}
			if err == nil {
				*p = now
			}
			return err
		})
	}
	return work.Wait()
}

// freed has people read again when somebody lets go of a name that one of them may
// wait for.
func (t *Translator) freed(ref string) {
	if t.ReadPeople == nil || !isUser(ref) && !isGroup(ref) {
		return
	}
	for _, l := range t.lanes {
		if _, ok := l.source.(Directory); ok {
			t.ReadPeople(l.source.Name())
		}
	}
}
