package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	gitsource "github.com/callboard/callboard/ingest/git"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// pastReader gives the catalog the past of repositories: for `callboard backfill`,
// and for the portal while it runs.
type pastReader struct {
	fill  *ingest.Backfill
	data  string // folder that clones are in meanwhile
	again bool   // also what is on record as done
}

// selectionOf is what of a source's repositories is read.
func selectionOf(s config.Source) ingest.Selection {
	return ingest.Selection{Descriptors: s.Descriptors, Archived: s.Archived, SkipForks: s.SkipForks}
}

// leavesOut says why a source leaves a repository out; "" if it does not.
func leavesOut(s config.Source, known event.RepositoryState) string {
	return selectionOf(s).LeavesOut(ingest.Repository{FullName: known.FullName, Archived: known.Archived, Fork: known.Fork})
}

// read clones a repository and has its history walked.
func (r pastReader) read(ctx context.Context, s config.Source, source ingest.Source, known event.RepositoryState, progress func(done, all int)) (done ingest.Backfilled, err error) {
	if was, ok := r.fill.Done(s.Name, known.ID); ok && !r.again {
		return was, nil
	}
	repo, err := source.Forge().Repository(ctx, ingest.Repository{ID: known.ID, FullName: known.FullName})
	if err != nil || repo.DefaultBranch == "" {
		return done, err
	}
	clone, drop, err := r.clone(ctx, s, source, repo)
	if err != nil {
		return done, err
	}
	defer func() {
		err = errors.Join(err, clone.Close())
		if err == nil {
			err = drop()
		}
	}()
	heads, _, err := clone.Branches(ctx)
	if err != nil {
		return done, err
	}
	head := heads[repo.DefaultBranch]
	if head == "" {
		return done, nil
	}
	if err := clone.Fetch(ctx, repo.DefaultBranch, head); err != nil {
		return done, err
	}
	return r.fill.Run(ctx, ingest.BackfillOf{
		Source: s.Name, Repository: repo, Selection: selectionOf(s), Past: clone, Head: head, Owners: dialect(source), CommitPage: commitPage(s.Type, repo), Again: r.again, Progress: progress,
	})
}

// clonable is a forge that serves Git where its pages are.
type clonable interface {
	GitLogin(ctx context.Context) (user, password string, err error)
}

// clone returns where a repository's history is to be fetched to, and what deletes it.
func (r pastReader) clone(ctx context.Context, s config.Source, source ingest.Source, repo ingest.Repository) (*gitsource.Clone, func() error, error) {
	var remote gitsource.Remote
	switch source := source.(type) {
	case *gitsource.Source:
		remote = source.Remote() // not its own clone: that is for one who looks at the present
	case clonable:
		user, password, err := source.GitLogin(ctx)
		if err != nil {
			return nil, nil, err
		}
		remote = gitsource.Remote{URL: repo.URL + ".git", Token: password, User: user}
	default:
		return nil, nil, fault.New(fault.Conflict, "source %s has no repositories that could be cloned", s.Name)
	}
	dir := filepath.Join(r.data, "backfill-"+s.Name, filepath.Base(repo.ID))
	return gitsource.NewClone(remote, dir), func() error { return os.RemoveAll(dir) }, nil
}

// dialect is whose CODEOWNERS a source's repositories have; "" if none's.
func dialect(source ingest.Source) codeowners.Dialect {
	if c, ok := source.(ingest.Codeowned); ok {
		return c.Codeowners()
	}
	return ""
}

// commitPage is how the addresses of commits' pages begin; "" if there are none.
func commitPage(typ string, repo ingest.Repository) string {
	return map[string]string{config.GitHub: repo.URL + "/commit/", config.GitLab: repo.URL + "/-/commit/"}[typ]
}
