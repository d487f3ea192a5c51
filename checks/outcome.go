package checks

import (
	"cmp"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// Outcome is what a change would do.
type Outcome struct {
	Source     string    `json:"source"`
	Repository string    `json:"repository"`       // full name
	Commit     string    `json:"commit,omitempty"` // that would bring it; empty if nobody named one
	Position   uint64    `json:"position"`         // of the log, as of which it was judged
	At         time.Time `json:"at"`               // at which it was judged

	Entities []Entity    `json:"entities"` // that would come, change or go
	Refused  []Refused   `json:"refused"`  // descriptors that would be
	Owners   *Codeowners `json:"codeowners,omitempty"`
	Broken   []Relation  `json:"broken"`  // relations whose other end would not be there
	Missing  []Missing   `json:"missing"` // what scorecards, exemptions and initiatives would name in vain
	Scores   []Score     `json:"scores"`  // that would change
	// Held says why a person would have to allow it; empty if nobody would.
	Held string `json:"held,omitempty"`
}

// What would become of an entity.
const (
	Registered = "registered"
	Changed    = "changed"
	Removed    = "removed"
)

// Entity is one that would come, change or go.
type Entity struct {
	Ref     string           `json:"ref"`
	Title   string           `json:"title"`
	What    string           `json:"what"` // "registered", "changed" or "removed"
	Path    string           `json:"path"` // of its file
	Line    int              `json:"line,omitempty"`
	Reason  string           `json:"reason,omitempty"` // why it would go, for people
	Changes []catalog.Change `json:"changes,omitempty"`
	Owner   string           `json:"owner,omitempty"`   // full ref
	Before  string           `json:"ownedBy,omitempty"` // who has it now, if that is another
	NoOwner bool             `json:"noOwner,omitempty"` // the owner is not in the catalog
	Moved   string           `json:"movedIn,omitempty"` // path of the file that it would leave
	Mended  bool             `json:"mended,omitempty"`  // its descriptor is refused now
}

// Refused is a descriptor that could not be used.
type Refused struct {
	Ref      string          `json:"ref,omitempty"` // empty: the file as a whole
	Path     string          `json:"path"`
	With     string          `json:"with,omitempty"` // the file that has the name already
	Problems []event.Problem `json:"problems"`
}

// Codeowners is a CODEOWNERS file that would be another one.
type Codeowners struct {
	Path   string   `json:"path"`
	Gone   bool     `json:"gone,omitempty"`
	Owners []string `json:"owners,omitempty"` // of the repository as a whole
}

// Relation is one whose other end would not be there.
type Relation struct {
	Entity string `json:"entity"` // that has it
	Type   string `json:"type"`
	Target string `json:"target"`
}

// Score is how an entity would stand otherwise on a scorecard.
type Score struct {
	Card      string       `json:"card"` // full ref
	CardTitle string       `json:"cardTitle"`
	Entity    string       `json:"entity"`
	Ladder    bool         `json:"ladder"`           // the card has levels; else it counts points
	Before    *event.Score `json:"before,omitempty"` // nil: it is not judged
	After     *event.Score `json:"after,omitempty"`  // nil: it would not be
	Moves     int          `json:"moves"`            // -1: it would fall, 1: it would rise, 0: neither
	Rules     []Rule       `json:"rules"`            // that would come to something else
}

// Rule is one that would come to something else.
type Rule struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Level   string `json:"level,omitempty"`
	Before  string `json:"before,omitempty"` // outcome; empty if there is none
	After   string `json:"after,omitempty"`
	Message string `json:"message,omitempty"`
	Fix     string `json:"fix,omitempty"` // link
}

// Fails reports whether a rule would not pass any more.
func (r Rule) Fails() bool {
	return r.After == string(scorecards.Fail) || r.After == string(scorecards.Unknown) || r.After == string(scorecards.Error)
}

// Fallen lists the scores that would fall.
func (o *Outcome) Fallen() []Score {
	return slices.Collect(func(yield func(Score) bool) {
		for _, s := range o.Scores {
			if s.Moves < 0 && !yield(s) {
				return
			}
		}
	})
}

// Empty reports whether nothing would change.
func (o *Outcome) Empty() bool {
	return len(o.Entities)+len(o.Refused)+len(o.Broken)+len(o.Missing)+len(o.Scores) == 0 && o.Owners == nil
}

// What a check fails on.
const (
	OnDrop   = "drop"   // a score that falls, or a descriptor that is refused
	OnReject = "reject" // a descriptor that is refused
	Never    = "never"
)

