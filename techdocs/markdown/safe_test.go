package markdown_test

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/techdocs/markdown"
)

// unsafe says why HTML is not safe to show within a page: it has more than the
// allow-list, or does not close what it opens.
func unsafe(d *markdown.Document) error {
	last := 0
	for _, l := range d.Links {
		if l.At < last || l.At >= len(d.Body) || d.Body[l.At] != '"' {
			return fmt.Errorf("a link at %d is not at an attribute's value", l.At)
		}
		last = l.At
	}
	allowed := strings.Fields(markdown.Elements)
	var open []string
	z := html.NewTokenizer(strings.NewReader(d.HTML(asWritten)))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				return fmt.Errorf("%v stays open", open)
			}
			return nil
		case html.CommentToken, html.DoctypeToken:
			return errors.New("there is a comment or a doctype")
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			if !slices.Contains(allowed, tag.Data) {
				return fmt.Errorf("there is a <%s>", tag.Data)
			}
			if err := unsafeAttributes(tag); err != nil {
				return fmt.Errorf("<%s>: %w", tag.Data, err)
			}
			if !slices.Contains(strings.Fields("br hr img input col source wbr"), tag.Data) {
				open = append(open, tag.Data)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				return fmt.Errorf("</%s> closes %v", name, open)
			}
			open = open[:len(open)-1]
		default:
		}
	}
}

func unsafeAttributes(tag html.Token) error {
	for _, a := range tag.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"), slices.Contains([]string{"style", "srcset", "formaction", "srcdoc", "target", "ping", "background"}, a.Key):
			return fmt.Errorf("it has %s=%q", a.Key, a.Val)
		case slices.Contains([]string{"href", "src", "cite", "poster"}, a.Key):
			u, err := url.Parse(strings.TrimSpace(a.Val))
			if err != nil {
				return fmt.Errorf("it leads to %q: %w", a.Val, err)
			}
			if u.Scheme != "" && !slices.Contains(strings.Fields(markdown.Schemes), strings.ToLower(u.Scheme)) {
				return fmt.Errorf("it leads to %q", a.Val)
			}
		}
	}
	return nil
}

// Nothing of a hostile page executes, and what it says besides is there.
func TestHostile(t *testing.T) {
	r := markdown.New(sample())
	for name, tt := range map[string]struct{ page, keeps, drops string }{
		"script":               {"a <script>alert(1)</script> b", "a", "<script"},
		"script block":         {"<script>\nalert(1)\n</script>\n\nafter", "after", "alert"},
		"script that is open":  {"<script>\nalert(1)\n\nafter", "", "alert"},
		"style that is open":   {"<div><style>\n\nafter", "after", "<style"},
		"title that is open":   {"see <title> and <textarea> here\n\nafter", "after", "<title"},
		"handler":              {`<img src="a.png" onerror="alert(1)">`, "a.png", "onerror"},
		"handler by attr_list": {`![a](a.png){ onerror="alert(1)" style="position:fixed" }`, "a.png", "onerror"},
		"handler in a heading": {"# a {: onclick=alert(1) }", "a", "onclick"},
		"javascript link":      {"[a](javascript:alert(1)) b", "b", "javascript"},
		"javascript with tab":  {"[a](java&#x09;script:alert(1)) b", "b", "href"},
		"javascript reference": {"[a][x] b\n\n[x]: JavaScript:alert(1)", "b", "JavaScript:"},
		"javascript autolink":  {"<javascript:alert(1)> b", "b", `href="javascript`},
		"javascript in html":   {`<a href=" &#106;avascript:alert(1)">a</a>`, "a", "avascript"},
		"vbscript":             {"[a](vbscript:x) b", "b", "vbscript"},
		"data link":            {"[a](data:text/html,<script>alert(1)</script>) b", "b", "href="},
		"data image":           {"![a](data:image/svg+xml;base64,PHN2Zz4=) b", "b", "data:"},
		"svg":                  {"<svg onload=alert(1)><text>in</text></svg>\n\nafter", "after", "<svg"},
		"math":                 {"<math><mi xlink:href='javascript:alert(1)'>in</mi></math>\n\nafter", "after", "<math"},
		"frame":                {`<iframe src="https://example.com/a"></iframe>`, `href="https://example.com/a"`, "<iframe"},
		"frame with script":    {`<iframe src="javascript:alert(1)"></iframe> b`, "", `="javascript`},
		"srcdoc":               {`<iframe srcdoc="<script>alert(1)</script>"></iframe>`, "", "<script"},
		"form":                 {`<form action="/x"><button>send</button></form>` + "\n\nafter", "after", "<form"},
		"object":               {`<object data="x"></object><embed src="x">` + "\n\nafter", "after", "<object"},
		"base":                 {`<base href="https://example.com/"> a`, "a", "<base"},
		"meta":                 {`<meta http-equiv=refresh content="0;url=x"> a`, "a", "<meta"},
		"class of the portal":  {`<div class="dialog note">a</div>`, `class="note"`, "dialog"},
		"closing the page":     {"a\n\n</div></main></body>\n\n<div>b", "b", "</main"},
		"comment":              {"a <!-- secret --> b", "b", "secret"},
		"conditional comment":  {"<!--[if IE]><script>alert(1)</script><![endif]-->\n\nb", "b", "alert"},
		"mermaid":              {"```mermaid\n</code></pre><script>alert(1)</script>\n```", "&lt;script&gt;", "<script"},
		"formula":              {"$</span><script>alert(1)</script>$", "&lt;script&gt;", "<script"},
		"code title":           {"```go title=\"<img src=x onerror=alert(1)>\"\nx\n```", "&lt;img", "<img"},
		"language":             {"```\"><script>alert(1)</script>\nx\n```", "x", "<script"},
		"abbreviation":         {"HTML\n\n*[HTML]: \"><script>alert(1)</script>", "abbr", "<script"},
		"tab label":            {"=== \"<script>alert(1)</script>\"\n    a", "a", "<script"},
		"admonition title":     {"!!! note \"<img src=x onerror=alert(1)>\"\n    a", "a", "onerror"},
		"admonition class":     {"!!! note dialog\n    a", "admonition note", "dialog"},
		"keys":                 {"++\"<script>\"++", "&lt;script&gt;", "<script"},
		"critic":               {"{++<script>alert(1)</script>++}", "ins", "<script"},
		"input":                {`<input type="text" autofocus onfocus="alert(1)"> a`, "a", "autofocus"},
		"nul":                  {"a\x00<scr\x00ipt>alert(1)</script>", "a", "<script"},
	} {
		t.Run(name, func(t *testing.T) {
			d := r.Render("x.md", []byte(tt.page), nil)
			body := d.HTML(asWritten)
			if err := unsafe(d); err != nil {
				t.Errorf("%v:\n%s", err, body)
			}
			if !strings.Contains(body, tt.keeps) {
				t.Errorf("%q is lost:\n%s", tt.keeps, body)
			}
			if strings.Contains(body, tt.drops) {
				t.Errorf("%q is there:\n%s", tt.drops, body)
			}
		})
	}
}

