package config

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/schema"
)

// Kind is a kind of entities besides Backstage's.
type Kind struct {
	Name        string         `yaml:"name"`
	APIVersions []string       `yaml:"apiVersions"`
	Title       string         `yaml:"title"`       // "" = the name
	Plural      string         `yaml:"plural"`      // "" = the title with an s
	Description string         `yaml:"description"` // in a sentence
	Icon        string         `yaml:"icon"`        // of [KindIcons]; "" = a sheet
	Schema      Schema         `yaml:"schema"`
	Relations   []KindRelation `yaml:"relations"`
}

// Schema is a JSON schema of a spec: inline, or the path of a file as seen from
// the folder of the configuration. Nil: anything goes.
type Schema struct{ *schema.Schema }

// KindRelation is a field of the spec that names entities.
type KindRelation struct {
	Field   string `yaml:"field"`
	Type    string `yaml:"type"`    // of the relation; "" = the field
	Reverse string `yaml:"reverse"` // of the relation back
	Kind    string `yaml:"kind"`    // of the named entity, where a reference does not say it
}

// UnmarshalText reads a field that stands alone.
func (r *KindRelation) UnmarshalText(b []byte) error {
	r.Field = string(b)
	return nil
}

// known returns the field of that name which means the same in every kind.
func (r KindRelation) known() (catalog.Field, bool) {
	for _, f := range catalog.Related() {
		if f.Name == r.Field {
			return f, true
		}
	}
	return catalog.Field{}, false
}

// KindIcons are the icons that a kind may have.
func KindIcons() []string {
	return []string{
		"api", "bell", "branch", "calendar", "clock", "code", "columns", "delivery", "deploy", "docs", "domain", "event", "eye", "flag",
		"json", "key", "library", "link", "location", "lock", "mail", "oncall", "resource", "score", "service", "sheet", "shield", "swap",
		"system", "team", "template", "terminal", "user", "website", "worker",
	}
}

// Own returns the kinds that the file declares, as the catalog wants them.
func (c Catalog) Own() catalog.Kinds {
	all := make(catalog.Kinds, len(c.Kinds))
	for i, k := range c.Kinds {
		own := catalog.Own{Title: k.Title, Plural: k.Plural, Description: k.Description, Icon: k.Icon}
		kind := catalog.Kind{Name: k.Name, APIVersions: k.APIVersions, Own: &own}
		if s := k.Schema.Schema; s != nil {
			kind.Spec = s.Fields()
			own.Check = func(spec map[string]any) []catalog.Problem { return s.Check(k.Name, spec) }
		}
		for _, r := range k.Relations {
			at := slices.IndexFunc(kind.Spec, func(f catalog.Field) bool { return f.Name == r.Field })
			if at < 0 {
				at = len(kind.Spec)
				kind.Spec = append(kind.Spec, catalog.Field{Name: r.Field})
			}
			kind.Spec[at].Type, kind.Spec[at].Reference = r.reference()
		}
		all[i] = kind
	}
	return all
}

func (r KindRelation) reference() (catalog.Type, *catalog.Reference) {
	ref := catalog.Reference{Outgoing: r.Field, DefaultKind: r.Kind}
	if f, ok := r.known(); ok && r.Type == "" && r.Reverse == "" {
		if ref = *f.Reference; r.Kind != "" {
			ref.DefaultKind = r.Kind
		}
		return f.Type, &ref
	}
	if r.Type != "" {
		ref.Outgoing = r.Type
	}
	ref.Incoming = r.Reverse
	return catalog.TextOrTexts, &ref
}

// reservedGroup begins the apiVersions of Callboard's own kinds.
const reservedGroup = "callboard.dev/"

// kinds checks what is declared. Of what is wrong in a schema its reading tells.
func (p *parser) kinds(kinds []Kind) {
	known := catalog.BuiltIn()
	for i, k := range kinds {
		path := fmt.Sprintf("catalog.kinds[%d]", i)
		same := known.Named(k.Name)
		switch {
		case !kindName.MatchString(k.Name):
			p.wrong(path+".name", "%q is no kind of entity; write letters and digits after a letter, such as Queue", k.Name)
		case same != nil && same.Name != k.Name:
			p.wrong(path+".name", "%q differs from the kind %s in letter case only, which references do not tell apart; choose another name", k.Name, same.Name)
		}
		if len(k.APIVersions) == 0 {
			p.wrong(path+".apiVersions", "must list at least one, such as [acme.example/v1]")
		}
		for j, v := range k.APIVersions {
			at := fmt.Sprintf("%s.apiVersions[%d]", path, j)
			switch other := known.Find(v, k.Name); {
			case !catalog.ValidAPIVersion(v):
				p.wrong(at, "%q is no apiVersion; write a name of yours, a slash and a version, such as acme.example/v1", v)
			case strings.HasPrefix(v, reservedGroup):
				p.wrong(at, "%s is for kinds that are built in; choose an apiVersion of your own", v)
			case other != nil && other.Own == nil:
				p.wrong(at, "kind %s of %s is built in; choose another name, or an apiVersion of your own", k.Name, v)
			case other != nil || slices.Contains(k.APIVersions[:j], v):
				p.wrong(at, "kind %s of %s is declared already", k.Name, v)
			}
		}
		if k.Icon != "" && !slices.Contains(KindIcons(), k.Icon) {
			p.wrong(path+".icon", "%q is no icon; there are %s", k.Icon, strings.Join(KindIcons(), ", "))
		}
		known = append(known, catalog.Kind{Name: k.Name, APIVersions: k.APIVersions, Own: &catalog.Own{}})
	}
	for i, k := range kinds {
		for j, r := range k.Relations {
			p.kindRelation(fmt.Sprintf("catalog.kinds[%d].relations[%d]", i, j), r, k.Relations[:j], known)
		}
	}
}

