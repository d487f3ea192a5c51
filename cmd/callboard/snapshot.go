package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// savedCatalog is the file that spares a start most of the folding: the catalog
// as it was some events ago. Without it, or with a bad one, all is folded.
type savedCatalog struct {
	path    string
	catalog *entities.Catalog
	logger  *slog.Logger

	mu    sync.Mutex
	saved eventlog.Position // that the file has
}

// recordAt reads one event of the log that the catalog is folded from.
type recordAt interface {
	At(context.Context, eventlog.Position) (eventlog.Record, error)
}

// restore reads the file, if there is one that belongs to the log.
func (s *savedCatalog) restore(ctx context.Context, log recordAt) error {
	// What a process left behind that was killed while it saved.
	stale, err := filepath.Glob(s.path + "-*")
	if err != nil {
		return err
	}
	for _, file := range stale {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	began := time.Now()
	err = s.catalog.Restore(s.path, func(p eventlog.Position, id string) bool {
		rec, err := log.At(ctx, p)
		return err == nil && rec.ID == id
	})
	now := s.catalog.Snapshot()
	switch kind := fault.KindOf(err); {
	case err == nil:
		s.saved = now.Position()
		s.logger.InfoContext(ctx, "the catalog is restored; what came later is folded", "entities", now.Len(), "position", now.Position(), "took", time.Since(began).Round(time.Millisecond))
	case kind == fault.NotFound:
	case kind == fault.Invalid:
		s.logger.WarnContext(ctx, "the saved catalog is not used; all is folded from the log", "file", filepath.Base(s.path), "reason", err)
	default:
		return err
	}
	return nil
}

// enough is how many events are worth to be saved while the portal runs: so many
// that folding them would be felt at the next start.
func enough(entities int) eventlog.Position { return eventlog.Position(max(10_000, entities/10)) } //nolint:gosec // a count

// run saves the catalog now and from time to time.
func (s *savedCatalog) run(ctx context.Context) error {
	s.save(ctx, 1)
	schedule := cron.New()
	if _, err := schedule.AddFunc("@every 1m", func() { s.save(ctx, enough(s.catalog.Snapshot().Len())) }); err != nil {
		return err
	}
	schedule.Start()
	<-ctx.Done()
	<-schedule.Stop().Done()
	return nil
}

// save writes the file if so many events came since. That it cannot costs only time.
func (s *savedCatalog) save(ctx context.Context, atLeast eventlog.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.catalog.Snapshot().Position()
	if now < s.saved+atLeast {
		return
	}
	began := time.Now()
	if err := s.catalog.Save(s.path); err != nil {
		s.logger.WarnContext(ctx, "the catalog could not be saved; the next start folds it from the log", "error", err)
		return
	}
	s.saved = now
	s.logger.DebugContext(ctx, "the catalog is saved", "position", now, "took", time.Since(began).Round(time.Millisecond))
}
