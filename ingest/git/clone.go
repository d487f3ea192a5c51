package git

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	gogit "github.com/go-git/go-git/v5"
	gitconfig "github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/callboard/callboard/internal/fault"
)

const (
	listing  = time.Minute // that a remote may take to say where its branches are
	fetching = time.Hour   // and to send them
	objects  = 32 << 20    // bytes of objects that are kept in memory
)

// Clone is a bare copy of one branch of a repository, in a folder that may be
// deleted at any time when nobody uses it: it is fetched anew. A repository on
// this machine is read in its place. Many may use a Clone at once.
type Clone struct {
	remote Remote
	dir    string

	mu   sync.Mutex // go-git's storage is for one at a time
	repo *gogit.Repository
	kept *filesystem.Storage // of repo, unless that is read in its place
}

// NewClone returns the clone of a remote in a folder, which need not be there.
// Nothing is fetched yet.
func NewClone(remote Remote, dir string) *Clone { return &Clone{remote: remote, dir: dir} }

// Close lets go of the folder.
func (c *Clone) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.close()
}

func (c *Clone) close() error {
	c.repo = nil
	if c.kept == nil {
		return nil
	}
	kept := c.kept
	c.kept = nil
	return kept.Close()
}

// Branches returns where the remote's branches are now, and the name of its
// default branch; none and "" if it is empty.
func (c *Clone) Branches(ctx context.Context) (heads map[string]string, byDefault string, err error) {
	doing := "look at " + c.remote.address()
	refs, err := c.refs(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fail(ctx, doing, err)
	}
	heads = map[string]string{}
	for _, r := range refs {
		switch {
		case r.Name() == plumbing.HEAD && r.Type() == plumbing.SymbolicReference:
			byDefault = r.Target().Short()
		case r.Name().IsBranch() && r.Type() == plumbing.HashReference:
			heads[r.Name().Short()] = r.Hash().String()
		}
	}
	return heads, byDefault, nil
}

func (c *Clone) refs(ctx context.Context) ([]*plumbing.Reference, error) {
	if _, here := c.remote.folder(); !here {
		ctx, done := context.WithTimeout(ctx, listing)
		defer done()
		return c.origin(nil).ListContext(ctx, &gogit.ListOptions{Auth: c.remote.auth(), PeelingOption: gogit.IgnorePeeled})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.reopen(); err != nil {
		return nil, err
	}
	all, err := c.repo.References()
	if err != nil {
		return nil, err
	}
	defer all.Close()
	var refs []*plumbing.Reference
	err = all.ForEach(func(r *plumbing.Reference) error { refs = append(refs, r); return nil })
	return refs, err
}

// origin is the remote, to fetch into a storage from.
func (c *Clone) origin(into *filesystem.Storage) *gogit.Remote {
	of := &gitconfig.RemoteConfig{Name: "origin", URLs: []string{c.remote.URL}}
	if into == nil {
		return gogit.NewRemote(memory.NewStorage(), of)
	}
	return gogit.NewRemote(into, of)
}

// Fetch brings a branch with all of its history, unless the commit that it is at
// is here already.
func (c *Clone) Fetch(ctx context.Context, branch, sha string) error {
	doing := fmt.Sprintf("fetch %s of %s", branch, c.remote.address())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.repo == nil {
		if err := c.reopen(); err != nil {
			return fail(ctx, doing, err)
		}
	}
	if c.repo.Storer.HasEncodedObject(plumbing.NewHash(sha)) == nil {
		return nil
	}
	if c.kept == nil { // it is read in its place, and may have been packed anew
		return fail(ctx, doing, c.reopen())
	}
	ctx, done := context.WithTimeout(ctx, fetching)
	defer done()
	ref := plumbing.NewBranchReferenceName(branch)
	err := c.origin(c.kept).FetchContext(ctx, &gogit.FetchOptions{
		RefSpecs: []gitconfig.RefSpec{gitconfig.RefSpec("+" + ref + ":" + ref)},
		Auth:     c.remote.auth(), Tags: gogit.NoTags, Force: true,
	})
	if errors.Is(err, gogit.NoErrAlreadyUpToDate) {
		err = nil
	}
	return fail(ctx, doing, err)
}

// maxPacks is how many fetches a clone bears: each leaves a pack, and all are
// looked through for an object.
const maxPacks = 200

// reopen opens the repository again, or makes a new folder for it.
func (c *Clone) reopen() error {
	if err := c.close(); err != nil {
		return err
	}
	if dir, here := c.remote.folder(); here {
		repo, err := gogit.PlainOpenWithOptions(dir, &gogit.PlainOpenOptions{EnableDotGitCommonDir: true})
		if errors.Is(err, gogit.ErrRepositoryNotExists) {
			return transport.ErrRepositoryNotFound
		}
		c.repo = repo
		return err
	}
	for fresh := false; ; fresh = true {
		c.kept = filesystem.NewStorageWithOptions(osfs.New(c.dir), cache.NewObjectLRU(objects), filesystem.Options{
			KeepDescriptors: true, LargeObjectThreshold: maxBlob,
		})
		repo, err := gogit.Open(c.kept, nil)
		if errors.Is(err, gogit.ErrRepositoryNotExists) {
			repo, err = gogit.Init(c.kept, nil)
		}
		packs, wrong := c.kept.ObjectPacks()
		if err = errors.Join(err, wrong); err == nil && len(packs) <= maxPacks {
			c.repo = repo
			return nil
		}
		// What an interrupted fetch left, or too many of them: it is only a copy.
		if err := errors.Join(c.close(), os.RemoveAll(c.dir)); err != nil {
			return err
		}
		if fresh {
			return err
		}
	}
}

// wrongBranch says which branches there are instead.
func wrongBranch(address, branch string, heads map[string]string) error {
	const some = 20
	var names []string
	for name := range heads {
		names = append(names, name)
	}
	slices.Sort(names)
	more := ""
	if len(names) > some {
		more = fmt.Sprintf(" and %d more", len(names)-some)
		names = names[:some]
	}
	return fault.New(fault.Invalid, "%s has no branch %s; it has %s%s", address, branch, strings.Join(names, ", "), more)
}

// fail says what kept us from what we were doing.
func fail(ctx context.Context, doing string, err error) error {
	var unknown *net.DNSError
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "%s: it takes too long", doing)
	case errors.Is(err, transport.ErrAuthenticationRequired):
		return fault.New(fault.Denied, "%s: it wants a token, or another one", doing)
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return fault.New(fault.Denied, "%s: the token may not read it", doing)
	case errors.Is(err, transport.ErrRepositoryNotFound), errors.Is(err, os.ErrNotExist):
		return fault.New(fault.NotFound, "%s: there is no repository, or it takes a token to see it", doing)
	case strings.Contains(err.Error(), "knownhosts:"):
		return fault.New(fault.Denied, "%s: the host's key is not in known_hosts, or is another one", doing)
	case strings.Contains(err.Error(), "ssh: unable to authenticate"), strings.Contains(err.Error(), "SSH agent"):
		return fault.New(fault.Denied, "%s: no key of the ssh agent is taken, or there is no agent", doing)
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return fault.New(fault.Unavailable, "%s: there is no host %s", doing, unknown.Name)
	default:
		return fault.New(fault.Unavailable, "%s: %w", doing, err)
	}
}
