package markdown

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var (
	markdownTag  = regexp.MustCompile(`^<(address|article|aside|blockquote|center|dd|details|dialog|div|dl|dt|figcaption|figure|footer|h[1-6]|header|li|main|nav|ol|p|section|summary|table|tbody|td|tfoot|th|thead|tr|ul|span)\b((?:[ \t]+[^<>\n]*)?[ \t]markdown(?:=(?:"[a-z1]*"|'[a-z1]*'|[a-z1]+))?(?:[ \t][^<>\n]*)?)>`)
	markdownWord = regexp.MustCompile(`[ \t]markdown(?:=(?:"[a-z1]*"|'[a-z1]*'|[a-z1]+))?`)
)

// openHTML reads the first line of a block of HTML whose start tag has the attribute
// markdown: what is in it is Markdown. As with CommonMark, and other than with MkDocs, what
// stands in any block of HTML after an empty line is Markdown, too.
// See https://python-markdown.github.io/extensions/md_in_html/.
func openHTML(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	pos := pc.BlockOffset()
	m := markdownTag.FindSubmatchIndex(line[pos:])
	if m == nil {
		return nil, parser.NoChildren
	}
	nested := 0
	for p := parent; p != nil; p = p.Parent() {
		nested++
	}
	if nested > MaxNesting {
		stateOf(pc).refuse(segment.Start, "blocks of HTML are inside one another more than %d deep", MaxNesting)
		return nil, parser.NoChildren
	}
	tag := string(line[pos+m[2] : pos+m[3]])
	given := markdownWord.ReplaceAllString(string(line[pos+m[4]:pos+m[5]]), "")
	n := &box{tag: tag, start: "<" + tag + given + ">", depth: 1}
	rest := line[pos+m[1]:]
	end := "</" + tag + ">"
	if i := strings.LastIndex(string(rest), end); i >= 0 && util.IsBlank(rest[i+len(end):]) {
		at := segment.Start - segment.Padding + pos + m[1]
		n.Lines().Append(text.NewSegment(at, at+i))
		n.done = true
		reader.AdvanceToEOL()
		return n, parser.NoChildren
	}
	n.depth += opened(rest, tag)
	reader.Advance(pos + m[1])
	return n, parser.HasChildren
}

// opened counts how many more elements of a name a line opens than it closes.
func opened(line []byte, tag string) int {
	s := strings.ToLower(string(line))
	return strings.Count(s, "<"+tag+">") + strings.Count(s, "<"+tag+" ") - strings.Count(s, "</"+tag+">")
}

func nextHTML(node ast.Node, reader text.Reader) parser.State {
	n := node.(*box)
	if n.done {
		return parser.Close
	}
	line, _ := reader.PeekLine()
	n.depth += opened(line, n.tag)
	if n.depth <= 0 {
		if util.IsBlank(line[util.TrimLeftSpaceLength(line):]) || strings.HasPrefix(strings.TrimSpace(string(line)), "</"+n.tag) {
			reader.AdvanceToEOL()
			return parser.Close
		}
		n.done = true
	}
	return parser.Continue | parser.HasChildren
}

var (
	linkTag    = regexp.MustCompile(`(?i)<(a|img|audio|video|source)([ \t\n/>])`)
	frameTag   = regexp.MustCompile(`(?is)<iframe\b[^>]*?\bsrc[ \t]*=[ \t]*["']([^"'<>]*)["'][^>]*>(?:.*?</iframe[ \t]*>)?`)
	textTag    = regexp.MustCompile(`(?i)<(/?(?:title|textarea|xmp|plaintext|noembed|noframes|noscript|iframe)\b)`)
	skippedTag = regexp.MustCompile(`(?i)<(/?)(` + strings.ReplaceAll(skipped, " ", "|") + `)\b[^>]*>?`)
	elementTag = regexp.MustCompile(`^</?([A-Za-z][\w.:-]*)`)
)

// rawHTML readies HTML of an author for the sanitizer. Elements that would have it
// take the rest of the page for text are text themselves, a frame is a link, and
// links get the line on which they stand.
func rawHTML(s string, line int) string {
	s = frameTag.ReplaceAllString(s, `<a href="$1">$1</a>`)
	s = textTag.ReplaceAllString(s, "&lt;$1")
	s = closeSkipped(s)
	at := linkTag.FindAllStringSubmatchIndex(s, -1)
	if len(at) == 0 {
		return s
	}
	var b strings.Builder
	from := 0
	for _, m := range at {
		line += strings.Count(s[from:m[0]], "\n")
		b.WriteString(s[from:m[3]] + " " + lineAttribute + `="` + strconv.Itoa(line) + `r"`)
		from = m[3]
	}
	return b.String() + s[from:]
}

// closeSkipped closes the elements of skipped that a text opens, and takes out what
// closes none: the sanitizer would pass over the rest of the page.
func closeSkipped(s string) string {
	at := skippedTag.FindAllStringSubmatchIndex(s, -1)
	if len(at) == 0 {
		return s
	}
	var b strings.Builder
	var open []string
	from := 0
	for _, m := range at {
		name := strings.ToLower(s[m[4]:m[5]])
		switch n := len(open); {
		case m[2] == m[3]:
			open = append(open, name)
		case n > 0 && open[n-1] == name:
			open = open[:n-1]
		default:
			b.WriteString(s[from:m[0]])
			from = m[1]
		}
	}
	b.WriteString(s[from:])
	for i := len(open) - 1; i >= 0; i-- {
		b.WriteString("</" + open[i] + ">")
	}
	return b.String()
}

// lineAttribute tells finish where a link was written: an index of a line of what
// was prepared, and r if it was HTML.
const lineAttribute = "data-line"

// inlineHTML readies a tag within a text. A tag of no known element is text, as
// people write <name> and mean it; so is one that would take with it what follows.
func (s *state) inlineHTML(tag string, line int) string {
	m := elementTag.FindStringSubmatch(tag)
	if m == nil {
		return ""
	}
	switch name := strings.ToLower(m[1]); name {
	case "a", "img", "audio", "video", "source", "iframe", "title", "textarea", "xmp", "plaintext", "noembed", "noframes", "noscript":
		return rawHTML(tag, line)
	default:
		if !s.elements[name] || slices.Contains(strings.Fields(skipped), name) {
			return escape(tag)
		}
		return tag
	}
}
