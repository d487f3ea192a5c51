package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// inlineParser is goldmark's interface to what begins with a character in a text.
type inlineParser struct {
	signs string // the characters
	parse func(parent ast.Node, block text.Reader, pc parser.Context) ast.Node
}

// Trigger implements [parser.InlineParser].
func (p inlineParser) Trigger() []byte { return []byte(p.signs) }

// Parse implements [parser.InlineParser].
func (p inlineParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	return p.parse(parent, block, pc)
}

// linkParser is goldmark's, but for one thing: in [text][^1] the text may be a link,
// and what follows is a footnote.
type linkParser struct {
	parser.InlineParser
	parser.CloseBlocker
}

func newLinkParser() parser.InlineParser {
	p := parser.NewLinkParser()
	closer, ok := p.(parser.CloseBlocker)
	if !ok {
		return p
	}
	return linkParser{p, closer}
}

// Parse implements [parser.InlineParser].
func (p linkParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if line, _ := block.PeekLine(); bytes.HasPrefix(line, []byte("][^")) {
		block = noLabel{block}
	}
	return p.InlineParser.Parse(parent, block, pc)
}

// noLabel hides that a label follows.
type noLabel struct{ text.Reader }

// Peek implements [text.Reader].
func (noLabel) Peek() byte { return ' ' }

// blockParser is goldmark's interface to what begins with a character in a line.
type blockParser struct {
	signs      string // the characters
	open       func(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State)
	next       func(n ast.Node, reader text.Reader) parser.State // with the next line; nil for blocks of one line
	close      func(n ast.Node)                                  // nil if there is nothing to do
	interrupts bool                                              // a paragraph
}

// Trigger implements [parser.BlockParser].
func (p blockParser) Trigger() []byte { return []byte(p.signs) }

// Open implements [parser.BlockParser].
func (p blockParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	if pc.BlockOffset() < 0 {
		return nil, parser.NoChildren
	}
	return p.open(parent, reader, pc)
}

// Continue implements [parser.BlockParser].
func (p blockParser) Continue(n ast.Node, reader text.Reader, _ parser.Context) parser.State {
	if p.next == nil {
		return parser.Close
	}
	return p.next(n, reader)
}

// Close implements [parser.BlockParser].
func (p blockParser) Close(n ast.Node, _ text.Reader, _ parser.Context) {
	if p.close != nil {
		p.close(n)
	}
}

// CanInterruptParagraph implements [parser.BlockParser].
func (p blockParser) CanInterruptParagraph() bool { return p.interrupts }

// CanAcceptIndentedLine implements [parser.BlockParser].
func (p blockParser) CanAcceptIndentedLine() bool { return false }
