package demoforge

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Created is what the forge sent when the repository was made. Deliveries does
// not list it, but registered hooks had it: repository.created on GitHub, on
// GitLab the system hook project_create and along with it the group's Project
// Hook.
func (r *Repository) Created() (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	main, along := r.createdTold()
	d, err := r.forge.envelope(main)
	for _, one := range along {
		a, err2 := r.forge.envelope(one)
		err = errors.Join(err, err2)
		d.Along = append(d.Along, a)
	}
	return d, err
}

// announce tells registered hooks of a new repository.
func (r *Repository) announce() error {
	main, along := r.createdTold()
	for _, one := range append([]happening{main}, along...) {
		d, err := r.forge.envelope(one)
		if err != nil {
			return err
		}
		r.forge.dispatch(d)
	}
	return nil
}

func (r *Repository) createdTold() (happening, []happening) {
	if r.provider == GitHub {
		return r.githubHappening("repository", "created", Person{}, jsonObject{}), nil
	}
	return r.gitlabSystem("project_create", r.gitlabProjectFacts()), []happening{r.gitlabProjectHook("project_create", "")}
}

// Rename gives the repository another full path. The old one redirects until
// another repository takes it. It is Transfer if the owner changes too.
func (r *Repository) Rename(name string, by ...Person) (Delivery, error) {
	return r.rename(name, first(by))
}

// Transfer gives the repository to another owner, who is told. It keeps its
// number, its hooks and its name.
func (r *Repository) Transfer(to string, by Person) (Delivery, error) {
	return r.rename(to+"/"+path.Base(r.Name()), by)
}

func (r *Repository) rename(name string, by Person) (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	if err := checkName(r.provider, name); err != nil {
		return Delivery{}, fmt.Errorf("rename %s: %w", r.name, err)
	}
	if other := r.forge.names[nameKey(r.provider, name)]; other != nil && other != r && strings.EqualFold(other.name, name) {
		return Delivery{}, fmt.Errorf("rename %s: there is %s already", r.name, name)
	}
	was, owner, base := r.name, r.owner(), r.base()
	kind := strings.ToLower(r.forge.kind(owner))
	from := r.forge.githubAccount(owner, r.forge.kind(owner))
	r.named(name)
	moved := r.owner() != owner
	if r.provider == GitHub {
		action, changes := "renamed", jsonObject{"repository": jsonObject{"name": jsonObject{"from": base}}}
		if moved {
			action, changes = "transferred", jsonObject{"owner": jsonObject{"from": jsonObject{kind: from}}}
		}
		return r.forge.tell(r.githubHappening("repository", action, by, jsonObject{"changes": changes}))
	}
	event := "project_rename"
	if moved {
		event = "project_transfer"
	}
	facts := r.gitlabProjectFacts()
	facts["old_path_with_namespace"] = was
	return r.forge.tell(r.gitlabSystem(event, facts), r.gitlabProjectHook(event, was))
}

// named changes the full path.
func (r *Repository) named(name string) {
	r.name = name
	r.forge.names[nameKey(r.provider, name)] = r
	r.forge.ownerAt(r.provider, r.owner())
	clear(r.encoded) // they hold URLs
}

// Delete removes the repository, its hooks and its names from the forge.
func (r *Repository) Delete(by ...Person) (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	f := r.forge
	f.repositories = slices.DeleteFunc(f.repositories, func(other *Repository) bool { return other == r })
	maps.DeleteFunc(f.names, func(_ string, other *Repository) bool { return other == r })
	delete(f.byID, r.id)
	for _, h := range slices.Clone(f.hooks) {
		if h.repo == r {
			f.unregister(h)
		}
	}
	if r.provider == GitHub {
		return f.tell(r.githubHappening("repository", "deleted", first(by), jsonObject{}))
	}
	return f.tell(r.gitlabSystem("project_destroy", r.gitlabProjectFacts()), r.gitlabProjectHook("project_destroy", ""))
}

