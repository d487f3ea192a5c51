package demoforge_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/demoforge"
)

const sampleHistory = `
people:
  mossbank: {name: Moss Bank, email: mossbank@acme.example}
repositories:
  ledger: {forge: github, path: acme/ledger, description: The books}
  lake: {forge: gitlab, path: acme/data/lake, branch: trunk}
pushes:
  - {at: 2d 09:00, repository: ledger, by: mossbank, message: Begin, copy: [.]}
  - {at: 2d 09:30, repository: lake, by: mossbank, message: Begin, write: {catalog-info.yaml: "kind: Component\n"}}
  - {at: 1d 10:00, repository: ledger, by: mossbank, message: On the side, branch: side, write: {side.md: "side\n"}}
  - at: 1d 10:30
    repository: ledger
    by: mossbank
    message: Held
    write: {held.md: "held since <day 30> until <day -7>, not <day x>\n"}
    and:
      - {at: 1d 11:00, by: mossbank, message: New owner, edit: {catalog-info.yaml: [["owner: platform", "owner: payments"], ["owner: payments", "owner: ledger"]]}}
  - {at: 0d 13:52, repository: ledger, by: mossbank, message: Merge, merge: side, remove: [docs/index.md]}
`

// files is a history with the files of repository ledger.
func files(history string) fstest.MapFS {
	return fstest.MapFS{
		"history.yaml":                   {Data: []byte(history)},
		"repos/ledger/catalog-info.yaml": {Data: []byte("kind: Component\nspec:\n  owner: platform\n")},
		"repos/ledger/docs/index.md":     {Data: []byte("# Ledger\n")},
	}
}

// receiver accepts deliveries and remembers them.
func receiver(t *testing.T, status int) (url string, got func() []string) {
	t.Helper()
	var ids []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ids = append(ids, r.Header.Get("X-GitHub-Delivery")+r.Header.Get("Idempotency-Key"))
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string { s.Close(); return ids }
}

