package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// large is an organisation of entities on cards, each of which moved a few times: 40
// domains of 5 systems each, 150 teams.
func large(b testing.TB, entities, cards int) *organisation {
	b.Helper()
	var text strings.Builder
	for c := range cards {
		name := "production-readiness"
		if c > 0 {
			name = fmt.Sprint("card-", c)
		}
		fmt.Fprintf(&text, "\n---\napiVersion: callboard.dev/v1alpha1\nkind: Scorecard\nmetadata: {name: %s}\nspec:\n  levels: [{name: Bronze, rank: 1}, {name: Silver, rank: 2}, {name: Gold, rank: 3}]\n  rules:\n", name)
		for i := range 12 {
			fmt.Fprintf(&text, "    - {id: rule-%d, level: %s, title: Rule number %d, expr: 'true'}\n", i, []string{"Bronze", "Silver", "Gold"}[i%3], i)
		}
	}
	add := func(format string, args ...any) {
		fmt.Fprintf(&text, "\n---\napiVersion: backstage.io/v1alpha1\n"+format, args...)
	}
	for i := range 150 {
		add("kind: Group\nmetadata: {name: team-%d}\nspec: {type: team, children: []}", i)
	}
	for i := range 40 {
		add("kind: Domain\nmetadata: {name: domain-%d}\nspec: {owner: team-%d}", i, i)
	}
	for i := range 200 {
		add("kind: System\nmetadata: {name: system-%d}\nspec: {owner: team-%d, domain: domain-%d}", i, i%150, i%40)
	}
	for i := range entities {
		add("kind: Component\nmetadata: {name: service-%d}\nspec: {type: service, lifecycle: production, owner: team-%d, system: system-%d}", i, i%150, i%200)
	}
	o := judged(b, text.String())
	rules := func(seed int) string {
		var all []string
		for i := range 12 {
			all = append(all, fmt.Sprintf("rule-%d=%s", i, []string{"pass", "pass", "fail", "pass", "unknown"}[(seed+i*i)%5]))
		}
		return strings.Join(all, " ")
	}
	levels := []string{"", "Bronze", "Silver", "Gold"}
	for turn, days := range []int{140, 60, 20} {
		for c := range cards {
			name := "production-readiness"
			if c > 0 {
				name = fmt.Sprint("card-", c)
			}
			for i := range entities {
				if turn > 0 && (i+c)%(2+turn) != 0 {
					continue
				}
				o.stand(daysAgo(days), name, fmt.Sprint("component:default/service-", i), levels[(i*7+turn*3+c)%4], float64(i%4), rules(i+turn), "kestrel-7", fmt.Sprintf("%07x", i))
			}
		}
	}
	o.ready()
	return o
}

// BenchmarkMaturity makes the pages of 10,000 entities on 5 cards, with three changes of
// each at most.
func BenchmarkMaturity(b *testing.B) {
	o := large(b, 10_000, 5)
	files := filesWeight()
	o.ok("/executive").wants(".summary", "of 10,000 entities")
	for _, address := range []string{"/executive", "/executive?group=team", "/executive?within=domain:default/domain-7", "/teams", "/teams?view=board", "/catalog/default/group/team-7/scorecards"} {
		b.Run(address, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, address, nil)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				o.handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
			w := httptest.NewRecorder()
			o.handler.ServeHTTP(w, r)
			b.ReportMetric(float64(packed(w.Body.Bytes())+files), "wire-B")
		})
	}
}
