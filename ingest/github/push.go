package github

import (
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// listed is how many commits a push lists at most; how many there are it does not
// say: https://docs.github.com/webhooks/webhook-events-and-payloads#push
const listed = 2048

// pushed is what is read of a push. Of its commits only how many came: the list
// is cut, and nothing in it is believed.
type pushed struct {
	Ref     string     `json:"ref"`
	Before  string     `json:"before"`
	After   string     `json:"after"`
	Deleted bool       `json:"deleted"`
	Forced  bool       `json:"forced"`
	Commits []struct{} `json:"commits"`
	// Head is the commit that the ref is at, which of an annotated tag After is not.
	Head struct {
		Timestamp ingest.Moment `json:"timestamp"`
	} `json:"head_commit"`
	Pusher struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"pusher"`
}

// push tells of a branch or tag that moved, came or went.
func (t *told) push() (ingest.Meaning, error) {
	repo, err := t.Repository.describe()
	if err != nil {
		return ingest.Meaning{}, err
	}
	if repo.DefaultBranch == "" {
		return ingest.Meaning{}, fault.New(fault.Invalid, "read the delivery: repository.default_branch is missing")
	}
	m := ingest.Meaning{Repository: repo, By: event.Actor{Name: t.Pusher.Name, Email: t.Pusher.Email, Login: t.Sender.Login}}
	gone := t.Deleted || ingest.IsZeroSHA(t.After)
	// Branch names hold slashes, and a tag may be called like a branch.
	isDefault := t.Ref == "refs/heads/"+repo.DefaultBranch
	if isDefault && !gone {
		if !ingest.IsSHA(t.After) {
			return ingest.Meaning{}, fault.New(fault.Invalid, "read the delivery: after is %q, which is no commit", t.After)
		}
		m.Push = &ingest.Push{After: t.After, Pusher: m.By}
	}
	if !strings.HasPrefix(t.Ref, "refs/heads/") && !strings.HasPrefix(t.Ref, "refs/tags/") || !gone && !ingest.IsSHA(t.After) {
		return m, nil
	}
	said := event.ActivityPush{
		Repository: t.named(), Ref: t.Ref, Before: ingest.SHA(t.Before), After: ingest.SHA(t.After),
		Default: isDefault, Forced: t.Forced, Commits: len(t.Commits), More: len(t.Commits) >= listed,
	}
	if gone {
		said.After = ""
	} else if strings.HasPrefix(t.Ref, "refs/tags/") {
		said.Committed = t.Head.Timestamp.Time
	}
	return t.say(m, t.Repository.PushedAt, said)
}