// What is beyond a limit is refused with a line and what to do, and shown as it is
// written where that is not too much itself.
func TestLimits(t *testing.T) {
	r := markdown.New(sample())
	for name, tt := range map[string]struct{ page, problem string }{
		"50 MB":                {strings.Repeat("all work and no play\n", 2_500_000), "x.md:1: the page has 51269 KB, and pages are shown up to 2048 KB: split it"},
		"long line":            {"a\n\n" + strings.Repeat("word ", 20_000), "x.md:3: the line has 97 KB, and a line may have 64 KB outside of code: break it"},
		"deep quotes":          {"a\n\n" + strings.Repeat(">", 10_000) + " b", "x.md:3: lists and quotes are inside one another more than 50 deep"},
		"deep lists":           {deepList(10_000), "x.md:51: lists and quotes are inside one another more than 50 deep"},
		"lists in a line":      {strings.Repeat("- ", 10_000) + "a", "x.md:1: lists and quotes are inside one another more than 50 deep"},
		"deep boxes":           {deepBoxes(200), "x.md:52: lists and quotes are inside one another more than 50 deep"},
		"deep html":            {strings.Repeat("<div markdown>\n", 10_000), "x.md:51: blocks of HTML are inside one another more than 50 deep"},
		"brackets":             {"a\n\nb\n" + strings.Repeat("[", 10_000), "x.md:4: the paragraph has more than 2000 characters with a meaning for Markdown, such as * and [: break it"},
		"stars":                {"# " + strings.Repeat("*a_ ", 10_000), "x.md:1: the paragraph has more than 2000 characters with a meaning for Markdown, such as * and [: break it"},
		"cells":                {"a\n\n" + strings.Repeat("|a", 10_000) + "\n" + strings.Repeat("|-", 10_000) + "\n" + strings.Repeat("|a\n", 1000), "x.md:4: the table has 10021002 cells, and a table may have 50000: split it"},
		"brackets of the page": {strings.Repeat(strings.Repeat("[", 1990)+"\n\n", 300), "x.md:403: the page has more than 400000 characters with a meaning for Markdown, such as * and [: split it"},
		"footnotes":            {footnotes(3000), "x.md:2001: the page has more than 2000 footnotes: split it"},
		"output":               {strings.Repeat("# a\n", 200_000), "x.md:1: the page becomes"},
	} {
		t.Run(name, func(t *testing.T) {
			d := r.Render("x.md", []byte(tt.page), nil)
			if !d.Refused || len(d.Problems) != 1 || d.Problems[0].Code != markdown.CodeLimit || !strings.HasPrefix(d.Problems[0].String(), tt.problem) {
				t.Errorf("refused %v, %v, want %s", d.Refused, d.Problems, tt.problem)
			}
			if shown := strings.Contains(d.Body, `<pre class="plain"`); shown != (len(tt.page) <= markdown.MaxPage) {
				t.Errorf("shown as it is written: %v", shown)
			}
			if err := unsafe(d); err != nil {
				t.Error(err)
			}
		})
	}
}

