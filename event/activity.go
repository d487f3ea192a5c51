package event

import "time"

// Activity is what happens around repositories without changing what the catalog
// says: each event carries the whole state of its thing at the time, since
// deliveries come late, twice and in any order. The subject is the repository's
// full name. Texts that a forge allows to be long are cut to 300 characters.

// ActivityPush says that a branch or tag moved, came or went.
type ActivityPush struct {
	Repository Repository `json:"repository"`
	Ref        string     `json:"ref"`              // "refs/heads/main", "refs/tags/v1.2.0"
	Before     string     `json:"before,omitempty"` // full SHA; empty when the ref is new
	After      string     `json:"after,omitempty"`  // full SHA; empty when the ref is gone
	Default    bool       `json:"default,omitempty"`
	Forced     bool       `json:"forced,omitempty"`  // as far as the forge says; GitLab does not
	Commits    int        `json:"commits,omitempty"` // that came with it, as the forge counts
	More       bool       `json:"more,omitempty"`    // there may be more: the forge counts no further
	// Committed is when the commit was made that a tag stands at; zero if the forge does
	// not say, and of branches.
	Committed time.Time `json:"committed,omitzero"`
}

// ActivityPullRequest says how a pull or merge request stands.
type ActivityPullRequest struct {
	Repository  Repository `json:"repository"`
	Number      int64      `json:"number"`
	Action      string     `json:"action,omitempty"` // in the forge's words
	State       string     `json:"state"`            // "open", "merged" or "closed"
	Draft       bool       `json:"draft,omitempty"`
	Title       string     `json:"title,omitempty"`
	URL         string     `json:"url,omitempty"`
	Author      Actor      `json:"author,omitzero"`
	Base        string     `json:"base,omitempty"` // branch that it goes into
	Head        string     `json:"head,omitempty"` // branch that it comes from
	HeadSHA     string     `json:"headSha,omitempty"`
	MergeCommit string     `json:"mergeCommit,omitempty"`
	Opened      time.Time  `json:"opened,omitzero"`
	Merged      time.Time  `json:"merged,omitzero"`
	Closed      time.Time  `json:"closed,omitzero"`
}

// ActivityRelease says how a release stands.
type ActivityRelease struct {
	Repository Repository `json:"repository"`
	Tag        string     `json:"tag"`
	Name       string     `json:"name,omitempty"`
	Action     string     `json:"action"` // "published", "changed" or "deleted"
	Prerelease bool       `json:"prerelease,omitempty"`
	URL        string     `json:"url,omitempty"`
	Published  time.Time  `json:"published,omitzero"`
}

// ActivityDeployment says how a deployment stands.
type ActivityDeployment struct {
	Repository  Repository `json:"repository"`
	ID          string     `json:"id"` // the forge's
	Environment string     `json:"environment"`
	Status      string     `json:"status"` // "pending", "running", "success", "failure" or "canceled"
	Commit      string     `json:"commit,omitempty"`
	Ref         string     `json:"ref,omitempty"`
	URL         string     `json:"url,omitempty"`
	Started     time.Time  `json:"started,omitzero"`
	Finished    time.Time  `json:"finished,omitzero"`
	// Entity is the full ref of what was deployed, where the producer says so; a
	// forge does not.
	Entity string `json:"entity,omitempty"`
}

// ActivityPipeline says how a pipeline or workflow run stands.
type ActivityPipeline struct {
	Repository Repository `json:"repository"`
	ID         string     `json:"id"`
	Name       string     `json:"name,omitempty"` // of the workflow
	Status     string     `json:"status"`         // as ActivityDeployment.Status, or "skipped"
	Branch     string     `json:"branch,omitempty"`
	Commit     string     `json:"commit,omitempty"`
	URL        string     `json:"url,omitempty"`
	Started    time.Time  `json:"started,omitzero"`
	Finished   time.Time  `json:"finished,omitzero"`
	Entity     string     `json:"entity,omitempty"` // as in ActivityDeployment
}

// ActivityAlert says how a security alert stands. It never holds a secret.
type ActivityAlert struct {
	Repository Repository `json:"repository"`
	Tool       string     `json:"tool"` // "code scanning", "dependencies" or "secrets"
	ID         string     `json:"id"`   // the forge's, within the repository and tool
	State      string     `json:"state"`
	Severity   string     `json:"severity,omitempty"` // "critical", "high", "medium", "low"; empty if the forge does not say
	Title      string     `json:"title,omitempty"`    // rule, package or type of secret
	URL        string     `json:"url,omitempty"`
	Opened     time.Time  `json:"opened,omitzero"`
	Closed     time.Time  `json:"closed,omitzero"` // fixed or dismissed
}

// The states of an alert.
const (
	AlertOpen      = "open"
	AlertFixed     = "fixed"
	AlertDismissed = "dismissed"
)

// The statuses of deployments and pipelines.
const (
	StatusPending  = "pending"
	StatusRunning  = "running"
	StatusSuccess  = "success"
	StatusFailure  = "failure"
	StatusCanceled = "canceled"
	StatusSkipped  = "skipped"
)

// EventType returns the fixed name.
func (ActivityPush) EventType() Type { return TypeActivityPush }

// EventType returns the fixed name.
func (ActivityPullRequest) EventType() Type { return TypeActivityPullRequest }

// EventType returns the fixed name.
func (ActivityRelease) EventType() Type { return TypeActivityRelease }

// EventType returns the fixed name.
func (ActivityDeployment) EventType() Type { return TypeActivityDeployment }

// EventType returns the fixed name.
func (ActivityPipeline) EventType() Type { return TypeActivityPipeline }

// EventType returns the fixed name.
func (ActivityAlert) EventType() Type { return TypeActivityAlert }
