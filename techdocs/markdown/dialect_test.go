package markdown_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/callboard/callboard/techdocs/markdown"
)

var update = flag.Bool("update", false, "write the goldens anew")

// sample has all switched on that a sample needs.
func sample() markdown.Dialect { return markdown.Dialect{Keys: true, Math: true} }

func asWritten(_ int, l markdown.Link) string { return l.Target }

// Each sample of testdata/dialect becomes what its golden says, and what MkDocs
// makes of it, unless testdata/README.md tells how the two differ.
func TestDialect(t *testing.T) {
	readme, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	samples, err := filepath.Glob("testdata/dialect/*.md")
	if err != nil || len(samples) < 20 {
		t.Fatalf("%d samples, %v", len(samples), err)
	}
	r := markdown.New(sample())
	for _, file := range samples {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		t.Run(name, func(t *testing.T) {
			d := r.Render(file, readFile(t, file), nil)
			for _, p := range d.Problems {
				t.Error(p)
			}
			got := d.HTML(asWritten)
			golden := strings.TrimSuffix(file, ".md") + ".html"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(readFile(t, golden)), got); diff != "" {
				t.Errorf("differs from the golden (-want +got):\n%s", diff)
			}
			theirs := tokens(t, string(readFile(t, strings.TrimSuffix(file, ".md")+".mkdocs.html")))
			told := strings.Contains(string(readme), "\n| `"+name+"` |")
			switch diff := cmp.Diff(theirs, tokens(t, got)); {
			case diff != "" && !told:
				t.Errorf("differs from MkDocs, which testdata/README.md does not tell (-MkDocs +Callboard):\n%s", diff)
			case diff == "" && told:
				t.Error("testdata/README.md tells of a difference from MkDocs, but there is none")
			}
		})
	}
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tokens takes HTML apart, without what makes no difference: blanks, the order of
// attributes and of classes, the form of empty elements, rel.
func tokens(t testing.TB, text string) []string {
	t.Helper()
	var all []string
	words := ""
	flush := func() {
		if w := strings.Join(strings.Fields(words), " "); w != "" {
			all = append(all, w)
		}
		words = ""
	}
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			flush()
			return all
		case html.TextToken:
			words += string(z.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			flush()
			all = append(all, startTag(z.Token()))
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) != "input" && string(name) != "img" {
				flush()
				all = append(all, "</"+string(name)+">")
			}
		default:
		}
	}
}

func startTag(tag html.Token) string {
	var attrs []string
	for _, a := range tag.Attr {
		if a.Key == "rel" || a.Key == "tabindex" {
			continue // set by the sanitizer; Material sets the latter in the browser
		}
		value := strings.Fields(a.Val)
		if a.Key == "class" {
			slices.Sort(value)
		}
		if a.Key == "style" || a.Key == "align" { // tables: the one or the other
			value = strings.Fields(strings.TrimSuffix(strings.TrimPrefix(a.Val, "text-align:"), ";"))
			a.Key = "align"
		}
		if a.Val == a.Key {
			value = nil
		}
		attrs = append(attrs, a.Key+"="+strings.Join(value, " "))
	}
	slices.Sort(attrs)
	return "<" + strings.Join(append([]string{tag.Data}, attrs...), " ") + ">"
}
