package clickhousestore

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
)

// A rebuild fills tables of other names, events_next and so on, which then change
// places with those in use, one after the other. Each has a generation, in its comment.
// That of newest_next is written down when all of them are full: from then on the next
// start goes on with changing places, if it was cut off; before, it deletes them.
//
// Between two of these steps both of a name have all rows up to the position, so that a
// query may see one that is new and one that is not.
const next = "_next"

// names are the tables, in the order in which they change places. The position comes
// last: rows beyond it do not count.
func names() []string { return []string{"events", "events_by_subject", "newest"} }

var named = regexp.MustCompile(`\b(events_by_subject|events|newest)\b`)

// on is a text about the tables of this store. It holds no values.
func (s *Store) on(text string) string {
	if s.suffix == "" {
		return text
	}
	return named.ReplaceAllString(text, "${1}"+s.suffix)
}

// copied are the tables of a rebuild.
type copied struct {
	*Store // on them
	of     *Store
}

// Close leaves the connections to the store that they are of.
func (c copied) Close() error { return nil }

var _ history.Replaceable = (*Store)(nil)

// Beside makes tables beside those in use; see [history.Replaceable].
func (s *Store) Beside(ctx context.Context) (history.Store, projections.Replacement, error) {
	if err := s.ready(ctx); err != nil {
		return nil, nil, err
	}
	if err := s.drop(ctx); err != nil {
		return nil, nil, fmt.Errorf("delete what an earlier rebuild left: %w", err)
	}
	all, err := s.generations(ctx)
	if err != nil {
		return nil, nil, err
	}
	generation := uint64(0)
	for _, g := range all {
		generation = max(generation, g)
	}
	generation++
	for _, name := range names() {
		if err := s.exec(ctx, "CREATE TABLE "+name+next+" AS "+name); err != nil {
			return nil, nil, err
		}
		if name == "newest" {
			break
		}
		if err := s.exec(ctx, comment(name+next, generation)); err != nil {
			return nil, nil, err
		}
	}
	// Whoever else writes, for the tables before these, is refused.
	for _, alter := range []string{"DROP CONSTRAINT IF EXISTS written_for_these", fmt.Sprintf("ADD CONSTRAINT written_for_these CHECK generation = %d", generation)} {
		if err := s.exec(ctx, "ALTER TABLE newest"+next+" "+alter); err != nil {
			return nil, nil, err
		}
	}
	c := copied{&Store{options: s.options, conn: s.conn, suffix: next, generation: generation}, s}
	c.migrated.Store(true)
	return c, c, nil
}

// TakeOver has the tables change places with those in use.
func (c copied) TakeOver(ctx context.Context) error {
	if err := c.of.exec(ctx, comment("newest"+next, c.generation)); err != nil {
		return err
	}
	return c.of.changePlaces(ctx)
}

// Discard deletes the tables that are not in use. ClickHouse keeps what is being read.
func (c copied) Discard(ctx context.Context) error { return c.of.drop(ctx) }

// changePlaces puts the newer of the tables in use, of each name that has two.
func (s *Store) changePlaces(ctx context.Context) error {
	for _, name := range names() {
		all, err := s.generations(ctx)
		if err != nil {
			return err
		}
		if all[name+next] > all[name] {
			if err := s.exec(ctx, "EXCHANGE TABLES "+name+" AND "+name+next); err != nil {
				return err
			}
		}
	}
	return nil
}

// tidy ends what a rebuild that was cut off has begun. It goes on with changing places
// if nothing was written since, for what was is not in the tables of the rebuild.
func (s *Store) tidy(ctx context.Context) error {
	all, err := s.generations(ctx)
	if err != nil {
		return err
	}
	left := false
	for _, name := range names() {
		_, ok := all[name+next]
		left = left || ok
	}
	if !left {
		return nil
	}
	if all["newest"+next] > all["newest"] {
		var full bool
		const place = "SELECT max(position) FROM newest%s WHERE about = ''"
		row := s.conn.QueryRow(ctx, fmt.Sprintf("SELECT ("+place+") >= ("+place+")", next, ""))
		if err := row.Scan(&full); err != nil {
			return err
		}
		if full {
			if err := s.changePlaces(ctx); err != nil {
				return err
			}
		}
	}
	return s.drop(ctx)
}

// drop deletes the tables of a rebuild. Without newest they are of no use, wherever
// that is cut off.
func (s *Store) drop(ctx context.Context) error {
	for _, name := range []string{"newest", "events", "events_by_subject"} {
		if err := s.exec(ctx, "DROP TABLE IF EXISTS "+name+next); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) exec(ctx context.Context, text string) error {
	return s.explain(s.conn.Exec(ctx, text))
}

const generationWord = "generation "

func comment(table string, generation uint64) string {
	return fmt.Sprintf("ALTER TABLE %s MODIFY COMMENT '%s%d'", table, generationWord, generation)
}

func generationOf(comment string) uint64 {
	number, _ := strings.CutPrefix(comment, generationWord)
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return 0 // the first tables have none
	}
	return n
}

// generations are those of the tables that there are.
func (s *Store) generations(ctx context.Context) (map[string]uint64, error) {
	all := map[string]uint64{}
	rows, err := s.conn.Query(ctx, "SELECT name, comment FROM system.tables WHERE database = currentDatabase()")
	if err != nil {
		return nil, s.explain(err)
	}
	err = s.scan(rows, func(rows driver.Rows) error {
		var name, comment string
		err := rows.Scan(&name, &comment)
		all[name] = generationOf(comment)
		return err
	})
	return all, err
}

// standing is how far the rows have come, and for which tables: that is read before
// anything is written, and the fence of newest compares it with what is true by then.
func (s *Store) standing(ctx context.Context) (at, generation uint64, err error) {
	var comment string
	err = s.row(ctx, []any{&at, &comment}, "SELECT max(position), (SELECT any(comment) FROM system.tables WHERE database = currentDatabase() AND name = 'newest') FROM newest WHERE about = ''")
	if s.suffix != "" {
		return at, s.generation, err
	}
	return at, generationOf(comment), err
}
