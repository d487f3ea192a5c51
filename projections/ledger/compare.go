package ledger

import (
	"context"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/internal/flat"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
)

// Difference is how an entity differs at one moment from what it was at another.
type Difference struct {
	Ref     string
	Owner   string           // at the later moment, or at the other if it is not there; as in [entities.Pair]
	Op      catalog.Op       // what happened to the entity as a whole
	Changes []catalog.Change // of a [Comparison]: see [Comparison.Tell]
}

// Comparison is in what the catalog differs at two moments.
type Comparison struct {
	Before, After *entities.Snapshot
	All           []Difference // by owner, then by ref; without their changes
}

// compared is how many comparisons are kept: who turns the pages of one, or looks at
// one team after the other, asks for the same again and again. They hold on to their
// snapshots, which the moments keep for a while anyway.
const compared = 4

// comparison is one that is kept, of everything.
type comparison struct {
	before, after *entities.Snapshot
	*made
}

// made is closed once it is.
type made struct {
	done chan struct{}
	all  []Difference
	err  error
}

// Compare compares the catalog at two moments, of the entities that w selects at
// either of them. The error is [projections.ErrBeingMade] if ctx ends before.
func (l *Ledger) Compare(ctx context.Context, from, to projections.Moment, w entities.Where) (Comparison, error) {
	var c Comparison
	var err error
	if c.Before, err = l.moments.Catalog(ctx, from); err != nil {
		return c, err
	}
	if c.After, err = l.moments.Catalog(ctx, to); err != nil {
		return c, err
	}
	if c.All, err = l.compare(ctx, c.Before, c.After); err != nil || w == nil {
		return c, err
	}
	refs := make([]string, len(c.All))
	for i, d := range c.All {
		refs[i] = d.Ref
	}
	before, after := c.Before.Among(refs, w), c.After.Among(refs, w)
	c.All = slices.DeleteFunc(slices.Clone(c.All), func(d Difference) bool { return !before[d.Ref] && !after[d.Ref] })
	return c, nil
}

// compare compares two snapshots, unless somebody has.
func (l *Ledger) compare(ctx context.Context, before, after *entities.Snapshot) ([]Difference, error) {
	l.mu.Lock()
	i := slices.IndexFunc(l.compared, func(c comparison) bool { return c.before == before && c.after == after })
	var one comparison
	if i >= 0 {
		one = l.compared[i]
		l.compared = slices.Delete(l.compared, i, i+1)
	} else {
		one = comparison{before, after, &made{done: make(chan struct{})}}
		go func() {
			defer close(one.done)
			one.all, one.err = differences(before, after)
		}()
	}
	l.compared = slices.Insert(l.compared, 0, one)
	if len(l.compared) > compared {
		clear(l.compared[compared:])
		l.compared = l.compared[:compared]
	}
	l.mu.Unlock()
	select {
	case <-one.done:
		return one.all, one.err
	case <-ctx.Done():
		return nil, fault.Later(time.Second, "the comparison of two moments: %w", projections.ErrBeingMade)
	}
}

// differences are all of them, without their changes: of a year these are more than
// anybody reads.
func differences(before, after *entities.Snapshot) ([]Difference, error) {
	pairs := before.Compare(after)
	all := make([]Difference, len(pairs))
	var g errgroup.Group
	const together = 256
	g.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < len(pairs); from += together {
		g.Go(func() error {
			for i := from; i < min(from+together, len(pairs)); i++ {
				p := pairs[i]
				d, err := differing(p.Before, p.After)
				if err != nil {
					return err
				}
				all[i] = Difference{Ref: p.Ref, Owner: p.Owner, Op: d.Op}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(d Difference) bool { return d.Op == "" }), nil
}

// Tell returns some of the differences with their changes.
func (c Comparison) Tell(some []Difference) ([]Difference, error) {
	told := slices.Clone(some)
	for i, d := range told {
		p := c.Before.Pair(c.After, d.Ref)
		full, err := differing(p.Before, p.After)
		if err != nil {
			return nil, err
		}
		told[i].Changes = full.Changes
	}
	return told, nil
}

// CompareEntity compares one entity at two moments. No Op says that it is the same
// at both; the error is of kind fault.NotFound if nothing is on record of it.
func (l *Ledger) CompareEntity(ctx context.Context, ref string, from, to projections.Moment) (Difference, error) {
	if _, err := l.Versions(ctx, ref, projections.Moment{}); err != nil {
		return Difference{}, err
	}
	var texts [2]string
	for i, m := range []projections.Moment{from, to} {
		told, err := l.Tell(ctx, m, ref)
		if err != nil {
			return Difference{}, err
		}
		if of := told[ref]; len(of) > 0 {
			texts[i] = of[len(of)-1].Entity
		}
	}
	d, err := differing(texts[0], texts[1])
	d.Ref = ref
	return d, err
}

func differing(before, after string) (d Difference, err error) {
	switch {
	case before == "" && after == "":
	case before == "":
		d.Op = catalog.Added
	case after == "":
		d.Op = catalog.Removed
	default:
		was, is := flat.Differing(before, after) // to decode no more than that
		if d.Changes, err = catalog.DiffJSON([]byte(was), []byte(is)); len(d.Changes) > 0 {
			d.Op = catalog.Changed
		}
	}
	return d, err
}

// Counts are how many entities differ, by what happened to them.
type Counts struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"`
}

func (c *Counts) add(op catalog.Op) {
	switch op {
	case catalog.Added:
		c.Added++
	case catalog.Removed:
		c.Removed++
	case catalog.Changed:
		c.Changed++
	}
}

// Counts counts all.
func (c Comparison) Counts() (n Counts) {
	for _, d := range c.All {
		n.add(d.Op)
	}
	return n
}

// Team is what differs of the entities of an owner.
type Team struct {
	Owner string `json:"owner,omitempty"`
	Counts
}

// Teams counts by owner, in the order of All.
func (c Comparison) Teams() []Team {
	all := []Team{}
	for _, of := range c.ByOwner() {
		all = append(all, Team{of[0].Owner, Comparison{All: of}.Counts()})
	}
	return all
}

// ByOwner is All in parts, each of one owner.
func (c Comparison) ByOwner() (all [][]Difference) {
	for rest := c.All; len(rest) > 0; {
		n := slices.IndexFunc(rest, func(d Difference) bool { return d.Owner != rest[0].Owner })
		if n < 0 {
			n = len(rest)
		}
		all = append(all, rest[:n])
		rest = rest[n:]
	}
	return all
}

// Last tells what changed each of some entities last, up to a moment.
func (l *Ledger) Last(ctx context.Context, m projections.Moment, refs []string) (map[string]*history.Told, error) {
	told, err := l.Tell(ctx, m, refs...)
	if err != nil {
		return nil, err
	}
	last := make(map[string]*history.Told, len(told))
	for ref, of := range told {
		i := len(of) - 1
		for i > 0 && of[i].Entity == of[i-1].Entity { // a refusal, say
			i--
		}
		last[ref] = &of[i]
	}
	return last, nil
}
