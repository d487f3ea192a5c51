// Package desk makes scorecards, exemptions and initiatives of what people write, ask for and
// decide in the portal. What comes of it are entities, as from a file: only who keeps them differs.
// Start with [Desk].
package desk

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
)

// Catalog is the catalog as it is now.
type Catalog interface {
	// Entity returns the entity with a full lower-case ref.
	Entity(ref string) (*catalog.Entity, bool)
	// User returns the ref of the person who goes by a name; "" if nobody does, or several.
	User(name string) string
	// Kind returns the entities of a kind.
	Kind(kind string) []*catalog.Entity
	// Since returns the position of the event that made an entity what it is; zero if it is not there.
	Since(ref string) eventlog.Position
}

// Maker puts on record what an entity is to be, and returns where that stands; zero if it
// is so already. Decide is given how it is while nobody else changes it; nil, of either, is
// that it is not there. The error is of kind fault.Conflict if a file declares the entity. What is
// wrong with the entity itself is an error that wraps [Problems].
type Maker func(ctx context.Context, ref string, decide func(now *catalog.Entity) (*catalog.Entity, error)) (eventlog.Position, error)

// Desk takes what people ask for and decide. All fields must be set. Who does it is who
// acts in the context: see [event.WithActor].
//
// Errors are of kind fault.Invalid where something that was filled in is wrong, and wrap
// [Problems] then; fault.NotFound where what is named is not there; fault.Conflict where it
// does not stand so that this could be done.
type Desk struct {
	Catalog func() Catalog
	Make    Maker
	Now     func() time.Time
}

// Made is a scorecard, exemption or initiative with the event that made it what it is.
type Made struct {
	Ref      string            `json:"ref"`
	Position eventlog.Position `json:"position"` // zero if it was so already
}

// Changed is that a scorecard, exemption or initiative is not what somebody looked at any more. It is
// of kind fault.Conflict.
type Changed struct {
	Ref string
	Now eventlog.Position // of the event that made it what it is
}

// Error says what to do.
func (c Changed) Error() string {
	return fmt.Sprintf("%s was changed meanwhile, by event %d: read it again, and send that as its position", c.Ref, c.Now)
}

// seen refuses to change what is not as it was after an event; zero: whatever it is.
func (d *Desk) seen(ref string, at eventlog.Position) error {
	if now := d.Catalog().Since(ref); at != 0 && at != now {
		return fault.New(fault.Conflict, "%w", Changed{ref, now})
	}
	return nil
}

// there refuses what is not in the catalog.
func (d *Desk) there(ref string) error {
	if _, ok := d.Catalog().Entity(ref); !ok {
		return fault.New(fault.NotFound, "there is no %s", ref)
	}
	return nil
}

// Problems is what is wrong with what somebody filled in.
type Problems []Problem

// Problem is what is wrong with a field; an empty one is none in particular.
type Problem struct{ Field, Message string }

// Error says all of it.
func (p Problems) Error() string {
	all := make([]string, len(p))
	for i, one := range p {
		all[i] = strings.TrimPrefix(one.Field+": "+one.Message, ": ")
	}
	return strings.Join(all, "; ")
}

func (p *Problems) add(field, format string, args ...any) {
	*p = append(*p, Problem{field, fmt.Sprintf(format, args...)})
}

// err is nil if nothing is wrong.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "%w", p)
}

// by is who acts; somebody has to.
func (p *Problems) by(ctx context.Context) string {
	name := event.ActorIn(ctx).String()
	if !event.IsName(name) {
		p.add("by", "say who you are, in a line of at most %d characters: it stands beside what you do", event.MaxName)
	}
	return name
}

// reason checks what is to say why something is done.
func (p *Problems) reason(field, text string) string {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		p.add(field, "say why")
	case !event.IsReason(text):
		p.add(field, "say why, in at most %d characters, none of which controls how others look", event.MaxReason)
	}
	return text
}

// note is a reason that may be left out.
func (p *Problems) note(field, text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return p.reason(field, text)
}

// day reads a day; zero where it is left out.
func (p *Problems) day(field, text string) time.Time {
	if text = strings.TrimSpace(text); text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		p.add(field, "must be a day such as 2026-06-30, found %q", text)
	}
	return t
}

// today is the first moment of this day, in UTC.
func (d *Desk) today() time.Time { return d.Now().UTC().Truncate(24 * time.Hour) }

// card finds a scorecard that is live.
func (d *Desk) card(p *Problems, name string) *scorecards.Card {
	ref := scorecards.RefNamed(scorecards.KindScorecard, strings.TrimSpace(name))
	if ref.Name == "" {
		p.add("scorecard", "must be the name of a scorecard, found %q", name)
		return nil
	}
	e, ok := d.Catalog().Entity(ref.String())
	if !ok {
		p.add("scorecard", "there is no scorecard %s", scorecards.NameOf(ref))
		return nil
	}
	card, _ := scorecards.ParseCard(e)
	switch {
	case card == nil:
		p.add("scorecard", "%s cannot be read", scorecards.NameOf(ref))
	case card.Draft:
		p.add("scorecard", "%s is a draft, which asks nobody for anything", scorecards.NameOf(ref))
	default:
		return card
	}
	return nil
}

// rules checks ids of rules of a card, and names each once.
func (p *Problems) rules(card *scorecards.Card, ids []string) []any {
	var all []any
	for _, id := range ids {
		if id = strings.TrimSpace(id); id == "" {
			continue
		}
		if card != nil && card.Rule(id) == nil {
			p.add("rules", "%s has no rule %s", card.Title, id)
			continue
		}
		if !slices.Contains(all, any(id)) {
			all = append(all, id)
		}
	}
	return all
}

// named writes who did something: as the person of the catalog who goes by that name, else
// as it is.
func (d *Desk) named(e *catalog.Entity, field, annotation, name string) {
	e.Metadata.Annotations = maps.Clone(e.Metadata.Annotations)
	delete(e.Metadata.Annotations, annotation)
	delete(e.Spec, field)
	if ref := d.Catalog().User(name); ref != "" {
		e.Spec[field] = ref
		return
	}
	if e.Metadata.Annotations == nil {
		e.Metadata.Annotations = map[string]string{}
	}
	e.Metadata.Annotations[annotation] = name
}

// maxStem leaves room in a name for a number.
const maxStem = 55

// free returns a name that is not taken, made of words.
func (d *Desk) free(kind string, words ...string) (name, ref string) {
	stem := stemOf(strings.Join(words, "-"))
	if stem == "" {
		stem = strings.ToLower(kind)
	}
	name = stem
	for n := 2; ; n++ {
		ref = catalog.Ref{Kind: kind, Namespace: catalog.DefaultNamespace, Name: name}.String()
		if _, taken := d.Catalog().Entity(ref); !taken {
			return name, ref
		}
		name = fmt.Sprintf("%s-%d", stem, n)
	}
}

// stemOf is a text as a name may have it.
func stemOf(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == maxStem {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

// set writes a field of a spec, or leaves it out where it says nothing.
func set(spec map[string]any, field string, value any) {
	switch v := value.(type) {
	case string:
		if v != "" {
			spec[field] = v
			return
		}
	case []any:
		if len(v) > 0 {
			spec[field] = v
			return
		}
	case bool:
		if v {
			spec[field] = v
			return
		}
	}
	delete(spec, field)
}
