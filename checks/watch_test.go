package checks_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// requests is a source whose deliveries all tell of one pull request, and keeps the
// statuses that it is given. What the watch does not need is not there.
type requests struct {
	ingest.Source
	request  ingest.PullRequest
	away     error // what the forge answers, if it does not
	denied   error // what it answers to a status
	statuses []ingest.CommitStatus
}

func (r *requests) Name() string { return "github" }

func (r *requests) Forge() ingest.Forge { return repositories{away: r.away} }

func (r *requests) Translate(ingest.Delivery) (ingest.Meaning, error) {
	return ingest.Meaning{Repository: ingest.Repository{ID: "7", FullName: "acme/payments", DefaultBranch: "main"}, PullRequest: 4}, nil
}

func (r *requests) PullRequest(context.Context, ingest.Repository, int64) (ingest.PullRequest, error) {
	return r.request, r.away
}

func (r *requests) SetStatus(_ context.Context, _ ingest.Repository, s ingest.CommitStatus) error {
	if r.denied == nil {
		r.statuses = append(r.statuses, s)
	}
	return r.denied
}

func (r *requests) Comment(context.Context, ingest.Repository, int64, ingest.Comment) error {
	return nil
}

type repositories struct {
	ingest.Forge
	away error
}

func (r repositories) Repository(_ context.Context, repo ingest.Repository) (ingest.Repository, error) {
	return repo, r.away
}

// A pull request that cannot be checked has a status that says so, and a page.
func TestWhatCannotBeCheckedIsTold(t *testing.T) {
	open := ingest.PullRequest{Number: 4, Title: "Retire CODEOWNERS", Open: true, Into: "main", Head: "aaa"}
	told := []ingest.CommitStatus{{SHA: "aaa", Says: "It could not be checked", URL: "https://callboard.example/checks/github/acme/payments/aaa"}}
	closed, other := open, open
	closed.Open, other.Into = false, "next"
	for _, tt := range []struct {
		name      string
		forge     requests
		set       checks.Settings
		want      []ingest.CommitStatus
		commit    string
		unwritten string
	}{
		{"a status", requests{request: open}, checks.Settings{Status: true}, told, "aaa", ""},
		{"no status is wanted", requests{request: open}, checks.Settings{Comment: true}, nil, "aaa", ""},
		{"it is closed", requests{request: closed}, checks.Settings{Status: true}, nil, "aaa", ""},
		{"it goes elsewhere", requests{request: other}, checks.Settings{Status: true}, nil, "aaa", ""},
		{"the forge is away", requests{away: fault.New(fault.Unavailable, "away")}, checks.Settings{Status: true}, nil, "", ""},
		{"the token may not", requests{request: open, denied: fault.New(fault.Denied, "the token may not")}, checks.Settings{Status: true}, nil, "aaa", "the token may not"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store, err := checks.OpenStore(t.Context(), filepath.Join(t.TempDir(), "checks.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			now := time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
			w := checks.NewWatch(checks.WatchOptions{
				Sources: []ingest.Source{&tt.forge}, Settings: map[string]checks.Settings{"github": tt.set}, Store: store, URL: "https://callboard.example",
				Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
			})
			if err := w.Reactors()[0].GaveUp(t.Context(), delivery(t, now), reactor.Failure{Err: fault.New(fault.Invalid, "the answer has no end"), Attempts: 1}); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, tt.forge.statuses); d != "" {
				t.Errorf("statuses (-want +got):\n%s", d)
			}
			all, err := store.Newest(t.Context(), "github", 10)
			if err != nil || len(all) != 1 {
				t.Fatalf("%d reports, %v", len(all), err)
			}
			if r := all[0]; r.Failed != "the answer has no end" || r.Number != 4 || r.Commit != tt.commit || r.Unwritten != tt.unwritten || r.Good {
				t.Errorf("the report is %+v", r)
			}
		})
	}
}

// delivery is a record of one that came.
func delivery(t *testing.T, at time.Time) eventlog.Record {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := event.New(event.SourcePrefix+"github", "one", event.DeliveryReceived{Source: "github", Event: "pull_request", Encoding: "zstd", Body: z.EncodeAll([]byte("{}"), nil), Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	e.Time = at
	return eventlog.Record{Position: 1, Recorded: at, Event: e}
}
