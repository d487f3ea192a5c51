package repositories

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/sqlstore"
)

// Repository is one repository as it was last told of.
type Repository struct {
	event.RepositoryState
	Seen    time.Time         // when it was first told of
	Changed eventlog.Position // of the newest event about it
	Deleted time.Time         // zero while it is there
	Went    string            // the full name that it has elsewhere, if it was not deleted but left; else ""
}

// Gap is something of a source that was missed.
type Gap struct {
	event.SourceGapFound
	Found    time.Time
	Position eventlog.Position // of the event that found it
	Closed   time.Time         // zero while it is open
	How      string            // it was closed, for people
	Lost     bool              // the forge has forgotten what was missed
}

// Start is when it happened or, if that is not known, when it was found.
func (g Gap) Start() time.Time {
	if g.Since.IsZero() {
		return g.Found
	}
	return g.Since
}

// Notice is something that a forge told of the connection.
type Notice struct {
	event.SourceNoticed
	At       time.Time
	Position eventlog.Position
}

// Fact is something that is known of a repository.
type Fact struct {
	Fact     string // its name, as [event.FactRecorded] has it
	Value    json.RawMessage
	At       time.Time // when it became true
	Position eventlog.Position
	Until    time.Time // from when on it says nothing any more; zero: whoever uses it decides
	Actor    string    // who said so, for people
}

// Counts are the repositories and gaps of one source.
type Counts struct {
	Repositories, Archived int // those that were deleted are not among them
	OpenGaps, ClosedGaps   int
}

const columns = `state, seen, changed, deleted, went`

// Get returns a repository by the forge's id, or an error of kind fault.NotFound.
func (r *Repositories) Get(ctx context.Context, source, id string) (Repository, error) {
	return r.one(ctx, "SELECT "+columns+" FROM repositories WHERE source = ? AND id = ?", source, id)
}

// Named returns the repository that has a full name, or had it last; the error is
// of kind fault.NotFound.
func (r *Repositories) Named(ctx context.Context, source, name string) (Repository, error) {
	return r.one(ctx, "SELECT "+columns+" FROM repositories JOIN names USING (source, id) WHERE source = ? AND names.name = ?", source, name)
}

func (r *Repositories) one(ctx context.Context, query string, source, key string) (Repository, error) {
	repo, err := scan(r.db.QueryRowContext(ctx, query, source, key))
	if errors.Is(err, sql.ErrNoRows) {
		return Repository{}, fault.New(fault.NotFound, "source %s knows no repository %s", source, key)
	}
	return repo, err
}

// List returns up to limit repositories of a source that are there, by name,
// after the name that a page before ended with.
func (r *Repositories) List(ctx context.Context, source, after string, limit int) ([]Repository, error) {
	return many(ctx, r.db, scan, "SELECT "+columns+" FROM repositories WHERE source = ? AND deleted = 0 AND name > ? ORDER BY name LIMIT ?", source, after, limit)
}

// Search selects repositories of a source that are there, by name.
type Search struct {
	Text          string // part of the full name or the description
	Archived      bool   // only those that are archived
	Offset, Limit int
}

// Search returns a part of those that match, and how many do.
func (r *Repositories) Search(ctx context.Context, source string, s Search) ([]Repository, int, error) {
	where, args := " FROM repositories WHERE source = ? AND deleted = 0", []any{source}
	if s.Text != "" {
		part := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s.Text) + "%"
		where, args = where+` AND (name LIKE ? ESCAPE '\' OR json_extract(state, '$.description') LIKE ? ESCAPE '\')`, append(args, part, part)
	}
	if s.Archived {
		where += " AND archived"
	}
	var total int
	if err := r.db.QueryRowContext(ctx, "SELECT count(*)"+where, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count repositories: %w", err)
	}
	all, err := many(ctx, r.db, scan, "SELECT "+columns+where+" ORDER BY name LIMIT ? OFFSET ?", append(args, s.Limit, s.Offset)...)
	return all, total, err
}

