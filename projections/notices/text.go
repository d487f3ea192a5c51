package notices

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/scorecards"
)

// shownFalls is how many entities of a drop are named one by one.
const shownFalls = 12

// Words are a notice in words. Each way out draws them in its own manner.
type Words struct {
	Headline string `json:"headline"` // one sentence, without a full stop
	Href     string `json:"href"`     // where the portal tells more: a path
	Lines    []Line `json:"lines,omitempty"`
}

// Line is a line below the headline; Name, if it has one, leads to Href.
type Line struct {
	Name string `json:"name,omitempty"`
	Href string `json:"href,omitempty"` // a path
	Text string `json:"text,omitempty"`
	// Who did it, and in which commit; empty if nobody did, or Text says who.
	Who       string `json:"who,omitempty"`
	Commit    string `json:"commit,omitempty"`
	CommitURL string `json:"commitUrl,omitempty"`
	// Mark is what the line is of, for a page that draws it with marks of its own.
	Mark Mark `json:"-"`
}

// Mark is a line of a drop in parts; it is zero on lines that are words only.
type Mark struct {
	Entity   string // full ref of what fell; empty on a line that is about all that did
	From, To string // levels
	Says     string // why, unless a line says it of all
	Actor    event.Actor
	Cause    event.Cause
	Position eventlog.Position // of the event, unless there are several
}

// Text puts a notice into words.
func Text(n Notice) Words {
	w := Words{Href: "/notices"}
	switch n.Kind {
	case Drop:
		return drop(n)
	case Opened:
		w.Headline = fmt.Sprintf("A new initiative asks for %s by %s: %s", n.goal(), projections.Date(n.Until), n.Title)
		if n.Until == "" {
			w.Headline = fmt.Sprintf("A new initiative asks for %s: %s", n.goal(), n.Title)
		}
		if n.Changed {
			w.Headline = fmt.Sprintf("The initiative “%s” has changed: %s by %s", n.Title, n.goal(), projections.Date(n.Until))
		}
		says := "Opened"
		switch {
		case n.Changed:
			says = n.changes()
		case n.Mended:
			says = "It can be measured now"
		}
		w.Href = below("/initiatives/", n.About)
		if l := n.by(says); l.Who != "" || l.Commit != "" || n.Changed {
			w.Lines = append(w.Lines, l)
		}
	case Reminder:
		when := days(n.Days) + " until the initiative “" + n.Title + "” ends"
		if n.Days == 0 {
			when = "The last day of the initiative “" + n.Title + "” has come"
		}
		w.Headline = fmt.Sprintf("%s: %s by %s", when, n.goal(), projections.Date(n.Until))
		w.Href = below("/initiatives/", n.About)
	case Requested:
		return requested(n)
	case Decided:
		return decided(n)
	case Expiring:
		w.Headline = "The exemption of " + Called(n.Entity) + " from " + n.rules() + " ends in " + strings.ToLower(days(n.Days)) + ", after " + projections.Date(n.Until)
		w.Href = below("/exemptions/", n.About)
		w.Lines = append(w.Lines, n.reason()...)
	case Expired:
		w.Headline = "The exemption of " + Called(n.Entity) + " from " + n.rules() + " has ended"
		w.Href = scores(n.Entity)
		w.Lines = append(w.Lines, n.reason()...)
	}
	w.Lines = slices.DeleteFunc(w.Lines, func(l Line) bool { return l == Line{} })
	return w
}

// requested says what waits for a decision.
func requested(n Notice) Words {
	if len(n.Requests) != 1 {
		w := n.several("wait for a decision", "&status=requested")
		for _, r := range n.Requests[:min(len(n.Requests), shownFalls)] {
			w.Lines = append(w.Lines, Line{Name: Called(r.Entity), Href: below("/exemptions/", r.Exemption), Text: "from " + r.from() + colon(r.Reason), Who: Called(r.By)})
		}
		return w.more(len(n.Requests))
	}
	w := Words{Headline: "An exemption of " + Called(n.Entity) + " from " + n.rules() + " waits for a decision", Href: below("/exemptions/", n.About)}
	w.Lines = n.reason()
	return w
}

