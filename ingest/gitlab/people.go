package gitlab

import (
	"cmp"
	"context"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

const groupsAtOnce = 4

// botName is how GitLab calls the accounts of access tokens and service accounts,
// which its lists of members have among people. See
// https://docs.gitlab.com/user/group/settings/group_access_tokens/#bot-users-for-groups.
var botName = regexp.MustCompile(`^((project|group)_\d+_bot|service_account_)`)

// Organisations reads the source's groups with the groups inside and their direct
// members, one request for each hundred and each group. Bots, and people who are
// blocked or have not come yet, are left out. See
// https://docs.gitlab.com/api/members/.
func (s *Source) Organisations(ctx context.Context) ([]ingest.Organisation, error) {
	var all []ingest.Organisation
	for _, name := range s.groups {
		inside := func(other string) bool { return strings.HasPrefix(strings.ToLower(name), strings.ToLower(other)+"/") }
		if slices.ContainsFunc(s.groups, inside) { // it is one of that group's
			continue
		}
		o, err := s.organisation(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

func (s *Source) organisation(ctx context.Context, name string) (ingest.Organisation, error) {
	doing := "read the group " + name
	top, resp, err := s.client.Groups.GetGroup(name, &gitlab.GetGroupOptions{
		WithProjects: gitlab.Ptr(false), //nolint:staticcheck // without it version 4 sends a hundred projects
	}, gitlab.WithContext(ctx))
	if err != nil {
		return ingest.Organisation{}, s.unseen(doing, forge{s.api, s.client}.fail(ctx, doing, resp, err))
	}
	doing = "list the groups in " + name
	groups, err := collect(ctx, s, doing, func(l gitlab.ListOptions) ([]*gitlab.Group, *gitlab.Response, error) {
		return s.client.Groups.ListDescendantGroups(name, &gitlab.ListDescendantGroupsOptions{ListOptions: l}, gitlab.WithContext(ctx))
	})
	if err != nil {
		return ingest.Organisation{}, s.unseen(doing, err)
	}
	slices.SortFunc(groups, func(a, b *gitlab.Group) int { return cmp.Compare(a.ID, b.ID) })
	groups = slices.Insert(groups, 0, top)
	if slices.ContainsFunc(groups, func(g *gitlab.Group) bool { return g == nil || g.ID == 0 || g.FullPath == "" }) {
		return ingest.Organisation{}, fault.New(fault.Unavailable, "%s: %s: the answer is no group", s.name, doing)
	}
	o := ingest.Organisation{ID: strconv.FormatInt(top.ID, 10), Name: top.FullPath}
	groups = slices.DeleteFunc(groups, func(g *gitlab.Group) bool { return g != top && g.MarkedForDeletionOn != nil })
	members, err := s.members(ctx, groups)
	if err != nil {
		return ingest.Organisation{}, err
	}
	there := map[int64]bool{}
	for i, g := range groups {
		group := s.group(g, top)
		for _, m := range members[i] {
			group.Members = append(group.Members, strconv.FormatInt(m.ID, 10))
			if !there[m.ID] {
				there[m.ID] = true
				o.People = append(o.People, s.person(m))
			}
		}
		o.Groups = append(o.Groups, group)
	}
	return o, nil
}

// group is a group as an entity has it. Names are as Backstage's provider makes
// them: the path below the configured group, joined with hyphens.
func (s *Source) group(g, top *gitlab.Group) ingest.Group {
	below := strings.TrimPrefix(g.FullPath, top.FullPath+"/")
	group := ingest.Group{
		ID: strconv.FormatInt(g.ID, 10), Path: below, Name: strings.ReplaceAll(below, "/", "-"), Type: "team", Title: g.Name, Description: g.Description, Picture: g.AvatarURL,
		Annotations: map[string]string{s.host() + "/team-path": g.FullPath}, View: g.WebURL,
	}
	if g.WebURL != "" {
		group.Edit = g.WebURL + "/-/edit"
	}
	switch {
	case g != top:
		group.Parent = strconv.FormatInt(g.ParentID, 10)
	case path.Dir(top.FullPath) == ".":
		group.Type = "organization"
	}
	return group
}

func (s *Source) person(m *gitlab.GroupMember) ingest.Person {
	return ingest.Person{
		ID: strconv.FormatInt(m.ID, 10), Login: m.Username, Title: m.Name, Email: cmp.Or(m.Email, m.PublicEmail), Picture: m.AvatarURL, View: m.WebURL,
		Annotations: map[string]string{s.host() + "/user-login": m.WebURL},
	}
}

// members lists who is in each group directly. The first is asked about alone: what
// the token may not see there it may not see at all.
func (s *Source) members(ctx context.Context, groups []*gitlab.Group) ([][]*gitlab.GroupMember, error) {
	all := make([][]*gitlab.GroupMember, len(groups))
	var err error
	if all[0], err = s.membersOf(ctx, groups[0]); err != nil {
		return nil, s.unseen("list the members of "+groups[0].FullPath, err)
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(groupsAtOnce)
	for i, g := range groups[1:] {
		work.Go(func() (err error) {
			all[i+1], err = s.membersOf(ctx, g)
			if fault.KindOf(err) == fault.NotFound { // it went just now
				return fault.New(fault.Unavailable, "%w", err)
			}
			return s.unseen("list the members of "+g.FullPath, err)
		})
	}
	return all, work.Wait()
}

func (s *Source) membersOf(ctx context.Context, g *gitlab.Group) ([]*gitlab.GroupMember, error) {
	doing := "list the members of " + g.FullPath
	list, err := collect(ctx, s, doing, func(l gitlab.ListOptions) ([]*gitlab.GroupMember, *gitlab.Response, error) {
		return s.client.Groups.ListGroupMembers(g.ID, &gitlab.ListGroupMembersOptions{ListOptions: l}, gitlab.WithContext(ctx))
	})
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(list, func(m *gitlab.GroupMember) bool { return m == nil || m.ID == 0 || m.Username == "" }) {
		return nil, fault.New(fault.Unavailable, "%s: %s: the answer is no list of members", s.name, doing)
	}
	return slices.DeleteFunc(list, func(m *gitlab.GroupMember) bool { return m.State != "active" || botName.MatchString(m.Username) }), nil
}

// unseen says of an answer that is not given to everybody what to do about it.
// GitLab answers 404 to those who may not know.
func (s *Source) unseen(doing string, err error) error {
	if kind := fault.KindOf(err); kind != fault.Denied && kind != fault.NotFound {
		return err
	}
	return fault.New(fault.Denied, "%s: %s: there is no such group, or the token may not see its people: it needs read_api and a place in the group; or set people to false", s.name, doing)
}

// host is what annotations begin with, "gitlab.com".
func (s *Source) host() string { return s.client.BaseURL().Hostname() }

var _ ingest.Directory = (*Source)(nil)
