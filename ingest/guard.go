package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// ErrHeld is wrapped by the error of a delivery that would remove more entities at
// once than the guard lets pass: [Translator.Allow] lets it.
var ErrHeld = errors.New("held")

// heldError is [ErrHeld] with what would be removed.
type heldError struct {
	removes int
	says    string
}

// Error returns the text for people.
func (e heldError) Error() string { return e.says }

// Is makes it an [ErrHeld].
func (heldError) Is(e error) bool { return e == ErrHeld }

// few is how many entities may always go at once: shares of small catalogs say
// little.
const few = 5

// guard returns an error that wraps [ErrHeld], of kind fault.Conflict, if changes
// remove more of the source's entities than the configured share. That a
// repository was read and lacks them is evidence; that somebody meant it is not.
func (t *Translator) guard(ctx context.Context, k known, r reading, changes []change, allowed bool) error {
	if t.Guard <= 0 || allowed {
		return nil
	}
	removed := 0
	for _, c := range changes {
		_, removes := c.data.(event.EntityRemoved)
		if was, declared := k.declared[c.ref]; removes && declared && was.Origin.Path == c.path { // else it ends a refusal
			removed++
		}
	}
	if removed <= few {
		return nil
	}
	after, err := t.after(ctx)
	if err != nil {
		return err
	}
	all, err := t.Known.Count(ctx, after, r.source)
	if err != nil {
		return err
	}
	if float64(removed) <= t.Guard*float64(all) {
		return nil
	}
	return fault.New(fault.Conflict, "%w", heldError{removed, fmt.Sprintf(
		"%s: this would remove %d of the %d entities of source %s, more than %.0f %% at once. If that is meant, allow it on the page of the source",
		r.repo.FullName, removed, all, r.source, 100*t.Guard)})
}
