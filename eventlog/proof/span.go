package proof

import (
	"encoding/json"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// MaxSpan is how many events a [Span] proves at most, so that it stays a line that
// can be read.
const MaxSpan = 4096

// Span is the proof that events that follow each other are among those that a seal
// covers: for a part of a log that was taken out of it.
type Span struct {
	From   eventlog.Position `json:"from"`
	To     eventlog.Position `json:"to"`
	Leaves []byte            `json:"leaves"` // hashes of the events, 32 bytes each
	Beside []Hash            `json:"beside"` // roots of the trees around them, from left to right
	Note   string            `json:"seal"`
}

// spanLine is a Span as a line among those of records.
type spanLine struct {
	V     int   `json:"v"`
	Proof *Span `json:"proof"`
}

// Line writes the proof as one line of JSON, without a line feed.
func (s Span) Line() ([]byte, error) { return json.Marshal(spanLine{lineVersion, &s}) }

// ParseSpan reads what [Span.Line] wrote; false if the line is none of those.
func ParseSpan(line []byte) (Span, bool) {
	var l spanLine
	if json.Unmarshal(line, &l) != nil || l.Proof == nil {
		return Span{}, false
	}
	return *l.Proof, true
}

// Hashes returns the hashes of the events.
func (s Span) Hashes() []Hash { return hashesIn(s.Leaves) }

// Check returns an error of kind fault.Invalid if the hashes do not lead to the root
// of a head.
func (s Span) Check(h Head) error {
	leaves, beside := s.Hashes(), s.Beside
	if s.From == 0 || s.To < s.From || uint64(s.To) > h.Size || uint64(len(leaves)) != uint64(s.To-s.From)+1 {
		return fault.New(fault.Invalid, "this is no proof of %d events from %d to %d of %d", len(leaves), s.From, s.To, h.Size)
	}
	w := walk{from: uint64(s.From - 1), to: uint64(s.To), leaf: func(i uint64) Hash { return leaves[i-uint64(s.From-1)] }}
	w.tree = func(uint64, uint64) Hash {
		if len(beside) == 0 {
			return Hash{}
		}
		next := beside[0]
		beside = beside[1:]
		return next
	}
	if root := w.root(0, h.Size); root != h.Root || len(beside) > 0 {
		return fault.New(fault.Invalid, "the hashes of the events from %d to %d do not lead to what the seal signs", s.From, s.To)
	}
	return nil
}

// walk computes the root of a tree of which some leaves are known, and of the rest
// the roots of trees that are as large as can be.
type walk struct {
	from, to uint64 // the leaves that are known, counted from 0, without to
	leaf     func(uint64) Hash
	tree     func(lo, hi uint64) Hash
}

func (w walk) root(lo, hi uint64) Hash {
	n := hi - lo
	switch beside := hi <= w.from || lo >= w.to; {
	case beside && n&(n-1) == 0:
		return w.tree(lo, hi)
	case n == 1:
		return w.leaf(lo)
	}
	half := uint64(1) << (bits.Len64(n-1) - 1) // the largest power of two below n
	left := w.root(lo, lo+half)
	return tlog.NodeHash(left, w.root(lo+half, hi))
}

// Hashes is a tree in memory: 64 bytes for each leaf.
type Hashes struct {
	stored []tlog.Hash
	size   int64
}

// Add adds a leaf.
func (h *Hashes) Add(leaf Hash) error {
	hashes, err := tlog.StoredHashesForRecordHash(h.size, leaf, tlog.HashReaderFunc(h.read))
	h.stored, h.size = append(h.stored, hashes...), h.size+1
	return err
}

func (h *Hashes) read(indexes []int64) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		all[i] = h.stored[index]
	}
	return all, nil
}

// Span proves the events from one position to another by a seal that covers them.
func (h *Hashes) Span(from, to eventlog.Position, by Seal) (Span, error) {
	s := Span{From: from, To: to, Note: by.Note}
	w := walk{from: uint64(from - 1), to: uint64(to)}
	w.leaf = func(i uint64) Hash {
		leaf := h.stored[tlog.StoredHashIndex(0, int64(i))] //nolint:gosec // an index
		s.Leaves = append(s.Leaves, leaf[:]...)
		return leaf
	}
	w.tree = func(lo, hi uint64) Hash {
		level := bits.TrailingZeros64(hi - lo)
		root := h.stored[tlog.StoredHashIndex(level, int64(lo>>level))] //nolint:gosec // an index
		s.Beside = append(s.Beside, root)
		return root
	}
	if from == 0 || to < from || uint64(to) > by.Size || by.Size > uint64(h.size) || w.root(0, by.Size) != by.Root { //nolint:gosec // a count
		return Span{}, fault.New(fault.Conflict, "the events are not those that the seal at position %d covers: callboard verify says which one was changed", by.Position)
	}
	return s, nil
}
