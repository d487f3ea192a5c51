package markdown

import (
	"html"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode"

	east "github.com/yuin/goldmark-emoji/ast"
	"github.com/yuin/goldmark/ast"
	"golang.org/x/text/unicode/norm"
)

// headings gives headings the ids that MkDocs gives them, and permalinks.
func (s *state) headings(root ast.Node) {
	used := map[string]bool{}
	var found []*ast.Heading
	for _, n := range nodes(root) {
		if id, ok := n.AttributeString("id"); ok {
			used[asString(id)] = true
		}
		if h, ok := n.(*ast.Heading); ok {
			found = append(found, h)
		}
	}
	for i, h := range found {
		words := s.words(h)
		if i == 0 && h.Level == 1 {
			s.doc.Title = strings.Join(strings.Fields(words), " ")
		}
		given, ok := h.AttributeString("id")
		id := asString(given)
		if !ok || id == "" {
			id = unique(slug(words, s.dialect.UnicodeIDs), used)
			h.SetAttributeString("id", id)
		}
		if !s.dialect.NoPermalink && h.Level <= s.dialect.Depth {
			sign := s.dialect.Permalink
			if sign == "" {
				sign = "¶"
			}
			h.AppendChild(h, &markup{html: `<a class="headerlink" href="#` + escape(id) + `" title="Permanent link">` + escape(sign) + "</a>"})
		}
	}
}

func asString(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// words is the text of a node without its marks.
func (s *state) words(n ast.Node) string {
	var b strings.Builder
	for _, c := range nodes(n) {
		switch c := c.(type) {
		case *ast.Text:
			b.WriteString(unescape(string(c.Segment.Value(s.source))))
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.AutoLink:
			b.Write(c.Label(s.source))
		case *east.Emoji:
			b.WriteString(string(c.Value.Unicode))
		case *markup:
			b.WriteString(html.UnescapeString(tags.ReplaceAllString(c.html, "")))
		}
	}
	return b.String()
}

var (
	tags      = regexp.MustCompile(`<[^>]*>`)
	backslash = regexp.MustCompile(`\\([!-/:-@\[-` + "`" + `{-~])`)
	notWords  = regexp.MustCompile(`[^\w\s-]`)
	blanks    = regexp.MustCompile(`[-\s]+`)
	numbered  = regexp.MustCompile(`^(.*)_(\d+)$`)
)

// unescape takes a text of Markdown for what it shows.
func unescape(s string) string {
	return html.UnescapeString(backslash.ReplaceAllString(s, "$1"))
}

// slug is markdown.extensions.toc.slugify, or with letters of all scripts the one of
// pymdownx.slugs with case: lower.
func slug(s string, anyLetter bool) string {
	if anyLetter {
		s = strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || unicode.IsSpace(r) || r == '_' || r == '-' {
				return unicode.ToLower(r)
			}
			return -1
		}, norm.NFC.String(s))
		return strings.Join(strings.FieldsFunc(strings.TrimSpace(s), unicode.IsSpace), "-")
	}
	s = strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
	return blanks.ReplaceAllString(strings.ToLower(strings.TrimSpace(notWords.ReplaceAllString(s, ""))), "-")
}

// unique is markdown.extensions.toc.unique: a_1 after a, a_2 after a_1.
func unique(id string, used map[string]bool) string {
	if id != "" && !used[id] {
		used[id] = true
		return id
	}
	// The first free number is looked for from where the last search ended, which
	// keeps many headings of one text from taking long.
	base, n := id, 0
	if m := numbered.FindStringSubmatch(id); m != nil {
		base = m[1]
		n, _ = strconv.Atoi(m[2])
	}
	n += 1 + sort.Search(len(used), func(i int) bool { return !used[base+"_"+strconv.Itoa(n+1+i)] })
	for used[base+"_"+strconv.Itoa(n)] {
		n++
	}
	id = base + "_" + strconv.Itoa(n)
	used[id] = true
	return id
}
