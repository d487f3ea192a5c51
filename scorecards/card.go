// Package scorecards judges entities by rules. It is pure: definitions, facts and
// a moment in, results out. It knows no log, no clock and no database, so that
// the past is judged by the same code as the present.
//
// Start with [ParseCard], which makes a [Card] from an entity of kind Scorecard,
// and [Card.Evaluate], which judges a [Subject]: an entity and the facts that are
// known of it; [Card.Reevaluate] judges one once more of which some are others since, and
// [Card.Reads] tells which bear on the card. [Card.Explain] tells how the result of a rule
// came about. [Kinds] is what a catalog has to know.
//
// Rules are CEL expressions (https://cel.dev); [Variables] lists what they read.
package scorecards

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/callboard/callboard/catalog"
)

// Card is a scorecard that was checked. It never changes; many goroutines may use it.
type Card struct {
	Ref         catalog.Ref
	Title       string
	Description string
	Owner       string // full reference; empty if none is named
	Draft       bool
	Levels      []Level // from the lowest rank to the highest; none: the card counts points
	Rules       []*Rule // as written

	filter *expression // nil: all entities
}

// Level is a step of the ladder.
type Level struct {
	Name  string `json:"name"`
	Rank  int    `json:"rank"`
	Color string `json:"color,omitempty"` // "#c9a227", or empty
}

// Rule is one rule of a card.
type Rule struct {
	ID          string // its history hangs on it
	Title       string
	Description string // Markdown
	Level       string // empty on a card that counts points
	Weight      float64
	Expr        string
	Filter      string    // empty: it applies to whatever the card applies to
	Message     string    // with captures such as {{repo.defaultBranch}}
	Fix         string    // http or https link; empty if none
	From        time.Time // from when on it counts; zero = always

	card    string // full reference of its card
	rank    int
	expr    *expression
	filter  *expression
	message message
	inputs  []string // what its result depends on, apart from the filter of the card, named as Touches has it
}

// Counts reports whether the rule counts at a time: it does from [Rule.From] on.
func (r *Rule) Counts(at time.Time) bool { return !at.Before(r.From) }

// Reads reports whether a change of an input, as [Touches] has it, could bear on
// what the card says.
func (c *Card) Reads(changed string) bool {
	touches := func(input string) bool { return Touches(input, changed) }
	return c.filter != nil && slices.ContainsFunc(c.filter.reads, touches) ||
		slices.ContainsFunc(c.Rules, func(r *Rule) bool { return slices.ContainsFunc(r.inputs, touches) })
}

// Rule returns the rule with an id, or nil.
func (c *Card) Rule(id string) *Rule {
	for _, r := range c.Rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// Rank returns that of a level; 0 for the empty name, below all levels, and for
// one that the card does not have.
func (c *Card) Rank(level string) int {
	for _, l := range c.Levels {
		if l.Name == level {
			return l.Rank
		}
	}
	return 0
}

// Step is how many steps of the ladder a level is up: 0 for the empty name, below all levels. It is
// false for one that the card does not have, of which nobody can say how high it is.
func (c *Card) Step(level string) (step int, known bool) {
	i := slices.IndexFunc(c.Levels, func(l Level) bool { return l.Name == level })
	return i + 1, i >= 0 || level == ""
}

// Compare is negative if level a is lower than b, and positive if it is higher. It is false where
// nobody can say, since the card does not have both: not any more, after it was changed.
func (c *Card) Compare(a, b string) (way int, known bool) {
	x, knownA := c.Step(a)
	y, knownB := c.Step(b)
	if !knownA || !knownB {
		return 0, false
	}
	return cmp.Compare(x, y), true
}

// ParseCard makes a card from an entity of kind Scorecard. What it reports is
// what the catalog reports of the descriptor, too, so that an entity of the
// catalog with [Kinds] gives a card.
func ParseCard(e *catalog.Entity) (*Card, []catalog.Problem) {
	if problems := ofKind(e, KindScorecard); len(problems) > 0 {
		return nil, problems
	}
	c, problems := parseCard(e.Spec)
	if len(problems) > 0 {
		return nil, problems
	}
	c.Ref, c.Title, c.Description = e.Ref(), e.Title(), e.Metadata.Description
	c.Owner = fullRef(e.SpecString("owner"), "Group", e.Metadata.Namespace)
	for _, r := range c.Rules {
		r.card = c.Ref.String()
	}
	return c, nil
}

// ofKind checks that an entity is of a kind.
func ofKind(e *catalog.Entity, kind string) []catalog.Problem {
	if e.APIVersion == APIVersion && e.Kind == kind {
		return nil
	}
	return []catalog.Problem{{Path: "kind", Message: fmt.Sprintf("must be %s of %s, found %s of %s", kind, APIVersion, e.Kind, e.APIVersion)}}
}

// fullRef completes a reference; empty if it cannot be read.
func fullRef(s, kind, namespace string) string {
	r, err := catalog.ParseRef(s, catalog.Ref{Kind: kind, Namespace: namespace})
	if s == "" || err != nil {
		return ""
	}
	return r.String()
}

// writtenCard is the spec of a card.
type writtenCard struct {
	Draft  bool          `json:"draft"`
	Filter string        `json:"filter"`
	Levels []Level       `json:"levels"`
	Rules  []writtenRule `json:"rules"`
}

type writtenRule struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Level       string   `json:"level"`
	Weight      *float64 `json:"weight"`
	Expr        string   `json:"expr"`
	Filter      string   `json:"filter"`
	Message     string   `json:"message"`
	Fix         string   `json:"fix"`
	From        string   `json:"from"`
}

// problems gathers what is wrong in a spec.
type problems struct {
	form  []catalog.Problem // what the schema says: of these values nothing more is said
	found []catalog.Problem
}

