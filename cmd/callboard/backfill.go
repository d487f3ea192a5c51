package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// backfillFlags are the flags of `callboard backfill`.
type backfillFlags struct {
	file, data, source, repository string
	again                          bool
}

func backfillCommand(p process) *cobra.Command {
	var f backfillFlags
	c := &cobra.Command{
		Use:   "backfill",
		Short: "Give the catalog its past, out of the repositories' history",
		Long: `Walk the Git history of the repositories that the portal knows, and append what
happened in their descriptors before the portal first read them: each with the
author and the time of the commit that did it. The present catalog stays as it is.

The portal must be stopped, and must have read the repositories before; while it
runs, the page of a source has a button that does the same. Each repository is
cloned into the data folder, and the clone deleted when it is done. It is safe to
interrupt: called again it goes on, and what is there is not appended twice.

Exit codes: 0 all were done, 1 some could not be, 2 the command was called wrongly.`,
		Example: `  callboard backfill --config callboard.yaml
  callboard backfill --config callboard.yaml --source github --repository acme/payments`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, p) },
	}
	flags := c.Flags()
	flags.StringVar(&f.file, "config", "", "configuration file")
	flags.StringVar(&f.data, "data", "./data", "data folder (default that of the configuration)")
	flags.StringVar(&f.source, "source", "", "only this source")
	flags.StringVar(&f.repository, "repository", "", "only this repository, such as acme/payments")
	flags.BoolVar(&f.again, "again", false, "also what is on record as done: after other descriptors were configured")
	return c
}

func (f *backfillFlags) run(cmd *cobra.Command, p process) (err error) {
	wrong := func(format string, args ...any) error {
		return usageError{fault.New(fault.Invalid, format, args...), cmd.CommandPath()}
	}
	if f.file == "" {
		return wrong("--config must name the configuration file of the portal")
	}
	conf, err := config.Load(f.file, p.Env)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("data") {
		conf.Data = f.data
	}
	if _, err := os.Stat(filepath.Join(conf.Data, fileEvents)); err != nil {
		return wrong("%s is no data folder of a portal: name it with --data", conf.Data)
	}
	stored, err := config.ReadSources(filepath.Join(conf.Data, fileConnected))
	if err != nil {
		return err
	}
	if conf, err = together(conf, stored); err != nil {
		return err
	}
	if f.source != "" && !slices.ContainsFunc(conf.Sources, func(s config.Source) bool { return s.Name == f.source }) {
		return wrong("there is no source %s in the configuration", f.source)
	}
	ctx := cmd.Context()
	log, err := sqlitelog.Open(ctx, filepath.Join(conf.Data, fileEvents))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	fill, err := ingest.NewBackfill(ctx, log, kindsOf(conf))
	if err != nil {
		return err
	}
	b := backfiller{process: p, backfillFlags: *f, config: conf, past: pastReader{fill, conf.Data, f.again}}
	for _, s := range conf.Sources {
		if f.source == "" || s.Name == f.source {
			if err := b.backfill(ctx, s); err != nil {
				return err
			}
		}
	}
	return b.outcome()
}

// backfiller backfills the repositories of sources, one after the other, and prints
// what became of each.
type backfiller struct {
	process
	backfillFlags
	config config.Config
	past   pastReader

	looked, failed int
}

func (b *backfiller) outcome() error {
	switch {
	case b.failed > 0:
		return fault.New(fault.Unavailable, "%d of %d repositories could not be backfilled; called again, it tries these", b.failed, b.looked)
	case b.looked == 0 && b.repository != "":
		return fault.New(fault.NotFound, "the portal knows no repository %s that it reads", b.repository)
	case b.looked == 0:
		return fault.New(fault.NotFound, "the portal knows no repositories yet: let it read them first")
	}
	return nil
}

func (b *backfiller) backfill(ctx context.Context, s config.Source) error {
	source, err := newSource(s, nil, b.config.Data, prometheus.NewRegistry(), portalOptions{now: time.Now})
	if err != nil || source.Forge() == nil {
		return err
	}
	for _, known := range b.past.fill.Repositories(s.Name) {
		if b.repository != "" && !strings.EqualFold(b.repository, known.FullName) {
			continue
		}
		if out := leavesOut(s, known); out != "" {
			fmt.Fprintf(b.Stdout, "%s: left out, as %s\n", known.FullName, out)
			continue
		}
		b.looked++
		bar := progress{to: b.Stderr, label: known.FullName}
		done, err := b.past.read(ctx, s, source, known, bar.show)
		if !done.Before {
			bar.done()
		}
		switch {
		case ctx.Err() != nil:
			return fault.New(fault.Unavailable, "interrupted; what was found stays, and running this again goes on from there")
		case err != nil:
			b.failed++
			fmt.Fprintf(b.Stderr, "%s: %v\n", known.FullName, err)
		case done.Before:
			fmt.Fprintf(b.Stdout, "%s: done before\n", known.FullName)
		case done.Commits == 0:
			fmt.Fprintf(b.Stdout, "%s: is empty\n", known.FullName)
		default:
			fmt.Fprintf(b.Stdout, "%s: %d events in %d commits since %s\n", known.FullName, done.Events, done.Commits, done.Since.UTC().Format(time.DateOnly))
		}
	}
	return nil
}
