package entities_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/projectiontest"
)

const payments = "component:default/payments"

func folded(t *testing.T, s *projectiontest.Story) *entities.Snapshot {
	t.Helper()
	c := entities.New()
	if err := c.Apply(t.Context(), s.Records()); err != nil {
		t.Fatal(err)
	}
	return c.Snapshot()
}

func rejected(ref string, d event.Declaration) event.EntityRejected {
	return event.EntityRejected{Ref: ref, Origin: d.Origin, Problems: []event.Problem{{Path: "spec.owner", Line: 9, Column: 3, Message: "must be a string"}}}
}

func TestProjection(t *testing.T) {
	changed := projectiontest.Component("payments", "team-b")
	s := projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: projectiontest.Component("payments", "team-a")}).
		Add("component:default/ledger", event.EntityRegistered{Declaration: projectiontest.Component("ledger", "team-a")}).
		Add(payments, event.EntityRejected{Ref: payments, Origin: changed.Origin, Problems: []event.Problem{{Line: 1, Column: 1, Message: "x"}}}).
		Add(payments, event.EntityChanged{Declaration: changed}).
		Add("component:default/ledger", event.EntityRemoved{Ref: "component:default/ledger", Reason: "gone", Origin: projectiontest.Component("ledger", "").Origin})
	projectiontest.Run(t, func(*testing.T) *entities.Catalog { return entities.New() }, s.Records(), func(t *testing.T, c *entities.Catalog) any {
		t.Helper()
		b, err := json.Marshal(c.Snapshot().All())
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	})
}

func TestOwnerChange(t *testing.T) {
	s := folded(t, projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: projectiontest.Component("payments", "team-a")}, projectiontest.By("mossbank", "aaa")).
		Add(payments, event.EntityChanged{Declaration: projectiontest.Component("payments", "team-b")}, projectiontest.By("saltmarsh", "bbb")))
	e, ok := s.Get(payments)
	if !ok {
		t.Fatal("payments is not in the catalog")
	}
	if got, want := e.Owner(), "group:default/team-b"; got != want {
		t.Errorf("owner is %s, want %s", got, want)
	}
	if e.Since.Position != 2 || e.Since.Actor.Login != "saltmarsh" || e.Since.Cause.Commit != "bbb" {
		t.Errorf("since is %+v, want the second event with its cause", e.Since)
	}
	if e.Registered.After(e.Since.Time) || e.Registered.Equal(e.Since.Time) {
		t.Errorf("registered %v must stay that of the first event", e.Registered)
	}
}

// What lists show of an entity is what the entity says.
func TestBriefIsOfTheEntity(t *testing.T) {
	s := projectiontest.NewStory(t)
	declare := func(kind, name, title string, spec map[string]any) string {
		d := projectiontest.Component(name, "team-a")
		d.Entity.Kind, d.Entity.Metadata.Title, d.Entity.Spec = kind, title, spec
		d.Entity.Metadata.Annotations = map[string]string{"kind": "no kind", "title": "no title"}
		s.Add(d.Entity.Ref().String(), event.EntityRegistered{Declaration: d})
		return d.Entity.Ref().String()
	}
	refs := []string{
		declare("Component", "payments", "", map[string]any{"type": "service", "lifecycle": "production", "owner": "team-a", "profile": map[string]any{"type": "none"}}),
		declare("Component", "stray", "A \"stray\" <one> é", map[string]any{"type": "website", "lifecycle": "production"}),
		declare("Group", "team-a", "Team A", map[string]any{"type": "team", "children": []any{}}),
		declare("Domain", "money", "", map[string]any{"owner": "team-a", "type": []any{"a", "list"}}),
	}
	snapshot := folded(t, s)
	for _, ref := range refs {
		e, _ := snapshot.Get(ref)
		got, ok := snapshot.Brief(ref)
		want := entities.Brief{Kind: e.Entity.Kind, Title: e.Entity.Title(), Type: e.Type(), Owner: e.Owner()}
		if d := cmp.Diff(want, got); !ok || d != "" {
			t.Errorf("%s (-entity +brief):\n%s", ref, d)
		}
	}
	if got, ok := snapshot.Brief("component:default/none"); ok {
		t.Errorf("of what is not there: %+v", got)
	}
}

