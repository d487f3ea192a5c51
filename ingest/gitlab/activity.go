package gitlab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
)

// attributes is what is read of object_attributes, of whichever object.
type attributes struct {
	ID        int64         `json:"id"`
	IID       int64         `json:"iid"`
	Action    string        `json:"action"`
	State     string        `json:"state"`
	Title     string        `json:"title"`
	URL       string        `json:"url"`
	CreatedAt ingest.Moment `json:"created_at"`
	UpdatedAt ingest.Moment `json:"updated_at"`

	// of a merge request
	Draft           bool    `json:"draft"`
	WorkInProgress  bool    `json:"work_in_progress"` // its name before GitLab 14
	AuthorID        int64   `json:"author_id"`
	TargetBranch    string  `json:"target_branch"`
	SourceBranch    string  `json:"source_branch"`
	SourceProjectID int64   `json:"source_project_id"`
	TargetProjectID int64   `json:"target_project_id"`
	Source          project `json:"source"`
	MergeCommitSHA  string  `json:"merge_commit_sha"`
	OldRev          string  `json:"oldrev"` // set when commits came
	LastCommit      struct {
		ID string `json:"id"`
	} `json:"last_commit"`

	// of a pipeline
	Name       string        `json:"name"`
	Status     string        `json:"status"`
	Ref        string        `json:"ref"`
	Tag        bool          `json:"tag"`
	SHA        string        `json:"sha"`
	FinishedAt ingest.Moment `json:"finished_at"`

	// of a vulnerability
	ProjectID   int64         `json:"project_id"`
	Severity    string        `json:"severity"`
	ReportType  string        `json:"report_type"`
	DismissedAt ingest.Moment `json:"dismissed_at"`
	ResolvedAt  ingest.Moment `json:"resolved_at"`
}

// acted is what is read of deployments and releases, which have it at the top.
type acted struct {
	DeploymentID    int64         `json:"deployment_id"`
	Status          string        `json:"status"`
	StatusChangedAt ingest.Moment `json:"status_changed_at"`
	DeployableURL   string        `json:"deployable_url"`
	Environment     string        `json:"environment"`
	CommitURL       string        `json:"commit_url"`

	Tag        string        `json:"tag"`
	Name       string        `json:"name"`
	URL        string        `json:"url"`
	CreatedAt  ingest.Moment `json:"created_at"`
	ReleasedAt ingest.Moment `json:"released_at"`

	MergeRequest struct {
		SourceBranch    string `json:"source_branch"`
		SourceProjectID int64  `json:"source_project_id"`
		TargetProjectID int64  `json:"target_project_id"`
	} `json:"merge_request"` // of a pipeline
}

// mergeRequest tells of what an ActivityPullRequest can say; of labels, approvals
// and assignees it cannot.
func (t *told) mergeRequest() (ingest.Meaning, error) {
	m, ok := t.about()
	a := &t.Attributes
	if !ok || a.IID <= 0 {
		return m, nil
	}
	switch a.Action {
	case "open", "close", "reopen", "merge", "": // the instance may leave it out
	case "update":
		if a.OldRev == "" && !touched(t.Changes, "title", "draft", "work_in_progress", "target_branch", "source_branch") {
			return m, nil
		}
	default:
		return m, nil
	}
	said := event.ActivityPullRequest{
		Repository: t.name(m.Repository), Number: a.IID, Action: a.Action, Draft: a.Draft || a.WorkInProgress,
		Title: ingest.Short(a.Title), URL: ingest.WebPage(a.URL), Base: a.TargetBranch, Head: a.SourceBranch,
		HeadSHA: ingest.SHA(a.LastCommit.ID), Opened: a.CreatedAt.Time,
	}
	if a.AuthorID > 0 && a.AuthorID == t.User.ID { // of anybody else only the number is told
		said.Author = event.Actor{Name: t.User.Name, Login: t.User.Username}
	}
	if a.SourceProjectID != a.TargetProjectID && a.Source.PathWithNamespace != "" { // the branch of a fork may be called like one of ours
		said.Head = a.Source.PathWithNamespace + ":" + a.SourceBranch
	}
	switch a.State {
	case "merged":
		said.State, said.MergeCommit = "merged", ingest.SHA(a.MergeCommitSHA)
		if a.Action == "merge" {
			said.Merged, said.Closed = a.UpdatedAt.Time, a.UpdatedAt.Time
		}
	case "closed":
		said.State = "closed"
		if a.Action == "close" {
			said.Closed = a.UpdatedAt.Time
		}
	case "opened", "locked": // locked: it is being merged
		said.State = "open"
		if a.State == "opened" && a.TargetBranch == m.Repository.DefaultBranch && (a.Action != "update" || a.OldRev != "" || touched(t.Changes, "target_branch")) {
			m.PullRequest = a.IID
		}
	default:
		return m, nil
	}
	return t.say(m, a.UpdatedAt, said)
}

// touched reports whether a merge request's update changed one of these fields.
func touched(changes json.RawMessage, fields ...string) bool {
	var all map[string]json.RawMessage
	if json.Unmarshal(changes, &all) != nil {
		return false
	}
	for _, f := range fields {
		if _, ok := all[f]; ok {
			return true
		}
	}
	return false
}

