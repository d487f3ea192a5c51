package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// visitor goes from page to page as a browser without scripts does, from site to site.
type visitor struct {
	t      *testing.T
	client *http.Client
	at     *url.URL
	header http.Header
	status int
	body   string
	page   *html.Node
	seen   strings.Builder // all pages so far
}

func newVisitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, client: &http.Client{Jar: jar}}
}

// open goes to an address.
func (v *visitor) open(address string) *visitor {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.ask(r)
}

func (v *visitor) ask(r *http.Request) *visitor {
	v.t.Helper()
	r.Header.Set("Accept", "text/html")
	resp, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.at, v.header, v.status, v.body = resp.Request.URL, resp.Header, resp.StatusCode, string(b)
	v.seen.Write(b)
	if v.page, err = html.Parse(strings.NewReader(v.body)); err != nil {
		v.t.Fatal(err)
	}
	return v
}

// press presses the button of a form, with some of its fields filled in.
func (v *visitor) press(label string, fill map[string]string) *visitor {
	v.t.Helper()
	button := v.find("form button", label)
	form := button
	for form.Data != "form" {
		form = form.Parent
	}
	action, err := v.at.Parse(attribute(form, "action"))
	if err != nil {
		v.t.Fatal(err)
	}
	v.maySend(action)
	values := formValues(form, fill)
	if name := attribute(button, "name"); name != "" {
		values.Set(name, attribute(button, "value"))
	}
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, action.String(), strings.NewReader(values.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", v.at.Scheme+"://"+v.at.Host)
	return v.ask(r)
}

// maySend checks that the page's policy lets a form be sent to where it is.
func (v *visitor) maySend(action *url.URL) {
	v.t.Helper()
	_, policy, ok := strings.Cut(v.header.Get("Content-Security-Policy"), "form-action ")
	if !ok || action.Host == v.at.Host {
		return
	}
	policy, _, _ = strings.Cut(policy, ";")
	if !slices.Contains(strings.Fields(policy), action.Scheme+"://"+action.Host) {
		v.t.Fatalf("the page may not send a form to %s: %s", action, policy)
	}
}

// formValues are what a form sends: what is filled in, else what stands there.
func formValues(form *html.Node, fill map[string]string) url.Values {
	values := url.Values{}
	for _, n := range cascadia.QueryAll(form, cascadia.MustCompile("input[name], select[name], textarea[name]")) {
		name, value := attribute(n, "name"), attribute(n, "value")
		kind := attribute(n, "type")
		if n.Data == "textarea" {
			value = textOf(n)
		}
		if n.Data == "select" {
			value = textOf(cascadia.Query(n, cascadia.MustCompile("option")))
		}
		filled, given := fill[name]
		switch {
		case kind == "checkbox" && given && filled == "", kind == "checkbox" && !given && !has(n, "checked"):
			continue
		case kind == "checkbox":
			value = "on"
		case given:
			value = filled
		}
		values.Add(name, value)
	}
	return values
}

// find returns the first element that says something.
func (v *visitor) find(selector, text string) *html.Node {
	v.t.Helper()
	for _, n := range cascadia.QueryAll(v.page, cascadia.MustCompile(selector)) {
		if strings.Contains(textOf(n), text) {
			return n
		}
	}
	v.t.Fatalf("%s (%d): no %s says %q in\n%s", v.at, v.status, selector, text, v.body)
	return nil
}

// follow follows a link.
func (v *visitor) follow(text string) *visitor {
	v.t.Helper()
	to, err := v.at.Parse(attribute(v.find("main a", text), "href"))
	if err != nil {
		v.t.Fatal(err)
	}
	return v.open(to.String())
}

// isAt checks where the visitor is now.
func (v *visitor) isAt(path string) *visitor {
	v.t.Helper()
	if v.at.Path != path || v.status != http.StatusOK {
		v.t.Fatalf("the visitor is at %s (%d), want %s\n%s", v.at, v.status, path, v.body)
	}
	return v
}

// isTold checks what is wrong with a field, or with all.
func (v *visitor) isTold(selector string, texts ...string) *visitor {
	v.t.Helper()
	for _, text := range texts {
		v.find(selector, text)
	}
	return v
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}
