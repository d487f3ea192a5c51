package sqlitelog_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/fault"
)

// foreign opens the file as any other tool would.
func foreign(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// TestAppendOnly has another tool, which knows none of our pragmas, try to
// change what is in the log.
func TestAppendOnly(t *testing.T) {
	const columns = `(position, recorded, time, id, type, source, subject, actor_name, actor_email, actor_login, cause_delivery, cause_commit, cause_commit_url, cause_request, cause_schedule, extensions, data)`
	row := func(position, id string) string {
		return columns + ` VALUES (` + position + `, 0, 0, '` + id + `', 't', '/s', '', '', '', '', '', '', '', '', '', '', x'')`
	}
	for _, c := range []struct{ name, statement string }{
		{"update", `UPDATE events SET data = x'00' WHERE position = 2`},
		{"update of nothing but the time", `UPDATE events SET time = time + 1 WHERE id = 'b'`},
		{"update or replace", `UPDATE OR REPLACE events SET id = 'a' WHERE position = 2`},
		{"renumber", `UPDATE events SET position = position + 10`},
		{"delete the first", `DELETE FROM events WHERE position = 1`},
		{"delete one in the middle", `DELETE FROM events WHERE position = 2`},
		{"delete the last", `DELETE FROM events WHERE position = 3`},
		{"delete all", `DELETE FROM events`},
		{"insert or replace a position", `INSERT OR REPLACE INTO events ` + row("2", "new")},
		{"insert or replace an id", `INSERT OR REPLACE INTO events ` + row("4", "b")},
		{"replace both", `REPLACE INTO events ` + row("2", "b")},
		{"upsert", `INSERT INTO events ` + row("4", "b") + ` ON CONFLICT (id) DO UPDATE SET data = x'00'`},
		{"leave a gap", `INSERT INTO events ` + row("5", "new")},
		{"insert before the first", `INSERT INTO events ` + row("0", "new")},
		{"let SQLite choose the position", `INSERT INTO events ` + row("NULL", "new")},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := newPath(t)
			log := open(t, path)
			appendIDs(t, log, "a", "b", "c")
			before := eventlogtest.ReadAll(t, log, 0)

			if _, err := foreign(t, path).Exec(c.statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s = %v, want it refused since the log is append-only", c.statement, err)
			}
			if diff := cmp.Diff(before, eventlogtest.ReadAll(t, log, 0)); diff != "" {
				t.Errorf("it changed the log (-before +after):\n%s", diff)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change string // by a foreign hand, to a log of three events
		opts   []sqlitelog.Option
		want   string
	}{
		{"a newer schema", `PRAGMA user_version = 2`, nil, "schema version 2"},
		{"another program's file", `PRAGMA application_id = 252006673`, nil, "another program"},
		{"a missing trigger", `DROP TRIGGER events_delete`, nil, "events_delete is missing"},
		{"a disarmed trigger", `DROP TRIGGER events_keep; CREATE TRIGGER events_keep BEFORE UPDATE ON events BEGIN SELECT 1; END`, nil, "events_keep is not as"},
		{"a missing event", `DROP TRIGGER events_delete; DELETE FROM events WHERE position = 2; CREATE TRIGGER events_delete BEFORE DELETE ON events
BEGIN SELECT raise(ABORT, 'the log is append-only: an event is never deleted'); END`, nil, "from position 1 to 3 but has 2 events"},
		{"a missing beginning", `DROP TRIGGER events_delete; DELETE FROM events WHERE position = 1; CREATE TRIGGER events_delete BEFORE DELETE ON events
BEGIN SELECT raise(ABORT, 'the log is append-only: an event is never deleted'); END`, nil, "from position 2 to 3"},
		{"the other kind", ``, []sqlitelog.Option{sqlitelog.WithRetention()}, "keeps everything for ever"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := newPath(t)
			log := open(t, path)
			appendIDs(t, log, "a", "b", "c")
			closeLog(t, log)
			db := foreign(t, path)
			mustExec(t, db, c.change)
			db.Close()

			_, err := sqlitelog.Open(t.Context(), path, c.opts...)
			if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("Open = %v, want an error of kind conflict that names the file and says %q", err, c.want)
			}
		})
	}
	t.Run("a log that forgets, as one that does not", func(t *testing.T) {
		path := newPath(t)
		closeLog(t, open(t, path, sqlitelog.WithRetention()))
		if _, err := sqlitelog.Open(t.Context(), path); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "forgets") {
			t.Errorf("Open = %v, want an error of kind conflict", err)
		}
	})
	t.Run("no database", func(t *testing.T) {
		path := newPath(t)
		if err := os.WriteFile(path, []byte(strings.Repeat("This is no database. ", 100)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlitelog.Open(t.Context(), path); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "not a log") {
			t.Errorf("Open = %v, want an error of kind conflict", err)
		}
	})
	t.Run("another program's database", func(t *testing.T) {
		path := newPath(t)
		db := foreign(t, path)
		mustExec(t, db, "CREATE TABLE theirs (x)")
		db.Close()
		if _, err := sqlitelog.Open(t.Context(), path); fault.KindOf(err) != fault.Conflict {
			t.Errorf("Open = %v, want an error of kind conflict", err)
		}
		var mode string
		if err := foreign(t, path).QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "delete" {
			t.Errorf("their file is now in mode %q (%v), want it left alone", mode, err)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		if _, err := sqlitelog.Open(t.Context(), filepath.Join(t.TempDir(), "none", "events.db")); err == nil {
			t.Error("Open = nil, want an error")
		}
	})
}

func TestOpenTwice(t *testing.T) {
	path := newPath(t)
	first := open(t, path)
	appendIDs(t, first, "a")
	for range 2 { // a refusal must not loosen the lock either
		if _, err := sqlitelog.Open(t.Context(), path); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "in use") {
			t.Fatalf("Open of an open log = %v, want an error of kind conflict", err)
		}
	}
	appendIDs(t, first, "b")
	closeLog(t, first)
	if diff := cmp.Diff([]string{"a", "b"}, eventlogtest.IDs(eventlogtest.ReadAll(t, open(t, path), 0))); diff != "" {
		t.Errorf("after Close and Open (-want +got):\n%s", diff)
	}
}

func TestOddPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "50% of? #1 & 'more' é")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	log := open(t, filepath.Join(dir, "events.db"))
	appendIDs(t, log, "a")
	closeLog(t, log)
	if _, err := os.Stat(filepath.Join(dir, "events.db")); err != nil {
		t.Error(err)
	}
}

func TestReopen(t *testing.T) {
	path := newPath(t)
	log := open(t, path)
	appendIDs(t, log, "a", "b")
	if err := log.SetCursor(t.Context(), "docs", 2); err != nil {
		t.Fatal(err)
	}
	before := eventlogtest.ReadAll(t, log, 0)
	closeLog(t, log)
	closeLog(t, log) // does nothing
	_, atErr := log.At(t.Context(), 1)
	_, cursorErr := log.Cursor(t.Context(), "docs")
	var readErr error
	for _, readErr = range log.Read(t.Context(), 0) {
	}
	for name, err := range map[string]error{"At": atErr, "Cursor": cursorErr, "Read": readErr} {
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s of a closed log = %v, want an error of kind unavailable", name, err)
		}
	}

	log = open(t, path)
	if diff := cmp.Diff(before, eventlogtest.ReadAll(t, log, 0)); diff != "" {
		t.Errorf("after Close and Open (-before +after):\n%s", diff)
	}
	if p, err := log.Cursor(t.Context(), "docs"); p != 2 || err != nil {
		t.Errorf("Cursor = %d, %v, want 2", p, err)
	}
	if got := appendIDs(t, log, "b", "c"); !got[0].Duplicate || got[0].Position != 2 || got[1].Duplicate || got[1].Position != 3 {
		t.Errorf("Append of an old and a new event = %v", got)
	}
}

// TestMissingWhileOpen deletes an event behind the back of an open log: a read
// must say so, and not pass over the gap.
func TestMissingWhileOpen(t *testing.T) {
	for _, c := range []struct {
		missing string
		want    []string // read before the error
	}{
		{"position = 1", nil},
		{"position = 3", []string{"a", "b"}},
		{"position >= 3", []string{"a", "b"}},
	} {
		t.Run(c.missing, func(t *testing.T) {
			path := newPath(t)
			log := open(t, path)
			appendIDs(t, log, "a", "b", "c", "d")
			closeLog(t, log)
			log = open(t, path) // which has nothing in memory
			db := foreign(t, path)
			mustExec(t, db, "DROP TRIGGER events_delete")
			mustExec(t, db, "DELETE FROM events WHERE "+c.missing)

			var got []string
			var failure error
			for r, err := range log.Follow(t.Context(), 0) {
				if err != nil {
					failure = err
					break
				}
				got = append(got, r.ID)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("records before the gap (-want +got):\n%s", diff)
			}
			if failure == nil || !strings.Contains(failure.Error(), "is missing") {
				t.Errorf("at the gap Follow yields the error %v, want it to say that a position is missing", failure)
			}
		})
	}
}
