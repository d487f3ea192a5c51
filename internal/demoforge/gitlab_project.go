package demoforge

import (
	"path"
	"strings"
	"time"
)

func gitlabGetProject(c *call) (answer, error) {
	return answer{value: c.repo.gitlabProject()}, nil
}

// gitlabProject is a project as the API shows it.
func (r *Repository) gitlabProject() jsonObject {
	s := r.settings
	page, group := r.gitlabPage(), r.forge.ownerAt(GitLab, r.owner())
	var parent, origin any
	if above := path.Dir(group.path); above != "." {
		parent = r.forge.ownerAt(GitLab, above).id
	}
	if s.Fork {
		origin = jsonObject{"id": firstID, "path_with_namespace": "upstream/" + r.base()}
	}
	o := jsonObject{
		"id": r.id, "name": r.base(), "path": r.base(),
		"name_with_namespace": strings.ReplaceAll(r.name, "/", " / "), "path_with_namespace": r.name,
		"description": s.Description, "default_branch": s.DefaultBranch, "topics": s.Topics, "tag_list": s.Topics,
		"visibility": s.Visibility, "archived": s.Archived, "empty_repo": len(r.refs) == 0,
		"web_url": page, "http_url_to_repo": page + ".git", "ssh_url_to_repo": r.gitlabSSH(), "readme_url": nil,
		"avatar_url": nil, "star_count": 0, "forks_count": 0,
		"created_at": gitlabTime(s.Created), "last_activity_at": gitlabTime(r.active()), "updated_at": gitlabTime(r.active()),
		"namespace": jsonObject{
			"id": group.id, "name": group.name(), "path": path.Base(group.path), "kind": "group", "parent_id": parent,
			"full_path": group.path, "web_url": r.forge.webURL(GitLab) + "/groups/" + group.path,
		},
	}
	if origin != nil {
		o["forked_from_project"] = origin // only of forks
	}
	return o
}

// gitlabHookProject is a project as webhooks show it.
func (r *Repository) gitlabHookProject() jsonObject {
	page, ssh := r.gitlabPage(), r.gitlabSSH()
	return jsonObject{
		"id": r.id, "name": r.base(), "description": r.settings.Description, "web_url": page, "avatar_url": nil,
		"git_ssh_url": ssh, "git_http_url": page + ".git", "namespace": r.owner(), "visibility_level": r.gitlabVisibility(),
		"path_with_namespace": r.name, "default_branch": r.settings.DefaultBranch, "ci_config_path": nil,
		"homepage": page, "url": ssh, "ssh_url": ssh, "http_url": page + ".git",
	}
}

func (r *Repository) gitlabHookRepository() jsonObject {
	page, ssh := r.gitlabPage(), r.gitlabSSH()
	return jsonObject{
		"name": r.base(), "url": ssh, "description": r.settings.Description, "homepage": page,
		"git_http_url": page + ".git", "git_ssh_url": ssh, "visibility_level": r.gitlabVisibility(),
	}
}

func (r *Repository) gitlabSSH() string {
	_, host, _ := strings.Cut(r.forge.options.URL, "://")
	return "git@" + host + ":" + r.name + ".git"
}

func (r *Repository) gitlabVisibility() int {
	return map[string]int{"private": 0, "internal": 10, "public": 20}[r.settings.Visibility]
}

// gitlabPage is the project's page.
func (r *Repository) gitlabPage() string { return r.forge.webURL(GitLab) + "/" + r.name }

// gitlabSystem is about a project and for the instance's hooks.
func (r *Repository) gitlabSystem(name string, payload jsonObject) happening {
	payload["event_name"] = name
	return happening{provider: GitLab, event: "System Hook", action: name, repo: r, payload: payload, reach: toInstance}
}

// addressGitLab sets the headers; event is the same for all hooks that one
// thing set off.
func (d *Delivery) addressGitLab(instance, event string) {
	d.Header.Set("User-Agent", "GitLab/"+gitlabVersion)
	d.Header.Set("X-Gitlab-Event", d.Event)
	d.Header.Set("X-Gitlab-Instance", instance)
	d.Header.Set("X-Gitlab-Webhook-UUID", stableUUID("webhook", d.ID))
	d.Header.Set("X-Gitlab-Event-UUID", stableUUID("event", event))
	d.Header.Set("Idempotency-Key", d.ID)
}

// gitlabVersion is what the instance says it is.
const gitlabVersion = "19.0.0"

func gitlabTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// gitlabHookTime is how some webhooks write a time.
func gitlabHookTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
