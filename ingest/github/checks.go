package github

import (
	"strconv"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
)

// run is a run of a workflow of GitHub Actions.
type run struct {
	ID             int64         `json:"id"`
	Name           string        `json:"name"`
	HeadBranch     string        `json:"head_branch"` // null for a tag
	HeadSHA        string        `json:"head_sha"`
	Conclusion     string        `json:"conclusion"`
	HTMLURL        string        `json:"html_url"`
	HeadRepository repository    `json:"head_repository"`
	CreatedAt      ingest.Moment `json:"created_at"`
	RunStartedAt   ingest.Moment `json:"run_started_at"`
	UpdatedAt      ingest.Moment `json:"updated_at"`
}

// suite is all that one App checks at a commit.
type suite struct {
	ID         int64  `json:"id"`
	HeadBranch string `json:"head_branch"`
	HeadSHA    string `json:"head_sha"`
	Conclusion string `json:"conclusion"`
	App        struct {
		Slug string `json:"slug"`
		Name string `json:"name"`
	} `json:"app"`
	Runs      *int          `json:"latest_check_runs_count"`
	CreatedAt ingest.Moment `json:"created_at"`
	UpdatedAt ingest.Moment `json:"updated_at"`
}

// concluded maps a conclusion to a status; "" for one that nobody knows.
func concluded(conclusion string) string {
	switch conclusion {
	case "success", "neutral":
		return event.StatusSuccess
	case "failure", "timed_out", "startup_failure":
		return event.StatusFailure
	case "cancelled", "stale":
		return event.StatusCanceled
	case "skipped":
		return event.StatusSkipped
	case "action_required": // somebody has to allow it
		return event.StatusPending
	}
	return ""
}

// workflowRun goes by the action: the status may be one further already.
func (t *told) workflowRun() (ingest.Meaning, error) {
	m, ok := t.about()
	r := &t.WorkflowRun
	var status string
	var at ingest.Moment
	switch t.Action {
	case "requested":
		status, at = event.StatusPending, r.CreatedAt
	case "in_progress":
		status, at = event.StatusRunning, r.UpdatedAt
	case "completed":
		status, at = concluded(r.Conclusion), r.UpdatedAt
	}
	if !ok || r.ID <= 0 || status == "" {
		return m, nil
	}
	said := event.ActivityPipeline{
		Repository: t.named(), ID: strconv.FormatInt(r.ID, 10), Name: ingest.Short(r.Name), Status: status,
		Branch: r.HeadBranch, Commit: ingest.SHA(r.HeadSHA), URL: ingest.WebPage(r.HTMLURL), Started: r.RunStartedAt.Time,
	}
	if r.HeadRepository.ID > 0 && r.HeadRepository.ID != t.Repository.ID && said.Branch != "" {
		said.Branch = r.HeadRepository.owner() + ":" + said.Branch // of a fork, as in a pull request
	}
	if t.Action == "completed" && status != event.StatusPending {
		said.Finished = r.UpdatedAt.Time
	}
	return t.say(m, at, said)
}

// checkSuite tells what Apps other than GitHub Actions checked: of those a
// workflow_run tells more. A suite in which nothing ran says nothing.
func (t *told) checkSuite() (ingest.Meaning, error) {
	m, ok := t.about()
	c := &t.CheckSuite
	status := concluded(c.Conclusion)
	if !ok || c.ID <= 0 || t.Action != "completed" || status == "" || c.App.Slug == "github-actions" || c.Runs != nil && *c.Runs == 0 {
		return m, nil
	}
	said := event.ActivityPipeline{
		// Suites and runs are numbered each on their own.
		Repository: t.named(), ID: "check-suite/" + strconv.FormatInt(c.ID, 10), Name: ingest.Short(c.App.Name), Status: status,
		Branch: c.HeadBranch, Commit: ingest.SHA(c.HeadSHA), Started: c.CreatedAt.Time,
	}
	if said.Commit != "" && ingest.WebPage(m.Repository.URL) != "" {
		said.URL = m.Repository.URL + "/commit/" + said.Commit + "/checks"
	}
	if status != event.StatusPending {
		said.Finished = c.UpdatedAt.Time
	}
	return t.say(m, c.UpdatedAt, said)
}
