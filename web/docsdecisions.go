package web

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/techdocs"
	"github.com/callboard/callboard/web/ui"
)

// docsDecisionsAt is where a site lists its decision records; a page that has the address wins.
const docsDecisionsAt = "-/decisions"

const fieldState = "state"

// noState is chosen for the records that do not say how they stand.
const noState = "none"

// docsDecisions are the decision records of a site.
type docsDecisions struct {
	views   []ui.View
	rows    []docsDecision
	folders bool // they are in several, which are said
	dated   bool // any of them says when
}

// docsDecision is a decision record.
type docsDecision struct {
	number string
	page   ui.Anchor
	state  string // as people read it; "" if it says none
	look   string
	icon   string
	date   ui.Moment
	by     *ui.Anchor // what took its place, if it names it; without an address if that is not there
	folder string
}

// docsDecisionList answers with the decision records of a site.
func docsDecisionList(r request, d docsReader) answer {
	all := d.site.Decisions()
	chosen := r.self.query.Get(fieldState)
	v := docsDecisions{views: []ui.View{{Label: "All", Href: r.self.drop(fieldState).String(), Count: ui.Number(len(all)), On: chosen == ""}}}
	count, folders := map[string]int{}, map[string]bool{}
	for _, one := range all {
		folders[path.Dir(one.Path)] = true
		state := cmp.Or(one.State(), noState)
		count[state]++
		if chosen == "" || chosen == state {
			row := newDocsDecision(d, all, one)
			v.rows, v.dated = append(v.rows, row), v.dated || row.date.Text != ""
		}
	}
	v.folders = len(folders) > 1
	for _, state := range decisionStates(count) {
		v.views = append(v.views, ui.View{Label: stateWord(state), Href: r.self.set(fieldState, state).String(), Count: ui.Number(count[state]), On: chosen == state})
	}
	frame := newDocsFrame(r, d, nil)
	frame.crumbs = append(frame.crumbs, ui.Anchor{Label: "Decisions"})
	return answer{title: "Decisions · " + d.published.Site, styles: docsStyles(), body: docsDecisionsPage(frame, v)}
}

// decisionStates sorts states by the life of a record, and then what is none of its states.
func decisionStates(count map[string]int) (all []string) {
	for state := range count {
		all = append(all, state)
	}
	life := []string{"draft", "proposed", "accepted", "rejected", "deprecated", "superseded"}
	rank := func(state string) int {
		switch i := slices.Index(life, state); {
		case state == noState:
			return len(life) + 1
		case i < 0:
			return len(life)
		default:
			return i
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b)) })
	return all
}

func stateWord(state string) string {
	if state == "" || state == noState {
		return "No state"
	}
	return ui.Shorten(strings.ToUpper(state[:1])+state[1:], 40)
}

// numbered is what titles of records begin with besides, as in "ADR 4: Use Go".
var numbered = regexp.MustCompile(`(?i)^(?:adr[- ]?)?0*(\d+)[.:)]?[ \t]+(?:[-–—:][ \t]+)?`)

func newDocsDecision(d docsReader, all []techdocs.Decision, one techdocs.Decision) docsDecision {
	title := one.Title
	if p := d.site.Page(one.Path); p != nil {
		title = cmp.Or(p.Content.Title, title) // without marks
	}
	if m := numbered.FindStringSubmatch(title); m != nil && m[1] == strings.TrimLeft(one.Number, "0") {
		title = cmp.Or(title[len(m[0]):], title)
	}
	row := docsDecision{number: one.Number, page: ui.Anchor{Label: title, Href: d.href(one.Path)}, folder: path.Dir(one.Path)}
	if one.Status != "" {
		row.state = stateWord(one.State())
	}
	row.look, row.icon = stateLook(one.State())
	if at, err := time.Parse(time.DateOnly, one.Date); err == nil {
		row.date = ui.Day(at)
	}
	if number := one.SupersededBy(); number != "" {
		row.by = &ui.Anchor{Label: number}
		for _, other := range all {
			if other.Number == number && (row.by.Href == "" || path.Dir(other.Path) == row.folder) {
				row.by.Href = d.href(other.Path)
			}
		}
	}
	return row
}

// docsDecisionOf is what the record says that is a page.
func docsDecisionOf(d docsReader, page *techdocs.Page) *docsDecision {
	all := d.site.Decisions()
	i := slices.IndexFunc(all, func(one techdocs.Decision) bool { return one.Path == page.Path })
	row := newDocsDecision(d, all, all[i])
	return &row
}

func stateLook(state string) (look, icon string) {
	switch state {
	case "accepted":
		return "good", "check-circle"
	case "proposed":
		return "info", "question"
	case "draft":
		return "", "edit"
	case "rejected":
		return "bad", "x-circle"
	case "deprecated":
		return "warn", "minus"
	case "superseded":
		return "warn", "swap"
	}
	return "", ""
}
