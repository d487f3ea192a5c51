package web

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"

	"github.com/callboard/callboard/catalog/definition"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

const (
	tabDefinition = "Definition"
	fieldView     = "view" // "source" for the text
)

// What is shown of a definition; the text itself can be had whole.
const (
	shownOperations = 150
	shownTypes      = 150
	coloured        = 96 << 10 // bytes of a text that are coloured
)

// definitionView is an API's definition: what can be called, and the text.
type definitionView struct {
	head      entityHead
	format    string // "OpenAPI 3.0.3"; the entity's type if nothing is known of it
	title     string // "Payments 2.4"
	about     string
	servers   []string
	says      string // "12 operations, 5 schemas"
	groups    []operationGroup
	types     []definition.Type
	cut       bool
	problems  []definitionProblem
	views     []ui.Choice
	source    bool // the text is looked at
	reference bool // there is something besides the text
	lines     []ui.Line
	cutLines  int
	size      string
	page      string // of the definition
	raw       string
}

type operationGroup struct {
	id, name, about string
	operations      []definition.Operation
}

// definitionProblem is what could not be read, with its line of the text.
type definitionProblem struct {
	line, message, href string
}

// newDefinitionView reads the definition of an API.
func newDefinitionView(e *entities.Entry) *definitionView {
	text := e.Entity.SpecString("definition")
	o := definition.Read(e.Type(), text)
	here := entityLink(e.Entity.Ref()) + "/definition"
	v := &definitionView{
		format: cmp.Or(o.Format, e.Type(), "Text"), title: strings.TrimSpace(o.Title + " " + o.Version), about: o.Description,
		servers: o.Servers, types: o.Types, cut: o.Cut, page: here, raw: here + "/raw",
		size: ui.Plural(strings.Count(text, "\n")+1, "line"),
	}
	left := shownOperations
	for i, g := range o.Groups {
		shown := g.Operations[:min(len(g.Operations), left)]
		left -= len(shown)
		if v.cut = v.cut || len(shown) < len(g.Operations); len(shown) > 0 {
			v.groups = append(v.groups, operationGroup{"g" + strconv.Itoa(i), cmp.Or(g.Name, "Operations"), g.Description, shown})
		}
	}
	if len(v.types) > shownTypes {
		v.types, v.cut = v.types[:shownTypes], true
	}
	var parts []string
	if n := o.Operations(); n > 0 {
		parts = append(parts, ui.Plural(n, "operation"))
	}
	if n := len(o.Types); n > 0 {
		parts = append(parts, ui.Plural(n, "type"))
	}
	v.says = strings.Join(parts, ", ")
	v.reference = len(v.groups)+len(v.types) > 0
	for _, p := range o.Problems {
		problem := definitionProblem{message: p.Message}
		if p.Line > 0 {
			problem.line = "line " + strconv.Itoa(p.Line)
			problem.href = here + "?view=source#L" + strconv.Itoa(p.Line)
		}
		v.problems = append(v.problems, problem)
	}
	return v
}

// definition handles "GET /catalog/{namespace}/{kind}/{name}/definition".
func (s *Site) definition(ctx context.Context, r request) (answer, error) {
	e, events, err := s.api(ctx, r)
	if err != nil {
		return answer{}, err
	}
	if e == nil {
		return notThere(r, r.ref(), events.Page), nil
	}
	v := newDefinitionView(e)
	v.head = newEntityHead(r, e, tabDefinition, events.total())
	view, err := choice(r.self.query, fieldView, "view", "reference", "source")
	if err != nil {
		return answer{}, err
	}
	v.source = view == "source" || !v.reference
	if v.reference {
		v.views = []ui.Choice{
			{Label: "Reference", Href: r.self.drop(fieldView).String(), On: !v.source},
			{Label: "Source", Href: r.self.set(fieldView, "source").String(), On: v.source},
		}
	}
	if v.source {
		text := e.Entity.SpecString("definition")
		v.lines = codeLines(definition.Read(e.Type(), "").Language, text)
		if v.cutLines = len(v.lines) - maxLines; v.cutLines > 0 {
			v.lines = v.lines[:maxLines]
		}
	}
	return answer{title: v.head.title + " · Definition", body: definitionPage(v)}, nil
}

// definitionText handles "GET /catalog/{namespace}/{kind}/{name}/definition/raw".
func (s *Site) definitionText(ctx context.Context, r request) (answer, error) {
	e, _, err := s.api(ctx, r)
	if err != nil {
		return answer{}, err
	}
	if e == nil {
		return answer{}, fault.New(fault.NotFound, "%s is not in the catalog", r.ref())
	}
	extensions := map[string]string{"yaml": ".yaml", "json": ".json", "graphql": ".graphql", "protobuf": ".proto", "text": ".txt"}
	text := e.Entity.SpecString("definition")
	return answer{file: &file{e.Entity.Metadata.Name + extensions[definition.Read(e.Type(), text).Language], text}}, nil
}

// api returns the API that a request is about; nil if the catalog does not have it.
func (s *Site) api(ctx context.Context, r request) (*entities.Entry, newest, error) {
	ref := r.ref()
	events, err := s.newest(ctx, r, ref, 1)
	if err != nil {
		return nil, events, err
	}
	e, ok := r.catalog.Get(ref.String())
	switch {
	case !ok:
		return nil, events, nil
	case !isAPI(e):
		return nil, events, fault.New(fault.NotFound, "%s is no API and has no definition", e.Ref)
	}
	return e, events, nil
}

// codeLines numbers the lines of a text and colours them by what each part is.
func codeLines(language, text string) []ui.Line {
	lexer := lexers.Get(language)
	if lexer == nil || len(text) > coloured {
		return documentLines(text, 1, nil)
	}
	tokens, err := lexer.Tokenise(nil, strings.ReplaceAll(text, "\r\n", "\n"))
	if err != nil {
		return documentLines(text, 1, nil)
	}
	var lines []ui.Line
	for i, part := range chroma.SplitTokensIntoLines(tokens.Tokens()) {
		line := ui.Line{Number: i + 1}
		for _, t := range part {
			token := ui.Token{Class: tokenClass(t.Type), Text: ui.Shorten(strings.TrimSuffix(t.Value, "\n"), maxColumns)}
			if last := len(line.Tokens) - 1; last >= 0 && line.Tokens[last].Class == token.Class {
				line.Tokens[last].Text += token.Text
			} else if token.Text != "" {
				line.Tokens = append(line.Tokens, token)
			}
		}
		lines = append(lines, line)
	}
	for len(lines) > 0 && len(lines[len(lines)-1].Tokens) == 0 {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// tokenClass is the stylesheet's class for a type of token: a key or keyword, a
// string, a number, a comment, or none.
func tokenClass(t chroma.TokenType) string {
	switch {
	case t.InCategory(chroma.Comment):
		return "c"
	case t.InCategory(chroma.Keyword), t == chroma.NameTag:
		return "k"
	case t.InSubCategory(chroma.LiteralString):
		return "s"
	case t.InSubCategory(chroma.LiteralNumber):
		return "n"
	default:
		return ""
	}
}
