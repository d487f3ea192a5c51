package web_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/desk"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// counter is a desk's catalog, and what puts on record what it makes.
type counter struct{ *organisation }

func (c counter) snapshot() *entities.Snapshot { return c.world.Entities.Snapshot() }

func (c counter) Entity(ref string) (*catalog.Entity, bool) {
	e, ok := c.snapshot().Get(ref)
	if !ok {
		return nil, false
	}
	return e.Entity, true
}

func (c counter) Since(ref string) eventlog.Position {
	if e, ok := c.snapshot().Get(ref); ok {
		return e.Since.Position
	}
	return 0
}

func (c counter) User(string) string { return "" }

func (c counter) Kind(kind string) (all []*catalog.Entity) {
	for _, e := range c.snapshot().Find(entities.Query{Kinds: []string{kind}}).Entries {
		all = append(all, e.Entity)
	}
	return all
}

func (c counter) make(ctx context.Context, ref string, decide func(*catalog.Entity) (*catalog.Entity, error)) (eventlog.Position, error) {
	was, there := c.Entity(ref)
	e, err := decide(was)
	if err != nil {
		return 0, err
	}
	d := event.Declaration{Entity: *e, Origin: event.Origin{Source: event.PortalSource}}
	var data event.Data = event.EntityRegistered{Declaration: d}
	if there {
		data = event.EntityChanged{Declaration: d}
	}
	at, err := c.world.Add(sample.Now, event.PortalSource, ref, event.ActorIn(ctx), event.CauseIn(ctx), data)
	if err != nil {
		return 0, err
	}
	return at, c.world.Settle(ctx)
}

// staffed is a portal at which exemptions are asked for and decided.
func staffed(t testing.TB) *organisation {
	t.Helper()
	o := judged(t, readiness+`---
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: sites, title: Sites}
spec: {filter: 'entity.spec.type == "website"', rules: [{id: docs, title: Has docs, expr: docs.present}]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: payments}
spec: {type: service, lifecycle: production, owner: bank}
`, func(o *organisation, c *web.Config) {
		c.Desk = &desk.Desk{Catalog: func() desk.Catalog { return counter{o} }, Make: counter{o}.make, Now: c.Now}
	})
	o.ready()
	return o
}

// asked are the exemptions that there are: their rules.
func (o *organisation) asked() (all []string) {
	for _, e := range (counter{o}).Kind(scorecards.KindExemption) {
		x, problems := scorecards.ParseExemption(e)
		if x == nil {
			o.t.Fatal(problems)
		}
		all = append(all, e.Metadata.Name+" "+string(x.Status)+" ["+strings.Join(x.Rules, " ")+"]")
	}
	slices.Sort(all)
	return all
}

func TestWhatAFormAsksFor(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change map[string]string
		made   string // as asked has it; "" if it is refused
		says   string // where it is refused
	}{
		{"one rule", map[string]string{"rule.docs": "on"}, "payments-docs requested [docs]", ""},
		{"two rules", map[string]string{"rule.docs": "on", "rule.owner": "on"}, "payments-production-readiness requested [docs owner]", ""},
		{"all rules", map[string]string{"allRules": "on"}, "payments-production-readiness requested []", ""},
		{"none", nil, "", "Choose at least one rule, or all of them."},
		{"all and one", map[string]string{"allRules": "on", "rule.docs": "on"}, "", "Choose rules, or all of them, not both."},
		{"a rule that is gone", map[string]string{"rule.gone": "on"}, "", "Production readiness has no rule gone."},
		{"one of them is gone", map[string]string{"rule.docs": "on", "rule.gone": "on"}, "", "Production readiness has no rule gone."},
		{"rules of another card", map[string]string{"rule.docs": "on", "scorecard": "hygiene"}, "", "Hygiene has no rule docs."},
		{"a card that judges others", map[string]string{"rule.docs": "on", "scorecard": "sites"}, "", "Sites does not judge component:default/payments: there is nothing to be exempt from."},
		{"an entity that is not there", map[string]string{"rule.docs": "on", "entity": "component:nobody"}, "", "There is no component:default/nobody in the catalog."},
		{"no reason", map[string]string{"rule.docs": "on", "reason": " "}, "", "Say why"},
		{"a day that is over", map[string]string{"rule.docs": "on", "until": "2020-01-01"}, "", "Must not be over already, found 1 January 2020."},
		{"no day", map[string]string{"rule.docs": "on", "until": "1.1.2030"}, "", "Must be a day such as 2026-06-30,"},
		{"nobody", map[string]string{"rule.docs": "on", "by": ""}, "", "Say who you are,"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := staffed(t)
			form := url.Values{"entity": {"component:payments"}, "scorecard": {"production-readiness"}, "reason": {"They move"}, "by": {"Salt Marsh"}}
			for name, value := range tt.change {
				form.Set(name, value)
			}
			got := o.post("/exemptions/new", form)
			if tt.made != "" {
				if got.status != http.StatusSeeOther || !slices.Equal(o.asked(), []string{tt.made}) {
					t.Errorf("%d, made %q, want %q\n%s", got.status, o.asked(), tt.made, got.text("main"))
				}
				return
			}
			if got.status != http.StatusUnprocessableEntity || len(o.asked()) > 0 {
				t.Fatalf("%d, made %q", got.status, o.asked())
			}
			got.wants("main", tt.says)
		})
	}
}

