package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/config"
)

// shift runs a portal on a data folder, appends events, and stops it. It returns
// where the catalog stood before anything was folded, and all of it at the end.
func shift(t *testing.T, data string, from, to int) (restored eventlog.Position, all string) {
	t.Helper()
	conf := config.Default()
	conf.Data, conf.Server.Listen = data, "127.0.0.1:0"
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p, err := openPortal(ctx, conf, slog.New(slog.DiscardHandler), portalOptions{now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	restored = p.catalog.Snapshot().Position()
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- p.run(ctx, func(context.Context) error { close(ready); return nil }) }()
	<-ready
	for i := from; i < to; i++ {
		if _, err := p.events.Append(ctx, benchEvent(t, i)); err != nil {
			t.Fatal(err)
		}
	}
	last, err := p.events.Last(ctx)
	if err == nil {
		err = p.runner.WaitAll(ctx, last)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(p.catalog.Snapshot().All())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	return restored, string(b)
}

// A start goes on where the last one stopped. A file that is damaged, or of
// another log, is as good as none.
func TestStartsFromTheSavedCatalog(t *testing.T) {
	data := t.TempDir()
	file := filepath.Join(data, fileCatalog)
	if at, _ := shift(t, data, 0, 20); at != 0 {
		t.Fatalf("an empty folder begins at %d", at)
	}
	at, want := shift(t, data, 20, 25)
	if at != 20 {
		t.Errorf("the second start begins at %d, want 20", at)
	}
	if err := os.WriteFile(file+"-123", []byte("half"), 0o600); err != nil { // killed while it saved
		t.Fatal(err)
	}
	at, got := shift(t, data, 0, 0)
	if d := cmp.Diff(want, got); at != 25 || d != "" {
		t.Errorf("the third start begins at %d, want 25 (-want +got):\n%s", at, d)
	}
	if _, err := os.Stat(file + "-123"); !os.IsNotExist(err) {
		t.Errorf("what a killed process left is still there: %v", err)
	}

	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte(nil), saved...)
	damaged[len(damaged)/2] ^= 1
	for name, content := range map[string][]byte{"damaged": damaged, "cut off": saved[:len(saved)/2], "empty": {}, "not one": []byte("callboard")} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		at, got := shift(t, data, 0, 0)
		if d := cmp.Diff(want, got); at != 0 || d != "" {
			t.Errorf("%s: the start begins at %d, want 0 (-want +got):\n%s", name, at, d)
		}
	}

	elsewhere := t.TempDir()
	_, other := shift(t, elsewhere, 100, 140)
	if err := os.WriteFile(filepath.Join(elsewhere, fileCatalog), saved, 0o600); err != nil {
		t.Fatal(err)
	}
	at, got = shift(t, elsewhere, 0, 0)
	if d := cmp.Diff(other, got); at != 0 || d != "" {
		t.Errorf("a file of another log: the start begins at %d, want 0 (-want +got):\n%s", at, d)
	}
}
