package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
)

func exportCommand(p process) *cobra.Command {
	c := &cobra.Command{
		Use:   "export",
		Short: "Take a part of the record out, with the proof of it, or evidence for an audit",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(exportEventsCommand(p), exportEvidenceCommand(p))
	return c
}

func exportEventsCommand(p process) *cobra.Command {
	var data, from, to, format string
	c := &cobra.Command{
		Use:   "events",
		Short: "Write events as lines of JSON, with the proof that they are on record",
		Long: `Write the events of a data folder to standard output, all of each, one to a line.
Lines in between prove those in front of them by a seal, so that callboard verify
can check the file with the public key and nothing else, and names the first event
that is not as it was.

From and to are positions, that one included; or a date or a time such as
2026-07-01T00:00:00Z: what was recorded from then on, and before then. Events that
are not under seal yet are left out. The portal may run meanwhile.

Each event of the log takes 64 bytes of memory.`,
		Example: `  callboard export events > all.jsonl
  callboard export events --from 2026-07-01 --to 2026-10-01 > q3.jsonl
  callboard verify q3.jsonl --key "$(cat callboard.pub)"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if format != "jsonl" {
				return usageError{fault.New(fault.Invalid, "--format must be jsonl, not %q", format), c.CommandPath()}
			}
			var x exporter
			if x.from, err = parseBound(from); err == nil {
				x.to, err = parseBound(to)
			}
			if err != nil {
				return usageError{err, c.CommandPath()}
			}
			if x.log, err = sqlitelog.Inspect(c.Context(), filepath.Join(data, fileEvents)); err != nil {
				return fmt.Errorf("%s is no data folder of a portal: %w", data, err)
			}
			defer func() { err = errors.Join(err, x.log.Close()) }()
			return x.run(c.Context(), p)
		},
	}
	c.Flags().StringVar(&data, "data", "./data", "data folder")
	c.Flags().StringVar(&from, "from", "", "first event: its position, or the date or time that it was recorded at or after")
	c.Flags().StringVar(&to, "to", "", "last event: its position, or the date or time that it was recorded before")
	c.Flags().StringVar(&format, "format", "jsonl", "jsonl, which is all there is")
	return c
}

// bound is where an export begins or ends: a position, a time, or neither.
type bound struct {
	position eventlog.Position
	time     time.Time
}

func parseBound(s string) (b bound, err error) {
	if s == "" {
		return b, nil
	}
	if n, err := strconv.ParseUint(s, 10, 63); err == nil && n > 0 {
		b.position = eventlog.Position(n)
		return b, nil
	}
	if t, _, ok := projections.ParseTime(s); ok {
		b.time = t
		return b, nil
	}
	return b, fault.New(fault.Invalid, "%q is neither a position nor a date such as 2026-07-01 nor a time such as 2026-07-01T00:00:00Z", s)
}

// exporter writes a part of a log.
type exporter struct {
	log      *sqlitelog.Inspection
	from, to bound

	hashes      proof.Hashes
	newest      proof.Seal
	first, last eventlog.Position // that are within the bounds
}

func (x *exporter) run(ctx context.Context, p process) error {
	if err := x.look(ctx); err != nil {
		return err
	}
	if x.first == 0 || x.last < x.first {
		return fault.New(fault.NotFound, "there are no events between these two")
	}
	if sealed := eventlog.Position(x.newest.Size); x.last > sealed {
		if x.first > sealed {
			return fault.New(fault.NotFound, "the events from %d to %d are not under seal yet: only the first %d are", x.first, x.last, sealed)
		}
		fmt.Fprintf(p.Stderr, "callboard: events %d to %d are not under seal yet, and left out\n", sealed+1, x.last)
		x.last = sealed
	}
	w := bufio.NewWriter(p.Stdout)
	if err := x.write(ctx, w); err != nil {
		return err
	}
	return w.Flush()
}

// look reads all of the log for its hashes, its newest seal and what is within the
// bounds.
func (x *exporter) look(ctx context.Context) error {
	at := eventlog.Position(0)
	for rec, err := range x.log.Records(ctx) {
		if err == nil && rec.Position != at+1 {
			err = fault.New(fault.Conflict, "another event stands in its place; callboard verify says more")
		}
		if err == nil {
			err = x.hashes.Add(proof.Leaf(rec))
		}
		if err != nil {
			return fmt.Errorf("position %d: %w", at+1, err)
		}
		at = rec.Position
		if x.first == 0 && at >= x.from.position && !rec.Recorded.Before(x.from.time) {
			x.first = at
		}
		if (x.to.position == 0 || at <= x.to.position) && (x.to.time.IsZero() || rec.Recorded.Before(x.to.time)) {
			x.last = at
		}
		if rec.Type == event.TypeLogSealed {
			d, err := event.DecodeAs[event.LogSealed](rec.Event)
			if err != nil {
				return fmt.Errorf("position %d: %w", at, err)
			}
			x.newest = proof.Seal{Position: at, Note: d.Note}
			if x.newest.Head, _, err = proof.PeekHead(d.Note); err != nil {
				return fmt.Errorf("position %d: %w", at, err)
			}
		}
	}
	return nil
}

func (x *exporter) write(ctx context.Context, w io.Writer) error {
	begin := x.first
	for rec, err := range x.log.Records(ctx) {
		if err != nil || rec.Position > x.last {
			return err
		}
		if rec.Position < x.first {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s\n", proof.Line(rec)); err != nil {
			return err
		}
		if rec.Position != x.last && rec.Position-begin+1 < proof.MaxSpan {
			continue
		}
		span, err := x.hashes.Span(begin, rec.Position, x.newest)
		if err != nil {
			return err
		}
		line, err := span.Line()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
			return err
		}
		begin = rec.Position + 1
	}
	return nil
}
