// Command generate writes a made-up catalog (see package population), as YAML
// files under a root Location for Backstage and Callboard alike, or straight
// into the data folder of a Callboard that has not run yet.
//
//	go run ./bench/generate -entities 10000 -files out/files
//	go run ./bench/generate -entities 739000 -data out/data
//	go run ./bench/generate -entities 100000 -changes 1000000 -data out/year
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/callboard/callboard/bench/population"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	entities := flag.Int("entities", 1000, "how many entities")
	seed := flag.Uint64("seed", 1, "the same seed gives the same catalog")
	files := flag.String("files", "", "folder to write root.yaml and the files that it lists to")
	data := flag.String("data", "", "data folder to write an event log to")
	changes := flag.Int("changes", 0, "how many changes the event log has besides, over a year")
	flag.Parse()
	if *files == "" && *data == "" {
		return errors.New("nothing to write: give -files, -data or both")
	}
	p, err := population.New(*entities, *seed)
	if err != nil {
		return err
	}
	log := func(ctx context.Context, p *population.Population, folder string) error {
		return writeLog(ctx, p, folder, *changes)
	}
	for _, form := range []struct {
		folder string
		write  func(context.Context, *population.Population, string) error
	}{{*files, writeFiles}, {*data, log}} {
		if form.folder == "" {
			continue
		}
		start := time.Now()
		if err := os.MkdirAll(form.folder, 0o755); err != nil {
			return fmt.Errorf("make the folder: %w", err)
		}
		if err := form.write(ctx, p, form.folder); err != nil {
			return err
		}
		fmt.Printf("%d entities in %s, in %.1f s\n", p.Len(), form.folder, time.Since(start).Seconds())
	}
	return nil
}
