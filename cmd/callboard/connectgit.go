package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// connectGitFlags are the flags of `callboard connect git`.
type connectGitFlags struct {
	portalFlags
	api.SourceSettings
	wait time.Duration
}

func connectGitCommand(p process) *cobra.Command {
	f := connectGitFlags{SourceSettings: api.SourceSettings{Type: config.Git}}
	c := &cobra.Command{
		Use:   "git",
		Short: "Connect a Git repository",
		Long: `Connect one Git repository, wherever it is, to a running portal: ask it for its
branches, tell the portal of it, and wait until it was read. It is fetched again
and again; nothing has to be set up where it is. A folder of the portal's machine is
named in its configuration file instead.

It is safe to repeat, with another token or branch. The token, if the repository
needs one, comes from $GIT_TOKEN or --token; the portal keeps it in sources.yaml of
its data folder.`,
		Example: `  callboard connect git --url https://git.example.com/platform/catalog.git --name catalog`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.URL == "" {
				return usageError{fault.New(fault.Invalid, "--url must be the address of the repository, such as https://git.example.com/platform/catalog.git"), cmd.CommandPath()}
			}
			f.Token = firstOf(f.Token, p, "GIT_TOKEN")
			portal, err := f.client(cmd.CommandPath(), p)
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), p, portal)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.URL, "url", "", "address of the repository, as git clone takes it; no folder")
	flags.StringVar(&f.Name, "name", config.Git, "name of the source")
	flags.StringVar(&f.Branch, "branch", "", "branch to read (default the repository's own)")
	flags.StringVar(&f.Token, "token", "", "token for the repository (default $GIT_TOKEN)")
	flags.StringVar(&f.Poll, "poll", "", "time between two looks (default 5m)")
	flags.DurationVar(&f.wait, "wait", time.Minute, "how long to wait until it was read")
	f.portalFlags.add(c)
	return c
}

func (f *connectGitFlags) run(ctx context.Context, p process, portal *portalClient) error {
	conf, err := configured(f.SourceSettings)
	if err != nil {
		return err
	}
	if err := notLocal(conf); err != nil { // as the portal does, but before the folder is looked at: it may not be on its machine
		return err
	}
	if err := checkAtForge(ctx, f.SourceSettings); err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "✓ %s can be read\n", f.URL)
	if err := portal.ask(ctx, http.MethodPost, "/api/sources", f.SourceSettings, nil); err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "✓ the portal has source %s\n", f.Name)
	ended, err := until(ctx, max(f.wait, time.Second), func(ctx context.Context) (bool, error) {
		d, err := discovered(ctx, portal, f.Name)
		return d.done(), err
	})
	if err != nil {
		return err
	}
	if !ended {
		fmt.Fprintf(p.Stdout, "It is being read: %s/sources/%s shows how far it is.\n", portal.base, f.Name)
		return nil
	}
	fmt.Fprintf(p.Stdout, "✓ it was read. Look at %s/catalog?source=%s\n", portal.base, url.QueryEscape(f.Name))
	return nil
}