// What waits for a decision is led to; when it is decided, another form may come.
func TestAFormIsDecidedOn(t *testing.T) {
	o := staffed(t)
	form := url.Values{"entity": {"payments"}, "scorecard": {"production-readiness"}, "rule.docs": {"on"}, "reason": {"They move"}, "until": {"2099-06-30"}, "by": {"Salt Marsh"}}
	if got := o.post("/exemptions/new", form); got.header.Get("Location") != "/exemptions/payments-docs" {
		t.Fatalf("%d: %s", got.status, got.text("main"))
	}
	if page := o.ok("/exemptions").text("[data-part=open]"); !strings.Contains(page, "until 30 June 2099") {
		t.Errorf("what waits is shown as %s", page)
	}
	twice := o.post("/exemptions/new", form)
	if href := twice.follow("main a", "payments-docs"); twice.status != http.StatusUnprocessableEntity || href != "/exemptions/payments-docs" {
		t.Errorf("asked twice: %d, leads to %s", twice.status, href)
	}
	for _, tt := range []struct {
		verb string
		form url.Values
		want int
		says string
		left string
	}{
		{"grant", url.Values{"by": {""}}, http.StatusUnprocessableEntity, "Say who you are,", "requested"},
		{"grant", url.Values{"by": {"Moss Bank"}, "until": {"2099-07-01"}}, http.StatusUnprocessableEntity, "Must not be after the day that was asked for, 30 June 2099.", "requested"},
		{"deny", url.Values{"by": {"Moss Bank"}}, http.StatusUnprocessableEntity, "Say why", "requested"},
		{"revoke", url.Values{"by": {"Moss Bank"}, "note": {"No"}}, http.StatusUnprocessableEntity, "The exemption is requested: only what is granted can be revoked", "requested"},
		{"grant", url.Values{"by": {"Moss Bank"}}, http.StatusSeeOther, "", "granted"},
		{"grant", url.Values{"by": {"Moss Bank"}}, http.StatusUnprocessableEntity, "The exemption is granted: only what is asked for can be granted", "granted"},
		{"revoke", url.Values{"by": {"Moss Bank"}, "note": {"Done"}}, http.StatusSeeOther, "", "revoked"},
	} {
		got := o.post("/exemptions/payments-docs/"+tt.verb, tt.form)
		if left := "payments-docs " + tt.left + " [docs]"; got.status != tt.want || !slices.Equal(o.asked(), []string{left}) {
			t.Errorf("%s %v: %d, left %q, want %d and %s", tt.verb, tt.form, got.status, o.asked(), tt.want, left)
		}
		if tt.says != "" {
			got.wants("main", tt.says)
		}
	}
	if got := o.post("/exemptions/none/grant", url.Values{"by": {"Moss Bank"}}); got.status != http.StatusNotFound {
		t.Errorf("none is granted: %d", got.status)
	}
}

// Who decides otherwise than somebody else just did is told so as a card tells it, with what it is
// now; the reason stays where there is a form that asks for one.
func TestADecisionOverAnother(t *testing.T) {
	o := staffed(t)
	o.post("/exemptions/new", url.Values{"entity": {"payments"}, "scorecard": {"production-readiness"}, "rule.docs": {"on"}, "reason": {"They move"}, "by": {"Salt Marsh"}})
	seen := attr(o.ok("/exemptions/payments-docs").one("[data-part=h-deny] input[name=position]"), "value")
	if granted := o.post("/exemptions/payments-docs/grant", url.Values{"by": {"Fen Lock"}, "position": {seen}}); granted.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", granted.status, granted.text("main"))
	}
	denied := o.post("/exemptions/payments-docs/deny", url.Values{"by": {"Moss Bank"}, "note": {"Docs are not optional"}, "position": {seen}})
	if denied.status != http.StatusConflict || strings.Contains(denied.text("main"), "exemption:default") {
		t.Errorf("%d: %s", denied.status, denied.text("main"))
	}
	denied.wants(".strip.bad", "Nothing is done. Somebody changed this exemption while you wrote: it is granted now.", "Fen Lock")
	if note := attr(denied.one("[data-part=h-revoke] [name=note]"), "value"); note != "Docs are not optional" {
		t.Errorf("the reason that is kept is %q", note)
	}
}

