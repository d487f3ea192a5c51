package demoforge_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/demoforge"
)

var (
	moss   = demoforge.Person{Name: "Moss Bank", Email: "mossbank@acme.example", Login: "mossbank"}
	pebble = demoforge.Person{Name: "Pebble Dash", Email: "pebbledash@acme.example", Login: "pebbledash"}
	noon   = time.Date(2026, 3, 12, 12, 0, 0, 0, time.FixedZone("", 3600))
)

// start serves a forge for the length of a test.
func start(t testing.TB, o demoforge.Options) *demoforge.Forge {
	t.Helper()
	f, err := demoforge.Listen("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func githubClient(t testing.TB, f *demoforge.Forge, token string) *github.Client {
	t.Helper()
	c := github.NewClient(nil)
	if token != "" {
		c = c.WithAuthToken(token)
	}
	// Not WithEnterpriseURLs: our configuration gives the API's base as it is.
	base, err := c.BaseURL.Parse(f.APIURL(demoforge.GitHub))
	if err != nil {
		t.Fatal(err)
	}
	c.BaseURL = base
	return c
}

func gitlabClient(t testing.TB, f *demoforge.Forge, token string) *gitlab.Client {
	t.Helper()
	c, err := gitlab.NewClient(token, gitlab.WithBaseURL(f.APIURL(demoforge.GitLab)), gitlab.WithCustomRetryMax(0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func create(t testing.TB, f *demoforge.Forge, p demoforge.Provider, name string) *demoforge.Repository {
	t.Helper()
	r, err := f.Create(p, name, demoforge.Settings{Description: "A sample", Created: noon})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// commit makes a change by moss, n hours after noon.
func commit(n int, message string, files map[string]string, remove ...string) demoforge.Change {
	return demoforge.Change{Author: moss, Time: noon.Add(time.Duration(n) * time.Hour), Message: message, Files: files, Remove: remove}
}

func push(t testing.TB, r *demoforge.Repository, branch string, changes ...demoforge.Change) demoforge.Delivery {
	t.Helper()
	d, err := r.Push(branch, changes...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fork gives a repository a branch "side" beside main, and merges it:
//
//	base ── main ── merge ── after
//	   └─── side ──┘
func fork(t testing.TB, r *demoforge.Repository) (base, main, side, merge, after string) {
	t.Helper()
	base = push(t, r, "main", commit(0, "base", map[string]string{"a": "1", "b": "1", "docs/c": "1"})).After
	side = push(t, r, "side", commit(2, "side", map[string]string{"b": "2"})).After
	main = push(t, r, "main", commit(1, "main", map[string]string{"a": "2"})).After
	m := commit(3, "merge", nil)
	m.Merge = []string{"side"}
	merge = push(t, r, "main", m).After
	after = push(t, r, "main", commit(4, "after", nil, "docs/c")).After
	return base, main, side, merge, after
}

// gitRepository makes a repository with the git command, with a merge, a
// removal, a move and an annotated tag, and returns its folder.
func gitRepository(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("the git command is not installed")
	}
	dir := t.TempDir()
	clock := noon
	git := func(args ...string) {
		clock = clock.Add(time.Minute)
		gitIn(t, dir, clock, args...)
	}
	write := func(path, content string) {
		at := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		gitIn(t, dir, clock, "add", path)
	}
	git("init", "-q", "-b", "trunk")
	write("catalog-info.yaml", "kind: Component\n")
	write("docs/index.md", "one\n")
	git("commit", "-q", "-m", "first")
	git("checkout", "-q", "-b", "feature/x")
	write("services/cart/catalog-info.yaml", "kind: Component # cart\n")
	git("commit", "-q", "-m", "cart")
	write("docs/index.md", "two\n")
	git("commit", "-q", "-m", "docs on the branch")
	git("checkout", "-q", "trunk")
	write("README.md", "hello\n")
	git("commit", "-q", "-m", "readme")
	git("merge", "-q", "--no-ff", "-m", "merge x", "feature/x")
	git("mv", "services/cart", "services/basket")
	git("commit", "-q", "-m", "rename")
	git("rm", "-q", "docs/index.md")
	git("commit", "-q", "-m", "no docs")
	write("docs/index.md", "three\n")
	git("commit", "-q", "-m", "docs again")
	git("tag", "-a", "v1", "-m", "one")
	return dir
}

func gitIn(t *testing.T, dir string, at time.Time, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	stamp := fmt.Sprintf("%d +0100", at.Unix())
	cmd.Env = append(cmd.Environ(),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=Salt Marsh", "GIT_AUTHOR_EMAIL=saltmarsh@acme.example", "GIT_AUTHOR_DATE="+stamp,
		"GIT_COMMITTER_NAME=Salt Marsh", "GIT_COMMITTER_EMAIL=saltmarsh@acme.example", "GIT_COMMITTER_DATE="+stamp)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
