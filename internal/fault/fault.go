// Package fault gives errors a kind, so that one place in each surface (the JSON
// API, the pages, the webhook door) can turn any error into the right answer.
//
// Start with [New] and [KindOf]. An error without a kind is internal: its text
// belongs in the log of the process, never in front of a user.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what a caller can do about an error.
type Kind string

// The kinds. Everything else is internal.
const (
	Internal    Kind = "internal"    // our mistake; nothing the caller can do
	NotFound    Kind = "not found"   // what was asked for is not there
	Invalid     Kind = "invalid"     // the input is wrong; asking again will not help
	Conflict    Kind = "conflict"    // it clashes with what is there already
	Denied      Kind = "denied"      // the caller may not do this
	Unavailable Kind = "unavailable" // something we depend on does not answer; later may help
)

// Error is an error with a kind. Its text is fit for users.
type Error struct {
	Kind    Kind
	Message string
	// RetryAfter is how long to wait before asking again; zero when unknown.
	// Only errors of kind Unavailable carry it.
	RetryAfter time.Duration
	cause      error
}

// New makes an error of a kind. Like fmt.Errorf it keeps what %w wraps.
func New(kind Kind, format string, args ...any) error {
	wrapped := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: wrapped.Error(), cause: errors.Unwrap(wrapped)}
}

// Later makes an Unavailable error that says how long to wait.
func Later(after time.Duration, format string, args ...any) error {
	wrapped := fmt.Errorf(format, args...)
	return &Error{Kind: Unavailable, Message: wrapped.Error(), RetryAfter: after, cause: errors.Unwrap(wrapped)}
}

// Error returns the text.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the error that the text was made from, if any.
func (e *Error) Unwrap() error { return e.cause }

// KindOf returns the kind of the outermost Error in err's chain, or Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// RetryAfter returns how long err says to wait, or zero.
func RetryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
