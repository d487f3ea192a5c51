package demoforge

import (
	"fmt"
	"slices"
	"strings"
)

// Team is a team of a GitHub organisation. GitLab has groups instead.
type Team struct {
	Org         string
	Slug        string
	Name        string // the slug when empty
	Description string
	Parent      string // slug of the team that it is in; "" for none
	Privacy     string // "closed" (visible in the organisation, and when empty) or "secret"
	Permission  string // of its repositories, "pull" when empty
}

// team is a team with who and what is in it.
type team struct {
	Team
	id           int64
	owner        *owner
	members      []membership
	repositories []teamRepository
}

type teamRepository struct {
	*Repository
	permission string
}

// AddTeam makes a team; its parent must be there. The delivery is team.created.
func (f *Forge) AddTeam(t Team) (Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.Slug == "" || t.Org == "" || f.team(t.Org, t.Slug) != nil {
		return Delivery{}, fmt.Errorf("add team %s of %s: it needs a name that no other has", t.Slug, t.Org)
	}
	if t.Parent != "" && f.team(t.Org, t.Parent) == nil {
		return Delivery{}, fmt.Errorf("add team %s of %s: parent %s: %w", t.Slug, t.Org, t.Parent, errNowhere)
	}
	made := &team{Team: t.filled(), owner: f.ownerAt(GitHub, t.Org)}
	made.id = accountID("team " + strings.ToLower(t.Org+"/"+t.Slug))
	f.teams = append(f.teams, made)
	return f.githubTeamTold(made, "created", jsonObject{})
}

func (t Team) filled() Team {
	if t.Name == "" {
		t.Name = t.Slug
	}
	if t.Privacy == "" {
		t.Privacy = "closed"
	}
	if t.Permission == "" {
		t.Permission = "pull"
	}
	return t
}

// ChangeTeam edits a team, its slug and parent too. The delivery is team.edited.
func (f *Forge) ChangeTeam(org, slug string, edit func(*Team)) (Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.team(org, slug)
	if t == nil {
		return Delivery{}, fmt.Errorf("change team %s of %s: %w", slug, org, errNowhere)
	}
	was := t.Team
	edit(&t.Team)
	t.Team = t.filled()
	changes := jsonObject{}
	for name, pair := range map[string][2]string{
		"name": {was.Name, t.Name}, "description": {was.Description, t.Description}, "privacy": {was.Privacy, t.Privacy},
	} {
		if pair[0] != pair[1] {
			changes[name] = jsonObject{"from": pair[0]}
		}
	}
	for _, child := range f.teams {
		if child.owner == t.owner && child.Parent == slug {
			child.Parent = t.Slug
		}
	}
	return f.githubTeamTold(t, "edited", jsonObject{"changes": changes})
}

// RemoveTeam removes a team; the teams in it move up. The delivery is team.deleted.
func (f *Forge) RemoveTeam(org, slug string) (Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.team(org, slug)
	if t == nil {
		return Delivery{}, fmt.Errorf("remove team %s of %s: %w", slug, org, errNowhere)
	}
	f.teams = slices.DeleteFunc(f.teams, func(other *team) bool { return other == t })
	for _, child := range f.teams {
		if child.owner == t.owner && child.Parent == t.Slug {
			child.Parent = t.Parent
		}
	}
	return f.githubTeamTold(t, "deleted", jsonObject{})
}

// team finds a team by organisation and slug.
func (f *Forge) team(org, slug string) *team {
	for _, t := range f.teams {
		if strings.EqualFold(t.owner.path, org) && t.Slug == slug {
			return t
		}
	}
	return nil
}

// AddToTeam makes somebody a "member" or "maintainer" of a team, and a member of
// the organisation. The delivery is membership.added.
func (f *Forge) AddToTeam(org, slug string, p Person, role string) (Delivery, error) {
	return f.inTeam(org, slug, p, func(t *team) string {
		f.know(p)
		if !slices.ContainsFunc(t.owner.members, isLogin(p.Login)) {
			t.owner.members = append(t.owner.members, membership{p.Login, "member"})
		}
		t.members = append(slices.DeleteFunc(t.members, isLogin(p.Login)), membership{p.Login, role})
		return "added"
	})
}

