package github_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/fault"
)

// serve answers every request with one handler.
func serve(t *testing.T, h http.HandlerFunc) ingest.Forge {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return newSource(t, github.Options{URL: s.URL + "/api/v3", Token: "a token for tests"}).Forge()
}

func TestTreeHasFilesOnly(t *testing.T) {
	forge := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"sha": %q, "truncated": false, "tree": [
			{"path": "catalog-info.yaml", "mode": "100644", "type": "blob", "sha": "1"},
			{"path": "run.sh", "mode": "100755", "type": "blob", "sha": "2"},
			{"path": "link.yaml", "mode": "120000", "type": "blob", "sha": "3"},
			{"path": "folder", "mode": "040000", "type": "tree", "sha": "4"},
			{"path": "module", "mode": "160000", "type": "commit", "sha": "5"}]}`, sha)
	})
	got, err := forge.Tree(t.Context(), payments, sha)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ingest.File{{Path: "catalog-info.yaml", Blob: "1"}, {Path: "run.sh", Blob: "2"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An answer that is none must never be taken for an empty one.
func TestAnswersThatAreNone(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "an empty object": "{}", "null": "null", "a page": "<html>Please sign in</html>", "cut short": `{"sha": "`,
	} {
		t.Run(name, func(t *testing.T) {
			forge := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
			if got, err := forge.Tree(t.Context(), payments, sha); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("a tree: %v, %v", got, err)
			}
			if got, err := forge.Repository(t.Context(), payments); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("a repository: %+v, %v", got, err)
			}
			if got, err := forge.Head(t.Context(), payments, "main"); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("a head: %+v, %v", got, err)
			}
			if got, err := forge.Between(t.Context(), payments, sha, digits); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("a comparison: %+v, %v", got, err)
			}
		})
	}
}

func TestTreeTooLargeToList(t *testing.T) {
	forge := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"sha": %q, "truncated": true, "tree": []}`, sha)
	})
	if got, err := forge.Tree(t.Context(), payments, sha); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTreeOfTooManyParts(t *testing.T) {
	forge := serve(t, func(w http.ResponseWriter, r *http.Request) {
		// Every folder holds another one, and GitHub lists none of them whole.
		fmt.Fprintf(w, `{"sha": %q, "truncated": %t, "tree": [{"path": "d", "mode": "040000", "type": "tree", "sha": %q}]}`, sha, r.URL.Query().Has("recursive"), sha)
	})
	if got, err := forge.Tree(t.Context(), payments, sha); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestLimitThatGitHubClientKeeps(t *testing.T) {
	asked := 0
	forge := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("X-RateLimit-Limit", "60")
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
		w.WriteHeader(http.StatusForbidden)
	})
	for range 3 { // the second and third are not even asked
		_, err := forge.Head(t.Context(), payments, "main")
		if wait := fault.RetryAfter(err); fault.KindOf(err) != fault.Unavailable || wait < 59*time.Minute || wait > time.Hour || !strings.Contains(err.Error(), "rate limit") {
			t.Errorf("got %v, to wait %s", err, wait)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
