package git_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/git"
	"github.com/callboard/callboard/internal/fault"
)

// eachWay runs a test with the repository read in its place, and over HTTP.
func eachWay(t *testing.T, test func(t *testing.T, w *work, o git.Options)) {
	t.Helper()
	t.Run("folder", func(t *testing.T) {
		w := newWork(t)
		test(t, w, git.Options{URL: w.dir})
	})
	t.Run("http", func(t *testing.T) {
		w := newWork(t)
		test(t, w, git.Options{URL: w.serve("let me in"), Token: "let me in"})
	})
}

func paths(files []ingest.File) []string {
	var all []string
	for _, f := range files {
		all = append(all, f.Path)
	}
	slices.Sort(all)
	return all
}

func TestReadsTheHead(t *testing.T) {
	eachWay(t, func(t *testing.T, w *work, o git.Options) {
		t.Helper()
		w.commit(map[string]string{"catalog-info.yaml": "one", "docs/index.md": "# Docs"})
		if err := os.Symlink("catalog-info.yaml", filepath.Join(w.dir, "link.yaml")); err != nil {
			t.Fatal(err)
		}
		first := w.commit(nil)
		s := newSource(t, o)
		repo, err := list(t, s)
		if err != nil {
			t.Fatal(err)
		}
		if repo.ID != "platform" || repo.DefaultBranch != "main" || !strings.Contains(repo.FullName, "catalog") {
			t.Errorf("the repository is %+v", repo)
		}
		f := s.Forge()
		head, err := f.Head(t.Context(), repo, "main")
		if err != nil {
			t.Fatal(err)
		}
		want := ingest.Commit{
			SHA: first, Time: w.now, Parents: []string{w.git("rev-parse", "HEAD~1")},
			Author: event.Actor{Name: "Moss Bank", Email: "7+mossbank@users.noreply.github.com", Login: "mossbank"},
		}
		if d := cmp.Diff(want, head); d != "" {
			t.Error(d)
		}
		files, err := f.Tree(t.Context(), repo, first)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"catalog-info.yaml", "docs/index.md"}, paths(files)); d != "" {
			t.Error(d)
		}
		b, err := f.Blob(t.Context(), repo, files[0])
		if err != nil || string(b) != "one" {
			t.Errorf("%q, %v", b, err)
		}

		// It moves on, and is moved back by force.
		second := w.commit(map[string]string{"catalog-info.yaml": "two"})
		w.git("gc", "--quiet")
		if head, err = f.Head(t.Context(), repo, "main"); err != nil || head.SHA != second {
			t.Errorf("the head is %s, %v; want %s", head.SHA, err, second)
		}
		w.git("reset", "--quiet", "--hard", "HEAD~2")
		third := w.commit(map[string]string{"catalog-info.yaml": "three"})
		if head, err = f.Head(t.Context(), repo, "main"); err != nil || head.SHA != third {
			t.Errorf("the head is %s, %v; want %s", head.SHA, err, third)
		}
		r, err := f.Between(t.Context(), repo, second, third)
		if err != nil || r.Ancestor || !r.Complete || len(r.Commits) != 1 || r.Commits[0].SHA != third {
			t.Errorf("between is %+v, %v", r, err)
		}
	})
}

func TestCloneSurvives(t *testing.T) {
	w := newWork(t)
	w.commit(map[string]string{"catalog-info.yaml": "one"})
	url, dir := w.serve(""), filepath.Join(t.TempDir(), "clone")
	for _, spoil := range []func(){
		func() {},
		func() {}, // it is there already
		func() { os.WriteFile(filepath.Join(dir, "HEAD"), nil, 0o600) },
		func() { os.RemoveAll(dir) },
	} {
		spoil()
		s := newSource(t, git.Options{URL: url, Dir: dir})
		head, err := s.Forge().Head(t.Context(), ingest.Repository{}, "main")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Forge().Tree(t.Context(), ingest.Repository{}, head.SHA); err != nil {
			t.Error(err)
		}
		s.Close()
		w.commit(map[string]string{"catalog-info.yaml": head.SHA})
	}
}

