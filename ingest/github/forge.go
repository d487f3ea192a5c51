package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

// The most that one question may cost.
const (
	maxPages = 20  // of a comparison, 100 commits each
	maxTrees = 500 // of a tree that GitHub cuts short
)

// forge reads repositories through GitHub's REST API.
type forge struct {
	api    *forgeapi.Client
	client *github.Client
}

// Repository asks by id: names pass on to others.
func (f forge) Repository(ctx context.Context, repo ingest.Repository) (ingest.Repository, error) {
	doing := "read " + repo.FullName
	r, err := f.client.NewRequest(http.MethodGet, "repositories/"+url.PathEscape(repo.ID), nil)
	if err != nil {
		return ingest.Repository{}, fmt.Errorf("%s: %w", doing, err)
	}
	var now github.Repository
	resp, err := f.client.Do(ctx, r, &now)
	if err != nil {
		return ingest.Repository{}, f.fail(ctx, doing, resp, err)
	}
	if strconv.FormatInt(now.GetID(), 10) != repo.ID || !isFullName(now.GetFullName()) || now.GetDefaultBranch() == "" {
		return ingest.Repository{}, fault.New(fault.Unavailable, "%s: the answer is no repository", doing)
	}
	return stateOf(&now), nil
}

// stateOf is all that GitHub says of a repository.
func stateOf(r *github.Repository) ingest.Repository {
	repo := describe(r.GetID(), r.GetFullName(), r.GetDefaultBranch(), r.GetHTMLURL())
	repo.Description, repo.Visibility, repo.Archived, repo.Fork = r.GetDescription(), r.GetVisibility(), r.GetArchived(), r.GetFork()
	repo.Language, repo.Topics = r.GetLanguage(), r.Topics
	if repo.License = r.GetLicense().GetSPDXID(); repo.License == "NOASSERTION" { // it sees one, and not which
		repo.License = ""
	}
	if repo.Visibility == "" && r.Private != nil { // older Enterprise Servers
		repo.Visibility = map[bool]string{true: "private", false: "public"}[r.GetPrivate()]
	}
	return repo
}

var _ ingest.Finder = forge{}

// Find asks for the repository by the name in the address.
func (f forge) Find(ctx context.Context, address string) (ingest.Repository, string, bool, error) {
	fullName, rest, ok := ingest.CutPage(address, f.site(), []string{"blob", "tree", "edit", "raw"})
	if !ok || !isFullName(fullName) {
		return ingest.Repository{}, "", false, nil
	}
	doing := "read " + fullName
	r, err := f.client.NewRequest(http.MethodGet, "repos/"+fullName, nil)
	if err != nil {
		return ingest.Repository{}, "", true, fmt.Errorf("%s: %w", doing, err)
	}
	var now github.Repository
	resp, err := f.client.Do(ctx, r, &now)
	if err != nil {
		return ingest.Repository{}, "", true, f.fail(ctx, doing, resp, err)
	}
	if now.GetID() == 0 || !isFullName(now.GetFullName()) || now.GetHTMLURL() == "" {
		return ingest.Repository{}, "", true, fault.New(fault.Unavailable, "%s: the answer is no repository", doing)
	}
	branch, path, ok := ingest.CutBranch(rest, now.GetDefaultBranch())
	if !ok {
		return ingest.Repository{}, "", true, fault.New(fault.Invalid, "%s names no file", address)
	}
	return describe(now.GetID(), now.GetFullName(), branch, now.GetHTMLURL()), path, true, nil
}

// site is where the pages are, by where the API is.
func (f forge) site() string {
	api := strings.TrimRight(f.client.BaseURL.String(), "/")
	if api == "https://api.github.com" {
		return "https://github.com"
	}
	return strings.TrimSuffix(api, "/api/v3")
}

// Head asks for the branch rather than for a commit by name, since a tag may
// have the same name.
func (f forge) Head(ctx context.Context, repo ingest.Repository, branch string) (ingest.Commit, error) {
	doing := fmt.Sprintf("read branch %s of %s", branch, repo.FullName)
	owner, name := split(repo)
	// go-github's GetBranch goes round its client's error handling.
	r, err := f.client.NewRequest(http.MethodGet, "repos/"+owner+"/"+name+"/branches/"+url.PathEscape(branch), nil)
	if err != nil {
		return ingest.Commit{}, fmt.Errorf("%s: %w", doing, err)
	}
	var b github.Branch
	resp, err := f.client.Do(ctx, r, &b)
	if err != nil {
		return ingest.Commit{}, f.fail(ctx, doing, resp, err)
	}
	head, err := f.commit(doing, b.GetCommit())
	head.Protected = b.Protected
	return head, err
}

// Tree lists the files at a commit.
func (f forge) Tree(ctx context.Context, repo ingest.Repository, sha string) ([]ingest.File, error) {
	w := walk{forge: f, repo: repo, doing: fmt.Sprintf("list the files of %s at %.7s", repo.FullName, sha)}
	err := w.tree(ctx, sha, "")
	return w.files, err
}

// walk collects the files of a tree, part by part where GitHub does not list it whole.
type walk struct {
	forge forge
	repo  ingest.Repository
	doing string
	files []ingest.File
	asked int
}

