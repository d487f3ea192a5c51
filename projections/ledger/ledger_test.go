package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/projections/moments"
	"github.com/callboard/callboard/projections/projectiontest"
)

// start is when the logs of these tests begin, and now is when they are looked at.
var (
	start = time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
	now   = start.AddDate(0, 0, 40)
)

func clock() time.Time { return now }

// world is a log, and what is folded from it.
type world struct {
	log     []eventlog.Record
	catalog *entities.Catalog
	history *history.History
	moments *moments.Moments
	ledger  *ledger.Ledger
}

func newWorld(t interface {
	rapid.TB
	Cleanup(func())
}, ctx context.Context, path string) *world {
	t.Helper()
	rows, err := sqlitestore.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	w := &world{catalog: entities.New(), history: history.New(rows)}
	w.moments = moments.New(w.catalog, w.history, w, func(context.Context, eventlog.Position) error { return nil }, clock)
	w.ledger = ledger.New(w.history, w.moments, catalog.BuiltIn(), clock)
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

// add appends an event that became true some hours after the start.
func (w *world) add(t rapid.TB, hours int, backfilled bool, subject string, data event.Data, options ...func(*eventlog.Record)) {
	t.Helper()
	e, err := event.New(event.SourcePrefix+"github", subject, data)
	if err != nil {
		t.Fatal(err)
	}
	n := len(w.log) + 1
	e.ID, e.Time = event.DeriveID(n, subject), start.Add(time.Duration(hours)*time.Hour)
	e.Actor, e.Cause = event.Actor{Login: "saltmarsh"}, event.Cause{Commit: fmt.Sprintf("%040d", n)}
	if backfilled {
		e.Extensions = map[string]string{event.Backfill: "true"}
	}
	rec := eventlog.Record{Position: eventlog.Position(n), Recorded: start.AddDate(0, 0, 30).Add(time.Duration(n) * time.Second), Event: e}
	for _, o := range options {
		o(&rec)
	}
	w.log = append(w.log, rec)
}

func (w *world) fold(t rapid.TB, ctx context.Context) {
	t.Helper()
	for _, p := range []projections.Projection{w.catalog, w.history} {
		if err := p.Apply(ctx, w.log); err != nil {
			t.Fatal(err)
		}
	}
}

var names = []string{"payments", "ledger", "checkout", "till"}

// happen appends an event, of which hardly any makes sense after the others.
func (w *world) happen(t *rapid.T, backfills bool) {
	name := rapid.SampledFrom(names).Draw(t, "name")
	ref := "component:default/" + name
	d := projectiontest.Component(name, rapid.SampledFrom([]string{"team-a", "team-b", "group:default/Team-C", ":"}).Draw(t, "owner"))
	d.Entity.Spec["dependsOn"] = list(t, "component:default/")
	d.Entity.Spec["dependencyOf"] = list(t, "component:")
	if tags := list(t, ""); len(tags) > 0 {
		for _, tag := range tags {
			d.Entity.Metadata.Tags = append(d.Entity.Metadata.Tags, tag.(string))
		}
	}
	for _, url := range list(t, "https://") {
		d.Entity.Metadata.Links = append(d.Entity.Metadata.Links, catalog.Link{URL: url.(string), Title: rapid.SampledFrom(names).Draw(t, "title")})
	}
	d.Origin.Path = rapid.SampledFrom([]string{"a.yaml", "b.yaml"}).Draw(t, "path")
	d.Origin.Repository, d.Origin.RepositoryID = "acme/shop", "shop"
	hours, past := rapid.IntRange(0, 400).Draw(t, "time"), backfills && rapid.IntRange(0, 3).Draw(t, "past") == 0
	refused := event.EntityRejected{Ref: ref, Origin: d.Origin, Problems: []event.Problem{{Path: "spec.owner", Line: 9, Message: "must be a string"}}}
	switch rapid.IntRange(0, 8).Draw(t, "what") {
	case 0, 1:
		w.add(t, hours, past, ref, event.EntityRegistered{Declaration: d})
	case 2, 3, 4, 5:
		w.add(t, hours, past, ref, event.EntityChanged{Declaration: d})
	case 6:
		w.add(t, hours, past, ref, event.EntityRemoved{Ref: ref, Origin: d.Origin, Reason: "the file was deleted"})
	case 7:
		w.add(t, hours, past, ref, refused)
	case 8:
		w.add(t, hours, past, ref, event.EntityConflicted{EntityRejected: refused, With: projectiontest.Component(name, "team-a").Origin})
	}
}

// list draws a few of the names, each once.
func list(t *rapid.T, prefix string) []any {
	all := []any{}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 2, rapid.ID).Draw(t, "list") {
		all = append(all, prefix+name)
	}
	return all
}