// check begins with what the schema of a kind says.
func check(kind string, spec map[string]any) *problems {
	if spec == nil {
		spec = map[string]any{}
	}
	return &problems{form: specSchemas()[kind].Check(kind, spec)}
}

// all are the problems, in no order.
func (p *problems) all() []catalog.Problem { return slices.Concat(p.form, p.found) }

// malformed reports whether the schema says something of a value, or of something in it:
// nothing follows from it then.
func (p *problems) malformed(path string) bool {
	return slices.ContainsFunc(p.form, func(f catalog.Problem) bool { return within(f.Path, path) })
}

// refused reports whether the schema says something of a value itself, or of what it is in.
func (p *problems) refused(path string) bool {
	return slices.ContainsFunc(p.form, func(f catalog.Problem) bool { return within(path, f.Path) })
}

func (p *problems) add(path, format string, args ...any) {
	if !p.malformed(path) && !p.refused(path) {
		p.found = append(p.found, catalog.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
}

// line reports a line in which a character is hidden.
func (p *problems) line(path, text string) {
	if wrong := catalog.HiddenIn(text); wrong != "" {
		p.add(path, "%s", wrong)
	}
}

// compile reports an expression that is wrong. An empty one is none.
func (p *problems) compile(path, text string, want *cel.Type) *expression {
	if text == "" || p.refused(path) {
		return nil
	}
	e, err := compile(text, want)
	if err != nil {
		p.add(path, "is no expression that can be used: %v", err)
	}
	return e
}

// date reads a day as its first moment in UTC.
func (p *problems) date(path, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		p.add(path, "must be a date such as 2026-03-12, found %q", text)
	}
	return t
}

// read fills a struct from a spec. A value that the schema refused may be of another type:
// then it is as if it was not there.
func (p *problems) read(spec map[string]any, into any) {
	b, err := json.Marshal(spec)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil && len(p.form) == 0 { // the schema and the struct say different things
		panic(fmt.Sprintf("scorecards: %v", err))
	}
}

func parseCard(spec map[string]any) (*Card, []catalog.Problem) {
	p := check(KindScorecard, spec)
	var w writtenCard
	p.read(spec, &w)
	if p.refused("spec.levels") { // there may be any number
		w.Levels = nil
	}
	if p.refused("spec.rules") {
		w.Rules = nil
	}
	c := &Card{Draft: w.Draft, Levels: w.Levels}
	c.filter = p.compile("spec.filter", w.Filter, cel.BoolType)
	for i, l := range w.Levels {
		path := catalog.IndexPath("spec.levels", i)
		p.line(path+".name", l.Name)
		if slices.ContainsFunc(w.Levels[:i], func(o Level) bool { return o.Name == l.Name }) {
			p.add(path+".name", "%q is the name of another level", l.Name)
		}
		if slices.ContainsFunc(w.Levels[:i], func(o Level) bool { return o.Rank == l.Rank }) {
			p.add(path+".rank", "%d is the rank of another level", l.Rank)
		}
	}
	ids := map[string]bool{}
	for i, wr := range w.Rules {
		path := catalog.IndexPath("spec.rules", i)
		if ids[wr.ID] {
			p.add(path+".id", "%q is the id of another rule", wr.ID)
		}
		ids[wr.ID] = true
		c.Rules = append(c.Rules, c.parseRule(path, wr, p))
	}
	c.Levels = slices.SortedFunc(slices.Values(w.Levels), func(a, b Level) int { return cmp.Compare(a.Rank, b.Rank) })
	return c, p.all()
}

func (c *Card) parseRule(path string, w writtenRule, p *problems) *Rule {
	r := &Rule{
		ID: w.ID, Title: w.Title, Description: w.Description, Level: w.Level, Weight: 1, Expr: w.Expr, Filter: w.Filter,
		Message: w.Message, Fix: w.Fix, rank: c.Rank(w.Level),
	}
	if w.Weight != nil {
		r.Weight = *w.Weight
	}
	switch {
	case p.malformed("spec.levels"): // what there is to choose from is not known
	case len(c.Levels) == 0 && w.Level != "":
		p.add(path+".level", "must not be there, since the card has no levels; list them under spec.levels")
	case len(c.Levels) > 0 && w.Level == "":
		p.add(path+".level", "is missing; write one of %s", c.levelNames())
	case w.Level != "" && r.rank == 0:
		p.add(path+".level", "must be one of %s, found %q", c.levelNames(), w.Level)
	}
	p.line(path+".title", w.Title)
	r.From = p.date(path+".from", w.From)
	r.expr = p.compile(path+".expr", w.Expr, cel.BoolType)
	r.filter = p.compile(path+".filter", w.Filter, cel.BoolType)
	r.message = p.message(path+".message", w.Message)
	for _, e := range append(r.message.captures(), r.expr, r.filter) {
		if e != nil {
			r.inputs = append(r.inputs, e.reads...)
		}
	}
	slices.Sort(r.inputs)
	r.inputs = slices.Compact(r.inputs)
	return r
}

func (c *Card) levelNames() string {
	var names []string
	for _, l := range c.Levels {
		if !slices.Contains(names, l.Name) {
			names = append(names, l.Name)
		}
	}
	return strings.Join(names, ", ")
}

// PassesBy reports whether the card does not judge an entity for certain. Where that takes
// more than the descriptor, it is not known here.
func (c *Card) PassesBy(e *catalog.Entity, now time.Time) bool {
	if c.filter == nil {
		return false
	}
	for _, input := range c.filter.reads {
		if !within(input, "entity") {
			return false
		}
	}
	return judge(c.filter, newView(&Subject{Entity: e}, now)).Outcome == Fail
}
