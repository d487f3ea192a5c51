package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
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

// past is an API over a real history, a minute for each event from 12 March 2026,
// 09:01 on:
//
//  1. ledger of team-a   2. payments of team-a       3. payments to team-b, with a tag
//  4. ledger to team-b   5. payments needs ledger    6. payments is removed
func past(t *testing.T) *httptest.Server {
	t.Helper()
	payments := func(owner string, tags ...string) event.Declaration {
		d := projectiontest.Component("payments", owner)
		d.Entity.Metadata.Tags = tags
		return d
	}
	needs := payments("team-b", "tier-1")
	needs.Entity.Spec["dependsOn"] = []any{"component:ledger"}
	const ref, other = "component:default/payments", "component:default/ledger"
	story := projectiontest.NewStory(t).
		Add(other, event.EntityRegistered{Declaration: projectiontest.Component("ledger", "team-a")}, projectiontest.By("mossbank", "aaa111")).
		Add(ref, event.EntityRegistered{Declaration: payments("team-a")}, projectiontest.By("mossbank", "bbb222")).
		Add(ref, event.EntityChanged{Declaration: payments("team-b", "tier-1")}, projectiontest.By("saltmarsh", "ccc333")).
		Add(other, event.EntityChanged{Declaration: projectiontest.Component("ledger", "team-b")}, projectiontest.By("saltmarsh", "ccc333")).
		Add(ref, event.EntityChanged{Declaration: needs}, projectiontest.By("kestrel-7", "ddd444")).
		Add(ref, event.EntityRemoved{Ref: ref, Reason: "catalog-info.yaml was deleted", Origin: needs.Origin}, projectiontest.By("mossbank", "eee555"), func(r *eventlog.Record) {
			r.Extensions = map[string]string{event.UndoesExtension: "event-5"}
		})

	rows, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	now := func() time.Time { return time.Date(2026, 3, 13, 0, 0, 0, 0, time.UTC) }
	c, h := entities.New(), history.New(rows)
	for _, p := range []projections.Projection{c, h} {
		if err := p.Apply(t.Context(), story.Records()); err != nil {
			t.Fatal(err)
		}
	}
	m := moments.New(c, h, nil, func(context.Context, eventlog.Position) error { return nil }, now)
	e := echo.New()
	api.New(api.Config{
		Catalog: c.Snapshot, Moments: m, History: h, Ledger: ledger.New(h, m, catalog.BuiltIn(), now), Kinds: catalog.BuiltIn(),
		Wait: func(context.Context, eventlog.Position) error { return nil }, Logger: slog.New(slog.DiscardHandler),
	}).Register(e)
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return s
}

// ask returns the body of an answer.
func ask(t *testing.T, s *httptest.Server, path string, status int) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/history/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || resp.StatusCode != status {
		t.Fatalf("%s: %d %v, %v; want %d", path, resp.StatusCode, body, err, status)
	}
	return body
}

// lines are the values of some fields of each item, "owner", "began.actor.login".
func lines(list any, fields ...string) (all []string) {
	items, _ := list.([]any)
	for _, item := range items {
		var words []string
		for _, field := range fields {
			v := item
			for key := range strings.SplitSeq(field, ".") {
				m, _ := v.(map[string]any)
				v = m[key]
			}
			switch v := v.(type) {
			case nil:
				words = append(words, "-")
			case string:
				words = append(words, v)
			default:
				b, _ := json.Marshal(v)
				words = append(words, string(b))
			}
		}
		all = append(all, strings.Join(words, " "))
	}
	return all
}

const ofPayments = "entities/Component/default/payments"

