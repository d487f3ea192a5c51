package sqlitelog_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/fault"
)

// inspected reads a log's file as it lies there.
func inspected(t *testing.T, path string) []eventlog.Record {
	t.Helper()
	i, err := sqlitelog.Inspect(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	var all []eventlog.Record
	for rec, err := range i.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rec)
	}
	if err := i.CheckFile(t.Context()); err != nil {
		t.Error(err)
	}
	return all
}

func TestInspect(t *testing.T) {
	path := newPath(t)
	log := open(t, path)
	appendIDs(t, log, "a", "b", "c")
	want := eventlogtest.ReadAll(t, log, 0)
	if d := cmp.Diff(want, inspected(t, path)); d != "" {
		t.Errorf("beside the log that has it open (-log +file):\n%s", d)
	}
	closeLog(t, log)
	if d := cmp.Diff(want, inspected(t, path)); d != "" {
		t.Errorf("at rest (-log +file):\n%s", d)
	}
	// What is left after it was closed is one file, so that a copy of it is the log.
	os.Remove(path + "-shm") // of the inspection
	if info, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) && (err != nil || info.Size() > 0) {
		t.Errorf("a WAL is left: %v, %v", info, err)
	}
}

// A copy somewhere that cannot be written to.
func TestInspectInAFolderThatIsReadOnly(t *testing.T) {
	path := newPath(t)
	log := open(t, path)
	appendIDs(t, log, "a", "b", "c")
	want := eventlogtest.ReadAll(t, log, 0)
	closeLog(t, log)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path = filepath.Join(dir, "copy.db")
	if err := os.WriteFile(path, b, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil { //nolint:gosec // a folder
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) }) //nolint:gosec // a folder
	if d := cmp.Diff(want, inspected(t, path)); d != "" {
		t.Errorf("(-log +file)\n%s", d)
	}
}

func TestInspectRefuses(t *testing.T) {
	if _, err := sqlitelog.Inspect(t.Context(), newPath(t)); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no file: %v, want an error of kind not found", err)
	}
	path := newPath(t)
	if err := os.WriteFile(path, []byte(strings.Repeat("This is no database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlitelog.Inspect(t.Context(), path); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no database: %v, want an error of kind invalid", err)
	}
	path = newPath(t)
	mustExec(t, foreign(t, path), "CREATE TABLE other (x)")
	if _, err := sqlitelog.Inspect(t.Context(), path); fault.KindOf(err) != fault.Invalid {
		t.Errorf("another database: %v, want an error of kind invalid", err)
	}
}

func TestCheckFile(t *testing.T) {
	for name, statement := range map[string]string{
		"events_keep is missing": `DROP TRIGGER events_keep`,
		"no log of this version": `PRAGMA application_id = 1`,
		"schema version 7":       `PRAGMA user_version = 7`,
		"2nd reference to page":  `PRAGMA writable_schema = 1; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'other') WHERE name = 'sqlite_autoindex_events_1'`,
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			log := open(t, path)
			appendIDs(t, log, "a", "b", "c")
			closeLog(t, log)
			db := foreign(t, path)
			if strings.Contains(statement, "'other'") {
				mustExec(t, db, "CREATE TABLE empty (id TEXT); CREATE INDEX other ON empty (id)")
			}
			mustExec(t, db, statement)
			db.Close()
			i, err := sqlitelog.Inspect(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer i.Close()
			if err := i.CheckFile(t.Context()); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want a conflict that says %q", err, name)
			}
		})
	}
}
