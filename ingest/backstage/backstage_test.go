package backstage_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/ingest/backstage"
	"github.com/callboard/callboard/internal/fault"
)

var update = flag.Bool("update", false, "write the reports of testdata anew")

func generated(place string) string {
	sum := sha1.Sum([]byte(place))
	return "generated-" + hex.EncodeToString(sum[:])
}

const (
	shop    = "https://files.example/shop.yaml"
	gone    = "https://files.example/gone.yaml"
	discode = "https://github.com/acme/disco/blob/main/catalog-info.yaml"
	conf    = "https://files.example/configured.yaml"
)

// world is a Backstage with an entity of every origin, and a Callboard that has some of it.
func world(t *testing.T) (theirs, ours *portal) {
	t.Helper()
	fromShop := from("shop", "url:"+shop, "url:"+shop)
	broken := from("broken", "url:https://files.example/broken.yaml", "url:"+shop)
	disco := from("disco", "url:"+discode, "url:"+discode)
	theirs = newPortal(t,
		standsFor("url:"+shop), fromShop, from("cart", "url:"+shop, "url:"+shop), broken, from("taken", "url:"+shop, "url:"+shop),
		standsFor("url:"+gone), from("lost", "url:"+gone, "url:"+gone),
		standsFor("url:"+discode), disco,
		standsFor("url:"+conf), from("configured", "url:"+conf, "url:"+conf),
		from("local", "file:/srv/local.yaml", "file:/srv/local.yaml"),
		from("person", "url:https://github.com/orgs/acme", "url:https://github.com/orgs/acme"),
		from("directory", "ldap://x", "ldap-org:default"),
	)
	theirs.locations = []map[string]any{{"type": "url", "target": shop}, {"type": "url", "target": gone}, {"type": "url", "target": discode}}
	ours = newPortal(t,
		from("disco", "url:"+strings.Replace(discode, "/blob/", "/tree/", 1), "url:"+discode+"?"), // a source reads it
		standsFor("url:"+conf), from("configured", "url:"+conf, "url:"+conf),
		with(from("taken", "url:https://else.example/taken.yaml", "url:https://else.example/taken.yaml"), "team-b"),
		from("own", "url:https://else.example/own.yaml", "url:https://else.example/own.yaml"),
	)
	ours.leads[shop] = []map[string]any{standsFor("url:" + shop), fromShop, with(from("cart", "url:"+shop, "url:"+shop), "team-z")}
	ours.rejections = []map[string]any{
		{"ref": "component:default/taken", "origin": map[string]any{"url": shop, "path": shop}, "problems": []any{map[string]any{"message": "is declared elsewhere"}},
			"with": map[string]any{"repository": "acme/else", "path": "taken.yaml"}},
		{"origin": map[string]any{"repository": shop, "url": "https://files.example/broken.yaml", "path": "https://files.example/broken.yaml"},
			"problems": []any{map[string]any{"line": 3, "column": 7, "message": "is no YAML"}}},
	}
	return theirs, ours
}

