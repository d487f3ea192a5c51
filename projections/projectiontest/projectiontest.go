// Package projectiontest holds what every projection must keep, whatever it
// reads: see [Run]. Its [Story] is a list of events to fold.
package projectiontest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
)

// start is when a Story begins; its events follow a minute apart.
var start = time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)

// Story builds records as a log would hold them.
type Story struct {
	tb      testing.TB
	records []eventlog.Record
}

// NewStory returns an empty story.
func NewStory(tb testing.TB) *Story {
	tb.Helper()
	return &Story{tb: tb}
}

// Add appends an event about a subject. Each option may change it.
func (s *Story) Add(subject string, data event.Data, options ...func(*eventlog.Record)) *Story {
	s.tb.Helper()
	e, err := event.New(event.SourcePrefix+"github", subject, data)
	if err != nil {
		s.tb.Fatal(err)
	}
	n := len(s.records) + 1
	at := start.Add(time.Duration(n) * time.Minute)
	e.ID = event.DeriveID(n, subject)
	e.Time = at
	rec := eventlog.Record{Position: eventlog.Position(n), Recorded: at.Add(time.Second), Event: e}
	for _, o := range options {
		o(&rec)
	}
	s.records = append(s.records, rec)
	return s
}

// By names the actor of an event and the commit that it came of.
func By(login, sha string) func(*eventlog.Record) {
	return func(r *eventlog.Record) {
		r.Actor = event.Actor{Login: login}
		r.Cause = event.Cause{Commit: sha, CommitURL: "https://git.acme.example/commit/" + sha, Delivery: "github:" + sha}
	}
}

// Records returns the story so far.
func (s *Story) Records() []eventlog.Record { return s.records }

// Component is a valid entity with an owner, declared in catalog-info.yaml of a
// repository that has its name.
func Component(name, owner string) event.Declaration {
	return event.Declaration{
		Entity: catalog.Entity{
			APIVersion: "backstage.io/v1alpha1", Kind: "Component",
			Metadata: catalog.Metadata{Name: name, Namespace: "default", UID: "uid-" + name},
			Spec:     map[string]any{"type": "service", "lifecycle": "production", "owner": owner},
		},
		Document: "kind: Component\n",
		Origin: event.Origin{
			Source: "github", Repository: "acme/" + name, RepositoryID: name, Branch: "main", Commit: "c1", Path: "catalog-info.yaml", Blob: "b1", Line: 1,
		},
	}
}

// beside checks what holds for a second copy that is folded beside the first.
func beside[P projections.Projection](t *testing.T, open func(*testing.T) P, records []eventlog.Record, query func(*testing.T, P) any, want any) {
	t.Helper()
	p := open(t)
	again := func(takes bool, records []eventlog.Record) {
		t.Helper()
		c, err := any(p).(projections.Rebuildable).Beside(t.Context())
		if fault.KindOf(err) == fault.Conflict {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := position(t, c); got != 0 {
			t.Errorf("the second copy begins at position %d", got)
		}
		apply(t, c, records...)
		if takes {
			err = c.TakeOver(t.Context())
		}
		if err = errors.Join(err, c.Discard(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	check := func(says string) {
		t.Helper()
		if d := cmp.Diff(want, query(t, p)); d != "" {
			t.Errorf("%s (-once +so):\n%s", says, d)
		}
	}
	half := records[:len(records)/2]
	apply(t, p, half...)
	again(true, half)
	apply(t, p, records...)
	check("begun in one copy, gone on with in another")
	again(false, half)
	check("half of a copy was thrown away")
	again(true, records)
	check("another copy took its place")
	again(true, records)
	check("and another")
}

func apply(t *testing.T, p projections.Projection, rs ...eventlog.Record) {
	t.Helper()
	if err := p.Apply(t.Context(), rs); err != nil {
		t.Fatal(err)
	}
}

func position(t *testing.T, p projections.Projection) eventlog.Position {
	t.Helper()
	at, err := p.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Run checks what holds for every projection: folding all at once, one by one,
// twice, beside another copy, and with types in between that nobody knows gives the
// same answers.
func Run[P projections.Projection](t *testing.T, open func(*testing.T) P, records []eventlog.Record, query func(*testing.T, P) any) {
	t.Helper()
	last := records[len(records)-1].Position
	whole := open(t)
	apply(t, whole, records...)
	if got := position(t, whole); got != last {
		t.Errorf("position is %d, want %d", got, last)
	}
	want := query(t, whole)

	t.Run("one by one", func(t *testing.T) {
		p := open(t)
		for _, r := range records {
			apply(t, p, r)
		}
		if d := cmp.Diff(want, query(t, p)); d != "" {
			t.Errorf("rebuilt (-) and live (+) differ:\n%s", d)
		}
	})
	t.Run("twice", func(t *testing.T) {
		p := open(t)
		apply(t, p, records...)
		apply(t, p, records...)
		apply(t, p, records[len(records)/2:]...)
		if d := cmp.Diff(want, query(t, p)); d != "" {
			t.Errorf("once (-) and twice (+) differ:\n%s", d)
		}
		if got := position(t, p); got != last {
			t.Errorf("position is %d, want %d", got, last)
		}
	})
	if _, ok := any(whole).(projections.Rebuildable); ok {
		t.Run("beside", func(t *testing.T) { beside(t, open, records, query, want) })
	}
	t.Run("unknown type", func(t *testing.T) {
		p := open(t)
		apply(t, p, records...)
		apply(t, p, eventlog.Record{Position: last + 1, Recorded: start, Event: event.Event{ID: "x", Type: "weather.changed.v9", Subject: "x:y/z", Time: start, Data: []byte(`{}`)}})
		if got := position(t, p); got != last+1 {
			t.Errorf("position is %d, want %d", got, last+1)
		}
	})
}

// Copies makes a file once, and returns what writes a copy of it whenever it is called: a
// test that opens many such files has their tables made in the first one only. The paths
// are of a folder that goes with the test.
func Copies[C io.Closer](t testing.TB, open func(ctx context.Context, path string) (C, error)) func() string {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "made.db")
	made, err := open(t.Context(), path)
	if err == nil {
		err = made.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	return func() string {
		n++
		path := filepath.Join(folder, fmt.Sprintf("copy%d.db", n))
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
}
