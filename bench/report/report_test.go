package report_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/bench/report"
	"github.com/callboard/callboard/bench/traffic"
)

func figures(name string, connections int, perSecond float64, failures int) report.Figures {
	return report.Figures{Case: name, Connections: connections, Result: traffic.Result{
		P50: 150 * time.Microsecond, P95: 2500 * time.Microsecond, P99: 12345 * time.Microsecond, PerSec: perSecond, Bytes: 2048, Requests: 10, Failures: failures,
	}}
}

func TestTable(t *testing.T) {
	ours := report.Report{Server: "Callboard", Figures: []report.Figures{figures("by name", 1, 9000, 0), figures("count", 16, 500, 0)}}
	theirs := report.Report{Server: "Other", Figures: []report.Figures{figures("by name", 1, 30, 2)}}
	want := `| request | connections | Callboard: p50 | p95 | p99 ms | requests/s | KB/answer | Other: p50 | p95 | p99 ms | requests/s | KB/answer | Callboard ÷ Other |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
| by name | 1 | 0.15 | 2.50 | 12.3 | 9000 | 2.00 | 0.15 | 2.50 | 12.3 | 30.0 | 2.00 (2 failed) | 300× |
| count | 16 | 0.15 | 2.50 | 12.3 | 500 | 2.00 | – | – | – | – | – | – |
`
	if d := cmp.Diff(want, report.Table(ours, theirs)); d != "" {
		t.Error(d)
	}
}

func TestReadsWhatItWrote(t *testing.T) {
	r := report.Report{Server: "Callboard", Entities: 1000, Figures: []report.Figures{figures("by name", 1, 9000, 1)}}
	file := filepath.Join(t.TempDir(), "r.json")
	if err := r.Write(file); err != nil {
		t.Fatal(err)
	}
	got, err := report.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, got); d != "" {
		t.Error(d)
	}
}
