package markdown

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// attrs is an attribute list, before it is known what it belongs to.
type attrs struct {
	ast.BaseInline
	segment text.Segment
	list    []attribute
}

type attribute struct{ name, value string }

// Kind implements [ast.Node].
func (*attrs) Kind() ast.NodeKind { return kindAttrs }

// Dump is for debugging.
func (a *attrs) Dump(source []byte, level int) { ast.DumpHelper(a, source, level, nil, nil) }

var attrPart = regexp.MustCompile(`^(?:([.#])([^\s"'<>{}=]+)|([A-Za-z][\w:-]*)=(?:"([^"]*)"|'([^']*)'|([^\s"'}]+))|(data-[\w-]+))(?:[ \t]+|$)`)

// parseAttributes reads an attribute list: {: #id .class key="value"}, with or without the
// colon. See https://python-markdown.github.io/extensions/attr_list/. Words alone,
// but for data-…, are no attributes here, so that {id} in a text stays what it is.
func parseAttributes(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	end := bytes.IndexByte(line[:min(len(line), 500)], '}')
	if end < 0 || bytes.IndexByte(line[1:end], '{') >= 0 {
		return nil
	}
	list := readAttributes(backslash.ReplaceAllString(strings.Trim(strings.TrimPrefix(string(line[1:end]), ":"), " \t"), "$1"))
	if list == nil {
		return nil
	}
	block.Advance(end + 1)
	return &attrs{segment: segment.WithStop(segment.Start + end + 1), list: list}
}

// readAttributes returns nil if a text is anything but attributes.
func readAttributes(s string) []attribute {
	var list []attribute
	var classes []string
	for s != "" {
		m := attrPart.FindStringSubmatch(s)
		if m == nil || len(list) == maxAttributes {
			return nil
		}
		switch {
		case m[1] == ".":
			classes = append(classes, m[2])
		case m[1] == "#":
			list = append(list, attribute{"id", m[2]})
		case m[7] != "":
			list = append(list, attribute{m[7], ""})
		default:
			list = append(list, attribute{strings.ToLower(m[3]), m[4] + m[5] + m[6]})
		}
		s = s[len(m[0]):]
	}
	if len(classes) > 0 {
		list = append(list, attribute{"class", strings.Join(classes, " ")})
	}
	return list
}

// giveAttributes gives an attribute list to what it belongs to: the element right
// before it, the heading, cell or term that it ends, or the paragraph whose last
// line it is. One that belongs to nothing is text.
func giveAttributes(a *attrs, source []byte) {
	parent, before := a.Parent(), a.PreviousSibling()
	owner := ast.Node(nil)
	t, isText := before.(*ast.Text)
	switch {
	case before != nil && !isText && before.Kind() != kindAttrs && !isSign(before):
		owner = before
	case a.NextSibling() != nil:
	case isText && (t.SoftLineBreak() || t.HardLineBreak()):
		owner = parent
		t.SetSoftLineBreak(false)
		t.SetHardLineBreak(false)
	case before != nil && ends(parent) && isText && strings.HasSuffix(string(t.Segment.Value(source)), " "):
		owner = parent
		t.Segment = t.Segment.TrimRightSpace(source)
	}
	if owner == nil {
		parent.ReplaceChild(parent, a, ast.NewTextSegment(a.segment))
		return
	}
	if owner.Kind() == ast.KindTextBlock && owner.Parent() != nil {
		owner = owner.Parent() // a tight list's item
	}
	for _, attr := range a.list {
		if old, ok := owner.AttributeString(attr.name); ok && attr.name == "class" {
			if s, ok := old.(string); ok {
				attr.value = s + " " + attr.value
			}
		}
		owner.SetAttributeString(attr.name, attr.value)
	}
	parent.RemoveChild(parent, a)
}

func isSign(n ast.Node) bool {
	m, ok := n.(*markup)
	return ok && !strings.HasPrefix(m.html, "<")
}

// ends reports whether an attribute list at the end of the line is the element's.
func ends(n ast.Node) bool {
	switch n.Kind().String() {
	case "Heading", "TableCell", "DefinitionTerm":
		return true
	}
	return false
}
