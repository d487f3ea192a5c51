package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/sqlstore"
)

// names is the one table of these stores: the subjects of events.
var names = fstest.MapFS{"migrations/00001_names.sql": {Data: []byte(`-- +goose Up
CREATE TABLE position (value INTEGER NOT NULL);
INSERT INTO position VALUES (0);
CREATE TABLE names (position INTEGER PRIMARY KEY, name TEXT NOT NULL);
`)}}

type store struct {
	*sqlstore.Store
	t *testing.T
}

func open(t *testing.T, path string) store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), path, names)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return store{s, t}
}

// add appends names, at the positions that follow.
func (s store) add(all ...string) {
	s.t.Helper()
	at, err := s.Position(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	var records []eventlog.Record
	for i, name := range all {
		records = append(records, eventlog.Record{Position: at + eventlog.Position(i) + 1, Event: event.Event{Subject: name}})
	}
	err = s.Apply(s.t.Context(), records, func(tx *sqlstore.Tx, rec eventlog.Record) error {
		_, err := tx.Exec("INSERT INTO names VALUES (?, ?)", rec.Position, rec.Subject)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s store) read() *sqlstore.Rows {
	s.t.Helper()
	rows, err := s.QueryContext(s.t.Context(), "SELECT name FROM names ORDER BY position")
	if err != nil {
		s.t.Fatal(err)
	}
	return rows
}

func (s store) rest(rows *sqlstore.Rows) (all []string) {
	s.t.Helper()
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, name)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return all
}

func (s store) has(says string, want ...string) {
	s.t.Helper()
	if d := cmp.Diff(want, s.rest(s.read())); d != "" {
		s.t.Errorf("%s (-want +got):\n%s", says, d)
	}
}

func (s store) beside() (store, *sqlstore.Copy) {
	s.t.Helper()
	c, err := s.Beside(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return store{c.Store, s.t}, c
}

func filesIn(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".db" {
			all = append(all, e.Name())
		}
	}
	slices.Sort(all)
	return all
}

func TestWhoReadsReadsOn(t *testing.T) {
	folder := t.TempDir()
	s := open(t, filepath.Join(folder, "names.db"))
	for i := range 1000 {
		s.add(fmt.Sprint("old ", i))
	}
	reading := s.read()
	if !reading.Next() {
		t.Fatal("there is nothing to read")
	}
	next, c := s.beside()
	next.add("new")
	s.add("not yet")
	if err := c.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.has("who asks after the switch", "new")
	s.add("newer")
	s.has("what is written after the switch", "new", "newer")

	ended, end := context.WithCancel(t.Context())
	discarded := make(chan error)
	go func() { discarded <- c.Discard(ended) }()
	if got := filesIn(t, folder); !slices.Equal(got, []string{"names.2.db", "names.db"}) {
		t.Errorf("while somebody reads there are %q", got)
	}
	if n := len(s.rest(reading)); n != 999 {
		t.Errorf("who had read one of 1000 read %d more", n)
	}
	if err := <-discarded; err != nil {
		t.Error(err)
	}
	end()
	if got := filesIn(t, folder); !slices.Equal(got, []string{"names.2.db"}) {
		t.Errorf("once nobody reads any more there are %q", got)
	}
}

func TestDiscardEndsWithItsContext(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "names.db")
	s := open(t, path)
	s.add("old")
	reading := s.read()
	next, c := s.beside()
	next.add("new")
	if err := c.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := c.Discard(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("while somebody reads: %v", err)
	}
	if got := s.rest(reading); !slices.Equal(got, []string{"old"}) {
		t.Errorf("who read before has %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path).has("the next start", "new")
	if got := filesIn(t, folder); !slices.Equal(got, []string{"names.2.db"}) {
		t.Errorf("the next start leaves %q", got)
	}
}

func TestWhatACrashLeaves(t *testing.T) {
	for _, tt := range []struct {
		name  string
		crash func(t *testing.T, next store, c *sqlstore.Copy)
		want  string
		files []string
	}{
		{"while the copy is built", func(*testing.T, store, *sqlstore.Copy) {}, "old", []string{"names.db"}},
		{"after the switch", func(t *testing.T, _ store, c *sqlstore.Copy) {
			t.Helper()
			if err := c.TakeOver(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, "new", []string{"names.2.db"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder, after := t.TempDir(), t.TempDir()
			s := open(t, filepath.Join(folder, "names.db"))
			s.add("old")
			next, c := s.beside()
			next.add("new")
			tt.crash(t, next, c)
			// What is on disk by now is what a process that is killed leaves there.
			if err := os.CopyFS(after, os.DirFS(folder)); err != nil {
				t.Fatal(err)
			}
			open(t, filepath.Join(after, "names.db")).has("after the crash", tt.want)
			if got := filesIn(t, after); !slices.Equal(got, tt.files) {
				t.Errorf("there are %q, want %q", got, tt.files)
			}
			if err := c.Discard(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheNewestCountsAndNothingElseIsTouched(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "names.db")
	for _, name := range []string{"names.db", "names.2.db", "names.10.db"} {
		s := open(t, filepath.Join(folder, name))
		s.add(name)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	others := []string{"names.010.db", "names.1.db", "names.old.db", "other.2.db"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, path)
	s.has("the newest", "names.10.db")
	want := append([]string{"names.10.db"}, others...)
	slices.Sort(want)
	if got := filesIn(t, folder); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := sqlstore.Delete(path); err != nil {
		t.Fatal(err)
	}
	if got := filesIn(t, folder); !slices.Equal(got, others) {
		t.Errorf("deleted, there are %q, want %q", got, others)
	}
}
