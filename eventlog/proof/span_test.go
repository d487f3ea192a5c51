package proof_test

import (
	"testing"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/internal/fault"
)

// Every part of logs of every small size is proved, and nothing else.
func TestSpans(t *testing.T) {
	w := newWorld(t, "acme")
	for n := range 19 {
		w.add(1)
		if n%3 == 0 {
			w.seal()
		}
	}
	w.seal()
	var hashes proof.Hashes
	var leaves []proof.Hash
	for _, r := range w.records() {
		leaves = append(leaves, proof.Leaf(r))
		if err := hashes.Add(proof.Leaf(r)); err != nil {
			t.Fatal(err)
		}
	}
	for at := range leaves {
		seal, err := w.tree.Covering(t.Context(), eventlog.Position(at+1))
		if err != nil {
			t.Fatal(err)
		}
		for from := eventlog.Position(1); uint64(from) <= seal.Size; from++ {
			for to := from; uint64(to) <= seal.Size; to++ {
				span, err := hashes.Span(from, to, seal)
				if err != nil {
					t.Fatal(err)
				}
				line, err := span.Line()
				if err != nil {
					t.Fatal(err)
				}
				got, ok := proof.ParseSpan(line)
				head, _, bad := w.public.ReadHead(got.Note)
				if !ok || bad != nil || got.Check(head) != nil {
					t.Fatalf("from %d to %d of %d: %v, %v, %v", from, to, seal.Size, ok, bad, got.Check(head))
				}
				got.Leaves[len(got.Leaves)-1] ^= 1
				if got.Check(head) == nil {
					t.Errorf("from %d to %d of %d, with another leaf: it holds", from, to, seal.Size)
				}
				got.Leaves[len(got.Leaves)-1] ^= 1
				got.Beside = append(got.Beside, proof.Hash{})
				if got.Check(head) == nil {
					t.Errorf("from %d to %d of %d, with a hash too many: it holds", from, to, seal.Size)
				}
			}
		}
	}
	newest, err := w.tree.Newest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][2]eventlog.Position{{0, 1}, {2, 1}, {1, eventlog.Position(newest.Size + 1)}} {
		if _, err := hashes.Span(bad[0], bad[1], newest); fault.KindOf(err) != fault.Conflict {
			t.Errorf("from %d to %d: %v, want a conflict", bad[0], bad[1], err)
		}
		if err := (proof.Span{From: bad[0], To: bad[1]}).Check(newest.Head); fault.KindOf(err) != fault.Invalid {
			t.Errorf("from %d to %d: %v, want an error of kind invalid", bad[0], bad[1], err)
		}
	}
	if _, ok := proof.ParseSpan(proof.Line(w.records()[0])); ok {
		t.Error("a record was read as a proof")
	}
}