func TestRun(t *testing.T) {
	theirs, ours := world(t)
	o := options(theirs, ours)
	o.Wait = time.Minute
	report, err := backstage.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	locations, entities := outcome(report)
	if d := cmp.Diff(map[string]string{
		"url:" + shop:                      "registered",
		"url:" + gone:                      "refused",
		"url:" + discode:                   "not needed",
		"url:" + conf:                      "already there",
		"file:/srv/local.yaml":             "cannot be registered",
		"url:https://github.com/orgs/acme": "cannot be registered",
		"ldap-org:default":                 "cannot be registered",
	}, locations); d != "" {
		t.Errorf("locations (-want +got)\n%s", d)
	}
	if d := cmp.Diff(map[string]string{
		"component:default/shop":                        "the same",
		"component:default/cart":                        "differs spec.owner",
		"component:default/broken":                      "missing here: https://files.example/broken.yaml:3:7 is no YAML",
		"component:default/taken":                       "differs spec.owner metadata.annotations[\"backstage.io/managed-by-location\"]: conflict: " + shop + " declares it too, and acme/else taken.yaml was first, which keeps the name",
		"component:default/lost":                        "missing here: url:" + gone + " was refused",
		"component:default/disco":                       "the same",
		"component:default/configured":                  "the same",
		"component:default/local":                       "missing here: file:/srv/local.yaml cannot be registered",
		"component:default/person":                      "missing here: url:https://github.com/orgs/acme cannot be registered",
		"component:default/directory":                   "missing here: ldap-org:default cannot be registered",
		"component:default/own":                         "only here",
		"location:default/" + generated("url:"+shop):    "the same",
		"location:default/" + generated("url:"+gone):    "missing here: spec.target leads nowhere: " + gone + " does not exist",
		"location:default/" + generated("url:"+discode): "not needed here",
		"location:default/" + generated("url:"+conf):    "the same",
	}, entities); d != "" {
		t.Errorf("entities (-want +got)\n%s", d)
	}
	if report.Matched {
		t.Error("it says that everything matched")
	}
	if d := cmp.Diff([]string{gone, shop}, slices.Sorted(slices.Values(ours.asked))); d != "" {
		t.Errorf("registered (-want +got)\n%s", d)
	}
	golden(t, "report.txt", report, theirs, ours)

	// Again: nothing is registered twice.
	report, err = backstage.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(ours.asked) != 2 {
		t.Errorf("the second run registered %v", ours.asked[2:])
	}
	again, _ := outcome(report)
	if again["url:"+shop] != "already there" || again["url:"+gone] != "refused" {
		t.Errorf("the second run says %v", again)
	}
}

func TestDryRun(t *testing.T) {
	theirs, ours := world(t)
	o := options(theirs, ours)
	o.DryRun = true
	report, err := backstage.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(ours.asked) > 0 {
		t.Errorf("a dry run registered %v", ours.asked)
	}
	locations, entities := outcome(report)
	for place, want := range map[string]string{"url:" + shop: "would be registered", "url:" + gone: "refused", "url:" + discode: "not needed"} {
		if locations[place] != want {
			t.Errorf("%s: %s, want %s", place, locations[place], want)
		}
	}
	if got := entities["component:default/shop"]; got != "would come" {
		t.Errorf("what would come is %q", got)
	}
	golden(t, "dry-run.txt", report, theirs, ours)
}

// A dry run of a location says nothing but what is wrong there, if something is.
func TestDryRunOfABrokenDescriptor(t *testing.T) {
	for problem, want := range map[string][2]string{
		"InputError: " + shop + ":3:5 spec.owner is missing":                                                      {"would be registered", "may lead to it"},
		"NotFoundError: Unable to read url, no matching files found for https://files.example/below.yaml":         {"would be registered", "may lead to it"},
		"NotFoundError: Unable to read url, no matching files found for " + shop:                                  {"refused", "was refused"},
		"NotAllowedError: Reading from '" + shop + "' is not allowed. … allowed hosts at 'backend.reading.allow'": {"refused", "was refused"},
	} {
		t.Run(problem, func(t *testing.T) {
			theirs, ours := world(t)
			delete(ours.leads, shop)
			ours.trial = map[string]string{shop: problem}
			o := options(theirs, ours)
			o.DryRun = true
			report, err := backstage.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			locations, entities := outcome(report)
			if locations["url:"+shop] != want[0] || !strings.Contains(entities["component:default/cart"], want[1]) {
				t.Errorf("got %q, %q", locations["url:"+shop], entities["component:default/cart"])
			}
		})
	}
}

