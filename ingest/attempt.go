package ingest

import (
	"errors"
	"time"
)

// Attempt is one try of a forge to deliver something, on the forge's own record.
type Attempt struct {
	ID       string // of the delivery, the same for every attempt at it: see [Receipt]
	Event    string
	At       time.Time
	OK       bool   // as the forge saw it
	Location string // by which the forge's client finds it again
}

// MaxAttempts is how many attempts are looked through at once, of one webhook.
const MaxAttempts = 10_000

// ErrTooManyAttempts stands in a list of attempts where those of one webhook break
// off after [MaxAttempts]: older ones are not listed. Other webhooks may follow.
var ErrTooManyAttempts = errors.New("more attempts than are looked through at once")
