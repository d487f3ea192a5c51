package web_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/callboard/callboard/web"
)

func TestDocsIssue(t *testing.T) {
	s := newShelf(t)
	s.publish(apiRef, "mossbank", 48, handbook(nil))
	var connected web.Source
	p := acme(t, s.config, func(c *web.Config) {
		c.Sources, c.URL = func() []web.Source { return []web.Source{connected} }, "https://portal.example"
	})
	for _, tt := range []struct {
		name        string
		source      web.Source
		at          string
		title, text string
	}{
		{"GitHub", web.Source{Name: "github", Type: "github", Pages: "https://git.example"}, "https://git.example/acme/payments/issues/new", "title", "body"},
		{"GitLab", web.Source{Name: "github", Type: "gitlab", Pages: "https://lab.example/git"}, "https://lab.example/git/acme/payments/-/issues/new", "issue[title]", "issue[description]"},
		{"plain Git has none", web.Source{Name: "github", Type: "git", Pages: "https://git.example"}, "", "", ""},
		{"a forge without pages", web.Source{Name: "github", Type: "github"}, "", "", ""},
		{"the source is not connected any more", web.Source{Name: "other", Type: "github", Pages: "https://git.example"}, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			connected = tt.source
			links := p.ok(apiDocs + "guide/start/").all(".docs-foot [data-issue]")
			if tt.at == "" {
				if len(links) != 0 {
					t.Errorf("an issue goes to %s", attr(links[0], "href"))
				}
				return
			}
			if len(links) != 1 {
				t.Fatalf("%d links, want 1", len(links))
			}
			if got := attr(links[0], "data-issue"); got != tt.text {
				t.Errorf("what is selected goes into %s, want %s", got, tt.text)
			}
			u, err := url.Parse(attr(links[0], "href"))
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			u.RawQuery = ""
			if u.String() != tt.at || q.Get(tt.title) != "Docs: Start" {
				t.Errorf("an issue %q goes to %s, want %s", q.Get(tt.title), u, tt.at)
			}
			for _, want := range []string{"[Start](https://portal.example" + apiDocs + "guide/start/)", "`svc/docs/guide/start.md` at commit c0ffee"} {
				if !strings.Contains(q.Get(tt.text), want) {
					t.Errorf("the issue says %q, without %q", q.Get(tt.text), want)
				}
			}
		})
	}
}
