package demoforge_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/demoforge"
)

// must takes a step that cannot fail.
func must(t *testing.T) func(demoforge.Delivery, error) demoforge.Delivery {
	t.Helper()
	return func(d demoforge.Delivery, err error) demoforge.Delivery {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

func TestGitHubTeams(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	do := must(t)
	var told []demoforge.Delivery
	for _, step := range []func() (demoforge.Delivery, error){
		func() (demoforge.Delivery, error) {
			return f.AddTeam(demoforge.Team{Org: "acme", Slug: "platform", Name: "Platform", Description: "Runs it"})
		},
		func() (demoforge.Delivery, error) {
			return f.AddTeam(demoforge.Team{Org: "acme", Slug: "storage", Parent: "platform", Privacy: "secret"})
		},
		func() (demoforge.Delivery, error) { return f.AddToTeam("acme", "platform", moss, "maintainer") },
		func() (demoforge.Delivery, error) { return f.AddToTeam("acme", "storage", pebble, "member") },
		func() (demoforge.Delivery, error) { return f.GiveToTeam("acme", "storage", r, "push") },
		func() (demoforge.Delivery, error) { return f.AddMember(demoforge.GitHub, "acme", moss, "admin") },
	} {
		told = append(told, do(step()))
	}
	c := githubClient(t, f, "any")
	teams, _, err := c.Teams.ListTeams(ctx, "acme", nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, team := range teams {
		got = append(got, fmt.Sprint(team.GetSlug(), "/", team.GetName(), "/", team.GetDescription(), "/", team.GetPrivacy(), "/", team.GetParent().GetSlug()))
	}
	if diff := cmp.Diff([]string{"platform/Platform/Runs it/closed/", "storage/storage//secret/platform"}, got); diff != "" {
		t.Errorf("teams (-want +got):\n%s", diff)
	}
	logins := func(users []*github.User, _ *github.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, u := range users {
			list = append(list, u.GetLogin())
		}
		return strings.Join(list, " ")
	}
	for name, pair := range map[string][2]string{
		"members of the inner team":          {"pebbledash", logins(c.Teams.ListTeamMembersBySlug(ctx, "acme", "storage", nil))},
		"members of the outer team":          {"mossbank pebbledash", logins(c.Teams.ListTeamMembersBySlug(ctx, "acme", "platform", nil))},
		"maintainers":                        {"mossbank", logins(c.Teams.ListTeamMembersBySlug(ctx, "acme", "platform", &github.TeamListTeamMembersOptions{Role: "maintainer"}))},
		"members of the organisation":        {"mossbank pebbledash", logins(c.Organizations.ListMembers(ctx, "acme", nil))},
		"administrators of the organisation": {"mossbank", logins(c.Organizations.ListMembers(ctx, "acme", &github.ListMembersOptions{Role: "admin"}))},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s, want %s", name, pair[1], pair[0])
		}
	}
	repos, _, err := c.Teams.ListTeamReposBySlug(ctx, "acme", "storage", nil)
	if err != nil || len(repos) != 1 || !repos[0].GetPermissions()["push"] || repos[0].GetPermissions()["admin"] {
		t.Errorf("repositories %v, %v", repos, err)
	}
	if user, _, err := c.Users.Get(ctx, "mossbank"); err != nil || user.GetName() != "Moss Bank" {
		t.Errorf("user %v, %v", user, err)
	}

	told = append(told,
		do(f.ChangeTeam("acme", "platform", func(team *demoforge.Team) { team.Name, team.Slug = "Core", "core" })),
		do(f.RemoveFromTeam("acme", "storage", pebble)),
		do(f.RemoveMember(demoforge.GitHub, "acme", moss)),
		do(f.RemoveTeam("acme", "core")))
	if team, _, err := c.Teams.GetTeamBySlug(ctx, "acme", "storage"); err != nil || team.GetParent() != nil || team.GetMembersCount() != 0 {
		t.Errorf("the inner team is %v, %v", team, err)
	}

	got = nil
	for _, d := range told {
		event, err := github.ParseWebHook(d.Event, d.Body)
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *github.TeamEvent:
			got = append(got, fmt.Sprint("team ", e.GetAction(), " ", e.GetTeam().GetSlug(), " ", e.GetRepo().GetFullName()))
		case *github.MembershipEvent:
			got = append(got, fmt.Sprint("membership ", e.GetAction(), " ", e.GetTeam().GetSlug(), " ", e.GetMember().GetLogin()))
		case *github.OrganizationEvent:
			got = append(got, fmt.Sprint("organization ", e.GetAction(), " ", e.GetMembership().GetUser().GetLogin(), " ", e.GetMembership().GetRole()))
		}
		if d.Owner != "acme" {
			t.Errorf("%s is about %q", d.Event, d.Owner)
		}
	}
	want := []string{
		"team created platform ", "team created storage ", "membership added platform mossbank", "membership added storage pebbledash",
		"team added_to_repository storage acme/ledger", "organization member_added mossbank admin",
		"team edited core ", "membership removed storage pebbledash", "organization member_removed mossbank admin", "team deleted core ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestGitLabMembers(t *testing.T) {
	f := start(t, demoforge.Options{})
	do := must(t)
	made := do(f.AddOwner(demoforge.GitLab, "acme/data", demoforge.OwnerSettings{Name: "Data", Description: "Lakes"}))
	added := do(f.AddMember(demoforge.GitLab, "acme", moss, "owner"))
	do(f.AddMember(demoforge.GitLab, "acme/data", pebble, "developer"))
	changed := do(f.AddMember(demoforge.GitLab, "acme/data", pebble, "maintainer"))
	c := gitlabClient(t, f, "any")

	direct, _, err := c.Groups.ListGroupMembers("acme/data", nil)
	if err != nil || len(direct) != 1 || direct[0].Username != "pebbledash" || direct[0].AccessLevel != gitlab.MaintainerPermissions {
		t.Fatalf("members %v, %v", direct, err)
	}
	all, _, err := c.Groups.ListAllGroupMembers("acme/data", nil)
	if err != nil || len(all) != 2 || all[0].Username != "mossbank" || all[0].AccessLevel != gitlab.OwnerPermissions {
		t.Errorf("all members %v, %v", all, err)
	}
	if user, _, err := c.Users.GetUser(direct[0].ID, gitlab.GetUsersOptions{}); err != nil || user.Name != "Pebble Dash" {
		t.Errorf("user %v, %v", user, err)
	}
	removed := do(f.RemoveMember(demoforge.GitLab, "acme/data", pebble))
	if direct, _, err := c.Groups.ListGroupMembers("acme/data", nil); err != nil || len(direct) != 0 {
		t.Errorf("members %v, %v", direct, err)
	}

	var got []string
	for _, d := range []demoforge.Delivery{made, added, changed, removed, do(f.RenameOwner(demoforge.GitLab, "acme/data", "acme/lakes")), do(f.RemoveOwner(demoforge.GitLab, "acme/lakes"))} {
		for _, one := range append([]demoforge.Delivery{d}, d.Along...) {
			var event any
			if one.Event == "System Hook" {
				event, err = gitlab.ParseSystemhook(one.Body)
			} else {
				event, err = gitlab.ParseWebhook(gitlab.EventType(one.Event), one.Body)
			}
			if err != nil {
				t.Fatal(err)
			}
			switch e := event.(type) {
			case *gitlab.SubGroupEvent:
				got = append(got, e.EventName+" "+e.FullPath+" in "+e.ParentFullPath)
			case *gitlab.GroupSystemEvent:
				got = append(got, e.EventName+" "+e.PathWithNamespace+" "+e.OldPathWithNamespace)
			case *gitlab.MemberEvent:
				got = append(got, e.EventName+" "+e.UserUsername+" "+e.GroupAccess)
			case *gitlab.UserGroupSystemEvent:
				got = append(got, "system "+e.EventName+" "+e.Username)
			}
		}
	}
	want := []string{
		"subgroup_create acme/data in acme", "group_create acme/data ",
		"user_add_to_group mossbank Owner", "system user_add_to_group mossbank",
		"user_update_for_group pebbledash Maintainer", "system user_update_for_group pebbledash",
		"user_remove_from_group pebbledash Maintainer", "system user_remove_from_group pebbledash",
		"group_rename acme/lakes acme/data", "subgroup_destroy acme/lakes in acme", "group_destroy acme/lakes ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
