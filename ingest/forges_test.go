package ingest_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

const token = "a token for tests"

// forgeAt is one of the real clients in front of a demo forge, with a
// repository whose default branch has a slash.
type forgeAt struct {
	t      *testing.T
	host   *demoforge.Forge
	repo   *demoforge.Repository
	source ingest.Source
	forge  ingest.Forge
	branch string
	clock  time.Time
}

var mossbank = demoforge.Person{Name: "Moss Bank", Email: "mossbank@acme.example", Login: "mossbank"}

// eachForge runs a test with both clients.
func eachForge(t *testing.T, o demoforge.Options, test func(t *testing.T, f *forgeAt)) {
	t.Helper()
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) { test(t, newForgeAt(t, p, o)) })
	}
}

func newForgeAt(t *testing.T, p demoforge.Provider, o demoforge.Options) *forgeAt {
	t.Helper()
	for _, s := range []*demoforge.Service{&o.GitHub, &o.GitLab} {
		s.Token, s.Secret = token, secret
	}
	host, err := demoforge.Listen("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, host)
	f := &forgeAt{t: t, host: host, branch: "release/2026", clock: time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)}
	f.repo, err = host.Create(p, "acme/payments", demoforge.Settings{DefaultBranch: f.branch, Private: true, Created: f.clock})
	if err != nil {
		t.Fatal(err)
	}
	f.source = newSourceAt(t, p, host, token)
	f.forge = f.source.Forge()
	return f
}