func TestWhatHasNoEnd(t *testing.T) {
	o := staffed(t)
	o.post("/exemptions/new", url.Values{"entity": {"payments"}, "scorecard": {"production-readiness"}, "rule.docs": {"on"}, "reason": {"They move"}, "by": {"Salt Marsh"}})
	if page := o.ok("/exemptions").text("[data-part=open]"); !strings.Contains(page, "without an end") || strings.Contains(page, "until without") {
		t.Errorf("what waits is shown as %s", page)
	}
}

// file pushes a descriptor.
func (o *organisation) file(at time.Time, path, text string) {
	o.t.Helper()
	o.push(sample.Push{At: at, By: by("mossbank"), Repository: "acme/catalog", Path: path, Text: text})
}

func exemptionOf(name, spec string) string {
	return "apiVersion: callboard.dev/v1alpha1\nkind: Exemption\nmetadata: {name: " + name + "}\nspec: {reason: It moves, " + spec + "}\n"
}

// What a file grants and nothing comes of is not in force, on any page, and says why.
func TestAnExemptionThatComesToNothing(t *testing.T) {
	o := staffed(t)
	o.stand(daysAgo(100), "production-readiness", "component:default/payments", "Bronze", 1, "owner=pass docs=exempt", "mossbank", "c0ffee")
	o.file(daysAgo(20), "good.yaml", exemptionOf("good", "scorecard: production-readiness, entity: component:payments, rules: [docs]"))
	o.file(daysAgo(20), "lost.yaml", exemptionOf("lost", "scorecard: production-readiness, entity: component:nobody"))
	o.file(daysAgo(20), "sites.yaml", exemptionOf("unjudged", "scorecard: sites, entity: component:payments"))
	o.ready()
	page := o.ok("/exemptions?status=granted")
	page.wants("[data-part=list]", "In force", "Docs not older than 90 days")
	if text := page.text("[data-part=list]"); strings.Contains(text, "nobody") || strings.Contains(text, "Sites") {
		t.Errorf("in force are %s", text)
	}
	page = o.ok("/exemptions?status=nothing")
	page.wants("[data-part=list]", "Comes to nothing yet", "There is no component:default/nobody in the catalog", "The scorecard does not judge component:default/payments")
	o.ok("/exemptions/unjudged").wants("main", "Comes to nothing yet", "Nothing comes of it yet. The scorecard does not judge component:default/payments.")
	if text := o.ok("/exemptions/good").text("main"); strings.Contains(text, "nothing") {
		t.Errorf("what is in force says %s", text)
	}
}

// The last day is told as such.
func TestAnExemptionThatEndsToday(t *testing.T) {
	o := staffed(t)
	for name, until := range map[string]string{"today": "2026-03-12", "tomorrow": "2026-03-13"} {
		o.file(daysAgo(20), name+".yaml", exemptionOf(name, "scorecard: production-readiness, entity: component:payments, until: "+until))
	}
	o.ready()
	page := o.ok("/exemptions")
	page.wants("[data-part=list] tr:has(a[href='/exemptions/today'])", "12 March 2026 ends today")
	page.wants("[data-part=list] tr:has(a[href='/exemptions/tomorrow'])", "13 March 2026 2 days left")
}

// That an exemption can be asked for is parted from what is said before, if anything is.
func TestAskingBesideWhatIsWrong(t *testing.T) {
	o := staffed(t)
	o.stand(daysAgo(100), "production-readiness", "component:default/payments", "Bronze", 1, "owner=pass docs=fail codeowners=fail", "mossbank", "c0ffee")
	o.ready()
	got := o.ok("/catalog/default/component/payments/scorecards").texts("[data-part=score] .says:has(.linkish)")
	if want := []string{"How to fix it · Ask for an exemption", "Ask for an exemption"}; !slices.Equal(got, want) {
		t.Errorf("beside what is wrong stands %q, want %q", got, want)
	}
}

