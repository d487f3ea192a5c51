package ingest

import (
	"context"
	"encoding/json"

	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// Codeowned is a source whose forge knows CODEOWNERS.
type Codeowned interface {
	// Codeowners is whose rules its files follow.
	Codeowners() codeowners.Dialect
}

func dialectOf(s Source) codeowners.Dialect {
	if c, ok := s.(Codeowned); ok {
		return c.Codeowners()
	}
	return ""
}

// first returns the file at the first of the places that has one; files are sorted
// by path.
func first(files []File, places []string) File {
	for _, place := range places {
		if at, ok := find(files, place); ok {
			return at
		}
	}
	return File{}
}

// recordOwners records what CODEOWNERS says if it is another one than is on record,
// and that it is gone if it is. Whoever made the commit did so.
func (l *lane) recordOwners(ctx context.Context, r reading, c *creditor, t task) ([]uint64, error) {
	dialect := dialectOf(l.source)
	if dialect == "" || l.Repositories == nil {
		return nil, nil
	}
	was, known, err := l.ownersOnRecord(ctx, r.repo)
	if err != nil || was.Path == r.owners.Path && was.Blob == r.owners.Blob && (!known || was.Dialect == dialect) {
		return nil, err
	}
	value, path := []byte("null"), was.Path
	if r.owners.Path != "" {
		now, err := readOwners(ctx, l.forge, &l.blobs, r, dialect)
		if err != nil {
			return nil, err
		}
		if value, err = json.Marshal(now); err != nil {
			return nil, err
		}
		path = now.Path
	}
	if err := c.ensure(ctx, []string{path}); err != nil {
		return nil, err
	}
	e, err := event.New(event.SourcePrefix+r.source, r.repo.FullName, event.FactRecorded{
		Fact: event.FactCodeowners, Repository: r.repo.State(r.source).Repository, Value: value,
	})
	if err != nil {
		return nil, err
	}
	by := c.found[path]
	e.ID, e.Time, e.Actor = event.DeriveID(0, t.cause, r.source, r.repo.ID, r.commit, event.FactCodeowners), by.at, by.actor
	e.Cause = event.Cause{Delivery: t.received.Subject, Commit: by.sha, CommitURL: by.url}
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.append(ctx, e)
}

func (l *lane) ownersOnRecord(ctx context.Context, repo Repository) (was codeowners.Found, known bool, err error) {
	after, err := l.after(ctx)
	if err != nil {
		return was, false, err
	}
	value, err := l.Repositories.Fact(ctx, after, l.source.Name(), repo.ID, event.FactCodeowners)
	if err != nil || value == nil {
		return was, false, err
	}
	return was, true, json.Unmarshal(value, &was)
}

// readOwners reads the CODEOWNERS of a reading.
func readOwners(ctx context.Context, from Contents, known *blobs, r reading, dialect codeowners.Dialect) (codeowners.Found, error) {
	found := codeowners.Found{Path: r.owners.Path, Blob: r.owners.Blob}
	text, err := known.get(r.owners.Blob, func() ([]byte, error) { return from.Blob(ctx, r.repo, r.owners) })
	switch {
	case fault.KindOf(err) == fault.Invalid: // too large to be looked at
		found.File = codeowners.File{Dialect: dialect, Problems: []codeowners.Problem{{Line: 1, Column: 1, Message: err.Error()}}}
	case err != nil:
		return found, err
	default:
		found.File = codeowners.Parse(dialect, text)
	}
	return found, nil
}