func TestPlay(t *testing.T) {
	ctx := context.Background()
	h, err := demoforge.ReadHistory(files(sampleHistory))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 12, 14, 3, 10, 0, time.UTC)
	type outcome struct {
		Sent    []string
		SHAs    []string
		Steps   []int
		Heads   map[string]string
		Newest  time.Time
		Created time.Time
	}
	play := func(end time.Time) outcome {
		// URLs are part of the payloads, so both forges are at the same.
		f := start(t, demoforge.Options{URL: "http://forge.acme.example"})
		url, sent := receiver(t, http.StatusAccepted)
		var o outcome
		err := f.Play(ctx, h, demoforge.PlayOptions{
			End:   end,
			Hooks: map[demoforge.Provider]string{demoforge.GitHub: url, demoforge.GitLab: url},
			Played: func(_ context.Context, n, total int) error {
				o.Steps = append(o.Steps, n*100+total)
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		o.Sent = sent()
		for _, d := range f.Deliveries() {
			o.SHAs = append(o.SHAs, d.Repository+" "+d.Ref+" "+d.After)
		}
		return o
	}
	first, second, earlier := play(now), play(now.Add(9*time.Hour)), play(now.Add(-time.Hour))
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("played again with the same end (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff([]int{105, 205, 305, 405, 505}, first.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if first.Sent[0] == earlier.Sent[0] || first.SHAs[0] == earlier.SHAs[0] {
		t.Error("with an end a day earlier the ids are the same")
	}
	if got, want := h.End(now), time.Date(2026, 3, 12, 13, 52, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("ends at %s, want %s", got, want)
	}
	if got, want := h.End(now.Add(-time.Hour)), time.Date(2026, 3, 11, 13, 52, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("an hour earlier it ends at %s, want %s", got, want)
	}
}

func TestPlayMakesWhatTheScriptSays(t *testing.T) {
	ctx := context.Background()
	h, err := demoforge.ReadHistory(files(sampleHistory))
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, demoforge.Options{})
	if err := f.Play(ctx, h, demoforge.PlayOptions{End: time.Date(2026, 3, 12, 14, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	c := githubClient(t, f, "any")
	commits, _, err := c.Repositories.ListCommits(ctx, "acme", "ledger", nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, commit := range commits {
		got = append(got, commit.GetCommit().GetCommitter().GetDate().Format("02 15:04 ")+commit.GetCommit().GetMessage()+" by "+commit.GetAuthor().GetLogin())
	}
	want := []string{
		"12 13:52 Merge by mossbank", "11 11:00 New owner by mossbank", "11 10:30 Held by mossbank",
		"11 10:00 On the side by mossbank", "10 09:00 Begin by mossbank",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commits (-want +got):\n%s", diff)
	}
	tree, _, err := c.Git.GetTree(ctx, "acme", "ledger", "main", true)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, e := range tree.Entries {
		paths = append(paths, e.GetPath())
	}
	if diff := cmp.Diff([]string{"catalog-info.yaml", "held.md", "side.md"}, paths); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
	file, _, _, err := c.Repositories.GetContents(ctx, "acme", "ledger", "catalog-info.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := file.GetContent(); !strings.Contains(text, "owner: ledger") {
		t.Errorf("the descriptor is %q", text)
	}
	if file, _, _, err = c.Repositories.GetContents(ctx, "acme", "ledger", "held.md", nil); err != nil {
		t.Fatal(err)
	}
	if text, _ := file.GetContent(); text != "held since 2026-02-10 until 2026-03-19, not <day x>\n" {
		t.Errorf("days are written as %q", text)
	}
	project, _, err := gitlabClient(t, f, "any").Projects.GetProject("acme/data/lake", nil)
	if err != nil || project.DefaultBranch != "trunk" {
		t.Errorf("lake has branch %v, %v", project, err)
	}
}

func TestPlayStopsAtARefusedDelivery(t *testing.T) {
	h, err := demoforge.ReadHistory(files(sampleHistory))
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, demoforge.Options{})
	url, _ := receiver(t, http.StatusServiceUnavailable)
	err = f.Play(context.Background(), h, demoforge.PlayOptions{End: noon, Hooks: map[demoforge.Provider]string{demoforge.GitLab: url}})
	if err == nil || !strings.Contains(err.Error(), "push 2 of 5") || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v, want the second push refused with 503", err)
	}
}

func TestHistoryErrorsNameTheLine(t *testing.T) {
	const head = `people: {mossbank: {name: Moss Bank, email: m@acme.example}}
repositories: {ledger: {forge: github, path: acme/ledger}}
pushes:
  - {at: 2d 09:00, repository: ledger, by: mossbank, message: Begin, copy: [.]}
`
	for _, test := range []struct{ name, push, want string }{
		{"unknown repository", "{at: 1d 09:00, repository: x, by: mossbank, message: m}", `line 5: there is no repository "x"`},
		{"unknown person", "{at: 1d 09:00, repository: ledger, by: x, message: m}", `line 5: there is no person "x"`},
		{"no message", "{at: 1d 09:00, repository: ledger, by: mossbank}", "line 5: the message is missing"},
		{"unknown field", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, delete: [a]}", "line 5: field delete not found"},
		{"no time", "{at: noon, repository: ledger, by: mossbank, message: m}", `line 5: at "noon" is not of the form`},
		{"out of order", "{at: 3d 09:00, repository: ledger, by: mossbank, message: m, remove: [docs/index.md]}", "line 5: 3d 09:00 is earlier"},
		{"nothing", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m}", "line 5: the commit changes nothing"},
		{"same content", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, copy: [docs]}", "line 5: docs/index.md stays as it is"},
		{"edit of no file", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, edit: {x: [[a, b]]}}", "line 5: edit x: there is no such file"},
		{"edit that misses", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, edit: {catalog-info.yaml: [[x, y]]}}", `line 5: edit catalog-info.yaml: "x" is there 0 times`},
		{"edit that hits twice", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, edit: {catalog-info.yaml: [[o, y]]}}", `line 5: edit catalog-info.yaml: "o" is there 4 times`},
		{"copy of no file", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, copy: [x]}", "line 5: copy x: "},
		{"remove of no file", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, remove: [x]}", "line 5: remove x: there is no such file"},
		{"merge of no branch", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, merge: x}", "line 5: there is no branch x"},
		{"merge of itself", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, merge: main}", "line 5: there is no branch main"},
		{"no path", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, write: {../x: y}}", `line 5: "../x" is not the path of a file`},
		{"file in a file", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, write: {catalog-info.yaml/x: y}}", "line 5: catalog-info.yaml cannot be a file"},
		{"second commit too early", "{at: 1d 09:00, repository: ledger, by: mossbank, message: m, write: {x: y}, and: [{at: 1d 08:00, by: mossbank, message: m, write: {x: z}}]}", "line 5: 1d 08:00 is earlier than the commit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := demoforge.ReadHistory(files(head + "  - " + test.push + "\n"))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// FuzzReadHistory: whatever the script says, reading it ends in a history that
// plays, or in an error.
func FuzzReadHistory(f *testing.F) {
	f.Add(sampleHistory)
	f.Add("pushes: [{at: 1d 00:00}]")
	f.Add("people: {a: {}}\nrepositories: {ledger: {forge: github, path: a/b}}\npushes: [{at: 0d 1:1, repository: ledger, by: a, message: m, copy: [docs/..]}]")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := demoforge.ReadHistory(files(text))
		if err != nil {
			return
		}
		forge := demoforge.New(demoforge.Options{URL: "http://forge.acme.example"})
		if err := forge.Play(context.Background(), h, demoforge.PlayOptions{End: noon}); err != nil {
			t.Fatalf("it reads and does not play: %v", err)
		}
	})
}
