package markdown

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// tableParser reads tables of a size that can be shown. CommonMark fills up rows
// that are short, so that a small text can become a large table.
type tableParser struct{ parser.ParagraphTransformer }

// Transform implements [parser.ParagraphTransformer].
func (t tableParser) Transform(n *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines := n.Lines()
	for i := 1; i < min(lines.Len(), 100); i++ {
		seg := lines.At(i)
		row := seg.Value(reader.Source())
		if columns := strings.Count(string(row), "|") + 1; strings.Trim(string(row), "|:- \t\n") == "" && columns*lines.Len() > MaxCells {
			stateOf(pc).refuse(seg.Start, "the table has %d cells, and a table may have %d: split it", columns*lines.Len(), MaxCells)
			n.Lines().Clear()
			return
		}
	}
	t.ParagraphTransformer.Transform(n, reader, pc)
}

// transformer ends what needs the whole tree.
type transformer struct{}

// Transform implements [parser.ASTTransformer].
func (transformer) Transform(root *ast.Document, _ text.Reader, pc parser.Context) {
	s := stateOf(pc)
	if s.refused != nil {
		return
	}
	joined := map[ast.Node]bool{}
	for _, n := range nodes(root) {
		if p := n.Parent(); n.Kind() == kindCritic && p != nil && !joined[p] {
			joined[p] = true
			joinCritics(p)
		}
	}
	for _, n := range nodes(root) {
		if a, ok := n.(*attrs); ok && a.Parent() != nil {
			giveAttributes(a, s.source)
		}
	}
	abbrs := newAbbreviations(s.abbrs)
	for _, n := range nodes(root) {
		switch n := n.(type) {
		case *ast.Text:
			s.text(n, abbrs)
		case *span:
			s.unspan(n)
		case *tab:
			if n.Parent() != nil {
				s.joinTabs(n.Parent())
			}
		case *ast.Blockquote:
			s.alert(n)
		case *east.TaskCheckBox:
			task(n)
		case *ast.Link:
			if string(n.Destination) == "#" { // which the sanitizer takes for nothing
				n.Destination = []byte("#top")
			}
			n.SetAttributeString(lineAttribute, strconv.Itoa(s.lineIndex(n)))
		case *ast.Image, *ast.AutoLink:
			n.SetAttributeString(lineAttribute, strconv.Itoa(s.lineIndex(n)))
		case *ast.RawHTML:
			n.Parent().ReplaceChild(n.Parent(), n, &markup{html: s.inlineHTML(string(n.Segments.Value(s.source)), s.index(n.Segments.At(0).Start))})
		case *ast.HTMLBlock:
			html := linesOf(n, s.source)
			if n.HasClosure() {
				html += string(n.ClosureLine.Value(s.source))
			}
			n.Parent().ReplaceChild(n.Parent(), n, &markup{html: rawHTML(html, s.lineIndex(n))})
		case *ast.FencedCodeBlock:
			n.Parent().ReplaceChild(n.Parent(), n, &markup{html: s.fenced(n)})
		case *ast.CodeBlock:
			n.Parent().ReplaceChild(n.Parent(), n, &markup{html: s.code(codeInfo{first: -1}, linesOf(n, s.source))})
		case *ast.CodeSpan:
			s.codeSpan(n)
		}
	}
	s.headings(root)
}

// nodes lists the nodes of a tree, parents first.
func nodes(root ast.Node) []ast.Node {
	var all []ast.Node
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			all = append(all, n)
		}
		return ast.WalkContinue, nil
	})
	return all
}

// lineIndex is the number of the line of what was prepared on which a node begins.
// goldmark knows that of texts and blocks; other nodes it puts at 0.
func (s *state) lineIndex(n ast.Node) int {
	for _, c := range nodes(n) {
		if t, ok := c.(*ast.Text); ok {
			return s.index(t.Segment.Start)
		}
	}
	for p := n; p != nil; p = p.Parent() {
		if p.Pos() > 0 {
			return s.index(p.Pos())
		}
		if p.Type() == ast.TypeBlock && p.Lines().Len() > 0 {
			return s.index(p.Lines().At(0).Start)
		}
	}
	return 0
}

func (s *state) text(t *ast.Text, abbrs abbreviations) {
	if t.Parent() == nil || t.Parent().Kind() == ast.KindCodeSpan || t.IsRaw() {
		return
	}
	value := t.Segment.Value(s.source)
	replaceIn(t, abbrs.find(findSymbols(nil, value), string(value)))
}

// unspan makes text again of ^ and ~ around what has blanks: these are no sup and sub.
func (s *state) unspan(n *span) {
	if len(n.signs) != 1 || n.Parent() == nil {
		return
	}
	blank := false
	for _, c := range nodes(n) {
		if t, ok := c.(*ast.Text); ok && (t.SoftLineBreak() || strings.ContainsAny(string(t.Segment.Value(s.source)), " \t")) {
			blank = true
		}
	}
	if !blank {
		return
	}
	parent := n.Parent()
	parent.InsertBefore(parent, n, &markup{html: n.signs})
	parent.InsertAfter(parent, n, &markup{html: n.signs})
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		parent.InsertBefore(parent, n, c)
		c = next
	}
	parent.RemoveChild(parent, n)
}

// alert makes an admonition of a quote that begins with [!NOTE], as GitHub does.
func (s *state) alert(q *ast.Blockquote) {
	p, ok := q.FirstChild().(*ast.Paragraph)
	if !ok || p.Lines().Len() == 0 {
		return
	}
	seg := p.Lines().At(0)
	first := strings.TrimSpace(string(seg.Value(s.source)))
	kind := ""
	switch strings.ToUpper(first) {
	case "[!NOTE]", "[!TIP]", "[!IMPORTANT]", "[!WARNING]", "[!CAUTION]":
		kind = strings.ToLower(strings.Trim(first, "[!]"))
	default:
		return
	}
	for c := p.FirstChild(); c != nil; { // the first line, with its break
		next := c.NextSibling()
		t, isText := c.(*ast.Text)
		p.RemoveChild(p, c)
		if isText && (t.SoftLineBreak() || t.HardLineBreak()) {
			break
		}
		c = next
	}
	box, title := newBox("div", "admonition "+kind), newBox("p", "admonition-title")
	title.words = strings.ToUpper(kind[:1]) + kind[1:]
	box.AppendChild(box, title)
	box.SetPos(q.Pos())
	if !p.HasChildren() {
		q.RemoveChild(q, p)
	}
	for c := q.FirstChild(); c != nil; {
		next := c.NextSibling()
		box.AppendChild(box, c)
		c = next
	}
	q.Parent().ReplaceChild(q.Parent(), q, box)
}

// task gives a task the look of pymdownx.tasklist with custom_checkbox.
func task(n *east.TaskCheckBox) {
	block := n.Parent()
	if block == nil || block.Parent() == nil || block.Parent().Parent() == nil {
		return
	}
	item, list := block.Parent(), block.Parent().Parent()
	addClass(item, "task-list-item")
	addClass(list, "task-list")
	checked := ""
	if n.IsChecked {
		checked = ` checked="checked"`
	}
	block.ReplaceChild(block, n, &markup{html: `<label class="task-list-control"><input type="checkbox" disabled="disabled"` + checked +
		`><span class="task-list-indicator"></span></label> `})
}

func addClass(n ast.Node, class string) {
	old, _ := n.AttributeString("class")
	if s, ok := old.(string); ok && s != "" {
		if strings.Contains(s, class) {
			return
		}
		class = s + " " + class
	}
	n.SetAttributeString("class", class)
}
