package moments_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/clickhousetest"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/clickhousestore"
	"github.com/callboard/callboard/projections/history/sqlitestore"
	"github.com/callboard/callboard/projections/moments"
	"github.com/callboard/callboard/projections/moments/momentstest"
	"github.com/callboard/callboard/projections/projectiontest"
)

// start is when the logs of these tests begin.
var start = time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)

// world is a log that is being written, and what is folded from it.
type world struct {
	log     []eventlog.Record
	catalog *entities.Catalog
	history *history.History
	moments *moments.Moments
	sound   bool // nothing that happens bears on other entities
}

// tester is a test, or one of a property's.
type tester interface {
	rapid.TB
	Cleanup(func())
}

// inFile opens a history in a file.
func inFile(t tester, ctx context.Context, path string) history.Store {
	t.Helper()
	rows, err := sqlitestore.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	return rows
}

// newWorld makes one whose history has no rows yet. Its snapshots are chosen of
// versions, or folded.
func newWorld(rows history.Store, chosen bool) *world {
	w := &world{catalog: entities.New(), history: history.New(rows)}
	var log moments.Log
	if chosen {
		log = w
	}
	w.moments = moments.New(w.catalog, w.history, log, func(context.Context, eventlog.Position) error { return nil }, func() time.Time { return start.AddDate(1, 0, 0) })
	return w
}

