package desk

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
)

// Terms are those of an initiative, as somebody fills them in.
type Terms struct {
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Owner       string   `json:"owner,omitempty"` // reference of a group or user
	Scorecard   string   `json:"scorecard"`
	Level       string   `json:"level,omitempty"`  // to be reached, or
	Rules       []string `json:"rules,omitempty"`  // to be kept
	Filter      string   `json:"filter,omitempty"` // CEL
	Start       string   `json:"start,omitempty"`
	Target      string   `json:"target"` // the last day
	Remind      []int    `json:"remind,omitempty"`
	Draft       bool     `json:"draft,omitempty"`
}

// SameOpen is that an initiative of the same title, scorecard and target is not over yet.
type SameOpen struct{ Ref string }

// Error says so.
func (s SameOpen) Error() string {
	return "an initiative of this title, scorecard and target is open already: " + s.Ref
}

// OpenInitiative makes an initiative. The error is of kind fault.Conflict and wraps a
// [SameOpen] if there is such a one already.
func (d *Desk) OpenInitiative(ctx context.Context, t Terms) (Made, error) {
	var p Problems
	p.by(ctx)
	spec := d.spec(&p, t)
	if last := p.day("target", t.Target); !last.IsZero() && last.Before(d.today()) {
		p.add("target", "must not be over already, found %s", t.Target)
	}
	if err := p.err(); err != nil {
		return Made{}, err
	}
	name, ref := d.free(scorecards.KindInitiative, t.Title)
	e := &catalog.Entity{
		APIVersion: scorecards.APIVersion, Kind: scorecards.KindInitiative, Spec: spec,
		Metadata: catalog.Metadata{Name: name, Title: strings.TrimSpace(t.Title), Description: strings.TrimSpace(t.Description)},
	}
	at, err := d.Make(ctx, ref, func(now *catalog.Entity) (*catalog.Entity, error) {
		if same := d.same(e); same != "" { // asked here, while nobody else makes one: a form may be sent twice at once
			return nil, fault.New(fault.Conflict, "%w", SameOpen{same})
		}
		if now != nil {
			return nil, fault.New(fault.Conflict, "%s was made just now: try again", ref)
		}
		return e, nil
	})
	return Made{ref, at}, err
}

// same is the initiative that is not over and has the title, scorecard and target of another;
// "" if none is.
func (d *Desk) same(e *catalog.Entity) string {
	for _, one := range d.Catalog().Kind(scorecards.KindInitiative) {
		i, _ := scorecards.ParseInitiative(one)
		if i != nil && d.Now().Before(i.End()) && strings.EqualFold(i.Title, e.Metadata.Title) && i.Card == e.SpecString("scorecard") && scorecards.DateOf(i.LastDay()) == e.SpecString("target") {
			return i.Ref.String()
		}
	}
	return ""
}

// ChangeInitiative has an initiative be as it is filled in. One that was closed stays so.
// Seen is the position of the event that made it what they looked at: if it is not that any
// more, nothing is changed. Zero: whatever it is.
func (d *Desk) ChangeInitiative(ctx context.Context, ref string, seen eventlog.Position, t Terms) (Made, error) {
	var p Problems
	p.by(ctx)
	spec := d.spec(&p, t)
	if err := p.err(); err != nil {
		return Made{}, err
	}
	return d.change(ctx, ref, func(now *catalog.Entity, was *scorecards.Initiative) (*catalog.Entity, error) {
		if err := d.seen(ref, seen); err != nil {
			return nil, err
		}
		if last, _ := spec["target"].(string); last < scorecards.DateOf(d.today()) && last != scorecards.DateOf(was.LastDay()) {
			p.add("target", "must not be over already, found %s; to end it, close it", last)
			return nil, p.err()
		}
		e := *now
		e.Metadata.Title, e.Metadata.Description = strings.TrimSpace(t.Title), strings.TrimSpace(t.Description)
		e.Spec = spec
		for _, stays := range []string{"closed", "note"} {
			if v, ok := now.Spec[stays]; ok {
				e.Spec[stays] = v
			}
		}
		return &e, nil
	})
}

