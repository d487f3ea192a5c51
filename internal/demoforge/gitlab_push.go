package demoforge

import (
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/object"
)

// The payloads are those of
// https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events.

// gitlabPushCommits is how many commits a push names at most.
const gitlabPushCommits = 20

func (r *Repository) gitlabPush(p push) (Delivery, error) {
	commits, listed := []jsonObject{}, make([]*object.Commit, len(p.commits))
	for i, c := range p.commits {
		listed[i] = c.Commit
	}
	if p.ref.IsTag() && p.head != nil { // of a tag it is the commit that this is at
		listed = []*object.Commit{p.head}
	}
	for _, c := range listed[max(0, len(listed)-gitlabPushCommits):] {
		commit, err := r.gitlabPushCommit(c)
		if err != nil {
			return Delivery{}, err
		}
		commits = append(commits, commit)
	}
	kind, event := "push", "Push Hook"
	if p.ref.IsTag() {
		kind, event = "tag_push", "Tag Push Hook"
	}
	var checkout any
	if p.head != nil {
		checkout = p.head.Hash.String()
	}
	payload := jsonObject{
		"object_kind":   kind,
		"event_name":    kind,
		"before":        p.before.String(),
		"after":         p.after.String(),
		"ref":           p.ref.String(),
		"ref_protected": p.ref.Short() == r.settings.DefaultBranch,
		"checkout_sha":  checkout,
		"message":       nil,
		"user_id":       accountID(loginOf(p.by)),
		"user_name":     p.by.Name,
		"user_username": loginOf(p.by),
		"user_email":    "", // hidden unless its owner shows it
		"user_avatar":   nil,
		"project_id":    r.id,
		"project":       r.gitlabHookProject(),
		"repository":    r.gitlabHookRepository(),

		"commits":             commits,
		"total_commits_count": len(listed),
		"push_options":        jsonObject{},
	}
	along := []happening{r.gitlabSystem("repository_update", jsonObject{
		"user_id": accountID(loginOf(p.by)), "user_name": p.by.Name, "user_email": "", "user_avatar": nil,
		"project_id": r.id, "project": payload["project"],
		"changes": []jsonObject{{"before": p.before.String(), "after": p.after.String(), "ref": p.ref.String()}},
		"refs":    []string{p.ref.String()},
	})}
	return r.forge.tell(happening{
		provider: GitLab, event: event, repo: r, payload: payload, reach: toRepository | toOwner,
		ref: p.ref.String(), before: p.before.String(), after: p.after.String(),
	}, append(along, r.moved(p.ref)...)...)
}

func (r *Repository) gitlabPushCommit(c *object.Commit) (jsonObject, error) {
	o := jsonObject{
		"id":        c.Hash.String(),
		"message":   c.Message,
		"title":     title(c.Message),
		"timestamp": c.Committer.When.Format(time.RFC3339),
		"url":       r.gitlabPage() + "/-/commit/" + c.Hash.String(),
		"author":    jsonObject{"name": c.Author.Name, "email": c.Author.Email},
	}
	return o, r.touched(c, o)
}

// title is the first line of a commit message.
func title(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	return line
}

// trimMessage is a commit message as GitHub hands it out.
func trimMessage(message string) string { return strings.TrimRight(message, "\n") }