// A relation that only its other end declares is missing with that.
func TestRelationsWithWhatIsNotHere(t *testing.T) {
	related := func(e map[string]any, targets ...string) map[string]any {
		relations := []any{}
		for _, target := range targets {
			relations = append(relations, map[string]any{"type": "dependencyOf", "targetRef": target})
		}
		e["relations"] = relations
		return e
	}
	entity := func(name string) map[string]any { return from(name, "url:"+shop, "url:"+shop) }
	theirs := newPortal(t, related(entity("a"), "component:default/away", "component:default/there"), related(entity("b"), "component:default/there"))
	ours := newPortal(t, related(entity("a"), "component:default/there"), entity("b"), from("there", "url:"+conf, "url:"+conf))
	report, err := backstage.Run(t.Context(), options(theirs, ours))
	if err != nil {
		t.Fatal(err)
	}
	_, entities := outcome(report)
	if d := cmp.Diff(map[string]string{
		"component:default/a":     "the same but for relations with what is not here relations",
		"component:default/b":     "differs relations",
		"component:default/there": "only here",
	}, entities); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// What is left out of a filter is neither registered nor compared.
func TestFilter(t *testing.T) {
	theirs, ours := world(t)
	theirs.entities = append(theirs.entities, map[string]any{"apiVersion": "backstage.io/v1alpha1", "kind": "Domain", "metadata": map[string]any{
		"name": "trade", "namespace": "default", "annotations": map[string]any{
			"backstage.io/managed-by-location": "url:" + gone, "backstage.io/managed-by-origin-location": "url:" + gone}}})
	o := options(theirs, ours)
	o.Filters = []string{"kind=domain"}
	report, err := backstage.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	locations, entities := outcome(report)
	if d := cmp.Diff(map[string]string{"url:" + gone: "refused"}, locations); d != "" {
		t.Errorf("locations (-want +got)\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"domain:default/trade": "missing here: url:" + gone + " was refused"}, entities); d != "" {
		t.Errorf("entities (-want +got)\n%s", d)
	}
}

// Many pages, of a new and of an old Backstage.
func TestPages(t *testing.T) {
	for _, old := range []bool{false, true} {
		t.Run(fmt.Sprintf("old %v", old), func(t *testing.T) {
			const n = 600
			var all []map[string]any
			for i := range n {
				all = append(all, from(fmt.Sprint("c", i), "url:"+shop, "url:"+shop))
			}
			theirs, ours := newPortal(t, all...), newPortal(t, all[:n-1]...)
			theirs.old = old
			theirs.token = "theirs"
			o := options(theirs, ours)
			o.From.Token = "theirs"
			shown := map[string]bool{}
			o.Progress = func(step string, _, _ int) { shown[step] = true }
			report, err := backstage.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if got := report.Summary.Entities; got[backstage.Same] != n-1 || got[backstage.Missing] != 1 {
				t.Errorf("got %v", got)
			}
			if !shown["compare"] {
				t.Errorf("shown was %v", shown)
			}
		})
	}
}

// A location that Callboard does not come to in time is told of.
func TestNotReadInTime(t *testing.T) {
	theirs, ours := world(t)
	theirs.locations = append(theirs.locations, map[string]any{"type": "url", "target": "https://files.example/slow.yaml"})
	ours.leads["https://files.example/slow.yaml"] = nil
	ours.leads[gone] = nil
	ours.leads[shop] = nil
	report, err := backstage.Run(t.Context(), options(theirs, ours))
	if err != nil {
		t.Fatal(err)
	}
	locations, entities := outcome(report)
	if locations["url:"+shop] != "not read yet" || entities["component:default/shop"] != "missing here: url:"+shop+" has not been read yet" || report.Matched {
		t.Errorf("got %v, %v", locations, entities)
	}
}

func TestErrors(t *testing.T) {
	serve := func(h http.HandlerFunc) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	stopped := httptest.NewServer(http.NotFoundHandler())
	stopped.Close()
	status := func(code int, message string) string {
		return serve(func(w http.ResponseWriter, _ *http.Request) { refuse(w, code, "Error", message) })
	}
	page := serve(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html>") })
	for _, c := range []struct {
		name       string
		url, token string
		to         string // Callboard's address, if that is what is wrong
		kind       fault.Kind
		says       []string
		mustNotSay string
	}{
		{name: "no URL", url: "backstage:7007", kind: fault.Invalid, says: []string{"http://localhost:7007"}},
		{name: "a password in the URL", url: "http://me:secret@localhost:7007", kind: fault.Invalid, says: []string{"--token"}, mustNotSay: "secret"},
		{name: "nobody there", url: stopped.URL, token: "secret", kind: fault.Unavailable, says: []string{stopped.URL, "refused", "Is it running"}, mustNotSay: "secret"},
		{name: "no such host", url: "http://no-such-host.invalid", kind: fault.Unavailable, says: []string{"no-such-host.invalid"}},
		{name: "no token", url: status(401, "Missing credentials"), kind: fault.Denied, says: []string{"Backstage", "wants a token", "--token"}},
		{name: "a wrong token", url: status(401, "Illegal token"), token: "secret", kind: fault.Denied, says: []string{"does not accept the token of --token", "Illegal token"}, mustNotSay: "secret"},
		{name: "not allowed", url: status(403, "No"), token: "secret", kind: fault.Denied, says: []string{"--token", "403"}, mustNotSay: "secret"},
		{name: "the pages instead of the backend", url: page, kind: fault.Unavailable, says: []string{"no Backstage backend", "backend.baseUrl"}},
		{name: "something else", url: status(404, ""), kind: fault.Unavailable, says: []string{"no Backstage backend"}},
		{name: "broken", url: status(500, "out of memory"), kind: fault.Unavailable, says: []string{"list the locations", "out of memory"}},
		{name: "a certificate that nobody knows", url: secure.URL, kind: fault.Unavailable, says: []string{"not trusted", "SSL_CERT_FILE"}},
		{name: "TLS where there is none", url: strings.Replace(page, "http:", "https:", 1), kind: fault.Unavailable, says: []string{"http:// instead of https://"}},
		{name: "a page to sign in on", url: serve(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, secure.URL, http.StatusFound) }),
			token: "secret", kind: fault.Unavailable, says: []string{"sends on to", "sign in"}, mustNotSay: "secret"},
		{name: "no Callboard", to: page, kind: fault.Unavailable, says: []string{"no Callboard"}},
		{name: "another's token for Callboard", to: status(403, "carry a token"), kind: fault.Denied, says: []string{"Callboard", "--portal-token"}, mustNotSay: "ours-secret"},
		{name: "Callboard that starts", to: status(503, "the catalog is still being read"), kind: fault.Unavailable, says: []string{"still being read"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			theirs, ours := world(t)
			o := options(theirs, ours)
			o.To.Token = "ours-secret"
			if c.url != "" {
				o.From.URL, o.From.Token = c.url, c.token
			}
			if c.to != "" {
				o.To.URL = c.to
			}
			_, err := backstage.Run(t.Context(), o)
			if fault.KindOf(err) != c.kind {
				t.Fatalf("got %v of kind %s, want %s", err, fault.KindOf(err), c.kind)
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if c.mustNotSay != "" && strings.Contains(err.Error(), c.mustNotSay) {
				t.Errorf("%q holds a secret", err)
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	theirs, ours := world(t)
	ctx, stop := context.WithCancel(t.Context())
	o := options(theirs, ours)
	o.Progress = func(string, int, int) { stop() }
	if _, err := backstage.Run(ctx, o); err == nil || ctx.Err() == nil || err.Error() != context.Canceled.Error() {
		t.Errorf("got %v", err)
	}
}

// outcome says in a line what became of each location and entity.
func outcome(r *backstage.Report) (locations, entities map[string]string) {
	locations, entities = map[string]string{}, map[string]string{}
	for _, l := range r.Locations {
		locations[l.Shown.String()] = string(l.Result)
	}
	for _, e := range r.Entities {
		text := string(e.Result)
		for _, f := range e.Fields {
			text += " " + f.Path
		}
		if e.Reason != "" {
			text += ": " + e.Reason
		}
		entities[e.Ref] = text
	}
	return locations, entities
}

// golden compares the report for people with a file; -update writes it.
func golden(t *testing.T, name string, r *backstage.Report, theirs, ours *portal) {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	got := strings.NewReplacer(theirs.URL, "http://backstage", ours.URL, "http://callboard").Replace(b.String())
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got)\n%s", file, d)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}
