package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// mayAdd refuses a source that reads what another one reads already.
func (p *portal) mayAdd(ctx context.Context, s config.Source) error {
	p.connecting.Lock()
	defer p.connecting.Unlock()
	stored, err := config.ReadSources(p.storedSources())
	if err != nil {
		return err
	}
	return p.disjoint(ctx, stored, append(stored, s))
}

// disjoint refuses sources that read what another one reads already: whatever both
// declare would be in conflict. Those that read what they read before are left alone,
// and so is what the configuration file says. The error is of kind fault.Conflict.
func (p *portal) disjoint(ctx context.Context, before, after []config.Source) error {
	for _, s := range after {
		if i := placeOf(before, s.Name); i >= 0 && readsAs(before[i], s) {
			continue
		}
		for _, other := range slices.Concat(p.file.Sources, after) {
			if other.Name == s.Name {
				continue
			}
			what, err := p.both(ctx, s, other)
			if err != nil {
				return err
			}
			if what == "" {
				continue
			}
			setting, instead := ingest.SettingOwner, "disconnect "+other.Name
			if s.Type == config.Git {
				setting = ingest.SettingURL
			}
			if placeOf(p.file.Sources, other.Name) >= 0 {
				instead = "take " + other.Name + " out of the configuration file"
			}
			return &ingest.Misfit{Setting: setting, Err: fault.New(fault.Conflict,
				"source %s reads %s already, and what two sources declare is in conflict: connect something else, or %s first", other.Name, what, instead)}
		}
	}
	return nil
}

// readsAs reports whether a source reads no more than it did.
func readsAs(was, is config.Source) bool {
	return was.Branch == is.Branch && baseOf(was) == baseOf(is) && slices.Equal(readBy(was), readBy(is))
}

// both is what two sources read, for people; "" if that is nothing, as far as one can
// tell. A source of whatever sends to it is known by what it has read.
func (p *portal) both(ctx context.Context, s, other config.Source) (string, error) {
	if s.Type == config.Git && other.Type == config.Git && s.Branch != other.Branch && s.Branch != "" && other.Branch != "" {
		return "", nil // else it may be the same one
	}
	theirs, meets := readBy(other), func(a, b string) bool { return within(a, b) || within(b, a) }
	if s.Type == config.Git && other.Type == config.Git { // no repository is below another one
		meets = strings.EqualFold
	}
	for _, mine := range readBy(s) {
		said := strings.TrimPrefix(mine, baseOf(s)+"/")
		if slices.ContainsFunc(theirs, func(t string) bool { return meets(t, mine) }) {
			return said, nil
		}
		if name, ok := strings.CutPrefix(mine, baseOf(other)+"/"); ok && len(theirs) == 0 {
			has, err := p.hasRead(ctx, other.Name, name)
			if err != nil {
				return "", fmt.Errorf("look for what source %s reads: %w", other.Name, err)
			}
			if has {
				return said, nil
			}
		}
	}
	return "", nil
}

// hasRead reports whether a source has read a repository, or one of an owner.
func (p *portal) hasRead(ctx context.Context, source, name string) (bool, error) {
	if _, err := p.repositories.Named(ctx, source, name); fault.KindOf(err) != fault.NotFound {
		return err == nil, err
	}
	first, err := p.repositories.List(ctx, source, name+"/", 1)
	return len(first) > 0 && within(first[0].FullName, name), err
}

// readBy are the addresses, in one spelling, of the repositories that a source reads, or
// of owners of whose it reads all: "github.com/acme/pay", "github.com/acme". There are
// none of a source of whatever sends to it.
func readBy(s config.Source) []string {
	if s.Type == config.Git {
		return []string{baseOf(s)}
	}
	names := s.Repositories
	if len(names) == 0 {
		names = slices.Concat(s.Organizations, s.Groups)
	}
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = baseOf(s) + "/" + name
	}
	return all
}

// within reports whether an address is another one or below it.
func within(name, other string) bool {
	name, other = strings.ToLower(name), strings.ToLower(other)
	return name == other || strings.HasPrefix(name, other+"/")
}

// baseOf is the address of a source's forge, or of its repository, in one spelling:
// "github.com", "git.example.com/platform/catalog".
func baseOf(s config.Source) string {
	address := cmp.Or(s.URL, map[string]string{config.GitHub: "https://github.com", config.GitLab: "https://gitlab.com"}[s.Type])
	if at, path, ok := strings.Cut(address, ":"); ok && !strings.HasPrefix(path, "//") { // git@host:path
		address = "ssh://" + at + "/" + path
	}
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	path := strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
	host := strings.ToLower(u.Host)
	if s.Type == config.GitHub {
		path, host = strings.TrimSuffix(strings.TrimSuffix(path, "api/v3"), "/"), strings.TrimPrefix(host, "api.")
	}
	return strings.TrimSuffix(host+"/"+path, "/")
}
