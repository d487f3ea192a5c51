package scorer

import "time"

// What windows need. See docs/scorecards.md for what is counted in which.
const (
	month   = 30 * 24 * time.Hour
	quarter = 90 * 24 * time.Hour
	// kept is how far back things are kept: the longest window, and by how much an
	// event may come late and still count.
	kept = quarter + month
)

// told is the newest that was told of each of many things, by id. Deliveries come
// late and twice, so that the time of what they tell decides, not their order.
type told[T comparable] struct {
	all    map[string]word[T]
	newest time.Time
	// stays says what is kept however old it is; nil: nothing.
	stays func(T) bool
	swept int // how many there were after what is too old was dropped last
}

type word[T comparable] struct {
	at time.Time
	is T
}

// tell takes note of what was said of a thing at a time. It reports whether that is news.
func (t *told[T]) tell(id string, at time.Time, is T) bool {
	if t.all == nil {
		t.all = map[string]word[T]{}
	}
	was, ok := t.all[id]
	if ok && at.Before(was.at) {
		return false
	}
	t.all[id] = word[T]{at, is}
	if at.After(t.newest) {
		t.newest = at
	}
	if len(t.all) > 2*t.swept+32 {
		t.sweep()
	}
	return !ok || was.is != is
}

func (t *told[T]) sweep() {
	for id, w := range t.all {
		if w.at.Before(t.newest.Add(-kept)) && (t.stays == nil || !t.stays(w.is)) {
			delete(t.all, id)
		}
	}
	t.swept = len(t.all)
}

// window is a span of time that ends now, and when that what is in it changes next
// though nothing happens.
type window struct {
	now  time.Time
	span time.Duration
	next time.Time // zero: never
}

// has reports whether a time is in the window.
func (w *window) has(at time.Time) bool {
	if at.After(w.now) {
		w.mark(at)
		return false
	}
	leaves := at.Add(w.span)
	if !leaves.After(w.now) {
		return false
	}
	w.mark(leaves)
	return true
}

func (w *window) mark(at time.Time) {
	if w.next.IsZero() || at.Before(w.next) {
		w.next = at
	}
}