func TestWhatIsWrong(t *testing.T) {
	w := newWork(t)
	empty := newSource(t, git.Options{URL: w.dir})
	if repo, err := list(t, empty); err != nil || repo.DefaultBranch != "" {
		t.Errorf("an empty repository is %+v, %v", repo, err)
	}
	if _, err := empty.Forge().Head(t.Context(), ingest.Repository{}, "main"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the head of an empty repository: %v", err)
	}
	w.commit(map[string]string{"a": "b"})
	w.git("branch", "stable")
	locked := w.serve("let me in")
	gone := strings.Replace(w.serve(""), "/platform/", "/elsewhere/", 1)
	for _, tt := range []struct {
		name string
		o    git.Options
		kind fault.Kind
		want string
	}{
		{"another branch", git.Options{URL: w.dir, Branch: "master"}, fault.Invalid, "has no branch master; it has main, stable"},
		{"no folder", git.Options{URL: filepath.Join(w.dir, "nope")}, fault.NotFound, "there is no repository"},
		{"no repository", git.Options{URL: gone}, fault.NotFound, "there is no repository"},
		{"no token", git.Options{URL: locked}, fault.Denied, "wants a token"},
		{"the wrong token", git.Options{URL: locked, Token: "hunter2"}, fault.Denied, "wants a token"},
		{"nobody listens", git.Options{URL: "http://127.0.0.1:1/x.git", Token: "hunter2"}, fault.Unavailable, "127.0.0.1:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := list(t, newSource(t, tt.o))
			if fault.KindOf(err) != tt.kind || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("%s error %v; want %s, %q", fault.KindOf(err), err, tt.kind, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), "hunter2") {
				t.Errorf("the token shows: %v", err)
			}
		})
	}
	for _, url := range []string{"", "svn://x/y", "https://git.example.com", "https://me:secret@git.example.com/x.git"} {
		if _, err := git.New(git.Options{Name: "platform", URL: url}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", url, err)
		} else if strings.Contains(err.Error(), "secret@") {
			t.Errorf("a password shows: %v", err)
		}
	}
}

func TestNames(t *testing.T) {
	for url, want := range map[string][2]string{
		"https://git.example.com/platform/catalog.git":   {"platform/catalog", "https://git.example.com/platform/catalog.git"},
		"https://me@git.example.com:8443/catalog":        {"catalog", "https://git.example.com:8443/catalog"},
		"ssh://git@git.example.com/platform/catalog.git": {"platform/catalog", "ssh://git@git.example.com/platform/catalog.git"},
		"git@git.example.com:platform/catalog.git":       {"platform/catalog", "ssh://git@git.example.com/platform/catalog.git"},
		"file:///srv/git/platform/catalog.git":           {"catalog", "file:/srv/git/platform/catalog.git"},
		"/srv/git/platform/catalog":                      {"catalog", "file:/srv/git/platform/catalog"},
	} {
		s := newSource(t, git.Options{URL: url})
		m, err := s.Translate(ingest.Delivery{})
		if err != nil || !m.Look || m.Repository.ID != "platform" || m.Repository.FullName != want[0] {
			t.Errorf("%s: %+v, %v", url, m, err)
		}
	}
}

func TestVerify(t *testing.T) {
	s := newSource(t, git.Options{URL: "https://git.example.com/x.git", WebhookSecret: "sesame", PreviousSecret: "open"})
	for _, tt := range []struct {
		signature string
		ok        bool
	}{
		{sign("sesame", "{}"), true}, {sign("open", "{}"), true}, {sign("sesame", "[]"), false}, {sign("", "{}"), false}, {"", false}, {"sha256=", false},
	} {
		r, err := s.Verify(http.Header{"X-Hub-Signature-256": {tt.signature}, "X-Gitea-Delivery": {"7"}}, []byte("{}"))
		if tt.ok && (err != nil || r.ID != "7") || !tt.ok && fault.KindOf(err) != fault.Denied {
			t.Errorf("%q: %+v, %v", tt.signature, r, err)
		}
	}
	none := newSource(t, git.Options{URL: "https://git.example.com/x.git"})
	if _, err := none.Verify(http.Header{"X-Hub-Signature-256": {sign("", "{}")}}, []byte("{}")); fault.KindOf(err) != fault.Denied {
		t.Errorf("without a secret: %v", err)
	}
}

func TestLocal(t *testing.T) {
	for address, local := range map[string]bool{
		"https://git.example.com/platform/catalog.git": false, "ssh://git@git.example.com/platform/catalog.git": false,
		"git@git.example.com:platform/catalog.git": false, "git.example.com:/platform/catalog.git": false,
		"/srv/git/catalog.git": true, "catalog": true, "../catalog": true, "file:///srv/git/catalog.git": true, "FILE:///srv/git/catalog.git": true,
		"a/b:c/../../../../srv/git/secret.git": true,
	} {
		if got := (git.Remote{URL: address}).Local(); got != local {
			t.Errorf("%s is on this machine: %v, want %v", address, got, local)
		}
	}
}
