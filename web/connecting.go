package web

import "time"

// Refusal is a delivery that the webhook door did not take.
type Refusal struct {
	At          time.Time
	Status      int    // that it was answered with
	Problem     string // for people
	Event       string // as its headers name it; "" if they do not
	ContentType string
}
