package ingest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// The door remembers the newest of what it refused, of sources that there are.
func TestRefusals(t *testing.T) {
	now := time.Date(2026, 3, 12, 14, 1, 52, 0, time.UTC)
	door, err := ingest.NewDoor(ingest.DoorOptions{
		Deliveries: eventlogtest.NewMemory(), Failures: failures(nil), Metrics: prometheus.NewRegistry(), Logger: quiet(), Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	door.Serve([]ingest.Source{newSource(t)})
	receive := func(source string, h http.Header) {
		t.Helper()
		door.Receive(t.Context(), source, h, strings.NewReader("{}"))
	}
	receive("github", signed("{}"))
	if all := door.Refusals("github"); len(all) > 0 {
		t.Errorf("what was taken is among the refusals: %+v", all)
	}
	receive("github", signed("something else"))
	receive("nobody", signed("{}"))
	receive("github", with(with(signed("{}"), "Content-Type", "text/plain"), "X-GitHub-Event", strings.Repeat("ö", 5000)))
	want := []ingest.Refusal{
		{At: now, Status: http.StatusUnsupportedMediaType, Event: strings.Repeat("ö", 100), ContentType: "text/plain"},
		{At: now, Status: http.StatusUnauthorized, Event: "push", ContentType: "application/json"},
	}
	got := door.Refusals("github")
	for i := range got {
		if got[i].Problem == "" {
			t.Error("it is not said what is wrong")
		}
		got[i].Problem = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if all := door.Refusals("nobody"); len(all) > 0 {
		t.Errorf("of a source that is none: %+v", all)
	}
	for i := range 30 {
		receive("github", with(signed("something else"), "X-GitHub-Event", fmt.Sprint("e", i)))
	}
	if since := door.Losing("github"); !since.IsZero() {
		t.Errorf("what was refused for what it is counts as lost since %v", since)
	}
	if all := door.Refusals("github"); len(all) != 10 || all[0].Event != "e29" || all[9].Event != "e20" {
		t.Errorf("%d are kept, from %q to %q", len(all), all[0].Event, all[len(all)-1].Event)
	}
}

// moodyLog takes nothing while it is full.
type moodyLog struct {
	eventlog.Log
	full bool
}

func (l *moodyLog) Append(ctx context.Context, es ...event.Event) ([]eventlog.Appended, error) {
	if l.full {
		return nil, fault.Later(time.Second, "the disk is full")
	}
	return l.Log.Append(ctx, es...)
}

// While deliveries cannot be stored it is known since when; the next that is stored
// ends that.
func TestDoorTellsThatItLoses(t *testing.T) {
	now := time.Date(2026, 3, 12, 14, 1, 52, 0, time.UTC)
	log := &moodyLog{Log: eventlogtest.NewMemory()}
	door, err := ingest.NewDoor(ingest.DoorOptions{
		Deliveries: log, Failures: failures(nil), Metrics: prometheus.NewRegistry(), Logger: quiet(), Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	door.Serve([]ingest.Source{newSource(t)})
	losing := func(full bool, at, want time.Time) {
		t.Helper()
		log.full, now = full, at
		door.Receive(t.Context(), "github", signed("{}"), strings.NewReader("{}"))
		if got := door.Losing("github"); !got.Equal(want) {
			t.Errorf("at %v: losing since %v, want %v", at, got, want)
		}
	}
	first := now
	losing(false, first, time.Time{})
	losing(true, first.Add(time.Minute), first.Add(time.Minute))
	losing(true, first.Add(2*time.Minute), first.Add(time.Minute))
	losing(false, first.Add(3*time.Minute), time.Time{})

	// So does one that was fetched: a quiet source sends no other.
	losing(true, first.Add(4*time.Minute), first.Add(4*time.Minute))
	fetch := func(want time.Time) {
		t.Helper()
		_, err := door.Fetched(t.Context(), "github", ingest.Receipt{ID: "missed", Event: "push"}, signed("{}"), []byte("{}"))
		if got := door.Losing("github"); !got.Equal(want) || (err == nil) != want.IsZero() {
			t.Errorf("fetched, with %v: losing since %v, want %v", err, got, want)
		}
	}
	fetch(first.Add(4 * time.Minute))
	log.full = false
	fetch(time.Time{})
}
