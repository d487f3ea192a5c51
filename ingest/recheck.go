package ingest

import (
	"context"
	"slices"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// Judged is what became of a document when it was read: an entity, or a refusal.
type Judged struct {
	Ref      string
	Origin   event.Origin
	Delivery string          // that told of it
	Entity   *catalog.Entity // nil if it was refused
	Document string          // of a refusal
	Problems []event.Problem // of a refusal
}

// Recheck is to be called at the start, with what the catalog says of documents
// whose kind is not built in. Kinds may be declared otherwise than when these
// were read: a repository that would be judged otherwise today is read again, by
// way of a delivery that told of it. The record stays what it is until then.
//
// What locations lead to is read at the start anyway, and so are people.
func (t *Translator) Recheck(ctx context.Context, all []Judged) error {
	asked := map[[2]string]bool{}
	for _, j := range all {
		repository := [2]string{j.Origin.Source, j.Origin.RepositoryID}
		if j.Origin.Source == LocationsSource || isOrganisation(j.Origin.RepositoryID) || asked[repository] || !otherwise(t.Kinds, j) {
			continue
		}
		asked[repository] = true
		err := t.Replay(ctx, j.Delivery, "the configuration declares other kinds than when it was read", event.Actor{})
		if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Conflict { // it is not kept any more, or nobody reads its source
			t.Logger.WarnContext(ctx, "kinds are declared otherwise, and a repository has to be read again for that to count", "repository", j.Origin.Repository, "entity", j.Ref, "because", err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// otherwise reports whether a document would be judged otherwise now.
func otherwise(kinds catalog.Kinds, j Judged) bool {
	if j.Entity != nil {
		return !accepts(kinds, j.Entity)
	}
	if !slices.ContainsFunc(j.Problems, func(p event.Problem) bool { return p.Path != "metadata.name" }) {
		return false // the name is taken, whatever the kind
	}
	docs := descriptor.ResolveOf(kinds, []byte(j.Document), nil).Documents
	if len(docs) != 1 || docs[0].Ref.String() != j.Ref { // of an unusable file only a part is on record
		return false
	}
	if len(docs[0].Placeholders) > 0 { // what they bring in is not known here, but whether the kind is
		return kinds.Named(docs[0].Ref.Kind) != nil && slices.ContainsFunc(j.Problems, func(p event.Problem) bool { return p.Path == "kind" })
	}
	// The document was part of a file, so that its lines are others.
	return !slices.EqualFunc(docs[0].Problems, j.Problems, func(now descriptor.Problem, was event.Problem) bool {
		return now.Path == was.Path && now.Message == was.Message
	})
}

// accepts reports whether an entity, as it was declared, is one of these kinds.
// Those that are built in do not change.
func accepts(kinds catalog.Kinds, e *catalog.Entity) bool {
	if k := kinds.Find(e.APIVersion, e.Kind); k != nil && k.Own == nil {
		return true
	}
	_, problems := kinds.FromObject(e.Object())
	return len(problems) == 0
}
