package event

import (
	"time"
	"unicode/utf8"

	"github.com/callboard/callboard/internal/fault"
)

// Validate says whether a log can take e, with an error of kind fault.Invalid
// if not: id, type and source are there, as CloudEvents demands; text is valid
// UTF-8; names of extensions are lower-case letters and digits and none of
// those that the other fields are written under; a time that is set lies
// within the years 1678 to 9999.
func (e Event) Validate() error {
	for _, a := range e.attributes() {
		if *a.value == "" && a.required {
			return fault.New(fault.Invalid, "event %q has no %s", e.ID, a.name)
		}
		if !utf8.ValidString(*a.value) {
			return fault.New(fault.Invalid, "event %q: %s is not valid UTF-8", e.ID, a.name)
		}
	}
	for name, value := range e.Extensions {
		if !legalName(name) {
			return fault.New(fault.Invalid, "event %q: an extension cannot be called %q; use lower-case letters and digits", e.ID, name)
		}
		if reserved(name) {
			return fault.New(fault.Invalid, "event %q: %q is not an extension but a field of the event", e.ID, name)
		}
		if !utf8.ValidString(value) {
			return fault.New(fault.Invalid, "event %q: extension %s is not valid UTF-8", e.ID, name)
		}
	}
	if !e.Time.IsZero() && (e.Time.Before(earliest()) || e.Time.UTC().Year() > 9999) {
		return fault.New(fault.Invalid, "event %q: its time is in the year %d; logs hold 1678 to 9999", e.ID, e.Time.UTC().Year())
	}
	return nil
}

// earliest is the first whole year that counts as nanoseconds in an int64.
func earliest() time.Time { return time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC) }

// IsAttributeName reports whether [FromAttributes] takes this name, be it for a
// field or for an extension.
func IsAttributeName(name string) bool {
	return legalName(name) && name != "specversion" && name != "data"
}

// legalName reports whether CloudEvents allows s as an attribute's name.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#naming-conventions
func legalName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func reserved(name string) bool {
	switch name {
	case "specversion", "time", "data":
		return true
	}
	for _, a := range (&Event{}).attributes() {
		if a.name == name {
			return true
		}
	}
	return false
}
