package main

import (
	"testing"
	"time"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/traffic"
	"github.com/callboard/callboard/eventlog"
)

// Every change of a stretch becomes visible, and no read fails meanwhile.
func TestReadWhileChanging(t *testing.T) {
	p, err := population.New(500, 1)
	if err != nil {
		t.Fatal(err)
	}
	o, err := open(t.Context(), p, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.close(nil); err != nil {
			t.Error(err)
		}
	})
	target, err := traffic.NewTarget(o.url, "")
	if err != nil {
		t.Fatal(err)
	}
	byName := traffic.Cases(p, 1)[0]
	seen := 0
	for round := range 2 {
		read, how, err := o.readWhileChanging(t.Context(), target, byName, 4, stretch{round, 500, 200 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if read.Requests == 0 || read.Failures > 0 {
			t.Errorf("%d reads, %d failures, such as %s", read.Requests, read.Failures, read.Failure)
		}
		if len(how.visible) == 0 {
			t.Error("nobody has watched the changes")
		}
		seen += 100
		last, err := o.log.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := eventlog.Position(p.Len() + seen); last != want {
			t.Errorf("the log ends at %d, want %d: a change was taken for a repeat", last, want)
		}
	}
}