var relationType = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]{0,62}$`)

func (p *parser) kindRelation(path string, r KindRelation, before []KindRelation, known catalog.Kinds) {
	_, isKnown := r.known()
	switch {
	case r.Field == "":
		p.wrong(path+".field", "must name a field of the spec")
		return
	case slices.ContainsFunc(before, func(o KindRelation) bool { return o.Field == r.Field }):
		p.wrong(path+".field", "%q is listed already", r.Field)
	case r.Reverse == "" && (r.Type != "" || !isKnown):
		p.wrong(path+".reverse", "must name the relation back, as in {field: %[1]s, reverse: %[1]sOf}; only %[2]s have one of their own", r.Field, strings.Join(relatedNames(), ", "))
	}
	for _, t := range []struct{ path, typ string }{{path + ".type", r.Type}, {path + ".reverse", r.Reverse}} {
		if t.typ != "" && !relationType.MatchString(t.typ) {
			p.wrong(t.path, "%q is no type of relation; write letters and digits after a letter, such as operatedBy", t.typ)
		}
	}
	if r.Type == "" && !isKnown && !relationType.MatchString(r.Field) {
		p.wrong(path+".type", "must name the relation, since %q cannot be one; write letters and digits after a letter, such as operatedBy", r.Field)
	}
	if r.Kind != "" && known.Named(r.Kind) == nil {
		p.wrong(path+".kind", "%q is no kind that this catalog knows", r.Kind)
	}
}

func relatedNames() []string {
	var names []string
	for _, f := range catalog.Related() {
		names = append(names, f.Name)
	}
	return names
}

// readFrom takes the schema that stands at n, or in the file that n names.
func (s *Schema) readFrom(p *parser, n *yaml.Node, path string) {
	file, text := "", []byte(nil)
	if n.Kind == yaml.ScalarNode {
		if file, text, n = p.schemaFile(n, path); n == nil {
			return
		}
	}
	say := func(at *yaml.Node, format string, args ...any) {
		message := fmt.Sprintf(format, args...)
		if file == "" {
			p.problem(at, "%s", message)
			return
		}
		p.problems = append(p.problems, Problem{File: file, Line: at.Line, Column: at.Column, Message: message})
	}
	if n.Kind != yaml.MappingNode {
		say(n, "%s must be a mapping, or the path of a file with one", path)
		return
	}
	written, bad := jsonOf(n)
	if bad != nil {
		say(bad.at, "%s: %s", path, bad.message)
		return
	}
	if text == nil {
		text = written
	}
	compiled, problems := schema.Compile(text)
	for _, pr := range problems {
		where := path
		for _, key := range pr.At {
			if _, err := strconv.Atoi(key); err == nil {
				where += "[" + key + "]"
				continue
			}
			where += "." + key
		}
		say(nodeAt(n, pr.At), "%s: %s", where, pr.Message)
	}
	s.Schema = compiled
}

// schemaFile reads the file that n names, in YAML or JSON. The text is there if
// it is JSON; the root is nil if there is a problem.
func (p *parser) schemaFile(n *yaml.Node, path string) (name string, text []byte, root *yaml.Node) {
	p.unexpanded(n)
	file := p.expand(n)
	if file == "" {
		p.problem(n, "%s must be a mapping, or the path of a file with one", path)
		return "", nil, nil
	}
	b, name, err := p.readFile(file)
	if err != nil {
		p.problem(n, "%s: %v", path, err)
		return "", nil, nil
	}
	if json.Valid(b) {
		text, b = b, likeYAML(b)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		pr := syntaxProblem(b, err)
		pr.File = name
		p.problems = append(p.problems, pr)
		return "", nil, nil
	}
	if len(doc.Content) == 0 {
		p.problem(n, "%s: %s is empty", path, name)
		return "", nil, nil
	}
	return name, text, doc.Content[0]
}
