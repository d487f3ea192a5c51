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

func noFiles(path string) ([]byte, string, error) {
	return nil, path, fmt.Errorf("there is no file %s", path)
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
`), env(map[string]string{"TOKEN": "t: #1", "SECRET": "s"}), noFiles)
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
		Log:     config.Log{Seal: config.Duration(time.Minute)},
		Notices: config.Notices{Grace: config.Duration(5 * time.Minute)},
		Catalog: config.Catalog{Processing: config.Processing{RemovalGuard: 0.2}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParseCatalog(t *testing.T) {
	got, ps := config.Parse([]byte(`
catalog:
  locations:
    - {type: file, target: "./org/*.yaml", rules: [{allow: [User, Group]}]}
    - {type: url, target: "https://files.acme.example/all.yaml"}
  rules:
    - allow: [Component, {kind: Location, spec.type: url}]
      locations: [{type: url, pattern: "https://files.acme.example/**"}]
  reading: {allow: [{host: "*.acme.example:8443", paths: [/catalog/]}]}
  processing: {interval: 5m}
`), env(nil), noFiles)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	want := config.Catalog{
		Locations: []config.Location{
			{Type: "file", Target: "./org/*.yaml", Rules: []config.Rule{{Allow: []config.Allow{{Kind: "User"}, {Kind: "Group"}}}}},
			{Type: "url", Target: "https://files.acme.example/all.yaml"},
		},
		Rules: []config.Rule{{
			Allow:     []config.Allow{{Kind: "Component"}, {Kind: "Location", Type: "url"}},
			Locations: []config.RuleLocation{{Type: "url", Pattern: "https://files.acme.example/**"}},
		}},
		Reading:    config.Reading{Allow: []config.AllowedHost{{Host: "*.acme.example:8443", Paths: []string{"/catalog/"}}}},
		Processing: config.Processing{Interval: config.Duration(5 * time.Minute), RemovalGuard: 0.2},
	}
	if d := cmp.Diff(want, got.Catalog); d != "" {
		t.Error(d)
	}
}

func TestParseEmptyIsDefault(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "server:\n", "sources: []\n"} {
		got, ps := config.Parse([]byte(text), env(nil), noFiles)
		if len(ps) > 0 {
			t.Fatalf("%q: %v", text, ps)
		}
		if d := cmp.Diff(config.Default(), got); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

// signing is a secret as Standard Webhooks has it.
const signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

func TestSubscribers(t *testing.T) {
	c, ps := config.Parse([]byte(`
subscribers:
  - {name: warehouse, url: "https://x/a?key=k", secret: "${S}", from: 0}
  - {name: pager, url: "http://y", secret: "`+signing+`", previousSecret: "`+signing+`", from: now, filter: {type: entity.changed, kind: component, seals: true}, batch: 7, timeout: 2s, giveUp: 2d}
  - {name: third, url: "http://z", secret: "`+signing+`", from: 48, filter: {type: entity.changed.v1, entity: "component:payments"}}
`), env(map[string]string{"S": signing}), noFiles)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	want := []config.Subscriber{
		{Name: "warehouse", URL: "https://x/a?key=k", Secret: signing, From: "0"},
		{
			Name: "pager", URL: "http://y", Secret: signing, PreviousSecret: signing, From: config.Now, Filter: config.EventFilter{Type: "entity.changed", Kind: "component", Seals: true},
			Batch: 7, Timeout: config.Duration(2 * time.Second), GiveUp: config.Duration(48 * time.Hour),
		},
		{Name: "third", URL: "http://z", Secret: signing, From: "48", Filter: config.EventFilter{Type: "entity.changed.v1", Entity: "component:payments"}},
	}
	if d := cmp.Diff(want, c.Subscribers); d != "" {
		t.Error(d)
	}
	if at, ok := want[2].From.Position(); at != 48 || !ok {
		t.Errorf("it begins after %d, %t", at, ok)
	}
	if _, ok := want[1].From.Position(); ok {
		t.Error("now is a position")
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
		{"history elsewhere", "history: {url: 'mysql://writer:sesame@db/x'}\n", "1:16: history.url: must lead to a ClickHouse: http://"},
		{"history at no host", "history: {url: 'http:///x'}\n", "1:16: history.url: must lead to a ClickHouse: http://"},
		{"history with a password that is not escaped", "history: {url: 'http://writer:se/same@db/x'}\n", "1:16: history.url: is no URL; in a password, write %2F for /"},
		{"listening for everybody", "server: {listen: '0.0.0.0:7474'}\n", "1:18: server.listen: 0.0.0.0:7474 is not a loopback address"},
		{"tab", "data: x\nserver:\n\tlisten: x\n", "3:1: found character that cannot start any token"},
		{"variable within braces", "sources:\n  - {name: a, token: ${X}, type: github}\n", "2:22: within braces or brackets a reference to an environment variable or a file needs quotes: \"${NAME}\""},
		{"file within braces", "sources:\n  - {name: a, token: ${file:/run/x}, type: github}\n", "2:22: within braces or brackets a reference to an environment variable or a file needs quotes: \"${NAME}\""},
		{"file", "data: ${file:secrets/nope}\n", "1:7: there is no file secrets/nope"},
		{"variable", "data: ${NOPE}\n", "1:7: the environment variable NOPE is not set"},
		{"secret missing", "sources:\n  - {name: gh, type: github}\n", "2:5: sources[0].webhookSecret: must not be empty"},
		{"secret empty", "sources:\n  - {name: gh, type: github, webhookSecret: \"\"}\n", "2:45: sources[0].webhookSecret: must not be empty"},
		{"source type", "sources:\n  - {name: gh, type: svn}\n", `2:22: sources[0].type: "svn" must be one of github, gitlab, git, cloudevents`},
		{"git without url", "sources:\n  - {name: a, type: git}\n", `2:5: sources[0].url: must name the repository`},
		{"git with a password", "sources:\n  - {name: a, type: git, url: \"https://me:x@git.example.com/a.git\"}\n", `2:31: sources[0].url: holds a password`},
		{"git too often", "sources:\n  - {name: a, type: git, url: /srv/a, poll: 1ms}\n", `2:45: sources[0].poll: 1ms is too short`},
		{"git has no schedule", "sources:\n  - {name: a, type: git, url: /srv/a, reconcile: never}\n", `sources[0].reconcile: is for forges`},
		{"branch of a forge", "sources:\n  - {name: a, type: github, webhookSecret: s, branch: main}\n", `sources[0].branch: is for git`},
		{"webhook of another source", "sources:\n  - {name: a, type: github, webhookSecret: s, webhookUrl: 'https://x/hooks/b'}\n", `2:59: sources[0].webhookUrl: "https://x/hooks/b" does not lead to this source: it has to end in /hooks/a`},
		{"source name", "sources:\n  - {name: Git Hub, type: github, webhookSecret: s}\n", "2:12: sources[0].name:"},
		{"same name", "sources:\n  - {name: a, type: github, webhookSecret: s}\n  - {name: a, type: github, webhookSecret: s}\n", `3:12: sources[1].name: there is a source "a" already`},
		{"duration", "deliveries: {keep: soon}\n", `1:20: deliveries.keep: "soon" is no duration`},
		{"too many days", "deliveries: {keep: 200000d}\n", `1:20: deliveries.keep: "200000d" is no duration`},
		{"kept for no time", "deliveries: {keep: 0s}\n", `1:20: deliveries.keep: 0s is too short`},
		{"kept for less than forges are asked about", "deliveries: {keep: 71h}\n", `1:20: deliveries.keep: 71h0m0s is too short: at least 3d`},
		{"kept for less", "deliveries: {keep: -1h}\n", `1:20: deliveries.keep: -1h0m0s is too short`},
		{"pattern", "sources:\n  - {name: a, type: github, webhookSecret: s, descriptors: [\"**/catalog-info.{yaml\"]}\n", `2:61: sources[0].descriptors[0]: "**/catalog-info.{yaml" is no pattern`},
		{"all at once", "nope: 1\nsources:\n  - {name: A, type: svn}\n", `3:12: sources[0].name:`},
		{"unclosed", "sources:\n  - {name: a, type: github, webhookSecret: \"${X\"}\n", `2:44: "${X" is no reference`},
		{"organisation", "sources:\n  - {name: a, type: github, webhookSecret: s, organizations: [acme/repo]}\n", `2:63: sources[0].organizations[0]: "acme/repo" is no name`},
		{"people", "sources:\n  - {name: a, type: github, webhookSecret: s, organizations: [acme], people: some}\n", `2:78: sources[0].people: "some" must be true or false`},
		{"checks of a receiver", "sources:\n  - {name: a, type: cloudevents, webhookSecret: s, checks: {failOn: drop}}\n", `2:60: sources[0].checks: is for github and gitlab; a cloudevents source has no pull requests`},
		{"checks without a token", "sources:\n  - {name: a, type: github, webhookSecret: s, checks: {status: true}}\n", `2:55: sources[0].checks: needs a token or an App: without one nothing can be written at the forge`},
		{"checks that fail on what nobody knows", "sources:\n  - {name: a, type: gitlab, token: t, webhookSecret: s, checks: {status: true, failOn: always}}\n", `sources[0].checks.failOn: "always" must be one of drop, reject, never`},
		{"people of nobody", "sources:\n  - {name: a, type: gitlab, webhookSecret: s, people: true}\n", `2:55: sources[0].people: needs to know whose: name organizations (github) or groups (gitlab)`},
		{"signing token", "sources:\n  - {name: a, type: gitlab, signingToken: abc}\n", `2:43: sources[0].signingToken: must begin with whsec_`},
		{"signing token of another", "sources:\n  - {name: a, type: cloudevents, webhookSecret: s, signingToken: whsec_x}\n", `2:66: sources[0].signingToken: is for gitlab; a cloudevents source signs`},
		{"events without a secret", "sources:\n  - {name: a, type: cloudevents}\n", `2:5: sources[0].webhookSecret: must not be empty`},
		{"events of a forge", "sources:\n  - {name: a, type: cloudevents, webhookSecret: s, url: 'https://x'}\n", `2:57: sources[0].url: is for forges; from a cloudevents source nothing is read`},
		{"events of groups", "sources:\n  - {name: a, type: cloudevents, webhookSecret: s, groups: [x]}\n", `2:60: sources[0].groups: is for gitlab`},
		{"url with a password", "server: {url: 'http://u:secret@x'}\n", `1:15: server.url: holds a user, which would show on pages; what lets one in is the token`},
		{"url", "server: {url: 'ftp://x'}\n", `1:15: server.url: "ftp://x" must be an http or https URL`},
		{"name of the portal", "sources:\n  - {name: portal, type: github, webhookSecret: s}\n", `2:12: sources[0].name: "portal" is how the portal calls`},
		{"reserved name", "sources:\n  - {name: locations, type: github, webhookSecret: s}\n", `2:12: sources[0].name: "locations" is how the portal calls`},
		{"seals too often", "log: {seal: 1ms}\n", `1:13: log.seal: 1ms is no time between two seals: from 1s to 24h`},
		{"location type", "catalog: {locations: [{type: svn, target: x}]}\n", `1:30: catalog.locations[0].type: "svn" must be file or url`},
		{"location target", "catalog: {locations: [{type: url}]}\n", `1:23: catalog.locations[0].target: must not be empty`},
		{"drawn elsewhere", "techdocs: {plantuml: 'uml.example.com'}\n", `1:22: techdocs.plantuml: "uml.example.com" must be an http or https URL`},
		{"drawn by somebody", "techdocs: {plantuml: 'https://me:secret@uml.example.com'}\n", `1:22: techdocs.plantuml: holds a user`},
		{"location url", "catalog: {locations: [{type: url, target: x.yaml}]}\n", `1:43: catalog.locations[0].target: "x.yaml" must be an http or https URL`},
		{"location folder", "catalog: {locations: [{type: file, target: here/}]}\n", `1:44: catalog.locations[0].target: "here/" is a folder`},
		{"location twice", "catalog:\n  locations:\n    - {type: file, target: x}\n    - {type: file, target: x}\n", `4:7: catalog.locations[1]: file:x is listed already`},
		{"location key", "catalog: {locations: [{typ: file}]}\n", `1:24: unknown key "typ" in catalog.locations[0]; known are type, target, rules`},
		{"rule of a location", "catalog: {locations: [{type: file, target: x, rules: [{}]}]}\n", `1:55: catalog.locations[0].rules[0].allow: must list the kinds`},
		{"rule", "catalog: {rules: [{allow: [\"no kind\"]}]}\n", `1:28: catalog.rules[0].allow[0]: "no kind" is no kind of entity`},
		{"rule by type", "catalog: {rules: [{allow: [{spec.type: url}]}]}\n", `1:28: catalog.rules[0].allow[0]: "" is no kind of entity`},
		{"rule of both", "catalog: {rules: [{allow: [Group], locations: [{type: url, exact: a, pattern: b}]}]}\n", `1:79: catalog.rules[0].locations[0].pattern: must not stand beside exact`},
		{"host", "catalog: {reading: {allow: [{host: https://x.example}]}}\n", `1:36: catalog.reading.allow[0].host: "https://x.example" is no host`},
		{"path of a host", "catalog: {reading: {allow: [{host: x.example, paths: [a]}]}}\n", `1:55: catalog.reading.allow[0].paths[0]: "a" must begin with a slash`},
		{"interval", "catalog: {processing: {interval: 1ms}}\n", `1:34: catalog.processing.interval: 1ms is too short`},
		{"guard", "catalog: {processing: {removalGuard: 20}}\n", `1:38: catalog.processing.removalGuard: 20 is no share: write 0.2 for a fifth`},
		{"no number", "catalog: {processing: {removalGuard: much}}\n", `1:38: catalog.processing.removalGuard must be a number`},
		{"a page's name", "sources: [{name: connect, type: github, webhookSecret: s}]\n", `sources[0].name: "connect" is a page of the portal's sources`},
		{"schedule", "sources: [{name: github, type: github, webhookSecret: s, reconcile: hourly}]\n", `"hourly" is no schedule; write @every 1h`},
		{"app and token", "sources: [{name: github, type: github, webhookSecret: s, token: t, app: {id: 1}}]\n", `sources[0].app: there is a token, too`},
		{"app without key", "sources: [{name: github, type: github, webhookSecret: s, app: {id: 1, installation: 2}}]\n", `sources[0].app.privateKeyFile: must be the PEM file`},
		{"repositories", "sources: [{name: github, type: github, webhookSecret: s, repositories: [acme]}]\n", `sources[0].repositories[0]: "acme" is no repository`},
		{"subscriber without a secret", "subscribers: [{name: a, url: 'https://x'}]\n", `1:15: subscribers[0].secret: must not be empty: it signs what is sent. Make one with: echo whsec_$(openssl rand -base64 32)`},
		{"subscriber with a short secret", "subscribers: [{name: a, url: 'https://x', secret: whsec_aHVudGVyMg==}]\n", `1:51: subscribers[0].secret: must be whsec_ and 24 to 64 bytes in base64`},
		{"subscriber with another secret", "subscribers: [{name: a, url: 'https://x', secret: " + signing + ", previousSecret: hunter2}]\n", `subscribers[0].previousSecret: must be whsec_`},
		{"subscriber elsewhere", "subscribers: [{name: a, url: 'file:///etc/passwd', secret: " + signing + "}]\n", `1:30: subscribers[0].url: "file:///etc/passwd" must be an http or https URL`},
		{"subscriber nowhere", "subscribers: [{name: a, secret: " + signing + "}]\n", `1:15: subscribers[0].url: must be where events are sent to`},
		{"subscriber with a password", "subscribers: [{name: a, url: 'https://u:p@x', secret: " + signing + "}]\n", `1:30: subscribers[0].url: holds a user, which would show on pages; requests are signed`},
		{"subscriber twice", "subscribers: [{name: a, url: 'https://x', secret: " + signing + "}, {name: a, url: 'https://x', secret: " + signing + "}]\n", `subscribers[1].name: there is a subscriber "a" already`},
		{"subscriber's name", "subscribers: [{name: A b, url: 'https://x', secret: " + signing + "}]\n", `1:22: subscribers[0].name: "A b" must be lower-case letters`},
		{"subscriber from then", "subscribers: [{name: a, url: 'https://x', secret: " + signing + ", from: yesterday}]\n", `subscribers[0].from: "yesterday" must be now, 0 for all that there is, or the number of an event`},
		{"subscriber of a type", "subscribers: [{name: a, url: 'https://x', secret: " + signing + ", filter: {type: entity.chnged}}]\n", `subscribers[0].filter.type: "entity.chnged" is no type of event; there are entity.registered, entity.changed,`},
		{"subscriber of an entity", "subscribers: [{name: a, url: 'https://x', secret: " + signing + ", filter: {entity: payments}}]\n", `subscribers[0].filter.entity: `},
		{"subscriber of too many", "subscribers: [{name: a, url: 'https://x', secret: " + signing + ", batch: 501}]\n", `subscribers[0].batch: 501 is too many: at most 500`},
		{"subscriber of none", "subscribers: [{name: a, url: 'https://x', secret: " + signing + ", batch: 0}]\n", `subscribers[0].batch: "0" must be a whole number of at least 1`},
		{"subscriber in no time", "subscribers: [{name: a, url: 'https://x', secret: " + signing + ", timeout: 1ms}]\n", `subscribers[0].timeout: 1ms is no time to wait for an answer: from 1s to 1m`},
		{"subscriber given up", "subscribers: [{name: a, url: 'https://x', secret: " + signing + ", giveUp: 1s}]\n", `subscribers[0].giveUp: 1s is too short: at least 1m`},
		{"not yet", "log: {url: nats://a:4222}\n", "1:12: log.url: this version keeps it in SQLite only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, ps := config.Parse([]byte(tt.text), env(nil), noFiles)
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

func TestReadsPeople(t *testing.T) {
	for text, want := range map[string]bool{
		"organizations: [acme]": true, "groups: [acme]": true, "people: false, organizations: [acme]": false, "people: true, groups: [acme]": true, "people: , groups: [acme]": true, "": false,
	} {
		typ := "github"
		if strings.Contains(text, "groups") {
			typ = "gitlab"
		}
		c, ps := config.Parse([]byte(fmt.Sprintf("sources: [{name: a, type: %s, webhookSecret: s, %s}]", typ, text)), env(nil), noFiles)
		if len(ps) > 0 || c.Sources[0].ReadsPeople() != want {
			t.Errorf("%q: %t, %v, want %t", text, !want, ps, want)
		}
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

// A secret may lie in a file, as seen from the folder of the configuration; the end of
// its line is not part of it, and it never shows in what is wrong.
func TestSecretsInFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "callboard.yaml")
	write("callboard.yaml", "sources:\n  - {name: a, type: github, token: \"${file:"+filepath.Join(dir, "token")+"}\", webhookSecret: \"${PART}-${file:hook secret}\"}\n")
	write("token", "t: #1\r\n")
	write("hook secret", "hunter2\n")
	c, err := config.Load(file, env(map[string]string{"PART": "a"}))
	if err != nil || c.Sources[0].Token != "t: #1" || c.Sources[0].WebhookSecret != "a-hunter2" {
		t.Fatalf("%v, token %q, secret %q", err, c.Sources[0].Token.Reveal(), c.Sources[0].WebhookSecret.Reveal())
	}
	for text, want := range map[string]string{
		"": "hook secret is empty", "\n": "hook secret is empty", "hunter2\nhunter3\n": "hook secret has more than one line",
	} {
		write("hook secret", text)
		_, err := config.Load(file, env(map[string]string{"PART": "a"}))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), file+":2:") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLocate(t *testing.T) {
	text := []byte("catalog:\n  locations:\n    - {type: file, target: x.yaml}\n    - type: url\n")
	for path, want := range map[string][2]int{
		"catalog.locations[0].target": {3, 28}, "catalog.locations[1].target": {4, 7}, "server.listen": {1, 1},
	} {
		if line, column := config.Locate(text, path); line != want[0] || column != want[1] {
			t.Errorf("%s is at %d:%d, want %v", path, line, column, want)
		}
	}
}

func TestListenable(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:80": true, "localhost:0": true, "[::1]:80": true, "a.localhost:80": true, ":80": false, "0.0.0.0:80": false, "acme.example:80": false, "80": false,
	} {
		if err := config.Listenable(address, false); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := config.Listenable("0.0.0.0:80", true); err != nil {
		t.Error(err)
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
	f.Add([]byte("subscribers: [{name: a, url: http://x, secret: whsec_x, from: now, batch: 2, filter: {type: a.b}}]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, ps := config.Parse(b, env(nil), noFiles)
		for _, p := range ps {
			if p.Line < 1 || p.Message == "" {
				t.Errorf("a problem without place or text: %+v", p)
			}
		}
	})
}
