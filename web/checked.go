package web

import (
	"cmp"
	"context"
	"path"
	"strings"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web/ui"
)

const checksPath = "/checks"

// Checks are what was said of pull requests.
type Checks interface {
	// Get returns the newest of a commit; the error is of kind fault.NotFound.
	Get(ctx context.Context, source, repository, sha string) (checks.Report, error)
	// Newest returns those of a source, the newest first.
	Newest(ctx context.Context, source string, limit int) ([]checks.Report, error)
}

// How much of what was checked is shown.
const (
	shownChecks  = 5
	checkedMost  = 200
	checkedField = 20
)

// checkedView is what a change would have done.
type checkedView struct {
	crumbs    []ui.Anchor
	title     string
	lede      string
	request   outsideLink
	author    ui.Person
	good      bool
	says      string
	commit    string
	when      ui.Moment
	event     ui.EventMark
	unwritten string
	failed    string // why there is nothing to say
	held      string
	empty     bool
	owners    string
	scores    []checkedScore
	entities  []checkedEntity
	refused   []checkedRefusal
	broken    []checkedRelation
	missing   []checkedMissing
	more      int // entities that are not shown
}

type checkedScore struct {
	entity        ui.EntityLink
	card          ui.Anchor
	ladder        bool
	before, after levelMark
	from, to      string // where there is no ladder, or no score
	look, arrow   string
	rules         []checkedRule
}

type checkedRule struct {
	title, level  string
	before, after cell
	message       string
	fix           templ.SafeURL
}

type checkedEntity struct {
	entity  ui.EntityLink
	what    string
	file    string
	reason  string
	changes []ui.Change
	owner   ui.Person
	ownedBy ui.Person // before, if that is another
}

type checkedRefusal struct {
	entity   string
	file     string
	problems []tryProblem
}

type checkedRelation struct {
	entity, target ui.EntityLink
	says           string
}

// checkedMissing is something that would be named and not be there.
type checkedMissing struct {
	entity  ui.EntityLink
	place   string // in a file; empty if the portal has it
	field   string
	message string
}

// checked handles "GET /checks/{source}/{repository}/{sha}".
func (s *Site) checked(ctx context.Context, r request) (answer, error) {
	source, rest := r.param("name"), strings.Trim(r.param("*"), "/")
	if s.Checks == nil {
		return answer{}, fault.New(fault.NotFound, "this portal checks no pull requests")
	}
	report, err := s.Checks.Get(ctx, source, path.Dir(rest), path.Base(rest))
	if err != nil {
		return answer{}, err
	}
	v := newCheckedView(r, report)
	return answer{title: v.title, body: checkedPage(v)}, nil
}

