package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// manualPortal is the address that the manual gives a portal on the reader's machine.
const manualPortal = "http://127.0.0.1:8080"

// runManual runs the commands of the manual as a reader would, page by page from the top to
// the bottom in a folder of its own, and compares what they print with what is shown. The
// demo is the portal that they ask, unless the page starts one of its own; its data folder
// is ./data.
func runManual(t *testing.T, base, data string) {
	t.Helper()
	for _, tool := range []string{"sh", "curl", "git", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: there is no %s", tool)
		}
	}
	for _, page := range manualPages(t) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			r := newReader(t, base, data)
			for _, f := range fencesOf(t, page) {
				if f.title != "" {
					r.write(f.title, f.text)
				}
				if f.notRun != "" {
					continue
				}
				switch f.language {
				case "sh":
					r.where = fmt.Sprintf("%s:%d", f.page, f.line)
					r.run(f.text, "--fail-with-body") // an answer that is an error fails the command
				case "console":
					for _, s := range f.steps() {
						r.where = fmt.Sprintf("%s:%d: %s", f.page, f.line, s.command)
						if got := r.run(s.command, ""); !printed(s.prints).MatchString(bare(got)) {
							t.Errorf("%s\nprints\n%s\nand the manual shows\n%s", r.where, got, s.prints)
						}
					}
				}
			}
		})
	}
}

// printed matches what a command prints, without white space; … stands for anything.
func printed(shown string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(bare(shown)), "…", ".*") + "$")
}

func bare(text string) string { return strings.Join(strings.Fields(text), "") }

// reader is somebody who reads a page and does what it says: folder, variables and files
// stay from one block to the next.
type reader struct {
	t     *testing.T
	where string
	home  string // where the folder and the variables are kept between blocks
	base  string
	env   []string
}

func newReader(t *testing.T, base, data string) *reader {
	t.Helper()
	r := &reader{t: t, home: t.TempDir(), base: base}
	work := filepath.Join(r.home, "work")
	bin := filepath.Join(r.home, "bin")
	curl, err := exec.LookPath("curl")
	for _, e := range []error{
		err, os.Mkdir(work, 0o700), os.Mkdir(bin, 0o700), os.Symlink(data, filepath.Join(work, "data")),
		os.WriteFile(filepath.Join(r.home, "folder"), []byte(work), 0o600),
		os.WriteFile(filepath.Join(r.home, "variables"), nil, 0o600),
		os.WriteFile(filepath.Join(bin, "curl"), fmt.Appendf(nil, "#!/bin/sh\nexec %s -sS $CURL_FLAGS \"$@\"\n", curl), 0o700),
	} {
		if e != nil {
			t.Fatal(e)
		}
	}
	r.env = append(os.Environ(), "HOME="+r.home, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "CI_JOB_ID=job-1042",
		"GIT_AUTHOR_NAME=Moss Bank", "GIT_AUTHOR_EMAIL=mossbank@acme.example", "GIT_COMMITTER_NAME=Moss Bank", "GIT_COMMITTER_EMAIL=mossbank@acme.example")
	return r
}

// folder is where the reader is.
func (r *reader) folder() string {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.home, "folder"))
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func (r *reader) write(name, text string) {
	r.t.Helper()
	at := filepath.Join(r.folder(), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// run runs a block, which must succeed, and returns what it prints. The flags are for
// each curl in it.
func (r *reader) run(script, curl string) string {
	r.t.Helper()
	if words := callboardCommands(script); len(words) == 1 && strings.HasPrefix(strings.TrimSpace(script), "callboard ") {
		switch words[0][0] {
		case "demo":
			return "" // it runs
		case serveName:
			r.serve(words[0])
			return ""
		}
	}
	const around = "set -eua\ncd \"$(cat \"$HOME/folder\")\"\n. \"$HOME/variables\"\n%s\nexport -p > \"$HOME/variables\"\npwd > \"$HOME/folder\"\n"
	c := exec.CommandContext(r.t.Context(), "sh", "-c", fmt.Sprintf(around, r.here(script))) //nolint:gosec // the manual is ours
	c.Env = append(r.env, "CURL_FLAGS="+curl)
	out, err := c.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s\n%s", r.where, err, script, out)
	}
	return string(out)
}

// here has a script ask the portal that there is, also where it leaves the address out.
func (r *reader) here(script string) string {
	script = callboardCommand.ReplaceAllStringFunc(script, func(text string) string {
		m := callboardCommand.FindStringSubmatch(text)
		c, err := called(shellWords(m[2]))
		if err != nil {
			r.t.Fatalf("%s: %v", r.where, err)
		}
		if f := c.Flags().Lookup("portal"); f != nil && f.DefValue == manualPortal && !f.Changed {
			return text[:len(text)-len(m[2])] + " --portal=" + r.base + m[2]
		}
		return text
	})
	return strings.ReplaceAll(script, manualPortal, r.base)
}

// serve starts a portal that the rest of the page asks, and ends it with the page.
func (r *reader) serve(words []string) {
	r.t.Helper()
	c := exec.Command("callboard", append(words, "--listen", anyPort)...) //nolint:gosec // the test binary
	c.Dir, c.Env = r.folder(), r.env
	var stderr lockedBuffer
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		r.t.Fatalf("%s: %v", r.where, err)
	}
	r.t.Cleanup(func() {
		c.Process.Signal(syscall.SIGTERM) // it may have ended, which Wait tells
		if err := c.Wait(); err != nil {
			r.t.Errorf("the portal ended with %v\n%s", err, stderr.String())
		}
	})
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	base, ok := strings.CutPrefix(strings.TrimSpace(line), "callboard: listening on ")
	if err != nil || !ok {
		r.t.Fatalf("%s: the portal did not start: %q, %v\n%s", r.where, line, err, stderr.String())
	}
	go io.Copy(io.Discard, lines) // ends with the portal
	r.base = base
}
