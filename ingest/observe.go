package ingest

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// Repositories is what is known of repositories themselves, as of at least a
// position in the main log: the fold of the repository events.
type Repositories interface {
	// State returns what was last said of a repository. Ok is false if it is not
	// known, or was deleted.
	State(ctx context.Context, after eventlog.Position, source, id string) (state event.RepositoryState, ok bool, err error)
	// Deleted reports whether the forge told of a repository's end.
	Deleted(ctx context.Context, after eventlog.Position, source, id string) (bool, error)
	// Fact returns the value that was last recorded of a repository under a name of
	// [event.FactRecorded]; nil if there is none, or it is not there any more.
	Fact(ctx context.Context, after eventlog.Position, source, id, fact string) (json.RawMessage, error)
}

// ended reports whether a repository is known to be deleted: what comes late about
// it is nobody's fault.
func (l *lane) ended(ctx context.Context, id string) (bool, error) {
	if l.Repositories == nil {
		return false, nil
	}
	after, err := l.after(ctx)
	if err != nil {
		return false, err
	}
	return l.Repositories.Deleted(ctx, after, l.source.Name(), id)
}

// observe appends what has changed about a repository itself, as the forge tells
// of it now, and returns the positions.
func (l *lane) observe(ctx context.Context, t task, repo Repository, end *ending) ([]uint64, error) {
	if l.Repositories == nil {
		return nil, nil
	}
	l.appending.Lock()
	defer l.appending.Unlock()
	after, err := l.after(ctx)
	if err != nil {
		return nil, err
	}
	was, known, err := l.Repositories.State(ctx, after, l.source.Name(), repo.ID)
	if err != nil {
		return nil, err
	}
	said, subject := differences(was, known, repo.State(l.source.Name())), repo.FullName
	if end != nil {
		said, subject = end.of(was, known), was.FullName
	}
	var events []event.Event
	for _, data := range said {
		e, err := event.New(event.SourcePrefix+l.source.Name(), subject, data)
		if err != nil {
			return nil, err
		}
		e.ID = event.DeriveID(len(events), t.cause, l.source.Name(), repo.ID, string(e.Type))
		e.Time, e.Cause.Delivery = t.received.Recorded, t.received.Subject
		if known {
			e.Actor = t.meaning.By // whoever is the first to do something has not made it
		} else if at := t.meaning.saidAt(); !at.IsZero() {
			e.Time = at // it was there when that happened
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil, nil
	}
	return l.append(ctx, events...)
}

// saidAt is when that happened which a delivery tells of; zero if it does not say.
func (m Meaning) saidAt() (at time.Time) {
	for _, e := range m.Said {
		if !e.Time.IsZero() && (at.IsZero() || e.Time.Before(at)) {
			at = e.Time
		}
	}
	return at
}

// of says in events that what is known of a repository has ended.
func (e *ending) of(was event.RepositoryState, known bool) []event.Data {
	if !known {
		return nil
	}
	return []event.Data{e.tell(was.Repository)}
}

// differences says in events how what is known of a repository becomes what is.
func differences(was event.RepositoryState, known bool, is event.RepositoryState) []event.Data {
	if !known {
		return []event.Data{event.RepositoryObserved{RepositoryState: is}}
	}
	var all []event.Data
	if was.FullName != is.FullName {
		all = append(all, event.RepositoryRenamed{RepositoryState: is, From: was.FullName})
	}
	switch {
	case is.Archived && !was.Archived:
		all = append(all, event.RepositoryArchived{RepositoryState: is})
	case !is.Archived && was.Archived:
		all = append(all, event.RepositoryUnarchived{RepositoryState: is})
	}
	if len(all) == 0 && !reflect.DeepEqual(was, is) { // the others tell the rest too
		all = append(all, event.RepositoryObserved{RepositoryState: is})
	}
	return all
}

// As is the repository with what was kept of it, but for its address and pages.
func (r Repository) As(kept event.RepositoryState) Repository {
	r.ID, r.FullName, r.Description, r.Visibility, r.Archived, r.Fork = kept.ID, kept.FullName, kept.Description, kept.Visibility, kept.Archived, kept.Fork
	r.Language, r.Topics, r.License = kept.Language, kept.Topics, kept.License
	return r
}

// State is what is kept of the repository, as one of a source.
func (r Repository) State(source string) event.RepositoryState {
	topics := slices.Clone(r.Topics)
	slices.Sort(topics)
	if len(topics) == 0 {
		topics = nil // as it is read from JSON
	}
	return event.RepositoryState{
		Repository: event.Repository{Source: source, ID: r.ID, FullName: r.FullName},
		URL:        r.URL, DefaultBranch: r.DefaultBranch, Description: r.Description, Visibility: r.Visibility,
		Archived: r.Archived, Fork: r.Fork, Language: r.Language, Topics: slices.Compact(topics),
		License: r.License,
	}
}