// Since returns when the oldest of what is missed of a source happened, as far as
// that is known; zero if nothing is.
func (r *Repositories) Since(ctx context.Context, source string) (time.Time, error) {
	open, err := many(ctx, r.db, scanGap, `SELECT gap, found, found_at, closed, closing, lost FROM gaps WHERE source = ? AND closed_at = 0`, source)
	var oldest time.Time
	for _, g := range open {
		if at := g.Start(); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	return oldest, err
}

// Gaps returns the newest gaps of a source, those that are open first.
func (r *Repositories) Gaps(ctx context.Context, source string, limit int) ([]Gap, error) {
	return many(ctx, r.db, scanGap, `SELECT gap, found, found_at, closed, closing, lost FROM gaps WHERE source = ? ORDER BY closed_at > 0, found_at DESC LIMIT ?`, source, limit)
}

// Notices returns the newest notices of a source.
func (r *Repositories) Notices(ctx context.Context, source string, limit int) ([]Notice, error) {
	return many(ctx, r.db, scanNotice, `SELECT notice, at, position FROM notices WHERE source = ? ORDER BY position DESC LIMIT ?`, source, limit)
}

// OfEntity returns what is known of an entity itself, by name.
func (r *Repositories) OfEntity(ctx context.Context, ref string) ([]Fact, error) {
	return r.Facts(ctx, "", ref)
}

// Facts returns what is known of a repository, by name.
func (r *Repositories) Facts(ctx context.Context, source, id string) ([]Fact, error) {
	return many(ctx, r.db, scanFact, `SELECT fact, value, at, position, until, actor FROM facts WHERE source = ? AND id = ? AND value <> 'null' ORDER BY fact`, source, id)
}

// Fact returns one fact of a repository, or an error of kind fault.NotFound.
func (r *Repositories) Fact(ctx context.Context, source, id, fact string) (Fact, error) {
	f, err := scanFact(r.db.QueryRowContext(ctx, `SELECT fact, value, at, position, until, actor FROM facts WHERE source = ? AND id = ? AND fact = ? AND value <> 'null'`, source, id, fact))
	if errors.Is(err, sql.ErrNoRows) {
		return Fact{}, fault.New(fault.NotFound, "nothing is known of %s of repository %s of source %s", fact, id, source)
	}
	return f, err
}

// Counts returns those of one source.
func (r *Repositories) Counts(ctx context.Context, source string) (Counts, error) {
	var c Counts
	err := r.db.QueryRowContext(ctx, `
		SELECT (SELECT count(*) FROM repositories WHERE source = ?1 AND deleted = 0),
		       (SELECT count(*) FROM repositories WHERE source = ?1 AND deleted = 0 AND archived),
		       (SELECT count(*) FROM gaps WHERE source = ?1 AND closed_at = 0),
		       (SELECT count(*) FROM gaps WHERE source = ?1 AND closed_at > 0)`, source).Scan(&c.Repositories, &c.Archived, &c.OpenGaps, &c.ClosedGaps)
	return c, err
}

type row interface{ Scan(...any) error }

func many[T any](ctx context.Context, db *sqlstore.Store, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read repositories: %w", err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func scan(r row) (repo Repository, err error) {
	var state []byte
	var seen, deleted int64
	if err := r.Scan(&state, &seen, &repo.Changed, &deleted, &repo.Went); err != nil {
		return repo, err
	}
	repo.Seen, repo.Deleted = moment(seen), moment(deleted)
	return repo, json.Unmarshal(state, &repo.RepositoryState)
}

func scanGap(r row) (g Gap, err error) {
	var data []byte
	var found, closed int64
	if err := r.Scan(&data, &found, &g.Position, &closed, &g.How, &g.Lost); err != nil {
		return g, err
	}
	g.Found, g.Closed = moment(found), moment(closed)
	if err := json.Unmarshal(data, &g.SourceGapFound); err != nil {
		return g, err
	}
	if g.Since.After(g.Found) { // a clock ran ahead
		g.Since = g.Found
	}
	return g, nil
}

func scanNotice(r row) (n Notice, err error) {
	var data []byte
	var at int64
	if err := r.Scan(&data, &at, &n.Position); err != nil {
		return n, err
	}
	n.At = moment(at)
	return n, json.Unmarshal(data, &n.SourceNoticed)
}

func scanFact(r row) (f Fact, err error) {
	var value []byte
	var at, until int64
	err = r.Scan(&f.Fact, &value, &at, &f.Position, &until, &f.Actor)
	f.Value, f.At, f.Until = value, moment(at), moment(until)
	return f, err
}

func moment(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds).UTC()
}
