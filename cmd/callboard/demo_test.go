package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/fault"
)

// Acme is not played into the record of a portal.
func TestDemoLeavesPortalsAlone(t *testing.T) {
	data := t.TempDir()
	log, err := sqlitelog.Open(t.Context(), filepath.Join(data, fileEvents))
	if err == nil {
		err = log.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(t.Context(), data); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "choose another one with --data") {
		t.Errorf("a demo takes it: %v", err)
	}
	if err := prepare(t.Context(), filepath.Join(data, "new")); err != nil {
		t.Error(err)
	}
}

// A closed terminal ends the demo, so that neither its port nor its folder stays taken.
func TestDemoEndsOnHangup(t *testing.T) {
	out, outWriter := io.Pipe()
	hangup, code := make(chan os.Signal, 1), make(chan int, 1)
	var stderr lockedBuffer
	go func() {
		code <- run(t.Context(), process{
			Args: []string{"demo", "--data", filepath.Join(t.TempDir(), "demo"), "--listen", "127.0.0.1:0"},
			Env:  os.LookupEnv, Stdout: outWriter, Stderr: &stderr, Hangup: hangup,
		})
		outWriter.Close()
	}()
	if _, err := out.Read(make([]byte, 256)); err != nil {
		t.Fatalf("the demo did not start: %v\n%s", err, stderr.String())
	}
	go io.Copy(io.Discard, out) // ends with the demo
	hangup <- syscall.SIGHUP
	select {
	case c := <-code:
		if c != exitFine {
			t.Errorf("it ended with %d:\n%s", c, stderr.String())
		}
	case <-time.After(time.Minute):
		t.Fatal("it lives on")
	}
}

// One demo, and all that is asked of one. Its last day is that of the manual's examples.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	data := filepath.Join(t.TempDir(), "demo")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	state := demoState{End: time.Date(2026, 3, 12, 15, 0, 0, 0, time.UTC), Forge: anyPort, Token: "forge-token", Secret: "hook-secret"}
	if err := state.save(data); err != nil {
		t.Fatal(err)
	}
	base := startDemoIn(t, data)
	t.Run("reads the past", func(t *testing.T) { readsThePast(t, base) })
	t.Run("manual", func(t *testing.T) { runManual(t, base, data) })
}

// readsThePast: the past of the sample organisation is read like any other, since its Git
// host serves the repositories to be cloned. The catalog stays as it is, and a second time
// brings nothing.
func readsThePast(t *testing.T, base string) {
	t.Helper()
	read := func(path string, into any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || json.Unmarshal(b, into) != nil {
			t.Fatalf("%s: %d, %v\n%s", path, resp.StatusCode, err, b)
		}
	}
	type entity struct {
		Metadata struct{ UID, Etag string }
	}
	var before, after []entity
	read("/api/catalog/entities", &before)
	for _, source := range []string{"github", "gitlab"} {
		for time := range 2 {
			newVisitor(t).open(base+"/sources/"+source).press("Read the past", nil).isAt("/sources/" + source)
			var s struct {
				Backfill struct {
					Running                     bool
					Done, Total, Failed, Events int
					Problems                    []string
				}
			}
			ended, err := until(t.Context(), storyWait, func(context.Context) (bool, error) {
				read("/api/sources/"+source, &s)
				return !s.Backfill.Running, nil
			})
			if b := s.Backfill; err != nil || !ended || b.Failed > 0 || b.Done != b.Total || b.Total == 0 || time > 0 && b.Events > 0 {
				t.Errorf("%s, time %d: %v, %+v", source, time+1, err, b)
			}
		}
	}
	// What waits for a decision was told to the demo's chat.
	var chat struct{ Host string }
	read("/api/subscribers/"+demoChat, &chat)
	if told, err := until(t.Context(), storyWait, func(context.Context) (bool, error) {
		page, err := http.Get(chat.Host + "/" + demoChat) //nolint:noctx // of this process
		if err != nil {
			return false, err
		}
		defer page.Body.Close()
		b, err := io.ReadAll(page.Body)
		return strings.Contains(string(b), "waits for a decision"), err
	}); err != nil || !told {
		t.Errorf("the chat was told of no request, %v", err)
	}
	read("/api/catalog/entities", &after)
	if len(after) != len(before) || len(after) == 0 || after[0] != before[0] {
		t.Errorf("the catalog had %d entities, and has %d", len(before), len(after))
	}
}
