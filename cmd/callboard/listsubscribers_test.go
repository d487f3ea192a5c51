package main

import (
	"testing"
	"time"

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

// What is held back is told with why and until when.
func TestHeldBacks(t *testing.T) {
	at := time.Date(2026, 3, 12, 10, 5, 0, 1, time.UTC)
	for want, all := range map[string][]heldBack{
		"-": nil,
		"1 (grace) until 2026-03-12T10:05:00Z, 3 (hour) until 2026-03-12T11:05:00Z": {{"grace", 1, at}, {"hour", 3, at.Add(time.Hour)}},
	} {
		if got := heldBacks(all); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
