package markdown_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/chroma/v2"

	"github.com/callboard/callboard/techdocs/markdown"
)

// The stylesheet of documentation has no class that is taken away. Rules of what stands
// around a page begin with its own classes, which no page has.
func TestStylesheet(t *testing.T) {
	css := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(readFile(t, "../../web/static/docs.css")), "")
	kept := append(strings.Fields(markdown.Classes), "prose")
	for _, class := range chroma.StandardTypes {
		kept = append(kept, class)
	}
	found := 0
	around := regexp.MustCompile(`\.docs[\w-]*[^{},]*`)
	for _, m := range regexp.MustCompile(`\.([a-z][\w-]*)`).FindAllStringSubmatch(around.ReplaceAllString(css, ""), -1) {
		if found++; !slices.Contains(kept, m[1]) {
			t.Errorf("no page has the class %s", m[1])
		}
	}
	if found < 100 {
		t.Errorf("the stylesheet has %d classes", found)
	}
}

// The manual has the allow-list and the limits as they are, and its example works.
func TestManual(t *testing.T) {
	manual := string(readFile(t, "../../docs/techdocs.md"))
	for _, has := range []string{
		"| elements | `" + markdown.Elements + "` |",
		"| attributes of all | `" + markdown.GlobalAttributes + "` |",
		"| links | `" + markdown.Schemes + "`,",
		"```text\n" + markdown.Classes + "\n```",
		"| a page, with what it includes | 2,048 KB; 500 included files, 10 deep |",
		"| lists, quotes and boxes inside one another | 50 |",
		"| a table | 50,000 cells |",
		"in one paragraph; in a page | 2,000; 400,000 |",
		"| footnotes | 2,000 |",
	} {
		if !strings.Contains(manual, has) {
			t.Errorf("docs/techdocs.md does not have\n%s", has)
		}
	}
	if markdown.MaxPage>>10 != 2048 || markdown.MaxIncludes != 500 || markdown.MaxNesting != 50 || markdown.MaxCells != 50_000 || markdown.MaxSigns != 2000 || markdown.MaxPageSigns != 400_000 ||
		markdown.MaxFootnotes != 2000 || markdown.MaxLine>>10 != 64 || markdown.MaxOutput>>10 != 16384 {
		t.Error("docs/techdocs.md has other limits")
	}
	_, example, _ := strings.Cut(manual, "````markdown\n")
	example, _, _ = strings.Cut(example, "\n````")
	example = strings.Replace(example, ";--8<--", "--8<--", 1) // escaped, as the manual itself is a page
	d := render(t, example, map[string]string{"part.txt": "Included.\n"})
	for _, p := range d.Problems {
		t.Error(p)
	}
	body := d.HTML(asWritten)
	for _, has := range []string{
		`<div class="admonition warning">`, `<details class="note">`, `<div class="admonition tip">`, `data-tabs="1:2"`, `<span class="filename">main.go</span>`,
		`<span class="line hll" data-number="11">`, `<pre class="mermaid">`, `<ul class="task-list">`, `<dd>`, `class="md-button"`, `<code class="highlight language-py">`,
		"<mark>marked</mark>", "<ins>inserted</ins>", "<del>deleted</del>", "H<sub>2</sub>O", "x<sup>2</sup>", `<ins class="critic">added</ins>`,
		`<del class="critic">old</del><ins class="critic">new</ins>`, `<span class="critic comment">`, "🚀", "©", "→", "½", `<a href="https://example.com"`,
		`<a href="#fn:1" class="footnote-ref"`, `<abbr title="Hyper Text Markup Language">HTML</abbr>`, `<div class="grid cards">`, "<strong>Markdown</strong>", "Included.",
	} {
		if !strings.Contains(body, has) {
			t.Errorf("the example has no %s:\n%s", has, body)
		}
	}
}
