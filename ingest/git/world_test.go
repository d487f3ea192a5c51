package git_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/git"
)

// work is a real repository, made with Git itself.
type work struct {
	t   *testing.T
	dir string
	now time.Time
}

func newWork(t *testing.T) *work {
	t.Helper()
	w := &work{t: t, dir: filepath.Join(t.TempDir(), "platform", "catalog"), now: time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)}
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w.git("init", "--quiet", "--initial-branch=main")
	return w
}

func (w *work) git(args ...string) string {
	w.t.Helper()
	c := exec.Command("git", append([]string{"-C", w.dir}, args...)...)
	at := w.now.Format(time.RFC3339)
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_COMMITTER_DATE="+at, "GIT_AUTHOR_DATE="+at,
		"GIT_AUTHOR_NAME=Moss Bank", "GIT_AUTHOR_EMAIL=7+mossbank@users.noreply.github.com", "GIT_COMMITTER_NAME=Forge", "GIT_COMMITTER_EMAIL=forge@acme.example")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// commit writes files, "" removes one, and commits an hour later.
func (w *work) commit(files map[string]string) string {
	w.t.Helper()
	for name, text := range files {
		file := filepath.Join(w.dir, filepath.FromSlash(name))
		if text == "" {
			if err := os.Remove(file); err != nil {
				w.t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	w.now = w.now.Add(time.Hour)
	w.git("add", "--all")
	w.git("commit", "--quiet", "--allow-empty", "--message=Change")
	return w.git("rev-parse", "HEAD")
}

// merge merges a branch into the present one.
func (w *work) merge(branch string) string {
	w.t.Helper()
	w.now = w.now.Add(time.Hour)
	w.git("merge", "--quiet", "--no-ff", "--message=Merge", branch)
	return w.git("rev-parse", "HEAD")
}

// serve serves the repository over HTTP, to those who have the token if there is one.
func (w *work) serve(token string) string {
	w.t.Helper()
	program := filepath.Join(w.git("--exec-path"), "git-http-backend")
	if _, err := os.Stat(program); err != nil {
		w.t.Skipf("SKIPPED: Git's HTTP server is not installed: %v", err)
	}
	backend := &cgi.Handler{Path: program, Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(filepath.Dir(w.dir)), "GIT_HTTP_EXPORT_ALL=1"}}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != token {
			rw.Header().Set("WWW-Authenticate", "Basic")
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(s.Close)
	return s.URL + "/platform/catalog/.git"
}

func newSource(t *testing.T, o git.Options) *git.Source {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "clone")
	}
	o.Name = "platform"
	s, err := git.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func list(t *testing.T, s *git.Source) (ingest.Repository, error) {
	t.Helper()
	for repo, err := range s.Repositories(t.Context()) {
		return repo, err
	}
	t.Fatal("no repository is listed")
	return ingest.Repository{}, nil
}

func sign(secret, body string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(m.Sum(nil))
}
