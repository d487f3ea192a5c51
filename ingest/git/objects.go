package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// maxBlob is how large a file may be that is read, in bytes.
const maxBlob = 10 << 20

// Tree lists the files at a commit, without what symbolic links and submodules
// lead to. The repository is the clone's own, whatever its argument says; this
// holds for all questions.
func (c *Clone) Tree(ctx context.Context, _ ingest.Repository, sha string) ([]ingest.File, error) {
	var files []ingest.File
	err := c.read(fmt.Sprintf("list the files at %.7s", sha), func() error {
		commit, err := c.commit(sha)
		if err != nil {
			return err
		}
		return c.walk(ctx, commit.TreeHash, "", func(f ingest.File) { files = append(files, f) })
	})
	return files, err
}

// walk calls found for the files of a tree.
func (c *Clone) walk(ctx context.Context, tree plumbing.Hash, dir string, found func(ingest.File)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := object.GetTree(c.repo.Storer, tree)
	if err != nil {
		return err
	}
	for _, e := range t.Entries {
		switch name := path.Join(dir, e.Name); {
		case e.Mode == filemode.Dir:
			if err := c.walk(ctx, e.Hash, name, found); err != nil {
				return err
			}
		case isFile(e.Mode):
			found(ingest.File{Path: name, Blob: e.Hash.String()})
		}
	}
	return nil
}

func isFile(m filemode.FileMode) bool {
	return m == filemode.Regular || m == filemode.Executable || m == filemode.Deprecated
}

// Blob returns a file's content; fault.Invalid if it is larger than 10 MB.
func (c *Clone) Blob(_ context.Context, _ ingest.Repository, file ingest.File) (content []byte, err error) {
	err = c.read("read "+file.Path, func() error {
		b, err := object.GetBlob(c.repo.Storer, plumbing.NewHash(file.Blob))
		if err != nil {
			return err
		}
		if b.Size > maxBlob {
			return fault.New(fault.Invalid, "%s has %d bytes, and files of more than %d are not read", file.Path, b.Size, maxBlob)
		}
		r, err := b.Reader()
		if err != nil {
			return err
		}
		defer r.Close()
		content, err = io.ReadAll(r)
		return err
	})
	return content, err
}

// Commit returns a commit.
func (c *Clone) Commit(_ context.Context, sha string) (found ingest.Commit, err error) {
	err = c.read(fmt.Sprintf("read commit %.7s", sha), func() error {
		commit, err := c.commit(sha)
		if err == nil {
			found = describe(commit)
		}
		return err
	})
	return found, err
}

// FirstParents lists the commits that a branch was at, from its root to a commit.
func (c *Clone) FirstParents(ctx context.Context, sha string) (all []string, err error) {
	err = c.read(fmt.Sprintf("walk back from %.7s", sha), func() error {
		for at := sha; at != ""; {
			if err := ctx.Err(); err != nil {
				return err
			}
			commit, err := c.commit(at)
			if err != nil {
				return err
			}
			all, at = append(all, at), ""
			if len(commit.ParentHashes) > 0 {
				at = commit.ParentHashes[0].String()
			}
		}
		return nil
	})
	slices.Reverse(all)
	return all, err
}

// Changed lists the paths of files that differ between two commits; from "" are
// all files.
func (c *Clone) Changed(ctx context.Context, from, to string) (paths []string, err error) {
	err = c.read(fmt.Sprintf("compare %.7s with %.7s", from, to), func() error {
		var before plumbing.Hash
		if from != "" {
			commit, err := c.commit(from)
			if err != nil {
				return err
			}
			before = commit.TreeHash
		}
		after, err := c.commit(to)
		if err != nil {
			return err
		}
		return c.differ(ctx, before, after.TreeHash, "", &paths)
	})
	return paths, err
}

// differ adds the paths of the files that two trees do not share; a zero hash is
// an empty tree.
func (c *Clone) differ(ctx context.Context, before, after plumbing.Hash, dir string, paths *[]string) error {
	if before == after {
		return nil
	}
	add := func(f ingest.File) { *paths = append(*paths, f.Path) }
	switch {
	case before.IsZero():
		return c.walk(ctx, after, dir, add)
	case after.IsZero():
		return c.walk(ctx, before, dir, add)
	}
	a, err := object.GetTree(c.repo.Storer, before)
	if err != nil {
		return err
	}
	b, err := object.GetTree(c.repo.Storer, after)
	if err != nil {
		return err
	}
	was := make(map[string]object.TreeEntry, len(a.Entries))
	for _, e := range a.Entries {
		was[e.Name] = e
	}
	one := func(name string, before, after object.TreeEntry) error {
		if before == after {
			return nil
		}
		name = path.Join(dir, name)
		if isFile(before.Mode) || isFile(after.Mode) {
			*paths = append(*paths, name)
		}
		return c.differ(ctx, folder(before), folder(after), name, paths)
	}
	for _, e := range b.Entries {
		before := was[e.Name]
		delete(was, e.Name)
		if err := one(e.Name, before, e); err != nil {
			return err
		}
	}
	for _, e := range a.Entries {
		if _, gone := was[e.Name]; gone {
			if err := one(e.Name, e, object.TreeEntry{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// folder is the tree that an entry is; zero if it is none.
func folder(e object.TreeEntry) plumbing.Hash {
	if e.Mode == filemode.Dir {
		return e.Hash
	}
	return plumbing.ZeroHash
}

// entry is what stands at a path of a tree; zero if nothing does.
func (c *Clone) entry(tree plumbing.Hash, name string) (plumbing.Hash, error) {
	t, err := object.GetTree(c.repo.Storer, tree)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	e, err := t.FindEntry(name)
	if errors.Is(err, object.ErrEntryNotFound) || errors.Is(err, object.ErrDirectoryNotFound) {
		return plumbing.ZeroHash, nil
	}
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return e.Hash, nil
}

// read asks the clone, as the only one who does.
func (c *Clone) read(doing string, ask func() error) error {
	doing += " of " + c.remote.address()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.repo == nil {
		if err := c.reopen(); err != nil {
			return fail(context.Background(), doing, err)
		}
	}
	err := ask()
	switch {
	case err == nil, fault.KindOf(err) != fault.Internal, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, plumbing.ErrObjectNotFound):
		return fault.New(fault.NotFound, "%s: it is not there (any more)", doing)
	default:
		return fault.New(fault.Unavailable, "%s: %w", doing, err)
	}
}

func (c *Clone) commit(sha string) (*object.Commit, error) {
	return object.GetCommit(c.repo.Storer, plumbing.NewHash(sha))
}

// describe is a commit in ingest's words. It has no page that is known.
func describe(c *object.Commit) ingest.Commit {
	parents := make([]string, len(c.ParentHashes))
	for i, p := range c.ParentHashes {
		parents[i] = p.String()
	}
	name := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
	by := event.Actor{Name: name(c.Author.Name), Email: name(c.Author.Email)}
	by.Login = loginOf(by.Email)
	return ingest.Commit{SHA: c.Hash.String(), Author: by, Time: c.Committer.When.UTC(), Parents: parents}
}

// loginOf reads the account out of the address that GitHub gives to those who
// keep theirs to themselves: https://docs.github.com/account-and-profile.
func loginOf(email string) string {
	user, ok := strings.CutSuffix(email, "@users.noreply.github.com")
	if !ok {
		return ""
	}
	if _, login, numbered := strings.Cut(user, "+"); numbered {
		return login
	}
	return user
}
