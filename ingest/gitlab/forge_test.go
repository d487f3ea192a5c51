package gitlab_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/fault"
)

// serve answers every request with one handler.
func serve(t *testing.T, h http.HandlerFunc) ingest.Forge {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return newSource(t, gitlab.Options{URL: s.URL, Token: "a token for tests", WebhookSecret: secret}).Forge()
}

func TestTreeHasFilesOnly(t *testing.T) {
	forge := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[
			{"path": "catalog-info.yaml", "mode": "100644", "type": "blob", "id": "1"},
			{"path": "link.yaml", "mode": "120000", "type": "blob", "id": "3"},
			{"path": "folder", "mode": "040000", "type": "tree", "id": "4"},
			{"path": "module", "mode": "160000", "type": "commit", "id": "5"}]`)
	})
	got, err := forge.Tree(t.Context(), ledger, sha)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ingest.File{{Path: "catalog-info.yaml", Blob: "1"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An answer that is none must never be taken for an empty one.
func TestAnswersThatAreNone(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "an object": "{}", "null": "null", "a page": "<html>Sign in</html>", "cut short": `[{"path": "`,
	} {
		t.Run(name, func(t *testing.T) {
			forge := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
			if got, err := forge.Tree(t.Context(), ledger, sha); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("a tree: %v, %v", got, err)
			}
			if got, err := forge.Repository(t.Context(), ledger); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("a repository: %+v, %v", got, err)
			}
			if got, err := forge.Head(t.Context(), ledger, "main"); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("a head: %+v, %v", got, err)
			}
			if got, err := forge.Between(t.Context(), ledger, sha, digits); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("a comparison: %+v, %v", got, err)
			}
		})
	}
}

func TestEndlessTree(t *testing.T) {
	forge := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page_token=same>; rel="next"`, r.Host, r.URL.Path))
		fmt.Fprint(w, `[{"path": "x", "mode": "100644", "type": "blob", "id": "1"}]`)
	})
	if got, err := forge.Tree(t.Context(), ledger, sha); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %d files, %v", len(got), err)
	}
}
