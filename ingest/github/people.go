package github

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

const (
	teamsAtOnce = 4
	teamType    = "team"
)

// Organisations reads the source's organisations with their teams and members, one
// request for each hundred and each team. Somebody in a team within a team is in
// the inner one only, as GitHub lists them in both. See
// https://docs.github.com/en/rest/teams/members.
func (s *Source) Organisations(ctx context.Context) ([]ingest.Organisation, error) {
	var all []ingest.Organisation
	for _, name := range s.organizations {
		o, err := s.organisation(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

func (s *Source) organisation(ctx context.Context, name string) (ingest.Organisation, error) {
	doing := "read the organisation " + name
	org, resp, err := s.client.Organizations.Get(ctx, name)
	if err != nil {
		return ingest.Organisation{}, s.unseen(doing, forge{s.api, s.client}.fail(ctx, doing, resp, err))
	}
	if org.GetID() == 0 || !isName(org.GetLogin()) {
		return ingest.Organisation{}, fault.New(fault.Unavailable, "%s: %s: the answer is no organisation", s.name, doing)
	}
	login := org.GetLogin()
	o := ingest.Organisation{ID: strconv.FormatInt(org.GetID(), 10), Name: login}
	page := cmp.Or(org.GetHTMLURL(), s.site()+"/"+login)
	self := ingest.Group{
		ID: o.ID, Path: login, Name: login, Type: "organization", Title: org.GetName(), Description: org.GetDescription(), Picture: org.GetAvatarURL(),
		View: page, Edit: s.site() + "/organizations/" + login + "/settings/profile",
	}
	users, err := collect(ctx, s, "list the members of "+login, func(l github.ListOptions) ([]*github.User, *github.Response, error) {
		return s.client.Organizations.ListMembers(ctx, login, &github.ListMembersOptions{ListOptions: l})
	})
	if err != nil {
		return ingest.Organisation{}, s.unseen("list the members of "+login, err)
	}
	there := map[string]bool{}
	for _, u := range users {
		p, ok := s.person(u)
		if !ok {
			return ingest.Organisation{}, fault.New(fault.Unavailable, "%s: list the members of %s: the answer is no list of people", s.name, login)
		}
		if u.GetType() == "Bot" || !u.GetSuspendedAt().IsZero() {
			continue
		}
		o.People = append(o.People, p)
		self.Members, there[p.ID] = append(self.Members, p.ID), true
	}
	o.Groups = []ingest.Group{self}
	teams, err := s.teams(ctx, login)
	if err != nil {
		return ingest.Organisation{}, err
	}
	for _, t := range teams {
		if t.Parent == "" {
			t.Parent = o.ID
		}
		t.Members = slices.DeleteFunc(t.Members, func(id string) bool { return !there[id] })
		o.Groups = append(o.Groups, t)
	}
	return o, nil
}

// person is somebody as a list shows them; false if the answer shows nobody.
func (s *Source) person(u *github.User) (ingest.Person, bool) {
	login := u.GetLogin()
	p := ingest.Person{
		ID: strconv.FormatInt(u.GetID(), 10), Login: login, Picture: u.GetAvatarURL(), View: cmp.Or(u.GetHTMLURL(), s.site()+"/"+login),
		Annotations: map[string]string{"github.com/user-login": login},
	}
	return p, u.GetID() != 0 && isName(login)
}

// teams lists the teams of an organisation, the oldest first, each with who is in
// it and in none of the teams inside.
func (s *Source) teams(ctx context.Context, org string) ([]ingest.Group, error) {
	doing := "list the teams of " + org
	list, err := collect(ctx, s, doing, func(l github.ListOptions) ([]*github.Team, *github.Response, error) {
		return s.client.Teams.ListTeams(ctx, org, &l)
	})
	if err != nil {
		return nil, s.unseen(doing, err)
	}
	slices.SortFunc(list, func(a, b *github.Team) int { return cmp.Compare(a.GetID(), b.GetID()) })
	all := make([]ingest.Group, len(list))
	work, within := errgroup.WithContext(ctx)
	work.SetLimit(teamsAtOnce)
	for i, t := range list {
		slug := t.GetSlug()
		if t.GetID() == 0 || !isName(slug) {
			return nil, fault.New(fault.Unavailable, "%s: %s: the answer is no list of teams", s.name, doing)
		}
		page := cmp.Or(t.GetHTMLURL(), s.site()+"/orgs/"+org+"/teams/"+slug)
		all[i] = ingest.Group{
			ID: strconv.FormatInt(t.GetID(), 10), Path: slug, Name: slug, Type: teamType, Title: t.GetName(), Description: t.GetDescription(),
			Annotations: map[string]string{"github.com/team-slug": org + "/" + slug}, View: page, Edit: page + "/edit",
		}
		if parent := t.GetParent().GetID(); parent != 0 {
			all[i].Parent = strconv.FormatInt(parent, 10)
		}
		work.Go(func() error {
			doing := "list the members of " + org + "/" + slug
			users, err := collect(within, s, doing, func(l github.ListOptions) ([]*github.User, *github.Response, error) {
				return s.client.Teams.ListTeamMembersBySlug(within, org, slug, &github.TeamListTeamMembersOptions{ListOptions: l})
			})
			if fault.KindOf(err) == fault.NotFound { // it went, or was renamed, just now
				return fault.New(fault.Unavailable, "%w", err)
			}
			for _, u := range users {
				if u.GetID() == 0 {
					return fault.New(fault.Unavailable, "%s: %s: the answer is no list of people", s.name, doing)
				}
				all[i].Members = append(all[i].Members, strconv.FormatInt(u.GetID(), 10))
			}
			return s.unseen(doing, err)
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	return direct(all), nil
}

// direct leaves in each team those who are in none of the teams inside.
func direct(teams []ingest.Group) []ingest.Group {
	at := make(map[string]int, len(teams))
	inner := make([]map[string]bool, len(teams))
	for i, t := range teams {
		at[t.ID], inner[i] = i, map[string]bool{}
	}
	for i, t := range teams {
		up, ok := at[t.Parent]
		for range teams { // no more steps than there are teams, should they go in circles
			if !ok || up == i {
				break
			}
			for _, id := range t.Members {
				inner[up][id] = true
			}
			up, ok = at[teams[up].Parent]
		}
	}
	for i := range teams {
		teams[i].Members = slices.DeleteFunc(teams[i].Members, func(id string) bool { return inner[i][id] })
	}
	return teams
}

// Profile asks for somebody's own page.
func (s *Source) Profile(ctx context.Context, p ingest.Person) (ingest.Person, error) {
	u, resp, err := s.client.Users.Get(ctx, p.Login)
	if err != nil {
		return p, forge{s.api, s.client}.fail(ctx, "read the profile of "+p.Login, resp, err)
	}
	if strconv.FormatInt(u.GetID(), 10) != p.ID {
		return p, fault.New(fault.NotFound, "%s: read the profile of %s: it is somebody else's now", s.name, p.Login)
	}
	p.Title, p.Email, p.Description = u.GetName(), u.GetEmail(), u.GetBio()
	return p, nil
}

// unseen says of an answer that is not given to everybody what to do about it.
// GitHub answers 404, too, to those who may not know.
func (s *Source) unseen(doing string, err error) error {
	if kind := fault.KindOf(err); kind != fault.Denied && kind != fault.NotFound {
		return err
	}
	return fault.New(fault.Denied, "%s: %s: there is no such organisation, or the token may not see its people: an App needs the permission Members, a token read:org; or set people to false", s.name, doing)
}

func (s *Source) site() string { return strings.TrimRight(forge{s.api, s.client}.site(), "/") }

var (
	_ ingest.Directory = (*Source)(nil)
	_ ingest.Profiler  = (*Source)(nil)
)
