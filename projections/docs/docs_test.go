package docs_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/projections/projectiontest"
)

const payments = "component:default/payments"

func open(t *testing.T) *docs.Docs {
	t.Helper()
	d, err := docs.Open(t.Context(), filepath.Join(t.TempDir(), "docs.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func published(pages ...string) event.DocsPublished {
	d := event.DocsPublished{Entity: payments, Site: "Payments", Words: 10 * len(pages), Broken: 1, Files: []event.DocsFile{{Path: "mkdocs.yml", Blob: "m1"}}}
	for i := 0; i < len(pages); i += 2 {
		d.Pages = append(d.Pages, event.DocsPage{Path: pages[i], Title: pages[i], Source: "docs/" + pages[i], Blob: pages[i+1]})
	}
	return d
}

// story: docs are published, one page of two changes, they break, are mended and go.
func story(t *testing.T) *projectiontest.Story {
	t.Helper()
	return projectiontest.NewStory(t).
		Add(payments, published("index.md", "a1", "guide.md", "b1"), projectiontest.By("mossbank", "c1")).
		Add(payments, published("index.md", "a1", "guide.md", "b2"), projectiontest.By("saltmarsh", "c2")).
		Add(payments, event.DocsFailed{Entity: payments, DocsProblem: event.DocsProblem{File: "mkdocs.yml", Line: 2, Message: "no YAML"}}, projectiontest.By("kestrel-7", "c3")).
		Add(payments, published("index.md", "a1"), projectiontest.By("mossbank", "c4")).
		Add("component:default/new", event.DocsFailed{Entity: "component:default/new", DocsProblem: event.DocsProblem{File: "docs", Line: 1}}).
		Add(payments, event.DocsRemoved{Entity: payments, Reason: "gone"}).
		Add(payments, published("guide.md", "b1"), projectiontest.By("kestrel-7", "c5")).
		Add(payments, event.EntityRemoved{Ref: payments, Reason: "deleted"})
}

// The end of a second declaration, which was refused, takes no documentation away.
func TestEndOfSecondDeclaration(t *testing.T) {
	first := projectiontest.Component("payments", "till")
	second := first.Origin
	second.Path = "copy.yaml"
	d, records := open(t), projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: first}).
		Add(payments, published("index.md", "a1")).
		Add(payments, event.EntityRemoved{Ref: payments, Reason: "the copy was deleted", Origin: second}).
		Add(payments, event.EntityRemoved{Ref: payments, Reason: "deleted", Origin: first.Origin}).Records()
	for at, want := range []int{0, 0, 1, 1, 0} {
		if err := d.Apply(t.Context(), records[:at]); err != nil {
			t.Fatal(err)
		}
		if n := len(list(t, d, docs.Query{})); n != want {
			t.Errorf("after event %d there are docs of %d entities, want %d", at, n, want)
		}
	}
}

