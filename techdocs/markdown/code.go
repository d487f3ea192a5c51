package markdown

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/yuin/goldmark/ast"
)

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

// fenced writes a block of code; a drawing or a formula stays as it is written, for
// an element of the page that draws it.
func (s *state) fenced(n *ast.FencedCodeBlock) string {
	info := codeInfo{first: -1}
	if n.Info != nil {
		info = readInfo(string(n.Info.Segment.Value(s.source)))
	}
	text := linesOf(n, s.source)
	switch strings.ToLower(info.lang) {
	case "mermaid":
		return `<pre class="mermaid"><code>` + escape(text) + "</code></pre>\n"
	case "plantuml", "puml", "uml":
		return `<pre class="plantuml"><code>` + escape(text) + "</code></pre>\n"
	case "math":
		return `<div class="arithmatex">\[` + escape(strings.TrimSpace(text)) + "\\]</div>\n"
	}
	return s.code(info, text)
}

func linesOf(n ast.Node, source []byte) string {
	var b strings.Builder
	for _, seg := range n.Lines().Sliced(0, n.Lines().Len()) {
		b.Write(seg.Value(source))
	}
	return b.String()
}

// code writes a block of code, a span for each line, with the classes of chroma,
// which are those of Pygments.
func (s *state) code(info codeInfo, text string) string {
	var w strings.Builder
	classes := append([]string{"highlight"}, info.classes...)
	if info.lang != "" {
		classes = append(classes, "language-"+strings.ToLower(info.lang))
	}
	w.WriteString(`<div class="` + escape(strings.Join(classes, " ")) + `"`)
	if info.id != "" {
		w.WriteString(` id="` + escape(info.id) + `"`)
	}
	w.WriteString(">")
	if info.title != "" {
		w.WriteString(`<span class="filename">` + escape(info.title) + "</span>")
	}
	w.WriteString("<pre><code>")
	number := info.first
	if number < 0 {
		if number = 0; !s.dialect.NoLineNumbers && info.lang != "" {
			number = 1
		}
	}
	lines := [][]chroma.Token(nil)
	if lexer := lexerOf(info.lang); lexer != nil && fitsLexer(text) {
		lines = s.tokens(lexer, text)
	}
	if lines == nil {
		for l := range strings.Lines(text) {
			lines = append(lines, []chroma.Token{{Type: chroma.Text, Value: l}})
		}
	}
	for i, l := range lines {
		w.WriteString(`<span class="line`)
		if info.marked[i+1] {
			w.WriteString(" hll")
		}
		w.WriteByte('"')
		if number > 0 {
			w.WriteString(` data-number="` + strconv.Itoa(number+i) + `"`)
		}
		w.WriteByte('>')
		writeTokens(&w, l)
		w.WriteString("</span>")
	}
	w.WriteString("</code></pre></div>\n")
	return w.String()
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

// tokens returns the tokens of each line, nil if the lexer fails or the page has no
// time left for it.
func (s *state) tokens(lexer chroma.Lexer, text string) [][]chroma.Token {
	if s.lexing > maxLexing {
		return nil
	}
	begin := time.Now()
	defer func() { s.lexing += time.Since(begin) }()
	next, err := chroma.Coalesce(lexer).Tokenise(nil, text)
	if err != nil {
		return nil
	}
	var all []chroma.Token
	for t := next(); t != chroma.EOF; t = next() {
		if all = append(all, t); time.Since(begin) > maxLexing-s.lexing {
			return nil
		}
	}
	lines := chroma.SplitTokensIntoLines(all)
	if n := len(lines); n > 0 && len(lines[n-1]) == 0 {
		lines = lines[:n-1]
	}
	return lines
}

func writeTokens(w *strings.Builder, line []chroma.Token) {
	for _, t := range line {
		class := chroma.StandardTypes[t.Type]
		if class == "" || strings.TrimSpace(t.Value) == "" {
			w.WriteString(escape(t.Value))
			continue
		}
		w.WriteString(`<span class="` + class + `">` + escape(t.Value) + "</span>")
	}
}

var inlineLanguage = regexp.MustCompile(`^(?:#!|:::)([\w+#.-]+)[ \t]+(.+)$`)

// codeSpan colours code within a text: `#!py code` (pymdownx.inlinehilite).
func (s *state) codeSpan(n *ast.CodeSpan) {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(s.source))
		}
	}
	text := strings.ReplaceAll(b.String(), "\n", " ")
	m := inlineLanguage.FindStringSubmatch(text)
	if m == nil || len(text) > maxCodeLine || n.Parent() == nil {
		return
	}
	lexer := lexerOf(m[1])
	if lexer == nil {
		return
	}
	lines := s.tokens(lexer, m[2])
	if len(lines) == 0 {
		return
	}
	last := lines[len(lines)-1]
	last[len(last)-1].Value = strings.TrimSuffix(last[len(last)-1].Value, "\n")
	var w strings.Builder
	w.WriteString(`<code class="highlight language-` + escape(strings.ToLower(m[1])) + `">`)
	for _, l := range lines {
		writeTokens(&w, l)
	}
	w.WriteString("</code>")
	n.Parent().ReplaceChild(n.Parent(), n, &markup{html: w.String()})
}
