package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/ingest/backstage"
	"github.com/callboard/callboard/internal/fault"
)

func importCommand(p process) *cobra.Command {
	c := &cobra.Command{
		Use:   "import",
		Short: "Bring a catalog over from another portal",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(importBackstageCommand(p))
	return c
}

// importFlags are the flags of `callboard import backstage`.
type importFlags struct {
	url, token, portal, portalToken, data, report string
	filters                                       []string
	dryRun, verbose                               bool
	wait                                          time.Duration
}

func importBackstageCommand(p process) *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "backstage",
		Short: "Register a Backstage's locations here and compare the catalogs",
		Long: `Read the catalog of a running Backstage, register its locations at a running
Callboard, wait until they have been read, and report how the two catalogs
compare: what is the same, what differs and in which fields, and what is missing
here and why. Backstage is only read. Running it again registers nothing twice.

Locations of Backstage's configuration and of its entity providers are found by
what their entities say. What a source of Callboard follows already needs no
location. See docs/import.md.

Exit codes: 0 everything matched, 1 something did not, 2 the command was called
wrongly.`,
		Example: `  callboard import backstage --url http://localhost:7007 --dry-run
  BACKSTAGE_TOKEN=… callboard import backstage --url https://backstage.example.com --report report.json
  callboard import backstage --url http://localhost:7007 --filter kind=component --filter kind=api`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, p) },
	}
	flags := c.Flags()
	flags.StringVar(&f.url, "url", "", "address of Backstage's backend, such as http://localhost:7007")
	flags.StringVar(&f.token, "token", "", "token for Backstage (default $BACKSTAGE_TOKEN)")
	flags.StringVar(&f.portal, "portal", "http://127.0.0.1:8080", "address of the running Callboard")
	flags.StringVar(&f.portalToken, "portal-token", "", "token for Callboard (default $CALLBOARD_TOKEN, else that of the data folder)")
	flags.StringVar(&f.data, "data", "./data", "data folder of the Callboard, if it runs on this machine")
	flags.StringArrayVar(&f.filters, "filter", nil, "only what matches, as kind=component,spec.type=service; several are alternatives")
	flags.BoolVar(&f.dryRun, "dry-run", false, "register nothing and tell what would come")
	flags.DurationVar(&f.wait, "wait", 2*time.Minute, "how long to wait until Callboard has read what was registered")
	flags.StringVar(&f.report, "report", "", "file to write the whole report to, as JSON")
	flags.BoolVar(&f.verbose, "verbose", false, "list everything, however long")
	return c
}

func (f *importFlags) run(cmd *cobra.Command, p process) error {
	wrong := func(format string, args ...any) error {
		return usageError{fault.New(fault.Invalid, format, args...), cmd.CommandPath()}
	}
	if f.url == "" {
		return wrong("--url must name a Backstage, such as http://localhost:7007")
	}
	if f.wait < 0 {
		return wrong("--wait must not be negative")
	}
	token, err := portalToken(f.portalToken, f.data, "callboard import backstage", p)
	if err != nil {
		return err
	}
	progress := &stepProgress{process: p}
	report, err := backstage.Run(cmd.Context(), backstage.Options{
		From:    backstage.Server{URL: f.url, Token: firstOf(f.token, p, "BACKSTAGE_TOKEN"), TokenFrom: "--token or BACKSTAGE_TOKEN"},
		To:      backstage.Server{URL: f.portal, Token: token, TokenFrom: "--portal-token, CALLBOARD_TOKEN or --data"},
		Filters: f.filters, DryRun: f.dryRun, Wait: f.wait, Progress: progress.show,
	})
	progress.end()
	switch {
	case errors.Is(err, context.Canceled):
		return fault.New(fault.Unavailable, "interrupted; what was registered stays, and running this again goes on from there")
	case fault.KindOf(err) == fault.Invalid:
		return usageError{err, cmd.CommandPath()}
	case err != nil:
		return err
	}
	if err := report.WriteText(p.Stdout, f.verbose); err != nil {
		return err
	}
	if f.report != "" {
		if err := writeReport(f.report, report); err != nil {
			return err
		}
	}
	if !report.Matched {
		return fault.New(fault.Conflict, "not everything matched")
	}
	return nil
}

// portalToken finds the token that a portal wants of who changes something there.
func portalToken(flag, data, command string, p process) (string, error) {
	if token := firstOf(flag, p, "CALLBOARD_TOKEN"); token != "" {
		return token, nil
	}
	if _, err := os.Stat(filepath.Join(data, fileEvents)); err != nil {
		return "", usageError{fault.New(fault.Invalid, "%s is no data folder of a portal: name it with --data, or give what `callboard token` prints there with --portal-token", data), command}
	}
	return loadToken(data)
}

// firstOf returns a flag's value, or that of a variable.
func firstOf(flag string, p process, variable string) string {
	if flag != "" {
		return flag
	}
	value, _ := p.Env(variable)
	return value
}

func writeReport(file string, report *backstage.Report) error {
	b, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// stepProgress shows the progress of one step after the other.
type stepProgress struct {
	process
	now *progress
}

func (s *stepProgress) show(step string, n, total int) {
	if s.now == nil || s.now.label != step {
		s.end()
		s.now = &progress{to: s.Stderr, label: step}
	}
	s.now.show(n, total)
}

func (s *stepProgress) end() {
	if s.now != nil {
		s.now.done()
	}
	s.now = nil
}
