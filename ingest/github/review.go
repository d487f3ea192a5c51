package github

import (
	"context"
	"fmt"

	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

var (
	_ ingest.Reviewed  = (*Source)(nil)
	_ ingest.Describer = (*Source)(nil)
)

// Describe returns a repository as GitHub's own answers describe it.
func (s *Source) Describe(r event.RepositoryState) ingest.Repository {
	return describe(0, r.FullName, r.DefaultBranch, r.URL).As(r)
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
	came := func(resp *github.Response, err error) error {
		return f.mayWrite(ctx, fmt.Sprintf("comment on pull request %d of %s", number, repo.FullName), "Pull requests: Read and write (checks.comment)", resp, err)
	}
	body := &github.IssueComment{Body: &c.Text}
	return forgeapi.Say(c, func(page int) (notes []forgeapi.Note, err error) {
		all, resp, err := f.client.Issues.ListComments(ctx, owner, name, int(number), &github.IssueListCommentsOptions{ListOptions: github.ListOptions{Page: page, PerPage: forgeapi.PerPage}})
		for _, one := range all {
			notes = append(notes, forgeapi.Note{ID: one.GetID(), Text: one.GetBody()})
		}
		return notes, came(resp, err)
	}, func(id int64) error {
		_, resp, err := f.client.Issues.EditComment(ctx, owner, name, id, body)
		return came(resp, err)
	}, func() error {
		_, resp, err := f.client.Issues.CreateComment(ctx, owner, name, int(number), body)
		return came(resp, err)
	})
}

// mayWrite says which permission is missing, where one is.
func (f forge) mayWrite(ctx context.Context, doing, needs string, resp *github.Response, err error) error {
	return f.api.MayNot(doing, "give the token or the App the permission "+needs, f.fail(ctx, doing, resp, err))
}
