package github

import (
	"cmp"
	"strconv"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
)

// acted is what is read of deliveries about what happens around repositories.
type acted struct {
	PullRequest pullRequest `json:"pull_request"`
	Release     struct {
		TagName     string        `json:"tag_name"`
		Name        string        `json:"name"`
		Draft       bool          `json:"draft"`
		Prerelease  bool          `json:"prerelease"`
		HTMLURL     string        `json:"html_url"`
		PublishedAt ingest.Moment `json:"published_at"`
	} `json:"release"`
	Deployment struct {
		ID          int64         `json:"id"`
		SHA         string        `json:"sha"`
		Ref         string        `json:"ref"`
		Environment string        `json:"environment"`
		CreatedAt   ingest.Moment `json:"created_at"`
	} `json:"deployment"`
	DeploymentStatus struct {
		State       string        `json:"state"`
		Environment string        `json:"environment"`
		TargetURL   string        `json:"target_url"`
		CreatedAt   ingest.Moment `json:"created_at"`
	} `json:"deployment_status"`
	WorkflowRun run   `json:"workflow_run"`
	CheckSuite  suite `json:"check_suite"`
}

type pullRequest struct {
	Number         int64         `json:"number"`
	State          string        `json:"state"` // "open" or "closed"
	Merged         bool          `json:"merged"`
	Draft          bool          `json:"draft"`
	Title          string        `json:"title"`
	HTMLURL        string        `json:"html_url"`
	User           account       `json:"user"`
	Base           end           `json:"base"`
	Head           end           `json:"head"`
	MergeCommitSHA string        `json:"merge_commit_sha"`
	CreatedAt      ingest.Moment `json:"created_at"`
	UpdatedAt      ingest.Moment `json:"updated_at"`
	MergedAt       ingest.Moment `json:"merged_at"`
	ClosedAt       ingest.Moment `json:"closed_at"`
}

// end is where a pull request comes from, or goes to.
type end struct {
	Label string     `json:"label"` // "acme:main"
	Ref   string     `json:"ref"`
	SHA   string     `json:"sha"`
	Repo  repository `json:"repo"` // null when it is deleted
}

// pullRequest tells of what an ActivityPullRequest can say; of labels, reviews
// and assignees it cannot.
func (t *told) pullRequest() (ingest.Meaning, error) {
	m, ok := t.about()
	p := &t.PullRequest
	if !ok || p.Number <= 0 {
		return m, nil
	}
	switch t.Action {
	case "opened", "closed", "reopened", "edited", "synchronize", "ready_for_review", "converted_to_draft":
	default:
		return m, nil
	}
	said := event.ActivityPullRequest{
		Repository: t.named(), Number: p.Number, Action: t.Action, State: "open", Draft: p.Draft,
		Title: ingest.Short(p.Title), URL: ingest.WebPage(p.HTMLURL), Author: p.User.actor(),
		Base: p.Base.Ref, Head: p.Head.Ref, HeadSHA: ingest.SHA(p.Head.SHA), Opened: p.CreatedAt.Time,
	}
	if p.Head.Repo.ID != t.Repository.ID { // the branch of a fork may be called like one of ours
		said.Head = cmp.Or(p.Head.Label, p.Head.Ref)
	}
	switch {
	case p.Merged:
		said.State, said.Merged, said.MergeCommit = "merged", p.MergedAt.Time, ingest.SHA(p.MergeCommitSHA) // before, it is that of a trial merge
	case p.State == "closed":
		said.State = "closed"
	}
	if said.State != "open" {
		said.Closed = p.ClosedAt.Time
	} else if p.Base.Ref == m.Repository.DefaultBranch && (t.Action != "edited" || t.Changes.Base.Ref.From != "") && t.Action != "converted_to_draft" {
		m.PullRequest = p.Number
	}
	return t.say(m, p.UpdatedAt, said)
}

// release leaves out drafts, and what another action tells of too: created and
// prereleased come with published, released with published or edited.
func (t *told) release() (ingest.Meaning, error) {
	m, ok := t.about()
	r := &t.Release
	if !ok || r.TagName == "" {
		return m, nil
	}
	var action string
	switch t.Action {
	case "published":
		action = "published"
	case "edited":
		action = "changed"
	case "deleted":
		action = "deleted"
	case "unpublished": // it is a draft again
		action, r.Draft = "deleted", false
	}
	if action == "" || r.Draft {
		return m, nil
	}
	var at ingest.Moment // of changes GitHub does not say it
	if action == "published" {
		at = r.PublishedAt
	}
	return t.say(m, at, event.ActivityRelease{
		Repository: t.named(), Tag: r.TagName, Name: ingest.Short(r.Name), Action: action, Prerelease: r.Prerelease,
		URL: ingest.WebPage(r.HTMLURL), Published: r.PublishedAt.Time,
	})
}

func (t *told) deployment() (ingest.Meaning, error) {
	if t.Action != "created" {
		m, _ := t.about()
		return m, nil
	}
	return t.deployed(event.StatusPending, ingest.Moment{})
}

func (t *told) deploymentStatus() (ingest.Meaning, error) {
	status := map[string]string{
		"pending": event.StatusPending, "queued": event.StatusPending, "waiting": event.StatusPending,
		"in_progress": event.StatusRunning, "success": event.StatusSuccess,
		"failure": event.StatusFailure, "error": event.StatusFailure,
	}[t.DeploymentStatus.State] // "inactive" is what a newer deployment does to this one
	if t.Action != "created" || status == "" {
		m, _ := t.about()
		return m, nil
	}
	return t.deployed(status, t.DeploymentStatus.CreatedAt)
}

func (t *told) deployed(status string, at ingest.Moment) (ingest.Meaning, error) {
	m, ok := t.about()
	d := &t.Deployment
	environment := cmp.Or(t.DeploymentStatus.Environment, d.Environment)
	if !ok || d.ID <= 0 || environment == "" {
		return m, nil
	}
	said := event.ActivityDeployment{
		Repository: t.named(), ID: strconv.FormatInt(d.ID, 10), Environment: ingest.Short(environment), Status: status,
		Commit: ingest.SHA(d.SHA), Ref: d.Ref, URL: ingest.WebPage(cmp.Or(t.DeploymentStatus.TargetURL, t.WorkflowRun.HTMLURL)),
		Started: d.CreatedAt.Time,
	}
	if status == event.StatusSuccess || status == event.StatusFailure {
		said.Finished = at.Time
	}
	if at.IsZero() {
		at = d.CreatedAt
	}
	return t.say(m, at, said)
}
