package ingest

import (
	"context"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// credit is who made something so, when, and in which commit.
type credit struct {
	actor event.Actor
	sha   string
	url   string
	at    time.Time // zero = now, when it is recorded
}

func creditOf(c Commit) credit { return credit{c.Author, c.SHA, c.URL, c.Time} }

// creditor finds out which commit on the default branch made a file what it is
// at the target: the first-parent commit that brought the last change of it.
type creditor struct {
	forge  Forge
	repo   Repository
	target Commit // with no more than its SHA if that is all that is known
	base   string // what the catalog said before; "" if that is not known
	pusher event.Actor

	all *credit // of everything, if no commit made it so

	found map[string]credit // by path

	compared bool
	onward   bool              // the target comes after the base, as far as is known
	brought  map[string]Commit // by SHA: see the function of this name
	single   bool              // the branch made one step, which brought everything
}

// ensure looks up the credits of files, which found has then.
func (c *creditor) ensure(ctx context.Context, paths []string) error {
	if c.found == nil {
		c.found = map[string]credit{}
	}
	for _, path := range paths {
		if _, ok := c.found[path]; ok {
			continue
		}
		if c.all != nil {
			c.found[path] = *c.all
			continue
		}
		if err := c.compare(ctx); err != nil {
			return err
		}
		one, err := c.find(ctx, path)
		if err != nil {
			return err
		}
		if one.actor.Login == "" && samePerson(one.actor, c.pusher) {
			one.actor.Login = c.pusher.Login // which not every forge tells of commits
		}
		c.found[path] = one
	}
	return nil
}

func (c *creditor) compare(ctx context.Context) error {
	if c.compared {
		return nil
	}
	c.onward = true
	if c.base != "" {
		r, err := between(ctx, c.forge, c.repo, c.base, c.target.SHA)
		if err != nil {
			return err
		}
		steps := 0
		c.brought, steps = brought(r.Commits, c.target.SHA)
		c.onward, c.single = r.Ancestor, r.Ancestor && r.Complete && steps == 1
	}
	if t, ok := c.brought[c.target.SHA]; ok {
		c.target = t
	}
	if c.target.Time.IsZero() { // nobody knows whose it is
		c.target.Author = c.pusher
	}
	c.compared = true
	return nil
}

func (c *creditor) find(ctx context.Context, path string) (credit, error) {
	if c.single {
		return creditOf(c.target), nil
	}
	last, err := c.forge.LastChange(ctx, c.repo, c.target.SHA, path)
	by, came := c.brought[last.SHA]
	switch {
	case err != nil && fault.KindOf(err) != fault.NotFound:
		return credit{}, err
	case err == nil && came:
		return creditOf(by), nil
	case !c.onward:
		// The branch went back to what had been before: no commit did that,
		// but whoever pushed it, then.
		return credit{actor: c.pusher, sha: c.target.SHA, url: c.target.URL}, nil
	case err == nil && len(c.brought) == 0: // there is no step to blame it on
		return creditOf(last), nil
	default:
		return creditOf(c.target), nil
	}
}

func samePerson(a, b event.Actor) bool {
	return a.Email != "" && a.Email == b.Email || a.Name != "" && a.Name == b.Name
}

// between is [History.Between] that takes "gone" for "not an ancestor".
func between(ctx context.Context, f Forge, repo Repository, base, head string) (Range, error) {
	r, err := f.Between(ctx, repo, base, head)
	if fault.KindOf(err) == fault.NotFound {
		return Range{}, nil
	}
	return r, err
}

// brought walks the first parents from head and says, for each of the commits,
// which step of that walk brought it into the branch; and how many steps there
// were. It knows nothing of commits that it is not given.
func brought(commits []Commit, head string) (by map[string]Commit, steps int) {
	bySHA := make(map[string]Commit, len(commits))
	for _, c := range commits {
		bySHA[c.SHA] = c
	}
	var walk []Commit // newest first
	for c, ok := bySHA[head]; ok && len(walk) <= len(commits); c, ok = bySHA[c.Parents[0]] {
		walk = append(walk, c)
		if len(c.Parents) == 0 {
			break
		}
	}
	by = make(map[string]Commit, len(commits))
	for i := len(walk) - 1; i >= 0; i-- {
		reach := []string{walk[i].SHA}
		for len(reach) > 0 {
			sha := reach[len(reach)-1]
			reach = reach[:len(reach)-1]
			c, ok := bySHA[sha]
			if _, seen := by[sha]; seen || !ok {
				continue
			}
			by[sha] = walk[i]
			reach = append(reach, c.Parents...)
		}
	}
	return by, len(walk)
}
