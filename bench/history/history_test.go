package main

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
)

func TestMeasure(t *testing.T) {
	if err := measure(t.Context(), options{store: "sqlite", plan: plan{2000, 100}, folded: 500, folder: t.TempDir(), runs: 1}); err != nil {
		t.Fatal(err)
	}
}

// The rows that are made up are what the projection makes of the events.
func TestRowsAreThoseOfTheProjection(t *testing.T) {
	p := plan{2000, 100}
	open := func(name string) history.Store {
		s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	made, folded := open("made.db"), history.New(open("folded.db"))
	for i := range p.events {
		if err := made.Append(t.Context(), []history.Row{p.row(i)}); err != nil {
			t.Fatal(err)
		}
		if err := folded.Apply(t.Context(), []record{p.record(i)}); err != nil {
			t.Fatal(err)
		}
	}
	f := history.Filter{Entity: ref(7), Limit: 500, Whole: true}
	want, err := folded.Events(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := made.Events(t.Context(), f)
	if d := cmp.Diff(want, got); d != "" || err != nil || len(want.Entries) < 10 {
		t.Errorf("%v (-folded +made):\n%s", err, d)
	}
}
