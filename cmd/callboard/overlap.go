package main

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// disjoint refuses sources that read what another one reads already: whatever both
// declare would be in conflict. Those that stay as they were are left alone, and so is
// what the configuration file says. The error is of kind fault.Conflict.
func (p *portal) disjoint(ctx context.Context, before, after []config.Source) error {
	for _, s := range after {
		if i := placeOf(before, s.Name); i >= 0 && reflect.DeepEqual(before[i], s) {
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
			setting := ingest.SettingOwner
			if s.Type == config.Git {
				setting = ingest.SettingURL
			}
			return &ingest.Misfit{Setting: setting, Err: fault.New(fault.Conflict,
				"source %s reads %s already, and what two sources declare is in conflict: connect something else, or disconnect %[1]s first", other.Name, what)}
		}
	}
	return nil
}

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

// both is what two sources read, for people; "" if that is nothing, as far as one can
// tell. A source of one's own repositories is known by what it has read.
func (p *portal) both(ctx context.Context, s, other config.Source) (string, error) {
	switch {
	case s.Type != other.Type || forgeAddress(s) != forgeAddress(other):
		return "", nil
	case s.Type == config.Git && s.Branch == other.Branch:
		return "this repository", nil
	case len(s.Repositories) > 0 && len(other.Repositories) > 0:
		for _, r := range s.Repositories {
			if slices.ContainsFunc(other.Repositories, func(o string) bool { return strings.EqualFold(o, r) }) {
				return r, nil
			}
		}
		return "", nil
	}
	for _, owner := range slices.Concat(s.Organizations, s.Groups) {
		owners := slices.Concat(other.Organizations, other.Groups)
		if slices.ContainsFunc(owners, func(o string) bool { return within(o, owner) || within(owner, o) }) {
			return owner, nil
		}
		if len(owners) > 0 {
			continue
		}
		of := owner + "/"
		first, err := p.repositories.List(ctx, other.Name, of, 1)
		if err != nil {
			return "", fmt.Errorf("look for what source %s reads: %w", other.Name, err)
		}
		if len(first) > 0 && strings.HasPrefix(first[0].FullName, of) {
			return owner, nil
		}
	}
	return "", nil
}

// within reports whether a group is another one or below it. Organisations have none
// below them.
func within(group, other string) bool {
	group, other = strings.ToLower(group), strings.ToLower(other)
	return group == other || strings.HasPrefix(group, other+"/")
}

// forgeAddress is where a source is asked, in one spelling.
func forgeAddress(s config.Source) string {
	public := map[string]string{config.GitHub: "https://api.github.com", config.GitLab: "https://gitlab.com"}
	return strings.ToLower(strings.TrimSuffix(strings.TrimRight(cmp.Or(s.URL, public[s.Type]), "/"), ".git"))
}
