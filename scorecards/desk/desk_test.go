package desk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/desk"
)

// office is a desk over a catalog in memory, which takes what is a good descriptor.
type office struct {
	*desk.Desk
	making   sync.Mutex   // while one is made
	mu       sync.RWMutex // of the maps
	entities map[string]*catalog.Entity
	since    map[string]eventlog.Position
	made     int
	now      time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{entities: map[string]*catalog.Entity{}, since: map[string]eventlog.Position{}, now: time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)}
	o.Desk = &desk.Desk{Catalog: func() desk.Catalog { return o }, Make: o.make, Now: func() time.Time { return o.now }}
	for _, text := range []string{`
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: readiness, title: Readiness}
spec:
  owner: platform
  levels: [{name: Bronze, rank: 1}, {name: Silver, rank: 2}]
  rules: [{id: docs, level: Silver, title: Has docs, expr: docs.present}, {id: owner, level: Silver, title: Has an owner, expr: owner.exists}]
`, `
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: sites, title: Sites}
spec: {filter: 'entity.spec.type == "website"', rules: [{id: docs, title: Has docs, expr: docs.present}]}
`, `
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: tried}
spec: {draft: true, rules: [{id: docs, title: Has docs, expr: docs.present}]}
`, `
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: payments}
spec: {type: service, lifecycle: production, owner: bank}
`, `
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: platform}
spec: {type: team, children: []}
`} {
		f := descriptor.ResolveOf(append(catalog.BuiltIn(), scorecards.Kinds()...), []byte(text), nil)
		if len(f.Documents) != 1 || f.Documents[0].Entity == nil {
			t.Fatalf("%s: %+v", text, f)
		}
		o.entities[f.Documents[0].Ref.String()] = f.Documents[0].Entity
	}
	return o
}

func (o *office) Entity(ref string) (*catalog.Entity, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	e, ok := o.entities[ref]
	return e, ok
}

func (o *office) Since(ref string) eventlog.Position {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.since[ref]
}

func (o *office) Kind(kind string) (all []*catalog.Entity) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, e := range o.entities {
		if e.Kind == kind {
			all = append(all, e)
		}
	}
	return all
}

func (o *office) User(name string) string {
	if name == "Moss Bank" {
		return "user:default/mossbank"
	}
	return ""
}

