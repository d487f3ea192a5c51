package tuning_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"

	"github.com/callboard/callboard/internal/tuning"
)

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, 400},
		{10 << 20, 400},
		{128 << 20, 200},
		{256 << 20, 100},
		{4 << 30, 100},
	} {
		if got := tuning.Percent(c.live); got != c.want {
			t.Errorf("Percent(%d MB) = %d, want %d", c.live>>20, got, c.want)
		}
	}
}

func TestRunSetsAndPutsBack(t *testing.T) {
	for _, c := range []struct {
		name                  string
		gogc, procs           string
		collectsLess, hasMore bool
	}{
		{"by itself", "", "", true, true},
		{"the environment chose both", "100", "2", false, false},
		{"the environment chose processors", "", "2", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOGC", c.gogc)
			t.Setenv("GOMAXPROCS", c.procs)
			defer debug.SetGCPercent(debug.SetGCPercent(100))
			percent, procs := gcPercent(), runtime.GOMAXPROCS(0)
			ctx, stop := context.WithCancel(t.Context())
			synctest.Test(t, func(t *testing.T) {
				go tuning.Run(ctx)
				synctest.Wait()
				if got := gcPercent() > percent; got != c.collectsLess {
					t.Errorf("percent %d after %d: grew %v, want %v", gcPercent(), percent, got, c.collectsLess)
				}
				if got := runtime.GOMAXPROCS(0) > procs; got != c.hasMore {
					t.Errorf("processors %d after %d: grew %v, want %v", runtime.GOMAXPROCS(0), procs, got, c.hasMore)
				}
				stop()
			})
			if gcPercent() != percent || runtime.GOMAXPROCS(0) != procs {
				t.Errorf("left %d %% and %d processors, found %d %% and %d", gcPercent(), runtime.GOMAXPROCS(0), percent, procs)
			}
		})
	}
}

func gcPercent() int {
	p := debug.SetGCPercent(100)
	debug.SetGCPercent(p)
	return p
}
