package markdown

import (
	east "github.com/yuin/goldmark-emoji/ast"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// goldmark numbers kinds of nodes and keys of a context when they are made, so
// these are made once.
var (
	kindBox    = ast.NewNodeKind("Box")
	kindSpan   = ast.NewNodeKind("Span")
	kindMarkup = ast.NewNodeKind("Markup")
	kindAttrs  = ast.NewNodeKind("Attrs")
	kindCritic = ast.NewNodeKind("Critic")
	kindTab    = ast.NewNodeKind("Tab")
	kindSource = ast.NewNodeKind("Source")

	stateKey = parser.NewContextKey()
)

// box is an element that holds blocks; with lines, text.
type box struct {
	ast.BaseBlock
	tag   string
	start string // the start tag as an author wrote it; then tag and attributes are not looked at
	words string // what it says, if that is not in the source
	depth int    // of HTML that is read: elements of the same name that are open
	done  bool   // of HTML that is read: its end was seen
}

// Kind implements [ast.Node].
func (*box) Kind() ast.NodeKind { return kindBox }

// Dump is for debugging.
func (b *box) Dump(source []byte, level int) {
	ast.DumpHelper(b, source, level, map[string]string{"tag": b.tag}, nil)
}

func newBox(tag, class string) *box {
	b := &box{tag: tag}
	if class != "" {
		b.SetAttributeString("class", class)
	}
	return b
}

// span is an element that holds text.
type span struct {
	ast.BaseInline
	tag   string
	signs string // what it was marked with, should it turn out to be no element
}

// Kind implements [ast.Node].
func (*span) Kind() ast.NodeKind { return kindSpan }

// Dump is for debugging.
func (s *span) Dump(source []byte, level int) {
	ast.DumpHelper(s, source, level, map[string]string{"tag": s.tag}, nil)
}

// markup is HTML that this package wrote.
type markup struct {
	ast.BaseInline
	html string
}

// Kind implements [ast.Node].
func (*markup) Kind() ast.NodeKind { return kindMarkup }

// Dump is for debugging.
func (m *markup) Dump(source []byte, level int) {
	ast.DumpHelper(m, source, level, map[string]string{"html": m.html}, nil)
}

// sourceBlock is text that is shown as it is written, for a drawing or a formula:
// lines between html and end.
type sourceBlock struct {
	ast.BaseBlock
	start, end string
}

// Kind implements [ast.Node].
func (*sourceBlock) Kind() ast.NodeKind { return kindSource }

// IsRaw keeps goldmark from reading the lines as Markdown.
func (*sourceBlock) IsRaw() bool { return true }

// Dump is for debugging.
func (s *sourceBlock) Dump(source []byte, level int) { ast.DumpHelper(s, source, level, nil, nil) }

// nodeRenderer writes the nodes of this package.
type nodeRenderer struct{}

// RegisterFuncs implements [renderer.NodeRenderer].
func (nodeRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindBox, renderBox)
	r.Register(kindSpan, renderSpan)
	r.Register(kindMarkup, renderMarkup)
	r.Register(kindSource, renderSource)
	r.Register(east.KindEmoji, renderEmoji)
	r.Register(kindAttrs, renderNothing)
	r.Register(kindCritic, renderNothing)
	r.Register(kindTab, renderNothing)
}

func renderBox(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	b := n.(*box)
	switch {
	case !entering:
		_, _ = w.WriteString("</" + b.tag + ">\n")
	case b.start != "":
		_, _ = w.WriteString(b.start)
	default:
		startTag(w, b.tag, n)
	}
	if entering && b.words != "" {
		_, _ = w.WriteString(escape(b.words))
	} else if entering && b.Lines().Len() == 0 {
		_ = w.WriteByte('\n')
	}
	return ast.WalkContinue, nil
}

func renderSpan(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if s := n.(*span); entering {
		startTag(w, s.tag, n)
	} else {
		_, _ = w.WriteString("</" + s.tag + ">")
	}
	return ast.WalkContinue, nil
}

func startTag(w util.BufWriter, tag string, n ast.Node) {
	_, _ = w.WriteString("<" + tag)
	html.RenderAttributes(w, n, nil)
	_ = w.WriteByte('>')
}

func renderMarkup(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString(n.(*markup).html)
	}
	return ast.WalkContinue, nil
}

func renderSource(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		s, ok := n.(*sourceBlock)
		if !ok {
			s = &n.(*mathBlock).sourceBlock
		}
		_, _ = w.WriteString(s.start)
		for _, seg := range s.Lines().Sliced(0, s.Lines().Len()) {
			_, _ = w.Write(util.EscapeHTML(seg.Value(source)))
		}
		_, _ = w.WriteString(s.end + "\n")
	}
	return ast.WalkSkipChildren, nil
}

// renderEmoji writes the character; names that stand for a picture only are text.
func renderEmoji(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	switch e := n.(*east.Emoji); {
	case !entering:
	case e.Value.IsUnicode():
		_, _ = w.WriteString(string(e.Value.Unicode))
	default:
		_, _ = w.WriteString(":" + escape(string(e.ShortName)) + ":")
	}
	return ast.WalkContinue, nil
}

func renderNothing(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
	return ast.WalkContinue, nil
}