func (o *office) make(_ context.Context, ref string, decide func(*catalog.Entity) (*catalog.Entity, error)) (eventlog.Position, error) {
	o.making.Lock()
	defer o.making.Unlock()
	now, _ := o.Entity(ref)
	e, err := decide(now)
	if err != nil {
		return 0, err
	}
	o.made++
	o.since[ref] = eventlog.Position(o.made)
	if e == nil {
		delete(o.entities, ref)
		return o.since[ref], nil
	}
	text, err := descriptor.Format(e)
	if err != nil {
		return 0, err
	}
	f := descriptor.ResolveOf(scorecards.Kinds(), text, nil)
	if f.Documents[0].Entity == nil {
		return 0, fault.New(fault.Invalid, "%v in:\n%s", f.Documents[0].Problems, text)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.entities[ref] = f.Documents[0].Entity
	return o.since[ref], nil
}

func (o *office) exemption(t *testing.T, ref string) *scorecards.Exemption {
	t.Helper()
	x, problems := scorecards.ParseExemption(o.entities[ref])
	if x == nil {
		t.Fatal(problems)
	}
	return x
}

// as is a context in which somebody acts.
func as(t *testing.T, name string) context.Context {
	t.Helper()
	return event.WithActor(t.Context(), event.Actor{Name: name})
}

func TestAnExemptionIsAskedForAndDecided(t *testing.T) {
	o := newOffice(t)
	ask := desk.Request{Entity: "payments", Scorecard: "readiness", Rules: []string{"docs"}, Reason: "They move", Until: "2026-06-30"}
	made, err := o.RequestExemption(as(t, "Salt Marsh"), ask)
	if err != nil {
		t.Fatal(err)
	}
	x := o.exemption(t, made.Ref)
	if made.Ref != "exemption:default/payments-docs" || x.Status != scorecards.Requested || x.Entity != "component:default/payments" || x.RequestedBy != "Salt Marsh" || x.Holds(o.now) {
		t.Errorf("%s: %+v", made.Ref, x)
	}
	if _, err := o.RevokeExemption(as(t, "Moss Bank"), made.Ref, desk.Decision{Note: "No"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("what was not granted is revoked: %v", err)
	}
	if _, err := o.GrantExemption(as(t, "Moss Bank"), made.Ref, desk.Decision{Until: "2026-07-01"}); fields(err) != "until" {
		t.Errorf("granted longer than asked for: %v", err)
	}
	if _, err := o.GrantExemption(as(t, "Moss Bank"), made.Ref, desk.Decision{Until: "2026-04-30", Note: "Shorter"}); err != nil {
		t.Fatal(err)
	}
	x = o.exemption(t, made.Ref)
	if !x.Holds(o.now) || x.LastDay().Format(time.DateOnly) != "2026-04-30" || x.DecidedBy != "user:default/mossbank" || x.RequestedBy != "Salt Marsh" || x.Note != "Shorter" {
		t.Errorf("granted: %+v", x)
	}
	if _, err := o.DenyExemption(as(t, "Moss Bank"), made.Ref, desk.Decision{Note: "No"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("what was granted is denied: %v", err)
	}
	if _, err := o.RevokeExemption(as(t, "Fen Lock"), made.Ref, desk.Decision{}); fields(err) != "note" {
		t.Errorf("revoked without a reason: %v", err)
	}
	if _, err := o.RevokeExemption(as(t, "Fen Lock"), made.Ref, desk.Decision{Note: "They are done"}); err != nil {
		t.Fatal(err)
	}
	if x = o.exemption(t, made.Ref); x.Status != scorecards.Revoked || x.DecidedBy != "Fen Lock" {
		t.Errorf("revoked: %+v", x)
	}

	again, err := o.RequestExemption(as(t, "Salt Marsh"), ask)
	if err != nil || again.Ref != "exemption:default/payments-docs-2" {
		t.Fatalf("asked again: %+v, %v", again, err)
	}
	if _, err := o.DenyExemption(as(t, "Moss Bank"), again.Ref, desk.Decision{Note: "Not twice"}); err != nil || o.exemption(t, again.Ref).Status != scorecards.Denied {
		t.Errorf("denied: %v", err)
	}
	// What is over cannot be revoked.
	third, err := o.RequestExemption(as(t, "Salt Marsh"), ask)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.GrantExemption(as(t, "Moss Bank"), third.Ref, desk.Decision{}); err != nil {
		t.Fatal(err)
	}
	o.now = o.now.AddDate(1, 0, 0)
	if _, err := o.RevokeExemption(as(t, "Moss Bank"), third.Ref, desk.Decision{Note: "Late"}); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "is expired") {
		t.Errorf("what is over is revoked: %v", err)
	}
}

// Of those who ask at once for the same rule, one is heard.
func TestAnExemptionIsAskedForOnceByManyAtOnce(t *testing.T) {
	o := newOffice(t)
	asks := [][]string{{"docs"}, {"owner", "docs"}, nil, {"docs", "owner"}}
	var coming, asking sync.WaitGroup
	coming.Add(len(asks))
	o.Make = func(ctx context.Context, ref string, decide func(*catalog.Entity) (*catalog.Entity, error)) (eventlog.Position, error) {
		coming.Done()
		coming.Wait() // all have looked at the catalog as it was
		return o.make(ctx, ref, decide)
	}
	errs := make([]error, len(asks))
	for i, rules := range asks {
		asking.Go(func() {
			_, errs[i] = o.RequestExemption(as(t, "Salt Marsh"), desk.Request{Entity: "payments", Scorecard: "readiness", Rules: rules, Reason: "They move"})
		})
	}
	asking.Wait()
	heard := 0
	for i, err := range errs {
		if err == nil {
			heard++
		} else if _, ok := errors.AsType[desk.AskedFor](err); !ok || fault.KindOf(err) != fault.Conflict {
			t.Errorf("%v: %v, want what refers to the one that waits", asks[i], err)
		}
	}
	if waiting := len(o.Kind(scorecards.KindExemption)); heard != 1 || waiting != 1 {
		t.Errorf("%d were heard and %d wait, want one", heard, waiting)
	}
}

// What waits for a decision is not asked for again, nor a part of it, nor more with it.
func TestAnExemptionIsAskedForOnce(t *testing.T) {
	o := newOffice(t)
	ask := func(rules ...string) (desk.Made, error) {
		return o.RequestExemption(as(t, "Salt Marsh"), desk.Request{Entity: "payments", Scorecard: "readiness", Rules: rules, Reason: "They move"})
	}
	first, err := ask("docs", " docs")
	if err != nil {
		t.Fatal(err)
	}
	if got := o.exemption(t, first.Ref).Rules; !cmp.Equal(got, []string{"docs"}) {
		t.Errorf("asked twice for one rule: %q", got)
	}
	refused := func(what, want, waits string, rules ...string) {
		t.Helper()
		_, err := ask(rules...)
		if twice, ok := errors.AsType[desk.AskedFor](err); !ok || twice.Ref != want || strings.Join(twice.Rules, " ") != waits || fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: %v, want what refers to %s", what, err, want)
		}
	}
	refused("the same again", first.Ref, "docs", "docs")
	refused("more while one waits", first.Ref, "docs", "owner", "docs")
	refused("all rules while one waits", first.Ref, "docs")
	other, err := ask("owner")
	if err != nil {
		t.Fatalf("another rule while one waits: %v", err)
	}
	for _, ref := range []string{first.Ref, other.Ref} {
		if _, err := o.DenyExemption(as(t, "Moss Bank"), ref, desk.Decision{Note: "No"}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	refused("one rule while all wait", all.Ref, "docs", "docs")
	refused("all rules while all wait", all.Ref, "")
	if _, err := o.DenyExemption(as(t, "Moss Bank"), all.Ref, desk.Decision{Note: "No"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ask("docs"); err != nil {
		t.Errorf("after it was denied: %v", err)
	}
}

// fields are those that an error says something is wrong with.
func fields(err error) string {
	problems, ok := errors.AsType[desk.Problems](err)
	if !ok {
		return fmt.Sprint(err)
	}
	var all []string
	for _, p := range problems {
		all = append(all, p.Field)
	}
	return strings.Join(all, " ")
}

// A card of another namespace is named as an address names it, and in each way in which a
// reference may be written.
func TestACardOfAnotherNamespace(t *testing.T) {
	o := newOffice(t)
	f := descriptor.ResolveOf(scorecards.Kinds(), []byte(`
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: safety, namespace: tools, title: Safety}
spec: {rules: [{id: docs, title: Has docs, expr: docs.present}]}
`), nil)
	o.entities["scorecard:tools/safety"] = f.Documents[0].Entity
	for name, want := range map[string]string{
		"tools:safety": "scorecard:tools/safety", "tools/safety": "scorecard:tools/safety", "scorecard:tools/safety": "scorecard:tools/safety",
		"readiness": "scorecard:default/readiness", " default:readiness ": "scorecard:default/readiness", "scorecard:readiness": "scorecard:default/readiness",
	} {
		asked, err := o.RequestExemption(as(t, "Salt Marsh"), desk.Request{Entity: "payments", Scorecard: name, Rules: []string{"docs"}, Reason: "They move"})
		if err != nil {
			t.Errorf("an exemption from %q: %v", name, err)
			continue
		}
		opened, err := o.OpenInitiative(as(t, "Fen Lock"), desk.Terms{Title: "Docs by summer", Scorecard: name, Rules: []string{"docs"}, Target: "2026-06-30"})
		if err != nil {
			t.Errorf("an initiative on %q: %v", name, err)
			continue
		}
		if x, i := o.entities[asked.Ref].SpecString("scorecard"), o.entities[opened.Ref].SpecString("scorecard"); x != want || i != want {
			t.Errorf("%q is %s and %s, want %s", name, x, i, want)
		}
		delete(o.entities, asked.Ref)
		delete(o.entities, opened.Ref)
	}
	for name, want := range map[string]string{"none": "scorecard: there is no scorecard none", "tools:none": "scorecard: there is no scorecard tools:none", "tools:": `scorecard: must be the name of a scorecard, found "tools:"`} {
		if _, err := o.RequestExemption(as(t, "Salt Marsh"), desk.Request{Entity: "payments", Scorecard: name, Reason: "They move"}); err == nil || err.Error() != want {
			t.Errorf("of %q it says %v, want %s", name, err, want)
		}
	}
}

func TestWhatIsWrongIsSaidByField(t *testing.T) {
	o := newOffice(t)
	before := len(o.entities)
	// What is not there is said before what is missing.
	for what, err := range map[string]error{
		"granted": second(o.GrantExemption(t.Context(), "exemption:default/none", desk.Decision{})),
		"denied":  second(o.DenyExemption(t.Context(), "exemption:default/none", desk.Decision{})),
		"revoked": second(o.RevokeExemption(t.Context(), "exemption:default/none", desk.Decision{})),
		"closed":  second(o.CloseInitiative(t.Context(), "initiative:default/none", 0, "")),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("none is %s: %v", what, err)
		}
	}
	for _, tt := range []struct {
		by   string
		ask  desk.Request
		want string
	}{
		{"", desk.Request{Entity: "payments", Scorecard: "readiness", Reason: "x"}, "by"},
		{"a", desk.Request{}, "entity scorecard reason"},
		{"a", desk.Request{Entity: "nobody", Scorecard: "none", Reason: "x"}, "entity scorecard"},
		{"a", desk.Request{Entity: "payments", Scorecard: "tried", Reason: "x"}, "scorecard"},
		{"a", desk.Request{Entity: "payments", Scorecard: "readiness", Rules: []string{"docs", "tests"}, Reason: "x\u202e"}, "rules reason"},
		{"a", desk.Request{Entity: "payments", Scorecard: "sites", Reason: "x"}, "entity"},
		{"a", desk.Request{Entity: "payments", Scorecard: "readiness", Reason: "x", Until: "soon"}, "until"},
		{"a", desk.Request{Entity: "payments", Scorecard: "readiness", Reason: "x", Until: "2026-03-11"}, "until"},
	} {
		if _, err := o.RequestExemption(as(t, tt.by), tt.ask); fields(err) != tt.want || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v by %q: %v, want %s", tt.ask, tt.by, err, tt.want)
		}
	}
	good := desk.Terms{Title: "Silver by summer", Scorecard: "readiness", Level: "Silver", Target: "2026-06-30"}
	for _, tt := range []struct {
		change func(*desk.Terms)
		want   string
	}{
		{func(t *desk.Terms) { t.Title = " " }, "title"},
		{func(t *desk.Terms) { t.Title = strings.Repeat("ü", 201) }, "title"},
		{func(t *desk.Terms) { t.Title = "Silver\nby summer" }, "title"},
		{func(t *desk.Terms) { t.Title, t.Description = "Silver \u202eby summer", "x\x00" }, "title description"},
		{func(t *desk.Terms) { t.Description = strings.Repeat("x", 1001) }, "description"},
		{func(t *desk.Terms) { t.Level = "" }, "level"},
		{func(t *desk.Terms) { t.Level = "Platinum" }, "level"},
		{func(t *desk.Terms) { t.Rules = []string{"docs"} }, "level"},
		{func(t *desk.Terms) { t.Level, t.Rules = "", []string{"tests"} }, "rules"},
		{func(t *desk.Terms) { t.Owner = "nobody" }, "owner"},
		{func(t *desk.Terms) { t.Target = "" }, "target"},
		{func(t *desk.Terms) { t.Target = "2026-03-01" }, "target"},
		{func(t *desk.Terms) { t.Start = "2026-07-01" }, "target"},
		{func(t *desk.Terms) { t.Remind = []int{400} }, "remind"},
		{func(t *desk.Terms) { t.Remind = []int{30, 7, 30} }, "remind"},
		{func(t *desk.Terms) { t.Filter, t.Owner = "entity.spec.", "nobody" }, "owner filter"},
		{func(t *desk.Terms) { t.Filter = "repo.archived" }, "filter"},
	} {
		terms := good
		tt.change(&terms)
		if _, err := o.OpenInitiative(as(t, "Moss Bank"), terms); fields(err) != tt.want {
			t.Errorf("%+v: %v, want %s", terms, err, tt.want)
		}
	}
	if len(o.entities) != before {
		t.Error("something was made all the same")
	}
}

func TestAnInitiativeIsOpenedChangedAndClosed(t *testing.T) {
	o := newOffice(t)
	terms := desk.Terms{
		Title: "Silver by summer!", Description: "All of us.", Owner: "platform", Scorecard: "readiness", Level: "Silver", Filter: `entity.spec.type == "service"`,
		Start: "2026-03-01", Target: "2026-06-30", Remind: []int{30, 7},
	}
	made, err := o.OpenInitiative(as(t, "Moss Bank"), terms)
	if err != nil {
		t.Fatal(err)
	}
	read := func() *scorecards.Initiative {
		t.Helper()
		i, problems := scorecards.ParseInitiative(o.entities[made.Ref])
		if i == nil {
			t.Fatal(problems)
		}
		return i
	}
	i := read()
	if made.Ref != "initiative:default/silver-by-summer" || i.Title != "Silver by summer!" || i.Owner != "group:default/platform" || !i.Open(o.now) || !cmp.Equal(i.Remind, []int{30, 7}) {
		t.Errorf("%s: %+v", made.Ref, i)
	}
	again := terms
	again.Title, again.Level, again.Rules = "silver by SUMMER!", "", []string{"docs"}
	if _, err := o.OpenInitiative(as(t, "Fen Lock"), again); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "open already: "+made.Ref) {
		t.Errorf("the same is opened again: %v", err)
	}
	again.Target = "2026-07-01"
	if other, err := o.OpenInitiative(as(t, "Fen Lock"), again); err != nil || other.Ref == made.Ref {
		t.Errorf("one of another target: %v, %v", other, err)
	}
	terms.Target, terms.Level, terms.Rules = "2026-07-31", "", []string{"docs"}
	if _, err := o.ChangeInitiative(as(t, "Moss Bank"), made.Ref, 0, terms); err != nil {
		t.Fatal(err)
	}
	if i = read(); i.LastDay().Format(time.DateOnly) != "2026-07-31" || i.Level != "" || !cmp.Equal(i.Rules, []string{"docs"}) {
		t.Errorf("changed: %+v", i)
	}
	late := terms
	late.Target, late.Start = "2026-03-11", ""
	if _, err := o.ChangeInitiative(as(t, "Moss Bank"), made.Ref, 0, late); fields(err) != "target" || !read().Open(o.now) {
		t.Errorf("it ends yesterday: %v", err)
	}
	if _, err := o.CloseInitiative(as(t, "Moss Bank"), made.Ref, 0, "All moved"); err != nil {
		t.Fatal(err)
	}
	if i = read(); i.Open(o.now) || i.Note != "All moved" {
		t.Errorf("closed: %+v", i)
	}
	if _, err := o.ChangeInitiative(as(t, "Moss Bank"), made.Ref, 0, terms); err != nil || read().Open(o.now) {
		t.Errorf("a change opens it again, %v", err)
	}
	if _, err := o.CloseInitiative(as(t, "Moss Bank"), made.Ref, 0, "Twice"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("closed twice: %v", err)
	}
	// What is over long ago can still be called otherwise.
	o.now, terms.Title = o.now.AddDate(1, 0, 0), "Silver by last summer"
	if _, err := o.ChangeInitiative(as(t, "Moss Bank"), made.Ref, 0, terms); err != nil || read().Title != terms.Title {
		t.Errorf("a new title: %v", err)
	}
	if _, err := o.CloseInitiative(as(t, "Moss Bank"), "initiative:default/none", 0, "x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("none is closed: %v", err)
	}
}

// Who decides about, or changes, what is not what they looked at any more is refused.
func TestWhatSomebodyChangedMeanwhile(t *testing.T) {
	o := newOffice(t)
	asked, err := o.RequestExemption(as(t, "Salt Marsh"), desk.Request{Entity: "payments", Scorecard: "readiness", Reason: "They move"})
	if err != nil {
		t.Fatal(err)
	}
	terms := desk.Terms{Title: "Silver by summer", Scorecard: "readiness", Level: "Silver", Target: "2026-06-30"}
	opened, err := o.OpenInitiative(as(t, "Moss Bank"), terms)
	if err != nil {
		t.Fatal(err)
	}
	terms.Target = "2026-07-31"
	ctx := as(t, "Fen Lock")
	before := o.made
	for what, err := range map[string]error{
		"granted": second(o.GrantExemption(ctx, asked.Ref, desk.Decision{Position: 99})),
		"denied":  second(o.DenyExemption(ctx, asked.Ref, desk.Decision{Note: "x", Position: 99})),
		"revoked": second(o.RevokeExemption(ctx, asked.Ref, desk.Decision{Note: "x", Position: 99})),
		"changed": second(o.ChangeInitiative(ctx, opened.Ref, 99, terms)),
	} {
		if changed, ok := errors.AsType[desk.Changed](err); !ok || changed.Now == 0 || changed.Now != o.since[changed.Ref] || fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: %v", what, err)
		}
	}
	if o.made != before {
		t.Error("something was made all the same")
	}
	if _, err := o.GrantExemption(ctx, asked.Ref, desk.Decision{Position: asked.Position}); err != nil {
		t.Error(err)
	}
	if _, err := o.ChangeInitiative(ctx, opened.Ref, opened.Position, terms); err != nil {
		t.Error(err)
	}
}

func second(_ desk.Made, err error) error { return err }

// A card is opened once, and changed by who saw the newest.
func TestACardIsOpenedAndChanged(t *testing.T) {
	o := newOffice(t)
	card := func(name, rule string) *catalog.Entity {
		return &catalog.Entity{APIVersion: scorecards.APIVersion, Kind: scorecards.KindScorecard, Metadata: catalog.Metadata{Name: name}, Spec: map[string]any{
			"rules": []any{map[string]any{"id": rule, "title": "x", "expr": "docs.present"}},
		}}
	}
	if _, err := o.OpenCard(t.Context(), card("ready", "docs")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("nobody opens it: %v", err)
	}
	made, err := o.OpenCard(as(t, "Moss Bank"), card("ready", "docs"))
	if err != nil || made.Ref != "scorecard:default/ready" {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := o.OpenCard(as(t, "Fen Lock"), card("ready", "docs")); fault.KindOf(err) != fault.Conflict {
		t.Errorf("opened twice: %v", err)
	}
	if _, err := o.ChangeCard(as(t, "Fen Lock"), card("nothing", "docs"), 0); fault.KindOf(err) != fault.NotFound {
		t.Errorf("none is changed: %v", err)
	}
	if _, err := o.ChangeCard(as(t, "Fen Lock"), card("ready", "more"), made.Position); err != nil {
		t.Fatal(err)
	}
	if _, err := o.ChangeCard(as(t, "Moss Bank"), card("ready", "less"), made.Position); fault.KindOf(err) != fault.Conflict {
		t.Errorf("changed by who saw the one before: %v", err)
	}
	if e, _ := o.Entity(made.Ref); e.Spec["rules"].([]any)[0].(map[string]any)["id"] != "more" {
		t.Errorf("it is %+v", e.Spec)
	}
	if _, err := o.RemoveCard(t.Context(), made.Ref, 0); fields(err) != "by" {
		t.Errorf("nobody removes it: %v", err)
	}
	if _, err := o.RemoveCard(as(t, "Moss Bank"), made.Ref, made.Position); fault.KindOf(err) != fault.Conflict {
		t.Errorf("removed by who saw the one before: %v", err)
	}
	if _, there := o.Entity(made.Ref); !there {
		t.Fatal("it is gone all the same")
	}
	gone, err := o.RemoveCard(as(t, "Moss Bank"), made.Ref, o.since[made.Ref])
	if _, there := o.Entity(made.Ref); err != nil || there || gone.Position == 0 {
		t.Errorf("removed by %+v, %v", gone, err)
	}
	if _, err := o.RemoveCard(as(t, "Moss Bank"), made.Ref, 0); fault.KindOf(err) != fault.NotFound {
		t.Errorf("removed twice: %v", err)
	}
	opened, err := o.OpenInitiative(as(t, "Fen Lock"), desk.Terms{Title: "Silver by summer", Scorecard: "readiness", Level: "Silver", Target: "2026-06-30"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.RemoveCard(as(t, "Moss Bank"), opened.Ref, 0); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an initiative is removed as a card is: %v", err)
	}
}
