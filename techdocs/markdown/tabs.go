package markdown

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// joinTabs makes sets of the tabs below a node that follow one another: radio
// buttons, their labels, and what each shows, which a stylesheet alone can switch.
func (s *state) joinTabs(parent ast.Node) {
	for c := parent.FirstChild(); c != nil; {
		first, ok := c.(*tab)
		if !ok {
			c = c.NextSibling()
			continue
		}
		group := []*tab{first}
		c = c.NextSibling()
		for c != nil {
			next, ok := c.(*tab)
			if !ok || next.fresh {
				break
			}
			group = append(group, next)
			c = c.NextSibling()
		}
		s.tabs++
		set := "__tabbed_" + strconv.Itoa(s.tabs)
		all := newBox("div", "tabbed-set tabbed-alternate")
		all.SetPos(first.Pos())
		all.SetAttributeString("data-tabs", strconv.Itoa(s.tabs)+":"+strconv.Itoa(len(group)))
		parent.InsertBefore(parent, first, all)
		selected := 0
		for i, t := range group {
			if t.selected {
				selected = i
			}
		}
		var inputs strings.Builder
		labels, content := newBox("div", "tabbed-labels"), newBox("div", "tabbed-content")
		for i, t := range group {
			id := set + "_" + strconv.Itoa(i+1)
			inputs.WriteString(`<input type="radio" id="` + id + `" name="` + set + `"`)
			if i == selected {
				inputs.WriteString(` checked="checked"`)
			}
			inputs.WriteString(">")
			label := t.FirstChild()
			label.SetAttributeString("for", id)
			labels.AppendChild(labels, label)
			block := newBox("div", "tabbed-block")
			block.SetPos(t.Pos())
			for b := t.FirstChild(); b != nil; {
				next := b.NextSibling()
				block.AppendChild(block, b)
				b = next
			}
			content.AppendChild(content, block)
			parent.RemoveChild(parent, t)
		}
		all.AppendChild(all, &markup{html: inputs.String()})
		all.AppendChild(all, labels)
		all.AppendChild(all, content)
	}
}
