package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/subscribers"
)

func noticesCommand(p process) *cobra.Command {
	c := &cobra.Command{
		Use:   "notices",
		Short: "See that notices reach their channels",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(testNotice(p))
	return c
}

func testNotice(p process) *cobra.Command {
	var f portalFlags
	c := &cobra.Command{
		Use:   "test CHANNEL",
		Short: "Have a running portal send a test notice to a channel",
		Long: `Have a running portal send a test notice to one of its channels, and tell what the
chat, the mail server or the program answered. Which channels there are, and how
they stand, is what callboard subscribers lists.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			portal, err := f.client(cmd.CommandPath(), p)
			if err != nil {
				return err
			}
			portal.http = &http.Client{Timeout: 2 * channelTimeout} // the portal waits for the channel
			var sent struct {
				Verdict subscribers.Verdict
				Status  int
				Error   string
				Answer  string
			}
			if err := portal.ask(cmd.Context(), http.MethodPost, "/api/subscribers/"+url.PathEscape(args[0])+"/ping", nil, &sent); err != nil {
				return err
			}
			if sent.Verdict != subscribers.Delivered {
				return fault.New(fault.Unavailable, "channel %s did not take it: %s %s", args[0], sent.Error, sent.Answer)
			}
			fmt.Fprintf(p.Stdout, "Channel %s took it.\n", args[0])
			return nil
		},
	}
	f.add(c)
	return c
}
