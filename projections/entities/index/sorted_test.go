package index

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// numbered is a key of some hundreds, so that pages are split and joined.
func numbered(t *rapid.T, label string) int { return rapid.IntRange(0, 900).Draw(t, label) }

// Every version says what a map would, whatever has become of it since.
func TestSortedIsAMapInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type version struct {
			is   sorted[int]
			want map[string]int
		}
		versions := []version{{want: map[string]int{}}}
		for n := range rapid.IntRange(1, 6).Draw(t, "batches") {
			last := versions[len(versions)-1]
			want := maps.Clone(last.want)
			from, to := numbered(t, "from"), numbered(t, "to")
			step := rapid.SampledFrom([]int{1, 1, 7, 300}).Draw(t, "step")
			remove := rapid.Bool().Draw(t, "remove")
			var keys []string
			for i := min(from, to); i <= max(from, to); i += step {
				keys = append(keys, fmt.Sprintf("%04d", i))
			}
			is := last.is.with(len(keys), func(i int) string { return keys[i] }, func(i, before int, known bool) (int, bool) {
				if want, there := last.want[keys[i]]; there != known || want != before {
					t.Fatalf("%s was %d, %t", keys[i], before, known)
				}
				if remove {
					delete(want, keys[i])
				} else {
					want[keys[i]] = n
				}
				return n, !remove
			})
			versions = append(versions, version{is, want})
		}
		for _, v := range versions {
			checkSorted(t, v.is, v.want)
		}
	})
}

func checkSorted(t *rapid.T, s sorted[int], want map[string]int) {
	t.Helper()
	var up, down []string
	s.scan(func(key string, value int) bool { up = append(up, key); return value == want[key] })
	s.reverse(func(key string, _ int) bool { down = append(down, key); return true })
	keys := slices.Sorted(maps.Keys(want))
	if !slices.Equal(up, keys) || s.len() != len(keys) {
		t.Fatalf("%d keys, counted %d, want %d", len(up), s.len(), len(keys))
	}
	if slices.Reverse(keys); !slices.Equal(down, keys) {
		t.Fatalf("%d keys downwards, want %d", len(down), len(keys))
	}
	from := fmt.Sprintf("%04d", numbered(t, "mark"))
	_, there := want[from]
	if _, ok := s.get(from); ok != there {
		t.Fatalf("%s: %t, want %t", from, ok, there)
	}
	up, down = nil, nil
	s.ascend(from, func(key string, _ int) bool { up = append(up, key); return true })
	s.descend(from, func(key string, _ int) bool { down = append(down, key); return true })
	above := slices.DeleteFunc(slices.Sorted(maps.Keys(want)), func(key string) bool { return key < from })
	below := slices.DeleteFunc(keys, func(key string) bool { return key > from })
	if !slices.Equal(up, above) || !slices.Equal(down, below) {
		t.Fatalf("%d keys from %s on and %d down, want %d and %d", len(up), from, len(down), len(above), len(below))
	}
	for _, p := range s.pages {
		if len(p.keys) == 0 || len(p.keys) > sortedLen || len(p.keys) != len(p.values) {
			t.Fatalf("a page of %d keys and %d values", len(p.keys), len(p.values))
		}
	}
}

// What is built at once, or at the end, has no more pages than it takes.
func TestSortedIsDense(t *testing.T) {
	const n = 10*sortedLen + 1
	key := func(i int) string { return fmt.Sprintf("%06d", i) }
	put := func(i, _ int, _ bool) (int, bool) { return i, true }
	atOnce := sorted[int]{}.with(n, key, put)
	var one sorted[int]
	for i := range n {
		one = one.with(1, func(int) string { return key(i) }, put)
	}
	for name, s := range map[string]sorted[int]{"at once": atOnce, "one by one": one} {
		if len(s.pages) > 11 {
			t.Errorf("%s: %d pages", name, len(s.pages))
		}
	}
	left := atOnce.with(n-8, func(i int) string { return key(i + i/(n/8)) }, func(int, int, bool) (int, bool) { return 0, false })
	if len(left.pages) > 2 || left.len() != 8 {
		t.Errorf("%d pages for %d keys that are left", len(left.pages), left.len())
	}
}
