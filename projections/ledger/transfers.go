package ledger

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
)

// Transfer is that an entity went from one owner to another. An owner of "" is
// nobody, or that the entity was not in the catalog.
type Transfer struct {
	Ref      string
	From, To string
	New      bool // it was not in the catalog before
	Gone     bool // it is not afterwards
	At       time.Time
	Event    *history.Told
}

// Account is what a team gained and lost in a period.
type Account struct {
	Team         string
	From, To     time.Time
	Gained, Lost []Transfer // the newest first
	Before       int        // how many it owned at the start of the period
	After        int        // and at its end
	// Reorganisations are those of the transfers that belong together.
	Reorganisations []Reorganisation
}

// Reorganisation is that several entities went from one owner to another on one
// day, by one commit or by several.
type Reorganisation struct {
	From, To  string
	Day       time.Time  // in UTC
	Transfers []Transfer // at least two
}

// OneCommit returns the event of one of them if one commit did all of it, or nil.
func (r Reorganisation) OneCommit() *history.Told {
	first := r.Transfers[0].Event
	for _, t := range r.Transfers {
		if first.Cause.Commit == "" || t.Event.Cause.Commit != first.Cause.Commit {
			return nil
		}
	}
	return first
}

// Transfers tells when an entity got another owner.
func Transfers(ref string, intervals []Interval) []Transfer {
	var all []Transfer
	before := Interval{Absent: true}
	for _, i := range intervals {
		if i.Value != before.Value {
			all = append(all, Transfer{ref, before.Value, i.Value, before.Absent, i.Absent, i.From, i.Began})
		}
		before = i
	}
	return all
}

// Reorganisations finds those transfers between two owners that belong together,
// the newest first.
func Reorganisations(transfers []Transfer) []Reorganisation {
	type key struct {
		from, to string
		day      time.Time
	}
	together := map[key][]Transfer{}
	for _, t := range transfers {
		if t.From != "" && t.To != "" {
			k := key{t.From, t.To, t.At.UTC().Truncate(24 * time.Hour)}
			together[k] = append(together[k], t)
		}
	}
	var all []Reorganisation
	for k, of := range together {
		if len(of) > 1 {
			slices.SortFunc(of, func(a, b Transfer) int { return strings.Compare(a.Ref, b.Ref) })
			all = append(all, Reorganisation{k.from, k.to, k.day, of})
		}
	}
	slices.SortFunc(all, func(a, b Reorganisation) int {
		return cmp.Or(b.Day.Compare(a.Day), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	return all
}

// Team tells what a team, or a person, gained and lost after a time up to a moment.
func (l *Ledger) Team(ctx context.Context, team string, from time.Time, to projections.Moment) (Account, error) {
	account := Account{Team: team, From: from, To: l.Until(to)}
	before, after, err := l.ends(ctx, from, to)
	if err != nil {
		return account, err
	}
	owned := entities.Query{Owners: []string{team}, Limit: 1}
	account.Before, account.After = before.Find(owned).Total, after.Find(owned).Total
	var beside []string
	for _, s := range []*entities.Snapshot{before, after} {
		for _, row := range s.List(entities.Listing{Where: entities.Equals{Key: "relations.ownedby", Values: []string{team}}, Limit: -1}).Rows {
			beside = append(beside, row.Ref)
		}
	}
	refs, err := l.around(ctx, team, from, to, beside)
	if err != nil {
		return account, err
	}
	told, err := l.Tell(ctx, to, refs...)
	if err != nil {
		return account, err
	}
	var all []Transfer
	for _, ref := range slices.Sorted(maps.Keys(told)) {
		for _, t := range Transfers(ref, Owners(l.kinds, told[ref])) {
			if t.At.After(from) && (t.From == team || t.To == team) {
				all = append(all, t)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Transfer) int { return b.At.Compare(a.At) })
	for _, t := range all {
		if t.To == team {
			account.Gained = append(account.Gained, t)
		} else {
			account.Lost = append(account.Lost, t)
		}
	}
	account.Reorganisations = Reorganisations(all)
	return account, nil
}