func deepList(n int) string {
	var b strings.Builder
	for i := range n {
		if b.Len() > 1<<20 {
			break
		}
		b.WriteString(strings.Repeat("  ", i) + "- a\n")
	}
	return b.String()
}

func deepBoxes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("    ", i) + "!!! note\n")
	}
	return b.String()
}

func footnotes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[^%d]: a\n", i)
	}
	return b.String()
}

// What is allowed in number is not refused.
func TestWithinLimits(t *testing.T) {
	r := markdown.New(markdown.Dialect{})
	var references, table strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&references, "[r%d]: https://example.com/%d\n", i, i)
		fmt.Fprintf(&table, "| `a%d` | *b* |\n", i)
	}
	for name, page := range map[string]string{
		"references": "[r4999]\n\n" + references.String(),
		"table":      "| a | b |\n|---|---|\n" + table.String(),
		"code":       "```\n" + strings.Repeat("x", 200_000) + "\n```",
		"lists":      deepList(45),
	} {
		if d := r.Render("x.md", []byte(page), nil); d.Refused {
			t.Errorf("%s: %v", name, d.Problems)
		}
	}
}

// Whatever a page is made of, it is safe, and the same each time.
func TestSafeAlways(t *testing.T) {
	r := markdown.New(sample())
	pieces := rapid.SampledFrom([]string{
		"# ", "## ", "- ", "1. ", "> ", "    ", "\n", "\n\n", "!!! note\n", "??? tip \"t\"\n", "=== \"a\"\n", "```go\n", "```\n", "*", "**", "_", "`", "[", "](", ")", "![",
		"<div>", "</div>", "<div markdown>\n", "<script>", "</script>", "<a href=\"javascript:x\">", "<p onclick=x>", "<table><tr><td>", "</p>", "<!--", "-->",
		"{: .a #b }", "{.x onclick=y}", "[^1]", "[^1]: ", ": ", "| a | b |\n|---|---|\n", "$", "$$\n", "\\(", "++a++", "{++", "++}", "{~~", "~>", "~~}", "==", "~", "^", "*[a]: b\n",
		":smile:", "word ", "a", "é", "<", ">", "&", "\"", "'", "\\", "javascript:", "data:", "\t", "---\n", "--8<-- \"a\"\n", "<svg>", "<style>", "<b>",
	})
	rapid.Check(t, func(t *rapid.T) {
		page := strings.Join(rapid.SliceOfN(pieces, 0, 40).Draw(t, "pieces"), "")
		d := r.Render("x.md", []byte(page), nil)
		if err := unsafe(d); err != nil {
			t.Fatalf("%v:\n%s", err, d.Body)
		}
		if failed(d) {
			t.Fatal(d.Problems)
		}
		if again := r.Render("x.md", []byte(page), nil); again.Body != d.Body {
			t.Fatal("rendered again, the page differs")
		}
	})
}

// failed reports whether a library gave up on the page, which is never the page's fault.
func failed(d *markdown.Document) bool {
	return slices.ContainsFunc(d.Problems, func(p markdown.Problem) bool { return strings.Contains(p.Message, "cannot be rendered") })
}

func FuzzRender(f *testing.F) {
	samples, err := filepath.Glob("testdata/dialect/*.md")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range samples {
		f.Add(readFile(f, name))
	}
	f.Add([]byte("---\ntitle: a\n---\n# b\n<script>\n\n--8<-- \"x.md\"\n"))
	r, blocks := markdown.New(sample()), markdown.New(markdown.Dialect{Blocks: true, UnicodeIDs: true, NoLineNumbers: true})
	f.Fuzz(func(t *testing.T, page []byte) {
		include := func(name string) (string, []byte, error) { return name, page, nil }
		for _, r := range []*markdown.Renderer{r, blocks} {
			d := r.Render("x.md", page, include)
			if err := unsafe(d); err != nil {
				t.Errorf("%v:\n%s", err, d.Body)
			}
			if failed(d) {
				t.Error(d.Problems)
			}
			for _, p := range d.Problems {
				if p.Line < 1 || p.File == "" {
					t.Errorf("a problem has no place: %v", p)
				}
			}
		}
	})
}
