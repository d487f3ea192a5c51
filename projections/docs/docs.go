// Package docs is the documentation of entities, now and before: each row is how one
// entity's stood from an event to the next. What the files hold is not here. It keeps
// its rows in SQLite. Start with [Docs.List].
package docs

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/sqlstore"
)

// Name is the projection's name.
const Name = "docs"

//go:embed migrations/*.sql
var migrations embed.FS

// Docs is the projection.
type Docs struct{ db *sqlstore.Store }

var _ projections.Rebuildable = (*Docs)(nil)

// Open opens or creates the projection's file.
func Open(ctx context.Context, path string) (*Docs, error) {
	db, err := sqlstore.Open(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Docs{db}, nil
}

// Close closes the file.
func (d *Docs) Close() error { return d.db.Close() }

// Name returns [Name].
func (d *Docs) Name() string { return Name }

// Position returns how far the rows have come.
func (d *Docs) Position(ctx context.Context) (eventlog.Position, error) { return d.db.Position(ctx) }

// Apply folds records.
func (d *Docs) Apply(ctx context.Context, records []eventlog.Record) error {
	return d.db.Apply(ctx, records, fold)
}

// Beside makes a second copy, in another file.
func (d *Docs) Beside(ctx context.Context) (projections.Copy, error) {
	c, err := d.db.Beside(ctx)
	if err != nil {
		return projections.Copy{}, err
	}
	return projections.Copy{Projection: &Docs{c.Store}, Replacement: c}, nil
}

func fold(tx *sqlstore.Tx, rec eventlog.Record) error {
	switch rec.Type {
	case event.TypeEntityRegistered, event.TypeEntityChanged: // of large ones, little is decoded
		if rec.Backfilled() {
			return nil
		}
		return declare(tx, rec)
	case event.TypeDocsPublished, event.TypeDocsFailed, event.TypeDocsRemoved, event.TypeEntityRemoved, event.TypeActivityPush, event.TypeActivityRelease:
	default:
		return nil
	}
	if rec.Backfilled() {
		return nil
	}
	d, err := rec.Decode()
	if err != nil {
		return err
	}
	f := folding{tx: tx, rec: rec, since: rec.Time.UnixNano()}
	switch d := d.(type) {
	case event.DocsPublished:
		if err := f.end(d.Entity); err != nil {
			return err
		}
		if err := f.publish(d); err != nil {
			return err
		}
		return f.begin(d.Entity, uint64(rec.Position), "")
	case event.DocsFailed:
		if err := f.end(d.Entity); err != nil {
			return err
		}
		failure, err := json.Marshal(d)
		if err != nil {
			return err
		}
		return f.begin(d.Entity, f.published, string(failure))
	case event.DocsRemoved:
		return f.remove(d.Entity)
	case event.EntityRemoved:
		return f.undeclare(d)
	case event.ActivityPush:
		return f.tagged(d)
	case event.ActivityRelease:
		return f.released(d)
	}
	return nil
}

// declare notes where an entity is declared.
func declare(tx *sqlstore.Tx, rec eventlog.Record) error {
	d, err := event.DecodeWritten(rec.Event)
	if err != nil {
		return err
	}
	return tx.Declare(rec.Subject, placeOf(d.Origin))
}

func placeOf(o event.Origin) sqlstore.Place {
	return sqlstore.Place{Source: o.Source, Repository: o.RepositoryID, Path: o.Path}
}

// folding is one record that is folded.
type folding struct {
	tx        *sqlstore.Tx
	rec       eventlog.Record
	since     int64
	published uint64 // position of what was shown before; 0 for nothing
}

// end ends how an entity's documentation stood.
func (f *folding) end(entity string) error {
	var began int64
	err := f.tx.QueryRow(`SELECT since, published FROM docs WHERE entity = ? AND ended = 0`, entity).Scan(&began, &f.published)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	f.since = max(f.since, began) // clocks of commits go backward
	_, err = f.tx.Exec(`UPDATE docs SET until = ?, ended = ? WHERE entity = ? AND ended = 0`, f.since, f.rec.Position, entity)
	return err
}

// undeclare ends the documentation of an entity that came to its end.
func (f *folding) undeclare(d event.EntityRemoved) error {
	if ended, err := f.tx.Undeclare(d.Ref, placeOf(d.Origin)); err != nil || !ended {
		return err
	}
	return f.remove(d.Ref)
}

func (f *folding) remove(entity string) error {
	if err := f.end(entity); err != nil {
		return err
	}
	_, err := f.tx.Exec(`UPDATE pages SET ended = ? WHERE entity = ? AND ended = 0`, f.rec.Position, entity)
	return err
}

func (f *folding) begin(entity string, published uint64, failure string) error {
	actor, cause, err := f.who()
	if err != nil {
		return err
	}
	_, err = f.tx.Exec(`INSERT INTO docs (entity, position, since, published, failure, actor, cause) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		entity, f.rec.Position, f.since, published, failure, actor, cause)
	return err
}

func (f *folding) who() (actor, cause string, err error) {
	a, errA := json.Marshal(f.rec.Actor)
	c, errC := json.Marshal(f.rec.Cause)
	return string(a), string(c), errors.Join(errA, errC)
}

// publish writes what is shown from now on, and which of its pages are new.
func (f *folding) publish(d event.DocsPublished) error {
	now := make(map[string]string, len(d.Pages))
	for _, p := range d.Pages {
		now[p.Path] = p.Blob
	}
	var written []byte
	if err := f.tx.QueryRow(`SELECT json_group_object(path, blob) FROM pages WHERE entity = ? AND ended = 0`, d.Entity).Scan(&written); err != nil {
		return err
	}
	before := map[string]string{}
	if err := json.Unmarshal(written, &before); err != nil {
		return err
	}
	for path, blob := range before {
		if now[path] == blob {
			continue
		}
		if _, err := f.tx.Exec(`UPDATE pages SET ended = ? WHERE entity = ? AND path = ? AND ended = 0`, f.rec.Position, d.Entity, path); err != nil {
			return err
		}
	}
	for _, p := range d.Pages {
		if before[p.Path] == p.Blob {
			continue
		}
		if _, err := f.tx.Exec(`INSERT INTO pages (entity, path, position, blob) VALUES (?, ?, ?, ?)`, d.Entity, p.Path, f.rec.Position, p.Blob); err != nil {
			return err
		}
	}
	return f.keep(d)
}

func (f *folding) keep(d event.DocsPublished) error {
	files, err := json.Marshal(d)
	if err != nil {
		return err
	}
	for _, blob := range d.Blobs() {
		if _, err := f.tx.Exec(`INSERT INTO named (blob) VALUES (?) ON CONFLICT DO NOTHING`, blob); err != nil {
			return err
		}
	}
	pages := len(d.Pages)
	d.Pages, d.Files, d.Linked = nil, nil, nil
	summary, err := json.Marshal(d)
	if err != nil {
		return err
	}
	actor, cause, err := f.who()
	if err != nil {
		return err
	}
	_, err = f.tx.Exec(`INSERT INTO published (position, since, summary, pages, files, actor, cause) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		f.rec.Position, f.since, string(summary), pages, string(files), actor, cause)
	if err != nil {
		return fmt.Errorf("keep the docs of %s: %w", d.Entity, err)
	}
	return nil
}
