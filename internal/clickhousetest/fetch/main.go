// Fetch brings the ClickHouse engine that tests run into the user's cache, with
// npm. Where it cannot, it says so loudly; it fails only if the tests would.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/callboard/callboard/internal/clickhousetest"
)

func main() {
	err := fetch()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "\n*** There is no ClickHouse engine to test with: %v\n*** Every test of the history on ClickHouse will be SKIPPED.\n\n", err)
	if clickhousetest.Required() {
		os.Exit(1)
	}
}

func fetch() (err error) {
	e, err := clickhousetest.Find()
	if err != nil {
		return err
	}
	if _, err := os.Stat(e.Library); err == nil {
		return nil
	}
	fmt.Fprintln(os.Stderr, "Fetching the ClickHouse engine for the tests, 180 MB, into", e.Folder)
	if err := os.MkdirAll(filepath.Dir(e.Folder), 0o700); err != nil {
		return err
	}
	// It is put in its place when it is whole.
	made, err := os.MkdirTemp(filepath.Dir(e.Folder), "fetching-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(made)) }()
	if err := os.CopyFS(made, e.Manifest); err != nil {
		return err
	}
	npm := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir, npm.Stdout, npm.Stderr = made, os.Stderr, os.Stderr
	if err := npm.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	if err := os.Rename(made, e.Folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Stat(e.Library); err != nil {
		return fmt.Errorf("npm has none for this system, only for Linux on x86-64 with glibc: %w", err)
	}
	return nil
}
