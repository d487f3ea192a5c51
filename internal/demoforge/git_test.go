package demoforge_test

import (
	"bytes"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/demoforge"
)

// The git command clones what is at the forge, fetches what is pushed afterwards, and
// finds it again under another name. It can push nothing.
func TestCloneByGit(t *testing.T) {
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Token: "forge-token"}, GitLab: demoforge.Service{Token: "forge-token"}})
	for p, name := range map[demoforge.Provider]string{demoforge.GitHub: "acme/pay", demoforge.GitLab: "acme/data/lake"} {
		t.Run(string(p), func(t *testing.T) {
			r := create(t, f, p, name)
			_, _, _, _, after := fork(t, r)
			clone := filepath.Join(t.TempDir(), "clone")
			address := f.APIURL(p) + name + ".git"
			if _, err := gitRun(t, ".", "clone", "--quiet", address, clone); err != nil {
				t.Fatal(err)
			}
			want, err := r.FirstParents("main")
			if err != nil {
				t.Fatal(err)
			}
			log := func() []string {
				out, err := gitRun(t, clone, "log", "--first-parent", "--reverse", "--format=%H", "origin/main")
				if err != nil {
					t.Fatal(err)
				}
				return strings.Fields(out)
			}
			if diff := cmp.Diff(want, log()); diff != "" || want[len(want)-1] != after {
				t.Errorf("its history (-forge +git):\n%s", diff)
			}
			if out, err := gitRun(t, clone, "fsck", "--strict"); err != nil {
				t.Errorf("%v\n%s", err, out)
			}

			push(t, r, "main", commit(9, "more", map[string]string{"more.md": "more"}))
			if _, err := r.Rename(name+"-2", moss); err != nil {
				t.Fatal(err)
			}
			if out, err := gitRun(t, clone, "fetch", "--quiet"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if got := log(); got[len(got)-1] != r.Head("main") {
				t.Errorf("after a push it ends at %s", got[len(got)-1])
			}
			if out, err := gitRun(t, clone, "push", "origin", "HEAD:refs/heads/mine"); err == nil || !strings.Contains(out, "403") {
				t.Errorf("a push is answered %q", out)
			}
		})
	}
}

// What is private takes the token, and what is not there says the same to all others.
func TestClonePrivate(t *testing.T) {
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Token: "forge-token"}})
	r, err := f.Create(demoforge.GitHub, "acme/secret", demoforge.Settings{Private: true})
	if err != nil {
		t.Fatal(err)
	}
	push(t, r, "main", commit(0, "first", map[string]string{"README.md": "hello"}))
	for _, tt := range []struct {
		name, token string
		reads       bool
	}{
		{"acme/secret", "forge-token", true},
		{"acme/secret", "", false},
		{"acme/secret", "wrong-token", false},
		{"acme/nothing", "forge-token", false},
	} {
		u, err := url.Parse(f.APIURL(demoforge.GitHub) + tt.name + ".git")
		if err != nil {
			t.Fatal(err)
		}
		if tt.token != "" {
			u.User = url.UserPassword("x-access-token", tt.token)
		}
		if out, err := gitRun(t, ".", "ls-remote", u.String()); (err == nil) != tt.reads || tt.reads && !strings.Contains(out, r.Head("main")) {
			t.Errorf("%s with %q: %v\n%s", tt.name, tt.token, err, out)
		}
	}
}

// gitRun runs the git command, which asks nobody for a password, and returns all that
// it says.
func gitRun(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "git", args...)
	var out bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = dir, &out, &out
	c.Env = slices.Concat(c.Environ(), []string{"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"})
	err := c.Run()
	return out.String(), err
}
