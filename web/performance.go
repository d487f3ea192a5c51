package web

import (
	"context"
	"fmt"
	"time"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/scorecards/scorer"
	"github.com/callboard/callboard/web/ui"
)

// Performance tells of groups of entities how they deliver, at moments, by what is known
// now. An error of kind fault.Unavailable says that nobody can tell just now.
type Performance func(ctx context.Context, groups map[string][]string, moments ...time.Time) ([]map[string]scorer.Performance, error)

const (
	// performanceSpan is what deployments are counted in.
	performanceSpan = 30 * 24 * time.Hour
	// performancePatience is how long a page waits for it.
	performancePatience = 2 * time.Second
)

// performanceView is how groups deliver.
type performanceView struct {
	head string // of the first column
	rows []performanceRow
	why  string // there are no rows
}

// parts is how many rows there are of parts of the whole.
func (v *performanceView) parts() (n int) {
	for _, row := range v.rows {
		if !row.name.total {
			n++
		}
	}
	return n
}

// performanceRow is a group.
type performanceRow struct {
	name  groupRow
	told  bool
	cells []performanceCell
}

// performanceCell is one figure now, and a month ago; empty where there is nothing to count.
type performanceCell struct{ now, was string }

// performed tells how the groups of a report deliver; nil where nobody is to know, or none
// of them has components.
func (s *Site) performed(ctx context.Context, r request, m *maturity.Report, groups groupsView) (*performanceView, error) {
	if s.Performance == nil || len(m.Members[m.Root.Name()]) == 0 {
		return nil, nil //nolint:nilnil // there is none, as promised
	}
	v := &performanceView{head: groups.head}
	if !r.moment.Now() || !m.To.At.IsZero() {
		v.why = "What is delivered is known of now only, and not of another moment."
		return v, nil
	}
	ctx, stop := context.WithTimeout(ctx, performancePatience)
	defer stop()
	then, err := s.Performance(ctx, m.Members, r.now, r.now.Add(-performanceSpan))
	if fault.KindOf(err) == fault.Unavailable {
		v.why = "Nobody can tell just now: scores are still being caught up with. Load the page again in a moment."
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	for _, g := range groups.rows {
		name := g.node.Name()
		if len(m.Members[name]) == 0 {
			continue
		}
		now, was := performanceFigures(then[0][name]), performanceFigures(then[1][name])
		row := performanceRow{name: g, told: then[0][name].Told}
		for i := range now {
			row.cells = append(row.cells, performanceCell{now[i], was[i]})
		}
		v.rows = append(v.rows, row)
	}
	return v, nil
}

// performanceFigures are the figures of a group, in the order of the columns.
func performanceFigures(p scorer.Performance) []string {
	all := make([]string, 4)
	if !p.Told {
		return all
	}
	all[0] = ui.Number(p.Succeeded)
	if p.Leads > 0 {
		all[1] = ui.Span(p.LeadTime)
	}
	if rate, ok := p.FailureRate(); ok {
		all[2] = fmt.Sprintf("%d %%", whole(100*rate))
	}
	if p.Outages > 0 {
		all[3] = ui.Span(p.Restore)
	}
	return all
}
