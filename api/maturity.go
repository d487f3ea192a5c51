package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// maturityAnswer is a report as JSON.
type maturityAnswer struct {
	Card     string          `json:"card"`  // full ref
	Level    string          `json:"level"` // to be reached; empty for a card that counts points
	Group    string          `json:"group"`
	From     time.Time       `json:"from"`
	To       time.Time       `json:"to"`
	Total    stood           `json:"total"`
	Cards    []cardStanding  `json:"cards"`
	Groups   []groupStanding `json:"groups"` // as a tree is read; parent says what each is in
	Rose     []moveAnswer    `json:"rose"`
	Fell     []moveAnswer    `json:"fell"`
	Falls    maturity.Falls  `json:"falls"`
	Before   maturity.Falls  `json:"fallsBefore"` // in the time of the same length before
	Rules    []ruleAnswer    `json:"rules"`
	Trend    []trendStep     `json:"trend"`
	Unowned  int             `json:"unowned"`
	Exempt   int             `json:"exempt"`
	Entities []entityStood   `json:"entities,omitempty"`
	Delivery []delivered     `json:"delivery,omitempty"` // of now only, the whole first
}

// delivered is how a group delivers to production, and did a month before.
type delivered struct {
	Group string `json:"group"` // as those of groups; the first is the whole
	pace
	Was pace `json:"was"`
}

// pace is what deployments to production come to. What there is nothing to count of is null.
type pace struct {
	scorer.Performance
	FailureRate *float64 `json:"changeFailureRate"`
	LeadTime    *float64 `json:"leadTime"`      // median, in seconds
	Restore     *float64 `json:"timeToRestore"` // likewise
}

func paceOf(p scorer.Performance) pace {
	is := pace{Performance: p}
	if rate, ok := p.FailureRate(); ok {
		is.FailureRate = &rate
	}
	if p.Leads > 0 {
		seconds := p.LeadTime.Seconds()
		is.LeadTime = &seconds
	}
	if p.Outages > 0 {
		seconds := p.Restore.Seconds()
		is.Restore = &seconds
	}
	return is
}

// stood is how some entities stand, and how those stood, and stand, that were judged at
// the earlier moment, too.
type stood struct {
	Entities int            `json:"entities"`
	Levels   map[string]int `json:"levels,omitempty"` // "" stands for none
	Share    *float64       `json:"share"`            // that is reached, in percent; null if there is nothing
	Was      *float64       `json:"was"`
	Same     *float64       `json:"same"` // now, of those of was: the change is same - was
	New      int            `json:"new"`  // not judged then
	Reached  int            `json:"reached"`
	Points   float64        `json:"points"`
	Of       float64        `json:"of"`
	Higher   int            `json:"higher"` // entities that stand higher than then
	Lower    int            `json:"lower"`
	Unknown  int            `json:"unknown"` // entities of which not all is known
	Exempt   int            `json:"exempt"`
}

type cardStanding struct {
	Card  string `json:"card"`
	Level string `json:"level"`
	stood
}

type groupStanding struct {
	Ref    string `json:"ref"`              // "none" for what is in no group
	Parent string `json:"parent,omitempty"` // likewise
	Own    *stood `json:"own,omitempty"`    // without the groups in it; absent if nothing is
	stood
}

type moveAnswer struct {
	Entity   string            `json:"entity"`
	Before   string            `json:"before"`
	After    string            `json:"after"`
	By       float64           `json:"by"` // steps of the ladder, or percent of points
	At       time.Time         `json:"at"`
	Position eventlog.Position `json:"position"`
	Actor    event.Actor       `json:"actor"`
	Cause    event.Cause       `json:"cause"`
	Rules    []scores.Rule     `json:"rules"`
}

type ruleAnswer struct {
	Card  string `json:"card"`
	Rule  string `json:"rule"`
	Title string `json:"title"`
	Fails int    `json:"fails"`
	Lifts int    `json:"lifts"`
	Pass  int    `json:"passes"`
}

type trendStep struct {
	At       time.Time         `json:"at"`
	Entities int               `json:"entities"`
	Levels   map[string]int    `json:"levels"`
	Points   float64           `json:"points"`
	Of       float64           `json:"of"`
	Position eventlog.Position `json:"position"` // of the log, that it stands for; 0 if there is none
}

type entityStood struct {
	Entity string              `json:"entity"`
	Group  string              `json:"group"`
	Cards  map[string]levelWas `json:"cards"` // those that judge it
}

type levelWas struct {
	Level  string    `json:"level"`
	Was    *string   `json:"was"` // null if it was not judged then
	Points float64   `json:"points"`
	Of     float64   `json:"of"`
	Since  time.Time `json:"since"`
}

