package main

import (
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/subscribers"
)

func subscribersCommand(p process) *cobra.Command {
	var f portalFlags
	c := &cobra.Command{
		Use:   "subscribers",
		Short: "List the programs that a running portal sends events to, and how they stand",
		Long: `List the programs that a running portal sends events to: up to which event each
has everything, for how long the oldest has waited that it has not, and how many
events it did not take. Of the channels that notices go to it says how many are held
back, because of the grace, the hour after another, or the number of the day, and until
when. What can be done about it is on the portal's pages, and
in its API.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			portal, err := f.client(cmd.CommandPath(), p)
			if err != nil {
				return err
			}
			var all struct {
				Items []struct {
					Name        string
					Channel     string // its type; "" for a program that is sent events
					Status      subscribers.Status
					Position    eventlog.Position
					Newest      eventlog.Position
					LagSeconds  float64
					DeadLetters int
					Error       string
					Paused      string
					Held        []heldBack
				}
			}
			if err := portal.ask(cmd.Context(), http.MethodGet, "/api/subscribers", nil, &all); err != nil {
				return err
			}
			if len(all.Items) == 0 {
				fmt.Fprintln(p.Stdout, "No subscriber is configured.")
				return nil
			}
			table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "NAME\tSTATUS\tUP TO\tLAG\tHELD BACK\tDEAD LETTERS\tWHY")
			for _, s := range all.Items {
				why := s.Paused
				if s.Status == subscribers.Failing {
					why = s.Error
				}
				lag := time.Duration(s.LagSeconds * float64(time.Second)).Round(time.Second)
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", s.Name, s.Status, upTo(s.Channel, s.Position, s.Newest), lag, heldBacks(s.Held), s.DeadLetters, why)
			}
			return table.Flush()
		},
	}
	f.add(c)
	return c
}

// heldBack are notices that a channel is not sent yet.
type heldBack struct {
	Why   string
	Count int
	Until time.Time
}

// heldBacks says how many are, why and until when.
func heldBacks(all []heldBack) string {
	if len(all) == 0 {
		return "-"
	}
	says := make([]string, len(all))
	for i, h := range all {
		says[i] = fmt.Sprintf("%d (%s) until %s", h.Count, h.Why, h.Until.UTC().Format(time.RFC3339))
	}
	return strings.Join(says, ", ")
}

// upTo is how far a subscriber has come: the event of the newest or, of a channel, whose
// positions are moments, the time.
func upTo(channel string, at, newest eventlog.Position) string {
	if channel == "" {
		return fmt.Sprintf("%d of %d", at, newest)
	}
	if at == 0 {
		return "nothing yet"
	}
	return time.Unix(0, int64(at)).UTC().Format(time.RFC3339) //nolint:gosec // nanoseconds since 1970
}
