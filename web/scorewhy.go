package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
	"github.com/callboard/callboard/techdocs/markdown"
	"github.com/callboard/callboard/web/ui"
)

// Explain tells part by part how a rule comes to what it says of an entity. An error of
// kind fault.Unavailable says that nobody can tell just now.
type Explain func(ctx context.Context, q scorer.Question) (*scorer.Explained, error)

// explainPatience is how long a page waits for the log to be read again.
const explainPatience = 20 * time.Second

// whyView is how a rule comes to what it says of the entity, and what it said before.
type whyView struct {
	head    entityHead
	card    ui.Anchor
	ladder  bool // the card has levels
	state   ruleState
	about   string // HTML of the description of the rule
	means   string // what it comes to, where that is not plain
	trees   []whyTree
	comes   string // to what it comes, where nothing is on record
	without string // there are no trees, and why
	differs string // from what is on record
	before  []ui.Happening
}

// whyTree is an expression with what its parts came to, as rows.
type whyTree struct {
	title string
	rows  []whyRow
}

type whyRow struct {
	depth  int
	text   string
	look   string // of the badge; empty if the value is shown as it is
	icon   string
	value  string
	note   string    // what went wrong
	at     ui.Moment // the value, if that is a moment
	moot   bool      // what it is part of is known without it
	from   bool      // it is known where it is from
	when   ui.Moment
	who    ui.Person
	commit ui.CommitMark
	event  ui.EventMark
}

// whyLink is the page that tells how a rule comes to what it says of an entity, whose
// address is given; empty if it has none.
func whyLink(entity string, card catalog.Ref, rule string) string {
	if entity == "" {
		return ""
	}
	return namedLink(entity+"/scorecards", card) + "/" + url.PathEscape(rule)
}

// scoreWhy handles "GET /catalog/{namespace}/{kind}/{name}/scorecards/{card}/{rule}".
func (s *Site) scoreWhy(ctx context.Context, r request) (answer, error) {
	recent, err := s.newest(ctx, r, r.ref(), 1)
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(r.ref().String())
	if !ok {
		return notThere(r, r.ref(), recent.Page), nil
	}
	card, err := s.ruledBy(r)
	if err != nil {
		return answer{}, err
	}
	rule := card.Rule(r.param("rule"))
	if rule == nil {
		return answer{}, fault.New(fault.NotFound, "%s has no rule %s", card.Title, r.param("rule"))
	}
	list, err := s.scoresOf(ctx, r, scores.Query{Card: card.Ref.String(), Entity: e.Ref})
	if err != nil {
		return answer{}, err
	}
	if err := s.sayNow(ctx, r, pointers(list)...); err != nil {
		return answer{}, err
	}
	v := whyView{
		head: newEntityHead(r, e, tabScores, recent.total()), card: ui.Anchor{Label: card.Title, Href: scorecardLink(card.Ref)}, ladder: len(card.Levels) > 0, about: proseOf(rule.Description),
		state: ruleState{id: rule.ID, cell: newCell("", rule.Title), title: rule.Title, level: levelOf(card, rule.Level), fix: ui.Outside(rule.Fix)},
	}
	for _, one := range list {
		score := newEntityScore(r, card, one, agreements.Exemptions(r.catalog, r.pageTime()))
		if s.Desk != nil && r.moment.Now() {
			score.asks(e, card)
		}
		for _, state := range slices.Concat(score.todo, score.exempt, score.rules) {
			if state.id == rule.ID {
				v.state = state
			}
		}
	}
	if !v.state.when.IsZero() {
		v.means = outcomeMeans[v.state.cell.says]
	}
	if v.state.cell.class != "fail" && v.state.cell.class != "exempt" { // there is nothing to mend, or it is not for those who own the entity
		v.state.fix = ""
	}
	past, err := s.scoresOf(ctx, r, scores.Query{Card: card.Ref.String(), Entity: e.Ref, Past: true})
	if err != nil {
		return answer{}, err
	}
	v.before = whatItSaid(r, past, rule.ID)
	q := scorer.Question{Card: card.Ref.String(), Entity: e.Ref, Rule: rule.ID, At: r.moment.At, Known: r.moment.Known}
	if card.Draft {
		q.Draft = card
	}
	if err := s.explained(ctx, r, &v, q); err != nil {
		return answer{}, err
	}
	return answer{title: rule.Title + " · " + v.head.title, styles: docsStyles(), body: whyPage(v)}, nil
}

// ruledBy is the card of a rule's page: as it was at the moment of the page or, if it is a draft
// that was not there then, as it is now.
func (s *Site) ruledBy(r request) (*scorecards.Card, error) {
	_, card, err := cardAt(r, "card")
	if fault.KindOf(err) != fault.NotFound || r.moment.Now() {
		return card, err
	}
	r.catalog = s.Catalog()
	if _, is, _ := cardAt(r, "card"); is != nil && is.Draft {
		return is, nil
	}
	return nil, err
}

