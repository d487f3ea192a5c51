package survey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

const (
	// remembered is how long GitHub can still say what it sent. Deliveries are kept at
	// least as long: see deliveries.keep of the configuration.
	remembered = 3 * 24 * time.Hour
	// overlap is looked through again each time: attempts are listed late.
	overlap = 15 * time.Minute
)

// check asks the forge what it sent, and fetches what did not come. What is not
// in our log is missing, whatever became of the forge's attempts: an answer of
// ours that got lost leaves nothing to do. One that the forge lists and does not
// hand over keeps no other from being fetched; it is tried again each time, for as
// long as the forge lists it.
func (w *worker) check(ctx context.Context, start time.Time) error {
	if w.Sent == nil {
		return nil
	}
	since := start.Add(-remembered) // never further: what came before need not be kept
	if checked := w.told().Checked; checked.Add(-overlap).After(since) {
		since = checked.Add(-overlap)
	}
	seen := map[string]bool{}
	var kept []error // what the forge does not hand over
	tick := event.Cause{Schedule: ingest.ScheduleTick("check", start)}
	oldest := start // of the attempts of a webhook that were listed so far
	if err := w.caughtUp(ctx, start); err != nil {
		return err
	}
	unseen := ""
	defer func() { w.tell(func(s *Status) { s.Unseen = unseen }) }()
	var missing *ingest.NoWebhook
	for a, err := range w.Sent.Since(ctx, since) {
		if errors.As(err, &missing) {
			break // it is the last
		}
		if kind := fault.KindOf(err); err != nil && (kind == fault.Denied || kind == fault.NotFound) {
			unseen = text(err) // a lesser token; comparisons go on
			w.tell(func(s *Status) { s.NoHook = NoHook{} })
			return nil
		}
		if errors.Is(err, ingest.ErrTooManyAttempts) {
			if err := w.unlisted(ctx, since, oldest, tick); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		oldest = a.At
		if err := w.pace(); err != nil {
			return err
		}
		if seen[a.ID] || a.ID == "" || start.Sub(a.At) < w.Grace { // it may be on its way
			continue
		}
		seen[a.ID] = true
		err = w.fetch(ctx, a, tick)
		if _, one := errors.AsType[keptError](err); one {
			kept = append(kept, err)
			w.Logger.WarnContext(ctx, "a delivery that was missed is not handed over", "source", w.Name, "delivery", a.ID, "event", a.Event, "error", err)
			continue
		}
		if err != nil {
			return err
		}
	}
	w.tell(func(s *Status) { s.NoHook = s.NoHook.now(missing, start) })
	if len(kept) > 0 { // it stays missing, so this check has not ended well
		return fault.New(fault.Invalid, "%s: of what the forge sent it does not hand over %d; the first: %s", w.Name, len(kept), text(kept[0]))
	}
	return nil
}

// NoHook says which webhooks are missing at a forge; zero if none is, or nobody can say.
type NoHook struct {
	Says   string    // for people
	Partly bool      // of others of the source there are some
	Since  time.Time // when that was seen first
}

// now is what is missing after another look.
func (n NoHook) now(missing *ingest.NoWebhook, at time.Time) NoHook {
	if missing == nil {
		return NoHook{}
	}
	if n.Says == "" {
		n.Since = at
	}
	return NoHook{missing.Error(), missing.Partly, n.Since}
}

// keptError says why the forge does not hand over a delivery that it lists.
type keptError struct{ error }

func (e keptError) Unwrap() error { return e.error }

// forgotten is what closes a gap that nobody can make up for.
const forgotten = "the forge has forgotten it; the next comparison makes up for what it told of repositories"

// caughtUp closes the gaps of deliveries that are here by now: the portal ended in
// the midst of it, or the forge sent them after all. What is older than the forge
// remembers it will not list again.
func (w *worker) caughtUp(ctx context.Context, start time.Time) error {
	open, err := w.Repositories.Open(ctx, w.Name)
	if err != nil {
		return err
	}
	for _, g := range open {
		if g.Kind != event.GapDelivery {
			continue
		}
		has, err := w.Deliveries.Has(ctx, g.Delivery)
		if err != nil {
			return err
		}
		closed := event.SourceGapClosed{Source: w.Name, Gap: g.Gap, Detail: "it is here by now"}
		if !has {
			closed.Detail, closed.Lost = forgotten, true
		}
		if has || start.Sub(g.Since) > remembered+overlap {
			if err := w.record(ctx, closed, w.Name, "gap closed", g.Gap, event.Cause{Schedule: ingest.ScheduleTick("check", start)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// unlisted records that nobody has looked which of the deliveries between two moments
// came. The next check would not get to them either: it begins with the newest, too.
func (w *worker) unlisted(ctx context.Context, since, until time.Time, tick event.Cause) error {
	const second = "2006-01-02 15:04:05"
	g := event.SourceGapFound{
		Source: w.Name, Gap: event.DeriveID(0, w.Name, "unlisted", ingest.ScheduleTick("check", since), ingest.ScheduleTick("check", until)), Kind: event.GapDelivery, Since: since,
		Detail: fmt.Sprintf("more than %d deliveries were sent: which of those from %s to %s (UTC) came was not looked at", ingest.MaxAttempts, since.UTC().Format(second), until.UTC().Format(second)),
	}
	if err := w.found(ctx, g, w.Name, tick); err != nil {
		return err
	}
	closed := event.SourceGapClosed{Source: w.Name, Gap: g.Gap, Detail: "too many to look at; the next comparison makes up for what they told of repositories", Lost: true}
	return w.record(ctx, closed, w.Name, "gap closed", g.Gap, tick)
}

// fetch stores a delivery unless it is stored, and records that it was missed.
func (w *worker) fetch(ctx context.Context, a ingest.Attempt, tick event.Cause) error {
	id := event.DeliveryID(w.Name, a.ID)
	has, err := w.Deliveries.Has(ctx, id)
	if err != nil || has {
		return err
	}
	g := event.SourceGapFound{
		Source: w.Name, Gap: event.DeriveID(0, w.Name, a.ID), Kind: event.GapDelivery, Delivery: id,
		Detail: fmt.Sprintf("a delivery of %s was sent and did not come", a.Event), Since: a.At,
	}
	if err := w.found(ctx, g, w.Name, tick); err != nil {
		return err
	}
	closed := event.SourceGapClosed{Source: w.Name, Gap: g.Gap, Detail: "fetched from the forge"}
	header, body, err := w.Sent.Fetch(ctx, a)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		closed.Detail, closed.Lost = forgotten, true
	case err != nil && (ctx.Err() != nil || fault.RetryAfter(err) > 0): // nor will it answer about another
		return err
	case err != nil:
		return keptError{err}
	default:
		if _, err := w.Door.Fetched(ctx, w.Name, ingest.Receipt{ID: a.ID, Event: a.Event}, header, body); err != nil {
			return err
		}
	}
	return w.record(ctx, closed, w.Name, "gap closed", g.Gap, tick)
}