// The other end of a relation learns of it whichever of the two comes first, and
// forgets it when the declaring entity drops it or goes.
func TestRelationsInBothDirections(t *testing.T) {
	group := event.Declaration{
		Entity: catalog.Entity{APIVersion: "backstage.io/v1alpha1", Kind: "Group", Metadata: catalog.Metadata{Name: "team-a", Namespace: "default"},
			Spec: map[string]any{"type": "team", "children": []any{}}},
		Origin: event.Origin{Source: "github", RepositoryID: "people", Path: "org.yaml"},
	}
	const team = "group:default/team-a"
	addGroup := func(s *projectiontest.Story) {
		s.Add(team, event.EntityRegistered{Declaration: group})
	}
	addComponent := func(s *projectiontest.Story) {
		s.Add(payments, event.EntityRegistered{Declaration: projectiontest.Component("payments", "team-a")})
	}
	for _, tt := range []struct {
		name string
		do   []func(*projectiontest.Story)
		want []catalog.Relation
	}{
		{"group first", []func(*projectiontest.Story){addGroup, addComponent}, []catalog.Relation{{Type: "ownerOf", TargetRef: payments}}},
		{"component first", []func(*projectiontest.Story){addComponent, addGroup}, []catalog.Relation{{Type: "ownerOf", TargetRef: payments}}},
		{"owner changed", []func(*projectiontest.Story){addGroup, addComponent, func(s *projectiontest.Story) {
			s.Add(payments, event.EntityChanged{Declaration: projectiontest.Component("payments", "team-b")})
		}}, nil},
		{"component removed", []func(*projectiontest.Story){addGroup, addComponent, func(s *projectiontest.Story) {
			s.Add(payments, event.EntityRemoved{Ref: payments, Origin: projectiontest.Component("payments", "").Origin})
		}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := projectiontest.NewStory(t)
			for _, do := range tt.do {
				do(s)
			}
			e, ok := folded(t, s).Get(team)
			if !ok {
				t.Fatal("the group is not in the catalog")
			}
			if d := cmp.Diff(tt.want, e.Relations); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRejection(t *testing.T) {
	d := projectiontest.Component("payments", "team-a")
	start := func(t *testing.T) *projectiontest.Story {
		t.Helper()
		return projectiontest.NewStory(t).Add(payments, event.EntityRegistered{Declaration: d}).Add(payments, rejected(payments, d))
	}
	t.Run("the last good version stays", func(t *testing.T) {
		e, _ := folded(t, start(t)).Get(payments)
		if e.Owner() != "group:default/team-a" {
			t.Errorf("owner is %q", e.Owner())
		}
		if e.Rejection == nil || e.Rejection.Position != 2 {
			t.Fatalf("rejection is %+v, want that of event 2", e.Rejection)
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if want := `"message":"InputError: catalog-info.yaml:9:3 spec.owner must be a string"`; !strings.Contains(string(b), want) {
			t.Errorf("%s\nlacks %s", b, want)
		}
	})
	t.Run("a good version ends it", func(t *testing.T) {
		s := folded(t, start(t).Add(payments, event.EntityChanged{Declaration: d}))
		if e, _ := s.Get(payments); e.Rejection != nil || len(s.Rejections()) != 0 {
			t.Errorf("rejection is still there: %+v, %d in all", e.Rejection, len(s.Rejections()))
		}
	})
	t.Run("moving to a good file ends it", func(t *testing.T) {
		moved := d
		moved.Origin.Path = "deploy/catalog-info.yaml"
		if s := folded(t, start(t).Add(payments, event.EntityChanged{Declaration: moved})); len(s.Rejections()) != 0 {
			t.Errorf("%d rejections are left", len(s.Rejections()))
		}
	})
	t.Run("of a second declaration elsewhere", func(t *testing.T) {
		other := d
		other.Origin.RepositoryID, other.Origin.Repository = "copy", "acme/copy"
		story := projectiontest.NewStory(t).Add(payments, event.EntityRegistered{Declaration: d}).Add(payments, rejected(payments, other))
		s := folded(t, story)
		if e, _ := s.Get(payments); e.Rejection != nil {
			t.Error("the first declaration must not show what is wrong with the second")
		}
		if len(s.Rejections()) != 1 {
			t.Errorf("%d rejections, want 1", len(s.Rejections()))
		}
		s = folded(t, story.Add(payments, event.EntityRemoved{Ref: payments, Origin: other.Origin}))
		if _, ok := s.Get(payments); !ok || len(s.Rejections()) != 0 {
			t.Errorf("the end of the second declaration: first there %v, rejections %d; want true, 0", ok, len(s.Rejections()))
		}
	})
	t.Run("of a file that says nothing", func(t *testing.T) {
		story := projectiontest.NewStory(t).Add("file:github/acme/payments/catalog-info.yaml", rejected("", d))
		if s := folded(t, story); s.Len() != 0 || len(s.Rejections()) != 1 {
			t.Errorf("%d entities, %d rejections; want 0, 1", s.Len(), len(s.Rejections()))
		}
		if s := folded(t, story.Add(payments, event.EntityRegistered{Declaration: d})); s.Len() != 1 || len(s.Rejections()) != 0 {
			t.Errorf("%d entities, %d rejections; want 1, 0", s.Len(), len(s.Rejections()))
		}
	})
}

// A snapshot that a reader holds stays as it is while the catalog goes on.
func TestSnapshotsDoNotChange(t *testing.T) {
	c := entities.New()
	s := projectiontest.NewStory(t)
	for i := range 300 {
		name := fmt.Sprintf("svc-%03d", i)
		s.Add("component:default/"+name, event.EntityRegistered{Declaration: projectiontest.Component(name, "team-a")})
	}
	if err := c.Apply(t.Context(), s.Records()); err != nil {
		t.Fatal(err)
	}
	before := c.Snapshot()
	n := len(s.Records())
	s.Add("component:default/svc-007", event.EntityChanged{Declaration: projectiontest.Component("svc-007", "team-b")}).
		Add("component:default/svc-008", event.EntityRemoved{Ref: "component:default/svc-008", Origin: projectiontest.Component("svc-008", "").Origin})
	if err := c.Apply(t.Context(), s.Records()[n:]); err != nil {
		t.Fatal(err)
	}
	if e, _ := before.Get("component:default/svc-007"); e.Owner() != "group:default/team-a" {
		t.Errorf("the older snapshot shows owner %s", e.Owner())
	}
	if _, ok := before.Get("component:default/svc-008"); !ok || before.Len() != 300 || before.Position() != eventlog.Position(n) {
		t.Errorf("the older snapshot: svc-008 there %v, %d entities, position %d", ok, before.Len(), before.Position())
	}
	after := c.Snapshot()
	if _, ok := after.Get("component:default/svc-008"); ok || after.Len() != 299 || len(after.All()) != 299 {
		t.Errorf("the newer snapshot: svc-008 there %v, %d entities, %d listed", ok, after.Len(), len(after.All()))
	}
}

func TestFind(t *testing.T) {
	c := projectiontest.Component("payments", "team-a")
	c.Entity.Metadata.Description, c.Entity.Metadata.Tags = "Takes card payments", []string{"go", "pci"}
	c.Entity.Metadata.Annotations = map[string]string{catalog.AnnotationViewURL: "https://git.acme.example/secret-folder", "acme.example/tier": "first"}
	l := projectiontest.Component("ledger", "team-b")
	l.Entity.Metadata.Tags = []string{"go"}
	l.Entity.Spec["lifecycle"] = "deprecated"
	l.Origin.Parent = "location:default/money"
	o := projectiontest.Component("orphan", "")
	delete(o.Entity.Spec, "owner")
	story := projectiontest.NewStory(t)
	for _, d := range []event.Declaration{c, l, o} {
		story.Add(d.Entity.Ref().String(), event.EntityRegistered{Declaration: d})
	}
	s := folded(t, story)
	names := func(r entities.Result) string {
		var all []string
		for _, e := range r.Entries {
			all = append(all, e.Entity.Metadata.Name)
		}
		return strings.Join(all, " ")
	}
	for _, tt := range []struct {
		name string
		q    entities.Query
		want string
	}{
		{"all, by name", entities.Query{}, "ledger orphan payments"},
		{"newest change first", entities.Query{Order: entities.ByChanged}, "orphan ledger payments"},
		{"alternatives", entities.Query{Lifecycles: []string{"deprecated", "PRODUCTION"}}, "ledger orphan payments"},
		{"owner", entities.Query{Owners: []string{"group:default/team-a"}}, "payments"},
		{"no owner", entities.Query{Owners: []string{entities.NoOwner}}, "orphan"},
		{"every tag", entities.Query{Tags: []string{"go", "pci"}}, "payments"},
		{"what a location led to", entities.Query{Parents: []string{"location:default/money"}}, "ledger"},
		{"words", entities.Query{Text: "PAY card"}, "payments"},
		{"annotation", entities.Query{Text: "tier"}, "payments"},
		{"not our own annotations", entities.Query{Text: "secret-folder"}, ""},
		{"page", entities.Query{Offset: 1, Limit: 1}, "orphan"},
		{"first page, newest change first", entities.Query{Order: entities.ByChanged, Limit: 1}, "orphan"},
		{"second page, newest change first", entities.Query{Order: entities.ByChanged, Offset: 1, Limit: 1}, "ledger"},
		{"by owner", entities.Query{Order: entities.ByOwner, Offset: 1, Limit: 5}, "ledger orphan"},
		{"page past the end", entities.Query{Offset: 10, Limit: 5}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := names(s.Find(tt.q)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("facets count what another choice would give", func(t *testing.T) {
		r := s.Find(entities.Query{Tags: []string{"go"}, Lifecycles: []string{"production"}})
		if d := cmp.Diff([]entities.Count{{Value: "deprecated", Count: 1}, {Value: "production", Count: 1}}, r.Facets.Lifecycles); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]entities.Count{{Value: "group:default/team-a", Count: 1}}, r.Facets.Owners); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]entities.Count{{Value: "go", Count: 1}, {Value: "pci", Count: 1}}, r.Facets.Tags); d != "" {
			t.Errorf("a further tag narrows: %s", d)
		}
		if r.Total != 1 || r.All != 3 {
			t.Errorf("total %d of %d, want 1 of 3", r.Total, r.All)
		}
	})
}

// A page is cut from the answer, whatever its order and however large the rest.
func TestPagesMakeTheWhole(t *testing.T) {
	story := projectiontest.NewStory(t)
	for i := range 200 {
		d := projectiontest.Component(fmt.Sprintf("service-%03d", i*37%200), fmt.Sprintf("team-%d", i%7))
		d.Entity.Metadata.Title = fmt.Sprintf("Service %d", i%11)
		story.Add(d.Entity.Ref().String(), event.EntityRegistered{Declaration: d})
	}
	s := folded(t, story)
	refs := func(es []*entities.Entry) []string {
		var all []string
		for _, e := range es {
			all = append(all, e.Ref)
		}
		return all
	}
	for _, order := range []entities.Sort{entities.ByName, entities.ByChanged, entities.ByOwner} {
		t.Run(string(order), func(t *testing.T) {
			var paged []string
			for offset := 0; offset < 200; offset += 7 {
				paged = append(paged, refs(s.Find(entities.Query{Order: order, Offset: offset, Limit: 7}).Entries)...)
			}
			if d := cmp.Diff(refs(s.Find(entities.Query{Order: order}).Entries), paged); d != "" {
				t.Errorf("the whole (-) and its pages (+):\n%s", d)
			}
		})
	}
}

// A search makes nothing for each entity that it looks at, only for those that
// it returns.
func TestFindAllocatesForTheAnswerOnly(t *testing.T) {
	allocations := func(n int) float64 {
		story := projectiontest.NewStory(t)
		for i := range n {
			d := projectiontest.Component(fmt.Sprintf("service-%04d", i), "team-a")
			story.Add(d.Entity.Ref().String(), event.EntityRegistered{Declaration: d})
		}
		s := folded(t, story)
		return testing.AllocsPerRun(5, func() {
			s.Find(entities.Query{Text: "service", Owners: []string{"group:default/team-a"}, Limit: 20})
		})
	}
	few, many := allocations(100), allocations(2000)
	if many > few+200 {
		t.Errorf("%v allocations for a page of 20 among 2,000 entities, %v among 100", many, few)
	}
}
