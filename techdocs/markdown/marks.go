package markdown

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markProcessor pairs the signs of a mark.
type markProcessor struct {
	sign     byte
	one, two string // elements for one sign and for two
}

// IsDelimiter implements [parser.DelimiterProcessor].
func (p markProcessor) IsDelimiter(b byte) bool { return b == p.sign }

// CanOpenCloser implements [parser.DelimiterProcessor].
func (p markProcessor) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char && opener.OriginalLength == closer.OriginalLength
}

// OnMatch implements [parser.DelimiterProcessor].
func (p markProcessor) OnMatch(consumes int) ast.Node {
	if consumes == 1 {
		return &span{tag: p.one, signs: string(p.sign)}
	}
	return &span{tag: p.two, signs: string([]byte{p.sign, p.sign})}
}

// marks returns the processors of pymdownx.caret, tilde and mark: ^^inserted^^,
// ^sup^, ~~deleted~~, ~sub~, ==marked==.
func marks() []markProcessor {
	return []markProcessor{{'^', "sup", "ins"}, {'~', "sub", "del"}, {'=', "", "mark"}}
}

func (p markProcessor) parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	before := block.PrecendingCharacter()
	line, segment := block.PeekLine()
	least := 1
	if p.one == "" {
		least = 2
	}
	n := parser.ScanDelimiter(line, before, least, p)
	if n == nil || n.OriginalLength > 2 || before == rune(p.sign) {
		return nil
	}
	if n.OriginalLength == 1 { // within words, whatever stands around it; blanks are looked at in unspan
		n.CanOpen = len(line) > 1 && !util.IsSpace(line[1])
		n.CanClose = !unicode.IsSpace(before)
	}
	n.Segment = segment.WithStop(segment.Start + n.OriginalLength)
	block.Advance(n.OriginalLength)
	pc.PushDelimiter(n)
	return n
}

// critic is a sign of CriticMarkup, before signs become pairs.
type critic struct {
	ast.BaseInline
	sign string
}

// Kind implements [ast.Node].
func (*critic) Kind() ast.NodeKind { return kindCritic }

// Dump is for debugging.
func (c *critic) Dump(source []byte, level int) { ast.DumpHelper(c, source, level, nil, nil) }

// parseCritic reads a sign of CriticMarkup within one paragraph:
// {++new++}, {--old--}, {~~old~>new~~}, {==marked==}, {>>comment<<}.
// See https://facelessuser.github.io/pymdown-extensions/extensions/critic/.
func parseCritic(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	sign := ""
	if len(line) >= 3 {
		switch s := string(line[:3]); s {
		case "{++", "{--", "{~~", "{==", "{>>", "++}", "--}", "~~}", "==}", "<<}":
			sign = s
		}
	}
	if sign == "" && bytes.HasPrefix(line, []byte("~>")) {
		sign = "~>"
	}
	if sign == "" {
		return nil
	}
	block.Advance(len(sign))
	return &critic{sign: sign}
}

// criticElement is the element that a sign of CriticMarkup opens, and the sign that ends it.
func criticElement(open string) (tag, class, end string) {
	switch open {
	case "{++":
		return "ins", "critic", "++}"
	case "{~>": // what takes the place of the old
		return "ins", "critic", "~~}"
	case "{--":
		return "del", "critic", "--}"
	case "{~~":
		return "del", "critic", "~~}"
	case "{==":
		return "mark", "critic", "==}"
	default:
		return "span", "critic comment", "<<}"
	}
}

// joinCritics makes elements of the signs below a node; a sign that has no other
// is text.
func joinCritics(parent ast.Node) {
	var open *critic
	for c := parent.FirstChild(); c != nil; {
		next := c.NextSibling()
		sign, ok := c.(*critic)
		if !ok {
			c = next
			continue
		}
		switch {
		case sign.sign[0] == '{':
			asText(parent, open)
			open = sign
		case open != nil && (sign.sign == endOf(open) || open.sign == "{~~" && sign.sign == "~>"):
			tag, class, _ := criticElement(open.sign)
			s := &span{tag: tag}
			s.SetAttributeString("class", class)
			parent.ReplaceChild(parent, open, s)
			for n := s.NextSibling(); n != sign; {
				after := n.NextSibling()
				s.AppendChild(s, n)
				n = after
			}
			if open = nil; sign.sign == "~>" {
				open = &critic{sign: "{~>"}
				parent.InsertBefore(parent, sign, open)
			}
			parent.RemoveChild(parent, sign)
		default:
			asText(parent, sign)
		}
		c = next
	}
	asText(parent, open)
}

func endOf(open *critic) string {
	_, _, end := criticElement(open.sign)
	return end
}

func asText(parent ast.Node, c *critic) {
	if c != nil {
		parent.ReplaceChild(parent, c, &markup{html: escape(c.sign)})
	}
}

var keyText = regexp.MustCompile(`[\w-]+|"[^"\n]+"|'[^'\n]+'`)

var keysText = regexp.MustCompile(`^\+\+((?:[\w-]+|"[^"\n]+"|'[^'\n]+')(?:\+(?:[\w-]+|"[^"\n]+"|'[^'\n]+'))*)\+\+`)

// parseKeys reads pymdownx.keys: ++ctrl+alt+"Any"++.
func parseKeys(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	m := keysText.FindSubmatch(line[:min(len(line), 200)])
	if m == nil || block.PrecendingCharacter() == '+' {
		return nil
	}
	var b strings.Builder
	b.WriteString(`<span class="keys">`)
	for i, k := range keyText.FindAllString(string(m[1]), -1) {
		if i > 0 {
			b.WriteString("<span>+</span>")
		}
		class, label := keyOf(k)
		if class != "" {
			class = ` class="key-` + escape(class) + `"`
		}
		b.WriteString("<kbd" + class + ">" + escape(html.UnescapeString(label)) + "</kbd>")
	}
	b.WriteString("</span>")
	block.Advance(len(m[0]))
	return &markup{html: b.String()}
}
