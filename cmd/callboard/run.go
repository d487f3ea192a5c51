package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/internal/fault"
)

// Exit codes, as promised to scripts.
const (
	exitFine     = 0
	exitProblems = 1
	exitUsage    = 2
)

// process is what a run may touch of the process that it is in.
type process struct {
	Args   []string
	Env    func(string) (string, bool)
	Stdout io.Writer
	Stderr io.Writer
	Hangup <-chan os.Signal // has serve read the configuration again, and ends all else; nil: nobody does
}

// usageError is a mistake in how a command was called.
type usageError struct {
	error
	command string // its full name; "" = callboard itself
}

// run runs the command line and returns the exit code.
func run(ctx context.Context, p process) int {
	ctx, end := context.WithCancel(ctx)
	defer end()
	root := newRoot(p)
	root.SetArgs(p.Args)
	root.PersistentPreRun = func(c *cobra.Command, _ []string) {
		if c.Name() != serveName {
			go endOn(ctx, p.Hangup, end)
		}
	}
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitFine
	}
	fmt.Fprintln(p.Stderr, "callboard:", err)
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(p.Stderr, "Run %s --help to see what there is.\n", cmp.Or(usage.command, "callboard"))
		return exitUsage
	}
	return exitProblems
}

// endOn ends a command whose terminal was closed.
func endOn(ctx context.Context, hangup <-chan os.Signal, end context.CancelFunc) {
	select {
	case <-hangup:
		end()
	case <-ctx.Done():
	}
}

func newRoot(p process) *cobra.Command {
	root := &cobra.Command{
		Use:   "callboard",
		Short: "A developer portal that knows every change and its cause",
		Long: `Callboard is a developer portal: a service catalog that your Git forges keep true.
A push to a catalog-info.yaml shows within a second, and every change is on
record with who made it, in which commit, and when.

See it with a sample organisation:   callboard demo
Run it with your own:                callboard serve --config callboard.yaml`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError{err, c.CommandPath()} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serveCommand(p), demoCommand(p), checkCommand(p), connectCommand(p), disconnectCommand(p), subscribersCommand(p), noticesCommand(p), factCommand(p), exemptionCommand(p), scorecardCommand(p), backtestCommand(p), importCommand(p), backfillCommand(p), rebuildCommand(p), verifyCommand(p), exportCommand(p), tokenCommand(p), versionCommand(p))
	usageArgs(root)
	return root
}

// usageArgs makes wrong arguments of a command, and of those below it, mistakes in
// how it was called.
func usageArgs(c *cobra.Command) {
	if args := c.Args; args != nil {
		c.Args = func(cmd *cobra.Command, given []string) error {
			if err := args(cmd, given); err != nil {
				return usageError{err, cmd.CommandPath()}
			}
			return nil
		}
	}
	for _, below := range c.Commands() {
		usageArgs(below)
	}
}

// logFlags are the flags of every command that logs.
type logFlags struct {
	format string
	level  string
}

func (f *logFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.format, "log-format", "text", "how to log: text or json")
	c.Flags().StringVar(&f.level, "log-level", "info", "what to log: debug, info, warn or error")
}

func (f *logFlags) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.level)); err != nil {
		return nil, usageError{error: fault.New(fault.Invalid, "--log-level must be debug, info, warn or error, not %q", f.level)}
	}
	options := &slog.HandlerOptions{Level: level}
	switch f.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, usageError{error: fault.New(fault.Invalid, "--log-format must be text or json, not %q", f.format)}
	}
}
