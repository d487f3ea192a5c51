package pubsub

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is how long to wait after failures in a row: up to First after one,
// twice as long after each more, never longer than Most. The zero Backoff goes
// from half a second to half a minute.
type Backoff struct {
	First, Most time.Duration
}

// After returns the wait after so many failures, at least one. It is by chance
// up to a half shorter, so that many who failed together do not all come back
// together.
func (b Backoff) After(failures int) time.Duration {
	if b.First <= 0 {
		b.First = 500 * time.Millisecond
	}
	if b.Most <= 0 {
		b.Most = 30 * time.Second
	}
	d := min(b.First, b.Most)
	for ; failures > 1 && d < b.Most; failures-- {
		d += min(d, b.Most-d)
	}
	return d - rand.N(d/2+1)
}

// Sleep waits, and reports whether it did so to the end: false means that ctx
// ended first.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
