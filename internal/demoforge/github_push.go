package demoforge

import (
	"time"

	"github.com/go-git/go-git/v5/plumbing/object"
)

// The payloads are those of
// https://docs.github.com/webhooks/webhook-events-and-payloads.

// hookID is the number of the webhook that deliveries name which no registered
// one sends.
const hookID = 480_001_913

func (r *Repository) githubPush(p push) (Delivery, error) {
	commits := []jsonObject{}
	for _, c := range p.commits[max(0, len(p.commits)-r.forge.options.PushCommits):] {
		commit, err := r.githubPushCommit(c.Commit, c.fresh)
		if err != nil {
			return Delivery{}, err
		}
		commits = append(commits, commit)
	}
	var head jsonObject
	if p.head != nil {
		var err error
		fresh := len(p.commits) > 0 && p.commits[len(p.commits)-1].fresh
		if head, err = r.githubPushCommit(p.head, fresh); err != nil {
			return Delivery{}, err
		}
	}
	var base any
	if p.base != "" {
		base = p.base.String()
	}
	repository := r.githubRepository()
	// A push says these three in ways of its own.
	repository["url"] = r.githubPage()
	repository["created_at"] = r.settings.Created.Unix()
	repository["pushed_at"] = r.pushed.Unix()
	repository["master_branch"] = r.settings.DefaultBranch
	repository["organization"] = r.owner()
	owner := r.forge.githubAccount(r.owner(), r.forge.kind(r.owner()))
	owner["name"], owner["email"] = r.owner(), nil
	repository["owner"] = owner

	push := happening{
		provider: GitHub, event: "push", repo: r, reach: toRepository | toOwner | toApps,
		ref: p.ref.String(), before: p.before.String(), after: p.after.String(),
	}
	push.payload = r.forge.withOrganization(r.owner(), jsonObject{
		"ref":         p.ref.String(),
		"before":      p.before.String(),
		"after":       p.after.String(),
		"created":     p.created(),
		"deleted":     p.deleted(),
		"forced":      p.forced,
		"base_ref":    base,
		"compare":     r.githubPage() + "/compare/" + p.before.String()[:12] + "..." + p.after.String()[:12],
		"commits":     commits,
		"head_commit": head,
		"repository":  repository,
		"pusher":      jsonObject{"name": loginOf(p.by), "email": p.by.Email},
		"sender":      r.forge.githubAccount(loginOf(p.by), "User"),
	})
	if !p.created() && !p.deleted() {
		return r.forge.tell(push, r.moved(p.ref)...)
	}
	return r.forge.tell(push, r.githubRefTold(p))
}

// githubRefTold is the create or delete beside the push of a new or deleted ref.
func (r *Repository) githubRefTold(p push) happening {
	event, kind := "create", "branch"
	payload := jsonObject{"master_branch": r.settings.DefaultBranch, "description": r.settings.Description}
	if p.deleted() {
		event, payload = "delete", jsonObject{}
	}
	if p.ref.IsTag() {
		kind = "tag"
	}
	payload["ref"], payload["ref_type"], payload["pusher_type"] = p.ref.Short(), kind, "user"
	return r.githubHappening(event, "", p.by, payload)
}

func (r *Repository) githubPushCommit(c *object.Commit, fresh bool) (jsonObject, error) {
	o := jsonObject{
		"id":        c.Hash.String(),
		"tree_id":   c.TreeHash.String(),
		"distinct":  fresh,
		"message":   trimMessage(c.Message),
		"timestamp": c.Committer.When.Format(time.RFC3339),
		"url":       r.githubPage() + "/commit/" + c.Hash.String(),
		"author":    r.forge.githubSignature(c.Author),
		"committer": r.forge.githubSignature(c.Committer),
	}
	return o, r.touched(c, o)
}

// githubSignature is a person in a push: with the login if the forge knows the e-mail.
func (f *Forge) githubSignature(s object.Signature) jsonObject {
	o := jsonObject{"name": s.Name, "email": s.Email}
	if p, ok := f.people[s.Email]; ok {
		o["username"] = p.Login
	}
	return o
}
