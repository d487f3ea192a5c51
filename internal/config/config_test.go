package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

func env(pairs map[string]string) func(string) (string, bool) {
	return func(k string) (string, bool) { v, ok := pairs[k]; return v, ok }
}

func TestParse(t *testing.T) {
	got, ps := config.Parse([]byte(`
server: {listen: "127.0.0.1:0", url: https://portal.acme.example}
data: /srv/callboard
name: Acme
deliveries: {keep: 7d}
sources:
  - name: github
    type: github
    url: https://api.github.com
    organizations: [acme]
    token: "${TOKEN}"
    webhookSecret: "${SECRET}"
`), env(map[string]string{"TOKEN": "t: #1", "SECRET": "s"}))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	want := config.Config{
		Server:     config.Server{Listen: "127.0.0.1:0", URL: "https://portal.acme.example"},
		Data:       "/srv/callboard",
		Name:       "Acme",
		Deliveries: config.Deliveries{Keep: config.Duration(7 * 24 * time.Hour)},
		Sources: []config.Source{{
			Name: "github", Type: "github", URL: "https://api.github.com",
			Token: "t: #1", WebhookSecret: "s", Organizations: []string{"acme"},
		}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParseEmptyIsDefault(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "server:\n", "sources: []\n"} {
		got, ps := config.Parse([]byte(text), env(nil))
		if len(ps) > 0 {
			t.Fatalf("%q: %v", text, ps)
		}
		if d := cmp.Diff(config.Default(), got); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func TestProblemsSayWhere(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key", "server:\n  listn: x\n", `2:3: unknown key "listn" in server; known are listen, url, insecure`},
		{"unknown at root", "sorces: []\n", `1:1: unknown key "sorces" in the configuration`},
		{"twice", "data: a\ndata: b\n", `2:1: "data" stands here twice`},
		{"syntax", "server: {listen: [\n", "1:1: "},
		{"type", "sources: nope\n", "1:10: sources must be a list"},
		{"listen", "server: {listen: 8080}\n", "1:18: server.listen: \"8080\" must be host:port"},
		{"variable", "data: ${NOPE}\n", "1:7: the environment variable NOPE is not set"},
		{"secret missing", "sources:\n  - {name: gh, type: github}\n", "2:5: sources[0].webhookSecret: must not be empty"},
		{"secret empty", "sources:\n  - {name: gh, type: github, webhookSecret: \"\"}\n", "2:45: sources[0].webhookSecret: must not be empty"},
		{"source type", "sources:\n  - {name: gh, type: svn}\n", `2:22: sources[0].type: "svn" must be one of github, gitlab`},
		{"source name", "sources:\n  - {name: Git Hub, type: github, webhookSecret: s}\n", "2:12: sources[0].name:"},
		{"same name", "sources:\n  - {name: a, type: github, webhookSecret: s}\n  - {name: a, type: github, webhookSecret: s}\n", `3:12: sources[1].name: there is a source "a" already`},
		{"duration", "deliveries: {keep: soon}\n", `1:20: deliveries.keep: "soon" is no duration`},
		{"too many days", "deliveries: {keep: 200000d}\n", `1:20: deliveries.keep: "200000d" is no duration`},
		{"kept for no time", "deliveries: {keep: 0s}\n", `1:20: deliveries.keep: 0s is too short`},
		{"kept for less", "deliveries: {keep: -1h}\n", `1:20: deliveries.keep: -1h0m0s is too short`},
		{"pattern", "sources:\n  - {name: a, type: github, webhookSecret: s, descriptors: [\"**/catalog-info.{yaml\"]}\n", `2:61: sources[0].descriptors[0]: "**/catalog-info.{yaml" is no pattern`},
		{"all at once", "nope: 1\nsources:\n  - {name: A, type: svn}\n", `3:12: sources[0].name:`},
		{"unclosed", "sources:\n  - {name: a, type: github, webhookSecret: \"${X\"}\n", `2:44: "${X" is no reference`},
		{"organisation", "sources:\n  - {name: a, type: github, webhookSecret: s, organizations: [acme/repo]}\n", `2:63: sources[0].organizations[0]: "acme/repo" is no name`},
		{"signing token", "sources:\n  - {name: a, type: gitlab, signingToken: abc}\n", `2:43: sources[0].signingToken: must begin with whsec_`},
		{"url", "server: {url: 'ftp://x'}\n", `1:15: server.url: "ftp://x" must be an http or https URL`},
		{"not yet", "log: {url: nats://a:4222}\n", "1:12: log.url: this version keeps it in SQLite only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, ps := config.Parse([]byte(tt.text), env(nil))
			var lines []string
			for _, p := range ps {
				lines = append(lines, fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message))
			}
			if got := strings.Join(lines, "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("got:\n%s\nwant in it:\n%s", got, tt.want)
			}
		})
	}
}

func TestLoadReportsAllProblemsWithTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callboard.yaml")
	if err := os.WriteFile(path, []byte("sources:\n  - {name: A, type: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path, env(nil))
	if fault.KindOf(err) != fault.Invalid {
		t.Fatalf("kind of %v is %s", err, fault.KindOf(err))
	}
	if n := strings.Count(err.Error(), path+":2:"); n != 2 {
		t.Errorf("want two problems that name the file and line 2, got:\n%v", err)
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	c := config.Config{Sources: []config.Source{{Token: "hunter2", WebhookSecret: "hunter2"}}}
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%s %q", c.Sources[0].Token, c.Sources[0].Token)} {
		if strings.Contains(shown, "hunter2") {
			t.Errorf("a secret shows: %s", shown)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("sources: [{name: a, type: github, webhookSecret: ${S}}]"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, ps := config.Parse(b, env(nil))
		for _, p := range ps {
			if p.Line < 1 || p.Message == "" {
				t.Errorf("a problem without place or text: %+v", p)
			}
		}
	})
}
