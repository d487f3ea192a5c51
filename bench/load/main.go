// Command load measures any server that has Backstage's catalog API and holds a
// generated population: see package traffic for the requests.
//
//	go run ./bench/load -base http://127.0.0.1:8080 -entities 10000 -name Callboard -json callboard.json
//
// With -await it first waits until the server shows all of the population.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/report"
	"github.com/callboard/callboard/bench/traffic"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// settings are how the load is run.
type settings struct {
	connections []int
	runs        int
	lasting     time.Duration
	warm        time.Duration
	only        *regexp.Regexp
}

func run(ctx context.Context) error {
	var (
		base        = flag.String("base", "http://127.0.0.1:8080", "where the server is")
		tokenFile   = flag.String("token", "", "file with a token to send with every request")
		entities    = flag.Int("entities", 1000, "how many entities the population has")
		seed        = flag.Uint64("seed", 1, "the population's seed")
		name        = flag.String("name", "server", "what the server is called in tables")
		out         = flag.String("json", "", "file to write the figures to")
		connections = flag.String("connections", "1,16", "numbers of connections to measure with")
		runs        = flag.Int("runs", 3, "runs of which the median is taken")
		lasting     = flag.Duration("for", 5*time.Second, "how long a run lasts")
		warm        = flag.Duration("warm", time.Second, "how long to send each kind of request before it is measured")
		only        = flag.String("only", ".", "regular expression for the names of the requests to send")
		await       = flag.Duration("await", 0, "how long to wait first until the server shows the whole population, relations included")
	)
	flag.Parse()
	s := settings{runs: *runs, lasting: *lasting, warm: *warm}
	for _, n := range strings.Split(*connections, ",") {
		c, err := strconv.Atoi(n)
		if err != nil || c < 1 {
			return fmt.Errorf("-connections has %q, which is no number of connections", n)
		}
		s.connections = append(s.connections, c)
	}
	var err error
	if s.only, err = regexp.Compile(*only); err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	token := ""
	if *tokenFile != "" {
		b, err := os.ReadFile(*tokenFile)
		if err != nil {
			return fmt.Errorf("read the token: %w", err)
		}
		token = strings.TrimSpace(string(b))
	}
	target, err := traffic.NewTarget(*base, token)
	if err != nil {
		return err
	}
	p, err := population.New(*entities, *seed)
	if err != nil {
		return err
	}
	if *await > 0 {
		took, err := traffic.Await(ctx, target, p, *await)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "the whole population is visible, after %.1f s of waiting\n", took.Seconds())
	}
	r := report.Report{Server: *name, Entities: p.Len()}
	if r.Figures, err = measure(ctx, target, traffic.Cases(p, *seed), s); err != nil {
		return err
	}
	if *out != "" {
		if err := r.Write(*out); err != nil {
			return err
		}
	}
	fmt.Print(report.Table(r))
	for _, f := range r.Figures {
		if f.Failures > 0 {
			fmt.Fprintf(os.Stderr, "%s, %d connections: %d requests failed, such as %s\n", f.Case, f.Connections, f.Failures, f.Failure)
		}
	}
	return nil
}

func measure(ctx context.Context, t traffic.Target, cases []traffic.Case, s settings) ([]report.Figures, error) {
	var all []report.Figures
	for _, c := range cases {
		if !s.only.MatchString(c.Name) {
			continue
		}
		if _, err := traffic.Run(ctx, t, c, 2, s.warm); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		for _, n := range s.connections {
			runs := make([]traffic.Result, s.runs)
			for i := range runs {
				var err error
				if runs[i], err = traffic.Run(ctx, t, c, n, s.lasting); err != nil {
					return nil, fmt.Errorf("%s with %d connections: %w", c.Name, n, err)
				}
			}
			f := report.Figures{Case: c.Name, Connections: n, Result: traffic.Median(runs)}
			fmt.Fprintf(os.Stderr, "%-16s %3d  p50 %-12v p99 %-12v %8.0f/s  %d failed\n", f.Case, n, f.P50, f.P99, f.PerSec, f.Failures)
			all = append(all, f)
		}
	}
	return all, nil
}
