// Command churn measures how reads fare while the catalog changes: a portal's
// log, read models and API in this process, the API over loopback HTTP, some
// connections that read, and so many changes a second appended to the log.
//
//	go run ./bench/churn -entities 100000 -rate 1000 -connections 16
//
// Idle and changing stretches take turns; the table has the medians of each.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/traffic"
	"github.com/callboard/callboard/internal/tuning"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "churn:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	entities := flag.Int("entities", 10_000, "how many entities")
	seed := flag.Uint64("seed", 1, "the population's seed")
	rate := flag.Int("rate", 1000, "changes a second")
	connections := flag.Int("connections", 16, "connections that read")
	lasting := flag.Duration("for", 10*time.Second, "how long each stretch lasts")
	rounds := flag.Int("rounds", 3, "idle and changing stretches")
	profile := flag.String("profile", "", "file to write a CPU profile to")
	only := flag.String("only", "by name|page$|OR|text|facets|count|refs", "regular expression for the names of the requests to mix")
	flag.Parse()
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	go tuning.Run(ctx) // as serve does
	p, err := population.New(*entities, *seed)
	if err != nil {
		return err
	}
	mixed := slices.DeleteFunc(traffic.Cases(p, *seed), func(c traffic.Case) bool { return !wanted.MatchString(c.Name) })
	if len(mixed) == 0 {
		return fmt.Errorf("-only %s matches no requests", *only)
	}
	mix := traffic.Mix(mixed)

	folder, err := os.MkdirTemp("", "callboard-churn-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	portal, err := open(ctx, p, folder)
	if err != nil {
		return err
	}
	defer func() { err = portal.close(err) }()
	target, err := traffic.NewTarget(portal.url, "")
	if err != nil {
		return err
	}
	if _, err := traffic.Run(ctx, target, mix, *connections, time.Second); err != nil {
		return err
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var idle, changing []traffic.Result
	var changes []pace
	for round := range *rounds {
		one, err := traffic.Run(ctx, target, mix, *connections, *lasting)
		if err != nil {
			return err
		}
		idle = append(idle, one)
		one, how, err := portal.readWhileChanging(ctx, target, mix, *connections, stretch{round, *rate, *lasting})
		if err != nil {
			return err
		}
		changing, changes = append(changing, one), append(changes, how)
	}
	tell(traffic.Median(idle), traffic.Median(changing), changes)
	return nil
}

func tell(idle, changing traffic.Result, changes []pace) {
	fmt.Println("| reads | p50 ms | p95 ms | p99 ms | requests/s | failed |\n|---|--:|--:|--:|--:|--:|")
	for _, r := range []struct {
		name string
		traffic.Result
	}{{"idle", idle}, {"while changing", changing}} {
		fmt.Printf("| %s | %.2f | %.2f | %.2f | %.0f | %d |\n", r.name, ms(r.P50), ms(r.P95), ms(r.P99), r.PerSec, r.Failures)
	}
	fmt.Printf("\np99 while changing is %.2f times that of idle.\n\n", float64(changing.P99)/float64(idle.P99))
	fmt.Println("| changes/s | append to visible: p50 ms | p99 ms |\n|--:|--:|--:|")
	for _, c := range changes {
		fmt.Printf("| %.0f | %.2f | %.2f |\n", c.perSec, ms(traffic.Percentile(c.visible, 50)), ms(traffic.Percentile(c.visible, 99)))
	}
	if idle.Failures+changing.Failures > 0 {
		fmt.Printf("\nA failure: %s%s\n", idle.Failure, changing.Failure)
	}
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }
