package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/projections/moments"
	"github.com/callboard/callboard/projections/projectiontest"
)

// BenchmarkTeam is a team's ledger of a year in which 4,000 entities of 40 teams changed
// ten times each, one change in ten of them the owner. Names of other teams begin with
// that of the first, or have the letters of the second in them.
func BenchmarkTeam(b *testing.B) {
	const count, times, teams = 4000, 10, 40
	ctx := context.Background()
	rows, err := sqlitestore.Open(ctx, filepath.Join(b.TempDir(), "history.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	begin := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	end := begin.AddDate(1, 0, 0)
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	owner := make([]int, count)
	var records []eventlog.Record
	for i := range count * times {
		n := i % count
		name := fmt.Sprintf("service-%d", n)
		if i < count || chance.IntN(10) == 0 {
			owner[n] = chance.IntN(teams)
		}
		d := projectiontest.Component(name, fmt.Sprintf("team-%d", owner[n]))
		if owner[n] == teams-1 {
			d.Entity.Spec["owner"] = "t"
		}
		d.Entity.Metadata.Description = fmt.Sprintf("It takes part in version %d", i)
		var data event.Data = event.EntityChanged{Declaration: d}
		if i < count {
			data = event.EntityRegistered{Declaration: d}
		}
		e, err := event.New("/sources/github", "component:default/"+name, data)
		if err != nil {
			b.Fatal(err)
		}
		e.ID, e.Time = fmt.Sprint(i), begin.Add(time.Duration(i)*(end.Sub(begin)/(count*times)))
		records = append(records, eventlog.Record{Position: eventlog.Position(i + 1), Recorded: e.Time, Event: e})
	}
	present, past := entities.New(), history.New(rows)
	for _, p := range []projections.Projection{present, past} {
		if err := p.Apply(ctx, records); err != nil {
			b.Fatal(err)
		}
	}
	now := func() time.Time { return end }
	when := moments.New(present, past, nil, func(context.Context, eventlog.Position) error { return nil }, now)
	l := ledger.New(past, when, catalog.BuiltIn(), now)
	for _, team := range []string{"team-1", "t"} {
		b.Run(team, func(b *testing.B) {
			for b.Loop() {
				account, err := l.Team(ctx, "group:default/"+team, begin.AddDate(0, 2, 0), projections.Moment{})
				if err != nil || len(account.Gained) == 0 || len(account.Lost) == 0 {
					b.Fatal(len(account.Gained), len(account.Lost), err)
				}
				b.ReportMetric(float64(len(account.Gained)+len(account.Lost)), "transfers")
			}
		})
	}
}