func (w *walk) tree(ctx context.Context, sha, dir string) error {
	t, err := w.get(ctx, sha, true)
	if err != nil {
		return err
	}
	if !t.GetTruncated() {
		w.add(t, dir)
		return nil
	}
	if t, err = w.get(ctx, sha, false); err != nil {
		return err
	}
	if t.GetTruncated() {
		return fault.New(fault.Invalid, "%s: the folder %q is too large for GitHub to list", w.doing, dir)
	}
	w.add(t, dir)
	for _, e := range t.Entries {
		if e.GetType() == "tree" {
			if err := w.tree(ctx, e.GetSHA(), dir+e.GetPath()+"/"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walk) get(ctx context.Context, sha string, recursive bool) (*github.Tree, error) {
	if w.asked++; w.asked > maxTrees {
		return nil, fault.New(fault.Invalid, "%s: it takes more than %d requests", w.doing, maxTrees)
	}
	owner, name := split(w.repo)
	t, resp, err := w.forge.client.Git.GetTree(ctx, owner, name, sha, recursive)
	if err != nil {
		return nil, w.forge.fail(ctx, w.doing, resp, err)
	}
	if t.GetSHA() == "" {
		return nil, fault.New(fault.Unavailable, "%s: the answer is no tree", w.doing)
	}
	return t, nil
}

// add takes the regular files: what a symlink or a submodule holds is elsewhere.
func (w *walk) add(t *github.Tree, dir string) {
	for _, e := range t.Entries {
		if e.GetType() == "blob" && e.GetMode() != "120000" {
			w.files = append(w.files, ingest.File{Path: dir + e.GetPath(), Blob: e.GetSHA()})
		}
	}
}

// Blob returns a file's content, asked for by the content's id.
func (f forge) Blob(ctx context.Context, repo ingest.Repository, file ingest.File) ([]byte, error) {
	owner, name := split(repo)
	b, resp, err := f.client.Git.GetBlobRaw(ctx, owner, name, file.Blob)
	if err != nil {
		return nil, f.fail(ctx, fmt.Sprintf("read %s of %s", file.Path, repo.FullName), resp, err)
	}
	return b, nil
}

// Between compares two commits, page by page.
func (f forge) Between(ctx context.Context, repo ingest.Repository, base, head string) (ingest.Range, error) {
	if base == head {
		return ingest.Range{Ancestor: true, Complete: true}, nil
	}
	doing := fmt.Sprintf("compare %.7s with %.7s of %s", base, head, repo.FullName)
	owner, name := split(repo)
	var r ingest.Range
	for page := 1; page <= maxPages; page++ {
		c, resp, err := f.client.Repositories.CompareCommits(ctx, owner, name, base, head, &github.ListOptions{Page: page, PerPage: 100})
		if err != nil {
			return ingest.Range{}, f.fail(ctx, doing, resp, err)
		}
		if c.GetStatus() == "" {
			return ingest.Range{}, fault.New(fault.Unavailable, "%s: the answer is no comparison", doing)
		}
		r.Ancestor, r.Base = c.GetStatus() == "ahead" || c.GetStatus() == "identical", c.GetMergeBaseCommit().GetSHA()
		for _, one := range c.Commits {
			commit, err := f.commit(doing, one)
			if err != nil {
				return ingest.Range{}, err
			}
			r.Commits = append(r.Commits, commit)
		}
		if r.Complete = len(r.Commits) >= c.GetTotalCommits(); r.Complete || len(c.Commits) == 0 {
			break
		}
	}
	slices.Reverse(r.Commits) // GitHub lists the oldest first
	return r, nil
}

// LastChange returns the newest commit up to sha that touched path.
func (f forge) LastChange(ctx context.Context, repo ingest.Repository, sha, path string) (ingest.Commit, error) {
	doing := fmt.Sprintf("find the last change of %s in %s", path, repo.FullName)
	owner, name := split(repo)
	cs, resp, err := f.client.Repositories.ListCommits(ctx, owner, name, &github.CommitsListOptions{
		SHA: sha, Path: path, ListOptions: github.ListOptions{PerPage: 1},
	})
	if err != nil {
		return ingest.Commit{}, f.fail(ctx, doing, resp, err)
	}
	if len(cs) == 0 {
		return ingest.Commit{}, fault.New(fault.NotFound, "%s: no commit up to %.7s touched it", doing, sha)
	}
	return f.commit(doing, cs[0])
}

func (f forge) commit(doing string, c *github.RepositoryCommit) (ingest.Commit, error) {
	if !ingest.IsSHA(c.GetSHA()) {
		return ingest.Commit{}, fault.New(fault.Unavailable, "%s: the answer names no commit", doing)
	}
	author := c.GetCommit().GetAuthor()
	out := ingest.Commit{
		SHA:    c.GetSHA(),
		URL:    c.GetHTMLURL(),
		Author: event.Actor{Name: author.GetName(), Email: author.GetEmail(), Login: c.GetAuthor().GetLogin()},
		Time:   c.GetCommit().GetCommitter().GetDate().Time,
	}
	for _, p := range c.Parents {
		out.Parents = append(out.Parents, p.GetSHA())
	}
	return out, nil
}

// fail adds to [forgeapi.Client.Fail] what go-github does of its own: it has
// error types for limits, and refuses requests itself while one lasts.
func (f forge) fail(ctx context.Context, doing string, resp *github.Response, err error) error {
	var (
		primary   *github.RateLimitError
		secondary *github.AbuseRateLimitError
		raw       *http.Response
	)
	if resp != nil {
		raw = resp.Response
	}
	var token *ghinstallation.HTTPError
	if errors.As(err, &token) && token.Response != nil { // the App got no token
		raw = token.Response
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &primary) && raw.Header.Get("Retry-After") == "":
		return f.api.Limited(doing, f.api.Until(primary.Rate.Reset.Time))
	case errors.As(err, &secondary):
		wait := time.Minute
		if secondary.RetryAfter != nil {
			wait = *secondary.RetryAfter
		}
		return f.api.Limited(doing, wait)
	}
	return f.api.Fail(ctx, doing, raw, err)
}

func split(repo ingest.Repository) (owner, name string) {
	owner, name, _ = strings.Cut(repo.FullName, "/")
	return owner, name
}

var _ ingest.Forge = forge{}
