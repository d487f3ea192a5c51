package main

import (
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/callboard/callboard/internal/demoforge"
)

// BenchmarkDiscovery discovers 2,000 repositories, each with a descriptor, and
// compares them again when nothing has changed: with what was remembered, and
// after a restart.
func BenchmarkDiscovery(b *testing.B) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		b.Run(string(p), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				discover(b, p, 2000)
				b.StartTimer()
			}
		})
	}
}

func discover(b *testing.B, p demoforge.Provider, n int) {
	b.Helper()
	r := startSurveyed(b, "@every 24h")
	for i := range n {
		repo, err := r.forge.Create(p, fmt.Sprintf("acme/repository-%04d", i), demoforge.Settings{DefaultBranch: "main"})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := repo.Push("main", demoforge.Change{Author: pebbledash, Time: time.Now(), Message: "Start", Files: map[string]string{"catalog-info.yaml": service(fmt.Sprintf("service-%04d", i))}}); err != nil {
			b.Fatal(err)
		}
	}
	run := func(name string) map[int]int {
		before, start := r.forge.Requests(p), time.Now()
		if err := r.intake().surveyor.Surveyed(b.Context(), string(p)); err != nil {
			b.Fatal(err)
		}
		r.settle(b)
		b.ReportMetric(time.Since(start).Seconds(), name+"-s")
		made := r.forge.Requests(p)
		for status, count := range before {
			made[status] -= count
		}
		maps.DeleteFunc(made, func(_, count int) bool { return count == 0 })
		for status, count := range made {
			b.ReportMetric(float64(count), fmt.Sprintf("%s-%d", name, status))
		}
		return made
	}
	run("first")
	services := 0 // besides them there is the organisation itself
	for _, e := range r.catalog.Snapshot().All() {
		if e.Entity.Kind == "Component" {
			services++
		}
	}
	if services != n {
		b.Fatalf("%d services", services)
	}
	again := run("again")
	if again[http.StatusOK] > 0 {
		b.Errorf("although nothing changed the forge answered %v", again)
	}
}
