package techdocs

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Includes of the plugin monorepo, which techdocs-core switches on: in the nav of
// the root's file, '!include ./path/mkdocs.yml' mounts that site below its
// site_name, and '*include ./path/*/mkdocs.yml' all that match.
// See https://github.com/backstage/mkdocs-monorepo-plugin.

const maxIncludes = 500

// includes lists the texts of a nav that include a site.
func includes(nav *yaml.Node) []*yaml.Node {
	var all []*yaml.Node
	var walk func(n *yaml.Node, depth int)
	walk = func(n *yaml.Node, depth int) {
		if n == nil || depth > maxDepth || len(all) >= maxIncludes {
			return
		}
		if n.Kind == yaml.ScalarNode && isInclude(n) {
			all = append(all, n)
		}
		for _, c := range n.Content {
			walk(c, depth+1)
		}
	}
	walk(nav, 0)
	return all
}

func isInclude(n *yaml.Node) bool {
	return strings.HasPrefix(n.Value, "!include ") || strings.HasPrefix(n.Value, "*include ") || n.Tag == "!include"
}

// include reads the sites that one text includes.
func (s *Site) include(ctx context.Context, t files, in *yaml.Node) ([]mount, error) {
	name := path.Clean(strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(in.Value, "!include "), "*include ")))
	var names []string
	if strings.HasPrefix(in.Value, "*include ") {
		for p := range t.byPath {
			if ok, _ := path.Match(name, p); ok {
				names = append(names, p)
			}
		}
		slices.Sort(names)
	} else if t.has(name) {
		names = []string{name}
	}
	if len(names) == 0 {
		s.problem(s.Config.file(), in.Line, CodeNav, "%s is not there: paths are taken from the folder of %s and stay in it", name, s.Config.file())
	}
	var mounts []mount
	for _, name := range names[:min(len(names), maxIncludes)] {
		if ext := path.Ext(name); ext != ".yml" && ext != ".yaml" {
			s.problem(s.Config.file(), in.Line, CodeNav, "%s is not included: its name must end in .yml", name)
			continue
		}
		text, err := t.Read(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		c, problems, ok := ReadConfig(name, text)
		s.Problems = append(s.Problems, problems...)
		if !ok {
			continue
		}
		if c.Name == "" {
			s.problem(name, 1, CodeConfig, "site_name is missing: the site is included below that name")
		}
		for _, inner := range includes(c.nav) {
			s.problem(name, inner.Line, CodeNav, "a site that is included cannot include others: list them in %s", s.Config.file())
		}
		folder := path.Dir(name)
		mounts = append(mounts, mount{Config: c, folder: folder, prefix: alias(cmp.Or(c.Name, path.Base(folder))) + "/"})
	}
	return mounts, nil
}

var notAlias = regexp.MustCompile(`[^a-zA-Z0-9_./-]+`)

// alias is the part of a URL that a site_name makes.
func alias(name string) string {
	if notAlias.MatchString(name) {
		name = strings.ToLower(notAlias.ReplaceAllString(name, "-"))
	}
	name = strings.Trim(path.Clean("/"+name), "/-")
	return cmp.Or(name, "site")
}
