package event_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/callboard/callboard/event"
)

// paths are as long as those of repositories are on average.
func paths(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("internal/package%04d/component_%05d.go", i/12, i)
	}
	return all
}

// BenchmarkFilesChanged tells how much of the log the files of a repository take: once,
// and for a push that adds one.
func BenchmarkFilesChanged(b *testing.B) {
	for _, n := range []int{200, 2000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			whole := event.FilesChanged{Whole: true, Added: paths(n)}
			first, err := json.Marshal(whole)
			if err != nil {
				b.Fatal(err)
			}
			more := event.FilesChanged{Added: []string{"internal/package0001/new_component.go"}}
			push, err := json.Marshal(more)
			if err != nil {
				b.Fatal(err)
			}
			files := event.Files{}.Apply(whole)
			for b.Loop() {
				files.Apply(more)
			}
			b.ReportMetric(float64(len(first)), "bytes/first")
			b.ReportMetric(float64(len(push)), "bytes/push")
		})
	}
}
