package demoforge

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// errNowhere says that the forge has no such thing.
var errNowhere = errors.New("it is not there")

// owner is an organisation or, on GitLab, a group. It is there as soon as a
// repository is below it.
type owner struct {
	id       int64
	provider Provider
	path     string // "acme", "acme/data"
	settings OwnerSettings
	members  []membership
}

// OwnerSettings are what an organisation or group shows of itself.
type OwnerSettings struct {
	Name        string // the last part of the path when empty
	Description string
	Private     bool // GitLab's groups
	Created     time.Time
}

// membership is somebody's place in an organisation, a group or a team.
type membership struct {
	login string
	role  string // "member" and "admin", in teams "member" and "maintainer", in groups "developer" and the like
}

// ownerAt finds an organisation or group and makes it, and all above it, when
// it is not there.
func (f *Forge) ownerAt(p Provider, at string) *owner {
	key := nameKey(p, at)
	if o := f.owners[key]; o != nil {
		return o
	}
	o := &owner{id: accountID(at), provider: p, path: at}
	f.owners[key] = o
	if above := path.Dir(at); above != "." {
		f.ownerAt(p, above)
	}
	return o
}

// ownersOf lists what a provider has, by path.
func (f *Forge) ownersOf(p Provider) []*owner {
	var all []*owner
	for _, o := range f.owners {
		if o.provider == p {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b *owner) int { return cmp.Compare(a.path, b.path) })
	return all
}

func (o *owner) name() string {
	if o.settings.Name != "" {
		return o.settings.Name
	}
	return path.Base(o.path)
}

// holds reports whether a full path is below the owner, at any depth.
func (o *owner) holds(full string) bool { return under(o.path, full) }

func under(base, full string) bool {
	return len(full) > len(base) && full[len(base)] == '/' && strings.EqualFold(full[:len(base)], base)
}

// kind is GitHub's word for what owns repositories.
func (f *Forge) kind(login string) string {
	if _, ok := f.logins[strings.ToLower(login)]; ok {
		return "User"
	}
	return "Organization"
}

// AddPerson gives somebody an account. Authors of commits that carry a login
// have one anyway.
func (f *Forge) AddPerson(p Person) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.know(p)
}

func (f *Forge) know(p Person) {
	if p.Login == "" {
		return
	}
	f.logins[strings.ToLower(p.Login)] = p
	if p.Email != "" {
		f.people[p.Email] = p
	}
}

// person finds an account; one that nobody made has just its login.
func (f *Forge) person(login string) Person {
	if p, ok := f.logins[strings.ToLower(login)]; ok {
		return p
	}
	return Person{Name: login, Login: login}
}

// AddOwner makes an organisation or a group, "acme" or "acme/data". On GitLab
// the delivery is the parent's Subgroup Hook or, for a group at the top, the
// instance's system hook; GitHub tells nobody, and the Delivery is zero.
func (f *Forge) AddOwner(p Provider, at string, s OwnerSettings) (Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.owners[nameKey(p, at)] != nil {
		return Delivery{}, fmt.Errorf("make %s on %s: it is there already", at, p)
	}
	o := f.ownerAt(p, at)
	o.settings = s
	if p == GitHub {
		return Delivery{}, nil
	}
	return f.gitlabGroupTold(o, "create", "")
}

// RemoveOwner removes an organisation or group that has no repositories, with
// the deliveries that AddOwner has; GitHub tells its apps and hooks.
func (f *Forge) RemoveOwner(p Provider, at string) (Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.owners[nameKey(p, at)]
	if o == nil {
		return Delivery{}, fmt.Errorf("remove %s on %s: %w", at, p, errNowhere)
	}
	for _, r := range f.repositories {
		if r.provider == p && o.holds(r.name) {
			return Delivery{}, fmt.Errorf("remove %s on %s: it has %s", at, p, r.name)
		}
	}
	delete(f.owners, nameKey(p, at))
	if p == GitHub {
		return f.githubOrganizationTold(o, "deleted", jsonObject{})
	}
	return f.gitlabGroupTold(o, "destroy", "")
}

// RenameOwner gives an organisation or group another path, and with it all that
// is below. Nobody is told of the repositories: GitHub sends
// organization.renamed, GitLab a system hook group_rename.
func (f *Forge) RenameOwner(p Provider, from, to string) (Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.owners[nameKey(p, from)]
	if o == nil {
		return Delivery{}, fmt.Errorf("rename %s on %s: %w", from, p, errNowhere)
	}
	if f.owners[nameKey(p, to)] != nil {
		return Delivery{}, fmt.Errorf("rename %s on %s: there is %s already", from, p, to)
	}
	was := o.path
	for _, below := range f.ownersOf(p) {
		if below == o || under(was, below.path) {
			delete(f.owners, nameKey(p, below.path))
			below.path = to + below.path[len(was):]
			f.owners[nameKey(p, below.path)] = below
		}
	}
	if above := path.Dir(to); above != "." {
		f.ownerAt(p, above)
	}
	for _, r := range f.repositories {
		if r.provider == p && under(was, r.name) {
			r.named(to + r.name[len(was):])
		}
	}
	if p == GitHub {
		return f.githubOrganizationTold(o, "renamed", jsonObject{"changes": jsonObject{"login": jsonObject{"from": was}}})
	}
	return f.gitlabGroupTold(o, "rename", was)
}
