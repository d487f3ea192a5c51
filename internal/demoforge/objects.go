package demoforge

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// errMissing says that an object or a path is not there.
var errMissing = errors.New("not in the repository")

// cachedTrees is how many flattened trees an object store remembers.
const cachedTrees = 512

// objects is a Git object store with the reads and writes that a forge needs.
// Repository's lock guards it: go-git's stores are not safe for concurrent use,
// not even for reads.
type objects struct {
	git         storer.EncodedObjectStorer
	commits     map[plumbing.Hash]*object.Commit
	generations map[plumbing.Hash]int64
	trees       map[plumbing.Hash][]node
	gone        map[plumbing.Hash]bool // commits that Prune has dropped
}

func newObjects(git storer.EncodedObjectStorer) *objects {
	return &objects{
		git:         git,
		commits:     map[plumbing.Hash]*object.Commit{},
		generations: map[plumbing.Hash]int64{},
		trees:       map[plumbing.Hash][]node{},
		gone:        map[plumbing.Hash]bool{},
	}
}

// node is a file or a folder of a tree.
type node struct {
	path string
	mode filemode.FileMode
	hash plumbing.Hash
	size int64 // of files, in bytes
}

func (n node) isDir() bool { return n.mode == filemode.Dir }

// kind is Git's name for what a node's hash points at.
func (n node) kind() string {
	switch n.mode {
	case filemode.Dir:
		return "tree"
	case filemode.Submodule:
		return "commit"
	default:
		return "blob"
	}
}

func (o *objects) commit(h plumbing.Hash) (*object.Commit, error) {
	if o.gone[h] {
		return nil, fmt.Errorf("commit %s: %w", h, errMissing)
	}
	if c := o.commits[h]; c != nil {
		return c, nil
	}
	c, err := object.GetCommit(o.git, h)
	if err != nil {
		return nil, missing("commit", h, err)
	}
	o.commits[h] = c
	return c, nil
}

// peel returns the commit that an object is or, as an annotated tag, points at.
func (o *objects) peel(h plumbing.Hash) (plumbing.Hash, error) {
	if tag, err := object.GetTag(o.git, h); err == nil {
		return tag.Target, nil
	}
	_, err := o.commit(h)
	return h, err
}

func (o *objects) blob(h plumbing.Hash) ([]byte, error) {
	b, err := object.GetBlob(o.git, h)
	if err != nil {
		return nil, missing("blob", h, err)
	}
	r, err := b.Reader()
	if err != nil {
		return nil, fmt.Errorf("read blob %s: %w", h, err)
	}
	defer r.Close()
	return io.ReadAll(r)
}

func missing(kind string, h plumbing.Hash, err error) error {
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return fmt.Errorf("%s %s: %w", kind, h, errMissing)
	}
	return fmt.Errorf("read %s %s: %w", kind, h, err)
}

// children lists one level of a tree, in Git's order.
func (o *objects) children(tree plumbing.Hash) ([]node, error) {
	t, err := object.GetTree(o.git, tree)
	if err != nil {
		return nil, missing("tree", tree, err)
	}
	nodes := make([]node, 0, len(t.Entries))
	for _, e := range t.Entries {
		n := node{path: e.Name, mode: e.Mode, hash: e.Hash}
		if n.kind() == "blob" {
			if n.size, err = o.git.EncodedObjectSize(e.Hash); err != nil {
				return nil, missing("blob", e.Hash, err)
			}
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// flatten lists a whole tree as git ls-tree -r -t does: each folder, then what is in it.
// The slice is shared: do not change it.
func (o *objects) flatten(tree plumbing.Hash) ([]node, error) {
	if nodes, ok := o.trees[tree]; ok {
		return nodes, nil
	}
	level, err := o.children(tree)
	if err != nil {
		return nil, err
	}
	all := make([]node, 0, len(level))
	for _, n := range level {
		all = append(all, n)
		if !n.isDir() {
			continue
		}
		below, err := o.flatten(n.hash)
		if err != nil {
			return nil, err
		}
		for _, b := range below {
			b.path = n.path + "/" + b.path
			all = append(all, b)
		}
	}
	if len(o.trees) >= cachedTrees {
		clear(o.trees)
	}
	o.trees[tree] = all
	return all, nil
}

// lookup finds what stands at a path of a tree; "" is the tree itself.
func (o *objects) lookup(tree plumbing.Hash, path string) (node, error) {
	found := node{path: path, mode: filemode.Dir, hash: tree}
	if path == "" {
		return found, nil
	}
	for name := range strings.SplitSeq(path, "/") {
		if !found.isDir() {
			return node{}, fmt.Errorf("path %s: %w", path, errMissing)
		}
		level, err := o.children(found.hash)
		if err != nil {
			return node{}, err
		}
		i := slices.IndexFunc(level, func(n node) bool { return n.path == name })
		if i < 0 {
			return node{}, fmt.Errorf("path %s: %w", path, errMissing)
		}
		found = level[i]
	}
	found.path = path
	return found, nil
}

// write stores one object and returns its id.
func (o *objects) write(encode func(plumbing.EncodedObject) error) (plumbing.Hash, error) {
	e := o.git.NewEncodedObject()
	if err := encode(e); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("encode object: %w", err)
	}
	h, err := o.git.SetEncodedObject(e)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("store object: %w", err)
	}
	return h, nil
}

func (o *objects) writeBlob(content string) (plumbing.Hash, error) {
	return o.write(func(e plumbing.EncodedObject) error {
		e.SetType(plumbing.BlobObject)
		w, err := e.Writer()
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, content); err != nil {
			return err
		}
		return w.Close()
	})
}

