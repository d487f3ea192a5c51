package markdown

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var admonitionLine = regexp.MustCompile(`^(!!!|\?\?\?\+?)[ \t]*([\w-]+(?:[ \t]+[\w-]+)*)?(?:[ \t]+"(.*?)"|"(.*?)")?[ \t]*\n?$`)

// openAdmonition reads the first line of an admonition or of details; what is
// indented by four belongs to them.
//
//	!!! note inline "Title"     an admonition
//	??? note "Title"            details; with ???+ they are open
//
// See https://python-markdown.github.io/extensions/admonition/ and
// https://facelessuser.github.io/pymdown-extensions/extensions/details/.
func openAdmonition(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	pos := pc.BlockOffset()
	m := admonitionLine.FindSubmatchIndex(line[pos:])
	if m == nil || m[4] < 0 && m[6] < 0 && m[8] < 0 {
		return nil, parser.NoChildren
	}
	part := func(i int) string {
		if m[i] < 0 {
			return ""
		}
		return string(line[pos+m[i] : pos+m[i+1]])
	}
	kind := strings.ToLower(part(4))
	sign := part(2)
	box, title := newBox("div", "admonition "+classOf(kind)), newBox("p", "admonition-title")
	if sign[0] == '?' {
		box, title = newBox("details", classOf(kind)), newBox("summary", "")
		if sign == "???+" {
			box.SetAttributeString("open", "open")
		}
	}
	start := 6
	if m[6] < 0 {
		start = 8
	}
	switch {
	case m[start] < 0: // no title: that of the kind
		first, _, _ := strings.Cut(kind, " ")
		title.words = strings.ToUpper(first[:1]) + first[1:]
		box.AppendChild(box, title)
	case m[start] < m[start+1]:
		at := segment.Start - segment.Padding + pos
		title.Lines().Append(text.NewSegment(at+m[start], at+m[start+1]))
		title.SetPos(at)
		box.AppendChild(box, title)
	}
	reader.AdvanceToEOL()
	return box, parser.HasChildren
}

// classOf returns the classes of an admonition. Names that Material for MkDocs has
// for the same thing become the one that a stylesheet knows, as pages of a portal
// have other things by these names.
func classOf(kind string) string {
	words := strings.Fields(kind)
	for i, w := range words {
		switch w {
		case "todo":
			words[i] = "info"
		case "check", "done":
			words[i] = "success"
		case "fail":
			words[i] = "failure"
		}
	}
	return strings.Join(words, " ")
}

// indented goes on with what is indented by four.
func indented(_ ast.Node, reader text.Reader) parser.State {
	line, _ := reader.PeekLine()
	if util.IsBlank(line) {
		return parser.Continue | parser.HasChildren
	}
	pos, padding := util.IndentPosition(line, reader.LineOffset(), 4)
	if pos < 0 {
		return parser.Close
	}
	reader.AdvanceAndSetPadding(pos, padding)
	return parser.Continue | parser.HasChildren
}

// tab is one tab, before tabs that follow one another become a set.
type tab struct {
	ast.BaseBlock
	fresh, selected bool
}

// Kind implements [ast.Node].
func (*tab) Kind() ast.NodeKind { return kindTab }

// Dump is for debugging.
func (t *tab) Dump(source []byte, level int) { ast.DumpHelper(t, source, level, nil, nil) }

var tabLine = regexp.MustCompile(`^===([!+]*)[ \t]+(?:"(.+?)"|'(.+?)')[ \t]*\n?$`)

// openTab reads the first line of a tab: === "Label", with ! a new set, with + the tab that
// is shown first. See https://facelessuser.github.io/pymdown-extensions/extensions/tabbed/.
func openTab(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	pos := pc.BlockOffset()
	m := tabLine.FindSubmatchIndex(line[pos:])
	if m == nil {
		return nil, parser.NoChildren
	}
	signs := string(line[pos+m[2] : pos+m[3]])
	t := &tab{fresh: strings.Contains(signs, "!"), selected: strings.Contains(signs, "+")}
	i := 4
	if m[4] < 0 {
		i = 6
	}
	at := segment.Start - segment.Padding + pos
	t.AppendChild(t, newLabel(text.NewSegment(at+m[i], at+m[i+1])))
	reader.AdvanceToEOL()
	return t, parser.HasChildren
}

// newLabel is the label of a tab; for which one is known when the set is.
func newLabel(words text.Segment) *box {
	l := newBox("label", "")
	l.Lines().Append(words)
	l.SetPos(words.Start)
	return l
}

var slashLine = regexp.MustCompile(`^(/{3,})[ \t]*([\w-]+)(?:[ \t]*\|[ \t]*(.*?))?[ \t]*\n?$`)

// openSlashes reads the first line of a block of pymdownx.blocks, which can take the place of both:
//
//	/// note | Title
//	/// details | Title
//	/// tab | Label
//
// A line with the same number of slashes ends them.
// See https://facelessuser.github.io/pymdown-extensions/extensions/blocks/.
func openSlashes(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	pos := pc.BlockOffset()
	m := slashLine.FindSubmatchIndex(line[pos:])
	if m == nil {
		return nil, parser.NoChildren
	}
	kind := strings.ToLower(string(line[pos+m[4] : pos+m[5]]))
	var words text.Segment
	if m[6] >= 0 && m[6] < m[7] {
		at := segment.Start - segment.Padding + pos
		words = text.NewSegment(at+m[6], at+m[7])
	}
	node := slashBox(kind, words)
	node.SetAttributeString(slashAttribute, string(line[pos+m[2]:pos+m[3]]))
	reader.AdvanceToEOL()
	return node, parser.HasChildren
}

// slashAttribute holds the fence while a box is open.
const slashAttribute = "data-fence"

func slashBox(kind string, words text.Segment) ast.Node {
	if kind == "tab" && !words.IsEmpty() {
		t := &tab{}
		t.AppendChild(t, newLabel(words))
		return t
	}
	outer, title := newBox("div", "admonition "+classOf(kind)), newBox("p", "admonition-title")
	if details, ok := strings.CutPrefix(kind, "details"); ok {
		outer, title = newBox("details", strings.TrimPrefix(details, "-")), newBox("summary", "")
		kind = "details"
	}
	if words.IsEmpty() {
		title.words = strings.ToUpper(kind[:1]) + kind[1:]
	} else {
		title.Lines().Append(words)
		title.SetPos(words.Start)
	}
	outer.AppendChild(outer, title)
	return outer
}

func untilSlashes(n ast.Node, reader text.Reader) parser.State {
	line, _ := reader.PeekLine()
	if fence, ok := n.AttributeString(slashAttribute); ok && strings.TrimSpace(string(line)) == fence {
		reader.AdvanceToEOL()
		return parser.Close
	}
	return parser.Continue | parser.HasChildren
}

func closeSlashes(n ast.Node) { n.SetAttributeString(slashAttribute, "") }
