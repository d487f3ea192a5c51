package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/graph"
)

// shop is a catalog by its relations, in both directions as a catalog has them.
// "gone" is named and not there.
func shop() map[string][]catalog.Relation {
	all := map[string][]catalog.Relation{}
	for _, line := range strings.Split(strings.TrimSpace(`
		web consumesApi apiConsumedBy api
		app consumesApi apiConsumedBy api
		pay providesApi apiProvidedBy api
		pay dependsOn dependencyOf db
		pay dependsOn dependencyOf ledger
		ledger dependsOn dependencyOf pay
		ledger dependsOn dependencyOf gone
		db partOf hasPart money
		pay partOf hasPart money
		pay ownedBy ownerOf team
		ledger mirrors mirrors db
		ledger feeds fedBy cache
	`), "\n") {
		f := strings.Fields(line)
		all[f[0]] = append(all[f[0]], catalog.Relation{Type: f[1], TargetRef: f[3]})
		all[f[3]] = append(all[f[3]], catalog.Relation{Type: f[2], TargetRef: f[0]})
	}
	delete(all, "gone")
	return all
}

func look(all map[string][]catalog.Relation) func(string) ([]catalog.Relation, bool) {
	return func(ref string) ([]catalog.Relation, bool) {
		rs, ok := all[ref]
		return rs, ok
	}
}

func every(string) bool { return true }

func only(names ...string) func(string) bool {
	return func(s string) bool { return strings.Contains(" "+strings.Join(names, " ")+" ", " "+s+" ") }
}

func text(g graph.Graph) string {
	var b strings.Builder
	for i, n := range g.Nodes {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s:%d", n.Ref, n.Steps)
		if n.Missing {
			b.WriteByte('?')
		}
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "\n%s %s %s", e.Source, e.Type, e.Target)
	}
	if g.Truncated {
		b.WriteString("\n…")
	}
	return b.String()
}

func TestAround(t *testing.T) {
	uses := only("dependsOn", "consumesApi", "providesApi")
	for _, tt := range []struct {
		name string
		q    graph.Query
		want string
	}{
		{"one step over what it uses", graph.Query{Root: "pay", Steps: 1, Limit: 9, Follow: uses, Admit: every},
			"pay:0 api:1 db:1 ledger:1\nledger dependsOn pay\npay dependsOn db\npay dependsOn ledger\npay providesApi api"},
		{"two steps reach who uses its API, and what is not there", graph.Query{Root: "pay", Steps: 2, Limit: 9, Follow: uses, Admit: every},
			"pay:0 api:1 db:1 ledger:1 app:2 gone:2? web:2\n" +
				"app consumesApi api\nledger dependsOn gone\nledger dependsOn pay\npay dependsOn db\npay dependsOn ledger\npay providesApi api\nweb consumesApi api"},
		{"what consists of what reads from the whole", graph.Query{Root: "db", Steps: 2, Limit: 9, Follow: only("hasPart"), Admit: every},
			"db:0 money:1 pay:2\nmoney hasPart db\nmoney hasPart pay"},
		{"a relation without a pair keeps both its directions", graph.Query{Root: "db", Steps: 1, Limit: 9, Follow: only("mirrors"), Admit: every},
			"db:0 ledger:1\ndb mirrors ledger\nledger mirrors db"},
		{"one with a pair of its own keeps the forward one", graph.Query{Root: "cache", Steps: 1, Limit: 9, Follow: only("feeds"), Admit: every, Back: map[string]string{"fedBy": "feeds"}},
			"cache:0 ledger:1\nledger feeds cache"},
		{"what is not admitted is not walked through", graph.Query{Root: "pay", Steps: 2, Limit: 9, Follow: uses, Admit: only("db", "web", "app")},
			"pay:0 db:1\npay dependsOn db"},
		{"the nearest come first when there is no room", graph.Query{Root: "pay", Steps: 4, Limit: 3, Follow: uses, Admit: every},
			"pay:0 api:1 db:1\npay dependsOn db\npay providesApi api\n…"},
		{"no step", graph.Query{Root: "pay", Steps: 0, Limit: 9, Follow: uses, Admit: every}, "pay:0"},
		{"a root that is not there", graph.Query{Root: "gone", Steps: 4, Limit: 9, Follow: uses, Admit: every}, "gone:0?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, text(graph.Around(tt.q, look(shop())))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever is related to what, cycles included: nothing is there twice, nothing
// hangs in the air, and the bounds hold.
func TestAroundHoldsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(strings.Fields("a b c d e f g"))
		all := map[string][]catalog.Relation{}
		for range rapid.IntRange(0, 20).Draw(t, "edges") {
			from, to := name.Draw(t, "from"), name.Draw(t, "to")
			all[from] = append(all[from], catalog.Relation{Type: "dependsOn", TargetRef: to})
			all[to] = append(all[to], catalog.Relation{Type: "dependencyOf", TargetRef: from})
		}
		q := graph.Query{Root: "a", Steps: rapid.IntRange(1, 4).Draw(t, "steps"), Limit: rapid.IntRange(1, 7).Draw(t, "limit"), Follow: every, Admit: every}
		asked := map[string]int{}
		g := graph.Around(q, func(ref string) ([]catalog.Relation, bool) {
			asked[ref]++
			return look(all)(ref)
		})
		there := map[string]bool{}
		for i, n := range g.Nodes {
			if there[n.Ref] || n.Steps > q.Steps || asked[n.Ref] != 1 || i > 0 && n.Steps < g.Nodes[i-1].Steps {
				t.Fatalf("%+v of %+v is there twice, too far, out of order, or looked up %d times", n, g.Nodes, asked[n.Ref])
			}
			there[n.Ref] = true
		}
		if len(g.Nodes) > q.Limit {
			t.Fatalf("%d nodes, more than %d", len(g.Nodes), q.Limit)
		}
		seen := map[graph.Edge]bool{}
		for _, e := range g.Edges {
			if !there[e.Source] || !there[e.Target] || seen[e] || e.Type != graph.Forward(e.Type) {
				t.Fatalf("edge %+v hangs in the air, is there twice, or reads backwards", e)
			}
			seen[e] = true
		}
	})
}
