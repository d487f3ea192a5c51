package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/config"
)

// otherAnswers are the requests that Callboard answers in another way than
// Backstage, and why.
func otherAnswers() map[string]string {
	return map[string]string{
		"locations bad id":             "an unknown id is a 404 with Backstage's words, not an internal error",
		"dry run remote-bad-yaml.yaml": "what is wrong with the YAML is said in the words of our own parser",
		"unknown plugin":               "what is not Backstage's catalog answers as the rest of our surface, with problem+json",
		"permissions metadata":         "there is no permission framework to describe",
	}
}

type goldenRequest struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	Path      string            `json:"path"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	RawBody   *string           `json:"rawBody"`
	Unordered bool              `json:"unordered"`
	Capture   map[string]string `json:"capture"`
	WaitFor   *struct {
		Status int    `json:"status"`
		Has    string `json:"has"`
	} `json:"waitFor"`
}

type goldenAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// Every request that a Backstage answered is answered alike: with the same status,
// content type and body, but for what must differ: uids, etags, cursors, log ids,
// and the names of the Locations that stand for files, which are made of paths.
func TestBackstageAnswers(t *testing.T) {
	site, host := scenarioSite(t)
	p, at := fixturePortal(t, func(c *config.Config) { c.Catalog.Reading.Allow = []config.AllowedHost{host} })
	g := newGolden(t, p, fixturesAt, at, scenarioHost, site)
	want := goldenAnswers(t, "responses.jsonl")
	other := otherAnswers()
	for _, r := range readLines[goldenRequest](t, filepath.Join("testdata", "backstage", "requests.jsonl")) {
		t.Run(r.ID, func(t *testing.T) {
			got, w := g.send(t, r), want[r.ID]
			w.Body = g.moved.Replace(w.Body)
			d := cmp.Diff(w.comparable(t, r.Unordered), got.comparable(t, r.Unordered))
			switch reason := other[r.ID]; {
			case reason != "" && d == "":
				t.Errorf("it is answered alike, and need not be listed as other: %s", reason)
			case reason == "" && d != "":
				t.Errorf("(-Backstage +Callboard)\n%s", d)
			}
		})
	}
}

// scenarioSite serves the files of testdata/backstage/extra.
func scenarioSite(t *testing.T) (address string, host config.AllowedHost) {
	t.Helper()
	site := httptest.NewServer(http.FileServer(http.Dir(filepath.Join("testdata", "backstage", "extra"))))
	t.Cleanup(site.Close)
	return site.URL, config.AllowedHost{Host: strings.TrimPrefix(site.URL, "http://")}
}

// golden sends requests that a Backstage answered.
type golden struct {
	base, token string
	vars        map[string]string
	moved       *strings.Replacer
}

// newGolden sends to a portal; what has another name here than when the answers
// were recorded is given in pairs.
func newGolden(t *testing.T, p *portal, moved ...string) golden {
	t.Helper()
	token, err := loadToken(p.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	return golden{base: p.url(), token: token, vars: map[string]string{}, moved: strings.NewReplacer(moved...)}
}

// goldenAnswers are the answers in a file of testdata/backstage, by request.
func goldenAnswers(t *testing.T, file string) map[string]goldenAnswer {
	t.Helper()
	all := map[string]goldenAnswer{}
	for _, a := range readLines[goldenAnswer](t, filepath.Join("testdata", "backstage", file)) {
		all[a.ID] = a
	}
	return all
}

func (g golden) send(t *testing.T, r goldenRequest) goldenAnswer {
	t.Helper()
	path, body := r.Path, string(r.Body)
	if r.RawBody != nil {
		body = *r.RawBody
	}
	for name, value := range g.vars {
		path, body = strings.ReplaceAll(path, name, url.QueryEscape(value)), strings.ReplaceAll(body, name, value)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, g.base+path, strings.NewReader(g.moved.Replace(body)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range r.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range r.Capture {
		g.vars["{{"+name+"}}"], _ = valueAt(t, string(b), key).(string)
	}
	return goldenAnswer{r.ID, resp.StatusCode, map[string]string{
		"content-type": resp.Header.Get("Content-Type"), "link": resp.Header.Get("Link"),
	}, string(b)}
}

var (
	anyLogID     = regexp.MustCompile(`logId=[0-9a-f]+`)
	anyCursor    = regexp.MustCompile(`cursor=[^&"]+`)
	anyGenerated = regexp.MustCompile(`generated-[0-9a-f]{40}`)
)

// comparable is an answer without what must differ.
func (a goldenAnswer) comparable(t *testing.T, unordered bool) any {
	t.Helper()
	text := anyGenerated.ReplaceAllString(anyCursor.ReplaceAllString(anyLogID.ReplaceAllString(a.Body, "logId=<id>"), "cursor=<cursor>"), "generated-<sha1>")
	var body any = text
	if json.Valid([]byte(text)) {
		body = plainAnswer(t, text)
	}
	lists := []any{body}
	if page, ok := body.(map[string]any); ok {
		lists = append(lists, page["items"])
		if info, ok := page["pageInfo"].(map[string]any); ok {
			for key := range info {
				info[key] = "<cursor>"
			}
		}
	}
	for _, list := range lists {
		if items, ok := list.([]any); ok && (unordered || strings.Contains(text, "generated-")) {
			slices.SortFunc(items, func(a, b any) int { return strings.Compare(written(t, a), written(t, b)) })
		}
	}
	return map[string]any{"status": a.Status, "content-type": a.Headers["content-type"], "link": a.Headers["link"] != "", "body": body}
}

func written(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
