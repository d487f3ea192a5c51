// Package repositories is what is known of repositories themselves, of entities apart
// from what their descriptors say, and of the
// connection to their forges: what they are called and were called, what of them
// was missed and made up for, and what the forge told of the connection. It keeps
// its rows in SQLite.
package repositories

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/sqlstore"
)

// Name is the projection's name.
const Name = "repositories"

//go:embed migrations/*.sql
var migrations embed.FS

// Repositories is the projection.
type Repositories struct{ db *sqlstore.Store }

// Open opens or creates the projection's file.
func Open(ctx context.Context, path string) (*Repositories, error) {
	db, err := sqlstore.Open(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Repositories{db}, nil
}

// Close closes the file.
func (r *Repositories) Close() error { return r.db.Close() }

// Name returns [Name].
func (r *Repositories) Name() string { return Name }

// Position returns how far the rows have come.
func (r *Repositories) Position(ctx context.Context) (eventlog.Position, error) {
	return r.db.Position(ctx)
}

// Apply folds records.
func (r *Repositories) Apply(ctx context.Context, records []eventlog.Record) error {
	return r.db.Apply(ctx, records, fold)
}

// Beside makes a second copy, in another file.
func (r *Repositories) Beside(ctx context.Context) (projections.Copy, error) {
	c, err := r.db.Beside(ctx)
	if err != nil {
		return projections.Copy{}, err
	}
	return projections.Copy{Projection: &Repositories{c.Store}, Replacement: c}, nil
}

func fold(tx *sqlstore.Tx, rec eventlog.Record) error {
	if !strings.HasPrefix(string(rec.Type), "repository.") && !strings.HasPrefix(string(rec.Type), "source.") && rec.Type != event.TypeFactRecorded {
		return nil
	}
	if rec.Backfilled() {
		return nil // these are the present
	}
	data, err := rec.Decode()
	if err != nil {
		return err
	}
	switch d := data.(type) {
	case event.RepositoryObserved:
		return observe(tx, rec, d.RepositoryState)
	case event.RepositoryRenamed:
		return observe(tx, rec, d.RepositoryState)
	case event.RepositoryArchived:
		return observe(tx, rec, d.RepositoryState)
	case event.RepositoryUnarchived:
		return observe(tx, rec, d.RepositoryState)
	case event.RepositoryDeleted:
		return end(tx, rec, d.Repository, "")
	case event.RepositoryLeft:
		return end(tx, rec, d.Repository, d.To)
	case event.FactRecorded:
		return record(tx, rec, d)
	case event.SourceGapFound:
		_, err := tx.Exec(`INSERT INTO gaps (source, id, gap, found, found_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			d.Source, d.Gap, string(rec.Data), rec.Time.UnixNano(), rec.Position)
		return err
	case event.SourceGapClosed:
		_, err := tx.Exec(`UPDATE gaps SET closed = ?, closed_at = ?, closing = ?, lost = ? WHERE source = ? AND id = ?`,
			rec.Time.UnixNano(), rec.Position, d.Detail, d.Lost, d.Source, d.Gap)
		return err
	case event.SourceNoticed:
		_, err := tx.Exec(`INSERT INTO notices (source, position, at, notice) VALUES (?, ?, ?, ?)`, d.Source, rec.Position, rec.Time.UnixNano(), string(rec.Data))
		return err
	}
	return nil
}

func observe(tx *sqlstore.Tx, rec eventlog.Record, s event.RepositoryState) error {
	state, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`
		INSERT INTO repositories (source, id, name, state, archived, seen, changed) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (source, id) DO UPDATE SET name = excluded.name, state = excluded.state, archived = excluded.archived, changed = excluded.changed, deleted = 0, went = ''`,
		s.Source, s.ID, s.FullName, string(state), s.Archived, rec.Time.UnixNano(), rec.Position)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO names (source, name, id) VALUES (?, ?, ?) ON CONFLICT (source, name) DO UPDATE SET id = excluded.id`, s.Source, s.FullName, s.ID)
	return err
}

// end says that a repository is there no more, or where it went.
func end(tx *sqlstore.Tx, rec eventlog.Record, r event.Repository, went string) error {
	_, err := tx.Exec(`UPDATE repositories SET deleted = ?, went = ?, changed = ? WHERE source = ? AND id = ?`,
		rec.Time.UnixNano(), went, rec.Position, r.Source, r.ID)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`DELETE FROM facts WHERE source = ? AND id = ?`, r.Source, r.ID)
	return err
}

// record keeps a fact of a repository or of an entity. One that is not there any more
// has no row. What somebody reports may come late: then it does not count. So what was
// taken back has a row, which says null.
func record(tx *sqlstore.Tx, rec eventlog.Record, d event.FactRecorded) error {
	source, id := d.Repository.Source, d.Repository.ID
	if d.Entity != "" {
		source, id = "", d.Entity
	}
	if id == "" {
		return nil
	}
	reported := strings.HasPrefix(d.Fact, event.FactReported)
	if len(d.Value) == 0 {
		d.Value = json.RawMessage("null")
	}
	if string(d.Value) == "null" && !reported {
		_, err := tx.Exec(`DELETE FROM facts WHERE source = ? AND id = ? AND fact = ?`, source, id, d.Fact)
		return err
	}
	var until int64
	if !d.Until.IsZero() {
		until = d.Until.UnixNano()
	}
	if d.Fact == event.FactFiles {
		var err error
		if d.Value, err = files(tx, d); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`
		INSERT INTO facts (source, id, fact, value, at, position, until, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (source, id, fact) DO UPDATE SET value = excluded.value, at = excluded.at, position = excluded.position, until = excluded.until, actor = excluded.actor
		WHERE excluded.at >= facts.at OR NOT ?`,
		source, id, d.Fact, string(d.Value), rec.Time.UnixNano(), rec.Position, until, rec.Actor.String(), reported)
	return err
}

// files returns what the files of a repository are after a change of them.
func files(tx *sqlstore.Tx, d event.FactRecorded) (json.RawMessage, error) {
	var change event.FilesChanged
	if err := json.Unmarshal(d.Value, &change); err != nil {
		return nil, fmt.Errorf("decode what changed in the files of %s: %w", d.Repository.FullName, err)
	}
	var was event.Files
	if !change.Whole {
		var value []byte
		err := tx.QueryRow(`SELECT value FROM facts WHERE source = ? AND id = ? AND fact = ?`, d.Repository.Source, d.Repository.ID, d.Fact).Scan(&value)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("read the files of %s: %w", d.Repository.FullName, err)
		}
		if err == nil {
			if err := json.Unmarshal(value, &was); err != nil {
				return nil, err
			}
		}
	}
	return json.Marshal(was.Apply(change))
}

var _ projections.Rebuildable = (*Repositories)(nil)
