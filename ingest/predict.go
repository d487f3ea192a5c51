package ingest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Proposal is a change that a default branch does not have yet.
type Proposal struct {
	Repository Repository
	Commit     Commit // that would bring it: its time is when all of it would become true
	// Contents are the files that the branch would hold; they are asked for at the commit.
	// One that has no content for now may say that it is empty: nothing is kept of it.
	Contents Contents
}

// Prediction is what would be told if a proposal came true.
type Prediction struct {
	Position eventlog.Position            // of the main log, as of which
	Events   []event.Event                // what would be appended, in that order
	Before   map[string]event.Declaration // what is known of the entities in them, by ref
	// Held says why all that would wait for a person, as [ErrHeld] has it; "" if it would not.
	Held string
}

// Predict says what a proposal would lead to. It is read by the code that reads a push,
// beside it: nothing is appended or kept, and nobody waits.
//
// An error is of kind fault.NotFound if no source has the name, or it has no
// repositories; else it is that of reading the contents.
func (t *Translator) Predict(ctx context.Context, source string, p Proposal) (Prediction, error) {
	i := slices.IndexFunc(t.lanes, func(l *lane) bool { return l.source.Name() == source && l.forge != nil })
	if i < 0 {
		return Prediction{}, fault.New(fault.NotFound, "there is no source %q whose repositories are read", source)
	}
	at, err := t.Log.Last(ctx)
	if err != nil {
		return Prediction{}, err
	}
	out := Prediction{Position: at, Before: map[string]event.Declaration{}}
	for _, allowed := range []bool{false, true} {
		said := &unsaid{at: at, now: p.Commit.Time}
		options := t.TranslatorOptions
		options.Log, options.Known, options.Survey, options.ReadPeople = said, foreseen{t.Known, said}, nil, nil
		if t.Docs != nil {
			options.Docs = &DocsOptions{Known: t.Docs.Known, Contents: &drafts{DocsContents: t.Docs.Contents, all: map[string][]byte{}}}
		}
		beside := lane{
			Translator: &Translator{TranslatorOptions: options, lanes: t.lanes}, source: t.lanes[i].source, selection: t.lanes[i].selection,
			forge: proposed{p.Contents, p}, at: map[string]string{},
		}
		_, err = beside.sync(ctx, task{
			cause: "prediction", allowed: allowed, meaning: Meaning{Repository: p.Repository, By: p.Commit.Author},
			received: eventlog.Record{Recorded: p.Commit.Time},
		})
		out.Events = said.events
		if held, ok := errors.AsType[heldError](err); ok {
			out.Held = held.says
			continue
		}
		break
	}
	if err != nil {
		return Prediction{}, err
	}
	if _, tells := t.lanes[i].source.(Reviewed); tells {
		push, err := p.push(source)
		if err != nil {
			return Prediction{}, err
		}
		out.Events = append([]event.Event{push}, out.Events...)
	}
	return out, t.before(ctx, &out)
}

// push is how a forge would tell of the push that a merge is.
func (p Proposal) push(source string) (event.Event, error) {
	e, err := event.New(event.SourcePrefix+source, p.Repository.FullName, event.ActivityPush{
		Repository: p.Repository.State(source).Repository, Ref: "refs/heads/" + p.Repository.DefaultBranch, After: p.Commit.SHA, Default: true,
	})
	if err != nil {
		return e, err
	}
	e.ID, e.Time, e.Actor = event.DeriveID(0, "prediction", "push", source, p.Repository.ID, p.Commit.SHA), p.Commit.Time, p.Commit.Author
	e.Cause.Commit = p.Commit.SHA
	return e, nil
}

// before fills in what is known of the entities that would change.
func (t *Translator) before(ctx context.Context, p *Prediction) error {
	for _, e := range p.Events {
		switch e.Type {
		case event.TypeEntityChanged, event.TypeEntityRemoved, event.TypeEntityRejected, event.TypeEntityConflicted:
		default:
			continue
		}
		d, known, err := t.Known.Declared(ctx, p.Position, e.Subject)
		if err != nil {
			return err
		}
		if known {
			p.Before[e.Subject] = d
		}
	}
	return nil
}

// unsaid is a main log that keeps to itself what it is told.
type unsaid struct {
	at  eventlog.Position
	now time.Time // at which all is recorded

	mu     sync.Mutex
	events []event.Event
}

// Append implements [MainLog]. What has no time of its own has that of recording, as in any log.
// Whoever waits for what it appended waits for what there is.
func (u *unsaid) Append(_ context.Context, events ...event.Event) ([]eventlog.Appended, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	events = slices.Clone(events)
	for i := range events {
		if events[i].Time.IsZero() {
			events[i].Time = u.now
		}
	}
	u.events = append(u.events, events...)
	appended := make([]eventlog.Appended, len(events))
	for i := range appended {
		appended[i].Position = u.at
	}
	return appended, nil
}

// Last implements [MainLog].
func (u *unsaid) Last(context.Context) (eventlog.Position, error) { return u.at, nil }

// proposed is a forge at which a proposal has come true, all of it by one commit.
type proposed struct {
	Contents
	p Proposal
}

// Repository implements [Forge].
func (f proposed) Repository(context.Context, Repository) (Repository, error) {
	return f.p.Repository, nil
}

// Head implements [Forge].
func (f proposed) Head(context.Context, Repository, string) (Commit, error) { return f.p.Commit, nil }

// Between implements [History].
func (f proposed) Between(context.Context, Repository, string, string) (Range, error) {
	return Range{Ancestor: true, Complete: true, Commits: []Commit{f.p.Commit}}, nil
}

// LastChange implements [History].
func (f proposed) LastChange(context.Context, Repository, string, string) (Commit, error) {
	return f.p.Commit, nil
}

// Merged are the files that a branch at one commit would hold once another one was
// merged into it: what that changed since the two parted, and else what the branch has.
// Of a file that both changed it has the other's.
func Merged(ctx context.Context, f Forge, repo Repository, onto, sha string) (Contents, error) {
	r, err := between(ctx, f, repo, onto, sha)
	if err != nil || r.Ancestor || r.Base == "" {
		return f, err
	}
	var trees [3]map[string]string
	for i, at := range []string{r.Base, onto, sha} {
		files, err := f.Tree(ctx, repo, at)
		if err != nil {
			return nil, err
		}
		trees[i] = make(map[string]string, len(files))
		for _, file := range files {
			trees[i][file.Path] = file.Blob
		}
	}
	base, ours, theirs := trees[0], trees[1], trees[2]
	m := merge{Contents: f, sha: sha}
	for path, blob := range theirs {
		switch at, here := ours[path]; {
		case base[path] != blob:
			m.files = append(m.files, File{path, blob})
		case here:
			m.files = append(m.files, File{path, at})
		}
	}
	for path, blob := range ours {
		if _, also := theirs[path]; !also && base[path] != blob {
			m.files = append(m.files, File{path, blob})
		}
	}
	return m, nil
}

// merge is the files of a repository after a merge.
type merge struct {
	Contents
	sha   string
	files []File
}

// Tree implements [Contents].
func (m merge) Tree(ctx context.Context, repo Repository, sha string) ([]File, error) {
	if sha != m.sha {
		return m.Contents.Tree(ctx, repo, sha)
	}
	return slices.Clone(m.files), nil
}
