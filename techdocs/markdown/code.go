package markdown

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// codeRenderer writes code with the classes of chroma, which are those of Pygments.
type codeRenderer struct{ numbers bool }

func (c codeRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, c.fenced)
	r.Register(ast.KindCodeBlock, c.indented)
	r.Register(ast.KindCodeSpan, c.span)
}

// codeInfo is what stands after the fence of a block: a language, and a title,
// numbers and lines to mark.
type codeInfo struct {
	lang, title, id string
	classes         []string
	first           int // number of the first line, 0 for no numbers, -1 for the default
	marked          map[int]bool
}

var infoOption = regexp.MustCompile(`^(?:([A-Za-z_][\w-]*)=(?:"([^"]*)"|'([^']*)'|([^\s"'}]+))|([.#]?)([\w+#.-]+))[ \t]*`)

// readInfo reads the line of a fence: "py title='x'" or "{ .py #id title='x' }".
// See https://facelessuser.github.io/pymdown-extensions/extensions/superfences/.
func readInfo(s string) codeInfo {
	c := codeInfo{first: -1}
	s = strings.TrimSpace(s)
	braces := strings.HasPrefix(s, "{")
	if i := strings.IndexByte(s, '{'); i > 0 { // py{ .class } and py {1,3}
		s = s[:i] + " " + s[i+1:]
	}
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimLeft(s, "{: \t"), "}"))
	for s != "" {
		m := infoOption.FindStringSubmatch(s)
		if m == nil {
			s = strings.TrimLeft(s[1:], " \t")
			continue
		}
		s = s[len(m[0]):]
		value := m[2] + m[3] + m[4]
		switch {
		case m[1] == "title":
			c.title = value
		case m[1] == "linenums":
			n, _, _ := strings.Cut(strings.TrimSpace(value), " ")
			c.first, _ = strconv.Atoi(n)
			c.first = max(c.first, 0)
		case m[1] == "hl_lines":
			c.marked = readLines(value)
		case m[1] != "":
		case m[5] == "#":
			c.id = m[6]
		case c.lang == "" && (m[5] == "." || !braces):
			c.lang = strings.TrimPrefix(m[6], ".")
		case m[5] == ".":
			c.classes = append(c.classes, m[6])
		}
	}
	return c
}

// readLines reads numbers and ranges of lines: "2 4-6".
func readLines(s string) map[int]bool {
	lines := map[int]bool{}
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' }) {
		a, b, isRange := strings.Cut(f, "-")
		from, err := strconv.Atoi(a)
		to := from
		if isRange && err == nil {
			to, err = strconv.Atoi(b)
		}
		if err == nil && from > 0 && to-from < 10_000 {
			for n := from; n <= to; n++ {
				lines[n] = true
			}
		}
		if len(lines) > 10_000 {
			break
		}
	}
	return lines
}

func (c codeRenderer) fenced(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	n := node.(*ast.FencedCodeBlock)
	var info codeInfo
	if n.Info != nil {
		info = readInfo(string(n.Info.Segment.Value(source)))
	} else {
		info.first = -1
	}
	text := linesOf(n, source)
	switch strings.ToLower(info.lang) {
	case "mermaid":
		_, _ = w.WriteString(`<pre class="mermaid"><code>` + escape(text) + "</code></pre>\n")
	case "plantuml", "puml", "uml":
		_, _ = w.WriteString(`<pre class="plantuml"><code>` + escape(text) + "</code></pre>\n")
	case "math":
		_, _ = w.WriteString(`<div class="arithmatex">\[` + escape(strings.TrimSpace(text)) + "\\]</div>\n")
	default:
		_, plain := n.AttributeString(plainAttribute)
		c.block(w, info, text, plain)
	}
	return ast.WalkContinue, nil
}

// plainAttribute marks blocks that are not coloured, as the page has too much code.
const plainAttribute = "data-plain"

func (c codeRenderer) indented(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		c.block(w, codeInfo{first: -1}, linesOf(n, source), true)
	}
	return ast.WalkContinue, nil
}

func linesOf(n ast.Node, source []byte) string {
	var b strings.Builder
	for _, seg := range n.Lines().Sliced(0, n.Lines().Len()) {
		b.Write(seg.Value(source))
	}
	return b.String()
}

