package demoforge_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/callboard/callboard/internal/demoforge"
)

// BenchmarkTree is what the forge itself takes of "push to visible": a commit
// to a repository of 300 files, and its recursive tree, which nobody has asked
// for before.
func BenchmarkTree(b *testing.B) {
	f := start(b, demoforge.Options{GitHub: demoforge.Service{Limit: 1 << 30}})
	r := create(b, f, demoforge.GitHub, "acme/large")
	files := map[string]string{}
	for i := range 300 {
		files[fmt.Sprintf("services/%02d/docs/%d.md", i%25, i)] = fmt.Sprint(i)
	}
	push(b, r, "main", commit(0, "first", files))
	for n := 0; b.Loop(); n++ {
		push(b, r, "main", commit(n, "next", map[string]string{"services/07/docs/7.md": fmt.Sprint("x", n)}))
		resp, err := http.Get(f.APIURL(demoforge.GitHub) + "repos/acme/large/git/trees/main?recursive=1")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(resp.Status, err)
		}
		resp.Body.Close()
	}
}