func TestVersions(t *testing.T) {
	s := past(t)
	body := ask(t, s, ofPayments, 200)
	want := []string{
		"6 - false mossbank eee555 catalog-info.yaml was deleted []",
		`5 3 true kestrel-7 ddd444 dependsOn [{"after":["component:ledger"],"op":"add","path":"spec.dependsOn"}]`,
		`3 2 true saltmarsh ccc333 tags, owner [{"after":["tier-1"],"op":"add","path":"metadata.tags"},{"after":"team-b","before":"team-a","op":"change","path":"spec.owner"}]`,
		"2 1 true mossbank bbb222 service, owned by team-a []",
	}
	got := lines(body["items"], "position", "version", "present", "actor.login", "cause.commit", "summary", "changes")
	if d := cmp.Diff(want, got); d != "" || body["totalItems"] != 4.0 {
		t.Errorf("of %v:\n%s", body["totalItems"], d)
	}
	// Page by page, the other way round, and up to a moment.
	body = ask(t, s, ofPayments+"?order=asc&limit=3", 200)
	if got := lines(body["items"], "position"); !cmp.Equal(got, []string{"2", "3", "5"}) || body["nextCursor"] != "5" {
		t.Errorf("the first page has %v, and then %v", got, body["nextCursor"])
	}
	body = ask(t, s, ofPayments+"?order=asc&limit=3&after=5", 200)
	if got := lines(body["items"], "position"); !cmp.Equal(got, []string{"6"}) || body["nextCursor"] != nil {
		t.Errorf("the second page has %v, and then %v", got, body["nextCursor"])
	}
	for _, moment := range []string{"at=2026-03-12T09:03:00Z", "known=3", "at=3"} {
		if got := lines(ask(t, s, ofPayments+"?"+moment, 200)["items"], "position"); !cmp.Equal(got, []string{"3", "2"}) {
			t.Errorf("%s: %v", moment, got)
		}
	}
	ask(t, s, ofPayments+"?at=2026-03-11", 404)
	ask(t, s, "entities/component/default/nothing", 404)
	ask(t, s, ofPayments+"?at=soon", 400)
}

func TestBlame(t *testing.T) {
	s := past(t)
	want := []string{
		"apiVersion backstage.io/v1alpha1 2 mossbank bbb222 2026-03-12T09:02:00Z",
		"kind Component 2 mossbank bbb222 2026-03-12T09:02:00Z",
		"metadata.name payments 2 mossbank bbb222 2026-03-12T09:02:00Z",
		"metadata.namespace default 2 mossbank bbb222 2026-03-12T09:02:00Z",
		"metadata.tags tier-1 3 saltmarsh ccc333 2026-03-12T09:03:00Z",
		"spec.dependsOn component:ledger 5 kestrel-7 ddd444 2026-03-12T09:05:00Z",
		"spec.lifecycle production 2 mossbank bbb222 2026-03-12T09:02:00Z",
		"spec.owner team-b 3 saltmarsh ccc333 2026-03-12T09:03:00Z",
		"spec.type service 2 mossbank bbb222 2026-03-12T09:02:00Z",
	}
	if d := cmp.Diff(want, lines(ask(t, s, ofPayments+"/blame?at=5", 200)["items"], "path", "value", "position", "actor.login", "commit", "since")); d != "" {
		t.Error(d)
	}
	if got := ask(t, s, ofPayments+"/blame", 200)["items"]; len(got.([]any)) > 0 {
		t.Errorf("what is removed has fields: %v", got)
	}
}

func TestOwners(t *testing.T) {
	s := past(t)
	body := ask(t, s, ofPayments+"/owners", 200)
	want := []string{
		"owned group:default/team-a 2026-03-12T09:02:00Z 2026-03-12T09:03:00Z 2 3",
		"owned group:default/team-b 2026-03-12T09:03:00Z 2026-03-12T09:06:00Z 3 6",
		"absent - 2026-03-12T09:06:00Z - 6 -",
	}
	if d := cmp.Diff(want, lines(body["items"], "state", "owner", "from", "to", "began.position", "ended.position")); d != "" || body["until"] != "2026-03-13T00:00:00Z" {
		t.Errorf("until %v:\n%s", body["until"], d)
	}
}

func TestRelationsGainedAndLost(t *testing.T) {
	s := past(t)
	want := []string{
		"gained ownedBy group:default/team-a 1 component:default/ledger",
		"gained ownedBy group:default/team-b 4 component:default/ledger",
		"lost ownedBy group:default/team-a 4 component:default/ledger",
		"gained dependencyOf component:default/payments 5 component:default/payments",
		"lost dependencyOf component:default/payments 6 component:default/payments",
	}
	if d := cmp.Diff(want, lines(ask(t, s, "entities/component/default/ledger/relations", 200)["items"], "op", "type", "targetRef", "by.position", "by.entity")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want[3:4], lines(ask(t, s, "entities/component/default/ledger/relations?from=4&to=5", 200)["items"], "op", "type", "targetRef", "by.position", "by.entity")); d != "" {
		t.Error(d)
	}
	ask(t, s, "entities/component/default/ledger/relations?from=5&to=4", 400)
}