// FailsOn lists what a check may fail on.
func FailsOn() []string { return []string{OnDrop, OnReject, Never} }

// Fails reports whether the change is not to be merged, by what a check fails on; empty is
// [OnDrop].
func (o *Outcome) Fails(on string) bool {
	switch cmp.Or(on, OnDrop) {
	case Never:
		return false
	case OnReject:
		return len(o.Refused) > 0
	default:
		return len(o.Refused) > 0 || len(o.Fallen()) > 0
	}
}

// builder makes an outcome of events.
type builder struct {
	Outcome
	before   map[string]event.Declaration
	snapshot *entities.Snapshot
	kinds    catalog.Kinds
	after    map[string]*catalog.Entity   // of what changes; nil: it is gone
	declared map[string]event.Declaration // of what comes or changes, by ref
}

func (b *builder) take(e event.Event) error {
	data, err := e.Decode()
	if err != nil {
		return err
	}
	switch d := data.(type) {
	case event.EntityRegistered:
		b.declare(Registered, d.Declaration)
	case event.EntityChanged:
		b.declare(Changed, d.Declaration)
	case event.EntityRemoved:
		was, known := b.before[d.Ref]
		if !known || was.Origin.Source != d.Origin.Source || was.Origin.RepositoryID != d.Origin.RepositoryID || was.Origin.Path != d.Origin.Path {
			return nil // what was refused is not any more
		}
		b.after[d.Ref] = nil
		b.Entities = append(b.Entities, Entity{Ref: d.Ref, Title: was.Entity.Title(), What: Removed, Path: d.Origin.Path, Line: was.Origin.Line, Reason: d.Reason, Before: b.ownerOf(&was.Entity)})
	case event.EntityRejected:
		b.refuse(d, "")
	case event.EntityConflicted:
		b.refuse(d.EntityRejected, d.With.Place())
	case event.FactRecorded:
		if d.Fact == event.FactCodeowners {
			return b.owners(d)
		}
	}
	return nil
}

func (b *builder) declare(what string, d event.Declaration) {
	now := d.Entity
	ref := now.Ref().String()
	one := Entity{Ref: ref, Title: now.Title(), What: what, Path: d.Origin.Path, Line: d.Origin.Line, Owner: b.ownerOf(&now)}
	if was, known := b.before[ref]; known && what == Changed {
		one.Changes = catalog.Diff(&was.Entity, &now)
		if owner := b.ownerOf(&was.Entity); owner != one.Owner {
			one.Before = owner
		}
		if was.Origin.Path != d.Origin.Path {
			one.Moved = was.Origin.Path
		}
		if entry, ok := b.snapshot.Get(ref); ok {
			one.Mended = entry.Rejection != nil
		}
	}
	b.after[ref], b.declared[ref] = &now, d
	b.Entities = append(b.Entities, one)
}

func (b *builder) refuse(d event.EntityRejected, with string) {
	b.Refused = append(b.Refused, Refused{Ref: d.Ref, Path: d.Origin.Path, With: with, Problems: d.Problems})
}

func (b *builder) owners(d event.FactRecorded) error {
	var found codeowners.Found
	if len(d.Value) == 0 || string(d.Value) == "null" {
		b.Owners = &Codeowners{Path: "CODEOWNERS", Gone: true}
		return nil
	}
	if err := json.Unmarshal(d.Value, &found); err != nil {
		return err
	}
	b.Owners = &Codeowners{Path: path.Clean(found.Path), Owners: found.OwnersOfFolder("")}
	return nil
}

// ownerOf is who owns an entity by what it says; empty if it does not.
func (b *builder) ownerOf(e *catalog.Entity) string {
	for _, edge := range b.kinds.Edges(e) {
		if edge.Type == "ownedBy" && edge.From == e.Ref() {
			return edge.To.String()
		}
	}
	return ""
}

// exists reports whether an entity would be there.
func (b *builder) exists(ref string) bool { return b.wouldBe(ref) != nil }

// edges are the relations that an entity would declare, but for those that [builder.astray]
// tells of.
func (b *builder) edges(ref string) []catalog.Edge {
	e := b.wouldBe(ref)
	if e == nil {
		return nil
	}
	var all []catalog.Edge
	for _, edge := range b.kinds.Edges(e) {
		if edge.From.String() == ref && !names(e, edge.Type) {
			all = append(all, edge)
		}
	}
	return all
}

