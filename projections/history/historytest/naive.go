package historytest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
)

// naive answers by looking at every row.
type naive []history.Row

func (rows naive) events(t testing.TB, f history.Filter) history.Page {
	t.Helper()
	var matching []history.Row
	for _, r := range rows {
		if selects(f, r) {
			matching = append(matching, r)
		}
	}
	compare := func(a, b history.Row) int {
		c := cmp.Compare(a.Position, b.Position)
		switch {
		case f.ByTruth:
			c = cmp.Or(a.Truth.Compare(b.Truth), c)
		case f.ByTime:
			c = cmp.Or(a.Time.Compare(b.Time), c)
		}
		if f.Oldest {
			return c
		}
		return -c
	}
	slices.SortFunc(matching, compare)
	var page history.Page
	if !f.Uncounted {
		page.Total = len(matching)
	}
	if f.After > 0 {
		matching = slices.DeleteFunc(matching, func(r history.Row) bool { return compare(r, rows[f.After-1]) <= 0 })
	}
	for i, r := range matching {
		if i == f.PageSize() {
			page.Next = page.Entries[i-1].Position
			break
		}
		page.Entries = append(page.Entries, entry(t, r, f.Whole))
	}
	return page
}

func selects(f history.Filter, r history.Row) bool {
	same := func(wanted, is string) bool { return wanted == "" || strings.EqualFold(wanted, is) }
	kind, _, _ := strings.Cut(r.Subject, ":")
	at := r.Time
	if f.Counting || f.ByTruth {
		at = r.Truth
	}
	version, isType := strings.CutPrefix(string(r.Type), f.Type)
	return same(f.Entity, r.Subject) && same(f.Kind, kind) &&
		(f.Type == "" || isType && (version == "" || len(version) > 2 && strings.HasPrefix(version, ".v") && version[2] >= '0' && version[2] <= '9')) &&
		(f.Source == "" || f.Source == history.SourceName(r.Source)) &&
		(same(f.Actor, r.Actor.String()) || same(f.Actor, r.Actor.Name) || same(f.Actor, r.Actor.Email)) &&
		(f.Commit == "" || strings.HasPrefix(r.Cause.Commit, strings.ToLower(f.Commit))) &&
		(f.Text == "" || strings.Contains(r.Text, strings.ToLower(f.Text))) &&
		(f.From.IsZero() || !at.Before(f.From)) && (f.To.IsZero() || at.Before(f.To)) && (!f.Counting || history.InCatalog(r.Type)) &&
		(f.Cause == "" || f.Cause == history.CausedBy(r.Cause)) &&
		(f.Known == 0 || r.Position <= f.Known) &&
		!(f.LeavesOutSeals() && r.Type == event.TypeLogSealed)
}

func entry(t testing.TB, r history.Row, whole bool) history.Entry {
	t.Helper()
	e := history.Entry{
		Position: r.Position, ID: r.ID, Type: r.Type, Source: history.SourceName(r.Source), Subject: r.Subject, Time: r.Time, Recorded: r.Recorded,
		Actor: r.Actor, Cause: r.Cause, Summary: r.Summary, Backfilled: r.Backfilled(),
	}
	if err := json.Unmarshal(r.Changes, &e.Changes); err != nil {
		t.Fatal(err)
	}
	if whole {
		e.Data, e.Extensions = r.Data, r.Extensions
	}
	return e
}

// counts reports whether a row counts at a moment.
func counts(m projections.Moment, r history.Row) bool {
	return history.InCatalog(r.Type) && (m.Known == 0 || r.Position <= m.Known) &&
		(m.At.IsZero() && !r.Backfilled() || !m.At.IsZero() && !r.Truth.After(m.At))
}

func (rows naive) counting(m projections.Moment, subjects []string, all bool) (records []eventlog.Record) {
	var counting []history.Row
	for _, subject := range subjects {
		var of []history.Row
		for _, r := range rows {
			if r.Subject == subject && counts(m, r) {
				of = append(of, r)
			}
		}
		slices.SortFunc(of, func(a, b history.Row) int {
			return cmp.Or(a.Truth.Compare(b.Truth), cmp.Compare(a.Position, b.Position))
		})
		if !all {
			of = history.Ends(of, func(r history.Row) event.Type { return r.Type })
		}
		counting = append(counting, of...)
	}
	slices.SortFunc(counting, func(a, b history.Row) int {
		if m.At.IsZero() {
			return cmp.Compare(a.Position, b.Position)
		}
		return cmp.Or(a.Truth.Compare(b.Truth), cmp.Compare(a.Position, b.Position))
	})
	for _, r := range counting {
		records = append(records, r.Record)
	}
	return records
}

// log is what the log has of subjects up to a moment, of what the catalog is folded from.
func (rows naive) log(m projections.Moment, subjects []string) (records []eventlog.Record) {
	for _, r := range rows {
		if history.InCatalog(r.Type) && slices.Contains(subjects, r.Subject) && (m.Known == 0 || r.Position <= m.Known) {
			records = append(records, r.Record)
		}
	}
	return records
}

// differing lists the subjects of which other events count at one moment than at
// another.
func (rows naive) differing(one, other projections.Moment) (all []string) {
	for _, r := range rows {
		if counts(one, r) != counts(other, r) {
			all = append(all, r.Subject)
		}
	}
	return distinct(all)
}

func (rows naive) entangled() (all []string) {
	unfit := map[string]bool{}
	is := func(r history.Row, types ...string) bool {
		return slices.ContainsFunc(types, func(t string) bool { return strings.HasPrefix(string(r.Type), t) })
	}
	for _, r := range rows {
		if is(r, "entity.rejected.", "entity.conflicted.") {
			unfit[r.File] = true
		}
	}
	for _, r := range rows {
		if r.File != "" && unfit[r.File] || is(r, "location.") {
			all = append(all, r.Subject)
		}
	}
	return distinct(all)
}

func (rows naive) positionAt(t time.Time) (p eventlog.Position) {
	for _, r := range rows {
		if !r.Recorded.After(t) {
			p = r.Position
		}
	}
	return p
}

func (rows naive) newest() map[string]history.Version {
	all := map[string]history.Version{}
	for _, r := range rows {
		if r.About == "" {
			continue
		}
		v := history.Version{Truth: r.Truth, State: r.State, Declares: r.Declares}
		if v.Declares > 0 {
			v.Declared = rows[v.Declares-1].Data
		}
		all[r.About] = v
	}
	return all
}

func distinct(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
