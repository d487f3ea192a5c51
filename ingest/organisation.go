package ingest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// Directory is a source that knows who is in its organisations.
type Directory interface {
	// Organisations returns those that the source's configuration names, each of
	// them whole: a list that cannot be read to its end is an error. fault.Denied
	// says that the token may not see people, and what to do about that.
	Organisations(ctx context.Context) ([]Organisation, error)
}

// Profiler is a [Directory] whose lists of people say little of each.
type Profiler interface {
	// Profile fills in what somebody's own page says. fault.NotFound: the account is gone.
	Profile(ctx context.Context, p Person) (Person, error)
}

// Organisation is an organisation, or a group at the top with all in it, and who
// is in it, as a forge has it.
type Organisation struct {
	ID     string  // the forge's own, the same through renames
	Name   string  // "acme"
	Groups []Group // the organisation itself first; of two that would have one name the first gets it
	People []Person
}

// Group is an organisation, a team or a group.
type Group struct {
	ID          string // the forge's own
	Path        string // in the organisation, "platform"; of the organisation itself its name
	Name        string // that the entity is to have
	Type        string // "organization" or "team"
	Parent      string // ID of the group that it is in
	Title       string
	Description string
	Picture     string
	Annotations map[string]string
	View, Edit  string   // pages
	Members     []string // IDs of the people who are in it directly
}

// Person is somebody with an account.
type Person struct {
	ID, Login   string // ID is the forge's own
	Title       string
	Description string
	Email       string
	Picture     string
	Annotations map[string]string
	View        string // page
}

// organisationPrefix is what the ids of repositories begin with that are none but
// organisations. No forge has such an id.
const organisationPrefix = "org:"

func isOrganisation(repositoryID string) bool {
	return strings.HasPrefix(repositoryID, organisationPrefix)
}

func (o Organisation) repository() Repository {
	r := Repository{ID: organisationPrefix + o.ID, FullName: o.Name}
	if len(o.Groups) > 0 {
		r.URL = o.Groups[0].View
	}
	return r
}

// The paths of entities hold the forge's id and its name: "teams/7/platform". The
// id tells a rename from an end.
func (g Group) file() string { return g.Type + "s/" + g.ID + "/" + g.Path }

func (p Person) file() string { return people + "/" + p.ID + "/" + p.Login }

const people = "people"

// said is an entity of an organisation before it is a file.
type said struct {
	path       string
	entity     catalog.Entity
	view, edit string
}

// read makes a reading: a file for each group and person, as if it were a
// repository. What is left out, as its name is taken within the organisation, is
// told in words.
func (o Organisation) read(source string, kinds catalog.Kinds, k known) (reading, []string, error) {
	r := reading{source: source, repo: o.repository(), tree: map[string]bool{}}
	var notes []string
	byRef := map[string][]said{}
	var refs []string
	all := append(o.groups(), o.persons()...)
	for _, s := range all {
		r.tree[s.path] = true
		if s.entity.Metadata.Name == "" {
			notes = append(notes, fmt.Sprintf("%s/%s is left out: no entity can be called so", o.Name, s.path))
			continue
		}
		ref := s.entity.Ref().String()
		if byRef[ref] == nil {
			refs = append(refs, ref)
		}
		byRef[ref] = append(byRef[ref], s)
	}
	r.told = o.parted(all)
	for _, ref := range refs {
		holder := max(0, slices.IndexFunc(byRef[ref], func(s said) bool { return s.path == k.declared[ref].Origin.Path }))
		for i, s := range byRef[ref] {
			if i != holder {
				notes = append(notes, fmt.Sprintf("%s/%s is left out: %s is the name of %s already; rename one of the two", o.Name, s.path, ref, byRef[ref][holder].path))
				continue
			}
			f, err := s.file(kinds, k)
			if err != nil {
				return reading{}, nil, err
			}
			r.files = append(r.files, f)
		}
	}
	slices.SortFunc(r.files, func(a, b file) int { return cmp.Compare(a.Path, b.Path) })
	return r, notes, nil
}

func (s said) file(kinds catalog.Kinds, k known) (file, error) {
	text, err := descriptor.Format(&s.entity)
	if err != nil {
		return file{}, err
	}
	f := file{File: File{Path: s.path, Blob: contentID(text)}, at: address{view: s.view, edit: s.edit}}
	if s.view != "" {
		f.at.ref = "url:" + s.view
	}
	if f.kept = k.holds(f.File, func(string) string { return "" }); f.kept {
		return f, nil
	}
	return f, f.parse(kinds, text, func(string) (event.Include, []byte, error) {
		return event.Include{}, nil, fault.New(fault.Invalid, "a forge's people have no placeholders")
	})
}