// Whatever happened, late and corrected, these hold of all that is answered.
func TestRandomHistories(t *testing.T) {
	whatever(t, true, func(rt *rapid.T, w *world) {
		endsWithTheCatalog(rt, t.Context(), w)
		ownedAndUnownedTimeIsAllTime(rt, t.Context(), w)
		blameNamesWhoSetIt(rt, t.Context(), w, names)
		comparesEach(rt, t.Context(), w)
	})
}

// whatever checks a property of random worlds.
func whatever(t *testing.T, backfills bool, check func(t *rapid.T, w *world)) {
	t.Helper()
	empty := projectiontest.Copies(t, sqlitestore.Open)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, t.Context(), empty())
		for range rapid.IntRange(1, 30).Draw(rt, "events") {
			w.happen(rt, backfills)
		}
		w.fold(rt, t.Context())
		check(rt, w)
	})
}

func at(t *rapid.T, label string) time.Time {
	return start.Add(time.Duration(rapid.IntRange(-1, 401).Draw(t, label)) * time.Hour)
}

// What is told of an entity up to a moment ends with what the catalog of that moment
// has, and so do its owners and its relations.
func endsWithTheCatalog(rt *rapid.T, ctx context.Context, w *world) {
	m := projections.Moment{At: at(rt, "at")}
	if rapid.Bool().Draw(rt, "known") {
		m.Known = eventlog.Position(rapid.IntRange(1, len(w.log)).Draw(rt, "position")) //nolint:gosec // not negative
	}
	s, err := w.moments.Catalog(ctx, m)
	if err != nil {
		rt.Fatal(err)
	}
	for _, name := range names {
		ref := "component:default/" + name
		e, there := s.Get(ref)
		told, err := w.ledger.Versions(ctx, ref, m)
		if err != nil && !there {
			continue
		} else if err != nil {
			rt.Fatal(err)
		}
		if last := told[len(told)-1]; (last.Entity != "") != there {
			rt.Fatalf("%s is told of as %q; it is there: %v", ref, last.Entity, there)
		} else if !there {
			continue
		} else if changes := difference(rt, last.Entity, e.Entity); len(changes) > 0 {
			rt.Fatalf("%s is told of with other fields: %v", ref, changes)
		}
		owners, err := w.ledger.Owners(ctx, ref, m)
		if err != nil {
			rt.Fatal(err)
		}
		if last := owners[len(owners)-1]; last.Value != e.Owner() || !last.To.IsZero() || last.Absent {
			rt.Fatalf("%s is owned by %q; the last interval says %+v", ref, e.Owner(), last)
		}
		turns, err := w.ledger.Relations(ctx, ref, time.Time{}, m)
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(relations(e.Relations), counted(rt, turns)); d != "" {
			rt.Fatalf("the relations of %s (-) are not what it gained and has not lost (+):\n%s", ref, d)
		}
	}
}

