package sqlitestore_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/historytest"
	"github.com/callboard/callboard/projections/history/sqlitestore"
)

// indexes are those of a file of rows.
func indexes(t *testing.T, file string) (all []string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func open(t *testing.T, file string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(context.WithoutCancel(t.Context()), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func write(t *testing.T, s history.Store, rows []history.Row) {
	t.Helper()
	if err := s.Append(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
}

// A history that is folded from its beginning has its indexes once it has caught up,
// whether it was closed in between, or makes way for another; and it says the same.
func TestIndexesAreMadeLater(t *testing.T) {
	rows := historytest.Rows(t, 1100)
	file := func() string { return filepath.Join(t.TempDir(), "history.db") }
	byAndBy := file()
	s := open(t, byAndBy)
	for part := range slices.Chunk(rows, 100) {
		write(t, s, part)
	}
	all, want := indexes(t, byAndBy), historytest.Answers(t, s)
	check := func(says, file string, s history.Store) {
		t.Helper()
		if d := cmp.Diff(all, indexes(t, file)); d != "" {
			t.Errorf("%s: the indexes are others (-want +got):\n%s", says, d)
		}
		if d := cmp.Diff(want, historytest.Answers(t, s), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", says, d)
		}
	}

	large := file()
	s = open(t, large)
	write(t, s, rows[:1050])
	if now := indexes(t, large); len(now) >= len(all) {
		t.Errorf("after many rows there are the indexes %q", now)
	}
	s.Close()
	s = open(t, large)
	write(t, s, rows[1050:])
	check("caught up", large, s)

	many := file()
	s = open(t, many)
	write(t, s, rows)
	if err := s.CaughtUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("caught up by many rows", many, s)

	copied := filepath.Join(filepath.Dir(many), "history.2.db")
	c, replacement, err := s.Beside(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	write(t, c, rows)
	if err := replacement.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := replacement.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("built anew", copied, s)
}
