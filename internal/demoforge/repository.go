package demoforge

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Person is somebody at the forge.
type Person struct {
	Name  string
	Email string
	Login string // account; commits do not carry it, the forge finds it by e-mail
}

// Settings are what a repository is created with.
type Settings struct {
	Description   string
	DefaultBranch string // "main" when empty
	Private       bool
	Visibility    string // "public", "internal" or "private"; empty: as Private says
	Topics        []string
	Homepage      string
	Language      string // the one that there is most of
	Protected     bool   // the default branch is; at GitLab it always is
	License       string // SPDX identifier, as the host sees it
	Archived      bool
	Fork          bool
	Created       time.Time
}

// filled sets what follows from the rest.
func (s Settings) filled() Settings {
	if s.DefaultBranch == "" {
		s.DefaultBranch = "main"
	}
	if s.Visibility == "" {
		s.Visibility = "public"
		if s.Private {
			s.Visibility = "private"
		}
	}
	s.Private = s.Visibility != "public"
	if s.Topics == nil {
		s.Topics = []string{}
	}
	return s
}

// Repository is a Git repository at the forge.
type Repository struct {
	forge    *Forge
	provider Provider
	id       int64

	// Forge.mu guards the rest.
	name     string
	settings Settings
	objects  *objects
	refs     map[plumbing.ReferenceName]plumbing.Hash
	pushed   time.Time
	encoded  map[string][]byte   // trees as the APIs answer them
	pulls    []*pull             // in the order in which they were opened
	statuses map[string][]Status // by SHA
	alerts   []found             // that are open, in the order in which they were told of
}

// ID is the forge's number for the repository, the same through renames.
func (r *Repository) ID() int64 { return r.id }

// Provider tells which API the repository is found in.
func (r *Repository) Provider() Provider { return r.provider }

// Name is the full path, "acme/ledger".
func (r *Repository) Name() string {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	return r.name
}

// Settings are those of now.
func (r *Repository) Settings() Settings {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	return r.settings
}

// Head returns the SHA that a branch points at, or "" when there is no such branch.
func (r *Repository) Head(branch string) string {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	if h, ok := r.refs[plumbing.NewBranchReferenceName(branch)]; ok {
		return h.String()
	}
	return ""
}

// FirstParents lists the first-parent history of a branch, tag or SHA, oldest first.
func (r *Repository) FirstParents(rev string) ([]string, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	head, err := r.resolve(rev)
	if err != nil {
		return nil, err
	}
	var shas []string
	for c, err := range r.objects.log(head, "", true) {
		if err != nil {
			return nil, err
		}
		shas = append(shas, c.Hash.String())
	}
	slices.Reverse(shas)
	return shas, nil
}

// Files returns the files at a branch, tag or SHA by path: what a fresh read
// would find.
func (r *Repository) Files(rev string) (map[string]string, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	head, err := r.resolve(rev)
	if err != nil {
		return nil, err
	}
	c, err := r.objects.commit(head)
	if err != nil {
		return nil, err
	}
	nodes, err := r.objects.flatten(c.TreeHash)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, n := range nodes {
		if n.kind() != "blob" {
			continue
		}
		content, err := r.objects.blob(n.hash)
		if err != nil {
			return nil, err
		}
		files[n.path] = string(content)
	}
	return files, nil
}

// Push commits changes one upon the other and moves a branch to the last of
// them. A branch that is not there yet starts at the default branch's head; with
// no changes it just appears. The delivery is what the forge would send now.
func (r *Repository) Push(branch string, changes ...Change) (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	ref := plumbing.NewBranchReferenceName(branch)
	head, ok := r.refs[ref]
	if !ok {
		head = r.refs[plumbing.NewBranchReferenceName(r.settings.DefaultBranch)]
	}
	for _, c := range changes {
		var err error
		if head, err = r.commit(head, c); err != nil {
			return Delivery{}, fmt.Errorf("commit %q to %s: %w", c.Message, r.name, err)
		}
	}
	var by Person
	if len(changes) > 0 {
		by = changes[len(changes)-1].Author
	}
	return r.move(ref, head, by)
}

// Move points a branch at a commit that is there already: forwards, backwards
// (a force push), or as a new branch.
func (r *Repository) Move(branch, sha string, by Person) (Delivery, error) {
	return r.point(plumbing.NewBranchReferenceName(branch), sha, by)
}

// DeleteBranch deletes a branch.
func (r *Repository) DeleteBranch(branch string, by Person) (Delivery, error) {
	return r.point(plumbing.NewBranchReferenceName(branch), plumbing.ZeroHash.String(), by)
}

// Tag makes or moves a lightweight tag; the zero SHA deletes it.
func (r *Repository) Tag(name, sha string, by Person) (Delivery, error) {
	return r.point(plumbing.NewTagReferenceName(name), sha, by)
}

func (r *Repository) point(ref plumbing.ReferenceName, sha string, by Person) (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	h := plumbing.NewHash(sha)
	if !h.IsZero() {
		if _, err := r.objects.peel(h); err != nil {
			return Delivery{}, fmt.Errorf("move %s of %s: %w", ref, r.name, err)
		}
	}
	return r.move(ref, h, by)
}

