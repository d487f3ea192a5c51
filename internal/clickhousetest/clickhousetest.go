// Package clickhousetest gives tests a ClickHouse: [Start] runs the real engine,
// which make test fetches from npm as a library, behind the HTTP interface.
package clickhousetest

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

//go:embed engine/package.json engine/package-lock.json
var engine embed.FS

// Engine is the npm package that the engine comes in, and where it is kept.
type Engine struct {
	Manifest fs.FS  // package.json and its lock
	Folder   string // below the user's cache
	Library  string // a file in it
}

// Find tells of the engine, which may not have been fetched yet.
func Find() (Engine, error) {
	manifest, err := fs.Sub(engine, "engine")
	if err != nil {
		return Engine{}, err
	}
	b, err := fs.ReadFile(manifest, "package.json")
	if err != nil {
		return Engine{}, err
	}
	var described struct {
		OptionalDependencies map[string]string `json:"optionalDependencies"`
	}
	if err := json.Unmarshal(b, &described); err != nil {
		return Engine{}, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return Engine{}, err
	}
	for name, version := range described.OptionalDependencies {
		folder := filepath.Join(cache, "callboard", "clickhouse-"+version)
		return Engine{manifest, folder, filepath.Join(folder, "node_modules", filepath.FromSlash(name), "libchdb.so")}, nil
	}
	return Engine{}, fmt.Errorf("internal/clickhousetest/engine/package.json names no package")
}

// Required reports whether tests fail that find no engine; else they are skipped.
func Required() bool { return os.Getenv("CALLBOARD_TEST_REQUIRE_CLICKHOUSE") != "" }

// Server is a ClickHouse that runs.
type Server struct {
	address   string
	databases atomic.Int64
}

// Start runs one until the test ends. Without an engine the test is skipped, unless
// one is [Required].
func Start(tb testing.TB) *Server {
	tb.Helper()
	e, err := Find()
	if err == nil {
		_, err = os.Stat(e.Library)
	}
	if err != nil {
		why := "there is no ClickHouse to test with, make test fetches it from npm: " + err.Error()
		if Required() {
			tb.Fatal(why)
		}
		tb.Skip("SKIPPED: " + why)
	}
	// In a process of its own, for what the library does to that, and without the
	// race detector. The go command keeps what it has built.
	front := exec.CommandContext(context.WithoutCancel(tb.Context()), "go", "run", "github.com/callboard/callboard/internal/clickhousetest/front",
		"-lib", e.Library, "-path", filepath.Join(tb.TempDir(), "clickhouse"))
	front.Env = append(os.Environ(), "CGO_ENABLED=0")
	front.Stderr = os.Stderr
	in, err := front.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := front.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := front.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		in.Close()
		if err := front.Wait(); err != nil {
			tb.Errorf("the ClickHouse of this test ended with: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		tb.Fatalf("start ClickHouse: %v", err)
	}
	return &Server{address: strings.TrimSpace(strings.TrimPrefix(line, "listening "))}
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	s.Do(tb, "CREATE DATABASE "+name)
	return "http://" + s.address + "/" + name
}

// Do runs a statement.
func (s *Server) Do(tb testing.TB, statement string) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, "http://"+s.address+"/?"+url.Values{"query": {statement}}.Encode(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		tb.Fatalf("%s: %s %s", statement, resp.Status, resp.Header.Get("X-ClickHouse-Exception-Code"))
	}
}
