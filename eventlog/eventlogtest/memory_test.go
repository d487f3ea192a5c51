package eventlogtest_test

import (
	"testing"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
)

func TestMemory(t *testing.T) {
	eventlogtest.Run(t, func(*testing.T) eventlog.Log { return eventlogtest.NewMemory() })
	eventlogtest.RunCursors(t, func(*testing.T) eventlog.Cursors { return eventlogtest.NewMemory() })
}

func TestMemoryClock(t *testing.T) {
	start := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		step time.Duration
		want time.Time
	}{
		{"onward", time.Second, start.Add(time.Second)},
		{"backward", -time.Hour, start},
	} {
		t.Run(c.name, func(t *testing.T) {
			log, now := eventlogtest.NewMemory(), start
			log.Now = func() time.Time { return now }
			for _, id := range []string{"a", "b"} {
				if _, err := log.Append(t.Context(), eventlogtest.Event(id)); err != nil {
					t.Fatal(err)
				}
				now = now.Add(c.step)
			}
			if got := eventlogtest.ReadAll(t, log, 1)[0].Recorded; !got.Equal(c.want) {
				t.Errorf("the second was recorded at %v, want %v", got, c.want)
			}
		})
	}
}