// Read yields what is in the log.
func (w *world) Read(_ context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for _, rec := range w.log[after:] {
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// add appends an event that became true some minutes after the start.
func (w *world) add(t rapid.TB, minutes int, backfilled bool, subject string, data event.Data) {
	t.Helper()
	e, err := event.New(event.SourcePrefix+"github", subject, data)
	if err != nil {
		t.Fatal(err)
	}
	n := len(w.log) + 1
	e.ID, e.Time = event.DeriveID(n, subject), start.Add(time.Duration(minutes)*time.Minute)
	e.Actor, e.Cause = event.Actor{Login: "saltmarsh"}, event.Cause{Commit: fmt.Sprintf("%040d", n)}
	if backfilled {
		e.Extensions = map[string]string{event.Backfill: "true"}
	}
	w.log = append(w.log, eventlog.Record{Position: eventlog.Position(n), Recorded: start.Add(24*time.Hour + time.Duration(n)*time.Second), Event: e})
}

// fold takes in what is new in the log.
func (w *world) fold(t rapid.TB, ctx context.Context) {
	t.Helper()
	for _, p := range []projections.Projection{w.catalog, w.history} {
		if err := p.Apply(ctx, w.log); err != nil {
			t.Fatal(err)
		}
	}
}

// replayed is the catalog at a moment by the plainest means.
func (w *world) replayed(t rapid.TB, ctx context.Context, m projections.Moment) *entities.Snapshot {
	t.Helper()
	s, err := momentstest.Replay(ctx, catalog.BuiltIn(), w.log, m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shown is all that a snapshot shows.
func shown(s *entities.Snapshot) map[string]any {
	list := func(l entities.Listing) []string {
		var all []string
		for _, row := range s.List(l).Rows {
			e, _ := s.Get(row.Ref)
			all = append(all, fmt.Sprintf("%s %v %+v", row.JSON, e.Since, e.Origin))
		}
		return all
	}
	return map[string]any{
		"registered": list(entities.Listing{Limit: -1}),
		"back":       list(entities.Listing{Limit: -1, Back: true}),
		"by owner":   list(entities.Listing{Limit: -1, Order: entities.Order{Fields: []entities.Field{{Key: "spec.owner"}}}}),
		"facets":     s.Facets(nil, "spec.owner", "kind", "relations.ownedBy"),
		"all facets": s.Facets(nil, "metadata.name", "metadata.title", "metadata.description", "metadata.tags", "metadata.tags.go", "spec.dependson", "relations.dependencyof", "relations.ownerof", "kind"),
		"text":       list(entities.Listing{Where: entities.Like{Keys: []string{"metadata.title", "metadata.description"}, Term: "mon"}, Limit: -1}),
		"lacking":    list(entities.Listing{Where: entities.Not{Where: entities.Exists{Key: "metadata.description"}}, Limit: -1, Order: entities.Order{ByRef: true}}),
		"found":      found(s, entities.Query{Text: "pay", Order: entities.ByChanged}),
		"owned":      found(s, entities.Query{Owners: []string{"group:default/team-a", entities.NoOwner}, Order: entities.ByOwner}),
		"source":     found(s, entities.Query{Sources: []string{"github"}}),
		"repository": repository(s),
		"rejections": s.Rejections(),
		"locations":  s.Locations(),
		"pages":      pages(s),
	}
}

// found is the answer to a query, with the facets.
func found(s *entities.Snapshot, q entities.Query) string {
	r := s.Find(q)
	var refs []string
	for _, e := range r.Entries {
		refs = append(refs, fmt.Sprint(e.Ref, e.Registered, e.Owner(), e.LacksOwner()))
	}
	return fmt.Sprint(refs, r.Total, r.All, r.Facets)
}

func repository(s *entities.Snapshot) (refs []string) {
	all, _ := s.Repository("github", "shop")
	for _, e := range all {
		refs = append(refs, e.Ref)
	}
	return refs
}

// pages are the refs of a list that is read page by page.
func pages(s *entities.Snapshot) (refs []string) {
	l := entities.Listing{Limit: 2}
	for {
		rows := s.List(l).Rows
		for _, row := range rows {
			refs = append(refs, row.Ref)
		}
		if len(rows) < l.Limit {
			return refs
		}
		l.From = &rows[len(rows)-1].Mark
	}
}

// The catalog of any moment is what one gets who folds all that counts then, in
// whatever order moments are asked for, and while the log grows.
func TestCatalogIsAReplay(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		empty := projectiontest.Copies(t, sqlitestore.Open)
		rapid.Check(t, func(rt *rapid.T) {
			newWorld(inFile(rt, t.Context(), empty()), rapid.Bool().Draw(rt, "chosen")).isAReplay(rt, t.Context(), rounds(rt))
		})
	})
	t.Run("ClickHouse", func(t *testing.T) {
		server := clickhousetest.Start(t)
		some := rapid.Custom(rounds)
		for seed := range 12 {
			rows, err := clickhousestore.Open(server.Database(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { rows.Close() })
			newWorld(rows, seed%2 == 0).isAReplay(t, t.Context(), some.Example(seed))
		}
	})
}

// round is what comes into the log, and at which moments it is then looked at.
type round struct {
	records []eventlog.Record
	moments []projections.Moment
}

func rounds(t *rapid.T) (all []round) {
	w := world{sound: rapid.Bool().Draw(t, "sound")}
	for range rapid.IntRange(1, 4).Draw(t, "rounds") {
		var r round
		from := len(w.log)
		for range rapid.IntRange(1, 25).Draw(t, "events") {
			w.happen(t)
		}
		r.records = w.log[from:]
		for range rapid.IntRange(1, 4).Draw(t, "moments") {
			r.moments = append(r.moments, w.moment(t))
		}
		all = append(all, r)
	}
	return all
}

func (w *world) isAReplay(t rapid.TB, ctx context.Context, rounds []round) {
	t.Helper()
	for _, r := range rounds {
		w.log = append(w.log, r.records...)
		w.fold(t, ctx)
		for _, m := range r.moments {
			got, err := w.moments.Catalog(ctx, m)
			if err != nil {
				t.Fatal(err)
			}
			if d := gocmp.Diff(shown(w.replayed(t, ctx, m)), shown(got)); d != "" {
				t.Fatalf("as of %v, known at %d (-replayed +got):\n%s", m.At, m.Known, d)
			}
		}
	}
}

func (w *world) moment(t *rapid.T) (m projections.Moment) {
	if rapid.Bool().Draw(t, "at") {
		m.At = start.Add(time.Duration(rapid.IntRange(-1, 101).Draw(t, "minutes")) * time.Minute)
	}
	if rapid.Bool().Draw(t, "known") {
		m.Known = eventlog.Position(rapid.IntRange(1, len(w.log)).Draw(t, "position")) //nolint:gosec // not negative
	}
	return m
}

// happen appends an event, of which hardly any makes sense after the others.
func (w *world) happen(t *rapid.T) {
	name := rapid.SampledFrom([]string{"payments", "ledger", "checkout"}).Draw(t, "name")
	ref := "component:default/" + name
	d := projectiontest.Component(name, rapid.SampledFrom([]string{"team-a", "team-b", "team-c"}).Draw(t, "owner"))
	d.Entity.Spec["dependsOn"] = []any{"component:default/" + rapid.SampledFrom([]string{"payments", "ledger", "checkout"}).Draw(t, "other")}
	d.Origin.Path = rapid.SampledFrom([]string{"a.yaml", "b.yaml"}).Draw(t, "path")
	repository := rapid.SampledFrom([]string{"shop", "bank"}).Draw(t, "repository")
	d.Origin.Repository, d.Origin.RepositoryID = "acme/"+repository, repository
	minutes, past := rapid.IntRange(0, 100).Draw(t, "time"), rapid.IntRange(0, 4).Draw(t, "past") == 0
	refused := event.EntityRejected{Ref: ref, Origin: d.Origin, Problems: []event.Problem{{Path: "spec.owner", Line: 9, Message: "must be a string"}}}
	d.Entity.Metadata.Description = rapid.SampledFrom([]string{"", "Takes money", strings.Repeat("Takes money. ", 20)}).Draw(t, "description")
	d.Entity.Metadata.Tags = rapid.SampledFrom([][]string{nil, {"go"}, {"java", "go"}}).Draw(t, "tags")
	d.Entity.Metadata.Title = rapid.SampledFrom([]string{"", "Pay", "pay"}).Draw(t, "title")
	what := rapid.IntRange(0, 9).Draw(t, "what")
	if w.sound && what > 5 {
		what -= 4
	}
	switch what {
	case 0, 1:
		w.add(t, minutes, past, ref, event.EntityRegistered{Declaration: d})
	case 2, 3, 4:
		w.add(t, minutes, past, ref, event.EntityChanged{Declaration: d})
	case 5:
		w.add(t, minutes, past, ref, event.EntityRemoved{Ref: ref, Origin: d.Origin, Reason: "the file was deleted"})
	case 6:
		w.add(t, minutes, past, ref, refused)
	case 7:
		refused.Ref = ""
		w.add(t, minutes, past, "acme/"+repository+"/"+d.Origin.Path, refused)
	case 8:
		w.add(t, minutes, past, ref, event.EntityConflicted{EntityRejected: refused, With: projectiontest.Component(name, "team-a").Origin})
	case 9:
		l := event.LocationRegistered{ID: name, Type: "url", Target: "https://git.acme.example/" + d.Origin.Path}
		if rapid.Bool().Draw(t, "removed") {
			w.add(t, minutes, false, "location:"+name, event.LocationRemoved{ID: l.ID, Type: l.Type, Target: l.Target})
		} else {
			w.add(t, minutes, false, "location:"+name, l)
		}
	}
}
