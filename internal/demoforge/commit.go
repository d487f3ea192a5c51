package demoforge

import (
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Change is one commit to make.
type Change struct {
	Author    Person
	Committer Person // the author when zero
	Time      time.Time
	Message   string
	Files     map[string]string // new content by path
	Remove    []string          // paths that must be there
	Merge     []string          // branches or SHAs that become further parents
}

func (r *Repository) commit(parent plumbing.Hash, c Change) (plumbing.Hash, error) {
	var base plumbing.Hash
	var parents []plumbing.Hash
	if !parent.IsZero() {
		onto, err := r.objects.commit(parent)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		base, parents = onto.TreeHash, []plumbing.Hash{parent}
	}
	files := map[string]*string{}
	for path, content := range c.Files {
		files[path] = &content
	}
	for _, path := range c.Remove {
		files[path] = nil
	}
	for _, rev := range c.Merge {
		h, err := r.resolve(rev)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		parents = append(parents, h)
		if err := r.bringIn(files, parent, h); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	tree, err := r.objects.writeTree(base, files)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	for _, p := range []Person{c.Author, c.Committer} {
		r.forge.know(p)
	}
	return r.objects.writeCommit(tree, parents, c)
}

// bringIn adds to files what a merged commit changed since it left the branch.
// Files that the change writes itself win: they are the resolved conflicts.
func (r *Repository) bringIn(files map[string]*string, onto, merged plumbing.Hash) error {
	c, err := r.objects.compare(onto, merged)
	if err != nil {
		return err
	}
	theirs, err := r.objects.commit(merged)
	if err != nil {
		return err
	}
	head, err := r.objects.commit(onto)
	if err != nil {
		return err
	}
	ours, err := r.objects.files(head.TreeHash)
	if err != nil {
		return err
	}
	var base plumbing.Hash
	if c.mergeBase != nil {
		base = c.mergeBase.TreeHash
	}
	changes, err := r.objects.diff(base, theirs.TreeHash, false)
	if err != nil {
		return err
	}
	for _, change := range changes {
		if _, ok := files[change.path]; ok {
			continue
		}
		if change.status == "removed" {
			if ours[change.path] != plumbing.ZeroHash {
				files[change.path] = nil
			}
			continue
		}
		content, err := r.objects.blob(change.hash)
		if err != nil {
			return err
		}
		text := string(content)
		files[change.path] = &text
	}
	return nil
}