// CloseInitiative has an initiative ask nobody any more, from today on, for a reason. Seen is
// as for [Desk.ChangeInitiative].
func (d *Desk) CloseInitiative(ctx context.Context, ref string, seen eventlog.Position, why string) (Made, error) {
	if err := d.there(ref); err != nil {
		return Made{}, err
	}
	var p Problems
	p.by(ctx)
	why = p.reason("note", why)
	if err := p.err(); err != nil {
		return Made{}, err
	}
	return d.change(ctx, ref, func(now *catalog.Entity, was *scorecards.Initiative) (*catalog.Entity, error) {
		if !was.Draft && !was.Open(d.Now()) {
			return nil, fault.New(fault.Conflict, "the initiative is over already")
		}
		if err := d.seen(ref, seen); err != nil {
			return nil, err
		}
		e := *now
		e.Spec = maps.Clone(now.Spec)
		e.Spec["closed"], e.Spec["note"] = scorecards.DateOf(d.today()), why
		return &e, nil
	})
}

func (d *Desk) change(ctx context.Context, ref string, change func(*catalog.Entity, *scorecards.Initiative) (*catalog.Entity, error)) (Made, error) {
	at, err := d.Make(ctx, ref, func(now *catalog.Entity) (*catalog.Entity, error) {
		if now == nil {
			return nil, fault.New(fault.NotFound, "there is no %s", ref)
		}
		was, problems := scorecards.ParseInitiative(now)
		if was == nil {
			return nil, fault.New(fault.Conflict, "%s cannot be read: %v", ref, problems)
		}
		return change(now, was)
	})
	return Made{ref, at}, err
}

// spec checks the terms of an initiative against the catalog and writes them down.
func (d *Desk) spec(p *Problems, t Terms) map[string]any {
	switch title := strings.TrimSpace(t.Title); {
	case title == "":
		p.add("title", "is missing")
	case !event.IsName(title):
		p.add("title", "must be a line of at most %d characters, none of which controls how others look", event.MaxName)
	}
	if says := strings.TrimSpace(t.Description); says != "" && !event.IsReason(says) {
		p.add("description", "must be at most %d characters, none of which controls how others look", event.MaxReason)
	}
	card := d.card(p, t.Scorecard)
	spec := map[string]any{}
	if card != nil {
		spec["scorecard"] = card.Ref.String()
	}
	if owner := strings.TrimSpace(t.Owner); owner != "" {
		ref, err := catalog.ParseRef(owner, catalog.Ref{Kind: "Group"})
		if err != nil {
			p.add("owner", "must name a group or a user such as group:platform, found %q", owner)
		} else if _, ok := d.Catalog().Entity(ref.String()); !ok {
			p.add("owner", "there is no %s in the catalog", ref)
		}
		spec["owner"] = ref.String()
	}
	level, rules := strings.TrimSpace(t.Level), p.rules(card, t.Rules)
	switch {
	case level == "" && len(rules) == 0 && len(t.Rules) == 0:
		p.add("level", "name the level that is to be reached, or rules that are to be kept")
	case level != "" && len(rules) > 0:
		p.add("level", "a level or rules, not both")
	case level != "" && card != nil && !slices.ContainsFunc(card.Levels, func(l scorecards.Level) bool { return l.Name == level }):
		p.add("level", "%s has no level %s", card.Title, level)
	}
	set(spec, "level", level)
	set(spec, "rules", rules)
	set(spec, "filter", strings.TrimSpace(t.Filter))
	set(spec, "draft", t.Draft)
	start, target := p.day("start", t.Start), p.day("target", t.Target)
	switch {
	case strings.TrimSpace(t.Target) == "":
		p.add("target", "is missing")
	case !start.IsZero() && !target.IsZero() && target.Before(start):
		p.add("target", "must not be before the start, %s", t.Start)
	}
	set(spec, "start", scorecards.DateOf(start))
	set(spec, "target", scorecards.DateOf(target))
	var remind []any
	for n, days := range t.Remind {
		if slices.Contains(t.Remind[:n], days) {
			p.add("remind", "must name each day once, found %d twice", days)
		}
		if days < 0 || days > 365 {
			p.add("remind", "must be days from 0 to 365, found %d", days)
		}
		remind = append(remind, float64(days))
	}
	set(spec, "remind", remind)
	p.ofSpec(spec)
	return spec
}

// ofSpec adds what a descriptor would be refused for because of its filter: of all else
// that was said.
func (p *Problems) ofSpec(spec map[string]any) {
	kind := scorecards.Kinds().Find(scorecards.APIVersion, scorecards.KindInitiative)
	for _, one := range kind.Own.Check(spec) {
		if one.Path == "spec.filter" {
			p.add("filter", "%s", one.Message)
		}
	}
}

// ParseDays reads days before a target as people write them, "30, 7, 1". The error says
// which is none.
func ParseDays(text string) ([]int, error) {
	var all []int
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, Problems{{"remind", "must be days such as 30, 7, 1; found " + strconv.Quote(part)}}.err()
		}
		all = append(all, n)
	}
	return all, nil
}
