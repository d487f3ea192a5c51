package techdocs

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/callboard/callboard/techdocs/markdown"
)

// Config is what an mkdocs.yml says, as far as it counts here.
type Config struct {
	File        string // where it was read; "" if there is none
	Name        string
	Description string
	RepoURL     string
	EditURI     string
	Docs        string // folder of the pages, from the folder of the file: "docs", or "." for that folder
	FlatURLs    bool   // use_directory_urls: false
	Dialect     markdown.Dialect

	exclude, notInNav []pattern
	nav               *yaml.Node
	moved             *yaml.Node
}

const maxConfig = 1 << 20 // bytes of an mkdocs.yml

func (c Config) file() string { return cmp.Or(c.File, "mkdocs.yml") }

// ReadConfig reads an mkdocs.yml. It never runs anything: tags such as
// !!python/name: are names and no more. What cannot be followed is a problem; ok is
// false if nothing can be.
func ReadConfig(file string, text []byte) (c Config, problems []Problem, ok bool) {
	c = Config{File: file, Docs: "docs"}
	r := configReader{file: file}
	if len(text) > maxConfig {
		return c, []Problem{{File: file, Line: 1, Code: CodeConfig, Message: fmt.Sprintf("the file has more than %d KB", maxConfig>>10)}}, false
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		line, message := yamlError(err)
		return c, []Problem{{File: file, Line: line, Code: CodeConfig, Message: "the file is not YAML: " + message}}, false
	}
	if len(doc.Content) == 0 {
		return c, nil, true
	}
	if doc.Content[0].Kind != yaml.MappingNode {
		return c, []Problem{{File: file, Line: doc.Content[0].Line, Code: CodeConfig, Message: "the file must be a mapping, such as site_name: Payments"}}, false
	}
	for key, v := range pairs(doc.Content[0]) {
		r.key(&c, key, v)
	}
	return c, r.problems, !r.failed
}

var yamlLine = regexp.MustCompile(`^yaml: (?:unmarshal errors:\n {2})?(?:line (\d+): )?`)

func yamlError(err error) (line int, message string) {
	message, line = err.Error(), 1
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	return line, message
}

type configReader struct {
	file     string
	problems []Problem
	failed   bool
}

func (r *configReader) problem(n *yaml.Node, code, format string, args ...any) {
	if len(r.problems) < maxFound {
		r.problems = append(r.problems, Problem{File: r.file, Line: n.Line, Code: code, Message: fmt.Sprintf(format, args...)})
	}
}