// status maps the statuses of pipelines and deployments; "" for one that nobody knows.
func status(s string) string {
	switch s {
	case "created", "waiting_for_resource", "waiting_for_callback", "preparing", "pending", "manual", "scheduled", "blocked":
		return event.StatusPending
	case "running", "canceling":
		return event.StatusRunning
	case "success":
		return event.StatusSuccess
	case "failed":
		return event.StatusFailure
	case "canceled":
		return event.StatusCanceled
	case "skipped":
		return event.StatusSkipped
	}
	return ""
}

// ended reports whether nothing comes after a status.
func ended(status string) bool {
	return status != event.StatusPending && status != event.StatusRunning
}

func (t *told) pipeline() (ingest.Meaning, error) {
	m, ok := t.about()
	a := &t.Attributes
	now := status(a.Status)
	if !ok || a.ID <= 0 || now == "" {
		return m, nil
	}
	id := strconv.FormatInt(a.ID, 10)
	said := event.ActivityPipeline{
		Repository: t.name(m.Repository), ID: id, Name: ingest.Short(a.Name), Status: now,
		Commit: ingest.SHA(a.SHA), URL: ingest.WebPage(a.URL), Started: a.CreatedAt.Time,
	}
	switch r := &t.MergeRequest; {
	case a.Tag:
	case !strings.HasPrefix(a.Ref, "refs/"):
		said.Branch = a.Ref
	case r.SourceProjectID == r.TargetProjectID: // it runs for a merge request
		said.Branch = r.SourceBranch
	}
	if said.URL == "" && ingest.WebPage(m.Repository.URL) != "" {
		said.URL = m.Repository.URL + "/-/pipelines/" + id
	}
	var at ingest.Moment // of what is under way GitLab does not say it
	if ended(now) {
		said.Finished, at = a.FinishedAt.Time, a.FinishedAt
	}
	return t.say(m, at, said)
}

func (t *told) deployment() (ingest.Meaning, error) {
	m, ok := t.about()
	now := status(t.Status)
	if now == event.StatusSkipped {
		now = event.StatusCanceled
	}
	if !ok || t.DeploymentID <= 0 || t.Environment == "" || now == "" {
		return m, nil
	}
	said := event.ActivityDeployment{
		Repository: t.name(m.Repository), ID: strconv.FormatInt(t.DeploymentID, 10), Environment: ingest.Short(t.Environment), Status: now,
		// The commit itself is not told, but at the end of its page's address.
		Commit: ingest.SHA(t.CommitURL[strings.LastIndexByte(t.CommitURL, '/')+1:]), Ref: t.Ref, URL: ingest.WebPage(t.DeployableURL),
	}
	switch {
	case now == event.StatusRunning:
		said.Started = t.StatusChangedAt.Time
	case ended(now):
		said.Finished = t.StatusChangedAt.Time
	}
	return t.say(m, t.StatusChangedAt, said)
}

// release does not say who did it.
func (t *told) release() (ingest.Meaning, error) {
	m, ok := t.about()
	action, known := map[string]string{"create": "published", "update": "changed", "delete": "deleted"}[t.Action]
	if !ok || !known || t.Tag == "" {
		return m, nil
	}
	published := t.ReleasedAt
	if published.IsZero() {
		published = t.CreatedAt
	}
	var at ingest.Moment
	if action == "published" {
		at = t.CreatedAt // a release may be dated back, or ahead
	}
	return t.say(m, at, event.ActivityRelease{
		Repository: t.name(m.Repository), Tag: t.Tag, Name: ingest.Short(t.Name), Action: action,
		URL: ingest.WebPage(t.URL), Published: published.Time,
	})
}

// vulnerability names its project by id and address only.
func (t *told) vulnerability() (ingest.Meaning, error) {
	a := &t.Attributes
	var ok bool
	if t.Project, ok = t.source.projectOf(a.ProjectID, a.URL); !ok {
		return ingest.Meaning{}, nil
	}
	m, ok := t.about()
	said := event.ActivityAlert{
		ID: fmt.Sprint(a.ID), Title: ingest.Short(a.Title), URL: ingest.WebPage(a.URL), Opened: a.CreatedAt.Time,
	}
	switch a.State {
	case "detected", "confirmed":
		said.State = event.AlertOpen
	case "resolved":
		said.State, said.Closed = event.AlertFixed, cmp.Or(a.ResolvedAt, a.UpdatedAt).Time
	case "dismissed":
		said.State, said.Closed = event.AlertDismissed, cmp.Or(a.DismissedAt, a.UpdatedAt).Time
	}
	if !ok || a.ID <= 0 || said.State == "" {
		return m, nil
	}
	said.Tool, said.Severity = scanner(a.ReportType), severity(a.Severity)
	said.Repository = t.name(m.Repository)
	return t.say(m, a.UpdatedAt, said)
}

// scanner is the tool that makes reports of a type.
func scanner(report string) string {
	switch report {
	case "dependency_scanning", "container_scanning":
		return "dependencies"
	case "secret_detection":
		return "secrets"
	}
	return "code scanning"
}

// severity keeps the words that events have.
func severity(s string) string {
	switch s {
	case "critical", "high", "medium", "low":
		return s
	}
	return ""
}
