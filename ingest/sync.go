package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// lag is how long after a delivery its forge may still answer with the branch
// as it was before, and lagWait how long to wait before asking again.
const (
	lag     = time.Minute
	lagWait = 2 * time.Second
)

// done is what became of looking at a repository.
type done struct {
	repo   Repository
	commit string // that the catalog was brought to; "" if to none
	events []uint64
	// current says that the repository was read as it is now, not as of a push on the way there.
	current bool
	note    string // for people: what is not known; "" if nothing is missing
}

// sync brings the catalog to what a repository says. All ids derive from
// task.cause, so that trying again appends nothing twice, while the same state,
// come about once more, is news.
func (l *lane) sync(ctx context.Context, t task) (d done, err error) {
	d.repo, err = l.forge.Repository(ctx, t.meaning.Repository)
	end := l.ending(t.meaning, d.repo, err)
	switch {
	case end != nil:
		d.repo = t.meaning.Repository
	case fault.KindOf(err) == fault.NotFound:
		ended, unknown := l.ended(ctx, t.meaning.Repository.ID)
		if ended || unknown != nil {
			return d, unknown
		}
		return d, kept(err)
	case err != nil:
		return d, err
	default:
		if foreign, err := l.foreign(ctx, d.repo); foreign || err != nil {
			return d, err
		}
	}
	if d.events, err = l.observe(ctx, t, d.repo, end); err != nil {
		return d, err
	}
	k, err := l.known(ctx, l.source.Name(), d.repo.ID)
	if err != nil {
		return d, err
	}
	r := reading{source: l.source.Name(), repo: d.repo}
	c := &creditor{}
	switch {
	case end != nil:
		r.gone = end.reason
	case l.selection.LeavesOut(d.repo) != "":
		r.gone = l.selection.LeavesOut(d.repo)
	case d.repo.DefaultBranch == "":
		return d, nil // it is empty, which is no evidence of anything
	default:
		r, c, d.current, err = l.readHead(ctx, t, d.repo, k)
		if fault.KindOf(err) == fault.NotFound && t.meaning.Push == nil {
			return d, nil // it is empty, or the branch is about to come
		}
		if err != nil {
			return d, err
		}
	}
	if r.gone != "" {
		c, d.current = &creditor{all: &credit{actor: t.meaning.By, at: t.received.Recorded}}, true
	}
	positions, err := l.settle(ctx, k, r, c, t)
	if err != nil {
		return d, err
	}
	d.events = append(d.events, positions...)
	if r.commit != "" {
		positions, err := l.recordOwners(ctx, r, c, t)
		if err != nil {
			return d, err
		}
		d.events = append(d.events, positions...)
		if positions, err = l.recordFiles(ctx, r, c, t); err != nil {
			return d, err
		}
		d.events = append(d.events, positions...)
		if positions, err = l.recordProtected(ctx, r, t); err != nil {
			return d, err
		}
		d.events = append(d.events, positions...)
		for _, record := range []func(context.Context, reading, task) ([]uint64, error){l.recordAlerts, l.recordLanguages} {
			positions, err = record(ctx, r, t)
			if note := noteOf(err); note != "" {
				l.Logger.WarnContext(ctx, "something is not known of a repository", "source", r.source, "repository", r.repo.FullName, "error", err)
				d.note, err = note, nil
			}
			if err != nil {
				return d, err
			}
			d.events = append(d.events, positions...)
		}
	}
	if positions, err = l.recordDocs(ctx, r, c, t); err != nil {
		return d, err
	}
	d.events = append(d.events, positions...)
	if d.commit = r.commit; d.commit != "" {
		l.at[d.repo.ID] = d.commit
	} else {
		delete(l.at, d.repo.ID)
	}
	return d, nil
}

// ending says how a repository ceased to be the source's, if the delivery tells of
// that and the forge's answer about it does not gainsay it: else the delivery is
// late. That a repository cannot be found is no end by itself.
func (l *lane) ending(m Meaning, now Repository, err error) *ending {
	switch missing := fault.KindOf(err) == fault.NotFound; {
	case m.Gone && missing:
		return &ending{fmt.Sprintf("%s was deleted", m.Repository.FullName), func(was event.Repository) event.Data {
			return event.RepositoryDeleted{Repository: was, Reason: "deleted at the forge"}
		}}
	case m.Left && (missing || err == nil && !l.covers(now)):
		to := m.Repository.FullName
		if !missing {
			to = now.FullName
		}
		return &ending{fmt.Sprintf("the repository was transferred to %s, which is none of the source's", to), func(was event.Repository) event.Data {
			return event.RepositoryLeft{Repository: was, To: to}
		}}
	}
	return nil
}

