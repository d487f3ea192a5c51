package clickhousestore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
)

// Differing lists the subjects of which other events count.
func (s *Store) Differing(ctx context.Context, one, other projections.Moment) ([]string, error) {
	a, b := one.Bounds(), other.Bounds()
	return s.texts(ctx, `SELECT DISTINCT subject FROM events_by_subject WHERE folded AND position <= `+position+` AND (
		position > {known1:UInt64} AND position <= {known2:UInt64} AND truth <= {truth2:Int64}
		OR truth > {truth1:Int64} AND truth <= {truth2:Int64} AND position <= {known2:UInt64}
		OR backfilled AND {past:Bool})`,
		clickhouse.Named("known1", uint64(min(a.Known, b.Known))), clickhouse.Named("known2", uint64(max(a.Known, b.Known))),
		clickhouse.Named("truth1", min(a.Truth, b.Truth)), clickhouse.Named("truth2", max(a.Truth, b.Truth)),
		clickhouse.Named("past", a.Past != b.Past))
}

// Entangled lists the subjects whose events bear on those of others.
func (s *Store) Entangled(ctx context.Context) ([]string, error) {
	const unfit = "(startsWith(type, 'entity.rejected.') OR startsWith(type, 'entity.conflicted.'))"
	return s.texts(ctx, `SELECT DISTINCT subject FROM events_by_subject WHERE position <= `+position+` AND file <> '' AND file IN
			(SELECT file FROM events_by_subject WHERE `+unfit+` AND position <= `+position+`)
		UNION DISTINCT SELECT subject FROM events_by_subject WHERE startsWith(type, 'location.') AND position <= `+position)
}

// PositionAt returns the last position that was recorded up to a time.
func (s *Store) PositionAt(ctx context.Context, t time.Time) (eventlog.Position, error) {
	var p uint64
	err := s.row(ctx, []any{&p}, "SELECT max(position) FROM events WHERE recorded <= {time:Int64} AND position <= "+position, clickhouse.Named("time", t.UnixNano()))
	return eventlog.Position(p), err
}

// TruthAt returns from when on the event at a position counts.
func (s *Store) TruthAt(ctx context.Context, p eventlog.Position) (time.Time, error) {
	var truth int64
	found := false
	err := s.query(ctx, func(rows driver.Rows) error {
		found = true
		return rows.Scan(&truth)
	}, "SELECT truth FROM events WHERE position = {position:UInt64} AND position <= "+position+" LIMIT 1", clickhouse.Named("position", uint64(p)))
	if err == nil && !found {
		err = missing(p)
	}
	if err != nil {
		return time.Time{}, err
	}
	return moment(truth), nil
}

// together is how many subjects one query is about.
const together = 20_000

// counted is an event that counts.
type counted struct {
	truth  int64
	record eventlog.Record
}

// Counting yields the events about some subjects that count at a moment, in order.
func (s *Store) Counting(ctx context.Context, m projections.Moment, subjects []string, all bool) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		counting, err := s.counting(ctx, m.Bounds(), subjects, all)
		if err != nil {
			yield(eventlog.Record{}, err)
			return
		}
		for _, c := range counting {
			if !yield(c.record, nil) {
				return
			}
		}
	}
}

const (
	recorded = "SELECT position, id, type, origin, subject, time, recorded, truth, login, name, email, cause, extensions, data FROM events_by_subject WHERE "
	counts   = "subject IN ? AND folded AND position <= ? AND position <= " + position + " AND truth <= ? AND (NOT backfilled OR ?)"
)

// ends are the same without those between the first and the last of what was only
// declared: see [history.Ends].
var ends = fmt.Sprintf(`subject IN ? AND (subject, position) IN (
	SELECT subject, arrayJoin(if(only, [first, last], every)) FROM (
		SELECT subject, countIf(type NOT IN ('%s', '%s')) = 0 AS only, groupUniqArray(position) AS every,
			argMin(position, (truth, position)) AS first, argMax(position, (truth, position)) AS last
		FROM events_by_subject WHERE %s GROUP BY subject))`, event.TypeEntityRegistered, event.TypeEntityChanged, counts)

func (s *Store) counting(ctx context.Context, b projections.Bounds, subjects []string, all bool) (found []counted, err error) {
	for chunk := range slices.Chunk(subjects, together) {
		text, args := recorded+counts, []any{chunk, uint64(b.Known), b.Truth, b.Past}
		if !all {
			text, args = recorded+ends, append([]any{chunk}, args...)
		}
		err := s.query(ctx, func(rows driver.Rows) error {
			c, err := scanCounted(rows)
			found = append(found, c)
			return err
		}, text, args...)
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(x, y counted) int {
		byPosition := cmp.Compare(x.record.Position, y.record.Position)
		if b.Truth == math.MaxInt64 {
			return byPosition
		}
		return cmp.Or(cmp.Compare(x.truth, y.truth), byPosition)
	})
	// What was written twice counts once.
	return slices.CompactFunc(found, func(x, y counted) bool { return x.record.Position == y.record.Position }), nil
}

func scanCounted(rows driver.Rows) (c counted, err error) {
	var (
		position                     uint64
		typ, cause, extensions, data string
		at, recorded                 int64
		rec                          = &c.record
	)
	err = rows.Scan(&position, &rec.ID, &typ, &rec.Source, &rec.Subject, &at, &recorded, &c.truth,
		&rec.Actor.Login, &rec.Actor.Name, &rec.Actor.Email, &cause, &extensions, &data)
	if err != nil {
		return c, err
	}
	rec.Position, rec.Type, rec.Time, rec.Recorded, rec.Data = eventlog.Position(position), event.Type(typ), moment(at), moment(recorded), []byte(data)
	err = json.Unmarshal([]byte(cause), &rec.Cause)
	if extensions != "" {
		err = errors.Join(err, json.Unmarshal([]byte(extensions), &rec.Extensions))
	}
	if err != nil {
		return c, fmt.Errorf("read event %d: %w", position, err)
	}
	return c, nil
}