// decided says what became of what was asked for.
func decided(n Notice) Words {
	if len(n.Requests) != 1 {
		how := n.Requests[0].Decision
		if slices.ContainsFunc(n.Requests, func(r Request) bool { return r.Decision != how }) {
			how = "decided"
		}
		w := n.several("were "+how, "")
		for _, r := range n.Requests[:min(len(n.Requests), shownFalls)] {
			w.Lines = append(w.Lines, Line{Name: Called(r.Entity), Href: below("/exemptions/", r.Exemption), Text: "from " + r.from() + ": " + r.outcome() + colon(r.Note), Who: r.who()})
		}
		return w.more(len(n.Requests))
	}
	r := n.Requests[0]
	w := Words{Headline: "The exemption of " + Called(n.Entity) + " from " + n.rules() + " was " + r.outcome(), Href: below("/exemptions/", n.About)}
	if who := r.who(); who != "" {
		w.Lines = append(w.Lines, Line{Text: "Decided by " + who})
	}
	if r.Note != "" {
		w.Lines = append(w.Lines, Line{Text: "Note: " + r.Note})
	}
	if r.By != "" {
		w.Lines = append(w.Lines, Line{Text: "Asked for by " + Called(r.By)})
	}
	return w
}

// several begins the words of a notice of several requests.
func (n Notice) several(what, filter string) Words {
	return Words{Headline: fmt.Sprintf("%d exemptions from rules of %s %s", len(n.Requests), n.card(), what), Href: "/exemptions?scorecard=" + url.QueryEscape(n.Card) + filter}
}

// more says how many lines are left out.
func (w Words) more(of int) Words {
	if left := of - shownFalls; left > 0 {
		w.Lines = append(w.Lines, Line{Text: fmt.Sprintf("and %d more", left)})
	}
	return w
}

// from names the rules of a request.
func (r Request) from() string {
	if len(r.RuleTitles) == 0 {
		return "all rules"
	}
	return "“" + strings.Join(r.RuleTitles, "”, “") + "”"
}

// outcome is what was decided, with the last day of what was granted.
func (r Request) outcome() string {
	if r.Decision == Granted && r.Until != "" {
		return r.Decision + " until " + projections.Date(r.Until)
	}
	return r.Decision
}

// who decided.
func (r Request) who() string {
	if r.DecidedBy != "" {
		return Called(r.DecidedBy)
	}
	return r.Actor.String()
}

func colon(says string) string {
	if says == "" {
		return ""
	}
	return ": " + says
}

// changes says what is another about an initiative than was told.
func (n Notice) changes() string {
	if n.Was == nil {
		return "Changed"
	}
	was, is := *n.Was, n.Says.goal()
	asks := func(g Goal) string {
		return Notice{Card: n.Card, Says: Says{CardTitle: g.CardTitle, Level: g.Level, RuleTitles: g.RuleTitles}}.goal()
	}
	starts := func(day string) string {
		if day == "" {
			return "at once"
		}
		return projections.Date(day)
	}
	var all []string
	add := func(what, before, after string) {
		if before != after {
			all = append(all, what+before+" → "+after)
		}
	}
	add("Title: ", was.Title, is.Title)
	if was.CardTitle == is.CardTitle && was.Level != "" && is.Level != "" {
		add("Asks for: ", was.Level, is.Level)
	} else {
		add("Asks for: ", asks(was), asks(is))
	}
	add("Start: ", starts(was.Start), starts(is.Start))
	add("Last day: ", projections.Date(was.Until), projections.Date(is.Until))
	if len(all) == 0 {
		return "It asks what it did before"
	}
	return strings.Join(all, "; ")
}

