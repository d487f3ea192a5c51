// Package markdown turns one page of Markdown, in the dialect that
// mkdocs-techdocs-core has MkDocs read, into HTML that is safe to show, with all
// that a reader and a search need to know of it. It knows nothing of sites: links
// stay as written until [Document.HTML] is told where they lead.
//
// Start with [Renderer.Render]. A page goes through four steps: prepare.go makes one
// text of it and of what it includes; goldmark parses that with the extensions of
// this package (dialect.go lists them) and transform.go ends what needs the whole
// tree; sanitize.go has the allow-list of what remains of HTML; finish.go takes the
// result apart into links, headings and text.
package markdown

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
)

// Dialect is what an mkdocs.yml can change of the dialect. The zero value is what
// mkdocs-techdocs-core switches on.
type Dialect struct {
	Keys          bool   `json:"keys,omitempty"`          // pymdownx.keys: ++ctrl+c++
	Math          bool   `json:"math,omitempty"`          // pymdownx.arithmatex or mdx_math: $x$, $$x$$
	Blocks        bool   `json:"blocks,omitempty"`        // use_pymdownx_blocks: "/// note" in place of "!!! note"
	NoLineNumbers bool   `json:"noLineNumbers,omitempty"` // pymdownx.highlight without linenums
	Permalink     string `json:"permalink,omitempty"`     // toc: the sign beside headings; "" is ¶
	NoPermalink   bool   `json:"noPermalink,omitempty"`   // toc with permalink: false
	Depth         int    `json:"depth,omitempty"`         // toc_depth: the lowest level of headings in the contents; 0 is 6
	UnicodeIDs    bool   `json:"unicodeIDs,omitempty"`    // toc with a slugify of pymdownx.slugs
}

// Include reads a file that a page includes with --8<--, by the name that the page
// gives. It returns the path by which the file is known, for problems, also when
// it fails.
type Include func(name string) (path string, text []byte, err error)

// Renderer renders pages. It is safe for concurrent use.
type Renderer struct {
	dialect Dialect
	parser  parser.Parser
	html    renderer.Renderer
	policy  *bluemonday.Policy

	elements map[string]bool // of HTML, allowed or not
	classes  classes
}

// New returns a renderer of the dialect.
func New(d Dialect) *Renderer {
	if d.Depth <= 0 || d.Depth > 6 {
		d.Depth = 6
	}
	return &Renderer{dialect: d, parser: newParser(d), html: newHTML(), policy: policy(), elements: elements(), classes: newClasses()}
}

// Render renders a page. path is what problems call it. It always returns
// something: what is wrong with a page is among its problems, and a page beyond
// the limits is refused, which shows it as it is written. The same input gives
// the same document.
func (r *Renderer) Render(path string, page []byte, include Include) (d *Document) {
	defer func() {
		if p := recover(); p != nil { // a fault of a library must not cost more than the page
			d = refuse(d, page, Problem{File: path, Line: 1, Code: CodeLimit, Message: fmt.Sprintf("the page cannot be rendered (%v); it is shown as it is written", p)})
		}
	}()
	d = &Document{}
	if len(page) > MaxPage {
		return refuse(d, nil, Problem{File: path, Line: 1, Code: CodeLimit,
			Message: fmt.Sprintf("the page has %d KB, and pages are shown up to %d KB: split it", len(page)>>10, MaxPage>>10)})
	}
	src := prepare(path, page, include, d)
	if src.refused != nil {
		return refuse(d, page, *src.refused)
	}
	source := src.bytes()
	pc := parser.NewContext()
	s := &state{dialect: r.dialect, source: source, src: src, doc: d, elements: r.elements}
	pc.Set(stateKey, s)
	root := r.parser.Parse(text.NewReader(source), parser.WithContext(pc))
	if s.refused != nil {
		return refuse(d, page, *s.refused)
	}
	var out bytes.Buffer
	out.Grow(len(source) * 2)
	if err := r.html.Render(&out, source, root); err != nil {
		return refuse(d, page, Problem{File: path, Line: 1, Code: CodeLimit, Message: "the page cannot be rendered: " + err.Error()})
	}
	if out.Len() > MaxOutput {
		return refuse(d, page, Problem{File: path, Line: 1, Code: CodeLimit,
			Message: fmt.Sprintf("the page becomes %d KB of HTML, and at most %d KB are shown: split it", out.Len()>>10, MaxOutput>>10)})
	}
	finish(r.policy.SanitizeBytes(out.Bytes()), r, src, d)
	return d
}

// refuse makes a document of a page that is not rendered.
func refuse(d *Document, page []byte, why Problem) *Document {
	r := &Document{Refused: true, Meta: d.Meta, Includes: d.Includes, Problems: append(d.Problems, why)}
	if len(page) > 0 {
		r.Body = `<pre class="plain">` + escape(strings.ToValidUTF8(string(page), "\ufffd")) + "</pre>\n"
	}
	return r
}

// state is what the extensions know of the page that is parsed.
type state struct {
	dialect Dialect
	source  []byte
	src     *prepared
	doc     *Document
	abbrs   map[string]string
	refused *Problem

	elements  map[string]bool // of HTML
	tabs      int             // sets so far
	footnotes int             // so far
	counted   ast.Node        // whose signs are counted
	signs     int
	allSigns  int           // of the page so far
	lexing    time.Duration // that was spent
}

func stateOf(pc parser.Context) *state { return pc.Get(stateKey).(*state) }

// refuse remembers the first limit that a page goes beyond.
func (s *state) refuse(at int, format string, args ...any) {
	if s.refused == nil {
		file, line := s.src.origin(at)
		s.refused = &Problem{File: file, Line: line, Code: CodeLimit, Message: fmt.Sprintf(format, args...)}
	}
}
