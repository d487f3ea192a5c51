package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
	"github.com/callboard/callboard/web/ui"
)

// Says tells what rules of a card say now where they fail, by entity and rule. An error of kind
// fault.Unavailable says that nobody can tell just now.
type Says func(ctx context.Context, card string, entities []string) (map[string]map[string]string, error)

// Unclear tells for whom the filter of a card goes wrong; nil if for nobody. Errors are as of [Says].
type Unclear func(ctx context.Context, card string) (*scorer.Unclear, error)

// saysPatience is how long a page waits for the scorer.
const saysPatience = 2 * time.Second

// sayNow has rules that fail say what they say now, not what they said when they came to fail. Where
// nobody can tell just now, and on pages of another moment, that stays.
func (s *Site) sayNow(ctx context.Context, r request, all ...*scores.Score) error {
	if s.Says == nil || !r.moment.Now() {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, saysPatience)
	defer stop()
	byCard := map[string][]string{}
	for _, one := range all {
		byCard[one.Card] = append(byCard[one.Card], one.Entity)
	}
	for card, entities := range byCard {
		says, err := s.Says(ctx, card, entities)
		if fault.KindOf(err) == fault.Unavailable {
			return nil
		}
		if err != nil {
			return err
		}
		for _, one := range all {
			if one.Card != card {
				continue
			}
			one.Rules = slices.Clone(one.Rules)
			for i, rule := range one.Rules {
				if text, ok := says[one.Entity][rule.ID]; ok && rule.Outcome == string(scorecards.Fail) {
					one.Rules[i].Message = text
				}
			}
		}
	}
	return nil
}

// unclear says in words for whom the filter of a card goes wrong; empty if for nobody, or nobody
// can tell just now.
func (s *Site) unclear(ctx context.Context, r request, card *scorecards.Card) (string, error) {
	if s.Unclear == nil || !r.moment.Now() {
		return "", nil
	}
	ctx, stop := context.WithTimeout(ctx, saysPatience)
	defer stop()
	u, err := s.Unclear(ctx, card.Ref.String())
	if fault.KindOf(err) == fault.Unavailable {
		return "", nil
	}
	return unclearText(u), err
}

func unclearText(u *scorer.Unclear) string {
	if u == nil {
		return ""
	}
	return fmt.Sprintf("Its filter goes wrong for %s of %s: %s.", ui.Number(u.Entities), ui.Plural(u.Of, "entity", "entities"), strings.TrimSuffix(u.Why, "."))
}

// wrongText says in words which rules go wrong, and for how many entities; empty if none does.
func wrongText(card *scorecards.Card, list []scores.Score) string {
	rules, entities := map[string]bool{}, 0
	for _, one := range list {
		wrong := false
		for _, rule := range one.Rules {
			if rule.Outcome == string(scorecards.Error) {
				rules[rule.ID], wrong = true, true
			}
		}
		if wrong {
			entities++
		}
	}
	var titles []string
	for _, rule := range card.Rules {
		if rules[rule.ID] {
			titles = append(titles, "“"+ui.Shorten(rule.Title, 60)+"”")
		}
	}
	const named = 3
	if len(titles) > named {
		titles = append(titles[:named:named], fmt.Sprintf("and %s", ui.Plural(len(titles)-named, "other")))
	}
	switch {
	case entities == 0 || len(titles) == 0:
		return ""
	case len(titles) == 1:
		return fmt.Sprintf("%s goes wrong for %s.", titles[0], ui.Plural(entities, "entity", "entities"))
	}
	return fmt.Sprintf("%s go wrong for %s.", strings.Join(titles, ", "), ui.Plural(entities, "entity", "entities"))
}
