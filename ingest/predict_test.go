package ingest_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/ingest"
)

// branches is a forge of three commits: where two branches parted, and their heads.
type branches struct {
	ingest.Forge
	trees    map[string]map[string]string // by commit, blobs by path
	ancestor bool                         // main is behind
}

func (b branches) Between(context.Context, ingest.Repository, string, string) (ingest.Range, error) {
	return ingest.Range{Ancestor: b.ancestor, Base: "base", Complete: true}, nil
}

func (b branches) Tree(_ context.Context, _ ingest.Repository, sha string) (files []ingest.File, err error) {
	for path, blob := range b.trees[sha] {
		files = append(files, ingest.File{Path: path, Blob: blob})
	}
	return files, nil
}

// Merged files are those of the branch's changes upon the default branch, path by path:
// what only one of the two changed is as that has it, what both changed as the branch has it,
// and what neither did is as it was.
func TestMerged(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tree := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.SampledFrom([]string{"1", "2", "3"}))
		b := branches{trees: map[string]map[string]string{"base": tree.Draw(rt, "base"), "main": tree.Draw(rt, "main"), "side": tree.Draw(rt, "side")}}
		got := mergedFiles(rt, b)
		want := map[string]string{}
		for _, path := range []string{"a", "b", "c", "d"} {
			base, main, side := b.trees["base"][path], b.trees["main"][path], b.trees["side"][path]
			now := main
			if side != base && (side != "" || main == base) { // one that the other changed is not deleted
				now = side
			}
			if now != "" {
				want[path] = now
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("(-want +got):\n%s", diff)
		}
		b.ancestor = true // then the branch has all that main has
		if diff := cmp.Diff(b.trees["side"], mergedFiles(rt, b), cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("of a branch that is not behind (-want +got):\n%s", diff)
		}
	})
}

func mergedFiles(t *rapid.T, b branches) map[string]string {
	contents, err := ingest.Merged(context.Background(), b, ingest.Repository{}, "main", "side")
	if err != nil {
		t.Fatal(err)
	}
	files, err := contents.Tree(context.Background(), ingest.Repository{}, "side")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range files {
		if _, twice := got[f.Path]; twice {
			t.Errorf("%s is there twice", f.Path)
		}
		got[f.Path] = f.Blob
	}
	return got
}