func TestLedgerOfATeam(t *testing.T) {
	s := past(t)
	body := ask(t, s, "entities/group/default/team-b/ledger?from=2", 200)
	if body["before"] != 0.0 || body["after"] != 1.0 {
		t.Errorf("it had %v and has %v", body["before"], body["after"])
	}
	if d := cmp.Diff([]string{"component:default/ledger group:default/team-a 4", "component:default/payments group:default/team-a 3"}, lines(body["gained"], "ref", "from", "by.position")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"component:default/payments - true 6"}, lines(body["lost"], "ref", "to", "removed", "by.position")); d != "" {
		t.Error(d)
	}
	want := []string{`group:default/team-a group:default/team-b 2026-03-12 ccc333 ["component:default/ledger","component:default/payments"]`}
	if d := cmp.Diff(want, lines(body["reorganisations"], "from", "to", "day", "commit", "refs")); d != "" {
		t.Error(d)
	}
	ask(t, s, "entities/group/default/nobody/ledger", 404)
}

// A period has what is true from one bound on and before the other, and a date is its
// beginning, whatever is asked for it.
func TestPeriod(t *testing.T) {
	s := past(t)
	const team = "entities/group/default/team-b/ledger?"
	for _, c := range []struct {
		period                                  string
		events, differences, relations, changes int
	}{
		{"from=2026-03-12&to=2026-03-13", 6, 1, 5, 3},
		{"from=2026-03-12T09:05:30Z&to=2026-03-13", 1, 1, 1, 1},
		{"from=2026-03-12&to=2026-03-12T09:03:30Z", 3, 2, 1, 1},
	} {
		got := []int{
			len(lines(ask(t, s, "events?"+c.period, 200)["items"], "position")), len(lines(ask(t, s, "diff?"+c.period, 200)["items"], "ref")),
			len(lines(ask(t, s, "entities/component/default/ledger/relations?"+c.period, 200)["items"], "op")),
		}
		team := ask(t, s, team+c.period, 200)
		got = append(got, len(lines(team["gained"], "ref"))+len(lines(team["lost"], "ref")))
		if !strings.HasPrefix(fmt.Sprint(team["from"]), "2026-03-12T0") {
			t.Errorf("%s begins at %v", c.period, team["from"])
		}
		if d := cmp.Diff([]int{c.events, c.differences, c.relations, c.changes}, got); d != "" {
			t.Errorf("%s: events, differences, relations, transfers (-want +got):\n%s", c.period, d)
		}
	}
	for _, of := range []string{"events?", "diff?"} {
		for _, period := range []string{"from=2026-03-11&to=2026-03-12", "from=2026-03-12&to=2026-03-12"} {
			if items := ask(t, s, of+period, 200)["items"].([]any); len(items) > 0 {
				t.Errorf("%s%s: %v", of, period, items)
			}
		}
	}
	for _, wrong := range []string{"2999-01-01", "2999-01-01&to=3000-01-01", "2026-03-13T00:00:00Z", "2026-03-12T12:00&to=2026-03-12"} {
		for _, of := range []string{"diff?", team, ofPayments + "/diff?", ofPayments + "/relations?"} {
			if body := ask(t, s, of+"from="+wrong, 400); !strings.Contains(fmt.Sprint(body["detail"]), "is not before") {
				t.Errorf("%s from %s: %v", of, wrong, body["detail"])
			}
		}
	}
}

// What is asked for by a name that is not known is not answered with something else.
func TestUnknownParameters(t *testing.T) {
	s := past(t)
	for _, path := range []string{
		"events?att=2026-02-01", "events?known=1&moment=3", "events/1?at=2", "feed?at=2026-02-01", "export?until=3", ofPayments + "?entity=component:ledger", ofPayments + "/blame?att=2",
		ofPayments + "/owners?att=2026-02-01", ofPayments + "/relations?at=2", ofPayments + "/ledger?since=2", ofPayments + "/diff?from=1&at=3", "diff?from=1&filters=kind=component", "seal?at=1", "key?x=1",
		"records?from=3", "proof?pos=2", "proof/consistency?frm=2", ofPayments + "/owners?at=1&at=2",
	} {
		if body := ask(t, s, path, 400); !strings.Contains(fmt.Sprint(body["detail"]), "query") {
			t.Errorf("%s: %v", path, body["detail"])
		}
	}
	if got := lines(ask(t, s, "events?entity=&at=2026-03-12T09:03&type=", 200)["items"], "position"); !slices.Equal(got, []string{"3", "2", "1"}) {
		t.Errorf("at a moment, with what was left empty: %v", got)
	}
	if got := lines(ask(t, s, "events?known=4&from=2026-03-12T09:03", 200)["items"], "position"); !slices.Equal(got, []string{"4", "3"}) {
		t.Errorf("by what was known at event 4: %v", got)
	}
	ask(t, s, ofPayments+"?after=99999", 400)
	ask(t, s, ofPayments+"?after=1", 400) // of another entity
}

