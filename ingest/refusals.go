package ingest

import (
	"cmp"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Refusal is a delivery that the door did not take. Nothing of its body is kept,
// and what its headers say nobody has vouched for.
type Refusal struct {
	At          time.Time
	Status      int    // that it was answered with
	Problem     string // for people
	Event       string // as its headers name it; "" if they do not
	ContentType string
}

const (
	keptRefusals = 10  // of a source
	maxSaid      = 100 // characters of a header that are kept
)

// refusals are the newest of each source, in memory.
type refusals struct {
	mu     sync.Mutex
	newest map[string][]Refusal // the oldest first
	lost   map[string]time.Time // since when each source's good deliveries cannot be stored
}

func (r *refusals) add(source string, one Refusal) {
	one.Event, one.ContentType = shorten(one.Event), shorten(one.ContentType)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.newest == nil {
		r.newest, r.lost = map[string][]Refusal{}, map[string]time.Time{}
	}
	if _, ok := r.lost[source]; !ok && one.Status >= http.StatusInternalServerError {
		r.lost[source] = one.At
	}
	all := append(r.newest[source], one)
	r.newest[source] = slices.Clone(all[max(0, len(all)-keptRefusals):])
}

// taken says that a delivery of a source was stored.
func (r *refusals) taken(source string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.lost, source)
}

// Losing returns since when deliveries of a source cannot be stored, for a reason
// that lies here; zero if the newest was. That those in between are missing is then
// for the forge to tell.
func (d *Door) Losing(source string) time.Time {
	d.refused.mu.Lock()
	defer d.refused.mu.Unlock()
	return d.refused.lost[source]
}

// Refusals returns the newest deliveries of a source that were not taken since the
// process began, the newest first.
func (d *Door) Refusals(source string) []Refusal {
	d.refused.mu.Lock()
	defer d.refused.mu.Unlock()
	all := slices.Clone(d.refused.newest[source])
	slices.Reverse(all)
	return all
}

// named is what the headers of a forge call an event.
func named(h http.Header) string {
	return cmp.Or(h.Get("X-GitHub-Event"), h.Get("X-Gitlab-Event"))
}

func shorten(s string) string {
	if r := []rune(s); len(r) > maxSaid {
		return string(r[:maxSaid])
	}
	return s
}
