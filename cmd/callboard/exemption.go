package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards/desk"
)

func exemptionCommand(p process) *cobra.Command {
	c := &cobra.Command{
		Use:   "exemption",
		Short: "Ask a running portal for an exemption from rules of a scorecard, or decide about one",
		Long: `Ask a running portal that an entity need not keep rules of a scorecard for a while, or
decide about what was asked for. Who does it (--by) is on record with it.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(exemptionListCommand(p), exemptionRequestCommand(p))
	for _, d := range []struct{ verb, short, long string }{
		{"grant", "Grant an exemption that was asked for", "Grant an exemption that was asked for, as it was or, with --until, until an earlier day."},
		{"deny", "Deny an exemption that was asked for", "Deny an exemption that was asked for. --reason says why."},
		{"revoke", "Take back an exemption that was granted", "Take back an exemption that was granted. --reason says why."},
	} {
		c.AddCommand(exemptionDecideCommand(p, d.verb, d.short, d.long))
	}
	return c
}

func exemptionListCommand(p process) *cobra.Command {
	var (
		f      portalFlags
		status string
	)
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the exemptions",
		Long:    `List the exemptions: those that are asked for, those that hold, then what is over.`,
		Example: "  callboard exemption list --status requested",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			portal := f.reader(cmd.CommandPath(), p)
			var out struct {
				Items []struct {
					Exemption, Entity, Scorecard, Status, Until, Astray string
					Rules                                               []string
					InForce                                             bool
				}
			}
			if err := portal.ask(cmd.Context(), http.MethodGet, "/api/exemptions?"+url.Values{"status": compact(status)}.Encode(), nil, &out); err != nil {
				return err
			}
			table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "NAME\tSTATUS\tUNTIL\tENTITY\tSCORECARD\tRULES")
			for _, i := range out.Items {
				rules := "all"
				if len(i.Rules) > 0 {
					rules = strings.Join(i.Rules, ", ")
				}
				if i.Astray != "" && i.InForce {
					rules += " (" + i.Astray + ")"
				} else if i.Astray != "" {
					rules += " (comes to nothing yet: " + i.Astray + ")"
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", shortName(i.Exemption), i.Status, i.Until, i.Entity, shortName(i.Scorecard), rules)
			}
			return table.Flush()
		},
	}
	f.add(c)
	c.Flags().StringVar(&status, "status", "", "only those that are requested, granted, denied, revoked or expired")
	return c
}

// compact is a list of what is not empty.
func compact(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// shortName is how the API names an exemption or a scorecard in its paths.
func shortName(ref string) string {
	_, rest, _ := strings.Cut(ref, ":")
	return strings.ReplaceAll(strings.TrimPrefix(rest, "default/"), "/", ":")
}

func exemptionRequestCommand(p process) *cobra.Command {
	var (
		f portalFlags
		r desk.Request
	)
	c := &cobra.Command{
		Use:     "request ENTITY SCORECARD",
		Short:   "Ask for an exemption",
		Long:    `Ask that an entity need not keep rules of a scorecard. The owner of the scorecard decides.`,
		Example: `  callboard exemption request component:stock production-readiness --rule on-call --until 2026-06-30 --reason "Nobody counts at night" --by "Salt Marsh"`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			portal, err := f.client(cmd.CommandPath(), p)
			if err != nil {
				return err
			}
			r.Entity, r.Scorecard = args[0], args[1]
			var made desk.Made
			if err := portal.ask(cmd.Context(), http.MethodPost, "/api/exemptions", r, &made); err != nil {
				return err
			}
			fmt.Fprintf(p.Stdout, "✓ %s is asked for, at position %d\n", shortName(made.Ref), made.Position)
			return nil
		},
	}
	f.add(c)
	c.Flags().StringSliceVar(&r.Rules, "rule", nil, "id of a rule; may be given more than once (default all of the scorecard)")
	addReason(c, &r.Reason)
	c.Flags().StringVar(&r.Until, "until", "", "last day, in UTC, such as 2026-06-30 (default it does not end)")
	return c
}

// addReason adds the flag that says why. It is --note, too, as the API has it of decisions.
func addReason(c *cobra.Command, why *string) {
	c.Flags().StringVar(why, "reason", "", "why")
	c.Flags().StringVar(why, "note", "", "why")
	c.Flags().Lookup("note").Hidden = true
}

func exemptionDecideCommand(p process, verb, short, long string) *cobra.Command {
	var (
		f portalFlags
		d desk.Decision
	)
	c := &cobra.Command{
		Use:     verb + " NAME",
		Short:   short,
		Long:    long,
		Example: fmt.Sprintf("  callboard exemption %s stock-on-call --reason \"As agreed\" --by \"Moss Bank\"", verb),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			portal, err := f.client(cmd.CommandPath(), p)
			if err != nil {
				return err
			}
			var made desk.Made
			if err := portal.ask(cmd.Context(), http.MethodPost, "/api/exemptions/"+url.PathEscape(args[0])+"/"+verb, d, &made); err != nil {
				if d.Note == "" && verb != "grant" && fault.KindOf(err) == fault.Invalid { // what the API calls note
					return fmt.Errorf("%w (--reason says it)", err)
				}
				return err
			}
			fmt.Fprintf(p.Stdout, "✓ that stands at position %d\n", made.Position)
			return nil
		},
	}
	f.add(c)
	addReason(c, &d.Note)
	if verb == "grant" {
		c.Flags().StringVar(&d.Until, "until", "", "last day, in UTC, if it is to be an earlier one than was asked for")
	}
	return c
}