// By what was on record then.
func TestKnownThen(t *testing.T) {
	s := past(t)
	for asked, want := range map[string]string{"at=4&known=then": "at=4&known=4", "at=2026-03-12T09:04:30&known=then": "at=2026-03-12T09:04:30&known=4"} {
		for _, of := range []string{ofPayments + "/owners?", ofPayments + "?", "events?"} {
			if d := cmp.Diff(ask(t, s, of+want, 200), ask(t, s, of+asked, 200)); d != "" {
				t.Errorf("%s%s (-%s +then):\n%s", of, asked, want, d)
			}
		}
	}
	for asked, want := range map[string]string{"from=1&to=4&known=then": "from=1&to=4&known=4", "from=1&to=2026-03-12T09:03:30Z&known=then": "from=1&to=2026-03-12T09:03:30Z&known=3"} {
		if d := cmp.Diff(ask(t, s, "diff?"+want, 200), ask(t, s, "diff?"+asked, 200)); d != "" {
			t.Errorf("%s (-%s +then):\n%s", asked, want, d)
		}
	}
	if body := ask(t, s, ofPayments+"/owners?known=then", 400); !strings.Contains(fmt.Sprint(body["detail"]), "at") {
		t.Errorf("then, without a moment: %v", body["detail"])
	}
}

func TestDiff(t *testing.T) {
	s := past(t)
	all := []string{"ref", "owner", "op", "last.position", "changes"}
	body := ask(t, s, "diff?from=1&to=4", 200)
	want := []string{
		`component:default/ledger group:default/team-b changed 4 [{"after":"team-b","before":"team-a","op":"change","path":"spec.owner"}]`,
		"component:default/payments group:default/team-b added 3 []",
	}
	if d := cmp.Diff(want, lines(body["items"], all...)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]any{"added": 1.0, "removed": 0.0, "changed": 1.0}, body["counts"]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"group:default/team-b 1 0 1"}, lines(body["teams"], "owner", "added", "removed", "changed")); d != "" {
		t.Error(d)
	}
	// Page by page, filtered, and backwards up to now.
	first := ask(t, s, "diff?from=1&to=4&limit=1", 200)
	second := ask(t, s, "diff?from=1&to=4&limit=1&after="+first["nextCursor"].(string), 200)
	if d := cmp.Diff(want, append(lines(first["items"], all...), lines(second["items"], all...)...)); d != "" || second["nextCursor"] != nil {
		t.Errorf("and then %v:\n%s", second["nextCursor"], d)
	}
	if d := cmp.Diff(want[1:], lines(ask(t, s, "diff?from=1&to=4&filter=metadata.tags=tier-1", 200)["items"], all...)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"component:default/payments group:default/team-b removed 6 []"}, lines(ask(t, s, "diff?from=5", 200)["items"], all...)); d != "" {
		t.Error(d)
	}
	// What was believed once, of a time.
	if got := ask(t, s, "diff?from=1&to=4&known=3", 200)["items"]; len(got.([]any)) != 1 {
		t.Errorf("by event 3 one difference was known, not %v", got)
	}
	for _, wrong := range []string{"diff", "diff?from=soon", "diff?from=4&to=1", "diff?from=1&after=!"} {
		ask(t, s, wrong, 400)
	}

	one := ask(t, s, ofPayments+"/diff?from=2&to=3", 200)
	if d := cmp.Diff([]string{"metadata.tags", "spec.owner"}, lines(one["changes"], "path")); d != "" || one["op"] != "changed" {
		t.Errorf("%v: %s", one["op"], d)
	}
	for ends, op := range map[string]string{"from=1&to=2": "added", "from=5": "removed", "from=3&to=4": "same"} {
		if got := ask(t, s, ofPayments+"/diff?"+ends, 200)["op"]; got != op {
			t.Errorf("%s: %v, want %s", ends, got, op)
		}
	}
}