func list(t *testing.T, d *docs.Docs, q docs.Query) []docs.State {
	t.Helper()
	all, err := d.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFold(t *testing.T) {
	projectiontest.Run(t, open, story(t).Records(), func(t *testing.T, d *docs.Docs) any {
		t.Helper()
		return list(t, d, docs.Query{Past: true})
	})
}

func applied(t *testing.T, n int) (*docs.Docs, []eventlog.Record) {
	t.Helper()
	d, records := open(t), story(t).Records()
	if err := d.Apply(t.Context(), records[:n]); err != nil {
		t.Fatal(err)
	}
	return d, records
}

// While the newest commit cannot be shown, what was published before is.
func TestFailureKeepsWhatWasShown(t *testing.T) {
	d, _ := applied(t, 3)
	s, err := d.Get(t.Context(), payments, projections.Moment{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Failure == nil || s.Failure.Line != 2 || s.Actor.Login != "kestrel-7" {
		t.Errorf("the failure: %+v by %v", s.Failure, s.Actor)
	}
	if s.Shown == nil || s.Shown.Position != 2 || s.Shown.Actor.Login != "saltmarsh" || s.Shown.Count != 2 || s.Shown.Broken != 1 || s.Shown.Pages != nil {
		t.Errorf("what is shown: %+v", s.Shown)
	}
	d, _ = applied(t, 5)
	if s, err := d.Get(t.Context(), "component:default/new", projections.Moment{}); err != nil || s.Shown != nil || s.Failure == nil {
		t.Errorf("docs that never were: %+v, %v", s, err)
	}
	if s, err := d.Get(t.Context(), payments, projections.Moment{}); err != nil || s.Failure != nil || s.Shown.Count != 1 {
		t.Errorf("after they were mended: %+v, %v", s, err)
	}
}

func TestPageOrigin(t *testing.T) {
	d, _ := applied(t, 8)
	for _, tt := range []struct {
		page string
		at   eventlog.Position
		want string
	}{
		{"index.md", 1, "mossbank"},
		{"guide.md", 1, "mossbank"},
		{"index.md", 2, "mossbank"}, // it did not change
		{"guide.md", 2, "saltmarsh"},
		{"index.md", 4, "mossbank"},
		{"guide.md", 4, ""},          // it went
		{"guide.md", 7, "kestrel-7"}, // the same content, come anew
		{"index.md", 7, ""},
	} {
		o, err := d.PageOrigin(t.Context(), payments, tt.page, tt.at)
		if tt.want == "" {
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s at %d: %v, %v; want that it is not there", tt.page, tt.at, o, err)
			}
		} else if err != nil || o.Actor.Login != tt.want {
			t.Errorf("%s at %d: by %q, %v; want %s", tt.page, tt.at, o.Actor.Login, err, tt.want)
		}
	}
}

func TestMoments(t *testing.T) {
	d, records := applied(t, 8)
	get := func(m projections.Moment) string {
		t.Helper()
		s, err := d.Get(t.Context(), payments, m)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			return "none"
		case err != nil:
			t.Fatal(err)
		case s.Failure != nil:
			return "failed " + s.Shown.Cause.Commit
		}
		return s.Shown.Cause.Commit
	}
	for i, want := range []string{"c1", "c2", "failed c2", "c4", "c4", "none", "c5", "none"} {
		if got := get(projections.Moment{At: records[i].Time}); got != want {
			t.Errorf("at event %d: %s, want %s", i+1, got, want)
		}
		if got := get(projections.Moment{Known: records[i].Position}); got != want {
			t.Errorf("by what was known at event %d: %s, want %s", i+1, got, want)
		}
	}
	if got := get(projections.Moment{At: records[0].Time.Add(-time.Second)}); got != "none" {
		t.Errorf("before the first: %s", got)
	}
	whole, err := d.Published(t.Context(), 2)
	if err != nil || len(whole.Pages) != 2 || whole.Pages[1].Blob != "b2" || len(whole.Files) != 1 {
		t.Errorf("the whole of the second: %+v, %v", whole, err)
	}
	named, err := d.Named(t.Context(), []string{"m1", "a1", "b1", "b2", "c1"})
	if slices.Sort(named); err != nil || !slices.Equal(named, []string{"a1", "b1", "b2", "m1"}) {
		t.Errorf("named are %q, %v", named, err)
	}
	if _, err := d.Published(t.Context(), 3); fault.KindOf(err) != fault.NotFound {
		t.Errorf("what a failure published: %v", err)
	}
}

// A page has a version for each content, and what ended it; what comes after a position is
// not known at that.
func TestPageVersions(t *testing.T) {
	d, _ := applied(t, 8)
	versions := func(path string, known eventlog.Position) (all []string) {
		t.Helper()
		found, err := d.PageVersions(t.Context(), payments, path, known)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range found {
			all = append(all, fmt.Sprintf("%s %s %d-%d", v.Blob, v.Actor.Login, v.Position, v.Ended))
		}
		return all
	}
	for _, tt := range []struct {
		path  string
		known eventlog.Position
		want  []string
	}{
		{"guide.md", 0, []string{"b1 kestrel-7 7-8", "b2 saltmarsh 2-4", "b1 mossbank 1-2"}},
		{"guide.md", 3, []string{"b2 saltmarsh 2-0", "b1 mossbank 1-2"}},
		{"index.md", 0, []string{"a1 mossbank 1-6"}},
		{"never.md", 0, nil},
	} {
		if got := versions(tt.path, tt.known); !slices.Equal(got, tt.want) {
			t.Errorf("%s at %d: %q, want %q", tt.path, tt.known, got, tt.want)
		}
	}
	if got, err := d.PagePaths(t.Context(), payments); err != nil || !slices.Equal(got, []string{"guide.md", "index.md"}) {
		t.Errorf("paths: %q, %v", got, err)
	}
	states := list(t, d, docs.Query{Entity: payments, Past: true})
	if got := states[len(states)-1].Ended; got != 8 {
		t.Errorf("the last state was ended by event %d, want 8", got)
	}
}

// Tags stand where their commit was made, releases when they were published; what was
// deleted is none any more.
func TestVersions(t *testing.T) {
	repo := event.Repository{Source: "github", ID: "1", FullName: "acme/payments"}
	day := func(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }
	const sha = "c0ffee"
	records := projectiontest.NewStory(t).
		Add("acme/payments", event.ActivityPush{Repository: repo, Ref: "refs/tags/v1", After: sha, Committed: day(1)}).
		Add("acme/payments", event.ActivityPush{Repository: repo, Ref: "refs/heads/v9", After: sha}).
		Add("acme/payments", event.ActivityRelease{Repository: repo, Tag: "v1", Name: "Spring", Action: "published", URL: "https://forge.example/v1", Published: day(5)}).
		Add("acme/payments", event.ActivityRelease{Repository: repo, Tag: "v2", Action: "published", Published: day(3)}).
		Add("acme/payments", event.ActivityPush{Repository: event.Repository{Source: "github", ID: "2"}, Ref: "refs/tags/v3", After: sha}).
		Add("acme/payments", event.ActivityPush{Repository: repo, Ref: "refs/tags/v0", After: sha}).
		Add("acme/payments", event.ActivityPush{Repository: repo, Ref: "refs/tags/v0", Before: sha}).
		Add("acme/payments", event.ActivityRelease{Repository: repo, Tag: "v2", Action: "deleted", Published: day(3)}).
		Records()
	told := func(t *testing.T, d *docs.Docs, known eventlog.Position) (all []string) {
		t.Helper()
		found, err := d.Versions(t.Context(), repo, known)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range found {
			all = append(all, fmt.Sprintf("%s %s %v %s", v.Tag, v.At.Format(time.DateOnly), v.Release, v.Name))
		}
		return all
	}
	projectiontest.Run(t, open, records, func(t *testing.T, d *docs.Docs) any { return told(t, d, 0) }) //nolint:thelper // as the suite wants it
	d := open(t)
	if err := d.Apply(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	v0 := "v0 " + records[5].Time.Format(time.DateOnly) + " false "
	for known, want := range map[eventlog.Position][]string{
		1: {"v1 2026-03-01 false "},
		4: {"v2 2026-03-03 true ", "v1 2026-03-01 true Spring"},
		0: {"v1 2026-03-01 true Spring"},
	} {
		if got := told(t, d, known); !slices.Equal(got, want) {
			t.Errorf("at %d: %q, want %q", known, got, want)
		}
	}
	if got := told(t, d, 6); !slices.Contains(got, v0) {
		t.Errorf("a tag whose commit is not told: %q, want %q", got, v0)
	}
}
