package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
)

const differing = `SELECT DISTINCT subject FROM (
	SELECT subject FROM events WHERE folded = 1 AND position > ?1 AND position <= ?2 AND truth <= ?4
	UNION ALL SELECT subject FROM events WHERE folded = 1 AND truth > ?3 AND truth <= ?4 AND position <= ?2
	UNION ALL SELECT subject FROM events WHERE folded = 1 AND backfilled = 1 AND ?5)`

// Differing lists the subjects of which other events count.
func (s *Store) Differing(ctx context.Context, one, other projections.Moment) ([]string, error) {
	a, b := one.Bounds(), other.Bounds()
	return s.texts(ctx, differing, min(a.Known, b.Known), max(a.Known, b.Known), min(a.Truth, b.Truth), max(a.Truth, b.Truth), a.Past != b.Past)
}

const entangled = `SELECT DISTINCT subject FROM events WHERE file <> '' AND file IN
		(SELECT file FROM events WHERE type GLOB 'entity.rejected.*' OR type GLOB 'entity.conflicted.*')
	UNION SELECT subject FROM events WHERE type GLOB 'location.*'`

// Entangled lists the subjects whose events bear on those of others.
func (s *Store) Entangled(ctx context.Context) ([]string, error) { return s.texts(ctx, entangled) }

func (s *Store) texts(ctx context.Context, query string, args ...any) (all []string, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

// PositionAt returns the last position that was recorded up to a time.
func (s *Store) PositionAt(ctx context.Context, t time.Time) (eventlog.Position, error) {
	var p eventlog.Position
	// Of two records the later one is recorded no earlier, so that the first beyond
	// the time is found by halving.
	low, high := int64(0), int64(0)
	if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(position), 0) FROM events").Scan(&high); err != nil {
		return 0, err
	}
	for low < high {
		middle := low + (high-low+1)/2
		var recorded int64
		if err := s.db.QueryRowContext(ctx, "SELECT recorded FROM events WHERE position = ?", middle).Scan(&recorded); err != nil {
			return 0, fmt.Errorf("read position %d: %w", middle, err)
		}
		if recorded <= t.UnixNano() {
			low = middle
		} else {
			high = middle - 1
		}
	}
	p = eventlog.Position(low) //nolint:gosec // not negative
	return p, nil
}

// TruthAt returns from when on the event at a position counts.
func (s *Store) TruthAt(ctx context.Context, p eventlog.Position) (time.Time, error) {
	var truth int64
	err := s.db.QueryRowContext(ctx, "SELECT truth FROM events WHERE position = ?", p).Scan(&truth)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fault.New(fault.NotFound, "there is no event %d", p)
	}
	return moment(truth), err
}

// together is how many subjects, or positions, one query is about.
const together = 2000

// counted is an event that counts, without what it says.
type counted struct {
	position eventlog.Position
	truth    int64
	typ      event.Type
}

// Counting yields the events about some subjects that count at a moment, in order.
func (s *Store) Counting(ctx context.Context, m projections.Moment, subjects []string, all bool) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		counting, err := s.counting(ctx, m.Bounds(), subjects, all)
		if err != nil {
			yield(eventlog.Record{}, err)
			return
		}
		for chunk := range slices.Chunk(counting, together) {
			records, err := s.records(ctx, chunk)
			if err != nil {
				yield(eventlog.Record{}, err)
				return
			}
			for _, c := range chunk {
				if !yield(records[c.position], nil) {
					return
				}
			}
		}
	}
}

const counting = `SELECT subject, position, truth, type FROM events
	WHERE subject IN (SELECT value FROM json_each(?)) AND folded = 1 AND position <= ? AND truth <= ? AND (backfilled = 0 OR ?)
	ORDER BY subject, truth, position`

func (s *Store) counting(ctx context.Context, b projections.Bounds, subjects []string, all bool) (found []counted, err error) {
	for chunk := range slices.Chunk(subjects, together) {
		asked, err := json.Marshal(chunk)
		if err != nil {
			return nil, err
		}
		if found, err = s.countingOf(ctx, found, b, string(asked), all); err != nil {
			return nil, err
		}
	}
	if b.Truth == math.MaxInt64 {
		slices.SortFunc(found, func(a, b counted) int { return cmp.Compare(a.position, b.position) })
	} else {
		slices.SortFunc(found, func(a, b counted) int {
			return cmp.Or(cmp.Compare(a.truth, b.truth), cmp.Compare(a.position, b.position))
		})
	}
	return found, nil
}

func (s *Store) countingOf(ctx context.Context, found []counted, b projections.Bounds, asked string, all bool) ([]counted, error) {
	rows, err := s.db.QueryContext(ctx, counting, asked, b.Known, b.Truth, b.Past)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var subject string
	var of []counted
	flush := func() {
		if !all {
			of = history.Ends(of, func(c counted) event.Type { return c.typ })
		}
		found, of = append(found, of...), of[:0]
	}
	for rows.Next() {
		var about string
		var c counted
		if err := rows.Scan(&about, &c.position, &c.truth, &c.typ); err != nil {
			return nil, err
		}
		if about != subject {
			flush()
			subject = about
		}
		of = append(of, c)
	}
	flush()
	return found, rows.Err()
}

const recorded = `SELECT position, id, type, subject, time, recorded, login, name, email, cause, rest FROM events
	WHERE position IN (SELECT value FROM json_each(?))`

// records reads whole events.
func (s *Store) records(ctx context.Context, of []counted) (map[eventlog.Position]eventlog.Record, error) {
	var asked strings.Builder
	for i, c := range of {
		if i > 0 {
			asked.WriteByte(',')
		}
		fmt.Fprint(&asked, c.position)
	}
	rows, err := s.db.QueryContext(ctx, recorded, "["+asked.String()+"]")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := make(map[eventlog.Position]eventlog.Record, len(of))
	for rows.Next() {
		rec, err := scanRecord(rows)
		if err != nil {
			return nil, err
		}
		all[rec.Position] = rec
	}
	return all, rows.Err()
}

func scanRecord(rows interface{ Scan(...any) error }) (eventlog.Record, error) {
	var (
		rec         eventlog.Record
		at, record  int64
		cause, rest []byte
	)
	if err := rows.Scan(&rec.Position, &rec.ID, &rec.Type, &rec.Subject, &at, &record, &rec.Actor.Login, &rec.Actor.Name, &rec.Actor.Email, &cause, &rest); err != nil {
		return eventlog.Record{}, err
	}
	e, err := history.Unpack(rest)
	if err == nil {
		err = json.Unmarshal(cause, &rec.Cause)
	}
	if err != nil {
		return eventlog.Record{}, fmt.Errorf("read event %d: %w", rec.Position, err)
	}
	rec.Time, rec.Recorded, rec.Source, rec.Extensions, rec.Data = moment(at), moment(record), e.Source, e.Extensions, e.Data
	return rec, nil
}
