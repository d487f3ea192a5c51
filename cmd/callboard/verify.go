package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/fault"
)

func verifyCommand(p process) *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify [export.jsonl | https://portal]",
		Short: "Check that nobody edited the record",
		Long: `Check that every event on record is the one that was recorded, in its place, and
that none is missing. A portal signs what is on record once a minute while events
come; such a seal is an event, too. What was sealed cannot be changed, removed,
moved or added to without this command naming the first position that is wrong.

It reads the event log of a data folder, also while the portal runs; or asks a
portal for its events, if its address is given; or reads a file that callboard
export made, of events or of evidence.

All that it needs besides is the public key. Without --key it takes the one that
comes with the record, which somebody who forges the record could forge, too. So
keep the key elsewhere (an export is checked with nothing else), and now and then a
seal:

  callboard verify --print-key  > callboard.pub
  callboard verify --print-seal > callboard.seal

Whoever can write to the data folder has the key that seals are signed with, and
could seal a record of their own making. A seal that was kept elsewhere shows that.

Events after the newest seal are not under seal yet, and nothing can be said of
them; how many that are is told.

Exit codes: 0 all is as it was sealed, 1 it is not, 2 the command was called wrongly.`,
		Example: `  callboard verify --data /var/lib/callboard
  callboard verify --key "$(cat callboard.pub)" --seal callboard.seal
  callboard verify https://callboard.acme.example --key "$(cat callboard.pub)"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && c.Flags().Changed("data") || o.printKey && o.printSeal {
				return usageError{fault.New(fault.Invalid, "one at a time: a data folder, a portal or an export; --print-key or --print-seal"), c.CommandPath()}
			}
			o.data = filepath.Clean(o.data)
			if len(args) > 0 {
				o.data, o.from = "", args[0]
			}
			return o.run(c.Context(), p)
		},
	}
	c.Flags().StringVar(&o.data, "data", "./data", "data folder")
	c.Flags().StringArrayVar(&o.keys, "key", nil, "public key to check signatures with; several if the log was sealed with one after the other")
	c.Flags().StringArrayVar(&o.seals, "seal", nil, "file with a seal that was kept, which the record must go with; may be given several times")
	c.Flags().BoolVar(&o.printKey, "print-key", false, "print the public key, and check nothing")
	c.Flags().BoolVar(&o.printSeal, "print-seal", false, "print the newest seal if all is in order")
	return c
}

type verifyOptions struct {
	data, from          string // one of them is empty
	keys, seals         []string
	printKey, printSeal bool
}

// verifiable is what is verified, wherever it is.
type verifiable interface {
	// key returns the public key that comes with it.
	key(ctx context.Context) (string, error)
	// lines yields every record with the hash of its leaf, in the order in which they lie there.
	lines(ctx context.Context) iter.Seq2[line, error]
	// check looks at what is not in the lines.
	check(ctx context.Context) error
	io.Closer
}

// line is a record with the hash of its leaf.
type line struct {
	eventlog.Record
	leaf proof.Hash
}

func (o verifyOptions) run(ctx context.Context, p process) (err error) {
	if o.from != "" && !isAddress(o.from) {
		return o.export(ctx, p)
	}
	from, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	keys, came := o.keys, false
	if len(keys) == 0 || o.printKey {
		key, err := from.key(ctx)
		if err != nil {
			return err
		}
		keys, came = []string{key}, true
	}
	if o.printKey {
		fmt.Fprintln(p.Stdout, keys[0])
		return nil
	}
	public, err := proof.ParsePublic(keys...)
	if err != nil {
		return usageError{err, "callboard verify"}
	}
	v := proof.NewVerifier(public)
	for _, file := range o.seals {
		b, err := os.ReadFile(file)
		if err == nil {
			err = v.Keep(string(b))
		}
		if err != nil {
			return usageError{fmt.Errorf("--seal %s: %w", file, err), "callboard verify"}
		}
	}
	report, err := verifyAll(ctx, v, from)
	if err != nil {
		return err
	}
	if o.printSeal {
		fmt.Fprint(p.Stdout, report.Last.Note)
		return nil
	}
	tell(p.Stdout, report, keys[0], came)
	return nil
}

func verifyAll(ctx context.Context, v *proof.Verifier, from verifiable) (proof.Report, error) {
	var at eventlog.Position
	for l, err := range from.lines(ctx) {
		if err != nil {
			return proof.Report{}, fmt.Errorf("position %d: it cannot be read: %w", at+1, err)
		}
		if err := v.Add(l.Record, l.leaf); err != nil {
			return proof.Report{}, err
		}
		at = l.Position
	}
	report, err := v.Done()
	if err != nil {
		return report, err
	}
	return report, from.check(ctx)
}

func tell(w io.Writer, r proof.Report, key string, came bool) {
	if r.Events == 0 {
		fmt.Fprintln(w, "Nothing is on record yet.")
		return
	}
	seals := "one seal"
	if r.Seals > 1 {
		seals = fmt.Sprintf("%d seals", r.Seals)
	}
	fmt.Fprintf(w, "All is as it was sealed: events 1 to %d, under %s.\n", r.Last.Size, seals)
	fmt.Fprintf(w, "The newest seal is event %d, recorded at %s and signed by %s.\n", r.Last.Position, r.Last.Recorded.Format(time.RFC3339), r.Last.Signer)
	fmt.Fprintf(w, "Not under seal yet: %d, that seal included.\n", r.Unsealed())
	if came {
		fmt.Fprintf(w, "The key came with the record; compare it with the one you kept, or give that with --key:\n  %s\n", key)
	}
}

func (o verifyOptions) open(ctx context.Context) (verifiable, error) {
	if o.from == "" {
		log, err := sqlitelog.Inspect(ctx, filepath.Join(o.data, fileEvents))
		if fault.KindOf(err) == fault.NotFound {
			return nil, fmt.Errorf("%s is no data folder of a portal: %w", o.data, err)
		}
		if err != nil {
			return nil, fmt.Errorf("position 1: %w", err)
		}
		return folderRecord{log, o.data}, nil
	}
	return newPortalRecord(o.from), nil
}

func isAddress(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// export checks a file, which comes without a key and tells nothing of what is not
// in it.
func (o verifyOptions) export(ctx context.Context, p process) error {
	if len(o.keys) == 0 || len(o.seals) > 0 || o.printKey || o.printSeal {
		return usageError{fault.New(fault.Invalid, "an export is checked with --key and nothing else: callboard verify --print-key prints it where the record is"), "callboard verify"}
	}
	public, err := proof.ParsePublic(o.keys...)
	if err != nil {
		return usageError{err, "callboard verify"}
	}
	return verifyExport(ctx, p, o.from, public)
}

// folderRecord is the log in a data folder.
type folderRecord struct {
	*sqlitelog.Inspection
	data string
}

func (f folderRecord) key(context.Context) (string, error) {
	b, err := os.ReadFile(filepath.Join(f.data, fileKey))
	if err != nil {
		return "", fault.New(fault.Invalid, "there is no key in the data folder that the record could be checked with, give the public one with --key: %w", err)
	}
	key, err := proof.ParseKey(string(b))
	return key.Public(), err
}

func (f folderRecord) lines(ctx context.Context) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		for rec, err := range f.Records(ctx) {
			l := line{Record: rec}
			if err == nil {
				l.leaf = proof.Leaf(rec)
			}
			if !yield(l, err) {
				return
			}
		}
	}
}

func (f folderRecord) check(ctx context.Context) error { return f.CheckFile(ctx) }
