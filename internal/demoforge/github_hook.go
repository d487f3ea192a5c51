package demoforge

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/go-git/go-git/v5/plumbing/object"
)

// The payloads are those of
// https://docs.github.com/webhooks/webhook-events-and-payloads.

// hookID is the number of the one webhook that every repository has.
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
	owner := r.forge.githubAccount(r.owner(), "Organization")
	owner["name"], owner["email"] = r.owner(), nil
	repository["owner"] = owner

	d, err := r.githubDelivery("push", jsonObject{
		"ref":          p.ref.String(),
		"before":       p.before.String(),
		"after":        p.after.String(),
		"created":      p.created(),
		"deleted":      p.deleted(),
		"forced":       p.forced,
		"base_ref":     base,
		"compare":      r.githubPage() + "/compare/" + p.before.String()[:12] + "..." + p.after.String()[:12],
		"commits":      commits,
		"head_commit":  head,
		"repository":   repository,
		"organization": r.forge.githubOrganization(r.owner()),
		"pusher":       jsonObject{"name": loginOf(p.by), "email": p.by.Email},
		"sender":       r.forge.githubAccount(loginOf(p.by), "User"),
	})
	d.Ref, d.Before, d.After = p.ref.String(), p.before.String(), p.after.String()
	return d, err
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

// Ping is what GitHub sends when a webhook is made. GitLab sends nothing then:
// the result is a zero Delivery.
func (r *Repository) Ping() (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	if r.provider != GitHub {
		return Delivery{}, nil
	}
	hook := jsonObject{
		"type": "Organization", "id": hookID, "name": "web", "active": true, "events": []string{"*"},
		"config":     jsonObject{"content_type": "json", "insecure_ssl": "0", "url": ""},
		"created_at": githubTime(r.settings.Created), "updated_at": githubTime(r.settings.Created),
	}
	d, err := r.githubDelivery("ping", jsonObject{
		"zen":          "Keep it logically awesome.",
		"hook_id":      hookID,
		"hook":         hook,
		"repository":   r.githubRepository(),
		"organization": r.forge.githubOrganization(r.owner()),
		"sender":       r.forge.githubAccount(r.owner(), "Organization"),
	})
	if err != nil {
		return Delivery{}, err
	}
	r.forge.deliveries = append(r.forge.deliveries, d)
	return d, nil
}

func (r *Repository) githubDelivery(event string, payload jsonObject) (Delivery, error) {
	d, err := r.delivery(event, payload)
	if err != nil {
		return Delivery{}, err
	}
	d.Header.Set("User-Agent", "GitHub-Hookshot/0000000")
	d.Header.Set("Accept", "*/*")
	d.Header.Set("X-GitHub-Event", event)
	d.Header.Set("X-GitHub-Delivery", d.ID)
	d.Header.Set("X-GitHub-Hook-ID", strconv.Itoa(hookID))
	d.Header.Set("X-GitHub-Hook-Installation-Target-Type", "organization")
	d.Header.Set("X-GitHub-Hook-Installation-Target-ID", strconv.FormatInt(accountID(r.owner()), 10))
	return d, nil
}

// githubRepository is a repository as the API shows it.
func (r *Repository) githubRepository() jsonObject {
	api := r.githubAPI()
	topics := r.settings.Topics
	if topics == nil {
		topics = []string{}
	}
	visibility := "public"
	if r.settings.Private {
		visibility = "private"
	}
	return jsonObject{
		"id": r.id, "node_id": nodeID("R", r.id),
		"name": r.base(), "full_name": r.name, "private": r.settings.Private, "visibility": visibility,
		"owner":       r.forge.githubAccount(r.owner(), "Organization"),
		"description": r.settings.Description, "fork": false, "topics": topics, "homepage": nil, "language": nil,
		"url": api, "html_url": r.githubPage(), "clone_url": r.githubPage() + ".git",
		"branches_url": api + "/branches{/branch}", "commits_url": api + "/commits{/sha}",
		"compare_url": api + "/compare/{base}...{head}", "contents_url": api + "/contents/{+path}",
		"trees_url": api + "/git/trees{/sha}", "blobs_url": api + "/git/blobs{/sha}", "git_refs_url": api + "/git/refs{/sha}",
		"created_at": githubTime(r.settings.Created), "updated_at": githubTime(r.pushed), "pushed_at": githubTime(r.pushed),
		"size": 0, "archived": false, "disabled": false, "default_branch": r.settings.DefaultBranch,
		"has_issues": true, "has_wiki": false, "has_pages": false,
		"stargazers_count": 0, "watchers_count": 0, "forks_count": 0, "open_issues_count": 0,
		"permissions": jsonObject{"admin": false, "push": false, "pull": true},
	}
}

func (f *Forge) githubAccount(login, kind string) jsonObject {
	id := accountID(login)
	return jsonObject{
		"login": login, "id": id, "node_id": nodeID(kind[:1], id), "type": kind, "site_admin": false,
		"avatar_url": "", "gravatar_id": "",
		"url": f.webURL(GitHub) + "/users/" + login, "html_url": f.webURL(GitHub) + "/" + login,
	}
}

func (f *Forge) githubOrganization(login string) jsonObject {
	id := accountID(login)
	return jsonObject{
		"login": login, "id": id, "node_id": nodeID("O", id), "description": "",
		"url": f.webURL(GitHub) + "/orgs/" + login, "repos_url": f.webURL(GitHub) + "/orgs/" + login + "/repos",
	}
}

// githubAPI is the repository in the API, githubPage its page.
func (r *Repository) githubAPI() string  { return r.forge.webURL(GitHub) + "/repos/" + r.name }
func (r *Repository) githubPage() string { return r.forge.webURL(GitHub) + "/" + r.name }

// nodeID has the form of GitHub's global ids.
func nodeID(prefix string, id int64) string {
	b := binary.BigEndian.AppendUint32([]byte{0x92, 0x00, 0xce}, uint32(id))
	return prefix + "_" + base64.RawURLEncoding.EncodeToString(b)
}

func githubTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// loginOf is what the forge calls somebody; people from elsewhere have no account.
func loginOf(p Person) string {
	if p.Login != "" {
		return p.Login
	}
	return p.Name
}