// writeTree stores the tree that base becomes when files are written (a nil
// content removes the file) and returns its id, or the zero hash when nothing
// is left in it.
func (o *objects) writeTree(base plumbing.Hash, files map[string]*string) (plumbing.Hash, error) {
	entries := map[string]object.TreeEntry{}
	if !base.IsZero() {
		t, err := object.GetTree(o.git, base)
		if err != nil {
			return plumbing.ZeroHash, missing("tree", base, err)
		}
		for _, e := range t.Entries {
			entries[e.Name] = e
		}
	}
	below := map[string]map[string]*string{}
	for path, content := range files {
		if dir, rest, nested := strings.Cut(path, "/"); nested {
			if below[dir] == nil {
				below[dir] = map[string]*string{}
			}
			below[dir][rest] = content
			continue
		}
		if content == nil {
			if _, ok := entries[path]; !ok {
				return plumbing.ZeroHash, fmt.Errorf("remove %s: %w", path, errMissing)
			}
			delete(entries, path)
			continue
		}
		h, err := o.writeBlob(*content)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		entries[path] = object.TreeEntry{Name: path, Mode: filemode.Regular, Hash: h}
	}
	for dir, files := range below {
		var old plumbing.Hash
		if e := entries[dir]; e.Mode == filemode.Dir {
			old = e.Hash
		}
		h, err := o.writeTree(old, files)
		if err != nil {
			return plumbing.ZeroHash, fmt.Errorf("in %s: %w", dir, err)
		}
		delete(entries, dir)
		if !h.IsZero() {
			entries[dir] = object.TreeEntry{Name: dir, Mode: filemode.Dir, Hash: h}
		}
	}
	if len(entries) == 0 {
		return plumbing.ZeroHash, nil
	}
	return o.storeTree(entries)
}

func (o *objects) storeTree(entries map[string]object.TreeEntry) (plumbing.Hash, error) {
	t := object.Tree{}
	for _, e := range entries {
		t.Entries = append(t.Entries, e)
	}
	slices.SortFunc(t.Entries, func(a, b object.TreeEntry) int {
		return strings.Compare(sortName(a), sortName(b))
	})
	return o.write(t.Encode)
}

// sortName is what Git sorts the entries of a tree by.
func sortName(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}

func (o *objects) writeCommit(tree plumbing.Hash, parents []plumbing.Hash, c Change) (plumbing.Hash, error) {
	if tree.IsZero() {
		var err error
		if tree, err = o.storeTree(nil); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	committer := c.Committer
	if committer == (Person{}) {
		committer = c.Author
	}
	commit := object.Commit{
		Author:       signature(c.Author, c.Time),
		Committer:    signature(committer, c.Time),
		Message:      strings.TrimRight(c.Message, "\n") + "\n",
		TreeHash:     tree,
		ParentHashes: parents,
	}
	return o.write(commit.Encode)
}

func signature(p Person, at time.Time) object.Signature {
	return object.Signature{Name: p.Name, Email: p.Email, When: at}
}