func first(by []Person) Person {
	if len(by) == 0 {
		return Person{}
	}
	return by[0]
}

// Archive makes the repository read-only: repository.archived on GitHub; on
// GitLab only the instance's hooks are told, by project_update.
func (r *Repository) Archive(by Person) (Delivery, error) { return r.archive(true, by) }

// Unarchive undoes Archive.
func (r *Repository) Unarchive(by Person) (Delivery, error) { return r.archive(false, by) }

func (r *Repository) archive(archived bool, by Person) (Delivery, error) {
	return r.change(func(s *Settings) (string, jsonObject, error) {
		if s.Archived == archived {
			return "", nil, fmt.Errorf("it is so already")
		}
		s.Archived = archived
		if archived {
			return "archived", nil, nil
		}
		return "unarchived", nil, nil
	}, by)
}

// SetDefaultBranch makes another branch the default one: repository.edited on
// GitHub; on GitLab only the instance's hooks are told, by project_update.
func (r *Repository) SetDefaultBranch(branch string, by Person) (Delivery, error) {
	return r.change(func(s *Settings) (string, jsonObject, error) {
		if _, ok := r.refs[branchRef(branch)]; !ok && len(r.refs) > 0 {
			return "", nil, fmt.Errorf("there is no branch %s", branch)
		}
		was := s.DefaultBranch
		s.DefaultBranch = branch
		return "edited", jsonObject{"default_branch": jsonObject{"from": was}}, nil
	}, by)
}

// SetDescription changes the description: repository.edited on GitHub; on GitLab
// only the instance's hooks are told, by project_update.
func (r *Repository) SetDescription(text string, by Person) (Delivery, error) {
	return r.change(func(s *Settings) (string, jsonObject, error) {
		was := s.Description
		s.Description = text
		return "edited", jsonObject{"description": jsonObject{"from": was}}, nil
	}, by)
}

// SetTopics changes the topics: repository.edited on GitHub; on GitLab only the
// instance's hooks are told, by project_update.
func (r *Repository) SetTopics(topics []string, by Person) (Delivery, error) {
	return r.change(func(s *Settings) (string, jsonObject, error) {
		was := s.Topics
		s.Topics = slices.Clone(topics)
		return "edited", jsonObject{"topics": jsonObject{"from": was}}, nil
	}, by)
}

// SetVisibility makes the repository "public", "internal" or "private":
// repository.publicized, and public along with it, or repository.privatized on
// GitHub; on GitLab only the instance's hooks are told, by project_update.
func (r *Repository) SetVisibility(visibility string, by Person) (Delivery, error) {
	return r.change(func(s *Settings) (string, jsonObject, error) {
		if !slices.Contains([]string{"public", "internal", "private"}, visibility) || s.Visibility == visibility {
			return "", nil, fmt.Errorf("from %s to %q is no change", s.Visibility, visibility)
		}
		was := s.Private
		s.Visibility, s.Private = visibility, visibility != "public"
		switch {
		case was == s.Private: // GitHub has no action for internal
			return "edited", jsonObject{}, nil
		case s.Private:
			return "privatized", nil, nil
		default:
			return "publicized", nil, nil
		}
	}, by)
}

// change edits the settings and tells of it. Edit returns GitHub's action and
// changes.
func (r *Repository) change(edit func(*Settings) (string, jsonObject, error), by Person) (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	s := r.settings
	action, changes, err := edit(&s)
	if err != nil {
		return Delivery{}, fmt.Errorf("change %s: %w", r.name, err)
	}
	r.settings = s.filled()
	if r.provider == GitLab {
		return r.forge.tell(r.gitlabSystem("project_update", r.gitlabProjectFacts()))
	}
	payload := jsonObject{}
	if changes != nil {
		payload["changes"] = changes
	}
	told := r.githubHappening("repository", action, by, payload)
	if action != "publicized" {
		return r.forge.tell(told)
	}
	return r.forge.tell(told, r.githubHappening("public", "", by, jsonObject{}))
}
