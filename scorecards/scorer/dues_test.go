package scorer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// However often pairs are evaluated, there is one due of each at most, and all come in
// order; a copy does not know of what comes later.
func TestDuesAreAsManyAsPairs(t *testing.T) {
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	d, want := newDues(), map[pair]time.Time{}
	for range 10_000 { // as evaluate does it
		p := pair{"card", fmt.Sprint(random.IntN(50))}
		d.set(p, time.Time{})
		delete(want, p)
		if random.IntN(5) > 0 {
			want[p] = begin.Add(time.Duration(random.IntN(1000)) * time.Minute)
			d.set(p, want[p])
		}
		if random.IntN(5) == 0 {
			want[p] = begin.Add(time.Duration(random.IntN(1000)) * time.Minute)
			d.set(p, want[p]) // replaced
		}
	}
	if len(d.queue) != len(want) || len(d.of) != len(want) {
		t.Fatalf("%d dues in the queue, %d by pair, of %d pairs", len(d.queue), len(d.of), len(want))
	}
	copied := d.fork()
	for _, one := range []*dues{d, copied} {
		taken := 0
		for at, ok := one.next(); ok; at, ok = one.next() {
			earliest := slices.MinFunc(slices.Collect(values(one.of)), time.Time.Compare)
			if !at.Equal(earliest) {
				t.Fatalf("the next is %v, the earliest %v", at, earliest)
			}
			for _, p := range one.take(at) {
				if !want[p].Equal(at) {
					t.Fatalf("%v is due at %v, want %v", p, at, want[p])
				}
				taken++
			}
		}
		if taken != len(want) {
			t.Errorf("%d were due, want %d", taken, len(want))
		}
	}
}

func values(of map[pair]*due) func(func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		for _, one := range of {
			if !yield(one.at) {
				return
			}
		}
	}
}
