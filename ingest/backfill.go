package ingest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Past is the history of one repository, complete and at hand.
type Past interface {
	Contents
	// Commit returns a commit; fault.NotFound when it is not there.
	Commit(ctx context.Context, sha string) (Commit, error)
	// FirstParents lists the commits that a branch was at, from its root to sha.
	FirstParents(ctx context.Context, sha string) ([]string, error)
	// Changed lists the paths of files that differ between two commits; from ""
	// are all files.
	Changed(ctx context.Context, from, to string) ([]string, error)
}

// Backfill appends what happened in repositories before they were first read:
// what live reading would have appended, had it read each commit that the default
// branch was at. Such events are marked ([event.Event.Backfilled]), their times are
// those of the commits, and what is known at present is none of their business.
//
// It is safe to repeat and to interrupt, beside live reading too: ids derive from
// the repository, the commit and what was decided.
type Backfill struct {
	log    eventlog.Log
	kinds  catalog.Kinds
	record *record
}

// NewBackfill reads the log to learn where the past of each repository ends. Kinds
// are those that descriptors may declare; none = the built-in ones.
func NewBackfill(ctx context.Context, log eventlog.Log, kinds catalog.Kinds) (*Backfill, error) {
	if len(kinds) == 0 {
		kinds = catalog.BuiltIn()
	}
	r, err := readRecord(ctx, log)
	if err != nil {
		return nil, err
	}
	return &Backfill{log, kinds, r}, nil
}

// Repositories lists those of a source that are known and were not deleted, by name.
func (b *Backfill) Repositories(source string) []event.RepositoryState {
	return b.record.repositories(source)
}

// Done reports whether it is on record that a repository's past is complete.
func (b *Backfill) Done(source, repositoryID string) (Backfilled, bool) {
	done, ok := b.record.done[repositoryKey{source, repositoryID}]
	return Backfilled{Commits: done.Commits, Since: done.Since, Before: true}, ok
}

// BackfillOf is the repository whose past is wanted.
type BackfillOf struct {
	Source     string
	Repository Repository // as its forge describes it now
	Selection  Selection
	Past       Past
	Head       string             // of the default branch now
	Owners     codeowners.Dialect // of CODEOWNERS; "" leaves that alone
	CommitPage string             // how the addresses of commits' pages begin; "" = they have none
	Again      bool               // although it is on record that it was done
	// Progress is told how many commits of all have been looked at; nil: nobody is.
	Progress func(done, all int)
}

// Backfilled is what became of it.
type Backfilled struct {
	Commits int       // that the default branch was at
	Since   time.Time // of the oldest
	Events  int       // that were appended
	Before  bool      // it had been done before, and was not again
}

// Run appends the past of a repository. The error is of kind fault.Conflict if the
// repository has not been read yet, so that nobody knows where its past ends.
func (b *Backfill) Run(ctx context.Context, of BackfillOf) (Backfilled, error) {
	if len(of.Selection.Descriptors) == 0 {
		of.Selection.Descriptors = DefaultDescriptors()
	}
	if of.Progress == nil {
		of.Progress = func(int, int) {}
	}
	at := repositoryKey{of.Source, of.Repository.ID}
	if done, ok := b.Done(of.Source, of.Repository.ID); ok && !of.Again {
		return done, nil
	}
	w := &pastWalk{BackfillOf: of, Backfill: b, at: at, blobs: &blobs{}, known: newKnown(b.kinds, nil, nil), after: b.record.begun[at]}
	shas, err := w.commits(ctx)
	if err != nil {
		return Backfilled{}, err
	}
	if err := w.walk(ctx, shas); err != nil {
		return Backfilled{}, err
	}
	out := Backfilled{Commits: len(shas), Since: w.since, Events: w.appended}
	return out, w.finish(ctx, shas)
}

// commits lists those of the past, from the first to the one at which it ends.
func (w *pastWalk) commits(ctx context.Context) ([]string, error) {
	first, read := w.record.read[w.at]
	if done, ok := w.record.done[w.at]; ok { // it may have been read without finding anything
		first.commit, read = done.Commit, true
	}
	w.end = cmp.Or(first.recorded, w.record.recorded)
	if !read {
		// Nothing that it declares is on record. That is so of a repository without
		// descriptors that say anything, and of one that is still to be read.
		r, err := w.gather(ctx, w.Head)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(r.files, func(f file) bool { return f.unusable() || f.entities() > 0 }) {
			return nil, fault.New(fault.Conflict, "%s has not been read yet, so that nobody knows where its past ends: let the portal read it first", w.Repository.FullName)
		}
		return w.Past.FirstParents(ctx, w.Head)
	}
	shas, err := w.Past.FirstParents(ctx, first.commit)
	if fault.KindOf(err) != fault.NotFound {
		return shas, err
	}
	// The history was rewritten since. What it says now of the time before counts.
	if shas, err = w.Past.FirstParents(ctx, w.Head); err != nil {
		return nil, err
	}
	for i, sha := range shas {
		c, err := w.Past.Commit(ctx, sha)
		if err != nil {
			return nil, err
		}
		if c.Time.After(first.recorded) {
			return shas[:i], nil
		}
	}
	return shas, nil
}