func maturityParams() []param {
	return []param{
		{name: "card", check: oneText}, {name: "level", check: oneText}, {name: "group", check: oneOf("domain", "team")}, {name: "within", check: oneText},
		{name: "from", check: oneText}, {name: "to", check: oneText}, {name: "format", check: oneOf("json", "csv")},
	}
}

// handleMaturity handles "GET /api/maturity".
func (a *API) handleMaturity(c echo.Context) error {
	q, err := a.maturityQuestion(c)
	if err != nil {
		return err
	}
	q.Members = a.Performance != nil && momentOf(c).Now() && q.To.At.IsZero() && c.QueryParam("format") != "csv"
	report, err := maturity.Ask(c.Request().Context(), a.Scores, a.catalog(c), q)
	if err != nil {
		return err
	}
	if c.QueryParam("format") == "csv" {
		return writeMaturity(c, report)
	}
	answer := newMaturityAnswer(report)
	moments := make([]time.Time, len(answer.Trend))
	for i, t := range answer.Trend {
		moments[i] = t.At
	}
	positions, err := a.positionsBy(c.Request().Context(), moments, momentOf(c).Known)
	if err != nil {
		return err
	}
	for i, p := range positions {
		answer.Trend[i].Position = p
	}
	if answer.Delivery, err = a.delivered(c, report); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, answer)
}

// Performance tells of groups of entities how they deliver, at moments, by what is known now.
type Performance func(ctx context.Context, groups map[string][]string, moments ...time.Time) ([]map[string]scorer.Performance, error)

// performancePatience is how long an answer waits for scores that are still being caught up with.
const performancePatience = 10 * time.Second

// delivered tells how the groups of a report deliver; nothing of another moment than now.
func (a *API) delivered(c echo.Context, m *maturity.Report) ([]delivered, error) {
	if len(m.Members) == 0 {
		return nil, nil
	}
	ctx, stop := context.WithTimeout(c.Request().Context(), performancePatience)
	defer stop()
	now := a.Now()
	then, err := a.Performance(ctx, m.Members, now, now.Add(-30*24*time.Hour))
	if err != nil {
		return nil, err
	}
	of := func(name string) delivered { return delivered{name, paceOf(then[0][name]), paceOf(then[1][name])} }
	all := []delivered{of(m.Root.Name())}
	for g := range m.Root.Groups() {
		if g.Parent == m.Root || len(m.Members[g.Name()]) > 0 {
			all = append(all, of(g.Name()))
		}
	}
	return all, nil
}

// movedInAnswer is how many of those who rose, and of those who fell, are told of.
const movedInAnswer = 20

// maturityQuestion reads what is asked for. The time begins with the quarter if nobody
// says.
func (a *API) maturityQuestion(c echo.Context) (q maturity.Question, err error) {
	snapshot := a.catalog(c)
	q.Cards = maturity.Published(snapshot)
	q.Movers, q.To = movedInAnswer, momentOf(c)
	if q.Card, err = maturity.CardOf(q.Cards, c.QueryParam("card")); err != nil {
		return q, err
	}
	if q.Target, err = maturity.LevelOf(q.Card, c.QueryParam("level")); err != nil {
		return q, err
	}
	if within := c.QueryParam("within"); within != "" {
		if q.Within, err = maturity.WithinOf(snapshot, within); err != nil {
			return q, err
		}
		q.Detail = true
	}
	asked := maturity.Grouping(c.QueryParam("group"))
	q.By = cmp.Or(maturity.GroupingOf(q.Within), asked, maturity.ByDomain)
	if asked != "" && asked != q.By {
		return q, fault.New(fault.Invalid, "group=%s has no %s in it: leave it out, or write group=%s", asked, q.Within, q.By)
	}
	if text := c.QueryParam("to"); text != "" {
		if q.To.At, err = until("to", text); err != nil {
			return q, err
		}
		if !q.To.At.Before(a.Now()) {
			q.To.At = time.Time{} // now: today is not over
		}
	}
	if q.End = q.To.At; q.End.IsZero() {
		q.End = a.Now().UTC()
	}
	q.From = maturity.Quarter(q.End)
	if text := c.QueryParam("from"); text != "" {
		if q.From, err = instant("from", text); err != nil {
			return q, err
		}
	}
	return q, inOrder(c, q.From, q.End)
}

func newStood(card *scorecards.Card, now, same, was maturity.Count) stood {
	s := stood{
		Entities: now.Entities, New: now.New, Reached: now.Reached, Points: now.Points, Of: now.Of,
		Higher: now.Higher, Lower: now.Lower, Unknown: now.Unsure, Exempt: now.Exempt, Levels: levelsOf(card, now.Levels),
	}
	if share, ok := now.Share(); ok {
		s.Share = &share
	}
	if share, ok := was.Share(); ok {
		s.Was = &share
	}
	if share, ok := same.Share(); ok {
		s.Same = &share
	}
	return s
}

