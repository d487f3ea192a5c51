package main

import (
	"context"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/clickhousestore"
	"github.com/callboard/callboard/projections/history/sqlitestore"
)

// openHistory opens the history, whose rows are in a file, or in the database that
// is configured: that need not answer yet.
func openHistory(ctx context.Context, c config.History, path string) (*history.History, error) {
	var rows history.Store
	var err error
	if c.URL == "" {
		rows, err = sqlitestore.Open(ctx, path)
	} else {
		rows, err = clickhousestore.Open(c.URL.Reveal())
	}
	if err != nil {
		return nil, err
	}
	return history.New(rows), nil
}
