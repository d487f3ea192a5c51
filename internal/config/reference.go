package config

import (
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// reference stands for a variable of the environment, or for what a file holds.
var reference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*|file:[^}]+)\}`)

// expand replaces ${NAME} and ${file:path}. It works on the value, after YAML was
// parsed, so that a secret may hold any character.
func (p *parser) expand(n *yaml.Node) string {
	return reference.ReplaceAllStringFunc(n.Value, func(m string) string {
		name := m[2 : len(m)-1]
		if path, ok := strings.CutPrefix(name, "file:"); ok {
			return p.content(n, path)
		}
		s, ok := p.getenv(name)
		if !ok {
			p.problem(n, "the environment variable %s is not set", name)
		}
		return s
	})
}

// content is what a file holds, but for the end of its last line, which editors add.
func (p *parser) content(n *yaml.Node, path string) string {
	if p.readFile == nil {
		p.problem(n, "%s cannot be read here", path)
		return ""
	}
	b, path, err := p.readFile(path)
	text := strings.TrimRight(string(b), "\r\n")
	switch {
	case err != nil:
		p.problem(n, "%v", err)
	case text == "":
		p.problem(n, "%s is empty", path)
	case strings.ContainsAny(text, "\r\n"): // such as a key, which no value is
		p.problem(n, "%s has more than one line", path)
		return ""
	}
	return text
}

// unexpanded finds a reference that was not one, in text as it stands in the file.
func (p *parser) unexpanded(n *yaml.Node) {
	if strings.Contains(reference.ReplaceAllString(n.Value, ""), "${") {
		p.problem(n, "%q is no reference to an environment variable or a file; write ${NAME} or ${file:path}", n.Value)
	}
}
