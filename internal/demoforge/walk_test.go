package demoforge_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/go-github/v60/github"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/internal/demoforge"
)

// direct hands requests to a handler without a network.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

// Whatever the graph and however wrong the clocks, a comparison lists exactly
// the commits that one side has and the other has not, parents first.
func TestComparisonsOfAnyGraph(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		f := demoforge.New(demoforge.Options{URL: "http://forge.acme.example", GitHub: demoforge.Service{Limit: 1 << 20}})
		r, err := f.Create(demoforge.GitHub, "acme/graph", demoforge.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		var shas []string
		reach := map[string]map[string]bool{} // by commit, itself included
		parents := map[string][]string{}
		for i := range rapid.IntRange(2, 12).Draw(t, "commits") {
			change := demoforge.Change{
				Author: moss, Message: fmt.Sprint(i), Files: map[string]string{fmt.Sprint(i): "x"},
				Time: noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "hours")) * time.Hour),
			}
			var from []string
			if i > 0 {
				from = append(from, rapid.SampledFrom(shas).Draw(t, "parent"))
				if second := rapid.SampledFrom(shas).Draw(t, "second parent"); second != from[0] && rapid.Bool().Draw(t, "merge") {
					from = append(from, second)
					change.Merge = []string{second}
				}
				if r.Head("main") != from[0] {
					if _, err := r.Move("main", from[0], moss); err != nil {
						t.Fatal(err)
					}
				}
			}
			d, err := r.Push("main", change)
			if err != nil {
				t.Fatal(err)
			}
			shas = append(shas, d.After)
			parents[d.After] = from
			reach[d.After] = map[string]bool{d.After: true}
			for _, p := range from {
				for sha := range reach[p] {
					reach[d.After][sha] = true
				}
			}
		}
		c := github.NewClient(&http.Client{Transport: direct{f}})
		c.BaseURL, _ = c.BaseURL.Parse(f.APIURL(demoforge.GitHub))
		base, head := rapid.SampledFrom(shas).Draw(t, "base"), rapid.SampledFrom(shas).Draw(t, "head")
		got, _, err := c.Repositories.CompareCommits(ctx, "acme", "graph", base, head, nil)
		if err != nil {
			t.Fatal(err)
		}
		var ahead, want []string
		for _, commit := range got.Commits {
			for _, p := range parents[commit.GetSHA()] {
				if !reach[base][p] && !slices.Contains(ahead, p) {
					t.Errorf("%.7s comes before its parent %.7s", commit.GetSHA(), p)
				}
			}
			ahead = append(ahead, commit.GetSHA())
		}
		behind := 0
		for _, sha := range shas {
			if reach[head][sha] && !reach[base][sha] {
				want = append(want, sha)
			}
			if reach[base][sha] && !reach[head][sha] {
				behind++
			}
		}
		sorted := cmpopts.SortSlices(func(a, b string) bool { return a < b })
		if diff := cmp.Diff(want, ahead, sorted, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("ahead (-want +got):\n%s", diff)
		}
		if got.GetBehindBy() != behind {
			t.Errorf("%d behind, want %d", got.GetBehindBy(), behind)
		}
		common := got.GetMergeBaseCommit().GetSHA()
		if !reach[base][common] || !reach[head][common] {
			t.Errorf("merge base %.7s is not common", common)
		}
		for _, sha := range shas {
			if sha != common && reach[base][sha] && reach[head][sha] && reach[sha][common] {
				t.Errorf("merge base %.7s lies below the common commit %.7s", common, sha)
			}
		}
	})
}
