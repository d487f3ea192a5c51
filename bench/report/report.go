// Package report keeps what a load has measured, as a file, and sets several
// of them side by side in a Markdown table.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/callboard/callboard/bench/traffic"
)

// Report is what one server did under load.
type Report struct {
	Server   string    `json:"server"` // what it is called in tables
	Entities int       `json:"entities"`
	Figures  []Figures `json:"figures"`
}

// Figures are the medians of some runs of one case.
type Figures struct {
	Case        string `json:"case"`
	Connections int    `json:"connections"`
	traffic.Result
}

// Read reads a report from a file.
func Read(file string) (Report, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return Report{}, fmt.Errorf("read a report: %w", err)
	}
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		return Report{}, fmt.Errorf("read report %s: %w", file, err)
	}
	return r, nil
}

// Write writes the report to a file.
func (r Report) Write(file string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// find returns what the report has measured of a case, nil if it has not.
func (r Report) find(name string, connections int) *Figures {
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Case == name && f.Connections == connections {
			return f
		}
	}
	return nil
}

// Table sets what the first report has measured beside what the others have:
// a row for each case and number of connections. The last column of each of the
// others says how many times as many requests a second the first answers.
func Table(reports ...Report) string {
	if len(reports) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| request | connections")
	for i, r := range reports {
		fmt.Fprintf(&b, " | %s: p50 | p95 | p99 ms | requests/s | KB/answer", r.Server)
		if i > 0 {
			fmt.Fprintf(&b, " | %s ÷ %s", reports[0].Server, r.Server)
		}
	}
	b.WriteString(" |\n|---|--:" + strings.Repeat("|--:", 5*len(reports)+len(reports)-1) + "|\n")
	for _, own := range reports[0].Figures {
		fmt.Fprintf(&b, "| %s | %d", own.Case, own.Connections)
		for i, r := range reports {
			f := r.find(own.Case, own.Connections)
			if f == nil {
				b.WriteString(strings.Repeat(" | –", 5+min(i, 1)))
				continue
			}
			fmt.Fprintf(&b, " | %s | %s | %s | %s | %s", milliseconds(f.P50), milliseconds(f.P95), milliseconds(f.P99), number(f.PerSec), number(f.Bytes/1024))
			if f.Failures > 0 {
				fmt.Fprintf(&b, " (%d failed)", f.Failures)
			}
			switch {
			case i > 0 && f.PerSec > 0:
				fmt.Fprintf(&b, " | %s×", number(own.PerSec/f.PerSec))
			case i > 0:
				b.WriteString(" | –")
			}
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

func milliseconds(d time.Duration) string { return number(d.Seconds() * 1000) }

// number writes three significant digits, more if they stand before the point.
func number(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	default:
		return fmt.Sprintf("%.2f", f)
	}
}
