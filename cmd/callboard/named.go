package main

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
)

// namedFiles knows which files the rules of scorecards read, as of the catalog now.
type namedFiles struct {
	catalog *entities.Catalog

	mu    sync.Mutex
	cards map[*entities.Entry][]string // what each reads: to find out takes a while
}

func (n *namedFiles) files() []string {
	found := n.catalog.Snapshot().Find(entities.Query{Kinds: []string{scorecards.KindScorecard}}).Entries
	n.mu.Lock()
	defer n.mu.Unlock()
	now := make(map[*entities.Entry][]string, len(found))
	var all []string
	for _, e := range found {
		files, known := n.cards[e]
		if !known {
			if card, _ := scorecards.ParseCard(e.Entity); card != nil {
				files = card.Files()
			}
		}
		now[e] = files
		all = append(all, files...)
	}
	n.cards = now
	slices.Sort(all)
	return slices.Compact(all)
}

// lookForNamed is how often it is asked whether rules read other files than before.
const lookForNamed = 5 * time.Second

// readNamed has repositories looked at that have files which rules read and nobody has
// read yet: a rule need not wait for the next push.
func (p *portal) readNamed(ctx context.Context) error {
	tick := time.NewTicker(lookForNamed)
	defer tick.Stop()
	var looked []string
	for {
		if named := p.named.files(); !slices.Equal(named, looked) && p.scoreTime() != (time.Time{}) {
			if err := p.orderNamed(ctx, named); err == nil {
				looked = named
			} else if ctx.Err() == nil {
				p.logger.WarnContext(ctx, "files that rules read are not looked for", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *portal) orderNamed(ctx context.Context, named []string) error {
	if len(named) == 0 {
		return nil
	}
	in := p.intake()
	tick := ingest.ScheduleTick("files", p.now())
	for _, s := range in.sources {
		if s.Forge() == nil {
			continue
		}
		all, err := p.surveyed().All(ctx, s.Name())
		if err != nil {
			return err
		}
		for _, repo := range all {
			file, err := p.unread(ctx, repo.Repository, named)
			if err != nil {
				return err
			}
			if file == "" {
				continue
			}
			due := event.RepositoryDue{Repository: repo.Repository, Reason: "a scorecard reads " + file}
			if err := in.translator.Due(ctx, due, event.Cause{Schedule: tick}); err != nil {
				return err
			}
		}
	}
	return nil
}

// unread returns a file of a repository that is to be read, and was not; "" if there is none.
func (p *portal) unread(ctx context.Context, repo event.Repository, named []string) (string, error) {
	fact, err := p.repositories.Fact(ctx, repo.Source, repo.ID, event.FactFiles)
	if fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	var files event.Files
	if err == nil {
		err = json.Unmarshal(fact.Value, &files)
	}
	for _, file := range named {
		if err == nil && files.Has(file) && !files.Contents[file].Read {
			return file, nil
		}
	}
	return "", err
}
