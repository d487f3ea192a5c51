package event_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
)

var update = flag.Bool("update", false, "add frozen samples of new types; those that are there are never rewritten")

const frozen = "testdata/frozen"

// TestFrozen holds every type to its promise to decode for ever. For each,
// <type>.json is an event as it was once written, <type>.decoded.json its data
// as this version understands it, and SHA256SUMS has the hash of both.
//
// A new type gets a row in samples and a run with -update. A new field must be
// left out of JSON when it is empty, or old events would no longer mean the
// same; there is no way to update a sample.
func TestFrozen(t *testing.T) {
	if *update {
		addSamples(t)
	}
	hashes := readHashes(t)
	for _, info := range event.Types() {
		t.Run(string(info.Type), func(t *testing.T) {
			name := string(info.Type)
			if info.Doc == "" {
				t.Error("the table of types does not say what it is")
			}
			sample, golden := readFrozen(t, hashes, name+".json"), readFrozen(t, hashes, name+".decoded.json")
			e, err := event.Parse(sample)
			if err != nil {
				t.Fatal(err)
			}
			if e.Type != info.Type {
				t.Fatalf("the sample is a %s", e.Type)
			}
			data, err := e.Decode()
			if err != nil {
				t.Fatal(err)
			}
			if data.EventType() != info.Type {
				t.Errorf("it decodes as a %s", data.EventType())
			}
			if diff := cmp.Diff(string(golden), string(indent(t, data))); diff != "" {
				t.Errorf("the data of old events no longer means the same (-then +now):\n%s", diff)
			}
			again, err := event.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(sample), string(again)+"\n"); diff != "" {
				t.Errorf("the envelope is written in another way (-then +now):\n%s", diff)
			}
		})
	}
	for name := range hashes {
		t.Errorf("%s is of no type that is known; a type, once written, stays in the table", name)
	}
}

// readFrozen returns a file that must be as it was when it was added, and
// ticks it off.
func readFrozen(t *testing.T, hashes map[string]string, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(frozen, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is missing; add a sample to the test and run it with -update", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if want := hashes[name]; want != hash(b) {
		t.Fatalf("%s was edited: its SHA-256 is %s, not %q", name, hash(b), want)
	}
	delete(hashes, name)
	return b
}

func readHashes(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(frozen, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[string]string{}
	for line := range strings.Lines(string(b)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		hashes[name] = sum
	}
	return hashes
}

func addSamples(t *testing.T) {
	t.Helper()
	sums, err := os.OpenFile(filepath.Join(frozen, "SHA256SUMS"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer sums.Close()
	for _, data := range samples() {
		e, err := event.New("/sources/github", "sample", data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID = event.DeriveID(0, "frozen", string(e.Type))
		e.Time = moment()
		e.Actor = event.Actor{Name: "Pebble Dash", Email: "pebbledash@acme.example", Login: "pebbledash"}
		e.Cause = event.Cause{Delivery: "github:72d3162e", Commit: "9c1185a5c5e9fc54612808977ee8f548b2258d31", CommitURL: "https://forge.example/acme/payments/commit/9c1185a"}
		e.Extensions = map[string]string{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
		b, err := event.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		addFile(t, sums, string(e.Type)+".json", append(b, '\n'))
		addFile(t, sums, string(e.Type)+".decoded.json", indent(t, data))
	}
}

// addFile writes a file and its hash, unless it is there.
func addFile(t *testing.T, sums io.Writer, name string, content []byte) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(frozen, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(sums, "%s  %s\n", hash(content), name); err != nil {
		t.Fatal(err)
	}
}

func hash(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func indent(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func moment() time.Time { return time.Date(2026, 3, 3, 14, 0, 0, 250_000_000, time.UTC) }

// samples has a value of each type with every field set.
func samples() []event.Data {
	origin := event.Origin{
		Source: "github", Repository: "acme/payments", RepositoryID: "41", Branch: "main",
		Commit: "9c1185a5c5e9fc54612808977ee8f548b2258d31", Path: "services/api/catalog-info.yaml", Blob: "b1d5781111d84f7b3fe45a0852e59758cd7a87e5",
		Line: 12, URL: "https://forge.example/acme/payments/blob/main/services/api/catalog-info.yaml", Followed: "catalog-info.yaml", Entities: 3,
	}
	elsewhere := origin
	elsewhere.Path, elsewhere.Parent = "org/payments.yaml", "location:default/org"
	elsewhere.Includes = []event.Include{{Path: "org/openapi.yaml", Blob: "5d3c1e0a9f3e4c0d8a9b7c6d5e4f3a2b1c0d9e8f"}}
	declaration := event.Declaration{
		Entity: catalog.Entity{
			APIVersion: "backstage.io/v1alpha1", Kind: "Component",
			Metadata: catalog.Metadata{
				UID: "0b6f1f9e-3c0a-4c1e-9d6b-2f1f6f7f5a10", ETag: "f3Zk", Name: "payments", Namespace: "default", Title: "Payments", Description: "Takes the money <all of it>.",
				Labels: map[string]string{"acme.example/tier": "1"}, Annotations: map[string]string{"backstage.io/techdocs-ref": "dir:."}, Tags: []string{"go", "grpc"},
				Links: []catalog.Link{{URL: "https://status.acme.example", Title: "Status", Icon: "dashboard", Type: "status"}},
				Extra: map[string]any{"costCentre": "c-17"},
			},
			Spec: map[string]any{"type": "service", "lifecycle": "production", "owner": "group:default/mossbank", "providesApis": []any{"payments"}, "replicas": 3.0, "paged": true, "sunset": nil},
		},
		Document: "apiVersion: backstage.io/v1alpha1\nkind: Component\n", Origin: origin,
	}
	repository := event.RepositoryState{
		Repository: event.Repository{Source: "github", ID: "41", FullName: "acme/payments"},
		URL:        "https://forge.example/acme/payments", DefaultBranch: "main", Description: "Takes the money.", Visibility: "private",
		Archived: true, Fork: true, Language: "Go", Topics: []string{"money", "tier-1"},
	}
	exemption := event.Exemption{
		Ref: "exemption:default/payments-docs", Card: "scorecard:default/production-readiness", Entity: "component:default/payments", Rules: []string{"docs"},
		Reason: "The books move in summer", From: "2026-03-01", Until: "2026-06-30", RequestedBy: "user:default/pebbledash", DecidedBy: "Moss Bank", Note: "Until the move",
	}
	initiative := event.Initiative{
		Ref: "initiative:default/silver-by-summer", Title: "Silver by summer", Card: "scorecard:default/production-readiness", Owner: "group:default/platform",
		Level: "Silver", Rules: []string{"docs"}, Start: "2026-03-01", Target: "2026-06-30",
	}
	return []event.Data{
		event.EntityRegistered{Declaration: declaration},
		event.EntityChanged{Declaration: declaration},
		event.EntityRemoved{Ref: "component:default/payments", Reason: "services/api/catalog-info.yaml was deleted", Origin: origin},
		event.EntityRejected{
			Ref: "component:default/payments", Document: "kind: Component\n", Origin: origin,
			Problems: []event.Problem{{Path: "spec.providesApis[1]", Line: 14, Column: 7, Message: "is not a string"}},
		},
		event.EntityConflicted{
			EntityRejected: event.EntityRejected{
				Ref: "component:default/payments", Document: "kind: Component\n", Origin: elsewhere,
				Problems: []event.Problem{{Path: "metadata.name", Line: 3, Column: 9, Message: "is taken"}},
			},
			With: origin,
		},
		event.LocationRegistered{
			ID: "41e78574-7d5e-48fc-8221-13d8d64e8ce2", Type: "url", Target: "https://forge.example/acme/org/blob/main/org.yaml",
			EntityRef: "location:default/generated-3a7f", Configured: true,
		},
		event.LocationRemoved{
			ID: "41e78574-7d5e-48fc-8221-13d8d64e8ce2", Type: "url", Target: "https://forge.example/acme/org/blob/main/org.yaml", Reason: "asked through the API",
		},
		event.RepositoryObserved{RepositoryState: repository},
		event.RepositoryRenamed{RepositoryState: repository, From: "acme/tills"},
		event.RepositoryArchived{RepositoryState: repository},
		event.RepositoryUnarchived{RepositoryState: repository},
		event.RepositoryDeleted{Repository: repository.Repository, Reason: "deleted at the forge"},
		event.RepositoryLeft{Repository: repository.Repository, To: "bank/payments"},
		event.RepositoryBackfilled{
			Repository: repository.Repository, Commit: origin.Commit, Since: time.Date(2019, 4, 2, 8, 0, 0, 0, time.UTC), Commits: 310, Events: 42,
		},
		event.ActivityPush{
			Repository: repository.Repository, Ref: "refs/heads/main", Before: "1b1d5781111d84f7b3fe45a0852e59758cd7a87e", After: origin.Commit,
			Default: true, Forced: true, Commits: 3,
		},
		event.ActivityPullRequest{
			Repository: repository.Repository, Number: 7, Action: "closed", State: "merged", Draft: true, Title: "Round half to even", URL: "https://forge.example/acme/payments/pull/7",
			Author: event.Actor{Login: "pebbledash"}, Base: "main", Head: "rounding", HeadSHA: origin.Commit, MergeCommit: origin.Commit,
			Opened: moment().Add(-time.Hour), Merged: moment(), Closed: moment(),
		},
		event.ActivityRelease{
			Repository: repository.Repository, Tag: "v1.2.0", Name: "Spring", Action: "published", Prerelease: true,
			URL: "https://forge.example/acme/payments/releases/v1.2.0", Published: moment(),
		},
		event.ActivityDeployment{
			Repository: repository.Repository, ID: "91", Environment: "production", Status: event.StatusSuccess, Commit: origin.Commit, Ref: "main",
			URL: "https://forge.example/acme/payments/deployments/91", Started: moment().Add(-time.Minute), Finished: moment(), Entity: "component:default/payments",
		},
		event.ActivityPipeline{
			Repository: repository.Repository, ID: "92", Name: "build", Status: event.StatusFailure, Branch: "main", Commit: origin.Commit,
			URL: "https://forge.example/acme/payments/runs/92", Started: moment().Add(-time.Minute), Finished: moment(), Entity: "component:default/payments",
		},
		event.ActivityAlert{
			Repository: repository.Repository, Tool: "dependencies", ID: "3", State: event.AlertFixed, Severity: "high", Title: "left-pad",
			URL: "https://forge.example/acme/payments/alerts/3", Opened: moment().Add(-time.Hour), Closed: moment(),
		},
		event.FactRecorded{Fact: "codeowners", Repository: repository.Repository, Entity: "component:default/payments", Value: []byte(`{"rules":1}`)},
		event.SourceConnected{Source: "github", Type: "github", URL: "https://api.forge.example", Reads: []string{"acme"}},
		event.SourceChanged{Source: "github", Settings: []string{"organizations", "token"}},
		event.SourceDisconnected{Source: "github"},
		event.SourceWorkRequested{Source: "github", Work: event.WorkSurvey},
		event.SubscriberWorkRequested{Subscriber: "warehouse", Work: event.WorkRedeliver, Positions: []uint64{48, 51}},
		event.ScoreChanged{
			Card: "scorecard:default/production-readiness", Title: "Production readiness",
			Before: &event.Score{Level: "Silver", Points: 4, Of: 5}, After: &event.Score{Level: "Bronze", Points: 3, Of: 5},
			Rules: []event.RuleChange{{Rule: "codeowners", Title: "Has a CODEOWNERS file", Before: "pass", After: "fail", Message: "No CODEOWNERS file on main"}}, By: 41,
		},
		event.ExemptionRequested{Exemption: exemption},
		event.ExemptionGranted{Exemption: exemption},
		event.ExemptionDenied{Exemption: exemption},
		event.ExemptionRevoked{Exemption: exemption},
		event.ExemptionExpired{Exemption: exemption},
		event.InitiativeOpened{Initiative: initiative},
		event.InitiativeChanged{Initiative: initiative},
		event.InitiativeAsked{Initiative: initiative, Days: 7, Mended: true, Owners: []string{"group:default/payments"}, Done: 17, Asked: 21},
		event.InitiativeClosed{Initiative: initiative, Outcome: event.InitiativeMissed, Done: 17, Asked: 21, Note: "The platform moves first"},
		event.DocsPublished{
			Entity: "component:default/payments", Site: "Payments", Repository: repository.Repository, Commit: origin.Commit, Root: "services/api",
			Edit: "https://forge.example/acme/payments/edit/main/", View: "https://forge.example/acme/payments/blob/main/",
			Pages:  []event.DocsPage{{Path: "guide/start.md", Title: "Start", Source: "docs/guide/start.md", Blob: origin.Blob}},
			Files:  []event.DocsFile{{Path: "mkdocs.yml", Blob: "5d3c1e0a9f3e4c0d8a9b7c6d5e4f3a2b1c0d9e8f"}},
			Linked: []string{"main.go"}, Words: 310, Broken: 1, Orphans: 1, Wrong: 2,
			Problems: []event.DocsProblem{{File: "docs/guide/start.md", Line: 7, Code: "link", Message: "ledger.md is not there: add the file, or mend the path"}},
		},
		event.DocsFailed{
			Entity: "component:default/payments", Repository: repository.Repository, Commit: origin.Commit, Root: "services/api", View: "https://forge.example/acme/payments/blob/main/",
			DocsProblem: event.DocsProblem{File: "services/api/mkdocs.yml", Line: 3, Code: "config", Message: "the file is not YAML"},
		},
		event.DocsRemoved{Entity: "component:default/payments", Repository: repository.Repository, Commit: origin.Commit, Reason: "the annotation backstage.io/techdocs-ref is gone"},
		event.SourceNoticed{Source: "github", Notice: event.NoticeGranted, Detail: "two repositories were added", Repositories: []event.Repository{repository.Repository}},
		event.SourceGapFound{
			Source: "github", Gap: "pWy1FoyC", Kind: event.GapHead, Repository: repository.Repository, Delivery: "github:72d3162e",
			Detail: "main is at 9c1185a, and no delivery told so", Since: moment(),
		},
		event.SourceGapClosed{Source: "github", Gap: "pWy1FoyC", Detail: "fetched from the forge", Lost: true},
		event.RepositoryDue{Repository: repository.Repository, Head: origin.Commit, Reason: "hourly comparison", Gap: "pWy1FoyC"},
		event.DeliveryReceived{
			Source: "github", Event: "push", Headers: map[string]string{"X-Github-Event": "push"},
			Body: []byte{0x28, 0xb5, 0x2f, 0xfd}, Encoding: "zstd", Size: 7140,
		},
		event.DeliveryHandled{
			Status: event.DeliveryWaiting, Repository: "acme/payments", RepositoryID: "41", Commit: "9c1185a5c5e9fc54612808977ee8f548b2258d31", Events: []uint64{41, 42}, Error: "github.example does not answer",
			Attempts: 3, Took: 1500 * time.Millisecond, RetryAt: moment(),
		},
		event.DeliveryReplayed{Reason: "asked on the sources page", Received: 7},
		event.DeliveryDismissed{Reason: "the repository was a trial"},
		event.ReactionFailed{Reactor: "docs", Event: "pWy1FoyCOjLHiDgXpxnwH8LN", Position: 41, Kind: "not found", Error: "repository acme/payments is gone", Attempts: 1},
		event.LogSealed{
			Size: 2, Note: "acme-callboard\n2\nXbfMYBrpSZnTyJRxMK8bYuVWCBsZIPSnmTgEhB+Ixeg=\n\n\u2014 acme-callboard PpGhAA==\n",
			Leaves: bytes.Repeat([]byte{0x5d, 0xb7}, 32),
		},
	}
}
