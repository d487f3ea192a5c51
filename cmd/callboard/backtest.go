package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

func backtestCommand(p process) *cobra.Command {
	var (
		address, from, to, step string
		asJSON                  bool
	)
	c := &cobra.Command{
		Use:   "backtest CARD.YAML",
		Short: "Try a scorecard on the past",
		Long: `Have a running portal judge the past by a scorecard that is not published yet, or by
an edit of one that is, and print how many entities would have stood where, and who
would stand otherwise now. Nothing is recorded.

Exit codes: 0 it was tried, 1 the card is wrong or the portal does not answer, 2 the
command was called wrongly.`,
		Example: `  callboard backtest readiness.yaml --portal http://127.0.0.1:8080 --from 2026-01-01 --step month`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read the scorecard: %w", err)
			}
			e, problems := scorer.ReadCard(text)
			for _, problem := range problems {
				fmt.Fprintf(p.Stdout, "%s:%d:%d: %s\n", args[0], problem.Line, problem.Column, strings.TrimSpace(problem.Path+" "+problem.Message))
			}
			if len(problems) > 0 {
				return fault.New(fault.Invalid, "the scorecard cannot be used")
			}
			name := e.Metadata.Name
			if namespace := e.Ref().Namespace; namespace != "default" {
				name = namespace + ":" + name
			}
			query := url.Values{}
			for key, value := range map[string]string{"from": from, "to": to, "step": step} {
				if value != "" {
					query.Set(key, value)
				}
			}
			bar := progress{to: p.Stderr, label: "Judging the past"}
			result, err := runBacktest(c.Context(), strings.TrimRight(address, "/")+"/api/scorecards/"+url.PathEscape(name)+"/backtest?"+query.Encode(), text, &bar)
			if err != nil {
				return err
			}
			if asJSON {
				_, err := fmt.Fprintln(p.Stdout, string(result))
				return err
			}
			var b triedBacktest
			if err := json.Unmarshal(result, &b); err != nil {
				return fmt.Errorf("read the portal's answer: %w", err)
			}
			card, _ := scorecards.ParseCard(e)
			return b.write(p.Stdout, card)
		},
	}
	c.Flags().StringVar(&address, "portal", "http://127.0.0.1:8080", "address of the portal")
	c.Flags().StringVar(&from, "from", "", "day or moment from which on it is judged (default half a year before the end)")
	c.Flags().StringVar(&to, "to", "", "day, which counts, too, or moment up to which (default now)")
	c.Flags().StringVar(&step, "step", "", "time between two lines: day, week or month (default week)")
	c.Flags().BoolVar(&asJSON, "json", false, "print what the portal answers")
	return c
}

// runBacktest has the portal try a card, and returns the result in JSON.
func runBacktest(ctx context.Context, address string, card []byte, bar *progress) (json.RawMessage, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(string(card)))
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no address of a portal: %w", address, err)
	}
	r.Header.Set("Content-Type", "application/yaml")
	r.Header.Set("Accept", "application/x-ndjson")
	resp, err := (&http.Client{}).Do(r) // it may take its time
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fault.New(fault.Unavailable, "no portal answers at %s: name its address with --portal", address)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		return nil, errors.Join(refusalOf(resp.StatusCode, b), err)
	}
	lines := bufio.NewReader(resp.Body)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return nil, fault.New(fault.Unavailable, "the portal's answer broke off")
		}
		var line struct {
			Progress float64
			Result   json.RawMessage
			Error    string
		}
		switch err := json.Unmarshal(text, &line); {
		case err != nil:
			return nil, fault.New(fault.Unavailable, "the portal's answer is no line of JSON: %w", err)
		case line.Error != "":
			return nil, fault.New(fault.Invalid, "%s", line.Error)
		case line.Result != nil:
			if bar.shown > 0 || bar.terminal() {
				bar.show(100, 100)
				bar.done()
			}
			return line.Result, nil
		default:
			bar.show(int(100*line.Progress), 100)
		}
	}
}

// triedBacktest is what a portal answers.
type triedBacktest struct {
	scorer.Backtest
	Moved int
}

// write writes it for a terminal.
func (b *triedBacktest) write(w io.Writer, card *scorecards.Card) error {
	ladder := card.Levels
	var levels []string // from the highest; "" is not even the lowest
	for _, l := range slices.Backward(ladder) {
		levels = append(levels, l.Name)
	}
	if len(levels) > 0 {
		levels = append(levels, "")
	}

	fmt.Fprintf(w, "%s, %s to %s, as of event %d\n\n", b.Title, b.From.Format("2006-01-02"), b.To.Format("2006-01-02"), b.Position)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "DAY\tENTITIES\tPOINTS\t")
	for _, level := range levels {
		name := level
		if name == "" {
			name = "none"
		}
		fmt.Fprintf(table, "%s\t", strings.ToUpper(name))
	}
	fmt.Fprintln(table)
	for _, p := range b.Trend {
		fmt.Fprintf(table, "%s\t%d\t%s\t", p.At.Format("2006-01-02"), p.Entities, share(p.Points, p.Of))
		for _, level := range levels {
			fmt.Fprintf(table, "%d\t", p.Levels[level])
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if n := b.Before.Entities; card.Draft && n > 0 {
		fmt.Fprintf(w, "\nThis is a draft, which judges nobody: published as it is, it would take the scores from %d that have one now.\n", n)
	}
	if u := b.Unclear; u != nil {
		fmt.Fprintf(w, "\nIts filter goes wrong for %d of %d entities: %s\n", u.Entities, u.Of, u.Why)
	}
	fmt.Fprintf(w, "\n%d would stand otherwise than is on record:\n", b.Moved)
	for i, m := range b.Moves {
		if i == shownMoves {
			fmt.Fprintf(w, "  and %d more\n", b.Moved-i)
			break
		}
		fmt.Fprintf(w, "  %s: %s -> %s\n", m.Entity, checks.Standing(m.Before, len(ladder) > 0), checks.Standing(m.After, len(ladder) > 0))
	}
	return nil
}

// shownMoves is how many entities are named.
const shownMoves = 20

func share(points, of float64) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*points/of)
}
