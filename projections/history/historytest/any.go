package historytest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/projectiontest"
)

var (
	start   = time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
	names   = []string{"payments", "ledger", "checkout", "grüße"}
	people  = []event.Actor{{}, {Login: "saltmarsh"}, {Login: "Kestrel-7", Name: "Kes Trel"}, {Name: "Moss Bank", Email: "Moss@acme.example"}}
	sources = []string{"github", "gitlab"}
	commits = []string{"", "9c1185a5", "9c1185ff", "1b1d5781"}
	causes  = []event.Cause{{}, {Delivery: "github:1"}, {Request: "request-7"}, {Schedule: "hourly"}}
)

// records draws n events, of which hardly any makes sense after the others.
func records(t *rapid.T, n int) (all []eventlog.Record) {
	for i := range n {
		subject, data := happening(t)
		e, err := event.New(event.SourcePrefix+rapid.SampledFrom(sources).Draw(t, "source"), subject, data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID = event.DeriveID(i, subject)
		e.Time = start.Add(time.Duration(rapid.IntRange(0, 50).Draw(t, "time")) * time.Minute)
		e.Actor, e.Cause = rapid.SampledFrom(people).Draw(t, "actor"), rapid.SampledFrom(causes).Draw(t, "cause")
		e.Cause.Commit = rapid.SampledFrom(commits).Draw(t, "commit")
		if rapid.IntRange(0, 4).Draw(t, "past") == 0 {
			e.Extensions = map[string]string{event.Backfill: "true"}
		}
		all = append(all, eventlog.Record{Position: eventlog.Position(i + 1), Recorded: start.Add(time.Duration(i) * time.Second), Event: e})
	}
	return all
}

func happening(t *rapid.T) (subject string, data event.Data) {
	name := rapid.SampledFrom(names).Draw(t, "name")
	ref := "component:default/" + name
	d := projectiontest.Component(name, rapid.SampledFrom([]string{"team-a", "team-b"}).Draw(t, "owner"))
	d.Origin.Path = rapid.SampledFrom([]string{"a.yaml", "b.yaml"}).Draw(t, "path")
	d.Origin.RepositoryID = rapid.SampledFrom([]string{"shop", "bank"}).Draw(t, "repository")
	refused := event.EntityRejected{Ref: ref, Origin: d.Origin, Problems: []event.Problem{{Path: "spec.owner", Line: 9, Message: "must be a 'string'\n\\ or \"nothing\""}}}
	repository := event.RepositoryState{Repository: event.Repository{Source: "github", ID: d.Origin.RepositoryID, FullName: "acme/" + name}}
	switch rapid.IntRange(0, 11).Draw(t, "what") {
	case 0, 1:
		return ref, event.EntityRegistered{Declaration: d}
	case 2, 3:
		return ref, event.EntityChanged{Declaration: d}
	case 4:
		return ref, event.EntityRemoved{Ref: ref, Origin: d.Origin, Reason: "the file was deleted"}
	case 5:
		return ref, refused
	case 6:
		return ref, event.EntityConflicted{EntityRejected: refused, With: d.Origin}
	case 7:
		return "location:" + name, event.LocationRegistered{ID: name, Type: "url", Target: "https://git.acme.example/" + name}
	case 8:
		return "acme/" + name, event.RepositoryObserved{RepositoryState: repository}
	case 9:
		return "acme/" + name, event.FactRecorded{Fact: "approvals", Repository: repository.Repository, Value: []byte("2")}
	case 10:
		return event.LogSubject, event.LogSealed{Size: 7}
	}
	return "acme/" + name, event.ActivityPush{Ref: "refs/heads/main", After: "9c1185a5c5e9", Commits: 3}
}

func filter(t *rapid.T, n int) history.Filter {
	var f history.Filter
	either := func(name string, to *string, from ...string) {
		if rapid.IntRange(0, 3).Draw(t, name+"?") == 0 {
			*to = rapid.SampledFrom(from).Draw(t, name)
		}
	}
	when := func(name string, to *time.Time) {
		if rapid.IntRange(0, 4).Draw(t, name+"?") == 0 {
			*to = start.Add(time.Duration(rapid.IntRange(-1, 52).Draw(t, name)) * time.Minute)
		}
	}
	position := func(name string, to *eventlog.Position) {
		if rapid.IntRange(0, 3).Draw(t, name+"?") == 0 {
			*to = eventlog.Position(rapid.IntRange(1, n).Draw(t, name)) //nolint:gosec // not negative
		}
	}
	either("entity", &f.Entity, "component:default/payments", "Component:default/Ledger", "component:default/grüße", "acme/ledger", "location:ledger", "nobody", event.LogSubject)
	either("kind", &f.Kind, "Component", "location", "api")
	either("type", &f.Type, "entity.changed", "entity.registered.v1", "entity", "log.sealed", "activity.push", "entity.changed.v", "entity.*", "%", "'")
	either("source", &f.Source, "github", "gitlab", "git")
	either("actor", &f.Actor, "SALTMARSH", "kestrel-7", "kes trel", "moss@acme.example", "Moss Bank", "nobody")
	either("commit", &f.Commit, "9C1185", "9c1185a5", "9C1185A", "1b", "ffff", "fffffffff")
	either("text", &f.Text, "Owner", "team-b", "GRÜSSE", "Grüße", "'", "\\", "%", "must be a 'string'", "saltmarsh")
	either("cause", &f.Cause, "github:1", "request-7", "hourly", "9c1185a5")
	when("from", &f.From)
	when("to", &f.To)
	position("known", &f.Known)
	position("after", &f.After)
	f.Limit = rapid.SampledFrom([]int{0, 1, 3, 500, 1000}).Draw(t, "limit")
	f.Whole, f.Uncounted, f.Oldest = rapid.Bool().Draw(t, "whole"), rapid.Bool().Draw(t, "uncounted"), rapid.Bool().Draw(t, "oldest")
	f.Counting, f.ByTruth = rapid.Bool().Draw(t, "counting"), rapid.Bool().Draw(t, "by truth")
	f.Seals, f.ByTime = rapid.Bool().Draw(t, "seals"), rapid.Bool().Draw(t, "by time")
	return f
}

// kept is a store that remembers what was appended to it.
type kept struct {
	history.Store
	rows naive
}

// Append is that of the store.
func (k *kept) Append(ctx context.Context, rows []history.Row) error {
	k.rows = append(k.rows, rows...)
	return k.Store.Append(ctx, rows)
}

// many is how many events there are for any filter and any moment.
const many = 400

// filled is a store with many rows, written in batches.
func (s suite) filled(t *testing.T) *kept {
	t.Helper()
	k := &kept{Store: s.place(t)(t)}
	h := history.New(k)
	all := rapid.Custom(func(t *rapid.T) []eventlog.Record { return records(t, many) }).Example(7)
	for chunk := range slices.Chunk(all, many/5) {
		if err := h.Apply(t.Context(), chunk); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

// Whatever is asked for, the answer is that of who looks at every row.
func (s suite) anyFilter(t *testing.T) {
	t.Helper()
	k := s.filled(t)
	rapid.Check(t, func(rt *rapid.T) {
		f := filter(rt, many)
		got, err := k.Events(t.Context(), f)
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(k.rows.events(t, f), got, cmpopts.EquateEmpty()); d != "" {
			rt.Fatalf("%+v (-naive +got):\n%s", f, d)
		}
	})
	for _, r := range k.rows {
		e, err := k.Event(t.Context(), r.Position)
		if d := cmp.Diff(entry(t, r, true), e, cmpopts.EquateEmpty()); d != "" || err != nil {
			t.Fatalf("event %d: %v\n%s", r.Position, err, d)
		}
	}
}

func drawMoment(t *rapid.T) (m projections.Moment) {
	if rapid.Bool().Draw(t, "at") {
		m.At = start.Add(time.Duration(rapid.IntRange(-1, 52).Draw(t, "minutes")) * time.Minute)
	}
	if rapid.Bool().Draw(t, "known") {
		m.Known = eventlog.Position(rapid.IntRange(1, many).Draw(t, "position")) //nolint:gosec // not negative
	}
	return m
}

func subjects() (all []string) {
	for _, name := range names {
		all = append(all, "component:default/"+name, "location:"+name, "acme/"+name)
	}
	return append(all, event.LogSubject, "nobody")
}

// So it is at whatever moment.
func (s suite) anyMoment(t *testing.T) {
	t.Helper()
	k := s.filled(t)
	rapid.Check(t, func(rt *rapid.T) {
		one, other := drawMoment(rt), drawMoment(rt)
		differing, err := k.Differing(t.Context(), one, other)
		if err != nil {
			rt.Fatal(err)
		}
		for _, subject := range k.rows.differing(one, other) {
			if !slices.Contains(differing, subject) {
				rt.Fatalf("%+v and %+v: %s is missing in %v", one, other, subject, differing)
			}
		}
		all := rapid.Bool().Draw(rt, "all")
		about := rapid.SliceOfDistinct(rapid.SampledFrom(subjects()), rapid.ID).Draw(rt, "subjects")
		var got []eventlog.Record
		for rec, err := range k.Counting(t.Context(), one, about, all) {
			if err != nil {
				rt.Fatal(err)
			}
			got = append(got, rec)
		}
		if d := cmp.Diff(k.rows.counting(one, about, all), got, cmpopts.EquateEmpty()); d != "" {
			rt.Fatalf("as of %+v, all %v (-naive +got):\n%s", one, all, d)
		}
		if all && !one.At.IsZero() {
			sorted, err := history.InOrder(k.rows.log(one, about))
			if err != nil {
				rt.Fatal(err)
			}
			if d := cmp.Diff(got, sorted[:min(len(got), len(sorted))], cmpopts.EquateEmpty()); d != "" {
				rt.Fatalf("as of %+v (-got +put in order):\n%s", one, d)
			}
		}
		at := start.Add(time.Duration(rapid.IntRange(-1, many+1).Draw(rt, "seconds")) * time.Second)
		if p, err := k.PositionAt(t.Context(), at); p != k.rows.positionAt(at) || err != nil {
			rt.Fatalf("recorded by %v: %d, %v; want %d", at, p, err, k.rows.positionAt(at))
		}
	})
	entangled, err := k.Entangled(t.Context())
	if d := cmp.Diff(k.rows.entangled(), distinct(entangled)); d != "" || err != nil {
		t.Errorf("entangled: %v\n%s", err, d)
	}
	for _, r := range k.rows {
		if truth, err := k.TruthAt(t.Context(), r.Position); !truth.Equal(r.Truth) || err != nil {
			t.Fatalf("event %d counts from %v, %v; want %v", r.Position, truth, err, r.Truth)
		}
	}
}

func (s suite) newest(t *testing.T) {
	t.Helper()
	k := s.filled(t)
	want := k.rows.newest()
	about := []string{"nobody", ""}
	for one := range want {
		about = append(about, one)
	}
	got, err := k.Newest(t.Context(), about)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-naive +got):\n%s", err, d)
	}
}

// Answers are what a store says of all that it has.
func Answers(t testing.TB, s history.Store) map[string]any {
	t.Helper()
	all := map[string]any{}
	note := func(what string, answer any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		all[what] = answer
	}
	p, err := s.Position(t.Context())
	note("position", p, err)
	for _, f := range []history.Filter{{Seals: true, Limit: 500, Whole: true}, {Oldest: true}, {ByTime: true}, {Entity: payments}, {Type: "entity.changed"}} {
		page, err := s.Events(t.Context(), f)
		note(fmt.Sprintf("events %+v", f), page, err)
	}
	entangled, err := s.Entangled(t.Context())
	note("entangled", distinct(entangled), err)
	versions, err := s.Newest(t.Context(), subjects())
	note("newest", versions, err)
	at, err := s.PositionAt(t.Context(), start.AddDate(1, 0, 0))
	note("recorded by next year", at, err)
	for _, m := range []projections.Moment{{}, {At: start.Add(20 * time.Minute)}, {At: start.Add(20 * time.Minute), Known: max(p/2, 1)}} {
		differing, err := s.Differing(t.Context(), m, projections.Moment{Known: 1})
		note(fmt.Sprintf("differing %+v", m), distinct(differing), err)
		var records []eventlog.Record
		for rec, err := range s.Counting(t.Context(), m, subjects(), true) {
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, rec)
		}
		all[fmt.Sprintf("counting %+v", m)] = records
	}
	return all
}

