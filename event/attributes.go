package event

import (
	"maps"
	"time"

	"github.com/callboard/callboard/internal/fault"
)

// attribute is a field of an event under its CloudEvents name.
type attribute struct {
	name     string
	value    *string
	required bool
}

// attributes lists the fields that are text. Names of ours are extensions, for
// which CloudEvents allows no separators.
func (e *Event) attributes() [12]attribute {
	return [...]attribute{
		{"id", &e.ID, true},
		{"source", &e.Source, true},
		{"type", (*string)(&e.Type), true},
		{"subject", &e.Subject, false},
		{"actorname", &e.Actor.Name, false},
		{"actoremail", &e.Actor.Email, false},
		{"actorlogin", &e.Actor.Login, false},
		{"causedelivery", &e.Cause.Delivery, false},
		{"causecommit", &e.Cause.Commit, false},
		{"causecommiturl", &e.Cause.CommitURL, false},
		{"causerequest", &e.Cause.Request, false},
		{"causeschedule", &e.Cause.Schedule, false},
	}
}

// Attributes returns everything but the data under its CloudEvents name, as
// CloudEvents' binary mode writes it into headers; specversion is left to the
// caller, and so is what is empty.
func (e Event) Attributes() map[string]string {
	attrs := make(map[string]string, 8+len(e.Extensions))
	maps.Copy(attrs, e.Extensions)
	for _, a := range e.attributes() {
		if *a.value != "" {
			attrs[a.name] = *a.value
		}
	}
	if !e.Time.IsZero() {
		attrs["time"] = e.Time.UTC().Format(time.RFC3339Nano)
	}
	return attrs
}

// FromAttributes is the inverse of [Event.Attributes]. Names that are none of
// ours become extensions. Errors are of kind fault.Invalid, as in [Event.Validate].
func FromAttributes(attrs map[string]string, data []byte) (Event, error) {
	e := Event{Data: data}
	rest := maps.Clone(attrs)
	for _, a := range e.attributes() {
		*a.value = rest[a.name]
		delete(rest, a.name)
	}
	if s, ok := rest["time"]; ok {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return Event{}, fault.New(fault.Invalid, "event %q: its time %q is not of the form 2006-01-02T15:04:05Z (RFC 3339)", e.ID, s)
		}
		e.Time = t.UTC()
		delete(rest, "time")
	}
	if len(rest) > 0 {
		e.Extensions = rest
	}
	if err := e.Validate(); err != nil {
		return Event{}, err
	}
	return e, nil
}
