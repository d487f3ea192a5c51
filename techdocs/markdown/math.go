package markdown

import (
	"bytes"
	"regexp"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var dollars = regexp.MustCompile(`^\$([^\s$](?:[^$\\\n]|\\.)*?)\$`)

// parseMath reads a formula as pymdownx.arithmatex with generic: true does, and
// keeps it as it is written, in what MathJax and KaTeX look for.
// See https://facelessuser.github.io/pymdown-extensions/extensions/arithmatex/.
func parseMath(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	line = line[:min(len(line), 1<<10)]
	if body, n := between(line, "$$", "$$"); n > 0 {
		block.Advance(n)
		return &markup{html: `<span class="arithmatex">\[` + escape(body) + `\]</span>`}
	}
	body, n := between(line, `\(`, `\)`)
	if m := dollars.FindSubmatch(line); m != nil && !util.IsSpace(m[1][len(m[1])-1]) {
		body, n = string(m[1]), len(m[0])
	}
	if n == 0 {
		return nil
	}
	block.Advance(n)
	return &markup{html: `<span class="arithmatex">\(` + escape(body) + `\)</span>`}
}

// between returns what a line has between two signs at its beginning, and the length
// of all.
func between(line []byte, open, end string) (body string, n int) {
	rest, ok := bytes.CutPrefix(line, []byte(open))
	if !ok {
		return "", 0
	}
	i := bytes.Index(rest, []byte(end))
	if i <= 0 {
		return "", 0
	}
	return string(rest[:i]), len(open) + i + len(end)
}

// openMath reads the first line of a formula that has its own lines: $$ … $$, \[ … \] and
// \begin{x} … \end{x}.
func openMath(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	pos := pc.BlockOffset()
	body := bytes.TrimSpace(line[pos:])
	end, open := "", 2
	switch {
	case bytes.HasPrefix(body, []byte("$$")):
		end = "$$"
	case bytes.HasPrefix(body, []byte(`\[`)):
		end = `\]`
	case bytes.HasPrefix(body, []byte(`\begin{`)):
		i := bytes.IndexByte(body, '}')
		if i < 0 {
			return nil, parser.NoChildren
		}
		end, open = `\end`+string(body[6:i+1]), 0
	default:
		return nil, parser.NoChildren
	}
	n := &mathBlock{sourceBlock: sourceBlock{start: `<div class="arithmatex">\[`, end: `\]</div>`}, until: end}
	at := segment.Start - segment.Padding + pos + open
	rest := body[open:]
	if i := bytes.Index(rest, []byte(end)); i >= 0 && len(bytes.TrimSpace(rest[i+len(end):])) > 0 {
		return nil, parser.NoChildren // a formula in a line of text
	} else if i >= 0 {
		if open == 0 {
			i += len(end)
		}
		n.Lines().Append(text.NewSegment(at, at+i))
		n.done = true
	} else if at < segment.Stop {
		n.Lines().Append(text.NewSegment(at, segment.Stop))
	}
	reader.AdvanceToEOL()
	return n, parser.NoChildren
}

// mathBlock is a formula that is being read.
type mathBlock struct {
	sourceBlock
	until string
	done  bool
}

func nextMath(node ast.Node, reader text.Reader) parser.State {
	n := node.(*mathBlock)
	if n.done {
		return parser.Close
	}
	line, segment := reader.PeekLine()
	if i := bytes.Index(line, []byte(n.until)); i >= 0 {
		if n.until[:2] == `\e` {
			i += len(n.until)
		}
		n.Lines().Append(text.NewSegment(segment.Start, segment.Start-segment.Padding+i))
		n.done = true
	} else {
		n.Lines().Append(segment)
	}
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}