// RemoveFromTeam undoes AddToTeam; they stay in the organisation. The delivery is
// membership.removed.
func (f *Forge) RemoveFromTeam(org, slug string, p Person) (Delivery, error) {
	return f.inTeam(org, slug, p, func(t *team) string {
		t.members = slices.DeleteFunc(t.members, isLogin(p.Login))
		return "removed"
	})
}

func (f *Forge) inTeam(org, slug string, p Person, do func(*team) string) (Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.team(org, slug)
	if t == nil {
		return Delivery{}, fmt.Errorf("change who is in team %s of %s: %w", slug, org, errNowhere)
	}
	action := do(t)
	member := f.githubAccount(p.Login, "User")
	return f.tell(f.githubOwnerHappening("membership", action, t.owner, jsonObject{
		"scope": "team", "member": member, "team": f.githubTeam(t),
	}))
}

// GiveToTeam lets a team work with a repository: "pull", "triage", "push",
// "maintain" or "admin". The delivery is team.added_to_repository.
func (f *Forge) GiveToTeam(org, slug string, r *Repository, permission string) (Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.team(org, slug)
	if t == nil {
		return Delivery{}, fmt.Errorf("give %s to team %s of %s: %w", r.name, slug, org, errNowhere)
	}
	t.repositories = append(t.repositories, teamRepository{r, permission})
	return f.githubTeamTold(t, "added_to_repository", jsonObject{"repository": r.githubRepository()})
}

// AddMember makes somebody a member of an organisation ("member" or "admin") or
// of a group ("guest", "reporter", "developer", "maintainer" or "owner"), or
// changes what they are. The deliveries are organization.member_added; on
// GitLab the Member Hook user_add_to_group or user_update_for_group, and along
// with it the system hook.
func (f *Forge) AddMember(p Provider, at string, who Person, role string) (Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := gitlabLevels()[role]; p == GitLab && !ok || p == GitHub && role != "member" && role != "admin" {
		return Delivery{}, fmt.Errorf("add %s to %s: %s has no role %q", who.Login, at, p, role)
	}
	f.know(who)
	o := f.ownerAt(p, at)
	there := slices.ContainsFunc(o.members, isLogin(who.Login))
	o.members = append(slices.DeleteFunc(o.members, isLogin(who.Login)), membership{who.Login, role})
	if p == GitHub {
		return f.githubMemberTold(o, "member_added", who, role)
	}
	if there {
		return f.gitlabMemberTold(o, "user_update_for_group", who, role)
	}
	return f.gitlabMemberTold(o, "user_add_to_group", who, role)
}

// RemoveMember undoes AddMember, and takes them out of the organisation's teams.
// The deliveries are organization.member_removed and user_remove_from_group.
func (f *Forge) RemoveMember(p Provider, at string, who Person) (Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.ownerAt(p, at)
	i := slices.IndexFunc(o.members, isLogin(who.Login))
	if i < 0 {
		return Delivery{}, fmt.Errorf("remove %s from %s: %w", who.Login, at, errNowhere)
	}
	role := o.members[i].role
	o.members = slices.Delete(o.members, i, i+1)
	if p == GitLab {
		return f.gitlabMemberTold(o, "user_remove_from_group", who, role)
	}
	for _, t := range f.teams {
		if t.owner == o {
			t.members = slices.DeleteFunc(t.members, isLogin(who.Login))
		}
	}
	return f.githubMemberTold(o, "member_removed", who, role)
}

func isLogin(login string) func(membership) bool {
	return func(m membership) bool { return strings.EqualFold(m.login, login) }
}

// gitlabLevels are the roles in a group by the numbers that the API has.
func gitlabLevels() map[string]int {
	return map[string]int{"guest": 10, "planner": 15, "reporter": 20, "developer": 30, "maintainer": 40, "owner": 50}
}
