package maturity

import (
	"context"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// Standing is how all entities stand that a card judges.
type Standing struct {
	Entities   int
	Levels     map[string]int // entities by level; "" stands for none
	Points, Of float64
}

func (s *Standing) add(level string, points, of float64) {
	s.Entities++
	s.Levels[level]++
	s.Points, s.Of = s.Points+points, s.Of+of
}

// StandingOn is how they stood at a moment, by a card's full reference. It decodes no rules.
func StandingOn(ctx context.Context, from Scores, card string, m projections.Moment) (Standing, error) {
	all := Standing{Levels: map[string]int{}}
	err := from.Each(ctx, []string{card}, func(_ int, l scores.Line) {
		if stand, judged := l.At(m); judged {
			all.add(stand.Level, stand.Points, stand.Of)
		}
	})
	return all, err
}

// StandingOf is how those of a list stand.
func StandingOf(list []scores.Score) Standing {
	all := Standing{Levels: map[string]int{}}
	for _, s := range list {
		all.add(s.Level, s.Points, s.Of)
	}
	return all
}

// Declared is what the catalog has.
type Declared interface {
	Find(q entities.Query) entities.Result
	Get(ref string) (*entities.Entry, bool)
}

// Published are the cards of a catalog that are no drafts.
func Published(c Declared) (all []*scorecards.Card) {
	for _, e := range c.Find(entities.Query{Kinds: []string{scorecards.KindScorecard}}).Entries {
		if card, _ := scorecards.ParseCard(e.Entity); card != nil && !card.Draft {
			all = append(all, card)
		}
	}
	return all
}

// WithinOf reads the part of the organisation that somebody asks for: [None], or a domain,
// system, group or user that is there. Errors are of kind fault.Invalid or fault.NotFound.
func WithinOf(c Declared, text string) (string, error) {
	if text == None {
		return text, nil
	}
	ref, err := catalog.ParseRef(text, catalog.Ref{})
	if err != nil {
		return "", fault.New(fault.Invalid, "within: %v", err)
	}
	if _, ok := c.Get(ref.String()); !ok {
		return "", fault.New(fault.NotFound, "there is no %s in the catalog", ref)
	}
	if GroupingOf(ref.String()) == "" {
		return "", fault.New(fault.Invalid, "within: %s is no domain, system, group or user", ref)
	}
	return ref.String(), nil
}

// GroupingOf is what a part of the organisation is divided by: a domain or a system by domain, a
// group or a user by who owns. It is empty for [None] and for all, which either divides.
func GroupingOf(within string) Grouping {
	switch kind, _, _ := strings.Cut(within, ":"); kind {
	case "domain", "system":
		return ByDomain
	case "group", "user":
		return ByTeam
	}
	return ""
}