// Prune forgets the commits that no branch or tag reaches, as a forge does some
// time after a force push.
func (r *Repository) Prune() error {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	heads, err := r.heads()
	if err != nil {
		return fmt.Errorf("prune %s: %w", r.name, err)
	}
	reached, _, _, err := r.objects.split(heads, nil, true)
	if err != nil {
		return fmt.Errorf("prune %s: %w", r.name, err)
	}
	keep := map[plumbing.Hash]bool{}
	for _, c := range reached {
		keep[c.Hash] = true
	}
	all, err := r.objects.git.IterEncodedObjects(plumbing.CommitObject)
	if err != nil {
		return fmt.Errorf("prune %s: %w", r.name, err)
	}
	return all.ForEach(func(e plumbing.EncodedObject) error {
		if !keep[e.Hash()] {
			r.objects.gone[e.Hash()] = true
		}
		return nil
	})
}

// heads are the commits that the branches and tags point at.
func (r *Repository) heads() ([]plumbing.Hash, error) {
	var heads []plumbing.Hash
	for _, h := range r.refs {
		h, err := r.objects.peel(h)
		if err != nil {
			return nil, err
		}
		heads = append(heads, h)
	}
	return heads, nil
}

// move points a ref elsewhere and records the delivery that this causes.
func (r *Repository) move(ref plumbing.ReferenceName, after plumbing.Hash, by Person) (Delivery, error) {
	before := r.refs[ref]
	if before == after {
		return Delivery{}, fmt.Errorf("push to %s of %s: it is at %s already", ref.Short(), r.name, after)
	}
	p, err := r.describe(ref, before, after, by)
	if err != nil {
		return Delivery{}, fmt.Errorf("push to %s of %s: %w", ref.Short(), r.name, err)
	}
	if after.IsZero() {
		delete(r.refs, ref)
	} else {
		r.refs[ref] = after
	}
	if p.head != nil && p.head.Committer.When.After(r.pushed) {
		r.pushed = p.head.Committer.When
	}
	if r.provider == GitHub {
		return r.githubPush(p)
	}
	return r.gitlabPush(p)
}

// resolve finds the commit that a SHA, branch, tag or "heads/x" names.
func (r *Repository) resolve(rev string) (plumbing.Hash, error) {
	if plumbing.IsHash(rev) {
		return r.objects.peel(plumbing.NewHash(rev))
	}
	if rev == "HEAD" || rev == "" {
		rev = r.settings.DefaultBranch
	}
	short := strings.TrimPrefix(rev, "refs/")
	for _, ref := range []string{"refs/heads/" + rev, "refs/tags/" + rev, "refs/" + short} {
		if h, ok := r.refs[plumbing.ReferenceName(ref)]; ok {
			return r.objects.peel(h)
		}
	}
	return plumbing.ZeroHash, fmt.Errorf("revision %q: %w", rev, errMissing)
}

// splitRevision cuts "feature/x/docs/index.md" where the branch or tag ends.
func (r *Repository) splitRevision(s string) (commit plumbing.Hash, path string, err error) {
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '/' {
			continue
		}
		if h, err := r.resolve(s[:i]); err == nil {
			return h, strings.Trim(s[i:], "/"), nil
		} else if !errors.Is(err, errMissing) {
			return plumbing.ZeroHash, "", err
		}
	}
	return plumbing.ZeroHash, "", fmt.Errorf("revision in %q: %w", s, errMissing)
}

// remember keeps an encoded answer that a tree's id determines.
func (r *Repository) remember(key string, encode func() ([]byte, error)) ([]byte, error) {
	if b, ok := r.encoded[key]; ok {
		return b, nil
	}
	b, err := encode()
	if err != nil {
		return nil, err
	}
	if len(r.encoded) >= cachedAnswers {
		clear(r.encoded)
	}
	r.encoded[key] = b
	return b, nil
}

// cachedAnswers is how many encoded trees a repository remembers.
const cachedAnswers = 32

// active is when something was done to the repository last.
func (r *Repository) active() time.Time {
	if r.pushed.IsZero() {
		return r.settings.Created
	}
	return r.pushed
}

// owner is all of the full path before the last part.
func (r *Repository) owner() string { return r.name[:strings.LastIndexByte(r.name, '/')] }

// base is the last part of the full path.
func (r *Repository) base() string { return r.name[strings.LastIndexByte(r.name, '/')+1:] }

// list walks one page of a history. Since and until are RFC 3339 times or "".
func (r *Repository) list(head plumbing.Hash, path string, firstParent bool, since, until string, p page) (commits []*object.Commit, more bool, err error) {
	after, err := parseTime(since)
	if err != nil {
		return nil, false, err
	}
	before, err := parseTime(until)
	if err != nil {
		return nil, false, err
	}
	n := 0
	for c, err := range r.objects.log(head, path, firstParent) {
		if err != nil {
			return nil, false, err
		}
		if at := c.Committer.When; at.Before(after) || !before.IsZero() && at.After(before) {
			continue
		}
		if n++; n > p.number*p.size {
			return commits, true, nil
		}
		if n > (p.number-1)*p.size {
			commits = append(commits, c)
		}
	}
	return commits, false, nil
}

func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, refusal{status: http.StatusUnprocessableEntity, message: "not a time: " + s}
	}
	return t, nil
}

func branchRef(name string) plumbing.ReferenceName { return plumbing.NewBranchReferenceName(name) }
