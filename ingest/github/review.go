package github

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// maxComments is how many pages of 100 comments of a pull request are looked through for
// our own.
const maxComments = 5

var (
	_ ingest.Reviewed  = (*Source)(nil)
	_ ingest.Describer = (*Source)(nil)
)

// Describe returns a repository as GitHub's own answers describe it.
func (s *Source) Describe(r event.RepositoryState) ingest.Repository {
	id, err := strconv.ParseInt(r.ID, 10, 64)
	if err != nil { // none of GitHub's has such a one
		id = 0
	}
	repo := describe(id, r.FullName, r.DefaultBranch, r.URL)
	repo.ID, repo.Description, repo.Visibility, repo.Archived, repo.Fork = r.ID, r.Description, r.Visibility, r.Archived, r.Fork
	repo.Language, repo.Topics, repo.License = r.Language, r.Topics, r.License
	return repo
}

// PullRequest asks for one.
func (s *Source) PullRequest(ctx context.Context, repo ingest.Repository, number int64) (ingest.PullRequest, error) {
	f := forge{s.api, s.client}
	doing := fmt.Sprintf("read pull request %d of %s", number, repo.FullName)
	owner, name := split(repo)
	p, resp, err := f.client.PullRequests.Get(ctx, owner, name, int(number))
	if err != nil {
		return ingest.PullRequest{}, f.fail(ctx, doing, resp, err)
	}
	if !ingest.IsSHA(p.GetHead().GetSHA()) || p.GetBase().GetRef() == "" {
		return ingest.PullRequest{}, fault.New(fault.Unavailable, "%s: the answer is no pull request", doing)
	}
	return ingest.PullRequest{
		Number: number, Title: ingest.Short(p.GetTitle()), URL: ingest.WebPage(p.GetHTMLURL()), Open: p.GetState() == "open",
		Into: p.GetBase().GetRef(), Head: p.GetHead().GetSHA(), Author: event.Actor{Login: p.GetUser().GetLogin()},
	}, nil
}

// SetStatus creates a commit status: https://docs.github.com/rest/commits/statuses.
func (s *Source) SetStatus(ctx context.Context, repo ingest.Repository, status ingest.CommitStatus) error {
	f := forge{s.api, s.client}
	owner, name := split(repo)
	state := "failure"
	if status.Good {
		state = "success"
	}
	o := &github.RepoStatus{State: &state, Description: &status.Says, Context: github.String(ingest.StatusName)}
	if status.URL != "" {
		o.TargetURL = &status.URL
	}
	_, resp, err := f.client.Repositories.CreateStatus(ctx, owner, name, status.SHA, o)
	return f.mayWrite(ctx, fmt.Sprintf("set the status of %.7s of %s", status.SHA, repo.FullName), "Commit statuses: Read and write (checks.status)", resp, err)
}

// Comment edits our comment on a pull request, or makes it:
// https://docs.github.com/rest/issues/comments.
func (s *Source) Comment(ctx context.Context, repo ingest.Repository, number int64, c ingest.Comment) error {
	f := forge{s.api, s.client}
	owner, name := split(repo)
	doing, needs := fmt.Sprintf("comment on pull request %d of %s", number, repo.FullName), "Pull requests: Read and write (checks.comment)"
	for page := 1; page <= maxComments; page++ {
		all, resp, err := f.client.Issues.ListComments(ctx, owner, name, int(number), &github.IssueListCommentsOptions{ListOptions: github.ListOptions{Page: page, PerPage: 100}})
		if err != nil {
			return f.mayWrite(ctx, doing, needs, resp, err)
		}
		for _, one := range all {
			if !strings.HasPrefix(one.GetBody(), c.Mark) {
				continue
			}
			if strings.TrimSpace(one.GetBody()) == strings.TrimSpace(c.Text) {
				return nil
			}
			_, resp, err := f.client.Issues.EditComment(ctx, owner, name, one.GetID(), &github.IssueComment{Body: &c.Text})
			return f.mayWrite(ctx, doing, needs, resp, err)
		}
		if len(all) < 100 {
			break
		}
	}
	if c.Only {
		return nil
	}
	_, resp, err := f.client.Issues.CreateComment(ctx, owner, name, int(number), &github.IssueComment{Body: &c.Text})
	return f.mayWrite(ctx, doing, needs, resp, err)
}

// mayWrite says which permission is missing, where one is: GitHub answers 403, or 404 for
// what is private.
func (f forge) mayWrite(ctx context.Context, doing, needs string, resp *github.Response, err error) error {
	if err == nil {
		return nil
	}
	failed := f.fail(ctx, doing, resp, err)
	switch fault.KindOf(failed) {
	case fault.Denied, fault.NotFound:
		return fault.New(fault.Denied, "%s: %s: the token may not (%d): give the token or the App the permission %s, or turn it off in the configuration", f.api.Source(), doing, resp.StatusCode, needs)
	}
	return failed
}
