package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/scorecards/desk"
)

func scorecardCommand(p process) *cobra.Command {
	c := &cobra.Command{
		Use:   "scorecard",
		Short: "Delete a scorecard that was made in a running portal",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(scorecardDeleteCommand(p))
	return c
}

func scorecardDeleteCommand(p process) *cobra.Command {
	var f portalFlags
	c := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a scorecard that was made in a running portal",
		Long: `Delete a scorecard that was made in a running portal: nothing is judged by it any more.
What it said stays on record. One that a file declares is deleted in that file.`,
		Example: `  callboard scorecard delete on-call --by "Salt Marsh"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			portal, err := f.client(cmd.CommandPath(), p)
			if err != nil {
				return err
			}
			var made desk.Made
			if err := portal.ask(cmd.Context(), http.MethodDelete, "/api/scorecards/"+url.PathEscape(args[0]), nil, &made); err != nil {
				return err
			}
			fmt.Fprintf(p.Stdout, "✓ %s is deleted, at position %d\n", shortName(made.Ref), made.Position)
			return nil
		},
	}
	f.add(c)
	return c
}
