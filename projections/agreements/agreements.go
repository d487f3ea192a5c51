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

	"github.com/callboard/callboard/catalog"
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
	// SpellsOf yields all that was on record of some entities on a card, by their full refs.
	SpellsOf(ctx context.Context, card string, known eventlog.Position, entities []string) iter.Seq2[*scores.Spell, error]
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
	// Astray is what it names that is not there, or not so that anything would come of it;
	// none of what is over.
	Astray []catalog.Problem
	// Nothing comes of it, because of that: whatever it stands at, no rule is exempt.
	Nothing bool
}

// InForce reports whether rules are exempt because of it at a moment.
func (x *Exemption) InForce(now time.Time) bool { return x.Holds(now) && !x.Nothing }

// Why says what is astray; empty if nothing is.
func (x *Exemption) Why() string {
	says := make([]string, len(x.Astray))
	for i, p := range x.Astray {
		says[i], _, _ = strings.Cut(p.Message, "; ") // without what to do
	}
	return strings.Join(says, "; ")
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
	const day = 24 * 60 * 60
	today := now.UTC().Truncate(24 * time.Hour)
	return int((end.Unix() - today.Unix()) / day), true // a duration is three centuries at most
}

// Exemptions lists all: those that are asked for, the oldest first; those that hold, the
// one that ends first before all others; then what is over, the newest first.
func Exemptions(c Catalog, now time.Time) []Exemption {
	cards, names := map[string]*scorecards.Card{}, namesIn(c)
	var all []Exemption
	for _, e := range c.Find(entities.Query{Kinds: []string{scorecards.KindExemption}}).Entries {
		read, _ := scorecards.ParseExemption(e.Entity)
		if read == nil {
			continue
		}
		x := Exemption{Exemption: read, Entry: e, Card: cardOf(c, cards, read.Card), Stands: read.Stands(now)}
		x.lookAstray(names, now)
		all = append(all, x)
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

// lookAstray looks for what the exemption names. That it lacks some of its rules leaves the
// others exempt.
func (x *Exemption) lookAstray(names *scorecards.Names, now time.Time) {
	if order(x.Stands) == 2 {
		return
	}
	x.Astray = names.Missing(x.Entry.Entity, now)
	e := names.Get(x.Entity)
	x.Nothing = x.Card == nil || !x.Concerns(x.Card) || e == nil || x.Card.PassesBy(e, now)
}
