package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

// maxPages is how many pages of 100 files a tree may have.
const maxPages = 5000

// forge reads projects through GitLab's REST API, by id: a path changes with
// every rename of a group above.
type forge struct {
	api    *forgeapi.Client
	client *gitlab.Client
}

// Repository asks what a project is called now.
func (f forge) Repository(ctx context.Context, repo ingest.Repository) (ingest.Repository, error) {
	doing := "read " + repo.FullName
	now, resp, err := f.client.Projects.GetProject(repo.ID, nil, gitlab.WithContext(ctx))
	if err != nil {
		return ingest.Repository{}, f.fail(ctx, doing, resp, err)
	}
	if now == nil || strconv.FormatInt(now.ID, 10) != repo.ID || now.PathWithNamespace == "" {
		return ingest.Repository{}, fault.New(fault.Unavailable, "%s: the answer is no project", doing)
	}
	return stateOf(now), nil
}

// stateOf is all that GitLab says of a project. Its languages are another question.
func stateOf(p *gitlab.Project) ingest.Repository {
	repo := describe(p.ID, p.PathWithNamespace, p.DefaultBranch, p.WebURL)
	repo.Description, repo.Visibility, repo.Archived, repo.Topics = p.Description, string(p.Visibility), p.Archived, p.Topics
	repo.Fork = p.ForkedFromProject != nil
	return repo
}

var _ ingest.Finder = forge{}

// Find asks for the project by the path in the address.
func (f forge) Find(ctx context.Context, address string) (ingest.Repository, string, bool, error) {
	site := strings.TrimSuffix(strings.TrimRight(f.client.BaseURL().String(), "/"), "/api/v4")
	fullName, rest, ok := ingest.CutPage(address, site, []string{"-/blob", "-/tree", "-/edit", "-/raw", "blob", "tree", "raw"})
	if !ok {
		return ingest.Repository{}, "", false, nil
	}
	doing := "read " + fullName
	now, resp, err := f.client.Projects.GetProject(fullName, nil, gitlab.WithContext(ctx))
	if err != nil {
		return ingest.Repository{}, "", true, f.fail(ctx, doing, resp, err)
	}
	if now == nil || now.ID == 0 || now.PathWithNamespace == "" || now.WebURL == "" {
		return ingest.Repository{}, "", true, fault.New(fault.Unavailable, "%s: the answer is no project", doing)
	}
	branch, path, ok := ingest.CutBranch(rest, now.DefaultBranch)
	if !ok {
		return ingest.Repository{}, "", true, fault.New(fault.Invalid, "%s names no file", address)
	}
	return describe(now.ID, now.PathWithNamespace, branch, now.WebURL), path, true, nil
}

// Head returns the commit that a branch points at.
func (f forge) Head(ctx context.Context, repo ingest.Repository, branch string) (ingest.Commit, error) {
	doing := fmt.Sprintf("read branch %s of %s", branch, repo.FullName)
	b, resp, err := f.client.Branches.GetBranch(repo.ID, branch, gitlab.WithContext(ctx))
	if err != nil {
		return ingest.Commit{}, f.fail(ctx, doing, resp, err)
	}
	if b == nil { // client-go hands on what is null
		b = &gitlab.Branch{}
	}
	head, err := f.commit(doing, b.Commit)
	if b.Commit != nil {
		head.Protected = &b.Protected
	}
	return head, err
}

// Tree lists the files at a commit, page by page.
func (f forge) Tree(ctx context.Context, repo ingest.Repository, sha string) ([]ingest.File, error) {
	doing := fmt.Sprintf("list the files of %s at %.7s", repo.FullName, sha)
	opts := &gitlab.ListTreeOptions{
		ListOptions: gitlab.ListOptions{PerPage: 100, Pagination: "keyset"},
		Ref:         &sha,
		Recursive:   gitlab.Ptr(true),
	}
	var files []ingest.File
	next := ""
	for range maxPages {
		options := []gitlab.RequestOptionFunc{gitlab.WithContext(ctx)}
		if next != "" {
			options = append(options, gitlab.WithKeysetPaginationParameters(next))
		}
		nodes, resp, err := f.client.Repositories.ListTree(repo.ID, opts, options...)
		if err != nil {
			return nil, f.fail(ctx, doing, resp, err)
		}
		if nodes == nil {
			return nil, fault.New(fault.Unavailable, "%s: the answer is no list", doing)
		}
		for _, n := range nodes {
			// What a symlink or a submodule holds is elsewhere.
			if n.Type == "blob" && n.Mode != "120000" {
				files = append(files, ingest.File{Path: n.Path, Blob: n.ID})
			}
		}
		if resp.NextLink == "" {
			return files, nil
		}
		if resp.NextLink == next {
			break
		}
		next = resp.NextLink
	}
	return nil, fault.New(fault.Invalid, "%s: GitLab's list of files does not end", doing)
}

