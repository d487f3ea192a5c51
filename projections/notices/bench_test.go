package notices_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/notices"
)

// BenchmarkFold folds drops of 1,000 components of 50 teams, one every ten seconds.
func BenchmarkFold(b *testing.B) {
	owned := map[string]string{}
	for i := range 1000 {
		owned[fmt.Sprint("c", i)] = fmt.Sprint("team-", i%50)
	}
	s := newStory(b).declare(owned)
	for i := range 5000 {
		name, from, to := fmt.Sprint("c", i%1000), "Gold", "Silver"
		if i/1000%2 == 1 {
			from, to = to, from
		}
		s.after(10*time.Second).move(name, from, to)
	}
	for b.Loop() {
		n := open(b)
		for at := 0; at < len(s.records); at += 500 {
			if err := n.Apply(b.Context(), s.records[at:min(len(s.records), at+500)]); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(s.records)*b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkCount asks what each page asks: how many notices of a year are unread.
func BenchmarkCount(b *testing.B) {
	owned := map[string]string{}
	for i := range 100 {
		owned[fmt.Sprint("c", i)] = fmt.Sprint("team-", i)
	}
	s := newStory(b).declare(owned)
	for i := range 10_000 {
		name, from, to := fmt.Sprint("c", i%100), "Gold", "Silver"
		if i/100%2 == 1 {
			from, to = to, from
		}
		s.after(time.Hour).move(name, from, to)
	}
	n := open(b)
	if err := n.Apply(b.Context(), append([]eventlog.Record{}, s.records...)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := n.Count(b.Context(), notices.Query{Now: s.now, Since: s.now.AddDate(0, 0, -7)}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList reads 500 drops, each of another team.
func BenchmarkList(b *testing.B) {
	owned := map[string]string{}
	for i := range 500 {
		owned[fmt.Sprint("c", i)] = fmt.Sprint("team-", i)
	}
	s := newStory(b).declare(owned)
	for i := range 500 {
		s.move(fmt.Sprint("c", i), "Gold", "Silver")
	}
	n := open(b)
	if err := n.Apply(b.Context(), s.records); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if all, err := n.List(b.Context(), notices.Query{Now: s.now}); err != nil || len(all) != 500 {
			b.Fatalf("%d notices, %v", len(all), err)
		}
	}
}

// BenchmarkSameDay folds exemptions that all end on one day: what is told of them is due in
// the same moment.
func BenchmarkSameDay(b *testing.B) {
	s := newStory(b).declare(map[string]string{"payments": "bank"})
	for i := range 1000 {
		ref := fmt.Sprint("exemption:default/e", i)
		s.add(ref, event.TypeExemptionGranted, event.ExemptionGranted{Exemption: event.Exemption{Ref: ref, Card: card, Entity: "component:default/payments", Until: "2026-03-30"}})
	}
	for b.Loop() {
		if err := open(b).Apply(b.Context(), s.records); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(s.records)*b.N)/b.Elapsed().Seconds(), "events/s")
}
