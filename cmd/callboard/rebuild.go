package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/projections/tree"
)

func rebuildCommand(p process) *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "rebuild",
		Short: "Fold the read models anew from the logs",
		Long: `Delete the read models of a data folder and fold them anew from the logs. The logs
themselves are only read. The portal must be stopped.

There is no harm in it: what is folded anew is what was there.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return rebuild(cmd.Context(), p, data) },
	}
	c.Flags().StringVar(&data, "data", "./data", "data folder")
	return c
}

func rebuild(ctx context.Context, p process, data string) error {
	if _, err := os.Stat(filepath.Join(data, fileEvents)); err != nil {
		return fmt.Errorf("%s is no data folder of a portal: %w", data, err)
	}
	// The catalog in memory is folded at the next start.
	if err := os.Remove(filepath.Join(data, fileCatalog)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, m := range []struct {
		log     string
		options []sqlitelog.Option
		file    string
		open    func(string) (readModel, error)
	}{
		{fileEvents, nil, fileHistory, func(path string) (readModel, error) { return openHistory(ctx, path) }},
		{fileEvents, nil, fileSources, func(path string) (readModel, error) { return repositories.Open(ctx, path) }},
		{fileEvents, nil, fileTree, func(path string) (readModel, error) { return tree.Open(ctx, path) }},
		{fileDeliveries, []sqlitelog.Option{sqlitelog.WithRetention()}, fileStatus, func(path string) (readModel, error) {
			return deliveries.Open(ctx, path, time.Now)
		}},
	} {
		log, err := sqlitelog.Open(ctx, filepath.Join(data, m.log), m.options...)
		if err != nil {
			return err
		}
		n, err := refold(ctx, p, log, filepath.Join(data, m.file), m.open)
		if err = errors.Join(err, log.Close()); err != nil {
			return fmt.Errorf("rebuild %s: %w", m.file, err)
		}
		fmt.Fprintf(p.Stdout, "%s: %d events\n", m.file, n)
	}
	return nil
}

// readModel is a projection in a file.
type readModel interface {
	projections.Projection
	Close() error
}

func refold(ctx context.Context, p process, log *sqlitelog.Log, path string, open func(string) (readModel, error)) (n eventlog.Position, err error) {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
	}
	model, err := open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	last, err := log.Last(ctx)
	if err != nil {
		return 0, err
	}
	bar := progress{to: p.Stderr, label: filepath.Base(path)}
	shown := counted{readModel: model, show: func(at eventlog.Position) { bar.show(int(at), int(last)) }} //nolint:gosec // a count of events
	err = projections.NewRunner(log, slog.New(slog.DiscardHandler), shown).CatchUp(ctx)
	bar.done()
	return last, err
}

// counted tells how far a projection has come after each batch.
type counted struct {
	readModel
	show func(eventlog.Position)
}

func (c counted) Apply(ctx context.Context, records []eventlog.Record) error {
	if err := c.readModel.Apply(ctx, records); err != nil {
		return err
	}
	c.show(records[len(records)-1].Position)
	return nil
}
