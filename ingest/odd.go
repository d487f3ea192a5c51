package ingest

import (
	"context"
	"errors"

	"github.com/callboard/callboard/internal/fault"
)

// IsOdd reports whether an error may be about what was asked for alone: a forge that says
// when to come again, or is not asked to the end, would not answer about anything else.
func IsOdd(ctx context.Context, err error) bool {
	return fault.KindOf(err) == fault.Unavailable && fault.RetryAfter(err) == 0 && ctx.Err() == nil
}

// untoldError is why something is not known that is asked for beside the files of a
// repository: it holds up nothing, and later looks ask again.
type untoldError struct{ error }

// Unwrap returns why.
func (e untoldError) Unwrap() error { return e.error }

// untold makes an [untoldError] of an error by which the forge refuses this question, or
// gives no answer to it.
func untold(ctx context.Context, err error) error {
	if fault.KindOf(err) == fault.Invalid || IsOdd(ctx, err) {
		return untoldError{err}
	}
	return err
}

// noteOf is what people are told of an [untoldError]; "" of any other error.
func noteOf(err error) string {
	if e, ok := errors.AsType[untoldError](err); ok {
		return Short(e.Error()) + "; all else was read, and this is asked for again"
	}
	return ""
}