func drop(n Notice) Words {
	first := n.Falls[0]
	w := Words{Href: scores(first.Entity)}
	if len(n.Falls) == 1 {
		w.Headline = fmt.Sprintf("%s fell from %s to %s on %s", Called(first.Entity), level(first.From), level(first.To), n.card())
		l := first.line()
		l.Mark.Position = first.Position
		w.Lines = append(w.Lines, l)
		return w
	}
	to := " fell"
	if !slices.ContainsFunc(n.Falls, func(f Fall) bool { return f.To != first.To }) {
		to = " fell to " + level(first.To)
	}
	w.Headline = fmt.Sprintf("%d %s%s on %s", len(n.Falls), noun(n.Falls), to, n.card())
	w.Href = below("/scorecards/", n.Card)
	same := !slices.ContainsFunc(n.Falls, func(f Fall) bool { return f.line() != first.line() })
	if same { // a rule of the card, most often: it is said once
		w.Lines = append(w.Lines, first.line())
	}
	for _, f := range n.Falls[:min(len(n.Falls), shownFalls)] {
		var l Line
		if !same {
			l = f.line()
		}
		l.Name, l.Href = Called(f.Entity), scores(f.Entity)
		l.Text = strings.TrimSuffix("from "+level(f.From)+" to "+level(f.To)+": "+l.Text, ": ")
		l.Mark.Entity, l.Mark.From, l.Mark.To, l.Mark.Position = f.Entity, f.From, f.To, f.Position
		w.Lines = append(w.Lines, l)
	}
	return w.more(len(n.Falls))
}

// line says why an entity fell.
func (f Fall) line() Line {
	l := by(f.Said(), f.Actor, f.Cause)
	l.Mark = Mark{Says: l.Text, Actor: f.Actor, Cause: f.Cause}
	if f.revoked() {
		l.Who = ""
	}
	return l
}

// revoked reports whether why an entity fell says already who did it: all of it is due to what
// somebody revoked, or that was the same person.
func (f Fall) revoked() bool {
	by := func(r Rule) bool { return r.Lapse != nil && r.Lapse.How == Revoked && r.Lapse.By != "" }
	same := func(r Rule) bool { return by(r) && Called(r.Lapse.By) == f.Actor.String() }
	return len(f.Rules) > 0 && !slices.ContainsFunc(f.Rules, func(r Rule) bool { return !by(r) }) || slices.ContainsFunc(f.Rules, same)
}

// noun is what to call several entities: components, if all are.
func noun(falls []Fall) string {
	kind, _, _ := strings.Cut(falls[0].Entity, ":")
	for _, f := range falls {
		if k, _, _ := strings.Cut(f.Entity, ":"); k != kind {
			return "entities"
		}
	}
	switch kind {
	case "component":
		return "components"
	case "api":
		return "APIs"
	case "resource":
		return "resources"
	case "system":
		return "systems"
	}
	return "entities"
}

// Said is why an entity fell, in words.
func (f Fall) Said() string {
	var all []string
	for _, r := range f.Rules {
		says := cmp.Or(r.Title, r.ID)
		switch {
		case r.New && r.Message != "":
			says = "“" + says + "” counts now (" + r.Message + ")"
		case r.New:
			says = "“" + says + "” counts now"
		case r.Message != "":
			says = "“" + says + "” fails (" + r.Message + ")"
		default:
			says = "“" + says + "” fails"
		}
		if r.Earlier != nil {
			says += r.Earlier.says()
		}
		all = append(all, says)
	}
	return strings.Join(append(all, f.lapses()...), "; ")
}

// says names whom a rule that fails already is due to, after what it says.
func (e Earlier) says() string {
	says := " since before"
	if who := e.Actor.String(); who != "" {
		says += " by " + who
	}
	if sha := e.Cause.Commit; sha != "" {
		says += " in " + sha[:min(len(sha), 8)]
	}
	return says
}

// lapses says of each exemption that is one no more what became of it.
func (f Fall) lapses() (all []string) {
	of := map[Lapse][]string{} // titles of rules
	var found []Lapse
	for _, r := range f.Rules {
		if r.Lapse == nil {
			continue
		}
		if of[*r.Lapse] == nil {
			found = append(found, *r.Lapse)
		}
		of[*r.Lapse] = append(of[*r.Lapse], cmp.Or(r.Title, r.ID))
	}
	for _, l := range found {
		what := "the exemption from “" + strings.Join(of[l], "”, “") + "”"
		if len(f.Rules) == 1 {
			what = "its exemption"
		}
		all = append(all, what+l.ended())
	}
	return all
}

