package main

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/entities"
)

// registerCatalog makes what the catalog holds, and what it cannot use, metrics.
func registerCatalog(r prometheus.Registerer, c *entities.Catalog, isRead func(source string) bool) error {
	conflicts := func(s *entities.Snapshot) int {
		n := 0
		for _, r := range readRejections(s.Rejections(), isRead) {
			if r.With != nil {
				n++
			}
		}
		return n
	}
	gauge := func(name, help string, value func(*entities.Snapshot) int) error {
		return r.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "callboard_catalog_" + name, Help: help},
			func() float64 { return float64(value(c.Snapshot())) }))
	}
	err := errors.Join(
		gauge("entities", "Entities in the catalog.", (*entities.Snapshot).Len),
		gauge("refused", "Descriptors and locations that cannot be used as they are.", func(s *entities.Snapshot) int {
			return len(readRejections(s.Rejections(), isRead)) - conflicts(s)
		}),
		gauge("conflicts", "Descriptors that declare an entity which another one has.", conflicts),
		gauge("locations", "Locations that descriptors are read from.", func(s *entities.Snapshot) int { return len(s.Locations()) }),
		gauge("locations_failing", "Those of them that cannot be read as a whole.", failingLocations),
	)
	if err != nil {
		return fmt.Errorf("register the catalog's metrics: %w", err)
	}
	return nil
}

// failingLocations counts those of which a Location is refused: what it leads to
// cannot be read, or used.
func failingLocations(s *entities.Snapshot) int {
	failing := map[string]bool{}
	for _, r := range s.Rejections() {
		if r.Origin.Source == event.LocationsSource && r.With == nil {
			failing[r.Origin.RepositoryID] = true
		}
	}
	return len(failing)
}