// Where one works, what is asked for already is shown, and the reason of what is exempt is that
// of the exemption which holds now.
func TestAskedForOnTheTab(t *testing.T) {
	o := staffed(t)
	const tab = "/catalog/default/component/payments/scorecards"
	o.stand(daysAgo(100), "production-readiness", "component:default/payments", "Bronze", 1, "owner=pass docs=exempt codeowners=fail", "mossbank", "c0ffee")
	o.file(daysAgo(20), "docs.yaml", exemptionOf("docs", "scorecard: production-readiness, entity: component:payments, rules: [docs]"))
	o.ready()
	page := o.ok(tab)
	page.wants("[data-part=score]", "Exempt It moves")
	page.follow("[data-part=score] a", "Ask for an exemption")
	form := url.Values{"entity": {"payments"}, "scorecard": {"production-readiness"}, "rule.codeowners": {"on"}, "reason": {"Two teams become one"}, "by": {"Salt Marsh"}}
	if got := o.post("/exemptions/new", form); got.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", got.status, got.text("main"))
	}
	page = o.ok(tab)
	page.wants("[data-part=waits]", "Salt Marsh, waits for a decision")
	if href := page.follow("[data-part=waits] a", "Asked for"); href != "/exemptions/payments-codeowners" {
		t.Errorf("it leads to %s", href)
	}
	if strings.Contains(page.text("main"), "Ask for an exemption") {
		t.Error("it can be asked for again")
	}
	form.Set("rule.docs", "on")
	got := o.post("/exemptions/new", form)
	got.wants("main", "This waits for a decision already: CODEOWNERS names somebody, as payments-codeowners")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("more than what waits: %d", got.status)
	}
}

func TestAskingForWhatIsNotThere(t *testing.T) {
	o := staffed(t)
	got := o.get("/exemptions/new?entity=nope&scorecard=nope")
	if got.status != http.StatusNotFound {
		t.Errorf("it answers %d", got.status)
	}
	got.wants("main", "There is no component:default/nope in the catalog.", "There is no scorecard nope that judges anybody.")
}

// What was removed keeps its address: it says by whom, and leads to the history and to how it was.
func TestARemovedAgreementKeepsItsAddress(t *testing.T) {
	o := staffed(t)
	o.file(daysAgo(20), "x.yaml", exemptionOf("spring", "scorecard: production-readiness, entity: component:payments"))
	o.file(daysAgo(20), "i.yaml", "apiVersion: callboard.dev/v1alpha1\nkind: Initiative\nmetadata: {name: gold, title: Gold}\nspec: {scorecard: production-readiness, level: Gold, target: 2999-06-30}\n")
	o.ready()
	for _, path := range []string{"/exemptions/spring", "/initiatives/gold"} {
		o.ok(path)
	}
	for path, ref := range map[string]string{"x.yaml": "exemption:default/spring", "i.yaml": "initiative:default/gold"} {
		o.push(sample.Push{At: daysAgo(3), By: by("mossbank"), Repository: "acme/catalog", Path: path, Removes: ref})
	}
	if _, err := o.world.Add(daysAgo(3), "scorecards", "exemption:default/spring", by("mossbank"), event.Cause{}, event.ExemptionRevoked{Exemption: event.Exemption{
		Ref: "exemption:default/spring", Card: "scorecard:default/production-readiness", Entity: "component:default/payments", Reason: "It moves",
	}}); err != nil {
		t.Fatal(err)
	}
	o.ready()
	for path, kind := range map[string]string{"/exemptions/spring": "exemption", "/initiatives/gold": "initiative"} {
		got := o.get(path)
		if got.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, got.status)
		}
		got.wants("main", "was removed", "mossbank")
		name := path[strings.LastIndex(path, "/")+1:]
		if href := got.follow("main a", "See its history"); href != "/catalog/default/"+kind+"/"+name+"/history" {
			t.Errorf("the history of %s is at %s", path, href)
		}
		before := got.follow("main a", "Look at it as it was")
		if !strings.HasPrefix(before, path+"?at=") {
			t.Errorf("%s was at %s", path, before)
		}
		o.ok(before).wants("main", "What became of it")
	}
	if got := o.get("/exemptions/never"); got.status != http.StatusNotFound || strings.Contains(got.text("main"), "was removed") {
		t.Errorf("what never was: %d %s", got.status, got.text("main"))
	}
}

// Where nothing is judged, there is nothing to choose from, and that is said.
func TestNothingToBeExemptFrom(t *testing.T) {
	o := judged(t, "", func(o *organisation, c *web.Config) {
		c.Desk = &desk.Desk{Catalog: func() desk.Catalog { return counter{o} }, Make: counter{o}.make, Now: c.Now}
	})
	o.ready()
	page := o.ok("/exemptions/new")
	page.wants("main", "There is no rule to be exempt from", "Scorecards")
	if len(page.all("main form")) > 0 {
		t.Error("there is a form without anything to choose")
	}
	o.ok("/initiatives/new").wants("main", "There is none yet: write one under Scorecards first.")
}