// Blob returns a file's content, asked for by the content's id.
func (f forge) Blob(ctx context.Context, repo ingest.Repository, file ingest.File) ([]byte, error) {
	b, resp, err := f.client.Repositories.RawBlobContent(repo.ID, file.Blob, gitlab.WithContext(ctx))
	if err != nil {
		return nil, f.fail(ctx, fmt.Sprintf("read %s of %s", file.Path, repo.FullName), resp, err)
	}
	return b, nil
}

// Between compares two commits. GitLab's comparison does not say whether one
// is the other's ancestor, which the merge base does.
func (f forge) Between(ctx context.Context, repo ingest.Repository, base, head string) (ingest.Range, error) {
	if base == head {
		return ingest.Range{Ancestor: true, Complete: true}, nil
	}
	doing := fmt.Sprintf("compare %.7s with %.7s of %s", base, head, repo.FullName)
	merged, resp, err := f.client.Repositories.MergeBase(repo.ID, &gitlab.MergeBaseOptions{Ref: &[]string{base, head}}, gitlab.WithContext(ctx))
	var common string
	switch {
	case err == nil && merged != nil && ingest.IsSHA(merged.ID):
		common = merged.ID
	case err == nil:
		return ingest.Range{}, fault.New(fault.Unavailable, "%s: the answer names no commit", doing)
	case resp != nil && resp.StatusCode == http.StatusNotFound:
		// Nothing in common; or no project, which Compare says next.
	case resp != nil && resp.StatusCode == http.StatusBadRequest:
		return ingest.Range{}, fault.New(fault.NotFound, "%s: one of the commits is gone", doing)
	default:
		return ingest.Range{}, f.fail(ctx, doing, resp, err)
	}
	c, resp, err := f.client.Repositories.Compare(repo.ID, &gitlab.CompareOptions{From: &base, To: &head}, gitlab.WithContext(ctx))
	if err != nil {
		return ingest.Range{}, f.fail(ctx, doing, resp, err)
	}
	if c == nil {
		return ingest.Range{}, fault.New(fault.Unavailable, "%s: the answer is no comparison", doing)
	}
	r := ingest.Range{Ancestor: common == base, Complete: true, Base: common}
	for _, one := range slices.Backward(c.Commits) { // GitLab lists the oldest first
		commit, err := f.commit(doing, one)
		if err != nil {
			return ingest.Range{}, err
		}
		r.Commits = append(r.Commits, commit)
	}
	return r, nil
}

// LastChange returns the newest commit up to sha that touched path.
func (f forge) LastChange(ctx context.Context, repo ingest.Repository, sha, path string) (ingest.Commit, error) {
	doing := fmt.Sprintf("find the last change of %s in %s", path, repo.FullName)
	o := &gitlab.ListCommitsOptions{ListOptions: gitlab.ListOptions{PerPage: 1}, RefName: &sha}
	if path != "" {
		o.Path = &path
	}
	cs, resp, err := f.client.Commits.ListCommits(repo.ID, o, gitlab.WithContext(ctx))
	if err != nil {
		return ingest.Commit{}, f.fail(ctx, doing, resp, err)
	}
	if len(cs) == 0 {
		return ingest.Commit{}, fault.New(fault.NotFound, "%s: no commit up to %.7s touched it", doing, sha)
	}
	return f.commit(doing, cs[0])
}

func (f forge) commit(doing string, c *gitlab.Commit) (ingest.Commit, error) {
	if c == nil || !ingest.IsSHA(c.ID) || c.CommittedDate == nil {
		return ingest.Commit{}, fault.New(fault.Unavailable, "%s: the answer names no commit", doing)
	}
	return ingest.Commit{
		SHA:     c.ID,
		URL:     c.WebURL,
		Author:  event.Actor{Name: c.AuthorName, Email: email(c.AuthorEmail)},
		Time:    *c.CommittedDate,
		Parents: c.ParentIDs,
	}, nil
}

func (f forge) fail(ctx context.Context, doing string, resp *gitlab.Response, err error) error {
	var raw *http.Response
	if resp != nil {
		raw = resp.Response
	}
	return f.api.Fail(ctx, doing, raw, err)
}

var _ ingest.Forge = forge{}