func difference(t *rapid.T, text string, e *catalog.Entity) []catalog.Change {
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := catalog.DiffJSON([]byte(text), b)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func relations(all []catalog.Relation) map[catalog.Relation]bool {
	has := map[catalog.Relation]bool{}
	for _, r := range all {
		has[r] = true
	}
	return has
}

// counted is what is left of relations that came and went, which none does twice in a row.
func counted(t *rapid.T, turns []ledger.Turn) map[catalog.Relation]bool {
	has := map[catalog.Relation]bool{}
	for _, turn := range turns {
		if turn.Gained == has[turn.Relation] {
			t.Fatalf("%+v is gained or lost twice", turn.Relation)
		}
		if has[turn.Relation] = turn.Gained; !turn.Gained {
			delete(has, turn.Relation)
		}
	}
	return has
}

// The time in which an entity was owned and that in which it was not are all of the
// time for which it was in the catalog; and at any time within an interval its owner
// is the one that the catalog had then.
func ownedAndUnownedTimeIsAllTime(rt *rapid.T, ctx context.Context, w *world) {
	when := at(rt, "when")
	then, err := w.moments.Catalog(ctx, projections.Moment{At: when})
	if err != nil {
		rt.Fatal(err)
	}
	for _, name := range names {
		ref := "component:default/" + name
		told, err := w.ledger.Versions(ctx, ref, projections.Moment{})
		if err != nil {
			continue // nothing happened to it
		}
		var lifetime, sum time.Duration
		for i, one := range told {
			until := now
			if i+1 < len(told) {
				until = told[i+1].Since
			}
			if one.Entity != "" {
				lifetime += until.Sub(one.Since)
			}
		}
		owners, err := w.ledger.Owners(ctx, ref, projections.Moment{})
		if err != nil {
			rt.Fatal(err)
		}
		for i, o := range owners {
			if !o.Absent {
				sum += o.Length(now)
			}
			if !o.Began.Since.Equal(o.From) || (o.Ended == nil) != o.To.IsZero() || o.Ended != nil && !o.Ended.Since.Equal(o.To) {
				rt.Fatalf("%s: an interval is not as long as between its events: %+v", ref, o)
			}
			if i > 0 && (!owners[i-1].To.Equal(o.From) || owners[i-1].Value == o.Value && owners[i-1].Absent == o.Absent || !o.To.IsZero() && !o.To.After(o.From)) {
				rt.Fatalf("%s: %+v follows %+v", ref, o, owners[i-1])
			}
			if !when.Before(o.From) && (o.To.IsZero() || when.Before(o.To)) {
				owner := ""
				e, there := then.Get(ref)
				if there {
					owner = e.Owner()
				}
				if o.Value != owner || o.Absent == there {
					rt.Fatalf("%s: at %v the catalog had the owner %q, there: %v; the interval says %+v", ref, when, owner, there, o)
				}
			}
		}
		if sum != lifetime {
			rt.Fatalf("%s was there for %v; its intervals are %v", ref, lifetime, sum)
		}
	}
}

// Blame of every field names the event that set exactly this value, and since which
// no other took it away.
func blameNamesWhoSetIt(rt rapid.TB, ctx context.Context, w *world, names []string) (blamed int) {
	for _, name := range names {
		told, err := w.ledger.Versions(ctx, "component:default/"+name, projections.Moment{})
		if err != nil {
			continue
		}
		fields, err := ledger.Blame(told)
		if err != nil {
			rt.Fatal(err)
		}
		said := make([]map[string]string, len(told))
		for i := range told {
			said[i] = flatten(rt, told[i].Entity)
		}
		last := said[len(said)-1]
		if len(fields) != len(last) {
			rt.Fatalf("%d fields are blamed on somebody; there are %d: %v %v", len(fields), len(last), fields, last)
		}
		for _, f := range fields {
			key := keyOf(f, told[len(told)-1].Entity)
			by := slices.IndexFunc(told, func(one history.Told) bool { return one.Position == f.Event.Position })
			value, ok := said[by][key]
			if !ok || value != text(rt, f.Value) {
				rt.Fatalf("event %d has %s = %s, not %v", f.Event.Position, key, value, f.Value)
			}
			for i := by; i < len(said); i++ {
				if said[i][key] != value {
					rt.Fatalf("%s is blamed on event %d; event %d said otherwise", key, f.Event.Position, told[i].Position)
				}
			}
			if by > 0 && said[by-1][key] == value {
				rt.Fatalf("%s is blamed on event %d; it was so before", key, f.Event.Position)
			}
		}
		blamed += len(fields)
	}
	return blamed
}

func text(t rapid.TB, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// flatten is what an entity says, links by their addresses and other lists by what is in them.
func flatten(t rapid.TB, entity string) map[string]string {
	said := map[string]string{}
	if entity == "" {
		return said
	}
	var obj map[string]any
	if err := json.Unmarshal([]byte(entity), &obj); err != nil {
		t.Fatal(err)
	}
	delete(obj["metadata"].(map[string]any), "uid")
	delete(obj["metadata"].(map[string]any), "etag")
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, item := range v {
				walk(path+"."+key, item)
			}
		case []any:
			for _, item := range v {
				if link, ok := item.(map[string]any); ok {
					walk(path+"["+link["url"].(string)+"]", item)
				} else {
					walk(path+"["+item.(string)+"]", item)
				}
			}
			if len(v) == 0 {
				said[path] = "[]"
			}
		default:
			said[path] = text(t, v)
		}
	}
	walk("", obj)
	return said
}

