package markdown_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/techdocs/markdown"
)

func render(t testing.TB, page string, files map[string]string) *markdown.Document {
	t.Helper()
	return markdown.New(sample()).Render("docs/x.md", []byte(page), func(name string) (string, []byte, error) {
		text, ok := files[name]
		if !ok {
			return "docs/" + name, nil, errors.New("there is no such file")
		}
		return "docs/" + name, []byte(text), nil
	})
}

func said(d *markdown.Document) []string {
	var all []string
	for _, p := range d.Problems {
		all = append(all, p.Code+" "+p.String())
	}
	return all
}

// What a reader and a search need to know of a page.
func TestDocument(t *testing.T) {
	d := render(t, `---
title: In front
description: What it is
tags: [a, "b c"]
status: accepted
date: 2026-03-01
hide: [navigation, toc]
search: {exclude: true}
anything: {else: [1]}
---
Before.

# The *title* :rocket:

Words with `+"`code`"+` and a[^1] [link](y.md).

## Part one

| a | b |
|---|---|
| c | d |

[^1]: The note.
`, nil)
	if diff := cmp.Diff(markdown.Meta{Title: "In front", Description: "What it is", Tags: []string{"a", "b c"}, Status: "accepted", Date: "2026-03-01",
		HideNav: true, HideTOC: true, Unsearched: true}, d.Meta); diff != "" {
		t.Error(diff)
	}
	if d.Title != "The title 🚀" {
		t.Errorf("title %q", d.Title)
	}
	if diff := cmp.Diff([]markdown.Heading{{Level: 1, ID: "the-title", Text: "The title 🚀"}, {Level: 2, ID: "part-one", Text: "Part one"}}, d.Headings); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]markdown.Section{
		{Text: "Before."},
		{ID: "the-title", Title: "The title 🚀", Text: "Words with code and a link."},
		{ID: "part-one", Title: "Part one", Text: "a b c d The note."},
	}, d.Sections); diff != "" {
		t.Error(diff)
	}
	if d.Words != 1+3+6+2+6 {
		t.Errorf("%d words", d.Words)
	}
	if diff := cmp.Diff([]markdown.Link{{Target: "y.md", File: "docs/x.md", Line: 15}}, d.Links, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".At" }, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"the-title", "fnref:1", "part-one", "fn:1"}, d.Anchors); diff != "" {
		t.Error(diff)
	}
	if body := d.HTML(func(int, markdown.Link) string { return `/docs/"y"?a&b` }); !strings.Contains(body, `href="/docs/&#34;y&#34;?a&amp;b"`) {
		t.Errorf("a URL is not escaped:\n%s", body)
	}
}

func TestFrontMatter(t *testing.T) {
	for name, tt := range map[string]struct{ page, title, body, problem string }{
		"none":         {"# a", "", "a", ""},
		"not closed":   {"---\ntitle: a\n", "", "title: a", ""},
		"a rule":       {"---\n\ntext\n\n---\n", "", "text", ""},
		"dots":         {"---\ntitle: a\n...\nb", "a", "b", ""},
		"empty":        {"---\n---\nb", "", "b", ""},
		"broken":       {"---\ntitle: a\n  b: : c\n---\nd", "", "d", "frontmatter docs/x.md:3: the front matter is not YAML: mapping values are not allowed in this context"},
		"windows":      {"\ufeff---\r\ntitle: a\r\n---\r\nb", "a", "b", ""},
		"alias bomb":   {"---\na: &a [x, x]\nb: &b [*a, *a]\ntitle: *b\n---\nb", "", "b", ""},
		"object tag":   {"---\ntitle: !!python/object/apply:os.system [x]\n---\nb", "", "b", ""},
		"null":         {"---\ntitle:\n---\nb", "", "b", ""},
		"many levels":  {"---\na: " + strings.Repeat("[", 20000) + "\n---\nb", "", "b", "frontmatter docs/x.md:1: the front matter is not YAML: "},
		"only a list":  {"---\n- a\n---\n", "", "a", ""},
		"number title": {"---\ntitle: 2026\n---\nb", "2026", "b", ""},
	} {
		d := render(t, tt.page, nil)
		if d.Meta.Title != tt.title || !strings.Contains(d.Body, tt.body) {
			t.Errorf("%s: title %q, body %q", name, d.Meta.Title, d.Body)
		}
		if got := strings.Join(said(d), "\n"); got != tt.problem && (tt.problem == "" || !strings.HasPrefix(got, tt.problem)) {
			t.Errorf("%s: %s, want %s", name, got, tt.problem)
		}
	}
}

