// Package compat_test proves that Backstage's own client, unmodified, works with
// the portal: every method of it, against a real portal over the fixtures that a
// Backstage read. What client.mjs asserts holds for that Backstage too.
package compat_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const root = "../.."

func TestCatalogClient(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		skipOrFail(t, "there is no Node.js on this machine; install it to run Backstage's client")
	}
	if _, err := os.Stat(filepath.Join(root, "node_modules", "@backstage", "catalog-client")); err != nil {
		skipOrFail(t, "Backstage's client is not there; run npm ci")
	}
	noticeSources(t)
	site := serveFixtures(t)
	portal := startPortal(t, site)

	client := exec.CommandContext(t.Context(), node, "client.mjs") //nolint:gosec // found on the path
	client.Env = append(os.Environ(), "BASE="+portal.url, "SITE="+site, "TOKEN="+portal.token)
	var stderr bytes.Buffer
	client.Stderr = &stderr
	out, err := client.Output()
	cases, methods := results(t, out)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.failure != "" {
				t.Error(c.failure)
			}
		})
	}
	if err != nil && !t.Failed() {
		t.Errorf("the client ended with %v\n%s%s", err, out, stderr.String())
	}
	if len(methods.All) == 0 {
		t.Fatalf("the client did not come to its end:\n%s%s", out, stderr.String())
	}
	for _, m := range methods.All {
		if !slices.Contains(methods.Called, m) {
			t.Errorf("CatalogClient.%s is not driven: add a case to client.mjs", m)
		}
	}
}

// noticeSources looks at every folder of the sources, so that go test runs this
// again when one changes: it does not know what the portal is built from.
func noticeSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains([]string{".git", "node_modules", "bin"}, d.Name()) {
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// skipOrFail skips what needs more than Go, unless that must not be.
func skipOrFail(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CALLBOARD_TEST_REQUIRE_BROWSER") != "" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED: " + why)
}

// result is one case of client.mjs.
type result struct{ name, failure string }

type methods struct{ All, Called []string }

func results(t *testing.T, out []byte) (all []result, m methods) {
	t.Helper()
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		if name, ok := strings.CutPrefix(line, "ok - "); ok {
			all = append(all, result{name: name})
		} else if name, ok := strings.CutPrefix(line, "not ok - "); ok {
			all = append(all, result{name, "failed:"})
		} else if text, ok := strings.CutPrefix(line, "methods "); ok {
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				t.Fatal(err)
			}
		} else if n := len(all); n > 0 && all[n-1].failure != "" {
			all[n-1].failure += "\n" + line
		}
	}
	return all, m
}

// serveFixtures serves what Backstage read when its answers were recorded.
func serveFixtures(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(root, "cmd", "callboard", "testdata", "backstage")
	mux := http.NewServeMux()
	mux.Handle("/fixtures/", http.FileServer(http.Dir(dir)))
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join(dir, "extra"))))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

type portal struct{ url, token string }

// startPortal builds the portal and serves it with the fixtures as its location.
func startPortal(t *testing.T, site string) portal {
	t.Helper()
	dir := t.TempDir()
	binary, data, config := filepath.Join(dir, "callboard"), filepath.Join(dir, "data"), filepath.Join(dir, "callboard.yaml")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/callboard")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the portal: %v\n%s", err, out)
	}
	host, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`catalog:
  locations: [{type: url, target: "%s/fixtures/root.yaml", rules: [{allow: [User, Group]}]}]
  rules: [{allow: [Component, API, Resource, System, Domain, Location, Template]}]
  reading: {allow: [{host: "%s"}]}
`, site, host.Host)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := exec.Command(binary, "serve", "--config", config, "--data", data, "--listen", "127.0.0.1:0")
	var stderr bytes.Buffer
	serve.Stderr = &stderr
	stdout, err := serve.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	t.Cleanup(func() {
		if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("stop the portal: %v", err)
		}
		if err := serve.Wait(); err != nil {
			t.Errorf("the portal ended with %v\n%s", err, stderr.String())
		}
	})
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "callboard: listening on ")
	if err != nil || !ok {
		t.Fatalf("the portal did not start: %q, %v", line, err)
	}
	token, err := os.ReadFile(filepath.Join(data, "token"))
	if err != nil {
		t.Fatal(err)
	}
	return portal{address, strings.TrimSpace(string(token))}
}
