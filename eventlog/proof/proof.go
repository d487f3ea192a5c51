// Package proof shows that nobody edited the record. The events of a log are the
// leaves of a Merkle tree, as RFC 6962 describes it (Certificate Transparency), and
// the root of that tree is signed from time to time: a seal. Who has the public key
// and an old seal can tell whether what was sealed is still there, unchanged.
//
// [Line] is what a leaf is the hash of, [Head] what is signed, [Sealer] signs it
// into the log, [Verifier] checks a log from its first record to its last. The trees
// and notes themselves are those of golang.org/x/mod/sumdb, which Go's checksum
// database is made with.
package proof

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Hash is that of a leaf, or of a tree below a node.
type Hash = tlog.Hash

// Leaf returns the hash of a record.
func Leaf(rec eventlog.Record) Hash { return tlog.RecordHash(Line(rec)) }

// LeafOf returns the hash of a record that is written as [Line] does.
func LeafOf(line []byte) Hash { return tlog.RecordHash(line) }

// Roots computes the root of a growing tree in as little memory as that takes.
type Roots struct {
	size  uint64
	whole [64]Hash // by level: the tree of 2^level leaves that ends here, if size has that bit
}

// Size returns how many leaves there are.
func (r *Roots) Size() uint64 { return r.size }

// Add adds a leaf.
func (r *Roots) Add(leaf Hash) {
	level := bits.TrailingZeros64(^r.size) // as many trees become one
	for i := range level {
		leaf = tlog.NodeHash(r.whole[i], leaf)
	}
	r.whole[level] = leaf
	r.size++
}

// AddAll adds leaves.
func (r *Roots) AddAll(leaves []Hash) {
	for _, leaf := range leaves {
		r.Add(leaf)
	}
}

// Root returns the root of the tree of all leaves so far.
func (r *Roots) Root() Hash {
	rest := r.size
	if rest == 0 {
		root, err := tlog.TreeHash(0, nil) // of the empty tree: nothing is read
		if err != nil {
			return Hash{}
		}
		return root
	}
	root := r.whole[bits.TrailingZeros64(rest)]
	for rest &= rest - 1; rest != 0; rest &= rest - 1 {
		root = tlog.NodeHash(r.whole[bits.TrailingZeros64(rest)], root)
	}
	return root
}

// Inclusion is the proof that an event is among those that a seal covers.
type Inclusion struct {
	Position eventlog.Position
	Leaf     Hash
	Seal     Seal
	Path     []Hash // from the leaf to the root: what to hash it with
}

// Check returns an error of kind fault.Invalid if the proof does not hold. The
// signature of the seal is another matter: see [ReadHead].
func (p Inclusion) Check() error {
	if p.Position == 0 || uint64(p.Position) > p.Seal.Size {
		return fault.New(fault.Invalid, "the seal covers %d events, and not event %d", p.Seal.Size, p.Position)
	}
	if err := tlog.CheckRecord(p.Path, int64(p.Seal.Size), p.Seal.Root, int64(p.Position-1), p.Leaf); err != nil { //nolint:gosec // positions are below 2^63, as SQLite has them
		return fault.New(fault.Invalid, "the proof that event %d is among the first %d does not hold: %w", p.Position, p.Seal.Size, err)
	}
	return nil
}

// Consistency is the proof that a tree is the beginning of a larger one: that
// nothing changed between two seals but by what was added.
type Consistency struct {
	From, To         uint64 // their sizes
	FromRoot, ToRoot Hash
	Path             []Hash
}

// Check returns an error of kind fault.Invalid if the proof does not hold.
func (p Consistency) Check() error {
	if p.From == 0 || p.From > p.To {
		return fault.New(fault.Invalid, "the tree of %d events is not the beginning of one of %d", p.From, p.To)
	}
	if err := tlog.CheckTree(p.Path, int64(p.To), p.ToRoot, int64(p.From), p.FromRoot); err != nil { //nolint:gosec // as above
		return fault.New(fault.Invalid, "the proof that the first %d events are the beginning of the first %d does not hold: %w", p.From, p.To, err)
	}
	return nil
}

// Bad says which position of a log is not as it was sealed, or not as a log has it.
type Bad struct {
	Position eventlog.Position
	Why      string
}

// Error says where and why.
func (b *Bad) Error() string { return fmt.Sprintf("position %d: %s", b.Position, b.Why) }

func bad(p eventlog.Position, format string, args ...any) error {
	return &Bad{p, fmt.Sprintf(format, args...)}
}
