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
	commits := []jsonObject{}
	for _, c := range p.commits[max(0, len(p.commits)-gitlabPushCommits):] {
		commit, err := r.gitlabPushCommit(c.Commit)
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
	page := r.gitlabPage()
	git := page + ".git"
	ssh := "git@" + strings.TrimPrefix(strings.TrimPrefix(r.forge.options.URL, "http://"), "https://") + ":" + r.name + ".git"
	d, err := r.delivery(event, jsonObject{
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
		"project": jsonObject{
			"id": r.id, "name": r.base(), "description": r.settings.Description, "web_url": page, "avatar_url": nil,
			"git_ssh_url": ssh, "git_http_url": git, "namespace": r.owner(), "visibility_level": r.gitlabVisibility(),
			"path_with_namespace": r.name, "default_branch": r.settings.DefaultBranch, "ci_config_path": nil,
			"homepage": page, "url": ssh, "ssh_url": ssh, "http_url": git,
		},
		"repository": jsonObject{
			"name": r.base(), "url": ssh, "description": r.settings.Description, "homepage": page,
			"git_http_url": git, "git_ssh_url": ssh, "visibility_level": r.gitlabVisibility(),
		},
		"commits":             commits,
		"total_commits_count": len(p.commits),
		"push_options":        jsonObject{},
	})
	if err != nil {
		return Delivery{}, err
	}
	d.Ref, d.Before, d.After = p.ref.String(), p.before.String(), p.after.String()
	d.Header.Set("User-Agent", "GitLab/19.0.0")
	d.Header.Set("X-Gitlab-Event", event)
	d.Header.Set("X-Gitlab-Instance", r.forge.options.URL)
	d.Header.Set("X-Gitlab-Webhook-UUID", stableUUID("webhook", d.ID))
	d.Header.Set("X-Gitlab-Event-UUID", stableUUID("event", d.ID))
	d.Header.Set("Idempotency-Key", d.ID)
	return d, nil
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

func (r *Repository) gitlabVisibility() int {
	if r.settings.Private {
		return 0
	}
	return 20
}

// gitlabPage is the project's page.
func (r *Repository) gitlabPage() string { return r.forge.webURL(GitLab) + "/" + r.name }

// title is the first line of a commit message.
func title(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	return line
}

// trimMessage is a commit message as GitHub hands it out.
func trimMessage(message string) string { return strings.TrimRight(message, "\n") }