func newCheckedView(r request, report checks.Report) checkedView {
	v := checkedView{
		crumbs: []ui.Anchor{{Label: "Sources", Href: sourcesPath}, {Label: report.Source, Href: sourceLink(report.Source)}, {Label: report.Repository, Href: repositoryLink(report.Source, report.Repository)}, {Label: "Check " + ui.SHA(report.Commit)}},
		title:  cmp.Or(report.Title, report.Repository), lede: "What a pull request would do if it were merged. Nothing of it is recorded.",
		request: outsideLink{label: report.Repository + " #" + ui.Plain(report.Number), href: ui.Outside(report.URL)}, author: actor(report.Author),
		good: report.Good, says: report.Says, commit: ui.SHA(report.Commit), when: ui.Near(report.At, r.now).Within(), unwritten: report.Unwritten,
		failed: report.Failed,
	}
	o := report.Outcome
	if o == nil {
		return v
	}
	v.event, v.held, v.empty = mark(eventlog.Position(o.Position)), o.Held, o.Empty()
	if o.Owners != nil {
		switch {
		case o.Owners.Gone:
			v.owners = "CODEOWNERS would be gone."
		case len(o.Owners.Owners) == 0:
			v.owners = o.Owners.Path + " would be another one, and nobody own the repository as a whole."
		default:
			v.owners = o.Owners.Path + " would be another one: " + strings.Join(o.Owners.Owners, ", ") + " would own the repository as a whole."
		}
	}
	for _, one := range o.Scores {
		v.scores = append(v.scores, newCheckedScore(r.catalog, one))
	}
	for i, e := range o.Entities {
		if i == checkedMost {
			v.more = len(o.Entities) - i
			break
		}
		one := checkedEntity{entity: named(r.catalog, e.Ref), what: e.What, file: e.Path, reason: e.Reason, changes: fields(e.Changes, checkedField)}
		if one.entity.Href == "" {
			one.entity.Label = e.Title
		}
		if e.Owner != "" {
			one.owner = owner(r.catalog, e.Owner)
		}
		if e.Before != "" {
			one.ownedBy = owner(r.catalog, e.Before)
		}
		v.entities = append(v.entities, one)
	}
	for _, f := range o.Refused {
		one := checkedRefusal{entity: f.Ref, file: f.Path}
		one.problems = tryProblems(f.Problems)
		v.refused = append(v.refused, one)
	}
	for _, b := range o.Broken {
		v.broken = append(v.broken, checkedRelation{named(r.catalog, b.Entity), named(r.catalog, b.Target), b.Type})
	}
	for _, m := range o.Missing {
		v.missing = append(v.missing, checkedMissing{named(r.catalog, m.Entity), m.Place(), m.Field, m.Message})
	}
	return v
}

func newCheckedScore(c Catalog, s checks.Score) checkedScore {
	v := checkedScore{
		entity: named(c, s.Entity), card: ui.Anchor{Label: s.CardTitle, Href: named(c, s.Card).Href},
		from: checks.Standing(s.Before, s.Ladder), to: checks.Standing(s.After, s.Ladder),
	}
	v.ladder = s.Ladder && s.Before != nil && s.After != nil
	if v.ladder {
		v.before, v.after = newLevelMark(s.Before.Level), newLevelMark(s.After.Level)
	}
	switch s.Moves {
	case -1:
		v.look, v.arrow = "down", "arrow-down"
	case 1:
		v.look, v.arrow = "up", "arrow-up"
	}
	for _, rule := range s.Rules {
		one := checkedRule{title: cmp.Or(rule.Title, rule.ID), level: rule.Level, before: checkedCell(rule.Before), after: checkedCell(rule.After)}
		if rule.Fails() {
			one.message, one.fix = rule.Message, ui.Outside(rule.Fix)
		}
		v.rules = append(v.rules, one)
	}
	return v
}

// checkedCell is what a rule comes to, if it is asked at all.
func checkedCell(outcome string) cell {
	if outcome == "" {
		return cell{says: "not asked"}
	}
	return newCell(outcome, "")
}

// checkRow is a pull request that was checked, on the page of its source.
type checkRow struct {
	href  string
	name  string
	title string
	good  bool
	says  string
	wrong string // why nobody could be told, or nothing checked
	when  ui.Moment
}

// checkRows lists what was checked last of a source.
func (s *Site) checkRows(ctx context.Context, r request, source string) ([]checkRow, error) {
	if s.Checks == nil {
		return nil, nil
	}
	all, err := s.Checks.Newest(ctx, source, shownChecks)
	if err != nil {
		return nil, err
	}
	rows := make([]checkRow, len(all))
	for i, one := range all {
		rows[i] = checkRow{
			name: one.Repository + " #" + ui.Plain(one.Number), title: one.Title, good: one.Good && one.Failed == "", says: one.Says,
			wrong: cmp.Or(one.Failed, one.Unwritten), when: ui.Near(one.At, r.now),
		}
		if one.Commit != "" {
			rows[i].href = checks.PageOf(one.Source, one.Repository, one.Commit)
		}
	}
	return rows, nil
}