// keyOf is how flatten names a field.
func keyOf(f ledger.Field, entity string) string {
	path := "." + f.Path
	if before, rest, ok := strings.Cut(path, `["`); ok {
		return before + "." + strings.TrimSuffix(rest, `"]`)
	}
	if before, rest, ok := strings.Cut(path, "["); ok { // of a link
		var e struct {
			Metadata struct{ Links []struct{ URL string } }
		}
		number, field, _ := strings.Cut(rest, "]")
		i, err := strconv.Atoi(number)
		if err = errors.Join(err, json.Unmarshal([]byte(entity), &e)); err != nil {
			return err.Error()
		}
		return before + "[" + e.Metadata.Links[i].URL + "]" + field
	}
	for _, set := range []string{".metadata.tags", ".spec.dependsOn", ".spec.dependencyOf"} {
		if s, ok := f.Value.(string); ok && path == set {
			return path + "[" + s + "]"
		}
	}
	return path
}

// What a team owned at the start of a period, and what it gained and lost in it, is
// what it owned at the end; and nothing is left out.
func TestAnAccountAddsUp(t *testing.T) {
	whatever(t, false, func(rt *rapid.T, w *world) {
		from, to := at(rt, "from"), at(rt, "to")
		if to.Before(from) {
			from, to = to, from
		}
		m := projections.Moment{At: to}
		for _, team := range []string{"group:default/team-a", "group:default/team-c"} {
			account, err := w.ledger.Team(t.Context(), team, from, m)
			if err != nil {
				rt.Fatal(err)
			}
			if account.Before+len(account.Gained)-len(account.Lost) != account.After {
				rt.Fatalf("%s had %d, gained %d, lost %d and has %d", team, account.Before, len(account.Gained), len(account.Lost), account.After)
			}
			want := map[string]int{}
			for _, name := range names {
				ref := "component:default/" + name
				owners, err := w.ledger.Owners(t.Context(), ref, m)
				if err != nil {
					continue
				}
				for _, transfer := range ledger.Transfers(ref, owners) {
					if transfer.At.After(from) && (transfer.From == team || transfer.To == team) {
						want[fmt.Sprintf("%s %s %v", ref, transfer.To, transfer.At)]++
					}
				}
			}
			got := map[string]int{}
			for _, transfer := range slices.Concat(account.Gained, account.Lost) {
				got[fmt.Sprintf("%s %s %v", transfer.Ref, transfer.To, transfer.At)]++
			}
			if d := cmp.Diff(want, got); d != "" {
				rt.Fatalf("%s: all (-) and what the account has (+):\n%s", team, d)
			}
		}
	})
}

