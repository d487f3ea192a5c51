package ingest_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// files is a tree: contents by path.
type files map[string]string

// repo is a repository of the fake forge: a history that the test writes.
type repo struct {
	name    string
	commits map[string]*commit
	head    string // of main; "" = the branch is gone
	pruned  map[string]bool

	archived, fork, gone, empty bool
	description                 string
}

type commit struct {
	ingest.Commit
	files files
}

// forge is a forge in memory. It answers as the interface says, and fails when told to.
type forge struct {
	repos map[string]*repo
	clock time.Time

	asking sync.Mutex                  // contents are read several at a time
	fail   func(question string) error // nil: nothing fails
	asked  []string
}

func (f *forge) repo(id string) *repo {
	if f.repos[id] == nil {
		f.repos[id] = &repo{name: "acme/" + id, commits: map[string]*commit{}, pruned: map[string]bool{}}
	}
	return f.repos[id]
}

// commit adds a commit by somebody, without moving the branch, and returns its SHA.
func (f *forge) commit(id, author string, tree files, parents ...string) string {
	f.clock = f.clock.Add(time.Hour)
	b, err := json.Marshal([]any{id, author, tree, parents, f.clock})
	if err != nil {
		panic(err)
	}
	sha := digest(string(b))
	f.repo(id).commits[sha] = &commit{files: tree, Commit: ingest.Commit{
		SHA: sha, URL: "https://git.example/acme/" + id + "/commit/" + sha, Author: event.Actor{Login: author}, Time: f.clock, Parents: parents,
	}}
	return sha
}

// push commits on top of main and moves it there.
func (f *forge) push(id, author string, tree files) string {
	var parents []string
	if head := f.repo(id).head; head != "" {
		parents = []string{head}
	}
	f.repo(id).head = f.commit(id, author, tree, parents...)
	return f.repo(id).head
}

func digest(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (f *forge) ask(question, id, sha string) (*commit, error) {
	f.asking.Lock()
	defer f.asking.Unlock()
	f.asked = append(f.asked, question)
	if f.fail != nil {
		if err := f.fail(question); err != nil {
			return nil, err
		}
	}
	c := f.repo(id).commits[sha]
	if c == nil || f.repo(id).pruned[sha] {
		return nil, fault.New(fault.NotFound, "fake: %s of %s at %.7s: not found", question, id, sha)
	}
	return c, nil
}

func (f *forge) Repository(_ context.Context, r ingest.Repository) (ingest.Repository, error) {
	repo := f.repo(r.ID)
	if repo.gone {
		return r, fault.New(fault.NotFound, "fake: there is no repository %s", r.ID)
	}
	r.FullName, r.Archived, r.Fork, r.Description = repo.name, repo.archived, repo.fork, repo.description
	if r.DefaultBranch == "" && !repo.empty {
		r.DefaultBranch = "main"
	}
	return r, nil
}

func (f *forge) Head(_ context.Context, r ingest.Repository, _ string) (ingest.Commit, error) {
	c, err := f.ask("head", r.ID, f.repo(r.ID).head)
	if err != nil {
		return ingest.Commit{}, err
	}
	return c.Commit, nil
}

func (f *forge) Tree(_ context.Context, r ingest.Repository, sha string) ([]ingest.File, error) {
	c, err := f.ask("tree", r.ID, sha)
	if err != nil {
		return nil, err
	}
	var all []ingest.File
	for _, path := range slices.Sorted(maps.Keys(c.files)) {
		all = append(all, ingest.File{Path: path, Blob: digest(c.files[path])})
	}
	return all, nil
}

func (f *forge) Blob(_ context.Context, r ingest.Repository, file ingest.File) ([]byte, error) {
	if _, err := f.ask("blob "+file.Path, r.ID, f.repo(r.ID).head); err != nil {
		return nil, err
	}
	for _, c := range f.repo(r.ID).commits {
		if text, ok := c.files[file.Path]; ok && digest(text) == file.Blob {
			return []byte(text), nil
		}
	}
	return nil, fault.New(fault.NotFound, "fake: no blob %s", file.Blob)
}

// ancestors of a commit, with itself.
func (f *forge) ancestors(id, sha string) map[string]bool {
	seen := map[string]bool{}
	for next := []string{sha}; len(next) > 0; next = next[1:] {
		if c := f.repo(id).commits[next[0]]; c != nil && !seen[next[0]] {
			seen[next[0]] = true
			next = append(next, c.Parents...)
		}
	}
	return seen
}

func (f *forge) Between(_ context.Context, r ingest.Repository, base, head string) (ingest.Range, error) {
	for _, sha := range []string{base, head} {
		if _, err := f.ask("between", r.ID, sha); err != nil {
			return ingest.Range{}, err
		}
	}
	before, after := f.ancestors(r.ID, base), f.ancestors(r.ID, head)
	out := ingest.Range{Ancestor: after[base], Complete: true}
	for sha := range after {
		if !before[sha] {
			out.Commits = append(out.Commits, f.repo(r.ID).commits[sha].Commit)
		}
	}
	slices.SortFunc(out.Commits, func(a, b ingest.Commit) int { return b.Time.Compare(a.Time) })
	return out, nil
}

// LastChange follows the first parent that has the same content, as Git does.
func (f *forge) LastChange(_ context.Context, r ingest.Repository, sha, path string) (ingest.Commit, error) {
	c, err := f.ask("last change of "+path, r.ID, sha)
	if err != nil {
		return ingest.Commit{}, err
	}
	if path == "" {
		return c.Commit, nil
	}
	ever := false
walk:
	for {
		text, is := c.files[path]
		ever = ever || is
		for _, p := range c.Parents {
			before := f.repo(r.ID).commits[p]
			if old, was := before.files[path]; old == text && was == is {
				c = before
				continue walk
			}
		}
		if len(c.Parents) == 0 && !is {
			return ingest.Commit{}, fault.New(fault.NotFound, "fake: %s was never there", path)
		}
		return c.Commit, nil
	}
}
