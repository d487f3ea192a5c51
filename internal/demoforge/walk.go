package demoforge

import (
	"cmp"
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

// queue holds commits still to visit, each once, the one of the highest rank last.
type queue struct {
	rank    func(*object.Commit) int64 // nil: the committer time
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
	if q.rank == nil {
		q.rank = func(c *object.Commit) int64 { return c.Committer.When.Unix() }
	}
	q.seen[h] = true
	c, err := o.commit(h)
	if err != nil {
		return err
	}
	i, _ := slices.BinarySearchFunc(q.waiting, c, func(a, b *object.Commit) int {
		return cmp.Compare(q.rank(a), q.rank(b))
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

// generation is one more than the highest generation of a commit's parents: no
// commit has one as high as any of its descendants, whatever their times say.
func (o *objects) generation(h plumbing.Hash) (int64, error) {
	for stack := []plumbing.Hash{h}; len(stack) > 0; {
		top := stack[len(stack)-1]
		c, err := o.commit(top)
		if err != nil {
			return 0, err
		}
		highest, ready := int64(0), true
		for _, p := range c.ParentHashes {
			g, known := o.generations[p]
			if !known {
				stack, ready = append(stack, p), false
			}
			highest = max(highest, g)
		}
		if ready {
			o.generations[top] = highest + 1
			stack = stack[:len(stack)-1]
		}
	}
	return o.generations[h], nil
}

// sides of a split.
const (
	left  = 1
	right = 2
	both  = left | right
)

// split tells what only the left heads can reach, what only the right ones can,
// and the newest commit that both can. It looks at no more of the common history
// than it must; with justLeft it also leaves the right side incomplete.
func (o *objects) split(leftHeads, rightHeads []plumbing.Hash, justLeft bool) (onlyLeft, onlyRight []*object.Commit, common *object.Commit, err error) {
	of := map[plumbing.Hash]int{}
	open := 0 // commits waiting that may still turn out to be on one side only
	q := queue{rank: func(c *object.Commit) int64 { return o.generations[c.Hash] }}
	counts := func(sides int) bool { return sides == left || sides == right && !justLeft }
	add := func(h plumbing.Hash, sides int) error {
		if _, err := o.generation(h); err != nil {
			return err
		}
		was := of[h]
		of[h] |= sides
		if counts(was) {
			open--
		}
		if counts(of[h]) {
			open++
		}
		return q.add(o, h)
	}
	for _, h := range leftHeads {
		if err := add(h, left); err != nil {
			return nil, nil, nil, err
		}
	}
	for _, h := range rightHeads {
		if err := add(h, right); err != nil {
			return nil, nil, nil, err
		}
	}
	for len(q.waiting) > 0 && (open > 0 || common == nil && !justLeft) {
		c := q.next()
		sides := of[c.Hash]
		if counts(sides) {
			open--
		}
		switch {
		case sides == left:
			onlyLeft = append(onlyLeft, c)
		case sides == right:
			onlyRight = append(onlyRight, c)
		case common == nil:
			common = c
		}
		for _, p := range c.ParentHashes {
			if err := add(p, sides); err != nil {
				return nil, nil, nil, err
			}
		}
	}
	return onlyLeft, onlyRight, common, nil
}

// ordered sorts commits that head leads to by time, oldest first, but every
// parent before its children: times may run backwards.
func (o *objects) ordered(head plumbing.Hash, commits []*object.Commit) ([]*object.Commit, error) {
	if len(commits) == 0 {
		return nil, nil
	}
	children := map[plumbing.Hash]int{} // that are not listed yet
	for _, c := range commits {
		for _, p := range c.ParentHashes {
			children[p]++
		}
	}
	among := map[plumbing.Hash]bool{}
	for _, c := range commits {
		among[c.Hash] = true
	}
	list := make([]*object.Commit, 0, len(commits))
	var q queue
	if err := q.add(o, head); err != nil {
		return nil, err
	}
	for len(q.waiting) > 0 {
		c := q.next()
		list = append(list, c)
		for _, p := range c.ParentHashes {
			if children[p]--; children[p] == 0 && among[p] {
				if err := q.add(o, p); err != nil {
					return nil, err
				}
			}
		}
	}
	slices.Reverse(list)
	return list, nil
}

// comparison is how two commits relate.
type comparison struct {
	mergeBase     *object.Commit   // nil when they share no history
	ahead, behind []*object.Commit // what head has and base has not, oldest first, and the reverse
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
	ahead, behind, common, err := o.split([]plumbing.Hash{head}, []plumbing.Hash{base}, false)
	if err != nil {
		return comparison{}, err
	}
	ahead, err = o.ordered(head, ahead)
	return comparison{common, ahead, behind}, err
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