func TestSnippets(t *testing.T) {
	files := map[string]string{
		"a.txt":     "from a\n",
		"lines.txt": "one\ntwo\nthree\nfour\n",
		"parts.go":  "package x\n// --8<-- [start:body]\nfunc body() {}\n// --8<-- [end:body]\n",
		"loop.md":   "before\n\n--8<-- \"loop.md\"\n",
		"first.md":  "1\n\n--8<-- \"second.md\"\n",
		"second.md": "2\n\n[gone](gone.md)\n\n--8<-- \"first.md\"\n",
	}
	for name, tt := range map[string]struct {
		page, keeps string
		problems    []string
	}{
		"line":         {`--8<-- "a.txt"`, "<p>from a</p>", nil},
		"single quote": {`--8<-- 'a.txt'`, "<p>from a</p>", nil},
		"scissors":     {"--8<--\na.txt\n\nlines.txt\n--8<--", "one\ntwo", nil},
		"in code":      {"```\n--8<-- \"a.txt\"\n```", `<span class="line">from a`, nil},
		"indented":     {"- x\n\n    --8<-- \"a.txt\"\n", "<p>from a</p>\n</li>", nil},
		"some lines":   {`--8<-- "lines.txt:2:3"`, "<p>two\nthree</p>", nil},
		"to the end":   {`--8<-- "lines.txt:4"`, "<p>four</p>", nil},
		"to a line":    {`--8<-- "lines.txt::1"`, "<p>one</p>", nil},
		"a section":    {"```go\n--8<-- \"parts.go:body\"\n```", `<span class="nf">body</span>`, nil},
		"all of parts": {"```\n--8<-- \"parts.go\"\n```", "package x\n</span><span class=\"line\">func body", nil},
		"escaped":      {`;--8<-- "a.txt"`, `&quot;a.txt&quot;`, nil},
		"no section":   {"a\n--8<-- \"parts.go:none\"", "a", []string{`snippet docs/x.md:2: parts.go has no part "none": name lines that it has (file:3:7), or a section between [start:name] and [end:name]`}},
		"missing":      {`--8<-- "no.txt"`, "", []string{"snippet docs/x.md:1: no.txt is not included: there is no such file"}},
		"from the web": {`--8<-- "https://example.com/a"`, "", []string{"snippet docs/x.md:1: https://example.com/a is not fetched: only files of the docs folder can be included"}},
		"itself":       {`--8<-- "loop.md"`, "before", []string{"snippet docs/loop.md:3: loop.md is not included: it includes itself"}},
		"each other":   {`--8<-- "first.md"`, "2", []string{"snippet docs/second.md:5: first.md is not included: it includes itself"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := render(t, tt.page, files)
			if body := d.HTML(asWritten); !strings.Contains(body, tt.keeps) && !strings.Contains(strings.ReplaceAll(body, "&#34;", "&quot;"), tt.keeps) {
				t.Errorf("no %q in\n%s", tt.keeps, body)
			}
			if diff := cmp.Diff(tt.problems, said(d)); diff != "" {
				t.Error(diff)
			}
			for _, l := range d.Links {
				if l.File != "docs/second.md" || l.Line != 3 {
					t.Errorf("a link of an included file is at %s:%d", l.File, l.Line)
				}
			}
		})
	}
}

// Files that include one another cannot make a small page large, or endless.
func TestSnippetBombs(t *testing.T) {
	ten := strings.Repeat("--8<-- \"b\"\n", 10)
	for name, include := range map[string]markdown.Include{
		"more each time": func(name string) (string, []byte, error) {
			return name, []byte(strings.ReplaceAll(ten, `"b"`, `"`+name+`b"`)), nil
		},
		"large": func(name string) (string, []byte, error) { return name, []byte(strings.Repeat("word\n", 100_000)), nil },
	} {
		d := markdown.New(markdown.Dialect{}).Render("x.md", []byte(ten), include)
		if !d.Refused || d.Problems[len(d.Problems)-1].Code != markdown.CodeLimit {
			t.Errorf("%s: %v", name, d.Problems)
		}
	}
}

