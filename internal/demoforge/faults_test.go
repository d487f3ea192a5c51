package demoforge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/internal/demoforge"
)

func TestFaults(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	push(t, r, "main", commit(0, "first", map[string]string{"a": "1", "b": "1", "c": "1"}))
	fault := func(x demoforge.Fault) {
		f.SetFaults(func(r *http.Request) demoforge.Fault {
			if strings.Contains(r.URL.Path, "/git/trees/") {
				return x
			}
			return demoforge.Fault{}
		})
	}
	// A new client each time: go-github remembers limits.
	tree := func() (*github.Tree, error) {
		tree, _, err := githubClient(t, f, "any").Git.GetTree(ctx, "acme", "ledger", "main", true)
		return tree, err
	}

	t.Run("status", func(t *testing.T) {
		fault(demoforge.Fault{Status: http.StatusBadGateway})
		var refused *github.ErrorResponse
		if _, err := tree(); !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusBadGateway {
			t.Errorf("got %v, want a 502", err)
		}
	})
	t.Run("secondary limit", func(t *testing.T) {
		fault(demoforge.Fault{Status: http.StatusForbidden, RetryAfter: time.Minute})
		var limited *github.AbuseRateLimitError
		if _, err := tree(); !errors.As(err, &limited) || limited.GetRetryAfter() != time.Minute {
			t.Errorf("got %v, want a secondary limit of a minute", err)
		}
	})
	t.Run("cut connection", func(t *testing.T) {
		fault(demoforge.Fault{Cut: true})
		if _, err := tree(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v, want an unexpected end", err)
		}
	})
	t.Run("truncated tree", func(t *testing.T) {
		fault(demoforge.Fault{TreeEntries: 2})
		if got, err := tree(); err != nil || !got.GetTruncated() || len(got.Entries) != 2 {
			t.Errorf("got %v, %v, want two entries and truncated", got, err)
		}
	})
	t.Run("slow answer", func(t *testing.T) {
		wait := make(chan struct{})
		fault(demoforge.Fault{Wait: wait})
		answered := make(chan error)
		go func() { _, err := tree(); answered <- err }()
		// The forge answers others meanwhile.
		if _, _, err := githubClient(t, f, "any").Repositories.Get(ctx, "acme", "ledger"); err != nil {
			t.Error(err)
		}
		select {
		case err := <-answered:
			t.Errorf("answered before it was let: %v", err)
		default:
		}
		close(wait)
		if err := <-answered; err != nil {
			t.Error(err)
		}
	})
	t.Run("none", func(t *testing.T) {
		f.SetFaults(nil)
		if got, err := tree(); err != nil || got.GetTruncated() || len(got.Entries) != 3 {
			t.Errorf("got %v, %v, want all three entries", got, err)
		}
	})
}

func TestPruneForgetsWhatAForcePushLeftBehind(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	first := push(t, r, "main", commit(0, "first", map[string]string{"a": "1"}))
	lost := push(t, r, "main", commit(1, "second", map[string]string{"a": "2"}))
	if _, err := r.Move("main", first.After, moss); err != nil {
		t.Fatal(err)
	}
	c := githubClient(t, f, "any")
	compare := func() error {
		_, _, err := c.Repositories.CompareCommits(ctx, "acme", "ledger", lost.After, "main", nil)
		return err
	}
	if err := compare(); err != nil {
		t.Errorf("right after the force push: %v", err)
	}
	if err := r.Prune(); err != nil {
		t.Fatal(err)
	}
	var refused *github.ErrorResponse
	if err := compare(); !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusNotFound {
		t.Errorf("after pruning: %v, want 404", err)
	}
}

func TestReadsWhilePushing(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	push(t, r, "main", commit(0, "0", map[string]string{"number": "0"}))
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			c := githubClient(t, f, "any")
			for range 25 {
				branch, _, err := c.Repositories.GetBranch(ctx, "acme", "ledger", "main", 0)
				if err != nil {
					t.Error(err)
					return
				}
				file, _, _, err := c.Repositories.GetContents(ctx, "acme", "ledger", "number", &github.RepositoryContentGetOptions{Ref: branch.GetCommit().GetSHA()})
				if err != nil {
					t.Error(err)
					return
				}
				if got, _ := file.GetContent(); got != branch.GetCommit().GetCommit().GetMessage() {
					t.Errorf("commit %s holds %s", branch.GetCommit().GetCommit().GetMessage(), got)
				}
			}
		})
	}
	for i := range 50 {
		push(t, r, "main", commit(i, fmt.Sprint(i+1), map[string]string{"number": fmt.Sprint(i + 1)}))
	}
	readers.Wait()
}

func TestPagesBehindTheLinks(t *testing.T) {
	f := start(t, demoforge.Options{})
	hub, lab := create(t, f, demoforge.GitHub, "acme/ledger"), create(t, f, demoforge.GitLab, "acme/data/lake")
	for _, r := range []*demoforge.Repository{hub, lab} {
		push(t, r, "main", commit(0, "first", map[string]string{"catalog-info.yaml": "kind: <Component>\n"}))
		push(t, r, "feature/x", commit(1, "mend <b>", map[string]string{"catalog-info.yaml": "kind: API\n"}))
	}
	head := hub.Head("feature/x")
	for _, test := range []struct{ path, want string }{
		{"/github/acme/ledger", ">catalog-info.yaml</a>"},
		{"/github/acme/ledger/commit/" + head, `<span class="add">&#43;kind: API`},
		{"/github/acme/ledger/commit/" + head, "mend &lt;b&gt;"},
		{"/github/acme/ledger/blob/main/catalog-info.yaml", `<span id="L1">kind: &lt;Component&gt;`},
		{"/github/acme/ledger/blob/feature/x/catalog-info.yaml", "kind: API"},
		{"/github/acme/ledger/raw/main/catalog-info.yaml", "kind: <Component>\n"},
		{"/gitlab/acme/data/lake", ">catalog-info.yaml</a>"},
		{"/gitlab/acme/data/lake/-/commit/" + lab.Head("feature/x"), `<span class="del">-kind: &lt;Component&gt;`},
		{"/gitlab/acme/data/lake/-/blob/feature/x/catalog-info.yaml", "kind: API"},
	} {
		t.Run(test.path, func(t *testing.T) {
			status, _, body := get(t, f.URL()+test.path, nil)
			if status != 200 || !strings.Contains(body, test.want) {
				t.Errorf("answered %d without %q:\n%s", status, test.want, body)
			}
		})
	}
	for _, path := range []string{"/github/acme/unknown", "/github/acme/ledger/blob/main/unknown", "/github/acme/ledger/commit/unknown", "/gitlab/", "/github/acme"} {
		if status, _, _ := get(t, f.URL()+path, nil); status != 404 {
			t.Errorf("%s answered %d, want 404", path, status)
		}
	}
}
