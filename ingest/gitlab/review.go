package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

var (
	_ ingest.Reviewed  = (*Source)(nil)
	_ ingest.Describer = (*Source)(nil)
)

// Describe returns a project as GitLab's own answers describe it.
func (s *Source) Describe(r event.RepositoryState) ingest.Repository {
	return describe(0, r.FullName, r.DefaultBranch, r.URL).As(r)
}

// PullRequest asks for a merge request.
func (s *Source) PullRequest(ctx context.Context, repo ingest.Repository, number int64) (ingest.PullRequest, error) {
	f := forge{s.api, s.client}
	doing := fmt.Sprintf("read merge request %d of %s", number, repo.FullName)
	m, resp, err := f.client.MergeRequests.GetMergeRequest(repo.ID, number, nil, gitlab.WithContext(ctx))
	if err != nil {
		return ingest.PullRequest{}, f.fail(ctx, doing, resp, err)
	}
	if m == nil || m.IID != number || m.TargetBranch == "" {
		return ingest.PullRequest{}, fault.New(fault.Unavailable, "%s: the answer is no merge request", doing)
	}
	p := ingest.PullRequest{
		Number: number, Title: ingest.Short(m.Title), URL: ingest.WebPage(m.WebURL), Open: m.State == "opened" && ingest.IsSHA(m.SHA),
		Into: m.TargetBranch, Head: m.SHA, // none while it has no commits
	}
	if m.Author != nil {
		p.Author = event.Actor{Name: m.Author.Name, Login: m.Author.Username}
	}
	return p, nil
}

// SetStatus sets the status of a commit:
// https://docs.gitlab.com/api/commits/#set-commit-pipeline-status.
func (s *Source) SetStatus(ctx context.Context, repo ingest.Repository, status ingest.CommitStatus) error {
	f := forge{s.api, s.client}
	o := &gitlab.SetCommitStatusOptions{State: gitlab.Failed, Name: gitlab.Ptr(ingest.StatusName), Description: &status.Says}
	if status.Good {
		o.State = gitlab.Success
	}
	if status.URL != "" {
		o.TargetURL = &status.URL
	}
	_, resp, err := f.client.Commits.SetCommitStatus(repo.ID, status.SHA, o, gitlab.WithContext(ctx))
	if resp != nil && resp.StatusCode == http.StatusBadRequest && strings.Contains(err.Error(), "Cannot transition") {
		return nil // it stands so already
	}
	return f.mayWrite(ctx, fmt.Sprintf("set the status of %.7s of %s", status.SHA, repo.FullName), "checks.status", resp, err)
}

// Comment edits our note on a merge request, or makes it:
// https://docs.gitlab.com/api/notes/#merge-requests.
func (s *Source) Comment(ctx context.Context, repo ingest.Repository, number int64, c ingest.Comment) error {
	f := forge{s.api, s.client}
	came := func(resp *gitlab.Response, err error) error {
		return f.mayWrite(ctx, fmt.Sprintf("comment on merge request %d of %s", number, repo.FullName), "checks.comment", resp, err)
	}
	return forgeapi.Say(c, func(page int) (notes []forgeapi.Note, err error) {
		all, resp, err := f.client.Notes.ListMergeRequestNotes(repo.ID, number, &gitlab.ListMergeRequestNotesOptions{
			ListOptions: gitlab.ListOptions{Page: int64(page), PerPage: forgeapi.PerPage},
		}, gitlab.WithContext(ctx))
		for _, one := range all {
			n := forgeapi.Note{}
			if one != nil && !one.System { // what GitLab says itself stands for nothing
				n = forgeapi.Note{ID: one.ID, Text: one.Body}
			}
			notes = append(notes, n)
		}
		return notes, came(resp, err)
	}, func(id int64) error {
		_, resp, err := f.client.Notes.UpdateMergeRequestNote(repo.ID, number, id, &gitlab.UpdateMergeRequestNoteOptions{Body: &c.Text}, gitlab.WithContext(ctx))
		return came(resp, err)
	}, func() error {
		_, resp, err := f.client.Notes.CreateMergeRequestNote(repo.ID, number, &gitlab.CreateMergeRequestNoteOptions{Body: &c.Text}, gitlab.WithContext(ctx))
		return came(resp, err)
	})
}

// mayWrite says what the token lacks, where it lacks something.
func (f forge) mayWrite(ctx context.Context, doing, setting string, resp *gitlab.Response, err error) error {
	return f.api.MayNot(doing, "it needs the scope api and the role Developer for "+setting, f.fail(ctx, doing, resp, err))
}
