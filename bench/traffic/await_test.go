package traffic_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/traffic"
	"github.com/callboard/callboard/catalog"
)

// facets answers as a catalog would that holds so many entities of a population.
func facets(t *testing.T, p *population.Population, holds *int) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		type value struct {
			Value string `json:"value"`
			Count int    `json:"count"`
		}
		counts := map[string]map[string]int{}
		add := func(facet, value string) {
			if counts[facet] == nil {
				counts[facet] = map[string]int{}
			}
			counts[facet][value]++
		}
		seen := map[catalog.Edge]bool{}
		held := map[string]bool{}
		for i := range *holds {
			held[p.Ref(i)] = true
		}
		for i := range *holds {
			e, _ := catalog.FromObject(p.Entity(i))
			add("kind", e.Kind)
			for _, edge := range catalog.Edges(e) {
				if held[edge.From.String()] && !seen[edge] {
					seen[edge] = true
					add("relations."+edge.Type, edge.To.String())
				}
			}
		}
		answer := map[string]map[string][]value{"facets": {}}
		for _, facet := range r.URL.Query()["facet"] {
			for v, n := range counts[facet] {
				answer["facets"][facet] = append(answer["facets"][facet], value{v, n})
			}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	})
}

func TestAwait(t *testing.T) {
	p, err := population.New(300, 1)
	if err != nil {
		t.Fatal(err)
	}
	holds := p.Len()
	s := httptest.NewServer(facets(t, p, &holds))
	t.Cleanup(s.Close)
	target, err := traffic.NewTarget(s.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := traffic.Await(t.Context(), target, p, time.Minute); err != nil {
		t.Error(err)
	}
	holds = p.Len() - 1
	_, err = traffic.Await(t.Context(), target, p, 0)
	if err == nil || !strings.Contains(err.Error(), "kind=Component") {
		t.Errorf("one entity is missing, and the error is: %v", err)
	}
}
