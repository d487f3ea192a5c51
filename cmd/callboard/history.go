package main

import (
	"context"

	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
)

// openHistory opens the history, whose rows are in a file.
func openHistory(ctx context.Context, path string) (*history.History, error) {
	rows, err := sqlitestore.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return history.New(rows), nil
}
