package clickhousestore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/internal/clickhousetest"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/clickhousestore"
	"github.com/callboard/callboard/projections/history/historytest"
)

func write(t *testing.T, s history.Store, rows []history.Row) {
	t.Helper()
	if err := s.Append(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
}

// rebuild builds a store anew from rows, up to its end or the first error.
func rebuild(t *testing.T, s *clickhousestore.Store, rows []history.Row) error {
	t.Helper()
	c, replacement, err := s.Beside(t.Context())
	if err != nil {
		return err
	}
	if err := c.Append(t.Context(), rows); err != nil {
		return err
	}
	if err := replacement.TakeOver(t.Context()); err != nil {
		return err
	}
	return replacement.Discard(t.Context())
}

// made tells of each table of a database how it is made.
func made(t *testing.T, database string) map[string]string {
	t.Helper()
	o, err := clickhouse.ParseDSN(database)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rows, err := conn.Query(t.Context(), `SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()
		UNION ALL SELECT concat(table, ': columns'), arrayStringConcat(groupArray(concat(name, ' ', type, ' ', compression_codec)), ', ') FROM system.columns WHERE database = currentDatabase() GROUP BY table
		UNION ALL SELECT concat(table, ': indexes'), arrayStringConcat(groupArray(concat(name, ' ', expr)), ', ') FROM system.data_skipping_indices WHERE database = currentDatabase() GROUP BY table`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for rows.Next() {
		var name, how string
		if err := rows.Scan(&name, &how); err != nil {
			t.Fatal(err)
		}
		all[name] = how
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	return all
}

func same(t *testing.T, says string, want map[string]any, s history.Store) {
	t.Helper()
	if d := cmp.Diff(want, historytest.Answers(t, s), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got):\n%s", says, d)
	}
}

// Wherever a portal is killed that builds its history anew, the next start has the one
// that was in use, or from some step on the one that was built; and nothing else.
func TestRebuildIsCutOff(t *testing.T) {
	server := clickhousetest.Start(t)
	rows := historytest.Rows(t, 60)
	answers := func(rows []history.Row) map[string]any {
		s := open(t, server.Database(t))
		write(t, s, rows)
		return historytest.Answers(t, s)
	}
	before, built, after := answers(rows[:30]), answers(rows[:40]), answers(rows)
	fresh := server.Database(t)
	write(t, open(t, fresh), rows)
	tables := made(t, fresh)

	const whole = "ALTER TABLE newest_next MODIFY COMMENT"
	steps := []string{
		"CREATE TABLE events_next", "ALTER TABLE events_by_subject_next MODIFY COMMENT", "ALTER TABLE newest_next ADD CONSTRAINT",
		"INSERT INTO events_next ", "INSERT INTO newest_next ",
		whole, "EXCHANGE TABLES events AND", "EXCHANGE TABLES events_by_subject AND", "EXCHANGE TABLES newest AND", "DROP TABLE IF EXISTS events_next",
	}
	for i, step := range steps {
		for n, answered := range []bool{false, true} {
			if !strings.HasPrefix(step, "EXCHANGE") && step != whole && n != i/2%2 {
				continue // one of the two will do
			}
			protocol := clickhousetest.Protocols()[(i+n)%2]
			t.Run(fmt.Sprintf("%s, answered %v, over %s", step, answered, protocol), func(t *testing.T) {
				t.Parallel()
				database := server.DatabaseOver(t, protocol)
				write(t, open(t, database), rows[:30])
				c := &cut{at: step, answered: answered}
				if strings.HasPrefix(step, "DROP") { // the first is before anything is built
					if err := rebuild(t, open(t, database), rows[:30]); err != nil {
						t.Fatal(err)
					}
				}
				through := open(t, between(t, database, c))
				if _, err := through.Position(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := rebuild(t, through, rows[:40]); err == nil || !c.done.Load() {
					t.Fatalf("it was not cut off: %v", err)
				}
				want := before
				if at := slices.Index(steps, whole); i > at && !strings.HasPrefix(step, "DROP") || i == at && answered {
					want = built
				}
				s := open(t, database)
				same(t, "after the next start", want, s)
				if d := cmp.Diff(tables, made(t, database)); d != "" {
					t.Errorf("the tables are others (-want +got):\n%s", d)
				}
				write(t, s, rows[20:])
				same(t, "gone on with", after, s)
				if err := rebuild(t, s, rows); err != nil {
					t.Fatal(err)
				}
				same(t, "rebuilt again", after, s)
				if d := cmp.Diff(tables, made(t, database)); d != "" {
					t.Errorf("rebuilt, the tables are others (-want +got):\n%s", d)
				}
			})
		}
	}
}

// A portal that is not killed writes on after a switch that failed. What it has written
// stays, whatever lies about.
func TestRebuildFailsAndThePortalWritesOn(t *testing.T) {
	server := clickhousetest.Start(t)
	rows := historytest.Rows(t, 60)
	alone := open(t, server.Database(t))
	write(t, alone, rows)
	want := historytest.Answers(t, alone)
	for _, step := range []string{"EXCHANGE TABLES events AND", "EXCHANGE TABLES events_by_subject AND", "EXCHANGE TABLES newest AND"} {
		t.Run(step, func(t *testing.T) {
			database := server.Database(t)
			through := open(t, between(t, database, &cut{at: step}))
			write(t, through, rows[:30])
			if err := rebuild(t, through, rows[:40]); err == nil {
				t.Fatal("it was not cut off")
			}
			write(t, through, rows[30:50])
			write(t, through, rows[50:])
			same(t, "written on", want, through)
			same(t, "after the next start", want, open(t, database))
		})
	}
}

// What was to be written to the tables that were in use does not count as written to
// those that took their place.
func TestWrittenForTheTablesBefore(t *testing.T) {
	server := clickhousetest.Start(t)
	rows := historytest.Rows(t, 60)
	alone := open(t, server.Database(t))
	write(t, alone, rows)
	want := historytest.Answers(t, alone)
	for _, protocol := range clickhousetest.Protocols() {
		t.Run(protocol, func(t *testing.T) {
			database := server.DatabaseOver(t, protocol)
			one := open(t, database)
			write(t, one, rows[:30])
			other := open(t, between(t, database, &cut{at: "INSERT INTO newest ", first: func() {
				if err := rebuild(t, one, rows[:30]); err != nil {
					t.Error(err)
				}
			}}))
			if err := other.Append(t.Context(), rows[30:]); err == nil {
				t.Error("it was written to the tables before, and counts")
			}
			if p, err := one.Position(t.Context()); p != rows[29].Position || err != nil {
				t.Errorf("the position is %d, %v; want %d", p, err, rows[29].Position)
			}
			write(t, other, rows[30:])
			same(t, "written again", want, one)
		})
	}
}

// While the rows are built anew time and again, whoever reads is told the same.
func TestRebuildWhileRead(t *testing.T) {
	server := clickhousetest.Start(t)
	rows := historytest.Rows(t, 60)
	for _, protocol := range clickhousetest.Protocols() {
		t.Run(protocol, func(t *testing.T) {
			s := open(t, server.DatabaseOver(t, protocol))
			write(t, s, rows)
			want := historytest.Answers(t, s)
			done := make(chan struct{})
			var g errgroup.Group
			for range 3 {
				g.Go(func() error {
					for {
						select {
						case <-done:
							return nil
						default:
						}
						page, err := s.Events(t.Context(), history.Filter{Seals: true, Limit: 500, Whole: true})
						if err != nil {
							return err
						}
						if page.Total != len(rows) || len(page.Entries) != len(rows) {
							return fmt.Errorf("there are %d events of %d", len(page.Entries), len(rows))
						}
						if _, err := s.Entangled(t.Context()); err != nil {
							return err
						}
					}
				})
			}
			for range 10 {
				if err := rebuild(t, s, rows); err != nil {
					t.Fatal(err)
				}
			}
			close(done)
			if err := g.Wait(); err != nil {
				t.Error(err)
			}
			same(t, "by the last", want, s)
		})
	}
}
