package proof

import (
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// Verifier checks a log, record by record from the first, with nothing but the
// public key. It finds the first position that is not as it was sealed.
type Verifier struct {
	keys     Public
	kept     []Head
	sealed   Roots  // of the events that the newest seal covers
	since    []Hash // leaves of those after them
	recorded time.Time
	backward eventlog.Position // that was recorded before the one in front of it
	report   Report
}

// Report is what was found to be in order.
type Report struct {
	Events   uint64
	Seals    int
	Last     Seal // the newest
	Recorded time.Time
}

// Unsealed is how many events no seal covers yet: nothing shows that they are what
// they were. The newest seal is always among them.
func (r Report) Unsealed() uint64 { return r.Events - r.Last.Size }

// NewVerifier returns a Verifier of signatures by some keys.
func NewVerifier(keys Public) *Verifier { return &Verifier{keys: keys} }

// Keep has the log checked against a seal that was kept elsewhere, too. Who has the
// key can make a new log and seal it; such a log does not begin with what was sealed
// before.
func (v *Verifier) Keep(signed string) error {
	h, _, err := v.keys.ReadHead(signed)
	if err == nil {
		v.kept = append(v.kept, h)
	}
	return err
}

// Add checks the next record, of which leaf is the hash. An error is a [*Bad]; the
// log is not looked at any further.
func (v *Verifier) Add(rec eventlog.Record, leaf Hash) error {
	next := eventlog.Position(v.report.Events + 1)
	switch {
	case rec.Position > next:
		return bad(next, "it is missing; the next event is at position %d", rec.Position)
	case rec.Position < next:
		return bad(next, "an event that says it is at position %d stands in its place", rec.Position)
	}
	// Which of the two was changed a seal tells, if there is one.
	if rec.Recorded.Before(v.recorded) && uint64(v.backward) <= v.sealed.Size() {
		v.backward = next
	}
	v.since = append(v.since, leaf)
	v.recorded = rec.Recorded
	if rec.Type == event.TypeLogSealed {
		if err := v.seal(rec); err != nil {
			return err
		}
	}
	v.report.Events++
	return v.checkKept()
}

func (v *Verifier) seal(rec eventlog.Record) error {
	d, err := event.DecodeAs[event.LogSealed](rec.Event)
	if err != nil {
		return bad(rec.Position, "it is a seal that cannot be read: %v", err)
	}
	h, signer, err := v.keys.ReadHead(d.Note)
	if err != nil {
		return bad(rec.Position, "this seal does not hold: %v", err)
	}
	if h.Size != d.Size || h.Size <= v.sealed.Size() {
		return bad(rec.Position, "this seal is not one that was made here: it covers %d events (it says %d), and the seal before it %d", h.Size, d.Size, v.sealed.Size())
	}
	is := v.since[:min(h.Size-v.sealed.Size(), uint64(len(v.since)-1))] // the last is the seal itself
	was := hashesIn(d.Leaves)
	root := v.sealed
	root.AddAll(is)
	if root.Size() != h.Size || root.Root() != h.Root {
		return v.locate(rec.Position, h, was, is)
	}
	if !slices.Equal(was, is) {
		return bad(rec.Position, "the hashes in this seal are not those of the events that it covers: it was changed after it was made")
	}
	v.sealed, v.since = root, slices.Clone(v.since[len(is):])
	v.report.Seals++
	v.report.Last = Seal{Head: h, Position: rec.Position, Recorded: rec.Recorded, Note: d.Note, Signer: signer}
	return nil
}

// locate finds the first event that is not what a seal covers: the hashes that stand
// in the seal are the right ones if they lead to the root that was signed. Events in
// front of those, which a seal before should have covered, count as they are.
func (v *Verifier) locate(sealed eventlog.Position, h Head, was, is []Hash) error {
	covered := h.Size - v.sealed.Size()
	if front := covered - uint64(len(was)); uint64(len(was)) <= covered && front <= uint64(len(is)) {
		was = append(slices.Clone(is[:front]), was...)
	}
	first := eventlog.Position(v.sealed.Size() + 1)
	root := v.sealed
	root.AddAll(was)
	if root.Size() != h.Size || root.Root() != h.Root {
		return bad(first, "an event from here to position %d is not what the seal at position %d covers, and the hashes in the seal do not tell which", h.Size, sealed)
	}
	for i := 0; i < len(is) && was[i] == is[i]; i++ {
		first++
	}
	return bad(first, "it is not the event that the seal at position %d covers: it was changed, or others were put in, taken out or moved", sealed)
}

func (v *Verifier) checkKept() error {
	for _, k := range v.kept {
		if k.Size != v.report.Events {
			continue
		}
		root := v.sealed
		root.AddAll(v.since)
		if root.Size() != k.Size || root.Root() != k.Root {
			return bad(eventlog.Position(k.Size), "the events up to here are not those that the seal you kept covers: the log was written anew")
		}
	}
	return nil
}

// Done returns what was found, after the last record. An error is a [*Bad]: the log
// ends before something that was sealed, has no seal at all, or goes back in time
// after the last.
func (v *Verifier) Done() (Report, error) {
	for _, k := range v.kept {
		if k.Size > v.report.Events {
			return v.report, bad(eventlog.Position(v.report.Events+1), "it is missing, with all that follow: the seal you kept covers %d events", k.Size)
		}
	}
	if uint64(v.backward) > v.sealed.Size() {
		return v.report, bad(v.backward, "it says that it was recorded before the event in front of it, which no log does; neither is under seal")
	}
	if v.report.Seals == 0 && v.report.Events > 0 {
		return v.report, bad(1, "there is no seal in the log yet, so that there is nothing to check its %d events with: a portal seals what came within a minute, and when it stops", v.report.Events)
	}
	return v.report, nil
}

func hashesIn(b []byte) []Hash {
	all := make([]Hash, len(b)/tlog.HashSize)
	for i := range all {
		all[i] = Hash(b[i*tlog.HashSize:])
	}
	if len(b)%tlog.HashSize != 0 {
		return nil
	}
	return all
}