func newSourceAt(t *testing.T, p demoforge.Provider, host *demoforge.Forge, token string) (s ingest.Source) {
	t.Helper()
	var err error
	if p == demoforge.GitHub {
		s, err = github.New(github.Options{Name: "github", URL: host.APIURL(p), Token: token, WebhookSecret: secret})
	} else {
		s, err = gitlab.New(gitlab.Options{Name: "gitlab", URL: host.APIURL(p), Token: token, WebhookSecret: secret})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// push commits changes, an hour apart, and returns the new head.
func (f *forgeAt) push(branch string, changes ...demoforge.Change) string {
	f.t.Helper()
	f.deliver(branch, changes...)
	return f.repo.Head(branch)
}

func (f *forgeAt) deliver(branch string, changes ...demoforge.Change) demoforge.Delivery {
	f.t.Helper()
	for i := range changes {
		f.clock = f.clock.Add(time.Hour)
		changes[i].Time = f.clock
		if changes[i].Author == (demoforge.Person{}) {
			changes[i].Author = mossbank
		}
		if changes[i].Message == "" {
			changes[i].Message = fmt.Sprint("Change ", f.clock)
		}
	}
	d, err := f.repo.Push(branch, changes...)
	if err != nil {
		f.t.Fatal(err)
	}
	return d
}

// meant is the repository as its deliveries name it.
func (f *forgeAt) meant() ingest.Repository {
	f.t.Helper()
	ds := f.host.Deliveries()
	if len(ds) == 0 {
		f.t.Fatal("nothing was pushed")
	}
	m, err := f.source.Translate(ingest.Delivery{Event: ds[0].Event, Header: ds[0].Header, Body: ds[0].Body})
	if err != nil {
		f.t.Fatal(err)
	}
	return m.Repository
}

func write(path, text string) demoforge.Change {
	return demoforge.Change{Files: map[string]string{path: text}}
}

func shas(cs []ingest.Commit) []string {
	out := []string{}
	for _, c := range cs {
		out = append(out, c.SHA)
	}
	return out
}

func TestForgeHead(t *testing.T) {
	eachForge(t, demoforge.Options{}, func(t *testing.T, f *forgeAt) {
		t.Helper()
		first := f.push(f.branch, write("README.md", "hello"))
		f.push("topic/a#b", write("topic.md", "a"))
		head := f.push(f.branch, demoforge.Change{Message: "Merge", Merge: []string{"topic/a#b"}})
		got, err := f.forge.Head(t.Context(), f.meant(), f.branch)
		if err != nil {
			t.Fatal(err)
		}
		author := event.Actor{Name: "Moss Bank", Email: "mossbank@acme.example"}
		if f.repo.Provider() == demoforge.GitHub {
			author.Login = "mossbank" // GitLab's commits name no account
		}
		protected := f.repo.Provider() == demoforge.GitLab // where it is from the start
		want := ingest.Commit{Protected: &protected, SHA: head, URL: got.URL, Author: author, Time: f.clock, Parents: []string{first, f.repo.Head("topic/a#b")}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if !strings.HasPrefix(got.URL, f.host.URL()) || !strings.HasSuffix(got.URL, head) {
			t.Errorf("its page is %s", got.URL)
		}
		if topic, err := f.forge.Head(t.Context(), f.meant(), "topic/a#b"); err != nil || topic.SHA != f.repo.Head("topic/a#b") {
			t.Errorf("a branch with a strange name: %v, %v", topic, err)
		}
		if _, err := f.forge.Head(t.Context(), f.meant(), "nowhere"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("no such branch: %v", err)
		}
		repo := f.meant()
		f.repo.Delete()
		if _, err := f.forge.Head(t.Context(), repo, f.branch); fault.KindOf(err) != fault.NotFound {
			t.Errorf("no such repository: %v", err)
		}
	})
}

func TestForgeTree(t *testing.T) {
	// 250 files are three pages at GitLab, and more than this GitHub lists at once.
	eachForge(t, demoforge.Options{TreeEntries: 40}, func(t *testing.T, f *forgeAt) {
		t.Helper()
		change := demoforge.Change{Files: map[string]string{"README.md": "top", "a b/ü#?.yaml": "strange"}}
		for i := range 250 {
			change.Files[fmt.Sprintf("services/%c/%d/catalog-info.yaml", 'a'+i%11, i)] = fmt.Sprint("name: ", i)
		}
		head := f.push(f.branch, change)
		tree, err := f.forge.Tree(t.Context(), f.meant(), head)
		if err != nil {
			t.Fatal(err)
		}
		got := files{}
		for _, file := range tree {
			if got[file.Path] != "" {
				t.Errorf("%s is listed twice", file.Path)
			}
			got[file.Path] = file.Blob
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(change.Files)), slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("paths (-want +got):\n%s", diff)
		}
		for _, path := range []string{"README.md", "a b/ü#?.yaml", "services/c/2/catalog-info.yaml"} {
			b, err := f.forge.Blob(t.Context(), f.meant(), ingest.File{Path: path, Blob: got[path]})
			if err != nil || string(b) != change.Files[path] {
				t.Errorf("%s holds %q, %v", path, b, err)
			}
		}
		if _, err := f.forge.Tree(t.Context(), f.meant(), digest("x")); fault.KindOf(err) != fault.NotFound {
			t.Errorf("no such commit: %v", err)
		}
		if _, err := f.forge.Blob(t.Context(), f.meant(), ingest.File{Path: "x", Blob: digest("x")}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("no such content: %v", err)
		}
	})
}

func TestForgeHistory(t *testing.T) {
	eachForge(t, demoforge.Options{}, func(t *testing.T, f *forgeAt) {
		t.Helper()
		first := f.push(f.branch, write("a.yaml", "1"))
		var many []demoforge.Change
		for i := range 120 { // more than a page
			many = append(many, write("b.yaml", fmt.Sprint(i)))
		}
		late := f.push(f.branch, many...)
		f.push("topic", write("c.yaml", "1"), write("c.yaml", "2"))
		removed := f.push(f.branch, demoforge.Change{Remove: []string{"a.yaml"}})
		merge := f.push(f.branch, demoforge.Change{Message: "Merge", Merge: []string{"topic"}})
		old := f.push("abandoned", write("d.yaml", "1"))
		repo := f.meant()

		all, err := f.repo.FirstParents(f.branch)
		if err != nil {
			t.Fatal(err)
		}
		upTo := func(sha string) []string { // newest first
			out := slices.Clone(all[1 : slices.Index(all, sha)+1])
			slices.Reverse(out)
			return out
		}
		topic, err := f.repo.FirstParents("topic")
		if err != nil {
			t.Fatal(err)
		}
		topic = topic[len(topic)-2:]
		for _, tt := range []struct {
			name, base, head string
			ancestor         bool
			commits          []string
		}{
			{"onward over several pages", first, late, true, upTo(late)},
			{"the same", late, late, true, []string{}},
			{"backward", late, first, false, []string{}},
			{"aside", removed, topic[1], false, []string{topic[1], topic[0]}},
			{"over a merge", removed, merge, true, []string{merge, topic[1], topic[0]}},
		} {
			got, err := f.forge.Between(t.Context(), repo, tt.base, tt.head)
			if err != nil {
				t.Fatal(err)
			}
			if got.Ancestor != tt.ancestor || !got.Complete {
				t.Errorf("%s: ancestor %v, complete %v", tt.name, got.Ancestor, got.Complete)
			}
			if tt.name == "over a merge" { // whose order is the forge's
				slices.Sort(tt.commits)
				slices.SortFunc(got.Commits, func(a, b ingest.Commit) int { return strings.Compare(a.SHA, b.SHA) })
			}
			if diff := cmp.Diff(tt.commits, shas(got.Commits)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
			for _, c := range got.Commits {
				if c.Time.IsZero() || c.Author.Email == "" || len(c.Parents) == 0 {
					t.Errorf("%s: commit %+v", tt.name, c)
				}
			}
		}
		for path, want := range map[string]string{"a.yaml": removed, "b.yaml": late, "c.yaml": topic[1]} {
			if got, err := f.forge.LastChange(t.Context(), repo, merge, path); err != nil || got.SHA != want {
				t.Errorf("%s was changed last in %s, %v; want %s", path, got.SHA, err, want)
			}
		}
		if _, err := f.forge.LastChange(t.Context(), repo, merge, "never.yaml"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a path that never was: %v", err)
		}
		if _, err := f.repo.DeleteBranch("abandoned", mossbank); err != nil {
			t.Fatal(err)
		}
		if err := f.repo.Prune(); err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]string{{old, merge}, {merge, old}} {
			if got, err := f.forge.Between(t.Context(), repo, pair[0], pair[1]); fault.KindOf(err) != fault.NotFound {
				t.Errorf("a commit that is gone: %+v, %v", got, err)
			}
		}
	})
}

func TestForgeKnowsRepositoriesByID(t *testing.T) {
	eachForge(t, demoforge.Options{}, func(t *testing.T, f *forgeAt) {
		t.Helper()
		f.push(f.branch, write("README.md", "hello"))
		old := f.meant()
		f.repo.Rename("acme/renamed")
		if _, err := f.host.Create(f.repo.Provider(), old.FullName, demoforge.Settings{}); err != nil { // the name passes on
			t.Fatal(err)
		}
		got, err := f.forge.Repository(t.Context(), old)
		if err != nil {
			t.Fatal(err)
		}
		want := old
		for _, text := range []*string{&want.FullName, &want.URL, &want.Pages.View, &want.Pages.Edit, &want.Pages.Dir} {
			*text = strings.Replace(*text, "acme/payments", "acme/renamed", 1)
		}
		want.Visibility = "private" // which the delivery did not say
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		old.ID = "999999"
		if got, err := f.forge.Repository(t.Context(), old); fault.KindOf(err) != fault.NotFound {
			t.Errorf("one that is gone: %+v, %v", got, err)
		}
	})
}

func TestForgeTrouble(t *testing.T) {
	eachForge(t, demoforge.Options{}, func(t *testing.T, f *forgeAt) {
		t.Helper()
		f.push(f.branch, write("README.md", strings.Repeat("hello ", 1000)))
		repo := f.meant()
		for _, tt := range []struct {
			name  string
			fault demoforge.Fault
			kind  fault.Kind
			wait  time.Duration
		}{
			{"trouble of its own", demoforge.Fault{Status: 500}, fault.Unavailable, 0},
			{"a gateway's", demoforge.Fault{Status: 502}, fault.Unavailable, 0},
			{"maintenance", demoforge.Fault{Status: 503, RetryAfter: 90 * time.Second}, fault.Unavailable, 90 * time.Second},
			{"too many requests", demoforge.Fault{Status: 429, RetryAfter: 7 * time.Second}, fault.Unavailable, 7 * time.Second},
			{"a secondary limit", demoforge.Fault{Status: 403, RetryAfter: 9 * time.Second}, fault.Unavailable, 9 * time.Second},
			{"may not", demoforge.Fault{Status: 403}, fault.Denied, 0},
			{"who", demoforge.Fault{Status: 401}, fault.Unavailable, time.Minute},
			{"cut short", demoforge.Fault{Cut: true}, fault.Unavailable, 0},
		} {
			t.Run(tt.name, func(t *testing.T) {
				// A client that has met a limit asks no more: each case has its own.
				forge := newSourceAt(t, f.repo.Provider(), f.host, token).Forge()
				f.host.SetFaults(func(*http.Request) demoforge.Fault { return tt.fault })
				_, err := forge.Head(t.Context(), repo, f.branch)
				f.host.SetFaults(nil)
				if wait := fault.RetryAfter(err); fault.KindOf(err) != tt.kind || wait > tt.wait || wait < tt.wait-time.Second {
					t.Errorf("got %s, to wait %s: %v; want %s, %s", fault.KindOf(err), wait, err, tt.kind, tt.wait)
				}
				if err != nil && (!strings.Contains(err.Error(), "acme/payments") || strings.Contains(err.Error(), token)) {
					t.Errorf("the text is %q", err)
				}
			})
		}
		t.Run("another token", func(t *testing.T) {
			_, err := newSourceAt(t, f.repo.Provider(), f.host, "a wrong token").Forge().Head(t.Context(), repo, f.branch)
			if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "renew it") || strings.Contains(err.Error(), "a wrong token") {
				t.Errorf("got %v", err)
			}
		})
		t.Run("no token", func(t *testing.T) {
			if _, err := newSourceAt(t, f.repo.Provider(), f.host, "").Forge().Head(t.Context(), repo, f.branch); fault.KindOf(err) != fault.NotFound {
				t.Errorf("got %v, want a private repository not to be found", err)
			}
		})
		t.Run("gone away", func(t *testing.T) {
			if err := f.host.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := f.forge.Head(t.Context(), repo, f.branch); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestForgeQuota(t *testing.T) {
	o := demoforge.Options{GitHub: demoforge.Service{Limit: 3}, GitLab: demoforge.Service{Limit: 3}}
	eachForge(t, o, func(t *testing.T, f *forgeAt) {
		t.Helper()
		f.push(f.branch, write("README.md", "hello"))
		repo := f.meant()
		var asked int
		f.host.SetFaults(func(*http.Request) demoforge.Fault { asked++; return demoforge.Fault{} })
		paid := 0
		for range 10 {
			if _, err := f.forge.Head(t.Context(), repo, f.branch); err != nil {
				if fault.KindOf(err) != fault.Unavailable || fault.RetryAfter(err) <= 0 {
					t.Errorf("used up: %v, to wait %s", err, fault.RetryAfter(err))
				}
				break
			}
			paid++
		}
		// At GitHub, what has not changed costs nothing.
		if want := map[demoforge.Provider]int{demoforge.GitHub: 10, demoforge.GitLab: 3}[f.repo.Provider()]; paid != want {
			t.Errorf("%d requests were answered, want %d", paid, want)
		}
		if asked < paid {
			t.Errorf("%d answers to %d requests: something was not asked", paid, asked)
		}
		budget := f.source.(interface{ Budget() forgeapi.Budget }).Budget()
		if budget.Limit != 3 || budget.Reset.IsZero() {
			t.Errorf("the budget is %+v", budget)
		}
		for i := range 4 { // and then what has changed
			_, err := f.forge.Tree(t.Context(), repo, f.push(f.branch, write("README.md", fmt.Sprint(i))))
			if err != nil {
				if fault.KindOf(err) != fault.Unavailable || fault.RetryAfter(err) <= 0 {
					t.Errorf("used up: %v, to wait %s", err, fault.RetryAfter(err))
				}
				return
			}
		}
		t.Error("the quota was never used up")
	})
}