// Rows are n rows of any kind, as [history.History] appends them.
func Rows(t testing.TB, n int) []history.Row {
	t.Helper()
	k := &kept{Store: nowhere{}}
	all := rapid.Custom(func(t *rapid.T) []eventlog.Record { return records(t, n) }).Example(11)
	if err := history.New(k).Apply(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	return k.rows
}

// nowhere is a store that is empty for ever.
type nowhere struct{ history.Store }

// Position is 0.
func (nowhere) Position(context.Context) (eventlog.Position, error) { return 0, nil }

// Newest is nothing.
func (nowhere) Newest(context.Context, []string) (map[string]history.Version, error) {
	return map[string]history.Version{}, nil
}

// Append forgets.
func (nowhere) Append(context.Context, []history.Row) error { return nil }

// Rows that are there already are left as they are, in whatever batches they come.
func (s suite) writtenAgain(t *testing.T) {
	t.Helper()
	rows := Rows(t, 60)
	write := func(parts ...[]history.Row) map[string]any {
		t.Helper()
		store := s.place(t)(t)
		for _, part := range parts {
			if err := store.Append(t.Context(), part); err != nil {
				t.Fatal(err)
			}
		}
		return Answers(t, store)
	}
	want := write(rows)
	for name, parts := range map[string][][]history.Row{
		"one by one":    slices.Collect(slices.Chunk(rows, 1)),
		"twice":         {rows, rows},
		"a part again":  {rows, rows[:20], rows[30:50]},
		"what overlaps": {rows[:30], rows[10:45], rows[44:]},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(want, write(parts...), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("(-once +so):\n%s", d)
			}
		})
	}
}
