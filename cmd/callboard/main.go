// Command callboard is the portal: `callboard serve` runs it, `callboard demo`
// shows it with a sample organisation.
//
// The wiring is in portal.go, the only place that names concrete types.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	code := run(ctx, process{Args: os.Args[1:], Env: os.LookupEnv, Stdout: os.Stdout, Stderr: os.Stderr, Hangup: hangup})
	stop()
	os.Exit(code)
}