func (r *configReader) key(c *Config, key, v *yaml.Node) {
	switch key.Value {
	case "site_name":
		c.Name = r.text(key, v)
	case "site_description":
		c.Description = r.text(key, v)
	case "repo_url":
		c.RepoURL = r.text(key, v)
	case "edit_uri":
		c.EditURI = r.text(key, v)
	case "docs_dir":
		dir := r.text(key, v)
		c.Docs = path.Clean(cmp.Or(strings.ReplaceAll(dir, `\`, "/"), "docs"))
		if path.IsAbs(c.Docs) || c.Docs == ".." || strings.HasPrefix(c.Docs, "../") {
			r.problem(v, CodeConfig, "docs_dir %s is outside of the folder of %s: name a folder in it, such as docs", dir, r.file)
			r.failed = true
		}
	case "use_directory_urls":
		c.FlatURLs = v.Value == "false"
	case "nav", "pages":
		c.nav = v
	case "exclude_docs":
		c.exclude = readPatterns(r.text(key, v))
	case "not_in_nav":
		c.notInNav = readPatterns(r.text(key, v))
	case "markdown_extensions":
		for name, options := range named(v) {
			r.extension(c, name, options)
		}
	case "plugins":
		for name, options := range named(v) {
			r.plugin(c, name, options)
		}
	case "INHERIT", "hooks", "extra_templates":
		r.problem(key, CodeNote, "%s does nothing here, as with TechDocs: write what it brings into this file", key.Value)
	}
}

func (r *configReader) text(key, v *yaml.Node) string {
	if v.Kind != yaml.ScalarNode {
		r.problem(v, CodeConfig, "%s must be a text", key.Value)
		return ""
	}
	if v.Tag == "!!null" {
		return ""
	}
	return strings.TrimSpace(v.Value)
}

// extension reads what an author changes of the extensions that techdocs-core
// switches on, and those that are off otherwise.
func (r *configReader) extension(c *Config, name, options *yaml.Node) {
	switch name.Value {
	case "pymdownx.keys":
		c.Dialect.Keys = true
	case "pymdownx.arithmatex", "mdx_math", "markdown_katex":
		c.Dialect.Math = true
	case "pymdownx.blocks.admonition", "pymdownx.blocks.details", "pymdownx.blocks.tab":
		c.Dialect.Blocks = true
	case "pymdownx.highlight", "codehilite":
		for key, v := range pairs(options) {
			if key.Value == "linenums" {
				c.Dialect.NoLineNumbers = v.Value != "true"
			}
		}
	case "toc":
		for key, v := range pairs(options) {
			switch key.Value {
			case "permalink":
				c.Dialect.NoPermalink = v.Value == "false"
				if v.Tag == "!!str" {
					c.Dialect.Permalink = v.Value
				}
			case "toc_depth":
				depth := v.Value
				if i := strings.LastIndexByte(depth, '-'); i >= 0 {
					depth = depth[i+1:]
				}
				c.Dialect.Depth, _ = strconv.Atoi(depth)
			case "slugify":
				c.Dialect.UnicodeIDs = strings.Contains(v.Tag+v.Value, "pymdownx.slugs") || strings.Contains(v.Tag+v.Value, "slugify_unicode")
			}
		}
	}
}

func (r *configReader) plugin(c *Config, name, options *yaml.Node) {
	switch name.Value {
	case "techdocs-core":
		for key, v := range pairs(options) {
			if key.Value == "use_pymdownx_blocks" && v.Value == "true" {
				c.Dialect.Blocks = true
			}
		}
	case "redirects":
		for key, v := range pairs(options) {
			if key.Value == "redirect_maps" {
				c.moved = v
			}
		}
	case "search", "material/search", "monorepo", "group", "material/group":
	default:
		r.problem(name, CodeNote, "the plugin %s does nothing here: those of TechDocs do, which are techdocs-core, search, monorepo and redirects", name.Value)
	}
}

// pairs goes through a mapping; anything else has no pairs.
func pairs(n *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// named goes through a list of names and of mappings from a name to options, or
// through one such mapping.
func named(n *yaml.Node) func(yield func(name, options *yaml.Node) bool) {
	return func(yield func(name, options *yaml.Node) bool) {
		if n.Kind == yaml.MappingNode {
			pairs(n)(yield)
			return
		}
		for _, item := range n.Content {
			if item.Kind == yaml.ScalarNode && !yield(item, nil) {
				return
			}
			for name, options := range pairs(item) {
				if !yield(name, options) {
					return
				}
			}
		}
	}
}

// mount is a configuration and where its pages are in the site: the one at the root,
// and those that it includes as the plugin monorepo does.
type mount struct {
	Config
	folder string // of its file, from the root: "." or "services/payments"
	prefix string // of its pages: "" or "payments/"
}

// docs is the folder of its pages, from the root.
func (m mount) docs() string { return path.Join(m.folder, m.Docs) }

// readConfigs reads the configuration at the root and those that it includes.
func (s *Site) readConfigs(ctx context.Context, t files, o Options) ([]mount, error) {
	root := mount{folder: "."}
	root.Docs = "docs"
	for _, name := range []string{"mkdocs.yaml", "mkdocs.yml"} {
		if !t.has(name) {
			continue
		}
		text, err := t.Read(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		c, problems, ok := ReadConfig(name, text)
		root.Config = c
		if !ok {
			last := len(problems) - 1
			s.Config, s.Problems = c, append(s.Problems, problems[:last]...)
			s.fail(problems[last])
			return nil, nil
		}
		s.Problems = append(s.Problems, problems...)
		break
	}
	if root.File != "" && root.Name == "" {
		s.problem(root.File, 1, CodeConfig, "site_name is missing, and MkDocs does not build without it: add it")
	}
	root.Name = cmp.Or(root.Name, o.Name, "Documentation")
	s.Config = root.Config
	mounts := []mount{root}
	for _, in := range includes(root.nav) {
		m, err := s.include(ctx, t, in)
		if err != nil {
			return nil, err
		}
		for _, m := range m {
			if slices.ContainsFunc(mounts, func(o mount) bool { return o.prefix == m.prefix }) {
				s.problem(root.File, in.Line, CodeNav, "%s has the site_name of another site that is included: give it its own", m.File)
				continue
			}
			mounts = append(mounts, m)
		}
	}
	return mounts, nil
}
