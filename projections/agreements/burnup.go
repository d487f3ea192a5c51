package agreements

import (
	"context"
	"time"

	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// Weeks are the moments of a burn-up until a moment: each week since people began to be
// asked, to the end at most; none before that. At most two years are in it.
func (i *Initiative) Weeks(now time.Time) []time.Time {
	from, to := i.Start, now
	if from.IsZero() {
		from = i.Entry.Registered
	}
	if end := i.End(); end.Before(to) {
		to = end.Add(-1)
	}
	if oldest := to.AddDate(-2, 0, 0); from.Before(oldest) {
		from = oldest
	}
	moments, err := scorecards.Moments(from, to, scorecards.Week)
	if err != nil { // it has not begun
		return nil
	}
	return moments
}

// Point is how far an initiative was at a moment.
type Point struct {
	At    time.Time `json:"at"`
	Asked int       `json:"asked"`
	Done  int       `json:"done"`
}

// BurnUp tells how far an initiative was at moments in order: by the rules that the card
// has now, what these came to then, of the entities that are among the items now. There is none of
// what cannot be measured.
func (r Reader) BurnUp(ctx context.Context, m projections.Moment, i *Initiative, moments []time.Time) ([]Point, error) {
	points := make([]Point, len(moments))
	for n, at := range moments {
		points[n].At = at
	}
	if i.Why != "" {
		return nil, nil
	}
	if len(i.Items) == 0 || len(moments) == 0 {
		return points, nil
	}
	asked := make([]string, len(i.Items))
	for n, item := range i.Items {
		asked[n] = item.Entity
	}
	for s, err := range r.Scores.SpellsOf(ctx, i.Initiative.Card, m.Known, asked) {
		if err != nil {
			return nil, err
		}
		for n, at := range moments {
			if at.Before(s.Since) {
				continue
			}
			if !s.Until.IsZero() && !at.Before(s.Until) {
				break
			}
			points[n].Asked++
			done, err := i.done(s, at)
			if err != nil {
				return nil, err
			}
			if done {
				points[n].Done++
			}
		}
	}
	return points, nil
}

// done reports whether an entity that stood so had nothing left to do.
func (i *Initiative) done(s *scores.Spell, at time.Time) (bool, error) {
	if i.Level != "" { // the level says it, and outcomes take a while to read
		rank := i.Card.Rank(i.Level)
		if i.Card.Rank(s.Level) >= rank {
			return true, nil
		}
	}
	outcomes, err := s.Outcomes()
	if err != nil {
		return false, err
	}
	_, done := i.Left(i.Card, s.Level, func(rule string) scorecards.Outcome {
		return scorecards.Outcome(outcomes[rule])
	}, at)
	return done, nil
}