// ending is how a repository ceased to be the source's.
type ending struct {
	reason string // for people
	tell   func(was event.Repository) event.Data
}

// foreign reports whether a repository is an owner's that the source leaves out, and
// not known to the source (any more): a delivery of before it left came late. One
// that is known is read on, as nobody said that it left: the owner was renamed, or
// the configuration is wrong.
func (l *lane) foreign(ctx context.Context, repo Repository) (bool, error) {
	if l.Repositories == nil || l.covers(repo) {
		return false, nil
	}
	after, err := l.after(ctx)
	if err != nil {
		return false, err
	}
	_, known, err := l.Repositories.State(ctx, after, l.source.Name(), repo.ID)
	return !known, err
}

func (l *lane) covers(repo Repository) bool {
	s, scoped := l.source.(Scoped)
	return !scoped || s.Covers(repo.FullName)
}

// readHead reads the repository at the commit that the catalog is to go to, knows whom
// to ask whose doing what differs was, and whether that commit is the branch's head.
func (l *lane) readHead(ctx context.Context, t task, repo Repository, k known) (reading, *creditor, bool, error) {
	reached, err := l.reached(ctx, repo, k)
	if err != nil {
		return reading{}, nil, false, err
	}
	target, atHead, err := l.target(ctx, t.received, repo, t.meaning.Push, reached...)
	if err != nil {
		return reading{}, nil, false, err
	}
	g := gatherer{forge: l.forge, repo: repo, patterns: l.selection.Descriptors, kinds: l.Kinds, known: k, blobs: &l.blobs, dialect: dialectOf(l.source)}
	r, err := g.gather(ctx, l.source.Name(), target.SHA)
	if err != nil {
		return reading{}, nil, false, err
	}
	c := &creditor{forge: l.forge, repo: repo, target: target, pusher: t.meaning.By}
	if len(reached) > 0 {
		c.base = reached[0]
	}
	if t.meaning.Push != nil {
		c.pusher = t.meaning.Push.Pusher
	}
	r.protected = target.Protected
	return r, c, atHead, nil
}

// reached lists the commits that the catalog has been brought to, the one on record first; none
// if it has been to none. The newest that is declared is another one when no delivery is on
// record any more, or a crash came before it was recorded how far the last one had come.
func (l *lane) reached(ctx context.Context, repo Repository, k known) ([]string, error) {
	if sha := l.at[repo.ID]; sha != "" {
		return []string{sha}, nil
	}
	sha, err := l.Reached.Reached(ctx, l.source.Name(), repo.ID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Compact([]string{sha, k.newest}), func(sha string) bool { return sha == "" }), nil
}

func (t *Translator) known(ctx context.Context, source, repositoryID string) (known, error) {
	after, err := t.after(ctx)
	if err != nil {
		return known{}, err
	}
	declared, rejected, err := t.Known.Repository(ctx, after, source, repositoryID)
	if err != nil {
		return known{}, err
	}
	return newKnown(t.Kinds, declared, rejected), nil
}

// target chooses the commit to go to: the one that the push says, if it lies
// on the way from all that has been reached to the branch's head, else the head, and
// whether it is that. See the package's comment on why that ends at the head.
//
// A head that lies before what was just pushed is an old answer, of a replica
// that has not caught up: it is not believed for a while.
func (l *lane) target(ctx context.Context, received eventlog.Record, repo Repository, push *Push, reached ...string) (Commit, bool, error) {
	head, err := l.forge.Head(ctx, repo, repo.DefaultBranch)
	if err != nil || push == nil || head.SHA == push.After {
		return head, true, kept(err)
	}
	if age := l.Now().Sub(received.Recorded); age.Abs() < lag {
		ahead, err := between(ctx, l.forge, repo, head.SHA, push.After)
		if err != nil {
			return head, true, err
		}
		if ahead.Ancestor {
			return head, true, fault.Later(lagWait, "%s: %s was pushed to %.7s, and the forge still answers %.7s", l.source.Name(), repo.FullName, push.After, head.SHA)
		}
	}
	for _, sha := range reached {
		forward, err := between(ctx, l.forge, repo, sha, push.After)
		if err != nil || !forward.Ancestor {
			return head, true, err
		}
	}
	rest, err := between(ctx, l.forge, repo, push.After, head.SHA)
	if err != nil || !rest.Ancestor {
		return head, true, err
	}
	return Commit{SHA: push.After, Protected: head.Protected}, false, nil
}

// kept says of something that is gone that its entities are not.
func kept(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.NotFound, "%w; what the catalog knows of it stays", err)
	}
	return err
}

