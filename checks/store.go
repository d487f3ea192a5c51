package checks

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// keptReports is how many reports are kept, the newest.
const keptReports = 2000

// Report is what was said of a pull request.
type Report struct {
	Source       string      `json:"source"`
	RepositoryID string      `json:"repositoryId"`
	Repository   string      `json:"repository"`
	Number       int64       `json:"number"`
	Title        string      `json:"title"`
	URL          string      `json:"url,omitempty"` // of its page at the forge
	Author       event.Actor `json:"author"`
	Commit       string      `json:"commit"` // its head; empty if that could not be told
	At           time.Time   `json:"at"`
	Good         bool        `json:"good"` // it may be merged
	Says         string      `json:"says"`
	// Unwritten is why the forge was not told, for people; empty if it was, or was not to be.
	Unwritten string `json:"unwritten,omitempty"`
	// Failed is why it could not be checked; then there is no outcome.
	Failed  string   `json:"failed,omitempty"`
	Outcome *Outcome `json:"outcome,omitempty"`
}

// Store keeps reports, the newest of each commit of a pull request, in a file of SQLite.
// It cannot be folded from the log.
type Store struct{ db *sql.DB }

// OpenStore opens or creates the file.
func OpenStore(ctx context.Context, path string) (*Store, error) {
	db, err := sqlstore.OpenDB(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Put keeps a report, and drops the oldest where there are too many.
func (s *Store) Put(ctx context.Context, r *Report) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keep what was checked: %w", err)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("keep what was checked: %w", err)
	}
	defer tx.Rollback() // after the commit there is nothing to undo
	for _, do := range []struct {
		query string
		args  []any
	}{
		{`DELETE FROM reports WHERE source = ? AND repository_id = ? AND number = ? AND sha IN (?, '')`, []any{r.Source, r.RepositoryID, r.Number, r.Commit}},
		{`INSERT INTO reports (source, repository_id, repository, number, sha, unwritten, report) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			[]any{r.Source, r.RepositoryID, r.Repository, r.Number, r.Commit, r.Unwritten != "" || r.Failed != "", text}},
		{`DELETE FROM reports WHERE id <= (SELECT id FROM reports ORDER BY id DESC LIMIT 1 OFFSET ?)`, []any{keptReports}},
	} {
		if _, err := tx.ExecContext(ctx, do.query, do.args...); err != nil {
			return fmt.Errorf("keep what was checked: %w", err)
		}
	}
	return tx.Commit()
}

// Newest returns the newest reports of a source, the newest first.
func (s *Store) Newest(ctx context.Context, source string, limit int) ([]Report, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT report FROM reports WHERE source = ? ORDER BY id DESC LIMIT ?`, source, limit)
	if err != nil {
		return nil, fmt.Errorf("read what was checked: %w", err)
	}
	defer rows.Close()
	all := []Report{}
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// Get returns the newest report of a commit; the error is of kind fault.NotFound if none is
// kept.
func (s *Store) Get(ctx context.Context, source, repository, sha string) (Report, error) {
	row := s.db.QueryRowContext(ctx, `SELECT report FROM reports WHERE source = ? AND repository = ? AND sha = ? AND sha <> '' ORDER BY id DESC LIMIT 1`, source, repository, sha)
	r, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "no check of %.40s of %s is kept: the newest %d are", sha, repository, keptReports)
	}
	return r, err
}

func scan(row interface{ Scan(...any) error }) (r Report, err error) {
	var text []byte
	if err := row.Scan(&text); err != nil {
		return r, fmt.Errorf("read what was checked: %w", err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("read what was checked: %w", err)
	}
	return r, nil
}
