package main

import (
	"testing"

	"github.com/callboard/callboard/eventlog"
)

// A channel is told of by the time up to which it has all, not in nanoseconds.
func TestUpTo(t *testing.T) {
	for _, tt := range []struct {
		channel    string
		at, newest eventlog.Position
		want       string
	}{
		{"", 66, 67, "66 of 67"},
		{"slack", 1795970922304080248, 1795970922304080248, "2026-11-29T16:48:42Z"},
		{"email", 0, 1795970922304080248, "nothing yet"},
	} {
		if got := upTo(tt.channel, tt.at, tt.newest); got != tt.want {
			t.Errorf("%s %d: %q, want %q", tt.channel, tt.at, got, tt.want)
		}
	}
}
