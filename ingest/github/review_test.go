package github_test

import (
	"testing"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi/reviewtest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/demoforge"
)

func TestReview(t *testing.T) {
	reviewtest.Run(t, reviewtest.Forge{
		Name: "github", Provider: demoforge.GitHub,
		Open: func(t *testing.T, address string) reviewtest.Source {
			t.Helper()
			s, err := github.New(github.Options{Name: "github", URL: address + "/github", Token: "t", WebhookSecret: "s"})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Want: ingest.PullRequest{
			Number: 1, Title: "Side", URL: "http://forge.example/github/acme/payments/pull/1", Open: true, Into: "main", Author: event.Actor{Login: "moss"},
		},
		Lacks: [2]string{"the permission Commit statuses: Read and write", "the permission Pull requests: Read and write"},
	})
}
