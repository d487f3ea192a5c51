package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func disconnectCommand(p process) *cobra.Command {
	var f portalFlags
	c := &cobra.Command{
		Use:   "disconnect NAME",
		Short: "Take away a source that was connected to a running portal",
		Long: `Take away a source that was connected while the portal ran. Nothing leaves the
catalog by that. What the source sends from then on is refused; its webhooks are
deleted at the forge, if its token may do that, and its token and secret in the
portal. A source of the configuration file is taken away there.`,
		Example: `  callboard disconnect github
  callboard disconnect github --portal https://portal.example.com --portal-token …`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			portal, err := f.client(cmd.CommandPath(), p)
			if err != nil {
				return err
			}
			var gone struct {
				Webhook string `json:"webhook"`
			}
			if err := portal.ask(cmd.Context(), http.MethodDelete, "/api/sources/"+url.PathEscape(args[0]), nil, &gone); err != nil {
				return err
			}
			fmt.Fprintf(p.Stdout, "✓ source %s is disconnected; what came from it stays in the catalog\n%s\n", args[0], gone.Webhook)
			return nil
		},
	}
	f.add(c)
	return c
}