func (o Organisation) groups() []said {
	names := map[string]string{} // of groups, by id
	for _, g := range o.Groups {
		names[g.ID] = fitName(g.Name)
	}
	children := map[string][]string{}
	for _, g := range o.Groups {
		if g.Parent != "" {
			children[g.Parent] = append(children[g.Parent], names[g.ID])
		}
	}
	logins := map[string]string{}
	for _, p := range o.People {
		logins[p.ID] = fitName(p.Login)
	}
	all := make([]said, len(o.Groups))
	for i, g := range o.Groups {
		spec := map[string]any{"type": g.Type, "children": list(children[g.ID])}
		if parent := names[g.Parent]; parent != "" {
			spec["parent"] = parent
		}
		if i > 0 { // an organisation has too many for one entity, which all of them say of themselves
			var members []string
			for _, id := range g.Members {
				members = append(members, logins[id])
			}
			spec["members"] = list(members)
		}
		setProfile(spec, g.Title, "", g.Picture)
		all[i] = said{g.file(), entityOf("Group", names[g.ID], g.Description, g.Annotations, spec), g.View, g.Edit}
	}
	return all
}

func (o Organisation) persons() []said {
	in := map[string][]string{} // names of groups, by id of person
	for _, g := range o.Groups {
		for _, id := range g.Members {
			in[id] = append(in[id], fitName(g.Name))
		}
	}
	all := make([]said, len(o.People))
	for i, p := range o.People {
		spec := map[string]any{"memberOf": list(in[p.ID])}
		setProfile(spec, p.Title, p.Email, p.Picture)
		all[i] = said{p.file(), entityOf("User", fitName(p.Login), p.Description, p.Annotations, spec), p.View, ""}
	}
	return all
}

func entityOf(kind, name, description string, annotations map[string]string, spec map[string]any) catalog.Entity {
	return catalog.Entity{
		APIVersion: "backstage.io/v1alpha1", Kind: kind, Spec: spec,
		Metadata: catalog.Metadata{Name: name, Namespace: catalog.DefaultNamespace, Description: description, Annotations: maps.Clone(annotations)},
	}
}

func setProfile(spec map[string]any, title, email, picture string) {
	profile := map[string]any{}
	for field, value := range map[string]string{"displayName": title, "email": email, "picture": picture} {
		if value != "" {
			profile[field] = value
		}
	}
	if len(profile) > 0 {
		spec["profile"] = profile
	}
}

// list is a sorted list of names as JSON has it, without those that are empty.
func list(names []string) []any {
	names = slices.Clone(names)
	slices.Sort(names)
	all := []any{}
	for _, name := range slices.Compact(names) {
		if name != "" {
			all = append(all, name)
		}
	}
	return all
}

// parted says why something is not there any more that was at a path.
func (o Organisation) parted(all []said) func(path string) string {
	now := map[string]string{} // names, by path without its name
	for _, s := range all {
		at, name := cutName(s.path)
		now[at] = name
	}
	return func(path string) string {
		at, name := cutName(path)
		kind, _, _ := strings.Cut(at, "/")
		who := strings.TrimSuffix(kind, "s") + " " + name
		if kind == people {
			who = name
		}
		is, there := now[at]
		switch {
		case there && is != name:
			return fmt.Sprintf("%s is called %s now", who, is)
		case there:
			return "" // it has another entity
		case kind == people:
			return fmt.Sprintf("%s is not a member of %s any more", who, o.Name)
		default:
			return fmt.Sprintf("%s was deleted", who)
		}
	}
}

// cutName cuts "teams/7/platform" before its name.
func cutName(path string) (at, name string) {
	kind, rest, _ := strings.Cut(path, "/")
	id, name, _ := strings.Cut(rest, "/")
	return kind + "/" + id, name
}

// fitName makes a name of an entity of a forge's: what must not be in one becomes
// a hyphen. It is "" if nothing is left.
func fitName(s string) string {
	const longest = 63
	s = strings.Map(func(r rune) rune {
		if isWordRune(r) || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, s)
	apart := func(r rune) bool { return !isWordRune(r) }
	s = strings.TrimLeftFunc(s, apart)
	return strings.TrimRightFunc(s[:min(len(s), longest)], apart)
}

func isWordRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
