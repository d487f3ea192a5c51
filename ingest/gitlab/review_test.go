package gitlab_test

import (
	"testing"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi/reviewtest"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/demoforge"
)

func TestReview(t *testing.T) {
	reviewtest.Run(t, reviewtest.Forge{
		Name: "gitlab", Provider: demoforge.GitLab,
		Open: func(t *testing.T, address string) reviewtest.Source {
			t.Helper()
			s, err := gitlab.New(gitlab.Options{Name: "gitlab", URL: address + "/gitlab", Token: "t", WebhookSecret: "s"})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Want: ingest.PullRequest{
			Number: 1, Title: "Side", URL: "http://forge.example/gitlab/acme/payments/-/merge_requests/1", Open: true, Into: "main",
			Author: event.Actor{Name: "Moss", Login: "moss"},
		},
		Lacks: [2]string{"checks.status", "checks.comment"},
	})
}