// ended says what became of an exemption, after what it is called.
func (l Lapse) ended() string {
	switch {
	case l.How == Lapsed:
		return " ended after " + projections.Date(l.Until)
	case l.How != Revoked:
		return " holds no more"
	}
	says := " was revoked"
	if l.Until != "" {
		says = " until " + projections.Date(l.Until) + says
	}
	if l.By != "" {
		says += " by " + Called(l.By)
	}
	return says
}

func by(says string, a event.Actor, c event.Cause) Line {
	return Line{Text: says, Who: a.String(), Commit: c.Commit, CommitURL: c.CommitURL}
}

func (n Notice) by(says string) Line { return by(says, n.Actor, n.Cause) }

func (n Notice) reason() (all []Line) {
	if n.Reason != "" {
		all = append(all, Line{Text: "Reason: " + n.Reason})
	}
	if n.By != "" {
		all = append(all, Line{Text: "Asked for by " + Called(n.By)})
	}
	return all
}

func (n Notice) card() string {
	if n.CardTitle != "" {
		return n.CardTitle
	}
	return Called(n.Card)
}

func (n Notice) goal() string {
	if n.Level != "" {
		return n.Level + " on " + n.card()
	}
	return n.rules()
}

// rules names what an exemption or initiative is about.
func (n Notice) rules() string {
	if len(n.RuleTitles) == 0 {
		return n.card()
	}
	return "“" + strings.Join(n.RuleTitles, "”, “") + "” of " + n.card()
}

// level is the name of a level; the empty one is below all.
func level(name string) string {
	if name == "" {
		return "no level"
	}
	return name
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// Called is what to call an entity in a sentence: its name, with the namespace unless that
// is the usual one.
func Called(ref string) string {
	r, err := catalog.ParseRef(ref, catalog.Ref{})
	if err != nil || r.Kind == "" {
		return ref
	}
	if r.Namespace != "" && r.Namespace != catalog.DefaultNamespace {
		return r.Namespace + "/" + r.Name
	}
	return r.Name
}

// entity is the path of an entity's page.
func entity(ref string) string {
	r, err := catalog.ParseRef(ref, catalog.Ref{})
	if err != nil || r.Kind == "" {
		return "/notices"
	}
	return "/catalog/" + r.Namespace + "/" + r.Kind + "/" + r.Name
}

// below is the path of what has a page of its own by its name: a scorecard, an exemption
// or an initiative.
func below(pages, ref string) string {
	r, err := catalog.ParseRef(ref, catalog.Ref{})
	if err != nil || r.Kind == "" {
		return "/notices"
	}
	return pages + url.PathEscape(scorecards.NameOf(r))
}

// scores is the path of how an entity stands on scorecards.
func scores(ref string) string { return entity(ref) + "/scorecards" }

// Dated puts a notice into words for those who see them when they come: of what is long past
// they say when it was.
func Dated(n Notice) Words {
	w := Text(n)
	if n.Past() {
		w.Lines = append([]Line{{Text: "This was on " + written(n.Time)}}, w.Lines...)
	}
	return w
}

// written is the day of a moment.
func written(t time.Time) string { return t.UTC().Format("2 January 2006") }

// Digest are notices of a day that were too many to be sent one by one.
func Digest(all []Notice) Words {
	one := "notices"
	if len(all) == 1 {
		one = "notice"
	}
	w := Words{Headline: fmt.Sprintf("and %d more %s of %s", len(all), one, written(all[0].Ripe)), Href: "/notices"}
	for _, n := range all[:min(len(all), 3*shownFalls)] {
		t := Text(n)
		l := Line{Name: t.Headline, Href: t.Href}
		if n.Past() {
			l.Text = "on " + written(n.Time)
		}
		w.Lines = append(w.Lines, l)
	}
	if left := len(all) - 3*shownFalls; left > 0 {
		w.Lines = append(w.Lines, Line{Text: fmt.Sprintf("%d more are in the portal", left)})
	}
	return w
}

// Test is what a channel is sent to see whether it is taken.
func Test(channel string, at time.Time) Words {
	return Words{
		Headline: "A test of the channel " + channel, Href: "/notices",
		Lines: []Line{{Text: "Somebody asked for it at " + at.UTC().Format("15:04:05 on 2 January 2006") + " (UTC). Notices come this way."}},
	}
}
