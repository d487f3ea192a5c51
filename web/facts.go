package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/web/ui"
)

// Verifier puts on record that somebody says of an entity that what its descriptor says
// is still true. By is what they call themselves; the error is of kind fault.Invalid if
// that is nothing.
type Verifier func(ctx context.Context, entity, by, note, request string) (eventlog.Position, error)

const (
	verifyPath = entityPath + "/verify"
	fieldNote  = "note"
	shownFacts = 12
	shownFact  = 80 // characters of a value
)

// verifiedView says who said last that an entity is as its descriptor says, with the
// form to say so.
type verifiedView struct {
	action  string
	who     ui.Person // nobody did, if it has no name
	when    ui.Moment
	event   ui.EventMark
	note    string
	by      ui.Field
	text    ui.Field
	problem string
}

// reportedFact is one that a pipeline, or somebody, told.
type reportedFact struct {
	name, value string
	when        ui.Moment
	who         ui.Person
	event       ui.EventMark
	stale       bool
}

// factsView is what is known of an entity that is not in its descriptor.
type factsView struct {
	verified *verifiedView // nil: nobody can say so here
	facts    []reportedFact
	more     int
}

// factsOf asks what was told of an entity, and of its repository by others than the forge.
func (s *Site) factsOf(ctx context.Context, r request, e *entities.Entry) (v factsView, err error) {
	if s.Facts == nil || !r.moment.Now() {
		return v, nil
	}
	all, err := s.Facts.OfEntity(ctx, e.Ref)
	if err != nil {
		return v, err
	}
	ofRepository, err := s.Facts.Facts(ctx, e.Origin.Source, e.Origin.RepositoryID)
	if err != nil {
		return v, err
	}
	if s.Verify != nil {
		v.verified = newVerifiedView(e.Entity.Ref(), all, r)
	}
	told := map[string]bool{}
	for _, f := range slices.Concat(all, ofRepository) { // what was told of the entity itself comes first, and counts
		name, ok := strings.CutPrefix(f.Fact, event.FactReported)
		if !ok || told[name] {
			continue
		}
		told[name] = true
		v.facts = append(v.facts, newReportedFact(name, f, r.now))
	}
	slices.SortFunc(v.facts, func(a, b reportedFact) int { return strings.Compare(a.name, b.name) })
	if v.more = len(v.facts) - shownFacts; v.more > 0 {
		v.facts = v.facts[:shownFacts]
	}
	return v, nil
}

func newReportedFact(name string, f repositories.Fact, now time.Time) reportedFact {
	var value any
	if json.Unmarshal(f.Value, &value) != nil {
		value = string(f.Value)
	}
	until := f.Until
	if until.IsZero() {
		until = f.At.Add(30 * 24 * time.Hour)
	}
	return reportedFact{
		name: ui.Shorten(name, shownFact), value: written(value, shownFact), when: ui.Near(f.At, now), who: ui.Person{Name: f.Actor}, event: mark(f.Position),
		stale: !until.After(now),
	}
}

func newVerifiedView(ref catalog.Ref, all []repositories.Fact, r request) *verifiedView {
	v := &verifiedView{
		action: entityLink(ref) + "/verify",
		by:     ui.Field{ID: "verify-by", Name: fieldBy, Label: "Who you are", Value: r.name, Required: true, MaxLength: 200},
		text:   ui.Field{ID: "verify-note", Name: fieldNote, Label: "Note", MaxLength: event.MaxReason, Placeholder: "checked with the team"},
	}
	for _, f := range all {
		if f.Fact != event.FactVerified {
			continue
		}
		var said event.Verified
		if json.Unmarshal(f.Value, &said) == nil {
			v.note = said.Note
		}
		v.who, v.when, v.event = ui.Person{Name: f.Actor}, ui.Near(f.At, r.now), mark(f.Position)
	}
	return v
}

// verify handles "POST /catalog/{namespace}/{kind}/{name}/verify".
func (s *Site) verify(ctx context.Context, r request) (answer, error) {
	ref := r.ref()
	e, ok := r.catalog.Get(ref.String())
	if !ok || s.Verify == nil {
		return answer{}, fault.New(fault.NotFound, "there is no %s in the catalog", ref)
	}
	_, err := s.Verify(ctx, e.Ref, r.form(fieldBy), r.form(fieldNote), r.id)
	if !refused(err) {
		return answer{location: entityLink(e.Entity.Ref())}, err
	}
	var wrong []ui.Anchor
	a, failed := s.entityWith(ctx, r, func(v *entityView) {
		if v := v.known.verified; v != nil {
			v.by.Value, v.text.Value, v.problem = strings.TrimSpace(r.form(fieldBy)), strings.TrimSpace(r.form(fieldNote)), sentenceOf(err)
			field := &v.by
			if v.by.Value != "" && utf8.RuneCountInString(v.text.Value) > event.MaxReason {
				field = &v.text
			}
			field.Problem = v.problem
			wrong = ui.Wrong(&v.by, &v.text)
		}
	})
	a.status, a.wrong = http.StatusUnprocessableEntity, wrong
	return a, failed
}