// block writes a block of code, a span for each line.
func (c codeRenderer) block(w util.BufWriter, info codeInfo, text string, plain bool) {
	classes := append([]string{"highlight"}, info.classes...)
	if info.lang != "" {
		classes = append(classes, "language-"+strings.ToLower(info.lang))
	}
	_, _ = w.WriteString(`<div class="` + escape(strings.Join(classes, " ")) + `"`)
	if info.id != "" {
		_, _ = w.WriteString(` id="` + escape(info.id) + `"`)
	}
	_, _ = w.WriteString(">")
	if info.title != "" {
		_, _ = w.WriteString(`<span class="filename">` + escape(info.title) + "</span>")
	}
	_, _ = w.WriteString("<pre><code>")
	number := info.first
	if number < 0 {
		if number = 0; c.numbers && info.lang != "" {
			number = 1
		}
	}
	lines := [][]chroma.Token(nil)
	if lexer := lexerOf(info.lang); !plain && lexer != nil && fitsLexer(text) {
		lines = tokens(lexer, text)
	}
	if lines == nil {
		for l := range strings.Lines(text) {
			lines = append(lines, []chroma.Token{{Type: chroma.Text, Value: l}})
		}
	}
	for i, l := range lines {
		_, _ = w.WriteString(`<span class="line`)
		if info.marked[i+1] {
			_, _ = w.WriteString(" hll")
		}
		_ = w.WriteByte('"')
		if number > 0 {
			_, _ = w.WriteString(` data-number="` + strconv.Itoa(number+i) + `"`)
		}
		_ = w.WriteByte('>')
		writeTokens(w, l)
		_, _ = w.WriteString("</span>")
	}
	_, _ = w.WriteString("</code></pre></div>\n")
}

// fitsLexer keeps what lexers take long for from them.
func fitsLexer(text string) bool {
	if len(text) > maxCode {
		return false
	}
	for l := range strings.Lines(text) {
		if len(l) > maxCodeLine {
			return false
		}
	}
	return true
}

func lexerOf(lang string) chroma.Lexer {
	if lang == "" || len(lang) > 40 {
		return nil
	}
	return lexers.Get(lang)
}

// tokens returns the tokens of each line, nil if the lexer fails.
func tokens(lexer chroma.Lexer, text string) [][]chroma.Token {
	it, err := chroma.Coalesce(lexer).Tokenise(nil, text)
	if err != nil {
		return nil
	}
	lines := chroma.SplitTokensIntoLines(it.Tokens())
	if n := len(lines); n > 0 && len(lines[n-1]) == 0 {
		lines = lines[:n-1]
	}
	return lines
}

func writeTokens(w util.BufWriter, line []chroma.Token) {
	for _, t := range line {
		class := chroma.StandardTypes[t.Type]
		if class == "" || strings.TrimSpace(t.Value) == "" {
			_, _ = w.WriteString(escape(t.Value))
			continue
		}
		_, _ = w.WriteString(`<span class="` + class + `">` + escape(t.Value) + "</span>")
	}
}

var inlineLanguage = regexp.MustCompile(`^(?:#!|:::)([\w+#.-]+)[ \t]+(.+)$`)

// span writes code within a text; `#!py code` is coloured (pymdownx.inlinehilite).
func (codeRenderer) span(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	var b bytes.Buffer
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(bytes.ReplaceAll(t.Segment.Value(source), []byte("\n"), []byte(" ")))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		} else if s, ok := c.(*ast.String); ok {
			b.Write(s.Value)
		}
	}
	text := b.String()
	if m := inlineLanguage.FindStringSubmatch(text); m != nil && len(text) < maxCodeLine {
		if lexer := lexerOf(m[1]); lexer != nil {
			_, _ = w.WriteString(`<code class="highlight language-` + escape(strings.ToLower(m[1])) + `">`)
			for _, l := range tokens(lexer, m[2]) {
				if k := len(l); k > 0 {
					l[k-1].Value = strings.TrimSuffix(l[k-1].Value, "\n")
				}
				writeTokens(w, l)
			}
			_, _ = w.WriteString("</code>")
			return ast.WalkSkipChildren, nil
		}
	}
	_, _ = w.WriteString("<code")
	html.RenderAttributes(w, n, nil)
	_, _ = w.WriteString(">" + escape(text) + "</code>")
	return ast.WalkSkipChildren, nil
}
