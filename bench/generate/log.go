package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/story"
	"github.com/callboard/callboard/eventlog/sqlitelog"
)

// writeLog tells the story of the population to the event log of a data folder.
// Run again, it appends what is missing.
func writeLog(ctx context.Context, p *population.Population, folder string) (err error) {
	log, err := sqlitelog.Open(ctx, filepath.Join(folder, "events.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	return story.Append(ctx, p, log)
}