// Lines of links are those of the file, wherever the link stands and however it is written.
func TestLinkLines(t *testing.T) {
	page := `# [one](l2)
text
and [two](l3)

- a

    > [three](l7)

!!! note "[four](l9)"
    [five](l10)
lazy [six](l11)

| a |
|---|
| [seven](l15) |

<p><a href="l17">eight</a>
<img src="l18"></p>

a <a href="l20">nine</a> ![ten](l20)

1. x
  - [eleven](l23)
`
	d := render(t, page, nil)
	if len(d.Links) != 12 {
		t.Fatalf("%d links in\n%s", len(d.Links), d.HTML(asWritten))
	}
	for _, l := range d.Links {
		if want := strings.TrimPrefix(l.Target, "l"); strconv.Itoa(l.Line) != want && l.Target != "l2" {
			t.Errorf("%s is on line %d", l.Target, l.Line)
		}
	}
}

// Ids are those that Markdown 3.4.1 made of the same headings.
func TestIDs(t *testing.T) {
	headings := []string{"Hello, World!", "Hello World", "hello-world", "Hello_World", "hello world_1", "Ünïcode Straße", "日本語", "日本語 2", "C++ & C#",
		"`code` *and* **more**", "1. First", "a  b\tc", "--- dashes ---", "Ｆｕｌｌ ｗｉｄｔｈ", "½ cup", "a/b/c.md", "Q&amp;A", "x_1", "x_1", "x", "x", "x"}
	want := []string{"hello-world", "hello-world_1", "hello-world_2", "hello_world", "hello-world_3", "unicode-strae", "_1", "2", "c-c",
		"code-and-more", "1-first", "a-b-c", "-dashes-", "full-width", "12-cup", "abcmd", "qa", "x_1", "x_2", "x", "x_3", "x_4"}
	var page strings.Builder
	for _, h := range headings {
		page.WriteString("## " + h + "\n\n")
	}
	var got []string
	for _, h := range render(t, page.String(), nil).Headings {
		got = append(got, h.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	unicode := markdown.New(markdown.Dialect{UnicodeIDs: true}).Render("x.md", []byte("# Ünïcode Straße 日本\n"), nil)
	if got := unicode.Headings[0].ID; got != "ünïcode-straße-日本" {
		t.Errorf("with letters of all scripts the id is %s", got)
	}
}

func TestDialectOptions(t *testing.T) {
	for name, tt := range map[string]struct {
		dialect     markdown.Dialect
		page        string
		keeps, lose string
	}{
		"permalink sign":       {markdown.Dialect{Permalink: "#"}, "# a", `title="Permanent link">#</a>`, "¶"},
		"no permalink":         {markdown.Dialect{NoPermalink: true}, "# a", `<h1 id="a">a</h1>`, "headerlink"},
		"no permalink below":   {markdown.Dialect{Depth: 2}, "### a", `<h3 id="a">a</h3>`, "headerlink"},
		"no line numbers":      {markdown.Dialect{NoLineNumbers: true}, "```go\nx\n```", `<span class="line">`, "data-number"},
		"numbers all the same": {markdown.Dialect{NoLineNumbers: true}, "```go linenums=\"5\"\nx\n```", `data-number="5"`, "data-number=\"1\""},
		"keys are off":         {markdown.Dialect{}, "++ctrl++", "++ctrl++", "kbd"},
		"formulas are off":     {markdown.Dialect{}, "$a$", "$a$", "arithmatex"},
		"math block is on":     {markdown.Dialect{}, "```math\na<b\n```", `<div class="arithmatex">\[a&lt;b\]</div>`, "<code"},
		"blocks are off":       {markdown.Dialect{}, "/// note\na\n///", "/// note", "admonition"},
		"blocks":               {markdown.Dialect{Blocks: true}, "/// note | Title *x*\na\n\n//// tip\nb\n////\n///\n\nc", `<p class="admonition-title">Title <em>x</em></p>`, "///"},
		"blocks of details":    {markdown.Dialect{Blocks: true}, "/// details | Title\na\n///", `<summary>Title</summary>`, "///"},
		"blocks of tabs":       {markdown.Dialect{Blocks: true}, "/// tab | A\na\n///\n\n/// tab | B\nb\n///", `data-tabs="1:2"`, "///"},
	} {
		body := markdown.New(tt.dialect).Render("x.md", []byte(tt.page), nil).HTML(asWritten)
		if !strings.Contains(body, tt.keeps) || strings.Contains(body, tt.lose) {
			t.Errorf("%s:\n%s", name, body)
		}
	}
}

// GitHub's alerts are admonitions.
func TestAlerts(t *testing.T) {
	for kind, page := range map[string]string{"note": "> [!NOTE]\n> Text.", "warning": "> [!WARNING]\n>\n> Text.", "caution": "> [!caution]  \n> Text."} {
		want := `<div class="admonition ` + kind + `">` + "\n" + `<p class="admonition-title">` + strings.ToUpper(kind[:1]) + kind[1:] + "</p>\n<p>Text.</p>\n</div>\n"
		if diff := cmp.Diff(want, render(t, page, nil).Body); diff != "" {
			t.Error(diff)
		}
	}
	if body := render(t, "> [!OTHER]\n> Text.", nil).Body; !strings.Contains(body, "<blockquote>") {
		t.Error(body)
	}
}

// People write <name> in a text and mean it.
func TestUnknownElements(t *testing.T) {
	body := render(t, "Run `a` with <your-name> or List<String>, see <form> and <Title>.", nil).Body
	for _, keeps := range []string{"&lt;your-name&gt;", "&lt;String&gt;", "&lt;form&gt;", "&lt;Title&gt;"} {
		if !strings.Contains(body, keeps) {
			t.Errorf("no %s in %s", keeps, body)
		}
	}
}

// What pages of others taught, each in a line.
func TestDetails(t *testing.T) {
	for page, want := range map[string]string{
		"[a][^1]\n\n[a]: https://example.com\n[^1]: b": `<a href="https://example.com" rel="noopener noreferrer">a</a><sup id="fnref:1">`,
		"CSS^[†](#a)^, more":                           `CSS<sup><a href="#a">†</a></sup>, more`,
		"[a](#){ .md-button }":                         `<a href="#top" class="md-button">a</a>`,
		"2^n and m^k, a~b c~d":                         "2^n and m^k, a~b c~d",
		"## A { data-search-exclude }":                 `<h2 id="a">A<a`,
		"++\"&Uuml;\"++":                               "<kbd>Ü</kbd>",
		"++\"C++\"+a++":                                `<kbd>C++</kbd><span>+</span><kbd class="key-a">A</kbd>`,
		"- [x] a\n  - [ ] b":                           `<li class="task-list-item"><label class="task-list-control"><input type="checkbox" disabled="disabled"><span class="task-list-indicator"></span></label> b`,
		"!!! todo\n    a":                              `<div class="admonition info">` + "\n" + `<p class="admonition-title">Todo</p>`,
		"1. a\n\n    ```sh\n    b\n    ```\n2. c":      "</code></pre></div>\n</li>\n<li>\n<p>c</p>",
		"10. a\n  - b":                                 `<ol start="10">` + "\n<li>a\n<ul>\n<li>b</li>",
		"- a\n\n  b\n\n        code":                   `<span class="line">  code`,
		"para\n=== \"A\"\n    b":                       "<p>para</p>\n<div class=\"tabbed-set",
	} {
		if body := render(t, page, nil).HTML(asWritten); !strings.Contains(body, want) {
			t.Errorf("%q:\n%s\nwant %s", page, body, want)
		}
	}
}

// One renderer serves many at once.
func TestConcurrent(t *testing.T) {
	r := markdown.New(sample())
	page := readFile(t, "testdata/dialect/code.md")
	want := r.Render("x.md", page, nil)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				if diff := cmp.Diff(want, r.Render("x.md", page, nil)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	all.Wait()
}

// A link that is taken away is told.
func TestUnsafeLinks(t *testing.T) {
	d := render(t, "a\n\n[b](javascript:x) ![c](data:image/png;base64,AA==)\n[d](file:///etc/passwd) <a name=\"e\"></a>\n", nil)
	const says = "a link or an image here is taken away: it must be a path, or begin with https:, http:, mailto: or tel:"
	if diff := cmp.Diff([]string{"unsafe docs/x.md:3: " + says, "unsafe docs/x.md:3: " + says, "unsafe docs/x.md:4: " + says}, said(d)); diff != "" {
		t.Error(diff)
	}
}

func TestIncludes(t *testing.T) {
	d := render(t, "--8<-- \"a\"\n--8<-- \"b\"\n--8<-- \"a\"\n", map[string]string{"a": "x\n--8<-- \"c\"\n"})
	if want := []string{"docs/a", "docs/c", "docs/b"}; !slices.Equal(d.Includes, want) {
		t.Errorf("%v, want %v", d.Includes, want)
	}
}