// relate finds the relations whose other end would be missing because of the change: those
// of others to what goes, and those that are new.
func (b *builder) relate() {
	broken := map[Relation]bool{}
	for i := range b.Entities {
		one := &b.Entities[i]
		one.NoOwner = one.Owner != "" && !b.exists(one.Owner)
		was := map[Relation]bool{}
		if d, known := b.before[one.Ref]; known {
			for _, edge := range b.kinds.Edges(&d.Entity) {
				was[relation(edge)] = true
			}
		}
		for _, edge := range b.edges(one.Ref) {
			if r := relation(edge); !was[r] && !b.exists(r.Target) {
				broken[r] = true
			}
		}
		if entry, ok := b.snapshot.Get(one.Ref); ok && one.What == Removed && !b.exists(one.Ref) {
			for _, near := range entry.Relations {
				for _, edge := range b.edges(near.TargetRef) {
					if r := relation(edge); r.Target == one.Ref {
						broken[r] = true
					}
				}
			}
		}
	}
	b.Broken = append(b.Broken, slices.SortedFunc(maps.Keys(broken), func(x, y Relation) int {
		return cmp.Or(strings.Compare(x.Entity, y.Entity), strings.Compare(x.Type, y.Type), strings.Compare(x.Target, y.Target))
	})...)
}

func relation(e catalog.Edge) Relation {
	return Relation{Entity: e.From.String(), Type: e.Type, Target: e.To.String()}
}

// scoresOf adds up the transitions of each entity and card: what of them is still so at the
// end.
func scoresOf(all []scorer.Foreseen) []Score {
	type key struct{ card, entity string }
	byKey := map[key]*Score{}
	cards := map[string]*scorecards.Card{}
	var order []key
	for _, f := range all {
		k := key{f.ScoreChanged.Card, f.Entity}
		s := byKey[k]
		if s == nil {
			s = &Score{Card: k.card, Entity: k.entity, Before: f.Before}
			byKey[k] = s
			order = append(order, k)
		}
		s.CardTitle, s.After, cards[k.card] = f.Title, f.After, f.Card
		for _, r := range f.Rules {
			s.rule(r)
		}
	}
	var scores []Score
	for _, k := range order {
		s := byKey[k]
		s.Rules = slices.DeleteFunc(s.Rules, func(r Rule) bool { return r.Before == r.After })
		if len(s.Rules) == 0 && same(s.Before, s.After) {
			continue
		}
		s.settle(cards[k.card])
		scores = append(scores, *s)
	}
	slices.SortStableFunc(scores, func(a, b Score) int {
		return cmp.Or(cmp.Compare(a.Moves, b.Moves), cmp.Compare(ladderFirst(a), ladderFirst(b)), strings.Compare(a.CardTitle, b.CardTitle), strings.Compare(a.Entity, b.Entity))
	})
	return scores
}

// ladderFirst has a level that is lost come before points.
func ladderFirst(s Score) int {
	if s.Ladder {
		return 0
	}
	return 1
}

func same(a, b *event.Score) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// rule takes note of what a rule comes to.
func (s *Score) rule(r event.RuleChange) {
	i := slices.IndexFunc(s.Rules, func(o Rule) bool { return o.ID == r.Rule })
	if i < 0 {
		i = len(s.Rules)
		s.Rules = append(s.Rules, Rule{ID: r.Rule, Before: r.Before})
	}
	s.Rules[i].Title, s.Rules[i].After, s.Rules[i].Message = r.Title, r.After, r.Message
}

// settle fills in what the card says of the rules, in its order, and whether the score falls.
func (s *Score) settle(card *scorecards.Card) {
	if card == nil {
		return
	}
	s.Ladder = len(card.Levels) > 0
	for i := range s.Rules {
		if r := card.Rule(s.Rules[i].ID); r != nil {
			s.Rules[i].Level, s.Rules[i].Fix = r.Level, r.Fix
		}
	}
	place := func(r Rule) int {
		if i := slices.IndexFunc(card.Rules, func(o *scorecards.Rule) bool { return o.ID == r.ID }); i >= 0 {
			return i
		}
		return len(card.Rules) // the card has it no more
	}
	slices.SortStableFunc(s.Rules, func(a, b Rule) int { return cmp.Compare(place(a), place(b)) })
	if s.Before == nil || s.After == nil {
		return
	}
	if s.Ladder {
		s.Moves, _ = card.Compare(s.After.Level, s.Before.Level) // a level that the change renames or removes is no fall
		return
	}
	s.Moves = cmp.Compare(s.After.Points*s.Before.Of, s.Before.Points*s.After.Of) // shares, without dividing
}
