package main

import (
	"slices"
	"sync"

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
