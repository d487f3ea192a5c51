package markdown

import (
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/microcosm-cc/bluemonday"
)

// The allow-list: all that remains of HTML, whether an author wrote it or this
// package. docs/techdocs.md has it, too.
const (
	// Elements that may be written, with the attributes of allElements.
	Elements = "a abbr audio b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em figcaption figure " +
		"h1 h2 h3 h4 h5 h6 hr i img input ins kbd label li mark ol p picture pre q rp rt ruby s samp section small source span strike strong " +
		"sub summary sup table tbody td tfoot th thead time tr tt u ul var video wbr"
	// GlobalAttributes may stand on all of them.
	GlobalAttributes = "class dir id lang title"
	// Schemes are those of links. Images may have http and https.
	Schemes = "http https mailto tel"
)

// skipped are the elements that go with all that is in them.
const skipped = "script style svg math template select object applet canvas form button dialog frameset"

// Classes are the class names that are kept, besides language-… and those of
// Pygments for code: the stylesheet of a reader has no others to offer.
const Classes = "admonition admonition-title abstract annotate arithmatex attention bug caution cards center comment critic danger " +
	"error example failure filename footnote footnote-backref footnote-ref footnotes grid headerlink highlight hint hll important info " +
	"inline end keys left line md-button md-button--primary mermaid middle missing new no-permalink note plain plantuml question quote right " +
	"settings success summary tabbed-alternate tabbed-block tabbed-content tabbed-labels tabbed-set task-list task-list-control " +
	"task-list-indicator task-list-item tip tldr top bottom seealso warning lg xl faq help cite"

func policy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(strings.Fields(Elements)...)
	p.AllowNoAttrs().OnElements(strings.Fields(Elements)...)
	p.SkipElementsContent(strings.Fields(skipped)...)
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^[\w\-#+. \t\n]{1,500}$`)).Globally()
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^[^\s"'<>&]{1,200}$`)).Globally()
	p.AllowAttrs("title").Globally()
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(?i:ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[A-Za-z0-9-]{1,20}$`)).Globally()
	p.AllowAttrs(lineAttribute).Matching(regexp.MustCompile(`^\d{1,9}r?$`)).OnElements("a", "img", "audio", "video", "source")
	number := regexp.MustCompile(`^\d{1,5}(?:px|%)?$`)
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("name").Matching(regexp.MustCompile(`^[\w.:-]{1,200}$`)).OnElements("a")
	p.AllowAttrs("src").OnElements("img", "audio", "video", "source")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("width", "height").Matching(number).OnElements("img", "video", "table", "td", "th", "col")
	p.AllowAttrs("loading").Matching(regexp.MustCompile(`^(?:lazy|eager)$`)).OnElements("img")
	p.AllowAttrs("controls", "loop", "muted").Matching(regexp.MustCompile(`^[a-z]*$`)).OnElements("audio", "video")
	p.AllowAttrs("media").Matching(regexp.MustCompile(`^[\w():, -]{1,100}$`)).OnElements("source")
	p.AllowAttrs("align", "valign").Matching(regexp.MustCompile(`^(?i:left|right|center|justify|char|top|middle|bottom|baseline)$`)).
		OnElements("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "img", "table", "thead", "tbody", "tr", "td", "th", "caption", "col")
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^\d{1,3}$`)).OnElements("td", "th")
	p.AllowAttrs("scope").Matching(regexp.MustCompile(`^(?:row|col|rowgroup|colgroup)$`)).OnElements("th")
	p.AllowAttrs("start", "value").Matching(regexp.MustCompile(`^-?\d{1,9}$`)).OnElements("ol", "li")
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^[1aAiI]$`)).OnElements("ol")
	p.AllowAttrs("reversed").Matching(regexp.MustCompile(`^(?:reversed)?$`)).OnElements("ol")
	p.AllowAttrs("open").Matching(regexp.MustCompile(`^(?:open)?$`)).OnElements("details")
	p.AllowAttrs("datetime").Matching(regexp.MustCompile(`^[\w:.+ -]{1,40}$`)).OnElements("time", "ins", "del")
	p.AllowAttrs("cite").OnElements("blockquote", "q")
	// The parts of tabs and tasks.
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^(?:radio|checkbox)$`)).OnElements("input")
	p.AllowAttrs("name").Matching(regexp.MustCompile(`^__tabbed_\d{1,6}$`)).OnElements("input")
	p.AllowAttrs("checked", "disabled").Matching(regexp.MustCompile(`^(?:checked|disabled)?$`)).OnElements("input")
	p.AllowAttrs("for").Matching(regexp.MustCompile(`^__tabbed_\d{1,6}_\d{1,6}$`)).OnElements("label")
	p.AllowAttrs("data-tabs").Matching(regexp.MustCompile(`^\d{1,6}:\d{1,6}$`)).OnElements("div")
	p.AllowAttrs("data-number").Matching(regexp.MustCompile(`^\d{1,9}$`)).OnElements("span")
	p.AllowAttrs("role").Matching(regexp.MustCompile(`^doc-(?:endnotes|noteref|backlink)$`)).OnElements("div", "a", "li")
	p.AllowURLSchemes(strings.Fields(Schemes)...)
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}

// classes lists the class names that are kept.
type classes map[string]bool

func newClasses() classes {
	c := classes{}
	for _, name := range strings.Fields(Classes) {
		c[name] = true
	}
	for _, name := range chroma.StandardTypes {
		if name != "" {
			c[name] = true
		}
	}
	return c
}

// keep returns those of the class names that are kept.
func (c classes) keep(value string) string {
	names := strings.Fields(value)
	return strings.Join(slices.DeleteFunc(names, func(name string) bool {
		return !c[name] && !strings.HasPrefix(name, "language-") && !strings.HasPrefix(name, "key-")
	}), " ")
}

// elements lists the elements that HTML has, allowed or not.
func elements() map[string]bool {
	all := map[string]bool{}
	for _, name := range strings.Fields(Elements + " " +
		"address applet area article aside base basefont bdi bdo big body button canvas data datalist dialog dir embed fieldset font footer " +
		"form frame frameset head header hgroup html iframe legend link main map math menu meta meter nav nobr noembed noframes noscript object " +
		"optgroup option output param plaintext progress rb rtc script search select slot style svg template textarea title track xmp") {
		all[name] = true
	}
	return all
}
