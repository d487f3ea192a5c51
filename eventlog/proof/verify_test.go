package proof_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/tree"
)

// world is a log under seal.
type world struct {
	testing.TB
	*proof.Sealer
	log    *eventlogtest.Memory
	tree   *tree.Tree
	public proof.Public
}

func newWorld(tb testing.TB, name string) *world {
	tb.Helper()
	secret, err := proof.NewKey(name)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := proof.ParseKey(secret)
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{TB: tb, log: eventlogtest.NewMemory()}
	if w.public, err = proof.ParsePublic(key.Public()); err != nil {
		tb.Fatal(err)
	}
	if w.tree, err = tree.Open(tb.Context(), filepath.Join(tb.TempDir(), "proof.db")); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.tree.Close() })
	runner := projections.NewRunner(w.log, slog.New(slog.DiscardHandler), w.tree)
	w.Sealer = &proof.Sealer{Log: w.log, Tree: w.tree, Key: key, Wait: func(ctx context.Context, _ eventlog.Position) error { return runner.CatchUp(ctx) }}
	return w
}

// add appends n events.
func (w *world) add(n int) {
	w.Helper()
	last, err := w.log.Last(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for i := range n {
		id := fmt.Sprint("event ", int(last)+i)
		if _, err := w.log.Append(w.Context(), event.Event{ID: id, Type: "thing.happened.v1", Source: "/test", Subject: "a:b/" + id, Data: []byte(`{"n":1}`)}); err != nil {
			w.Fatal(err)
		}
	}
}

// seal puts the log under seal and returns where it ends then.
func (w *world) seal() eventlog.Position {
	w.Helper()
	if err := w.Seal(w.Context()); err != nil {
		w.Fatal(err)
	}
	last, err := w.log.Last(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return last
}

func (w *world) records() []eventlog.Record {
	w.Helper()
	var all []eventlog.Record
	for r, err := range w.log.Read(w.Context(), 0) {
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// verify checks records as a log that was read.
func verify(keys proof.Public, kept []string, records []eventlog.Record) (proof.Report, error) {
	v := proof.NewVerifier(keys)
	for _, k := range kept {
		if err := v.Keep(k); err != nil {
			return proof.Report{}, err
		}
	}
	for _, r := range records {
		if err := v.Add(r, proof.Leaf(r)); err != nil {
			return proof.Report{}, err
		}
	}
	return v.Done()
}

func TestSeals(t *testing.T) {
	w := newWorld(t, "acme-callboard")
	if last := w.seal(); last != 0 {
		t.Errorf("an empty log was sealed: it ends at %d", last)
	}
	w.add(3)
	if last := w.seal(); last != 4 {
		t.Fatalf("three events and their seal end at %d, want 4", last)
	}
	if last := w.seal(); last != 4 {
		t.Errorf("nothing came but a seal, and it was sealed again: the log ends at %d", last)
	}
	w.add(2)
	if last := w.seal(); last != 7 {
		t.Fatalf("the log ends at %d, want 7", last)
	}
	report, err := verify(w.public, nil, w.records())
	if err != nil {
		t.Fatal(err)
	}
	if report.Events != 7 || report.Seals != 2 || report.Last.Size != 6 || report.Last.Position != 7 || report.Unsealed() != 1 {
		t.Errorf("found %+v, want 7 events and 2 seals of which the last covers 6", report)
	}
	if !strings.HasPrefix(report.Last.Signer, "acme-callboard+") {
		t.Errorf("signed by %q", report.Last.Signer)
	}
}

// More events than one seal has room for.
func TestManyEventsAreSealedInSteps(t *testing.T) {
	w := newWorld(t, "many")
	w.add(10_000)
	w.seal()
	report, err := verify(w.public, nil, w.records())
	if err != nil {
		t.Fatal(err)
	}
	if report.Last.Size < 10_000 || report.Seals != 3 {
		t.Errorf("found %+v, want the first 10,000 under three seals", report)
	}
	again := w.seal()
	if _, err := verify(w.public, nil, w.records()); err != nil || again != 10_003 {
		t.Errorf("nothing but seals came, and the log ends at %d, %v", again, err)
	}
}

// Whatever comes while a seal is made belongs to the next.
func TestEventsThatComeMeanwhile(t *testing.T) {
	w := newWorld(t, "busy")
	w.add(5)
	wait := w.Wait
	w.Wait = func(ctx context.Context, p eventlog.Position) error {
		err := wait(ctx, p)
		w.add(1)
		return err
	}
	w.seal()
	w.Wait = wait
	w.seal()
	records := w.records()
	report, err := verify(w.public, nil, records)
	if err != nil {
		t.Fatal(err)
	}
	if last := uint64(len(records)); report.Last.Size != last-1 {
		t.Errorf("the last seal covers %d of %d events, want all but itself", report.Last.Size, last)
	}
}

func TestVerifierNamesTheFirstBadPosition(t *testing.T) {
	w := newWorld(t, "acme")
	for range 6 {
		w.add(7)
		w.seal()
	}
	good := w.records() // 48 events; each eighth is a seal
	renumber := func(all []eventlog.Record) []eventlog.Record {
		for i := range all {
			all[i].Position = eventlog.Position(i + 1)
			if i > 0 && all[i].Recorded.Before(all[i-1].Recorded) {
				all[i].Recorded = all[i-1].Recorded
			}
		}
		return all
	}
	for _, c := range []struct {
		name   string
		change func(all []eventlog.Record) []eventlog.Record
		want   eventlog.Position
	}{
		{"data", func(all []eventlog.Record) []eventlog.Record { all[19].Data = []byte(`{"n":2}`); return all }, 20},
		{"the first event", func(all []eventlog.Record) []eventlog.Record { all[0].Subject += "x"; return all }, 1},
		{"who did it", func(all []eventlog.Record) []eventlog.Record { all[46].Actor.Login = "mallory"; return all }, 47},
		{"when it was recorded", func(all []eventlog.Record) []eventlog.Record { all[29].Recorded = all[30].Recorded; return all }, 30},
		{"when it was recorded, to later", func(all []eventlog.Record) []eventlog.Record { all[29].Recorded = all[47].Recorded.Add(1); return all }, 30},
		{"recorded before the one in front of it", func(all []eventlog.Record) []eventlog.Record {
			all[47].Recorded = all[0].Recorded.Add(-1)
			return all
		}, 48},
		{"a seal's envelope", func(all []eventlog.Record) []eventlog.Record { all[15].Actor.Login = "mallory"; return all }, 16},
		{"a seal's type", func(all []eventlog.Record) []eventlog.Record { all[15].Type = "log.sealee.v1"; return all }, 16},
		{"a seal's note", func(all []eventlog.Record) []eventlog.Record {
			all[15].Data = []byte(strings.Replace(string(all[15].Data), `\n15\n`, `\n14\n`, 1))
			return all
		}, 16},
		{"a seal's size", func(all []eventlog.Record) []eventlog.Record {
			all[15].Data = []byte(strings.Replace(string(all[15].Data), `"size":15`, `"size":14`, 1))
			return all
		}, 16},
		{"a seal's hashes", func(all []eventlog.Record) []eventlog.Record {
			data := []byte(string(all[15].Data))
			at := strings.Index(string(data), `"leaves":"`) + 20
			data[at] ^= 1
			all[15].Data = data
			return all
		}, 16},
		{"a seal that is no JSON", func(all []eventlog.Record) []eventlog.Record { all[15].Data = []byte(`{"size`); return all }, 16},
		{"removed", func(all []eventlog.Record) []eventlog.Record { return slices.Delete(all, 19, 20) }, 20},
		{"removed, and numbered anew", func(all []eventlog.Record) []eventlog.Record { return renumber(slices.Delete(all, 19, 20)) }, 20},
		{"put in, and numbered anew", func(all []eventlog.Record) []eventlog.Record { return renumber(slices.Insert(all, 19, all[2])) }, 20},
		{"swapped", func(all []eventlog.Record) []eventlog.Record { all[18], all[20] = all[20], all[18]; return all }, 19},
		{"swapped, and numbered anew", func(all []eventlog.Record) []eventlog.Record {
			all[18].Event, all[20].Event = all[20].Event, all[18].Event
			return all
		}, 19},
		{"an old seal once more", func(all []eventlog.Record) []eventlog.Record { all[23].Event = all[15].Event; return all }, 24},
		{"the first ones removed", func(all []eventlog.Record) []eventlog.Record { return all[8:] }, 1},
		{"all seals removed", func(all []eventlog.Record) []eventlog.Record {
			return renumber(slices.DeleteFunc(all, func(r eventlog.Record) bool { return r.Type == event.TypeLogSealed }))
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := verify(w.public, nil, c.change(slices.Clone(good)))
			var b *proof.Bad
			if !errors.As(err, &b) || b.Position != c.want {
				t.Errorf("got %v, want position %d named", err, c.want)
			}
		})
	}
	if _, err := verify(w.public, nil, good); err != nil {
		t.Errorf("the log as it was: %v", err)
	}
	t.Run("another key", func(t *testing.T) {
		_, err := verify(newWorld(t, "acme").public, nil, good)
		var b *proof.Bad
		if !errors.As(err, &b) || b.Position != 8 || !strings.Contains(err.Error(), "another key than") {
			t.Errorf("got %v, want the first seal, at position 8, named", err)
		}
	})
}

// Whoever has the key can seal a log of their own making: only a seal that was kept
// elsewhere tells.
func TestASealThatWasKept(t *testing.T) {
	w := newWorld(t, "acme")
	w.add(5)
	w.seal()
	w.add(5)
	w.seal()
	s, err := w.tree.Newest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	good := w.records()
	if _, err := verify(w.public, []string{s.Note}, good); err != nil {
		t.Errorf("the log that it is of: %v", err)
	}
	forged := newWorld(t, "acme")
	forged.Key = w.Key
	forged.add(20)
	forged.seal()
	if _, err := verify(w.public, nil, forged.records()); err != nil {
		t.Fatalf("without the seal that was kept nothing can tell: %v", err)
	}
	var b *proof.Bad
	if _, err := verify(w.public, []string{s.Note}, forged.records()); !errors.As(err, &b) || uint64(b.Position) != s.Size {
		t.Errorf("got %v, want position %d named", err, s.Size)
	}
	if _, err := verify(w.public, []string{s.Note}, good[:6]); !errors.As(err, &b) || b.Position != 7 {
		t.Errorf("of a log that was cut off: %v, want position 7 named", err)
	}
	if _, err := verify(w.public, []string{"acme\n3\nAAAA\n"}, good); fault.KindOf(err) != fault.Invalid {
		t.Errorf("what is no seal: %v, want an error of kind invalid", err)
	}
}

// A portal never signs what does not go with what it signed before.
func TestNothingIsSealedAfterAChange(t *testing.T) {
	w := newWorld(t, "acme")
	w.add(5)
	w.seal()
	changed := newWorld(t, "acme") // folded anew from a log in which something was changed
	changed.Key = w.Key
	for i, r := range w.records() {
		if i == 2 {
			r.Subject = "a:b/other"
		}
		if _, err := changed.log.Append(t.Context(), r.Event); err != nil {
			t.Fatal(err)
		}
	}
	changed.add(1)
	if err := changed.Seal(t.Context()); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "position 6") {
		t.Errorf("got %v, want a conflict with the seal at position 6", err)
	}
	if err := changed.Failure(); fault.KindOf(err) != fault.Conflict {
		t.Errorf("its failure is %v", err)
	}
	if err := w.Failure(); err != nil {
		t.Errorf("that of one that seals is %v", err)
	}
	if last, err := changed.log.Last(t.Context()); err != nil || last != 7 {
		t.Errorf("the log ends at %d, %v: something was sealed", last, err)
	}
}

func TestProofs(t *testing.T) {
	w := newWorld(t, "acme")
	var seals []proof.Seal
	for range 4 {
		w.add(3 + len(seals))
		w.seal()
		s, err := w.tree.Newest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seals = append(seals, s)
	}
	records := w.records()
	for _, s := range seals {
		if h, signer, err := w.public.ReadHead(s.Note); err != nil || h != s.Head || signer != s.Signer {
			t.Errorf("the note of the seal at %d says %v by %s, %v", s.Position, h, signer, err)
		}
		for p := eventlog.Position(1); p <= eventlog.Position(len(records)); p++ {
			got, err := w.tree.Include(t.Context(), p, s.Position)
			if uint64(p) > s.Size {
				if fault.KindOf(err) != fault.NotFound {
					t.Errorf("event %d, which the seal at %d does not cover: %v", p, s.Position, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := got.Check(); err != nil || got.Leaf != proof.Leaf(records[p-1]) {
				t.Errorf("event %d: %v", p, err)
			}
			got.Leaf[0] ^= 1
			if err := got.Check(); fault.KindOf(err) != fault.Invalid {
				t.Errorf("another event than %d: %v, want an error of kind invalid", p, err)
			}
			if first, err := w.tree.Covering(t.Context(), p); err != nil || first.Size < uint64(p) || first.Position > s.Position {
				t.Errorf("the first seal of event %d: %+v, %v", p, first, err)
			}
		}
		for _, earlier := range seals {
			if earlier.Size > s.Size {
				continue
			}
			got, err := w.tree.Extend(t.Context(), earlier.Size, s.Size)
			if err != nil || got.Check() != nil || got.FromRoot != earlier.Root || got.ToRoot != s.Root {
				t.Errorf("from %d to %d: %v, %v", earlier.Size, s.Size, err, got.Check())
			}
			got.FromRoot[5] ^= 1
			if got.Check() == nil {
				t.Errorf("from another root to %d: it holds", s.Size)
			}
		}
	}
	if s, err := w.tree.Covering(t.Context(), eventlog.Position(len(records))); err != nil || s.Position != 0 {
		t.Errorf("the newest seal is under seal %+v, %v", s, err)
	}
	for _, bad := range [][2]uint64{{0, 1}, {2, 1}, {1, 1000}} {
		if _, err := w.tree.Extend(t.Context(), bad[0], bad[1]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("from %d to %d: %v, want an error of kind invalid", bad[0], bad[1], err)
		}
	}
	for _, p := range []eventlog.Position{0, 1000} {
		if _, err := w.tree.Include(t.Context(), p, 0); fault.KindOf(err) != fault.NotFound {
			t.Errorf("event %d: %v, want an error of kind not found", p, err)
		}
	}
	if _, err := w.tree.Include(t.Context(), 1, 2); fault.KindOf(err) != fault.NotFound {
		t.Errorf("by an event that is no seal: %v, want an error of kind not found", err)
	}
}

// The root is that of tlog, whatever the size.
func TestRoots(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		all := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			all[i] = stored[index]
		}
		return all, nil
	})
	var roots proof.Roots
	for n := range int64(300) {
		if want, err := tlog.TreeHash(n, reader); err != nil || roots.Root() != want || roots.Size() != uint64(n) {
			t.Fatalf("the root of %d leaves is %v, want %v, %v", n, roots.Root(), want, err)
		}
		leaf := proof.LeafOf([]byte(fmt.Sprint(r.Uint64())))
		hashes, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		roots.Add(leaf)
	}
}

func TestKeys(t *testing.T) {
	for _, name := range []string{"", "two words", "a+b"} {
		if secret, err := proof.NewKey(name); err == nil {
			t.Errorf("a key of the name %q was made: it is %d long", name, len(secret))
		}
	}
	secret, err := proof.NewKey("acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "PRIVATE+KEY+acme", secret[:len(secret)-5], strings.Replace(secret, "acme", "evil", 1)} {
		_, err := proof.ParseKey(text)
		if fault.KindOf(err) != fault.Invalid || len(text) > 30 && strings.Contains(err.Error(), text[len(text)-20:]) {
			t.Errorf("%q: %v, want an error of kind invalid that does not tell the key", text, err)
		}
	}
	for _, text := range []string{"", "acme+12345678+AAAA", secret} {
		if _, err := proof.ParsePublic(text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v, want an error of kind invalid", text, err)
		}
	}
}
