package demoforge

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// githubRepository is a repository as the API shows it.
func (r *Repository) githubRepository() jsonObject {
	api, s := r.githubAPI(), r.settings
	var homepage, language, description, license any
	if s.License != "" {
		license = jsonObject{"key": strings.ToLower(s.License), "name": s.License, "spdx_id": s.License, "url": nil}
	}
	if s.Homepage != "" {
		homepage = s.Homepage
	}
	if s.Language != "" {
		language = s.Language
	}
	if s.Description != "" {
		description = s.Description
	}
	return jsonObject{
		"id": r.id, "node_id": nodeID("R", r.id),
		"name": r.base(), "full_name": r.name, "private": s.Private, "visibility": s.Visibility,
		"owner":       r.forge.githubAccount(r.owner(), r.forge.kind(r.owner())),
		"description": description, "fork": s.Fork, "topics": s.Topics, "homepage": homepage, "language": language, "license": license,
		"url": api, "html_url": r.githubPage(), "clone_url": r.githubPage() + ".git",
		"branches_url": api + "/branches{/branch}", "commits_url": api + "/commits{/sha}",
		"compare_url": api + "/compare/{base}...{head}", "contents_url": api + "/contents/{+path}",
		"trees_url": api + "/git/trees{/sha}", "blobs_url": api + "/git/blobs{/sha}", "git_refs_url": api + "/git/refs{/sha}",
		"hooks_url":  api + "/hooks",
		"created_at": githubTime(s.Created), "updated_at": githubTime(r.active()), "pushed_at": githubTime(r.active()),
		"size": min(len(r.refs), 1), "archived": s.Archived, "disabled": false, "default_branch": s.DefaultBranch,
		"has_issues": true, "has_wiki": false, "has_pages": false, "is_template": false,
		"stargazers_count": 0, "watchers_count": 0, "forks_count": 0, "open_issues_count": 0,
		"permissions": jsonObject{"admin": false, "push": false, "pull": true},
	}
}

func (f *Forge) githubAccount(login, kind string) jsonObject {
	id := accountID(login)
	if kind == "Organization" {
		id = f.ownerAt(GitHub, login).id
	}
	return jsonObject{
		"login": login, "id": id, "node_id": nodeID(kind[:1], id), "type": kind, "site_admin": false,
		"avatar_url": "", "gravatar_id": "",
		"url": f.webURL(GitHub) + "/users/" + login, "html_url": f.webURL(GitHub) + "/" + login,
	}
}

func (f *Forge) githubOrganization(o *owner) jsonObject {
	api := f.webURL(GitHub) + "/orgs/" + o.path
	return jsonObject{
		"login": o.path, "id": o.id, "node_id": nodeID("O", o.id), "description": o.settings.Description,
		"url": api, "repos_url": api + "/repos", "hooks_url": api + "/hooks", "events_url": api + "/events",
		"members_url": api + "/members{/member}", "avatar_url": "",
	}
}

// withOrganization adds the organisation to a payload; what belongs to a user
// has none.
func (f *Forge) withOrganization(login string, payload jsonObject) jsonObject {
	if f.kind(login) == "Organization" {
		payload["organization"] = f.githubOrganization(f.ownerAt(GitHub, login))
	}
	return payload
}

// githubHappening is about a repository.
func (r *Repository) githubHappening(event, action string, by Person, payload jsonObject) happening {
	if action != "" {
		payload["action"] = action
	}
	payload["repository"] = r.githubRepository()
	payload["sender"] = r.forge.githubSender(by, r.owner())
	return happening{
		provider: GitHub, event: event, action: action, repo: r, reach: toRepository | toOwner | toApps,
		payload: r.forge.withOrganization(r.owner(), payload),
	}
}

// githubSender is who did something; when nobody is named, the owner.
func (f *Forge) githubSender(by Person, owner string) jsonObject {
	if loginOf(by) == "" {
		return f.githubAccount(owner, f.kind(owner))
	}
	f.know(by)
	return f.githubAccount(loginOf(by), "User")
}

// addressGitHub sets the headers, for a hook of a repository, an organization
// or an app (integration).
func (d *Delivery) addressGitHub(hook int64, target string, id int64) {
	d.Header.Set("User-Agent", "GitHub-Hookshot/0000000")
	d.Header.Set("Accept", "*/*")
	d.Header.Set("X-GitHub-Event", d.Event)
	d.Header.Set("X-GitHub-Delivery", d.ID)
	d.Header.Set("X-GitHub-Hook-ID", strconv.FormatInt(hook, 10))
	d.Header.Set("X-GitHub-Hook-Installation-Target-Type", target)
	d.Header.Set("X-GitHub-Hook-Installation-Target-ID", strconv.FormatInt(id, 10))
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