// settle decides what has changed, finds out whose doing it was, and appends
// all of it at once. Deciding and appending must not be torn apart by another
// lane that declares the same entity, and asking the forge must not hold the
// other lanes up: so it decides once to know whom to ask about, and again
// while it is the only one.
func (l *lane) settle(ctx context.Context, k known, r reading, c *creditor, t task) ([]uint64, error) {
	for {
		changes, err := plan(k, r, l.elsewhere(ctx))
		if err != nil || len(changes) == 0 {
			return nil, err
		}
		if err := l.guard(ctx, k, r, changes, t.allowed); err != nil {
			return nil, err
		}
		if err := c.ensure(ctx, due(changes)); err != nil {
			return nil, err
		}
		positions, done, err := l.appendAlone(ctx, k, r, c, t)
		if err != nil || done {
			return positions, err
		}
	}
}

// appendAlone reports false if by now there are changes that c knows nothing of.
func (l *lane) appendAlone(ctx context.Context, k known, r reading, c *creditor, t task) (positions []uint64, done bool, err error) {
	l.appending.Lock()
	defer l.appending.Unlock()
	changes, err := plan(k, r, l.elsewhere(ctx))
	if err != nil || len(changes) == 0 {
		return nil, true, err
	}
	if slices.ContainsFunc(due(changes), func(path string) bool { _, ok := c.found[path]; return !ok }) {
		return nil, false, nil
	}
	events, err := seal(changes, r, c.found, t.cause, event.Cause{Delivery: t.received.Subject})
	if err != nil {
		return nil, false, err
	}
	positions, err = l.append(ctx, events...)
	return positions, err == nil, err
}

// append appends to the main log; appending is to be held.
func (t *Translator) append(ctx context.Context, events ...event.Event) ([]uint64, error) {
	appended, err := t.Log.Append(ctx, events...)
	if err != nil {
		t.saw(0) // they may have been written all the same: what is known must catch up with that
		return nil, err
	}
	positions := make([]uint64, len(appended))
	for i, a := range appended {
		positions[i] = uint64(a.Position)
		t.saw(a.Position)
	}
	return positions, nil
}

// elsewhere asks where an entity of no known file of the repository is declared.
func (t *Translator) elsewhere(ctx context.Context) func(ref string) (holder, bool, error) {
	return func(ref string) (holder, bool, error) {
		after, err := t.after(ctx)
		if err != nil {
			return holder{}, false, err
		}
		d, ok, err := t.Known.Declared(ctx, after, ref)
		return holder{d, d.Origin.FromPortal() || !t.reads(d.Origin.Source)}, ok, err
	}
}

func due(changes []change) []string {
	var paths []string
	for _, c := range changes {
		if c.due != "" {
			paths = append(paths, c.due)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// seal makes events of changes. Their ids derive from cause.
func seal(changes []change, r reading, credits map[string]credit, cause string, why event.Cause) ([]event.Event, error) {
	events := make([]event.Event, len(changes))
	for i, c := range changes {
		parts := []string{cause, r.source, r.repo.ID, r.commit, string(c.data.EventType()), c.path, c.ref}
		if d, ok := c.data.(event.EntityConflicted); ok { // the keeper may be another when the same is tried again
			with := keeperOf(d.With)
			parts = append(parts, with[:]...)
		}
		id := event.DeriveID(0, parts...)
		if d, ok := c.data.(event.EntityRegistered); ok && d.Entity.Metadata.UID == "" {
			d.Entity.Metadata.UID = uuid.NewSHA1(uuid.NameSpaceOID, []byte(id)).String()
			c.data = d
		}
		subject := c.ref
		switch {
		case subject == "" && r.source == LocationsSource:
			subject = c.path
		case subject == "":
			subject = r.repo.FullName + "/" + c.path
		}
		e, err := event.New(event.SourcePrefix+r.source, subject, c.data)
		if err != nil {
			return nil, err
		}
		by := credits[c.due]
		e.ID, e.Time, e.Actor = id, by.at, by.actor
		if c.now {
			e.Time = time.Time{}
		}
		e.Cause = why
		e.Cause.Commit, e.Cause.CommitURL = by.sha, by.url
		events[i] = e
	}
	return events, nil
}

// after is the position that whatever is known must have come to: that of our
// newest event, or of anybody's as long as we have appended none.
func (t *Translator) after(ctx context.Context) (eventlog.Position, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.newest == 0 {
		last, err := t.Log.Last(ctx)
		if err != nil {
			return 0, err
		}
		t.newest = last
	}
	return t.newest, nil
}

// saw takes note of our newest event; 0 means that we do not know which it is.
func (t *Translator) saw(p eventlog.Position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p == 0 {
		t.newest = 0
		return
	}
	t.newest = max(t.newest, p)
}
