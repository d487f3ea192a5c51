package main

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/callboard/callboard/internal/demoforge"
)

// hostileDocs is a repository whose documentation wants to do harm, and what of each page
// is to be there all the same.
func hostileDocs() (files, keeps map[string]string) {
	pages := map[string]struct{ text, keeps string }{
		"script":    {"<script>\nalert(1)\n</script>\n\nafter <script>alert(2)</script> <img src=x onerror=alert(3)>", "after"},
		"handlers":  {"![a](a.png){ onerror=\"alert(1)\" }\n\n<p onmouseover=alert(1)>hover</p>\n\n# a {: onclick=alert(1) }", "hover"},
		"links":     {"[a](javascript:alert(1)) [b](java&#x09;script:alert(1)) [c](data:text/html,<script>alert(1)</script>)\n\n<a href=\" &#106;avascript:alert(1)\">d</a> end", "end"},
		"frames":    {"<iframe srcdoc=\"<script>alert(1)</script>\"></iframe><svg onload=alert(1)></svg><form action=/audit><button>go</button></form>\n\nrest", "rest"},
		"breakout":  {"a\n\n</div></article></main></body></html>\n\n<div>inside", "inside"},
		"traversal": {"[up](../../../../etc/passwd) [enc](%2e%2e/%2e%2e/secret.txt) ![img](../../secret.png)\n\n--8<-- \"../secret.txt\"\n\nend", "end"},
		"deep":      {"start\n\n" + strings.Repeat(">", 10_000) + " b", "start"},
		"large":     {strings.Repeat("all work and no play\n", 2_500_000), "Large"}, // 50 MB: its title
	}
	files, keeps = map[string]string{
		"catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: hostile, annotations: {backstage.io/techdocs-ref: 'dir:.'}}\nspec: {type: service, lifecycle: production, owner: team-a}\n",
		"mkdocs.yml":        "site_name: <script>alert(1)</script>\nsite_description: !!python/object/apply:os.system ['touch owned']\nnav: [index.md, {'<img src=x onerror=alert(1)>': script.md}, {Bad: 'javascript:alert(1)'}]\n",
		"docs/index.md":     "# Home\n\nwelcome\n",
		"docs/picture.svg":  `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>`,
		"docs/page.html":    "<script>alert(1)</script>",
		"secret.txt":        "SECRET",
	}, map[string]string{"index": "welcome"}
	for name, p := range pages {
		files["docs/"+name+".md"], keeps[name] = p.text, p.keeps
	}
	return files, keeps
}

// Hostile documentation that is pushed is shown, and does nothing: neither on the page that
// is served, with its policy, nor as the file that Backstage's reader takes.
func TestHostileDocs(t *testing.T) {
	r := startPortal(t)
	repo, err := r.forge.Create(demoforge.GitHub, "acme/hostile", demoforge.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	files, keeps := hostileDocs()
	d, err := repo.Push("main", demoforge.Change{Author: person("mossbank"), Time: time.Unix(1_770_000_000, 0), Message: "Docs", Files: files})
	if err != nil {
		t.Fatal(err)
	}
	r.send(t, d)
	r.settle(t)
	const page, file = "/docs/default/component/hostile/", "/api/techdocs/static/docs/default/component/hostile/"
	for name, kept := range keeps {
		at := name + "/"
		if name == "index" {
			at = ""
		}
		h, body := r.fetch(t, page+at, http.StatusOK)
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'self'") || strings.Contains(policy, "script-src") || !strings.Contains(policy, "object-src 'none'") || !strings.Contains(policy, "base-uri 'none'") {
			t.Errorf("%s: a script may run: %s", name, policy)
		}
		harmless(t, page+at, body, kept)
		h, body = r.fetch(t, file+at+"index.html", http.StatusOK)
		if h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", file+at, h)
		}
		harmless(t, file+at, body, kept)
	}
	for name, says := range map[string]string{"large": "pages are shown up to 2048 KB: split it", "deep": "inside one another more than 50 deep"} {
		if _, body := r.fetch(t, page+name+"/", http.StatusOK); !strings.Contains(body, says) {
			t.Errorf("%s: nothing is said of the limit", name)
		}
	}
	for _, at := range []string{page, file} {
		for _, name := range []string{"picture.svg", "page.html"} {
			h, _ := r.fetch(t, at+name, http.StatusOK)
			if typ := h.Get("Content-Type"); !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || strings.Contains(typ, "html") || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s%s may run: %v", at, name, h)
			}
		}
		for _, name := range []string{"../../../../../etc/passwd", "%2e%2e/secret.txt", "..%2fsecret.txt", "%2e%2e%2f%2e%2e%2fsecret.txt", "secret.txt", "secret.png"} {
			if _, body := r.fetch(t, at+name, http.StatusNotFound); strings.Contains(body, "SECRET") {
				t.Errorf("%s%s has what is outside of the docs folder", at, name)
			}
		}
	}
}

// fetch gets an address as a browser does, and what is answered with.
func (r *running) fetch(t *testing.T, path string, status int) (http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, r.base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Errorf("%s: %d, want %d: %.200s", path, resp.StatusCode, status, body)
	}
	return resp.Header, string(body)
}

// harmless looks at a page as a browser parses it: what the portal draws around has scripts
// of its own, from its own address only.
func harmless(t *testing.T, where, body, kept string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		src := ""
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			if a.Key == "src" {
				src = value
			}
			if strings.HasPrefix(a.Key, "on") || a.Key == "srcdoc" || slices.Contains([]string{"href", "src", "action"}, a.Key) && (strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "data:text")) {
				t.Errorf("%s: <%s %s=%q>", where, n.Data, a.Key, a.Val)
			}
		}
		if n.Data == "script" && !strings.HasPrefix(src, "/static/") || n.Data == "iframe" || n.Data == "object" {
			t.Errorf("%s: there is a <%s src=%q>", where, n.Data, src)
		}
	}
	if !strings.Contains(text.String(), kept) {
		t.Errorf("%s: %q is lost", where, kept)
	}
	if strings.Contains(text.String(), "SECRET") {
		t.Errorf("%s has what is outside of the docs folder", where)
	}
}
