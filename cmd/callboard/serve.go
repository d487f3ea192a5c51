package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/tuning"
)

// serveName is the command for which a hang-up is no end.
const serveName = "serve"

func serveCommand(p process) *cobra.Command {
	var (
		file, data, address string
		logs                logFlags
	)
	c := &cobra.Command{
		Use:   serveName,
		Short: "Run the portal",
		Long: `Run the portal with a configuration file. Flags override the file.

When it is ready, one line goes to standard output:

  callboard: listening on http://127.0.0.1:8080

Logs go to standard error. An interrupt or SIGTERM lets running requests finish
and ends with exit code 0; whatever was answered is on disk at any moment.
SIGHUP reads the configuration again: sources and locations change without a
delivery lost. A configuration with mistakes is told of and changes nothing.`,
		Example: `  callboard serve --config callboard.yaml
  callboard serve --config callboard.yaml --data /var/lib/callboard --listen 127.0.0.1:9000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logger, err := logs.logger(p.Stderr)
			if err != nil {
				return err
			}
			load := func() (config.Config, error) {
				conf := config.Default()
				if file != "" {
					var err error
					if conf, err = config.Load(file, p.Env); err != nil {
						return conf, err
					}
				}
				if cmd.Flags().Changed("data") {
					conf.Data = data
				}
				if cmd.Flags().Changed("listen") {
					conf.Server.Listen = address
				}
				return conf, nil
			}
			conf, err := load()
			if err != nil {
				return err
			}
			if len(conf.Sources) == 0 && len(conf.Catalog.Locations) == 0 && len(conf.Catalog.Reading.Allow) == 0 {
				logger.Warn("neither sources nor locations are configured, so nothing will come in; see docs/configuration.md")
			}
			return servePortal(cmd.Context(), p, conf, logger, portalOptions{seal: true, now: time.Now}, func(ctx context.Context, portal *portal) error {
				return portal.reloadOn(ctx, p.Hangup, load)
			})
		},
	}
	c.Flags().StringVar(&file, "config", "", "configuration file; without it the portal starts empty")
	c.Flags().StringVar(&data, "data", "./data", "folder that everything durable lives in")
	c.Flags().StringVar(&address, "listen", "127.0.0.1:8080", "address to serve on; port 0 takes a free one")
	logs.add(c)
	return c
}

// servePortal opens a portal and runs it until ctx ends, which is no error.
// Meanwhile, if there is one, is called once the portal is ready; an error of it
// ends all.
func servePortal(ctx context.Context, p process, conf config.Config, logger *slog.Logger, o portalOptions, meanwhile func(context.Context, *portal) error) (err error) {
	tuned, stop := context.WithCancel(ctx)
	defer stop()
	go tuning.Run(tuned)
	portal, err := openPortal(ctx, conf, logger, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, portal.close()) }()
	return portal.run(ctx, func(ctx context.Context) error {
		fmt.Fprintf(p.Stdout, "callboard: listening on http://%s\n", portal.listener.Addr())
		if meanwhile == nil {
			return nil
		}
		return meanwhile(ctx, portal)
	})
}
