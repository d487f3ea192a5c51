package demoforge

import "path"

// gitlabProjectFacts is what GitLab's hooks say of a project that came, went or
// moved. See https://docs.gitlab.com/administration/system_hooks/.
func (r *Repository) gitlabProjectFacts() jsonObject {
	group := r.forge.ownerAt(GitLab, r.owner())
	return jsonObject{
		"created_at": gitlabTime(r.settings.Created), "updated_at": gitlabTime(r.active()),
		"name": r.base(), "path": r.base(), "path_with_namespace": r.name, "project_id": r.id,
		"project_namespace_id": group.id, "owner_name": group.name(), "owner_email": "",
		"owners": r.forge.gitlabOwners(group), "project_visibility": r.settings.Visibility,
	}
}

// gitlabOwners are the people who own a group.
func (f *Forge) gitlabOwners(group *owner) []jsonObject {
	owners := []jsonObject{}
	for _, m := range group.members {
		if m.role == "owner" {
			owners = append(owners, jsonObject{"name": f.person(m.login).Name, "email": "[REDACTED]"})
		}
	}
	return owners
}

// gitlabProjectHook is what the hooks of a project's groups are told.
func (r *Repository) gitlabProjectHook(event, was string) happening {
	facts := r.gitlabProjectFacts()
	facts["event_name"] = event
	facts["created_at"], facts["updated_at"] = gitlabHookTime(r.settings.Created), gitlabHookTime(r.active())
	delete(facts, "owner_name")
	delete(facts, "owner_email")
	if was != "" {
		facts["old_path_with_namespace"] = was
	}
	return happening{provider: GitLab, event: "Project Hook", action: event, repo: r, payload: facts, reach: toOwner}
}

// gitlabGroupTold tells the instance of a group, and the hooks of the groups
// above it of one that came or went. What is "create", "destroy" or "rename".
func (f *Forge) gitlabGroupTold(o *owner, what, was string) (Delivery, error) {
	created := gitlabTime(o.settings.Created)
	payload := jsonObject{
		"event_name": "group_" + what, "created_at": created, "updated_at": created,
		"name": o.name(), "path": path.Base(o.path), "full_path": o.path, "group_id": o.id,
		"owner_name": nil, "owner_email": nil,
	}
	if was != "" {
		payload["old_path"], payload["old_full_path"] = path.Base(was), was
	}
	system := happening{provider: GitLab, event: "System Hook", action: "group_" + what, owner: o, payload: payload, reach: toInstance}
	above := path.Dir(o.path)
	if above == "." || what == "rename" {
		return f.tell(system)
	}
	parent := f.ownerAt(GitLab, above)
	return f.tell(happening{
		provider: GitLab, event: "Subgroup Hook", action: "subgroup_" + what, owner: parent, reach: toOwner,
		payload: jsonObject{
			"event_name": "subgroup_" + what, "created_at": created, "updated_at": created,
			"name": o.name(), "path": path.Base(o.path), "full_path": o.path, "group_id": o.id,
			"parent_group_id": parent.id, "parent_name": parent.name(), "parent_path": path.Base(above), "parent_full_path": above,
		},
	}, system)
}
