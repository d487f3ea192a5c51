package demoforge_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/internal/demoforge"
)

func TestBudgetsAndCounts(t *testing.T) {
	ctx := context.Background()
	now := noon
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Exhausted: http.StatusTooManyRequests}, Now: func() time.Time { return now }})
	create(t, f, demoforge.GitHub, "acme/ledger")
	create(t, f, demoforge.GitLab, "acme/lake")
	f.SetBudget(demoforge.GitHub, 1)
	f.SetBudget(demoforge.GitLab, 0)

	_, resp, err := githubClient(t, f, "any").Repositories.Get(ctx, "acme", "ledger")
	if err != nil || resp.Rate.Remaining != 0 || resp.Rate.Limit != 5000 {
		t.Fatalf("first: %v, %v", resp.Rate, err)
	}
	var refused *github.ErrorResponse
	if _, _, err = githubClient(t, f, "any").Repositories.Get(ctx, "acme", "ledger"); !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusTooManyRequests {
		t.Errorf("second: %v, want 429", err)
	}
	if _, resp, err := gitlabClient(t, f, "any").Projects.GetProject("acme/lake", nil); err == nil || resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" {
		t.Errorf("GitLab: %v, want 429 with Retry-After", err)
	}
	now = now.Add(time.Hour)
	status, header, _ := get(t, f.APIURL(demoforge.GitHub)+"orgs/acme", http.Header{"Authorization": {"Bearer any"}})
	if status != http.StatusOK || header.Get("X-RateLimit-Remaining") != "4999" {
		t.Errorf("an hour later: %d with %s left", status, header.Get("X-RateLimit-Remaining"))
	}
	again, header, _ := get(t, f.APIURL(demoforge.GitHub)+"orgs/acme", http.Header{"Authorization": {"Bearer any"}, "If-None-Match": {header.Get("ETag")}})
	if again != http.StatusNotModified || header.Get("X-RateLimit-Remaining") != "4999" {
		t.Errorf("not modified: %d with %s left, want 304 at no cost", again, header.Get("X-RateLimit-Remaining"))
	}
	if diff := cmp.Diff(map[int]int{200: 2, 304: 1, 429: 1}, f.Requests(demoforge.GitHub)); diff != "" {
		t.Errorf("GitHub answered (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[int]int{429: 1}, f.Requests(demoforge.GitLab)); diff != "" {
		t.Errorf("GitLab answered (-want +got):\n%s", diff)
	}
}
