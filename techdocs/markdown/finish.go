package markdown

import (
	"bytes"
	"html"
	"slices"
	"strconv"
	"strings"

	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// finisher goes once through the HTML of a page and takes it apart.
type finisher struct {
	src     *prepared
	doc     *Document
	depth   int
	classes classes
	out     strings.Builder
	open    []string // elements that are open, outermost first
	anchors map[string]bool
	heading *Heading        // that is being read
	skip    int             // len(open) within an element whose text is no text of the page; 0 outside
	words   strings.Builder // of the section
	section Section
}

// finish fills in the document. What is closed without being open is left out and
// what stays open is closed, so that a page cannot end what it is shown in.
func finish(body []byte, r *Renderer, src *prepared, doc *Document) {
	f := &finisher{src: src, doc: doc, depth: r.dialect.Depth, classes: r.classes, anchors: map[string]bool{}}
	f.out.Grow(len(body))
	z := nethtml.NewTokenizer(bytes.NewReader(body))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			for len(f.open) > 0 {
				f.end(f.open[len(f.open)-1])
			}
			f.endSection()
			doc.Body = f.out.String()
			return
		case nethtml.TextToken:
			f.text(z.Raw())
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			f.start(z.Token())
		case nethtml.EndTagToken:
			name, _ := z.TagName()
			f.end(string(name))
		}
	}
}

func (f *finisher) text(raw []byte) {
	f.out.Write(raw)
	if f.skip > 0 {
		return
	}
	s := html.UnescapeString(string(raw))
	if f.heading != nil {
		f.heading.Text += s
		return
	}
	f.words.WriteString(s)
}

func (f *finisher) start(t nethtml.Token) {
	void := isVoid(t.DataAtom)
	if t.DataAtom == atom.Img || t.DataAtom == atom.Br || !isInline(t.DataAtom) {
		f.words.WriteByte(' ')
	}
	f.out.WriteString("<" + t.Data)
	at, raw := f.place(&t)
	id, external, leads := "", false, at < 0 || raw
	for _, a := range t.Attr {
		switch a.Key {
		case "class":
			if a.Val = f.classes.keep(a.Val); a.Val == "" {
				continue
			}
		case "id":
			id = a.Val
			f.anchor(a.Val)
		case "name":
			if t.DataAtom == atom.A {
				f.anchor(a.Val)
			}
		case "href", "src", "poster":
			external = external || a.Key == "href" && isExternal(a.Val)
			if at < 0 { // a link of this package's own
				break
			}
			leads = true
			f.out.WriteString(" " + a.Key + `="`)
			file, no := f.src.at(at)
			f.doc.Links = append(f.doc.Links, Link{At: f.out.Len(), Target: strings.TrimSpace(a.Val), Image: a.Key != "href", Raw: raw, File: file, Line: no})
			f.out.WriteByte('"')
			continue
		}
		f.out.WriteString(" " + a.Key + `="` + html.EscapeString(a.Val) + `"`)
	}
	if !leads {
		file, no := f.src.at(at)
		f.src.problem(line{file: file, no: no}, CodeUnsafe, "a link or an image here is taken away: it must be a path, or begin with https:, http:, mailto: or tel:")
	}
	if external {
		f.out.WriteString(` rel="noopener noreferrer"`)
	}
	if class := f.classes.keep(attributeOf(t, "class")); t.DataAtom == atom.Pre && (class == "" || class == "plain") { // long lines are reached by keys
		f.out.WriteString(` tabindex="0"`)
	}
	f.out.WriteByte('>')
	if void {
		return
	}
	f.open = append(f.open, t.Data)
	class := attributeOf(t, "class")
	switch {
	case f.skip > 0:
	case class == "headerlink" || strings.HasPrefix(class, "footnote-"):
		f.skip = len(f.open)
	case f.heading == nil && isHeading(t.Data) && id != "":
		f.endSection()
		f.heading = &Heading{Level: int(t.Data[1] - '0'), ID: id}
	}
}

// place takes from a tag on which line it was written; -1 if it was not.
func (f *finisher) place(t *nethtml.Token) (line int, raw bool) {
	line = -1
	t.Attr = slices.DeleteFunc(t.Attr, func(a nethtml.Attribute) bool {
		if a.Key != lineAttribute {
			return false
		}
		if line < 0 {
			number, isRaw := strings.CutSuffix(a.Val, "r")
			line, _ = strconv.Atoi(number)
			raw = isRaw
		}
		return true
	})
	return line, raw
}

func (f *finisher) end(name string) {
	i := len(f.open) - 1
	for i >= 0 && f.open[i] != name {
		i--
	}
	if i < 0 {
		return
	}
	for len(f.open) > i {
		last := f.open[len(f.open)-1]
		f.out.WriteString("</" + last + ">")
		if f.skip == len(f.open) {
			f.skip = 0
		}
		f.open = f.open[:len(f.open)-1]
		if !isInline(atom.Lookup([]byte(last))) {
			f.words.WriteByte(' ')
		}
		if f.heading != nil && isHeading(last) {
			f.heading.Text = strings.Join(strings.Fields(f.heading.Text), " ")
			if f.heading.Level <= f.depth {
				f.doc.Headings = append(f.doc.Headings, *f.heading)
			}
			f.section = Section{ID: f.heading.ID, Title: f.heading.Text}
			f.doc.Words += len(strings.Fields(f.heading.Text))
			f.heading = nil
		}
	}
}

func (f *finisher) anchor(id string) {
	if id != "" && !f.anchors[id] {
		f.anchors[id] = true
		f.doc.Anchors = append(f.doc.Anchors, id)
	}
}

func (f *finisher) endSection() {
	words := strings.Fields(f.words.String())
	f.words.Reset()
	f.section.Text = strings.Join(words, " ")
	f.doc.Words += len(words)
	if f.section.ID != "" || f.section.Text != "" {
		f.doc.Sections = append(f.doc.Sections, f.section)
	}
	f.section = Section{}
}

func attributeOf(t nethtml.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func isExternal(url string) bool {
	return strings.HasPrefix(url, "http:") || strings.HasPrefix(url, "https:") || strings.HasPrefix(url, "//")
}

func isHeading(name string) bool {
	return len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6'
}

func isVoid(a atom.Atom) bool {
	switch a {
	case atom.Br, atom.Hr, atom.Img, atom.Input, atom.Col, atom.Source, atom.Wbr:
		return true
	}
	return false
}

// isInline reports whether an element stands within a word or a line.
func isInline(a atom.Atom) bool {
	switch a {
	case atom.A, atom.Abbr, atom.B, atom.Cite, atom.Code, atom.Del, atom.Dfn, atom.Em, atom.I, atom.Ins, atom.Kbd, atom.Mark, atom.Q, atom.S,
		atom.Samp, atom.Small, atom.Span, atom.Strike, atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.Tt, atom.U, atom.Var, atom.Wbr:
		return true
	}
	return false
}
