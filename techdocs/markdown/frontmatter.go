package markdown

import (
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

var yamlLine = regexp.MustCompile(`^yaml: (?:unmarshal errors:\n {2})?line (\d+): `)

// frontMatter reads the YAML between two lines of --- at the top, and returns the
// lines after it. Front matter that cannot be read is a problem, and left out.
func (p *prepared) frontMatter(lines []line) []line {
	if len(lines) < 2 || strings.TrimRight(lines[0].text, " \t") != "---" {
		return lines
	}
	for i, l := range lines[1:] {
		end := strings.TrimRight(l.text, " \t")
		if end != "---" && end != "..." {
			continue
		}
		var b strings.Builder
		for _, l := range lines[1 : i+1] {
			b.WriteString(l.text + "\n")
		}
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(b.String()), &doc); err != nil {
			at, message := lines[0], err.Error()
			if m := yamlLine.FindStringSubmatch(message); m != nil {
				if no, err := strconv.Atoi(m[1]); err == nil && no <= i+1 {
					at = lines[no]
				}
				message = message[len(m[0]):]
			}
			p.problem(at, CodeFrontMatter, "the front matter is not YAML: %s", message)
			return lines[i+2:]
		}
		if len(doc.Content) == 1 && doc.Content[0].Kind == yaml.MappingNode {
			p.doc.Meta = readMeta(doc.Content[0])
			return lines[i+2:]
		}
		return lines // two rules with text between them, or nothing
	}
	return lines
}

// readMeta reads what is known of front matter; all else is left alone. Nodes
// rather than values are looked at, so that aliases are never expanded.
func readMeta(n *yaml.Node) Meta {
	var m Meta
	for i := 0; i+1 < len(n.Content); i += 2 {
		v := n.Content[i+1]
		switch strings.ToLower(n.Content[i].Value) {
		case "title":
			m.Title = scalar(v)
		case "description":
			m.Description = scalar(v)
		case "tags":
			m.Tags = scalars(v)
		case "status":
			m.Status = scalar(v)
		case "date":
			m.Date = scalar(v)
		case "hide":
			for _, h := range scalars(v) {
				m.HideNav = m.HideNav || h == "navigation"
				m.HideTOC = m.HideTOC || h == "toc"
			}
		case "search":
			for j := 0; v.Kind == yaml.MappingNode && j+1 < len(v.Content); j += 2 {
				m.Unsearched = m.Unsearched || v.Content[j].Value == "exclude" && v.Content[j+1].Value == "true"
			}
		}
	}
	return m
}

func scalar(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return strings.TrimSpace(n.Value)
	}
	return ""
}

func scalars(n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode {
		if s := scalar(n); s != "" {
			return []string{s}
		}
		return nil
	}
	var all []string
	for _, c := range n.Content {
		if s := scalar(c); s != "" {
			all = append(all, s)
		}
	}
	return all
}
