package git_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/git"
	"github.com/callboard/callboard/internal/fault"
)

// TestLikeGit compares every answer about a history with that of Git itself: one
// with merges, where clocks go wrong, but not by so much that Git itself errs.
func TestLikeGit(t *testing.T) {
	w := newWork(t)
	dice := rand.New(rand.NewPCG(1, 2))
	var all []string
	for i := range 30 {
		branch := fmt.Sprintf("side%d", i)
		files := func() map[string]string {
			return map[string]string{fmt.Sprintf("d%d/f%d", dice.IntN(3), dice.IntN(3)): fmt.Sprint(i, dice.IntN(100))}
		}
		all = append(all, w.commit(files()))
		if i%4 == 3 {
			w.git("checkout", "--quiet", "-b", branch)
			all = append(all, w.commit(map[string]string{branch: "x"}))
			w.git("checkout", "--quiet", "main")
			w.now = w.now.Add(-time.Duration(dice.IntN(3)) * time.Hour)
			all = append(all, w.commit(files()), w.merge(branch))
		}
	}
	clone := git.NewClone(git.Remote{URL: w.dir}, filepath.Join(t.TempDir(), "unused"))
	ctx, repo, head := t.Context(), ingest.Repository{}, all[len(all)-1]
	lines := func(args ...string) []string {
		got := strings.Fields(w.git(args...))
		slices.Sort(got)
		return got
	}
	for range 100 {
		base, to := all[dice.IntN(len(all))], all[dice.IntN(len(all))]
		r, err := clone.Between(ctx, repo, base, to)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range r.Commits {
			got = append(got, c.SHA)
		}
		slices.Sort(got)
		if d := cmp.Diff(lines("rev-list", base+".."+to), got, cmp.Transformer("", func(s []string) string { return strings.Join(s, "\n") })); d != "" {
			t.Errorf("%.7s..%.7s: %s", base, to, d)
		}
		if want := w.git("merge-base", base, to) == base; r.Ancestor != want {
			t.Errorf("%.7s is an ancestor of %.7s: %t, want %t", base, to, r.Ancestor, want)
		}
		changed, err := clone.Changed(ctx, base, to)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(changed)
		if want := lines("diff", "--name-only", "--no-renames", base, to); !slices.Equal(want, changed) {
			t.Errorf("%.7s..%.7s changed %v, want %v", base, to, changed, want)
		}
	}
	walked, err := clone.FirstParents(ctx, head)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Fields(w.git("rev-list", "--first-parent", "--reverse", head)), walked); d != "" {
		t.Error(d)
	}
	for _, path := range append(strings.Fields(w.git("ls-tree", "-r", "--name-only", head)), "nope") {
		last, err := clone.LastChange(ctx, repo, head, path)
		want := w.git("log", "--first-parent", "--format=%H", "-1", head, "--", path)
		if last.SHA != want || (want == "") != (fault.KindOf(err) == fault.NotFound && err != nil) {
			t.Errorf("%s was last changed in %q (%v), want %q", path, last.SHA, err, want)
		}
	}
}

func TestNothingInCommon(t *testing.T) {
	w := newWork(t)
	one := w.commit(map[string]string{"a": "1"})
	w.git("checkout", "--quiet", "--orphan", "other")
	two := w.commit(map[string]string{"a": "2"})
	clone := git.NewClone(git.Remote{URL: w.dir}, "")
	for _, pair := range [][2]string{{one, two}, {two, strings.Repeat("1", 40)}} {
		if _, err := clone.Between(t.Context(), ingest.Repository{}, pair[0], pair[1]); fault.KindOf(err) != fault.NotFound {
			t.Errorf("between %v: %v", pair, err)
		}
	}
}