// What an older commit brings counts from when the newer one before it did, and is in the
// account of that time.
func TestAnAccountWhereAClockWentBack(t *testing.T) {
	w := newWorld(t, t.Context(), filepath.Join(t.TempDir(), "history.db"))
	w.add(t, 6, false, "component:default/till", event.EntityRegistered{Declaration: projectiontest.Component("till", "team-b")})
	w.add(t, 1, false, "component:default/till", event.EntityChanged{Declaration: projectiontest.Component("till", "team-a")})
	w.add(t, 9, false, "component:default/till", event.EntityRemoved{Ref: "component:default/till", Origin: projectiontest.Component("till", "").Origin, Reason: "the file was deleted"})
	w.fold(t, t.Context())
	account, err := w.ledger.Team(t.Context(), "group:default/team-a", start.Add(3*time.Hour), projections.Moment{At: start.Add(12 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if len(account.Gained) != 1 || len(account.Lost) != 1 || !account.Gained[0].At.Equal(start.Add(6*time.Hour)) {
		t.Errorf("gained %+v and lost %+v", account.Gained, account.Lost)
	}
}

// Two moments differ in what each entity says at one and at the other.
func comparesEach(rt *rapid.T, ctx context.Context, w *world) {
	from, to := projections.Moment{At: at(rt, "from")}, projections.Moment{At: at(rt, "to")}
	c, err := w.ledger.Compare(ctx, from, to, nil)
	if err != nil {
		rt.Fatal(err)
	}
	want, got := map[string]ledger.Difference{}, map[string]ledger.Difference{}
	for _, name := range names {
		ref := "component:default/" + name
		if d, err := w.ledger.CompareEntity(ctx, ref, from, to); err == nil && d.Op != "" {
			want[ref] = d
		}
	}
	all, err := c.Tell(c.All)
	if err != nil {
		rt.Fatal(err)
	}
	var ofTeam []ledger.Difference // at either moment
	for i, d := range all {
		for _, s := range []*entities.Snapshot{c.Before, c.After} {
			if e, ok := s.Get(d.Ref); ok && e.Owner() == "group:default/team-a" && !slices.ContainsFunc(ofTeam, func(o ledger.Difference) bool { return o.Ref == d.Ref }) {
				ofTeam = append(ofTeam, c.All[i])
			}
		}
		d.Owner = ""
		got[d.Ref] = d
	}
	if d := cmp.Diff(want, got); d != "" {
		rt.Fatalf("each entity by itself (-) and all of the catalog (+):\n%s", d)
	}
	some, err := w.ledger.Compare(ctx, from, to, entities.Equals{Key: "relations.ownedby", Values: []string{"group:default/team-a"}})
	if err != nil {
		rt.Fatal(err)
	}
	if d := cmp.Diff(ofTeam, some.All, cmpopts.EquateEmpty()); d != "" {
		rt.Fatalf("of a team, out of all (-) and asked for (+):\n%s", d)
	}
}

// Entities that go from one team to another on one day belong together, and it is
// told if one commit did that.
func TestReorganisations(t *testing.T) {
	w := newWorld(t, t.Context(), filepath.Join(t.TempDir(), "history.db"))
	one := func(r *eventlog.Record) { r.Cause.Commit = "c0ffee" }
	for _, name := range names {
		w.add(t, 0, false, "component:default/"+name, event.EntityRegistered{Declaration: projectiontest.Component(name, "team-a")})
	}
	for _, name := range names[:3] {
		w.add(t, 24, false, "component:default/"+name, event.EntityChanged{Declaration: projectiontest.Component(name, "team-b")}, one)
	}
	w.add(t, 48, false, "component:default/till", event.EntityChanged{Declaration: projectiontest.Component("till", "team-b")})
	w.fold(t, t.Context())
	account, err := w.ledger.Team(t.Context(), "group:default/team-a", start, projections.Moment{})
	if err != nil {
		t.Fatal(err)
	}
	if account.Before != 4 || account.After != 0 || len(account.Lost) != 4 || len(account.Gained) != 0 {
		t.Errorf("the account is %+v", account)
	}
	if len(account.Reorganisations) != 1 {
		t.Fatalf("there are %d reorganisations, want the one of three entities", len(account.Reorganisations))
	}
	r := account.Reorganisations[0]
	refs := map[string]bool{}
	for _, transfer := range r.Transfers {
		refs[transfer.Ref] = true
	}
	if got := slices.Sorted(maps.Keys(refs)); !slices.Equal(got, []string{"component:default/checkout", "component:default/ledger", "component:default/payments"}) {
		t.Errorf("it is of %v", got)
	}
	if r.From != "group:default/team-a" || r.To != "group:default/team-b" || r.OneCommit() == nil {
		t.Errorf("it is %+v", r)
	}
}
