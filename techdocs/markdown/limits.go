package markdown

import (
	"time"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// The limits of a page. They are far beyond what anybody writes, and near enough to
// keep the time and the memory that a hostile page takes small.
const (
	MaxPage      = 2 << 20  // bytes of a page, with all that it includes
	MaxOutput    = 16 << 20 // bytes of HTML that it becomes
	MaxLine      = 64 << 10 // bytes of a line outside of code
	MaxNesting   = 50       // lists, quotes and boxes inside one another
	MaxCells     = 50_000   // of a table
	MaxSigns     = 2_000    // characters with a meaning in one paragraph, heading or cell
	MaxPageSigns = 400_000  // of them in a page
	MaxFootnotes = 2_000    // of a page
	MaxIncludes  = 500      // files that a page includes, each as often as it does

	maxIncluded   = 10        // files that include one another
	maxProblems   = 100       // of a page
	maxAbbrs      = 1000      // abbreviations of a page
	maxCode       = 256 << 10 // bytes of a block of code that are coloured
	maxCodeLine   = 4 << 10   // bytes of a line of code that is coloured
	maxAttributes = 20        // of one attribute list
)

// maxLexing is the time that the code of a page may take to be coloured; code that
// comes later is shown without colours. Lexers are made of regular expressions that
// go back, so that a text can be made for which they never end. It is the one limit
// that counts time, a hundred times what a page of code takes, and it changes
// colours only.
const maxLexing = 5 * time.Second

// limitSigns counts the characters that may begin something in a text. Where they
// are too many, goldmark would look for pairs too long: the page is refused and the
// rest of the text is passed over.
func limitSigns(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	s := stateOf(pc)
	if s.counted != parent {
		s.counted, s.signs = parent, 0
	}
	s.signs++
	s.allSigns++
	if s.signs <= MaxSigns && s.allSigns <= MaxPageSigns && s.refused == nil {
		return nil
	}
	_, at := block.PeekLine()
	if s.allSigns > MaxPageSigns {
		s.refuse(at.Start, "the page has more than %d characters with a meaning for Markdown, such as * and [: split it", MaxPageSigns)
	}
	s.refuse(at.Start, "the paragraph has more than %d characters with a meaning for Markdown, such as * and [: break it", MaxSigns)
	for line, _ := block.PeekLine(); line != nil; line, _ = block.PeekLine() {
		block.AdvanceLine()
	}
	return &markup{}
}

// footnoteLimit refuses pages with so many footnotes that goldmark, which looks for
// each among all, would take long.
type footnoteLimit struct{ parser.BlockParser }

// Open implements [parser.BlockParser].
func (f footnoteLimit) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	_, at := reader.PeekLine()
	n, state := f.BlockParser.Open(parent, reader, pc)
	if n == nil {
		return nil, state
	}
	s := stateOf(pc)
	if s.footnotes++; s.footnotes > MaxFootnotes {
		s.refuse(at.Start, "the page has more than %d footnotes: split it", MaxFootnotes)
		reader.AdvanceToEOL()
		return &sourceBlock{}, parser.NoChildren
	}
	return n, state
}

// Close implements [parser.BlockParser].
func (f footnoteLimit) Close(n ast.Node, reader text.Reader, pc parser.Context) {
	if _, ok := n.(*sourceBlock); !ok {
		f.BlockParser.Close(n, reader, pc)
	}
}
