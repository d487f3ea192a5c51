package projections_test

import (
	"testing"
	"time"

	"github.com/callboard/callboard/projections"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-03":                "2026-03-03T00:00:00Z date",
		"2026-03-03T14:00:00Z":      "2026-03-03T14:00:00Z",
		"2026-03-03T14:00:00+02:00": "2026-03-03T12:00:00Z",
		"2026-03-03T14:00:00.5Z":    "2026-03-03T14:00:00.5Z",
		"2026-03-03T14:00:07":       "2026-03-03T14:00:07Z",
		"2026-03-03T14:00":          "2026-03-03T14:00:00Z",
		"2026-03-03T14:00Z":         "2026-03-03T14:00:00Z",
		"2026-03-03 14:00":          "2026-03-03T14:00:00Z",
		"0001-01-01":                "1900-01-01T00:00:00Z date",
		"1600-01-01T10:00:00Z":      "1900-01-01T00:00:00Z",
		"9999-12-31":                "2200-01-01T00:00:00Z date",
		"yesterday":                 "",
		"2026-13-03":                "",
		"20260303":                  "",
		"":                          "",
	} {
		got := ""
		if at, date, ok := projections.ParseTime(text); ok {
			got = at.Format(time.RFC3339Nano)
			if date {
				got += " date"
			}
		}
		if got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
