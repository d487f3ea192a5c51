package main

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/internal/fault"
)

func exportEvidenceCommand(p process) *cobra.Command {
	var filters []string
	var from, to, card, rule string
	var known uint64
	c := &cobra.Command{
		Use:   "evidence [https://portal]",
		Short: "Write down, signed, how some entities stood in a period",
		Long: `Write to standard output, of every entity that a filter selected at any time of a
period: when it was in the catalog, who owned it, how it stood on a scorecard or on one
rule of it, its exemptions, and the gaps: when nobody owned it, when the rule failed or
could not be judged. The first line also tells what sources knew that they had missed.
Each comes with the event that it goes back to.

The last line is a signature of all others; callboard verify checks it with the public
key and nothing else. The first line has the position of the last event that counted:
given with --known, the portal writes the same file again, byte for byte, whatever has
come since.

A filter is as in the catalog's API; several conditions are joined with commas, and
--filter may be given several times for either. From and to are dates or times, the
second exclusive. The portal is http://127.0.0.1:8080 if no other is named.`,
		Example: `  callboard export evidence --filter kind=component,metadata.tags=tier-1 \
    --from 2026-07-01 --to 2026-10-01 --scorecard security --rule no-critical > q3.jsonl
  callboard verify q3.jsonl --key "$(cat callboard.pub)"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if from == "" || to == "" {
				return usageError{fault.New(fault.Invalid, "--from and --to are missing: which period is it about?"), c.CommandPath()}
			}
			base := "http://127.0.0.1:8080"
			if len(args) > 0 {
				base = args[0]
			}
			q := url.Values{"from": {from}, "to": {to}, "filter": filters}
			for name, value := range map[string]string{"scorecard": card, "rule": rule} {
				if value != "" {
					q.Set(name, value)
				}
			}
			if known > 0 {
				q.Set("known", strconv.FormatUint(known, 10))
			}
			lines := countedLines{w: p.Stdout}
			if err := newPortalClient(base, "").copy(c.Context(), "/api/history/evidence?"+q.Encode(), &lines); err != nil {
				return err
			}
			if lines.n <= 2 {
				fmt.Fprintln(p.Stderr, "callboard: the filter selected nothing at any time of the period: there is evidence of no entity")
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&filters, "filter", nil, "which entities; all of them if there is none")
	c.Flags().StringVar(&from, "from", "", "when the period begins")
	c.Flags().StringVar(&to, "to", "", "when it is over")
	c.Flags().StringVar(&card, "scorecard", "", "scorecard: its name, or namespace:name")
	c.Flags().StringVar(&rule, "rule", "", "id of a rule of the scorecard, instead of its level")
	c.Flags().Uint64Var(&known, "known", 0, "last event that counts (default: the last that is under seal)")
	return c
}

// countedLines counts the lines that it passes on.
type countedLines struct {
	w io.Writer
	n int
}

func (c *countedLines) Write(b []byte) (int, error) {
	c.n += bytes.Count(b, []byte("\n"))
	return c.w.Write(b)
}
