package population_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/catalog"
)

func made(t *testing.T, entities int, seed uint64) *population.Population {
	t.Helper()
	p, err := population.New(entities, seed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProportions(t *testing.T) {
	for _, tt := range []struct {
		entities                      int
		components, subcomponents, ap int
	}{
		{1_000, 62, 348, 275},
		{10_000, 622, 3_478, 2_747},
		{100_000, 6_225, 34_777, 27_470},
		{739_000, 46_000, 257_000, 203_000},
	} {
		t.Run(fmt.Sprint(tt.entities), func(t *testing.T) {
			p := made(t, tt.entities, 1)
			got := []int{p.Len(), p.Count(population.Component), p.Count(population.Subcomponent), p.Count(population.API)}
			if d := cmp.Diff([]int{tt.entities, tt.components, tt.subcomponents, tt.ap}, got); d != "" {
				t.Error(d)
			}
			for s := population.Domain; s <= population.Subcomponent; s++ {
				if p.Count(s) < 1 {
					t.Errorf("there is no entity of section %d", s)
				}
			}
		})
	}
}

func TestSizesThatAreRefused(t *testing.T) {
	for _, n := range []int{-1, 0, population.Smallest - 1, population.Largest + 1} {
		if _, err := population.New(n, 1); err == nil {
			t.Errorf("%d entities are accepted", n)
		}
	}
}

// The same seed gives the same bytes, in whatever order one asks; another seed
// gives others.
func TestDeterminism(t *testing.T) {
	entity := func(p *population.Population, i int) string {
		b, err := json.Marshal(p.Entity(i))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	a, b, other := made(t, 1000, 7), made(t, 1000, 7), made(t, 1000, 8)
	differs := 0
	for i := range a.Len() {
		back := a.Len() - 1 - i
		if x, y := entity(a, back), entity(b, back); x != y {
			t.Fatalf("entity %d differs:\n%s\n%s", back, x, y)
		}
		if entity(a, i) != entity(other, i) {
			differs++
		}
	}
	if differs < a.Len()/2 {
		t.Errorf("with another seed only %d of %d entities differ", differs, a.Len())
	}
}

// Every entity keeps Backstage's rules, and its lists stand in the order that
// Backstage would put them in.
func TestEntitiesAreValid(t *testing.T) {
	p := made(t, 3_000, 1)
	for i := range p.Len() {
		obj := p.Entity(i)
		e, problems := catalog.FromObject(obj)
		if len(problems) > 0 {
			t.Fatalf("entity %d, %s: %v", i, p.Ref(i), problems)
		}
		if got := e.Ref().String(); got != p.Ref(i) {
			t.Fatalf("entity %d is %s, not %s", i, got, p.Ref(i))
		}
		if d := cmp.Diff(obj["spec"], any(e.Spec)); d != "" {
			t.Fatalf("%s: written (-) and read (+) differ:\n%s", p.Ref(i), d)
		}
	}
}

func TestNamesAreUniqueAndUnordered(t *testing.T) {
	for _, size := range []int{1_000, population.Largest} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			p := made(t, size, 1)
			seen := make(map[string]bool, p.Len())
			ascending := 0
			for i := range p.Len() {
				ref := p.Ref(i)
				if seen[ref] {
					t.Fatalf("%s is there twice", ref)
				}
				seen[ref] = true
				if i > 0 && p.Name(i-1) < p.Name(i) {
					ascending++
				}
			}
			if share := float64(ascending) / float64(p.Len()); share < 0.3 || share > 0.7 {
				t.Errorf("%.0f%% of the names follow the one before in order: names must not go with numbers", 100*share)
			}
		})
	}
}

// What is referred to is there, but for what is retired on purpose; and what is
// spread unevenly is.
func TestReferences(t *testing.T) {
	p := made(t, 3_000, 1)
	known := map[string]bool{}
	for i := range p.Len() {
		known[p.Ref(i)] = true
	}
	edges, dangling := 0, 0
	owned := map[string]int{}
	for i := range p.Len() {
		e, problems := catalog.FromObject(p.Entity(i))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, edge := range catalog.Edges(e) {
			if edge.From != e.Ref() {
				continue
			}
			edges++
			to := edge.To.String()
			switch retired := strings.HasPrefix(edge.To.Name, "retired-"); {
			case retired && known[to]:
				t.Errorf("%s is there although it is retired", to)
			case retired:
				dangling++
			case !known[to]:
				t.Fatalf("%s %s %s, which is nowhere", e.Ref(), edge.Type, to)
			}
			if edge.Type == "ownedBy" {
				owned[to]++
			}
		}
	}
	if dangling == 0 || dangling > edges/100 {
		t.Errorf("%d of %d references lead nowhere", dangling, edges)
	}
	counts := make([]int, 0, len(owned))
	for _, n := range owned {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	if most, median := counts[len(counts)-1], counts[len(counts)/2]; most < 10*median {
		t.Errorf("the largest owner has %d entities and the median one %d: there is no skew", most, median)
	}
}
