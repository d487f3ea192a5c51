package ingest

import (
	"errors"
	"fmt"
	"strings"
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

// NoWebhook is an error at the end of a list of attempts: some of those whose
// repositories a source reads have no webhook that sends to it.
type NoWebhook struct {
	Of        []string // "organisation acme"
	Partly    bool     // others have one
	Payload   string   // where it would send to
	Elsewhere []string // addresses that end in this source's path: another portal's, for all that is known
}

// Error returns what is missing, for people.
func (n *NoWebhook) Error() string {
	has := " has"
	if len(n.Of) > 1 {
		has = " have"
	}
	says := fmt.Sprintf("%s%s no webhook that is active and leads to %s", strings.Join(n.Of, " and "), has, n.Payload)
	if len(n.Elsewhere) > 0 {
		says += "; one leads to " + strings.Join(n.Elsewhere, " and ") + ", which is taken for another portal's: if it is this one, set server.url, or the webhookUrl of the source"
	}
	return says
}