// outcomeMeans is what comes of outcomes that are neither pass nor fail, by their words.
var outcomeMeans = map[string]string{
	"unknown":        "What is not known decides nothing: the level stays what it was, and the rule counts for no share.",
	"error":          "The rule itself goes wrong for this entity, which who owns the scorecard can mend. Until then it decides nothing: the level stays what it was.",
	"not applicable": "The rule is not asked of this entity, and is in the way of no level. Below is what leaves it out.",
}

// explained adds how the rule comes to what it says, or why nobody can tell.
func (s *Site) explained(ctx context.Context, r request, v *whyView, q scorer.Question) error {
	if s.Explain == nil {
		v.without = "This portal judges nothing itself."
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, explainPatience)
	defer stop()
	x, err := s.Explain(ctx, q)
	switch fault.KindOf(err) {
	case fault.NotFound:
		v.without = ui.Sentence(err.Error()) + "."
		return nil
	case fault.Unavailable:
		v.without = "Nobody can tell just now: to go back so far takes longer than a page waits, or scores are still being caught up with. Load the page again in a moment."
		return nil
	}
	if err != nil {
		return err
	}
	for _, t := range []struct {
		title string
		root  *scorecards.Node
	}{{"What the rule asks", x.Expr}, {"To whom the rule applies", x.Filter}, {"Whom the card judges", x.Judges}} {
		if t.root != nil {
			v.trees = append(v.trees, whyTree{title: t.title, rows: whyRows(nil, t.root, 0, false, r.now)})
		}
	}
	now := newCell(string(x.Result.Outcome), "")
	switch {
	case v.state.when.IsZero() && r.moment.Now():
		v.comes = "Looked at now it comes to " + now.says + "."
	case v.state.when.IsZero():
		v.comes = "By what was known then it comes to " + now.says + "."
	case now.says != v.state.cell.says:
		v.differs = "Looked at once more it comes to " + now.says + ": what time alone changes is put on record within a minute."
		if !r.moment.Now() {
			v.differs = "By what was known then it comes to " + now.says + ": what was on record had not come as far."
		}
	}
	return nil
}

// whyRows are the parts of an expression, each below the one that it is part of. Moot is that
// what it is part of is known without it.
func whyRows(all []whyRow, n *scorecards.Node, depth int, moot bool, now time.Time) []whyRow {
	row := whyRow{depth: depth, text: n.Text, value: n.Value, moot: moot}
	switch n.State {
	case scorecards.True:
		row.look, row.icon = "good", "check"
	case scorecards.False:
		row.look, row.icon = "bad", "x"
	case scorecards.Missing:
		row.look, row.icon = "warn", "question"
	case scorecards.Wrong:
		row.look, row.icon, row.value = "warn", "alert", "error"
		if !slices.ContainsFunc(n.Children, undecided) { // else it is said of the part that goes wrong
			row.note = ui.Sentence(n.Value)
		}
	case scorecards.Skipped:
		row.value = "not looked at"
	case scorecards.Value:
		if at, err := time.Parse(time.RFC3339, n.Value); err == nil {
			row.at = ui.Minute(at)
		}
		row.value = cmp.Or(n.Value, "empty")
	}
	if moot {
		row.look, row.value, row.note = "", row.value+", not needed", ""
	}
	if from := n.Source; from != nil {
		row.from, row.when, row.who = true, ui.Near(from.At, now), actor(event.Actor{Login: from.Actor})
		row.commit, row.event = ui.CommitMark{SHA: from.Commit}, mark(eventlog.Position(from.Position)) //nolint:gosec // a position
	}
	all = append(all, row)
	for _, part := range n.Children {
		all = whyRows(all, part, depth+1, undecided(part) && (moot || !undecided(n)), now)
	}
	return all
}

// undecided reports whether a part comes to nothing that is known.
func undecided(n *scorecards.Node) bool {
	return n.State == scorecards.Missing || n.State == scorecards.Wrong
}

// whatItSaid are the changes of a rule's outcome up to the moment of the page that are on
// record, newest first.
func whatItSaid(r request, past []scores.Score, rule string) []ui.Happening {
	var all []ui.Happening
	seen := map[eventlog.Position]bool{}
	for _, score := range past {
		for _, one := range score.Rules {
			if one.ID != rule || seen[one.Position] || one.Since.After(r.pageTime()) {
				continue
			}
			seen[one.Position] = true
			cell := newCell(one.Outcome, "")
			look := map[string]string{"pass": "good", "fail": "bad"}[cell.class]
			all = append(all, ui.Happening{
				Event: mark(one.Position), Look: look, Title: ui.Sentence(cell.says), Text: ruleMessage(one),
				When: ui.Near(one.Since, r.now), Who: actor(one.Actor), Commit: commit(one.Cause),
			})
		}
	}
	slices.Reverse(all)
	return all
}

// proseOf is a text in Markdown as HTML. Its links lead to other sites; images are not shown.
func proseOf(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return descriptions.Render("description", []byte(text), nil).HTML(func(_ int, l markdown.Link) string {
		if l.Image {
			return ""
		}
		return string(ui.Outside(l.Target))
	})
}

// descriptions renders what authors of scorecards write.
var descriptions = markdown.New(markdown.Dialect{NoPermalink: true})

// prose is HTML that [proseOf] made.
func prose(html string) templ.Component { return templ.Raw(html) }
