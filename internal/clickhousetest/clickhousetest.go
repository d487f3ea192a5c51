// Package clickhousetest gives tests a ClickHouse: [Start] runs the real engine,
// which make test fetches from npm as a library, behind the HTTP interface and the
// native protocol.
package clickhousetest

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
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
	http, native string // addresses
	databases    atomic.Int64
}

// Start runs one until the test ends. Without an engine the test is skipped, unless
// one is [Required].
func Start(tb testing.TB) *Server {
	tb.Helper()
	s, stop, err := Run(context.WithoutCancel(tb.Context()), filepath.Join(tb.TempDir(), "clickhouse"))
	if errors.Is(err, fs.ErrNotExist) && !Required() {
		tb.Skip("SKIPPED: " + err.Error())
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := stop(); err != nil {
			tb.Errorf("the ClickHouse of this test ended with: %v", err)
		}
	})
	return s
}

// Run runs one on a data folder until it is stopped, or ctx ends. The error wraps
// fs.ErrNotExist if there is no engine.
func Run(ctx context.Context, folder string) (s *Server, stop func() error, err error) {
	e, err := Find()
	if err == nil {
		_, err = os.Stat(e.Library)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("there is no ClickHouse engine; make engine fetches it from npm: %w", err)
	}
	// In a process of its own, for what the library does to that, and without the
	// race detector. The go command keeps what it has built.
	front := exec.CommandContext(ctx, "go", "run", "github.com/callboard/callboard/internal/clickhousetest/front", "-lib", e.Library, "-path", folder)
	front.Env = append(os.Environ(), "CGO_ENABLED=0")
	front.Stderr = os.Stderr
	in, err := front.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := front.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := front.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() error {
		in.Close()
		return front.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, nil, fmt.Errorf("start ClickHouse: %w", errors.Join(err, stop()))
	}
	s = &Server{}
	if _, err := fmt.Sscanf(line, "listening %s %s", &s.http, &s.native); err != nil {
		return nil, nil, fmt.Errorf("start ClickHouse: it says %q: %w", line, errors.Join(err, stop()))
	}
	return s, stop, nil
}

// Protocols are those that a server speaks, as the scheme of a URL.
func Protocols() []string { return []string{"http", "clickhouse"} }

// Database returns the URL of a database for a test, which whoever opens a store there
// makes. It is spoken with over HTTP.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	return s.DatabaseOver(tb, "http")
}

// DatabaseOver is Database over one of the [Protocols].
func (s *Server) DatabaseOver(tb testing.TB, protocol string) string {
	tb.Helper()
	return s.URL(protocol, fmt.Sprintf("test%d", s.databases.Add(1)))
}

// URL is that of a database over one of the [Protocols].
func (s *Server) URL(protocol, database string) string {
	address := s.http
	if protocol == "clickhouse" {
		address = s.native
	}
	return protocol + "://" + address + "/" + database
}
