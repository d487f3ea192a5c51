package demoforge

import (
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// log walks the history from head, newest committer time first, as git log
// does. With a path it yields the commits that git log -- path yields: at a
// merge that agrees with one of its parents about the path, only that parent
// is followed.
func (o *objects) log(head plumbing.Hash, path string, firstParent bool) iter.Seq2[*object.Commit, error] {
	return func(yield func(*object.Commit, error) bool) {
		var q queue
		if err := q.add(o, head); err != nil {
			yield(nil, err)
			return
		}
		for len(q.waiting) > 0 {
			c := q.next()
			parents := c.ParentHashes
			if firstParent && len(parents) > 1 {
				parents = parents[:1]
			}
			shown := true
			if path != "" {
				var err error
				if parents, shown, err = o.simplify(c, parents, path); err != nil {
					yield(nil, err)
					return
				}
			}
			if shown && !yield(c, nil) {
				return
			}
			for _, p := range parents {
				if err := q.add(o, p); err != nil {
					yield(nil, err)
					return
				}
			}
		}
	}
}

// simplify says which parents of a commit to follow for the history of a path,
// and whether the commit itself belongs to it.
func (o *objects) simplify(c *object.Commit, parents []plumbing.Hash, path string) (follow []plumbing.Hash, shown bool, err error) {
	here, err := o.at(c, path)
	if err != nil {
		return nil, false, err
	}
	for _, p := range parents {
		parent, err := o.commit(p)
		if err != nil {
			return nil, false, err
		}
		there, err := o.at(parent, path)
		if err != nil {
			return nil, false, err
		}
		if here == there {
			return []plumbing.Hash{p}, false, nil
		}
	}
	return parents, len(parents) > 0 || !here.IsZero(), nil
}

// at is the id of what stands at a path in a commit, zero when nothing does.
func (o *objects) at(c *object.Commit, path string) (plumbing.Hash, error) {
	n, err := o.lookup(c.TreeHash, path)
	if errors.Is(err, errMissing) {
		return plumbing.ZeroHash, nil
	}
	return n.hash, err
}

// queue holds commits still to visit, each once, newest last.
type queue struct {
	waiting []*object.Commit
	seen    map[plumbing.Hash]bool
}

func (q *queue) add(o *objects, h plumbing.Hash) error {
	if q.seen[h] {
		return nil
	}
	if q.seen == nil {
		q.seen = map[plumbing.Hash]bool{}
	}
	q.seen[h] = true
	c, err := o.commit(h)
	if err != nil {
		return err
	}
	i, _ := slices.BinarySearchFunc(q.waiting, c, func(a, b *object.Commit) int {
		return a.Committer.When.Compare(b.Committer.When)
	})
	q.waiting = slices.Insert(q.waiting, i, c)
	return nil
}

func (q *queue) next() *object.Commit {
	last := len(q.waiting) - 1
	c := q.waiting[last]
	q.waiting = q.waiting[:last]
	return c
}

// ancestors is every commit that heads can reach, themselves included.
func (o *objects) ancestors(heads ...plumbing.Hash) (map[plumbing.Hash]bool, error) {
	seen := map[plumbing.Hash]bool{}
	for len(heads) > 0 {
		h := heads[len(heads)-1]
		heads = heads[:len(heads)-1]
		if seen[h] {
			continue
		}
		c, err := o.commit(h)
		if err != nil {
			return nil, err
		}
		seen[h] = true
		heads = append(heads, c.ParentHashes...)
	}
	return seen, nil
}

// without lists what head can reach and is not in known, oldest first and
// every parent before its children.
func (o *objects) without(head plumbing.Hash, known map[plumbing.Hash]bool) ([]*object.Commit, error) {
	if known[head] {
		return nil, nil
	}
	var list []*object.Commit
	children := map[plumbing.Hash]int{} // that have not been listed yet
	q := queue{}
	if err := q.add(o, head); err != nil {
		return nil, err
	}
	for len(q.waiting) > 0 {
		c := q.next()
		list = append(list, c)
		for _, p := range c.ParentHashes {
			if known[p] {
				continue
			}
			children[p]++
			if err := q.add(o, p); err != nil {
				return nil, err
			}
		}
	}
	// Committer times may run backwards; the order of the graph wins over them.
	ordered := make([]*object.Commit, 0, len(list))
	ready := queue{}
	if err := ready.add(o, head); err != nil {
		return nil, err
	}
	for len(ready.waiting) > 0 {
		c := ready.next()
		ordered = append(ordered, c)
		for _, p := range c.ParentHashes {
			if children[p]--; children[p] == 0 {
				if err := ready.add(o, p); err != nil {
					return nil, err
				}
			}
		}
	}
	slices.Reverse(ordered)
	return ordered, nil
}

// comparison is how two commits relate.
type comparison struct {
	mergeBase     *object.Commit   // nil when they share no history
	ahead, behind []*object.Commit // what head has and base has not, and the reverse; oldest first
}

func (c comparison) status() string {
	switch {
	case len(c.ahead) > 0 && len(c.behind) > 0:
		return "diverged"
	case len(c.ahead) > 0:
		return "ahead"
	case len(c.behind) > 0:
		return "behind"
	default:
		return "identical"
	}
}

func (o *objects) compare(base, head plumbing.Hash) (comparison, error) {
	ofBase, err := o.ancestors(base)
	if err != nil {
		return comparison{}, err
	}
	ofHead, err := o.ancestors(head)
	if err != nil {
		return comparison{}, err
	}
	var c comparison
	if c.ahead, err = o.without(head, ofBase); err != nil {
		return comparison{}, err
	}
	if c.behind, err = o.without(base, ofHead); err != nil {
		return comparison{}, err
	}
	for commit, err := range o.log(head, "", false) {
		if err != nil {
			return comparison{}, err
		}
		if ofBase[commit.Hash] {
			c.mergeBase = commit
			break
		}
	}
	return c, nil
}

// fileChange is one file that differs between two trees.
type fileChange struct {
	status string // added, modified, removed, renamed
	path   string
	was    string // the path before, when renamed
	hash   plumbing.Hash
}

// diff lists the files that differ between two trees, by path. A zero hash is
// the empty tree. A file that was removed and added elsewhere with the same
// content counts as renamed when renames is set.
func (o *objects) diff(from, to plumbing.Hash, renames bool) ([]fileChange, error) {
	before, err := o.files(from)
	if err != nil {
		return nil, err
	}
	after, err := o.files(to)
	if err != nil {
		return nil, err
	}
	var changes []fileChange
	gone := map[plumbing.Hash]string{}
	for path, h := range before {
		now, ok := after[path]
		switch {
		case !ok:
			changes = append(changes, fileChange{status: "removed", path: path, hash: h})
			gone[h] = max(gone[h], path)
		case now != h:
			changes = append(changes, fileChange{status: "modified", path: path, hash: now})
		}
	}
	moved := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		h := after[path]
		if _, ok := before[path]; ok {
			continue
		}
		if was := gone[h]; renames && was != "" && !moved[was] {
			moved[was] = true
			changes = append(changes, fileChange{status: "renamed", path: path, was: was, hash: h})
			continue
		}
		changes = append(changes, fileChange{status: "added", path: path, hash: h})
	}
	changes = slices.DeleteFunc(changes, func(c fileChange) bool { return c.status == "removed" && moved[c.path] })
	slices.SortFunc(changes, func(a, b fileChange) int { return strings.Compare(a.path, b.path) })
	return changes, nil
}

func (o *objects) files(tree plumbing.Hash) (map[string]plumbing.Hash, error) {
	files := map[string]plumbing.Hash{}
	if tree.IsZero() {
		return files, nil
	}
	nodes, err := o.flatten(tree)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if !n.isDir() {
			files[n.path] = n.hash
		}
	}
	return files, nil
}

// changesOf lists what a commit changed against its first parent.
func (o *objects) changesOf(c *object.Commit, renames bool) ([]fileChange, error) {
	var from plumbing.Hash
	if len(c.ParentHashes) > 0 {
		parent, err := o.commit(c.ParentHashes[0])
		if err != nil {
			return nil, err
		}
		from = parent.TreeHash
	}
	return o.diff(from, c.TreeHash, renames)
}
