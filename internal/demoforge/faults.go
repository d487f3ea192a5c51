package demoforge

import (
	"maps"
	"net/http"
	"time"
)

// Fault is what goes wrong with one request. The zero Fault is nothing.
type Fault struct {
	// Wait holds the answer back until it is closed (or the caller gives up).
	Wait <-chan struct{}
	// Status is answered in place of the real answer, in the provider's shape.
	Status int
	// RetryAfter goes with Status. On GitHub, 403 and 429 with it are the
	// secondary rate limit. Whole seconds.
	RetryAfter time.Duration
	// Cut closes the connection halfway through the body.
	Cut bool
	// TreeEntries is how many entries a recursive tree lists here at most.
	TreeEntries int
}

// SetFaults asks choose about every API request and every fetch from now on; nil ends it.
// Choose runs on the goroutine of the request.
func (f *Forge) SetFaults(choose func(*http.Request) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = choose
}

// SetBudget sets how many requests a provider's callers with a token have left
// in the hour or minute that runs.
func (f *Forge) SetBudget(p Provider, left int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.dialects[p]
	f.quota(d, caller{kind: withToken})
	for key, q := range f.quotas {
		if key.provider == p && key.caller != "" {
			q.used = q.limit - left
		}
	}
}

// Requests tells how many API requests a provider has answered, by status.
func (f *Forge) Requests(p Provider) map[int]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.answers[p])
}
