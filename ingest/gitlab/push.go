package gitlab

import (
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// pushed is what is read of a push.
type pushed struct {
	Ref          string `json:"ref"`
	Before       string `json:"before"`
	After        string `json:"after"`
	Checkout     string `json:"checkout_sha"` // the commit, which of an annotated tag After is not
	Commits      int    `json:"total_commits_count"`
	UserName     string `json:"user_name"`
	UserUsername string `json:"user_username"`
	UserEmail    string `json:"user_email"`
	// List is cut at 20 commits, and not believed but for when the newest was made:
	// when it was pushed GitLab does not say.
	List []struct {
		ID        string        `json:"id"`
		Timestamp ingest.Moment `json:"timestamp"`
	} `json:"commits"`
}

// made is when a commit was made; zero if that is not told.
func (p *pushed) made(commit string) ingest.Moment {
	for _, c := range p.List {
		if c.ID == commit {
			return c.Timestamp
		}
	}
	return ingest.Moment{}
}

// moved is one ref that a push moved.
type moved struct {
	Ref    string `json:"ref"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// push tells of a branch or tag that moved, came or went.
func (t *told) push() (ingest.Meaning, error) {
	m, err := t.movedTo(t.After)
	if err != nil || m.Repository.ID == "" {
		return ingest.Meaning{}, err
	}
	isRef := strings.HasPrefix(t.Ref, "refs/heads/") || strings.HasPrefix(t.Ref, "refs/tags/")
	if !isRef || !ingest.IsZeroSHA(t.After) && !ingest.IsSHA(t.After) {
		return m, nil
	}
	said := event.ActivityPush{
		Repository: t.name(m.Repository), Ref: t.Ref, Before: ingest.SHA(t.Before), After: ingest.SHA(t.After),
		Default: t.Ref == "refs/heads/"+m.Repository.DefaultBranch, Commits: max(t.Commits, 0),
	}
	if strings.HasPrefix(t.Ref, "refs/tags/") {
		said.Committed = t.made(t.Checkout).Time
	}
	return t.say(m, t.made(t.After), said)
}

// repositoryUpdate is the instance's word for one push, however many refs it
// moved; its hooks on pushes and tags tell of each, with commits.
func (t *told) repositoryUpdate() (ingest.Meaning, error) {
	var refs []moved
	if len(t.Changes) > 0 {
		if err := ingest.ReadPayload(t.Changes, &refs); err != nil {
			return ingest.Meaning{}, fault.New(fault.Invalid, "read the delivery: changes: %w", err)
		}
	}
	for _, r := range refs {
		if r.Ref == "refs/heads/"+t.Project.DefaultBranch {
			t.Ref = r.Ref
			return t.movedTo(r.After)
		}
	}
	return t.movedTo("")
}

// movedTo says that t.Ref moved, which means something if it is the default branch.
func (t *told) movedTo(after string) (ingest.Meaning, error) {
	repo, err := t.repository()
	if err != nil {
		return ingest.Meaning{}, err
	}
	if !t.source.Covers(repo.FullName) {
		return ingest.Meaning{}, nil
	}
	m := ingest.Meaning{Repository: repo, By: event.Actor{Name: t.UserName, Email: email(t.UserEmail), Login: t.UserUsername}}
	if t.Ref != "refs/heads/"+repo.DefaultBranch || ingest.IsZeroSHA(after) {
		return m, nil
	}
	if !ingest.IsSHA(after) {
		return ingest.Meaning{}, fault.New(fault.Invalid, "read the delivery: after is %q, which is no commit", after)
	}
	m.Push = &ingest.Push{After: after, Pusher: m.By}
	return m, nil
}
