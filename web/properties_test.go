package web_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/web/internal/sample"
)

const queues = `
catalog:
  kinds:
    - name: Queue
      apiVersions: [acme.example/v1]
      title: Message queue
      icon: delivery
      schema:
        properties:
          retentionDays: {type: integer, title: Kept for, description: Days}
          encrypted: {type: boolean}
          engine: {title: Engine}
          operatedBy: {type: string}
      relations: [owner, {field: operatedBy, reverse: operates, kind: Group}]
`

func ownKinds(t *testing.T) []catalog.Kind {
	t.Helper()
	c, problems := config.Parse([]byte(queues), nil, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return c.Catalog.Own()
}

func withQueue(t *testing.T, own []catalog.Kind, spec string) *portal {
	t.Helper()
	w, err := sample.New(context.Background(), t.TempDir(), sample.Now, own...)
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, w)
	p.push(sample.Push{At: sample.Now.Add(-1e9), Repository: "acme/streams", Text: "apiVersion: acme.example/v1\nkind: Queue\nmetadata: {name: orders}\nspec: " + spec})
	p.settle()
	return p
}

// The card shows the fields in the order of the schema and in its words, then
// those that it does not describe.
func TestOwnKindOnItsPage(t *testing.T) {
	p := withQueue(t, ownKinds(t), `{
		zone: eu, engine: kafka, encrypted: true, retentionDays: 1825, owner: team-a, operatedBy: team-b, type: stream,
		page: "https://queues.acme.example/orders", evil: "javascript:alert(1)", since: "2026-03-12", drilled: "2026-03-12T14:03:10Z",
		topics: [orders, returns], limits: {rate: 100, burst: false}, none: [], nothing: null,
		parts: [{name: a, n: 1}, {name: b, n: 2.5}],
	}`)
	page := p.ok("/catalog/default/queue/orders")
	facts := map[string]string{}
	var names []string
	for _, dt := range page.all("section[aria-labelledby=h-about] dl.kv dt") {
		name := textOf(dt)
		names = append(names, name)
		facts[name] = strings.Join(strings.Fields(textOf(dt.NextSibling)), " ")
	}
	wantNames := "Owner Type Repository Kept for Encrypted Engine Drilled Evil Limits None Page Parts Since Topics Zone"
	if got := strings.Join(names, " "); got != wantNames {
		t.Errorf("facts\n%s, want\n%s", got, wantNames)
	}
	for name, want := range map[string]string{
		"Kept for": "1825", "Encrypted": "Yes", "Engine": "kafka", "Drilled": "12 March 2026, 14:03:10", "Evil": "javascript:alert(1)",
		"Limits": "burst: No, rate: 100", "None": "None", "Page": "queues.acme.example/orders", "Parts": "n: 1, name: a n: 2.5, name: b",
		"Since": "12 March 2026", "Topics": "orders returns", "Zone": "eu",
	} {
		if facts[name] != want {
			t.Errorf("%s: %q, want %q", name, facts[name], want)
		}
	}
	if page.one(`section[aria-labelledby=h-about] a[href="https://queues.acme.example/orders"]`) == nil {
		t.Error("the address cannot be followed")
	}
	if n := page.all(`a[href^="javascript"]`); len(n) > 0 {
		t.Error("a script can be followed")
	}
	if got := page.text("header.entity-head .names p"); !strings.Contains(got, "Message queue, stream") {
		t.Errorf("it is called %q", got)
	}
	page.wants("section[aria-labelledby=relations]", "Operated by", "team-b")
	if !strings.Contains(page.body, "#i-delivery") {
		t.Error("it has no icon of its own")
	}
}

func TestOwnKindInTheList(t *testing.T) {
	p := withQueue(t, ownKinds(t), "{engine: kafka}")
	page := p.ok("/catalog")
	if got := page.text("[data-part=facets]"); !strings.Contains(got, "Message queues") {
		t.Errorf("facets: %s", got)
	}
	page = p.ok("/catalog?kind=Queue")
	if got := page.text(".chips"); !strings.Contains(got, "Message queue") {
		t.Errorf("chips: %s", got)
	}
}

// What is on record of a kind that is not declared any more is still shown.
func TestKindThatIsNotDeclared(t *testing.T) {
	p := withQueue(t, ownKinds(t), "{engine: kafka, retentionDays: 7, operatedBy: team-b}")
	w, err := sample.New(context.Background(), t.TempDir(), sample.Now)
	if err != nil {
		t.Fatal(err)
	}
	w.Log = p.world.Log
	without := open(t, w)
	without.settle()
	page := without.ok("/catalog/default/queue/orders")
	var names []string
	for _, dt := range page.all("section[aria-labelledby=h-about] dl.kv dt") {
		names = append(names, textOf(dt))
	}
	if diff := cmp.Diff([]string{"Repository", "Engine", "Operated by", "Retention days"}, names); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}
