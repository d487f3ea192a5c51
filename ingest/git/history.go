package git

import (
	"container/heap"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// skew is by how much a commit may be older, by its clock, than one that it
// comes after, without being taken for older.
const skew = 24 * time.Hour

// sides of a comparison.
const (
	ofHead = 1 << iota
	ofBase
	common = ofHead | ofBase
)

// Between compares two commits.
func (c *Clone) Between(ctx context.Context, _ ingest.Repository, base, head string) (r ingest.Range, err error) {
	r.Complete = true
	err = c.read(fmt.Sprintf("compare %.7s with %.7s", base, head), func() error {
		p := painter{clone: c, sides: map[plumbing.Hash]int{}}
		from, to := plumbing.NewHash(base), plumbing.NewHash(head)
		if err := p.paint(from, ofBase); err != nil {
			return err
		}
		if err := p.paint(to, ofHead); err != nil {
			return err
		}
		only, err := p.run(ctx)
		if err != nil {
			return err
		}
		r.Ancestor = p.sides[from] == common
		shared := r.Ancestor
		for _, side := range p.sides {
			shared = shared || side == common
		}
		if !shared {
			return fault.New(fault.NotFound, "%.7s and %.7s have nothing in common", base, head)
		}
		for _, commit := range only {
			r.Commits = append(r.Commits, describe(commit))
		}
		return nil
	})
	if err != nil {
		return ingest.Range{}, err
	}
	return r, nil
}

// painter walks back from two commits at once, newest first, and notes from
// which of the two each commit can be reached. It looks at no more of the common
// history than it must.
type painter struct {
	clone   *Clone
	sides   map[plumbing.Hash]int
	waiting queue
	open    int // commits waiting that one side alone has reached
}

func (p *painter) paint(h plumbing.Hash, side int) error {
	was := p.sides[h]
	if was|side == was {
		return nil
	}
	commit, err := object.GetCommit(p.clone.repo.Storer, h)
	if err != nil {
		return err
	}
	p.sides[h] = was | side
	heap.Push(&p.waiting, visit{commit, was | side})
	if was|side != common {
		p.open++
	}
	return nil
}

// run returns the commits that only head has, newest first.
func (p *painter) run(ctx context.Context) ([]*object.Commit, error) {
	var reached []*object.Commit
	oldest := time.Time{}
	for p.waiting.Len() > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		next := p.waiting[0]
		if p.open == 0 && (oldest.IsZero() || next.Committer.When.Before(oldest.Add(-skew))) {
			break
		}
		heap.Pop(&p.waiting)
		if next.sides != common {
			p.open--
		}
		if next.sides == ofHead {
			reached, oldest = append(reached, next.Commit), earlier(oldest, next.Committer.When)
		}
		for _, parent := range next.ParentHashes {
			if err := p.paint(parent, next.sides); err != nil {
				return nil, err
			}
		}
	}
	return slices.DeleteFunc(reached, func(c *object.Commit) bool { return p.sides[c.Hash] != ofHead }), nil
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// visit is a commit to go on from, with the sides that had reached it.
type visit struct {
	*object.Commit
	sides int
}

// queue has the newest commit first.
type queue []visit

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].Committer.When.After(q[j].Committer.When) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push is for [heap.Push], which is called with visits only.
func (q *queue) Push(v any) { *q = append(*q, v.(visit)) }

// Pop is for [heap.Pop].
func (q *queue) Pop() any {
	last := len(*q) - 1
	v := (*q)[last]
	*q = (*q)[:last]
	return v
}

// LastChange returns the newest commit of the branch's own history, the first
// parents from sha, that changed what stands at a path: a merge brings what it
// merges.
func (c *Clone) LastChange(ctx context.Context, _ ingest.Repository, sha, path string) (last ingest.Commit, err error) {
	err = c.read(fmt.Sprintf("look for the last change of %s", path), func() error {
		commit, err := c.commit(sha)
		if err != nil {
			return err
		}
		if path == "" {
			last = describe(commit)
			return nil
		}
		here, err := c.entry(commit.TreeHash, path)
		if err != nil {
			return err
		}
		for {
			if err := ctx.Err(); err != nil {
				return err
			}
			var before *object.Commit
			var there plumbing.Hash
			if len(commit.ParentHashes) > 0 {
				if before, err = c.commit(commit.ParentHashes[0].String()); err != nil {
					return err
				}
				there = here
				if before.TreeHash != commit.TreeHash {
					if there, err = c.entry(before.TreeHash, path); err != nil {
						return err
					}
				}
			}
			if there != here {
				last = describe(commit)
				return nil
			}
			if before == nil {
				return fault.New(fault.NotFound, "%s was never there", path)
			}
			commit = before
		}
	})
	return last, err
}
