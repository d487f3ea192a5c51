package markdown

import (
	"html"
	"strconv"
	"strings"
)

// Document is a rendered page. It depends on nothing but the page's text, what it
// includes and the dialect, and so can be kept by the digest of these.
type Document struct {
	Title    string    `json:"title,omitempty"`    // the first heading, if that is of the first level; plain text
	Meta     Meta      `json:"meta,omitzero"`      // front matter
	Body     string    `json:"body"`               // HTML without the URLs of Links
	Links    []Link    `json:"links,omitempty"`    // in the order of the body
	Headings []Heading `json:"headings,omitempty"` // in order
	Sections []Section `json:"sections,omitempty"` // the text, for search; the first has no ID and may be empty
	Anchors  []string  `json:"anchors,omitempty"`  // every id, in order
	Words    int       `json:"words"`
	Includes []string  `json:"includes,omitempty"` // paths of the files that it includes, each once
	Problems []Problem `json:"problems,omitempty"` // of the page itself; whether links lead anywhere is not known here
	Refused  bool      `json:"refused,omitempty"`  // the page is beyond a limit and shown as it is written, or not at all
}

// Bytes is about how much memory it takes.
func (d *Document) Bytes() int {
	const each = 100 // of what is counted here, besides its text
	n := each + len(d.Body) + each*(len(d.Links)+len(d.Headings)+len(d.Sections)+len(d.Anchors)+len(d.Includes)+len(d.Problems))
	for _, l := range d.Links {
		n += len(l.Target)
	}
	for _, s := range d.Sections {
		n += len(s.ID) + len(s.Title) + len(s.Text)
	}
	for _, name := range d.Includes {
		n += len(name)
	}
	return n
}

// Meta is the front matter of a page.
type Meta struct {
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Status      string   `json:"status,omitempty"` // of a decision record
	Date        string   `json:"date,omitempty"`   // as written
	HideNav     bool     `json:"hideNav,omitempty"`
	HideTOC     bool     `json:"hideTOC,omitempty"`
	Unsearched  bool     `json:"unsearched,omitempty"` // search: {exclude: true}
}

// Link is a place of the body that leads somewhere, or shows an image.
type Link struct {
	At     int    `json:"at"`     // offset in the body at which the URL belongs
	Target string `json:"target"` // as written, with character references resolved
	Image  bool   `json:"image,omitempty"`
	Raw    bool   `json:"raw,omitempty"` // written as HTML, where MkDocs takes a path to be relative to the page's URL
	File   string `json:"file"`
	Line   int    `json:"line"`
}

// Heading is a heading with an anchor.
type Heading struct {
	Level int    `json:"level"` // 1 to 6
	ID    string `json:"id"`
	Text  string `json:"text"`
}

// Section is the text below a heading, up to the next.
type Section struct {
	ID    string `json:"id,omitempty"` // of the heading; "" for what stands before the first
	Title string `json:"title,omitempty"`
	Text  string `json:"text,omitempty"` // words with single blanks between them
}

// Codes of problems.
const (
	CodeLimit       = "limit"       // the page is beyond a limit
	CodeSnippet     = "snippet"     // what a page includes cannot be
	CodeFrontMatter = "frontmatter" // the front matter cannot be read
	CodeUnsafe      = "unsafe"      // a link or an image was taken away
)

// Problem is something that an author should know.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // from 1
	Code    string `json:"code"`
	Message string `json:"message"` // what is wrong and what to do
}

// String returns "file:line: message".
func (p Problem) String() string {
	return p.File + ":" + strconv.Itoa(p.Line) + ": " + p.Message
}

// HTML returns the body with the URL that url gives for each link; "" leaves a
// link without a target and an image unseen.
func (d *Document) HTML(url func(i int, l Link) string) string {
	var b strings.Builder
	b.Grow(len(d.Body) + 64*len(d.Links))
	from := 0
	for i, l := range d.Links {
		b.WriteString(d.Body[from:l.At])
		b.WriteString(escape(url(i, l)))
		from = l.At
	}
	b.WriteString(d.Body[from:])
	return b.String()
}

func escape(s string) string { return html.EscapeString(s) }
