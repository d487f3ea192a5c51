package main

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/story"
	"github.com/callboard/callboard/eventlog/sqlitelog"
)

// writeLog tells the story of the population to the event log of a data folder, of a
// year if there are changes. Run again, it appends what is missing.
func writeLog(ctx context.Context, p *population.Population, folder string, changes int) (err error) {
	var clock atomic.Int64 // of a year that is told, when its events are recorded
	clock.Store(time.Now().UnixNano())
	now := func() time.Time { return time.Unix(0, clock.Load()) }
	log, err := sqlitelog.Open(ctx, filepath.Join(folder, "events.db"), sqlitelog.WithClock(now))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if changes == 0 {
		return story.Append(ctx, p, log)
	}
	y := story.Year{Population: p, Changes: changes}
	return y.Append(ctx, log, func(t time.Time) { clock.Store(t.UnixNano()) })
}