// levelsOf names the numbers of a [maturity.Count]; nil for a card that counts points.
func levelsOf(card *scorecards.Card, counts []int) map[string]int {
	if len(card.Levels) == 0 {
		return nil
	}
	levels := map[string]int{}
	for i, n := range counts {
		if i == 0 {
			levels[""] = n
		} else {
			levels[card.Levels[i-1].Name] = n
		}
	}
	return levels
}

func newMaturityAnswer(m *maturity.Report) maturityAnswer {
	answer := maturityAnswer{
		Card: m.Card.Ref.String(), Level: m.Target, Group: string(m.By), From: m.From, To: m.End, Total: newStood(m.Card, m.Root.All, m.Root.AllSame, m.Root.AllWas),
		Groups: []groupStanding{}, Rose: newMoves(m.Rose), Fell: newMoves(m.Fell), Falls: m.Falls, Before: m.Before, Rules: []ruleAnswer{}, Unowned: m.Unowned, Exempt: m.Exempt,
	}
	for _, one := range m.Whole {
		answer.Cards = append(answer.Cards, cardStanding{one.Card.Ref.String(), one.Target, newStood(one.Card, one.Now, one.Same, one.Was)})
	}
	for n := range m.Root.Groups() {
		group := groupStanding{Ref: n.Name(), stood: newStood(m.Card, n.All, n.AllSame, n.AllWas)}
		if n.Parent != nil {
			group.Parent = n.Parent.Name()
		}
		if n.Own.Entities > 0 {
			own := newStood(m.Card, n.Own, n.OwnSame, n.OwnWas)
			group.Own = &own
		}
		answer.Groups = append(answer.Groups, group)
	}
	for _, r := range m.Rules {
		answer.Rules = append(answer.Rules, ruleAnswer{r.Card.Ref.String(), r.Rule.ID, r.Rule.Title, r.Fails, r.Lifts, r.Passes})
	}
	for _, t := range m.Trend {
		answer.Trend = append(answer.Trend, trendStep{At: t.At, Entities: t.Entities, Levels: levelsOf(m.Card, t.Levels), Points: t.Points, Of: t.Of})
	}
	for _, e := range m.Entities {
		one := entityStood{e.Ref, e.Group, map[string]levelWas{}}
		for i, s := range e.Stands {
			if s == nil {
				continue
			}
			stood := levelWas{Level: s.Level, Points: s.Points, Of: s.Of, Since: s.Since}
			if !s.New {
				stood.Was = &s.Was
			}
			one.Cards[m.Cards[i].Ref.String()] = stood
		}
		answer.Entities = append(answer.Entities, one)
	}
	return answer
}

func newMoves(all []maturity.Move) []moveAnswer {
	moves := []moveAnswer{}
	for _, m := range all {
		moves = append(moves, moveAnswer{m.Entity, m.Before.Level, m.After.Level, m.By, m.At, m.Position, m.Actor, m.Cause, m.Rules})
	}
	return moves
}

// writeMaturity writes the groups of a report as CSV, the whole first.
func writeMaturity(c echo.Context, m *maturity.Report) error {
	head := []string{"group", "parent", "entities", "share", "was", "same", "new", "reached", "higher", "lower", "unknown", "exempt", "none"}
	for _, l := range m.Card.Levels {
		head = append(head, strings.ToLower(l.Name))
	}
	rows := [][]string{head}
	percent := func(c maturity.Count) string {
		if share, ok := c.Share(); ok {
			return fmt.Sprintf("%.1f", share)
		}
		return ""
	}
	line := func(name, parent string, now, same, was maturity.Count) {
		row := append(make([]string, 0, len(head)), name, parent, fmt.Sprint(now.Entities), percent(now), percent(was), percent(same), fmt.Sprint(now.New), fmt.Sprint(now.Reached),
			fmt.Sprint(now.Higher), fmt.Sprint(now.Lower), fmt.Sprint(now.Unsure), fmt.Sprint(now.Exempt))
		for i := range len(m.Card.Levels) + 1 {
			row = append(row, fmt.Sprint(now.Levels[i]))
		}
		rows = append(rows, row)
	}
	line(m.Root.Name(), "", m.Root.All, m.Root.AllSame, m.Root.AllWas)
	for n := range m.Root.Groups() {
		line(n.Name(), n.Parent.Name(), n.All, n.AllSame, n.AllWas)
	}
	return writeCSV(c, fmt.Sprintf("maturity-%s-%s", m.Card.Ref.Name, m.By), rows)
}
