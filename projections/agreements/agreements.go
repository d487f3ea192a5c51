// Package agreements is how exemptions and initiatives stand, at a moment and over time:
// it puts together what they say, how entities stand on the scorecards and what the history
// tells of them. Start with [Exemptions], [Initiatives] and [Reader].
package agreements

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// Catalog is the catalog at a moment.
type Catalog interface {
	Find(q entities.Query) entities.Result
	Get(ref string) (*entities.Entry, bool)
}

// Scores tells how entities stand on scorecards.
type Scores interface {
	List(ctx context.Context, q scores.Query) ([]scores.Score, error)
	Spells(ctx context.Context, card string, known eventlog.Position) iter.Seq2[*scores.Spell, error]
}

// Events is the history.
type Events interface {
	Events(ctx context.Context, f history.Filter) (history.Page, error)
}

// Reader reads what is on record.
type Reader struct {
	Scores Scores
	Events Events
	// Then has the catalog of a moment, for an initiative that is over. Without it that is told of
	// by the catalog that is asked about: entities that have gone since are not among its items.
	Then func(ctx context.Context, m projections.Moment) (Catalog, error)
}

// Exemption is an exemption with how it stands.
type Exemption struct {
	*scorecards.Exemption
	Entry  *entities.Entry
	Card   *scorecards.Card // nil if it is not there
	Stands scorecards.Status
}

// Decides is the full ref of who decides about it: the owner of the card; empty if that has none.
func (x *Exemption) Decides() string {
	if x.Card == nil {
		return ""
	}
	return x.Card.Owner
}

// DaysLeft is on how many days it holds still, today included; false if it does not end.
func (x *Exemption) DaysLeft(now time.Time) (int, bool) { return daysLeft(x.Until, now) }

func daysLeft(end, now time.Time) (int, bool) {
	if end.IsZero() {
		return 0, false
	}
	today := now.UTC().Truncate(24 * time.Hour)
	return int(end.Sub(today) / (24 * time.Hour)), true
}

// Exemptions lists all: those that are asked for, the oldest first; those that hold, the
// one that ends first before all others; then what is over, the newest first.
func Exemptions(c Catalog, now time.Time) []Exemption {
	cards := map[string]*scorecards.Card{}
	var all []Exemption
	for _, e := range c.Find(entities.Query{Kinds: []string{scorecards.KindExemption}}).Entries {
		read, _ := scorecards.ParseExemption(e.Entity)
		if read == nil {
			continue
		}
		all = append(all, Exemption{Exemption: read, Entry: e, Card: cardOf(c, cards, read.Card), Stands: read.Stands(now)})
	}
	slices.SortStableFunc(all, func(a, b Exemption) int {
		if d := order(a.Stands) - order(b.Stands); d != 0 {
			return d
		}
		switch order(a.Stands) {
		case 0:
			return a.Entry.Since.Time.Compare(b.Entry.Since.Time)
		case 1:
			return cmp.Or(endsLast(a.Until)-endsLast(b.Until), a.Until.Compare(b.Until), strings.Compare(a.Entry.Ref, b.Entry.Ref))
		}
		return b.Entry.Since.Time.Compare(a.Entry.Since.Time)
	})
	return all
}

func order(s scorecards.Status) int {
	switch s {
	case scorecards.Requested:
		return 0
	case scorecards.Granted:
		return 1
	}
	return 2
}

func endsLast(until time.Time) int {
	if until.IsZero() {
		return 1
	}
	return 0
}

// cardOf reads a scorecard once.
func cardOf(c Catalog, read map[string]*scorecards.Card, ref string) *scorecards.Card {
	card, ok := read[ref]
	if ok {
		return card
	}
	if e, ok := c.Get(ref); ok {
		card, _ = scorecards.ParseCard(e.Entity)
	}
	read[ref] = card
	return card
}

// spell is a time for which an exemption was granted.
type spell struct{ from, to time.Time } // to is exclusive; zero = it does not end

// Debt counts how many exemptions held at moments in order, of those that are wanted, by
// what was said of them and known at a moment.
func (r Reader) Debt(ctx context.Context, m projections.Moment, moments []time.Time, wanted func(event.Exemption) bool) ([]int, error) {
	open := map[string]spell{}
	var spells []spell
	end := func(ref string, at time.Time) {
		if s, ok := open[ref]; ok {
			if s.to.IsZero() || at.Before(s.to) {
				s.to = at
			}
			spells = append(spells, s)
			delete(open, ref)
		}
	}
	f := history.Filter{Kind: scorecards.KindExemption, Known: m.Known, Whole: true, Uncounted: true, Oldest: true, Limit: 500}
	if !m.At.IsZero() {
		f.To = m.At.Add(time.Nanosecond)
	}
	for {
		page, err := r.Events.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entries {
			x, granted, ok := exemptionIn(e)
			if !ok {
				continue
			}
			end(x.Ref, e.Time) // also if it is of another card or entity now, which is not wanted
			if granted && wanted(x) {
				open[x.Ref] = spellOf(x, e.Time)
			}
		}
		if page.Next == 0 {
			break
		}
		f.After = page.Next
	}
	for _, s := range open {
		spells = append(spells, s)
	}
	counts := make([]int, len(moments))
	for i, at := range moments {
		for _, s := range spells {
			if !at.Before(s.from) && (s.to.IsZero() || at.Before(s.to)) {
				counts[i]++
			}
		}
	}
	return counts, nil
}

// exemptionIn reads what an event says of an exemption, and whether it is granted then.
func exemptionIn(e history.Entry) (x event.Exemption, granted, ok bool) {
	data, err := event.Event{Type: e.Type, Data: e.Data}.Decode()
	if err != nil {
		return x, false, false
	}
	switch d := data.(type) {
	case event.ExemptionRequested:
		return d.Exemption, false, true
	case event.ExemptionGranted:
		return d.Exemption, true, true
	case event.ExemptionDenied:
		return d.Exemption, false, true
	case event.ExemptionRevoked:
		return d.Exemption, false, true
	case event.ExemptionExpired:
		return d.Exemption, false, true
	}
	return x, false, false
}

func spellOf(x event.Exemption, at time.Time) spell {
	s := spell{from: at}
	if from, err := time.Parse(time.DateOnly, x.From); err == nil && from.After(at) {
		s.from = from
	}
	if last, err := time.Parse(time.DateOnly, x.Until); err == nil {
		s.to = last.AddDate(0, 0, 1)
	}
	return s
}
