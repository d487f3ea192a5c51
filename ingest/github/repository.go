package github

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// repository is what is read of a repository in a payload. Its other fields
// differ between events: in a push its times are Unix seconds, and url is its page.
type repository struct {
	ID            int64         `json:"id"`
	FullName      string        `json:"full_name"`
	HTMLURL       string        `json:"html_url"`
	DefaultBranch string        `json:"default_branch"`
	MasterBranch  string        `json:"master_branch"` // in a push, of older Enterprise Servers
	PushedAt      ingest.Moment `json:"pushed_at"`
}

func (r *repository) owner() string {
	owner, _, _ := strings.Cut(r.FullName, "/")
	return owner
}

// describe returns the repository; its default branch may be empty.
func (r *repository) describe() (ingest.Repository, error) {
	switch {
	case r.ID <= 0:
		return ingest.Repository{}, fault.New(fault.Invalid, "read the delivery: repository.id is missing")
	case !isFullName(r.FullName):
		return ingest.Repository{}, fault.New(fault.Invalid, "read the delivery: repository.full_name is %q, which is not owner/name", r.FullName)
	}
	return describe(r.ID, r.FullName, cmp.Or(r.DefaultBranch, r.MasterBranch), r.HTMLURL), nil
}

// named is the repository as events name it.
func (r *repository) named(source string) event.Repository {
	return event.Repository{Source: source, ID: strconv.FormatInt(r.ID, 10), FullName: r.FullName}
}

func describe(id int64, fullName, branch, page string) ingest.Repository {
	page = strings.TrimRight(page, "/")
	at := ingest.EscapePath(branch) + "/"
	return ingest.Repository{
		ID:            strconv.FormatInt(id, 10),
		FullName:      fullName,
		DefaultBranch: branch,
		URL:           page,
		Pages:         ingest.Pages{View: page + "/blob/" + at, Edit: page + "/edit/" + at, Dir: page + "/tree/" + at},
	}
}

// isFullName keeps a body from steering requests elsewhere: go-github puts
// owner and name into paths as they are.
func isFullName(s string) bool {
	owner, name, ok := strings.Cut(s, "/")
	return ok && isName(owner) && isName(name)
}

func isName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
}

// repository is about the repository itself. What changed is for the forge to
// say, but for its end, of which nobody else can tell.
func (t *told) repository() (ingest.Meaning, error) {
	m, ok := t.about()
	if !ok {
		return ingest.Meaning{}, nil
	}
	switch t.Action {
	case "created", "renamed", "archived", "unarchived", "edited", "publicized", "privatized":
		m.Look = true
	case "transferred": // into the organisations, or out of them
		m.Look, m.Left = true, !t.covers(m.Repository.FullName)
	case "deleted":
		m.Gone = true
	}
	return m, nil
}

// public tells that a private repository can be seen by all. It has no action.
func (t *told) public() (ingest.Meaning, error) {
	m, ok := t.about()
	m.Look = ok
	return m, nil
}

// rule protects the branches that a pattern fits. Levels are "off", "non_admins"
// or "everyone".
type rule struct {
	Name              string        `json:"name"` // the pattern
	UpdatedAt         ingest.Moment `json:"updated_at"`
	AdminEnforced     bool          `json:"admin_enforced"`
	Reviews           string        `json:"pull_request_reviews_enforcement_level"`
	Approvals         int           `json:"required_approving_review_count"`
	CodeOwners        bool          `json:"require_code_owner_review"`
	DismissStale      bool          `json:"dismiss_stale_reviews_on_push"`
	StatusChecks      []string      `json:"required_status_checks"`
	StatusChecksLevel string        `json:"required_status_checks_enforcement_level"`
	Signatures        string        `json:"signature_requirement_enforcement_level"`
	LinearHistory     string        `json:"linear_history_requirement_enforcement_level"`
	Conversations     string        `json:"required_conversation_resolution_level"`
	MergeQueue        string        `json:"merge_queue_enforcement_level"`
	ForcePushes       string        `json:"allow_force_pushes_enforcement_level"`
	Deletions         string        `json:"allow_deletions_enforcement_level"`
}

// protection is the value of the fact "branchProtection": what a push to the
// branches of a pattern must have gone through, and what may be done to them.
type protection struct {
	Pattern       string   `json:"pattern"`
	Admins        bool     `json:"admins"`                  // it binds administrators too
	PullRequest   bool     `json:"pullRequest"`             // changes come by pull request
	Approvals     int      `json:"approvals,omitempty"`     // that a pull request needs
	CodeOwners    bool     `json:"codeOwners,omitempty"`    // one of which is a code owner's
	DismissStale  bool     `json:"dismissStale,omitempty"`  // approvals lapse with a new commit
	StatusChecks  []string `json:"statusChecks,omitempty"`  // that have to pass
	Signatures    bool     `json:"signatures,omitempty"`    // commits are signed
	LinearHistory bool     `json:"linearHistory,omitempty"` // no merge commits
	Conversations bool     `json:"conversations,omitempty"` // all are resolved
	MergeQueue    bool     `json:"mergeQueue,omitempty"`
	ForcePushes   bool     `json:"forcePushes,omitempty"` // are allowed
	Deletions     bool     `json:"deletions,omitempty"`   // are allowed
}

func (r *rule) requires() protection {
	on := func(level string) bool { return level != "" && level != "off" }
	p := protection{
		Pattern: ingest.Short(r.Name), Admins: r.AdminEnforced, PullRequest: on(r.Reviews),
		Signatures: on(r.Signatures), LinearHistory: on(r.LinearHistory), Conversations: on(r.Conversations), MergeQueue: on(r.MergeQueue),
		ForcePushes: on(r.ForcePushes), Deletions: on(r.Deletions),
	}
	if p.PullRequest {
		p.Approvals, p.CodeOwners, p.DismissStale = r.Approvals, r.CodeOwners, r.DismissStale
	}
	if on(r.StatusChecksLevel) {
		p.StatusChecks = r.StatusChecks
	}
	return p
}

// branchProtection records what a rule requires now.
func (t *told) branchProtection() (ingest.Meaning, error) {
	m, ok := t.about()
	if !ok || t.Rule.Name == "" {
		return m, nil
	}
	fact := event.FactRecorded{Fact: event.FactProtection, Repository: t.named(), Value: json.RawMessage("null")}
	switch t.Action {
	case "created", "edited":
		value, err := json.Marshal(t.Rule.requires())
		if err != nil {
			return ingest.Meaning{}, err
		}
		fact.Value = value
	case "deleted":
		t.Rule.UpdatedAt = ingest.Moment{} // is that of the last edit
	default:
		return m, nil
	}
	m.Look = true // whether the default branch is protected, the forge says
	return t.say(m, t.Rule.UpdatedAt, fact)
}
