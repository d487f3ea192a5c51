package techdocs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/techdocs"
)

// Where each form of a link leads, from the page docs/guide/start.md.
func TestLinks(t *testing.T) {
	const files = `
-- mkdocs.yml --
site_name: x
-- src/main.go --
-- docs/index.md --
# Home
-- docs/other.md --
# Other
## Part one
<a name="by-name"></a>
-- docs/guide/next.md --
-- docs/guide/deep/README.md --
-- docs/guide/a b.md --
-- docs/images/a.png --
-- docs/guide/start/near.png --
-- docs/guide/start.md --
# Start
## Here
`
	for link, want := range map[string]string{
		"[a](next.md)":                     "page guide/next.md",
		"[a](./next.md#top)":               "page guide/next.md#top",
		"[a](../other.md#part-one)":        "page other.md#part-one",
		"[a](../other.md#by-name)":         "page other.md#by-name",
		"[a](#here)":                       "page guide/start.md#here",
		"[a](../index.md)":                 "page index.md",
		"[a](..)":                          "page index.md",
		"[a](../)":                         "page index.md",
		"[a](deep/)":                       "page guide/deep/README.md",
		"[a](deep/index.md)":               "page guide/deep/README.md",
		"[a](a%20b.md)":                    "page guide/a b.md",
		"[a](<a b.md>)":                    "page guide/a b.md",
		"[a](next.html)":                   "page guide/next.md",
		"[a](next/)":                       "page guide/next.md",
		"[a](../next/)":                    "page guide/next.md", // as the URL of the page has it
		"[a](/other.md)":                   "page other.md",
		"[a](/catalog/default/api/ledger)": "elsewhere /catalog/default/api/ledger",
		"[a](https://example.com/a#b)":     "elsewhere https://example.com/a#b",
		"[a](//example.com/a)":             "elsewhere //example.com/a",
		"[a](mailto:a@example.com)":        "elsewhere mailto:a@example.com",
		"![a](../images/a.png)":            "image file images/a.png",
		"[a](../images/a.png)":             "file images/a.png",
		"![a](https://example.com/a.png)":  "image elsewhere https://example.com/a.png",
		`<img src="near.png">`:             "image file guide/start/near.png",
		`<img src="../../images/a.png">`:   "image file images/a.png", // relative to the URL
		`<img src="../images/a.png">`:      "image file images/a.png", // relative to the file
		`<a href="../next/">a</a>`:         "page guide/next.md",
		"[a](../../src/main.go)":           "source src/main.go",
		"[a](../../src)":                   "source src",
		"[a](gone.md)":                     "nowhere guide/gone.md | link docs/guide/start.md:4: gone.md is not there: add the file, or mend the path",
		"[a](Next.md)":                     "nowhere guide/Next.md | link docs/guide/start.md:4: Next.md is not there: did you mean guide/next.md? Letters count as they are",
		"[a](other.md)":                    "nowhere guide/other.md | link docs/guide/start.md:4: other.md is not there: did you mean other.md?",
		"![a](gone.png)":                   "image nowhere guide/gone.png | image docs/guide/start.md:4: gone.png is not there: add the file, or mend the path",
		"![a](/gone.png)":                  "image nowhere gone.png | image docs/guide/start.md:4: /gone.png is not there: add the file, or mend the path",
		"![a](../../src/a.png)":            "image nowhere  | image docs/guide/start.md:4: ../../src/a.png is outside of the docs folder: move what it means into the folder, or link to its page at the forge",
		"[a](../../../../etc/passwd)":      "nowhere  | link docs/guide/start.md:4: ../../../../etc/passwd is outside of the docs folder: move what it means into the folder, or link to its page at the forge",
		"[a](..%2f..%2f..%2fetc/passwd)":   "nowhere  | link docs/guide/start.md:4: ..%2f..%2f..%2fetc/passwd is outside of the docs folder: move what it means into the folder, or link to its page at the forge",
		`[a](<..\\..\\..\\etc\\passwd>)`:   `nowhere  | link docs/guide/start.md:4: ..%5C..%5C..%5Cetc%5Cpasswd is outside of the docs folder: move what it means into the folder, or link to its page at the forge`,
		"[a](/../../etc/passwd)":           "elsewhere /../../etc/passwd",
		"![a](/../../etc/passwd)":          "image nowhere etc/passwd | image docs/guide/start.md:4: /../../etc/passwd is not there: add the file, or mend the path",
		"![a](../../src/main.go)":          "image source src/main.go | image docs/guide/start.md:4: ../../src/main.go is outside of the docs folder, and images are shown from there only: move it",
		"[a](#Here)":                       "page guide/start.md#Here | anchor docs/guide/start.md:4: docs/guide/start.md has no heading with the id Here: did you mean here?",
		"[a](../other.md#gone)":            "page other.md#gone | anchor docs/guide/start.md:4: docs/other.md has no heading with the id gone: link to one that it has",
		"[a](javascript:alert(1))":         "",
		"[a](file:///etc/passwd)":          "",
		"[a](data:text/html,x)":            "",
	} {
		t.Run(link, func(t *testing.T) {
			s := read(t, files+"\nSee "+link+".\n")
			if len(s.Page("guide/start.md").Content.Links) == 0 {
				if want != "" {
					t.Error("there is no link")
				}
				return
			}
			target := s.Page("guide/start.md").Targets[0]
			got := string(target.Kind) + " " + target.Path + target.URL
			if target.Image {
				got = "image " + got
			}
			if target.Fragment != "" {
				got += "#" + target.Fragment
			}
			for _, p := range problems(s) {
				got += " | " + p
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHref(t *testing.T) {
	s := read(t, "-- main.go --\n-- docs/index.md --\n[a](b%20c/d.md?x=1#y) [b](a%3Fb.png) [c](https://example.com/a?b#c) [d](gone.md) [e](../../x) [f](../main.go) [g](#z) [h](index.md)\n-- docs/b c/d.md --\n-- docs/a?b.png --\n")
	want := []string{"/docs/x/b%20c/d/?x=1#y", "/docs/x/a%3Fb.png", "https://example.com/a?b#c", "/docs/x/gone.md", "", "", "/docs/x/#z", "/docs/x/"}
	var got []string
	s.Home().HTML(func(target techdocs.Target) string {
		got = append(got, s.Href("/docs/x/", target))
		return ""
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A README outside of the docs folder links as it does at the forge, and shows the
// images beside it.
func TestReadmeLinks(t *testing.T) {
	s := read(t, `
-- README.md --
[guide](docs/guide.md) [code](cmd/main.go)
![logo](assets/logo.png) ![secret](.env) ![again](assets/logo.png)
-- assets/logo.png --
-- .env --
-- cmd/main.go --
-- docs/guide.md --
[home](../README.md)
`)
	var got []string
	for _, l := range s.Page("index.md").Targets {
		got = append(got, fmt.Sprint(l.Kind, " ", l.Path))
	}
	if diff := cmp.Diff([]string{"page guide.md", "source cmd/main.go", "file assets/logo.png", "source .env", "file assets/logo.png"}, got); diff != "" {
		t.Error(diff)
	}
	if s.Files["assets/logo.png"].Path != "assets/logo.png" {
		t.Errorf("%v", s.Files)
	}
	if _, ok := s.Files[".env"]; ok {
		t.Error("what is no image is a file of the site")
	}
	if back := s.Page("guide.md").Targets[0]; back.Kind != techdocs.ToPage || back.Path != "index.md" {
		t.Errorf("%+v", back)
	}
}

// What a page includes stays in the docs folder, by whatever path it is named.
func TestSnippetsStayInside(t *testing.T) {
	for _, name := range []string{"secret.txt", "./secret.txt", "../secret.txt", "docs/../secret.txt", "/secret.txt", "/etc/passwd", `..\secret.txt`, "guide/../../secret.txt"} {
		s := read(t, "-- mkdocs.yml --\nsite_name: x\n-- secret.txt --\nSECRET\n-- docs/index.md --\na\n\n--8<-- \""+name+"\"\n-- docs/guide/a.md --\n")
		if strings.Contains(s.Home().Content.Body, "SECRET") {
			t.Errorf("%s is included", name)
		}
		if got := strings.Join(problems(s), ""); !strings.HasPrefix(got, "snippet docs/index.md:3: "+name+" is not included: it is outside of the docs folder docs") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Wherever a link points, what it leads to is in the tree or is nothing.
func TestLinksStayInside(t *testing.T) {
	part := rapid.SampledFrom([]string{"..", ".", "a.md", "b", "docs", "secret.txt", "", "%2e%2e", `..\`, "index.md", "%00", "a.png", "~"})
	rapid.Check(t, func(t *rapid.T) {
		link := strings.Join(rapid.SliceOfN(part, 1, 8).Draw(t, "parts"), "/")
		image := rapid.SampledFrom([]string{"", "!"}).Draw(t, "image")
		s, err := techdocs.Read(t.Context(), tree("-- secret.txt --\n-- docs/index.md --\n-- docs/b/a.md --\n"+image+"[x](<"+link+">)\n-- docs/b/a.png --\n"), techdocs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range s.Page("b/a.md").Targets {
			switch l.Kind {
			case techdocs.ToPage:
				if s.Page(l.Path) == nil {
					t.Errorf("%s leads to the page %q", link, l.Path)
				}
			case techdocs.ToFile:
				if _, ok := s.Files[l.Path]; !ok {
					t.Errorf("%s leads to the file %q", link, l.Path)
				}
			case techdocs.ToSource, techdocs.Nowhere:
				if strings.HasPrefix(l.Path, "/") || l.Path == ".." || strings.HasPrefix(l.Path, "../") {
					t.Errorf("%s leads to %q", link, l.Path)
				}
			case techdocs.Elsewhere:
				if !strings.HasPrefix(l.URL, "/") {
					t.Errorf("%s leads to %q", link, l.URL)
				}
			}
		}
	})
}
