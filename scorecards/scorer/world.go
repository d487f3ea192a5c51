package scorer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/scorecards"
)

// World is what is known of entities and repositories as of one position. Make one with [NewWorld].
type World struct {
	kinds        catalog.Kinds
	entities     map[string]*declared // by full ref
	edges        map[string]edges     // by the ref that they start from
	repositories map[place]*repository
	read         []string                    // paths of the files that rules read; nil: not known yet
	own          map[string]*own             // by full ref of an entity, which need not be there
	cards        map[string]*scorecards.Card // by full ref
	only         string                      // full ref of the one card that is looked at; empty: all are
	fixed        bool                        // what the log says of it does not count
	exemptions   map[string]*scorecards.Exemption
	exempt       map[string][]*scorecards.Exemption // the same, by their entity and in order; no list is written to
	initiatives  map[string]*scorecards.Initiative
	ours         *ours // of a copy; nil: all is. See fork, which has to know of each map here
}

// own is what was told of an entity itself, not of its repository.
type own struct {
	*activity
	reported reports
	verified *scorecards.Source
}

// declared is an entity as it is declared. It is kept as JSON: most are not looked at
// for a long time.
type declared struct {
	json   string
	entity *catalog.Entity // the same, where all are looked at again and again; else nil
	origin event.Origin
	edges  []catalog.Edge
	since  scorecards.Source
}

// edges are what an entity is related to: by type, the other end, and how many entities
// declare it. What a group owns may be thousands, and is not gone through to find its members.
type edges map[string]map[string]int

// place is a repository by the forge's id.
type place struct{ source, id string }

type repository struct {
	state      *event.RepositoryState
	since      *scorecards.Source // answers keep it: what changes makes a new one, here and below
	owners     *codeowners.Found  // nil: not known
	ownedSince *scorecards.Source
	protected  *scorecards.Fact // nil: not known
	languages  *scorecards.Fact // nil: not known
	files      *files           // nil: not known
	docs       map[string]*docs // by the full ref of the entity; what is in it is not written to
	reported   reports
	*activity
	entities map[string]bool
}

// NewWorld returns one in which nothing is known. From kinds relations follow.
func NewWorld(kinds catalog.Kinds) *World {
	return &World{
		kinds: kinds, entities: map[string]*declared{}, edges: map[string]edges{}, repositories: map[place]*repository{},
		own: map[string]*own{}, cards: map[string]*scorecards.Card{}, exemptions: map[string]*scorecards.Exemption{}, exempt: map[string][]*scorecards.Exemption{}, initiatives: map[string]*scorecards.Initiative{},
	}
}

// touched is what an event may have an effect on.
type touched struct {
	entities map[string]bool
	cards    map[string]bool // whose rules, or whole being, changed
	// facts that changed, if it is known that nothing else did: see [scorecards.Touches].
	facts []string
}

// bears reports whether what changed can have an effect on what a card says.
func (t *touched) bears(card *scorecards.Card) bool {
	return t.facts == nil || slices.ContainsFunc(t.facts, card.Reads)
}

// matters reports whether an event may touch anything.
func matters(rec eventlog.Record) bool {
	kind, _, _ := strings.Cut(string(rec.Type), ".")
	return !rec.Backfilled() && slices.Contains([]string{"entity", "repository", "fact", "activity", "docs"}, kind)
}

// Apply folds the next event of a log. What was backfilled is left out.
func (w *World) Apply(rec eventlog.Record) error {
	r, err := readingOf(rec, w.kinds)
	if err != nil {
		return err
	}
	_, err = w.fold(r)
	return err
}

// fold takes in an event, and returns what is to be judged anew.
func (w *World) fold(r reading) (touched, error) {
	t := touched{entities: map[string]bool{}, cards: map[string]bool{}}
	var err error
	switch d := r.says.(type) {
	case declaration:
		w.declare(d, sourceOf(r.Record), &t)
	case event.EntityRemoved:
		w.remove(d, &t)
	case event.FactRecorded:
		err = w.record(r.Record, d, &t)
	case event.ActivityPush, event.ActivityPullRequest, event.ActivityRelease, event.ActivityDeployment, event.ActivityPipeline, event.ActivityAlert:
		w.happen(r, &t)
	case event.DocsPublished, event.DocsFailed, event.DocsRemoved:
		w.document(r, &t)
	case event.Repository:
		w.end(place{d.Source, d.ID}, &t)
	case event.RepositoryState:
		repo := w.repository(place{d.Source, d.ID})
		since := sourceOf(r.Record)
		repo.state, repo.since = &d, &since
		repo.touch(&t)
	}
	if err != nil {
		return t, fmt.Errorf("position %d: %w", r.Position, err)
	}
	return t, nil
}

// remove takes out an entity that is not declared any more.
func (w *World) remove(d event.EntityRemoved, t *touched) {
	ref := strings.ToLower(d.Ref)
	was := w.entities[ref]
	if was == nil || was.origin.Source != d.Origin.Source || was.origin.RepositoryID != d.Origin.RepositoryID || was.origin.Path != d.Origin.Path {
		return // the end of a second declaration is not the entity's
	}
	w.forget(ref, t)
	w.undocument(place{d.Origin.Source, d.Origin.RepositoryID}, ref)
}

func sourceOf(rec eventlog.Record) scorecards.Source {
	return scorecards.Source{Position: int64(rec.Position), Commit: rec.Cause.Commit, Actor: rec.Actor.String(), At: rec.Time} //nolint:gosec // no log is that long
}

func (w *World) repository(p place) *repository {
	r := w.ownRepository(p)
	if r == nil {
		r = &repository{entities: map[string]bool{}, docs: map[string]*docs{}, reported: reports{}, activity: newActivity()}
		w.repositories[p] = r
	}
	return r
}

// end forgets what was known of a repository: of its entities, as long as there are
// any, all of that is unknown.
func (w *World) end(p place, t *touched) {
	was := w.ownRepository(p)
	if was == nil {
		return
	}
	delete(w.repositories, p)
	if len(was.entities) > 0 {
		w.repository(p).entities = was.entities
	}
	was.touch(t)
}

// of returns what was told of an entity itself.
func (w *World) of(ref string) *own {
	o := w.own[ref]
	switch {
	case o == nil:
		o = &own{activity: newActivity(), reported: reports{}}
		w.own[ref] = o
	case w.ours != nil && !w.ours.own[ref]:
		o = &own{activity: o.activity.fork(), reported: maps.Clone(o.reported), verified: o.verified}
		w.ours.own[ref], w.own[ref] = true, o
	}
	return o
}

// happen folds what happened around a repository, or to the entity that is named.
func (w *World) happen(r reading, t *touched) {
	t.facts = []string{"activity"}
	repo, entity := whose(r.says)
	switch {
	case entity != "":
		if w.of(entity).tell(r) {
			t.entities[entity] = true
		}
	case repo.ID != "":
		of := w.repository(place{repo.Source, repo.ID})
		if of.tell(r) {
			of.touch(t)
		}
	}
}

// whose is the repository that something happened around, and the entity if the
// producer names one.
func whose(data any) (repo event.Repository, entity string) {
	switch d := data.(type) {
	case event.ActivityPush:
		return d.Repository, ""
	case event.ActivityPullRequest:
		return d.Repository, ""
	case event.ActivityRelease:
		return d.Repository, ""
	case event.ActivityDeployment:
		return d.Repository, d.Entity
	case event.ActivityPipeline:
		return d.Repository, d.Entity
	case event.ActivityAlert:
		return d.Repository, ""
	}
	return event.Repository{}, ""
}

func (r *repository) touch(t *touched) {
	for ref := range r.entities {
		t.entities[ref] = true
	}
}

func (w *World) declare(d declaration, since scorecards.Source, t *touched) {
	e, ref := d.entity, d.ref
	w.forget(ref, t)
	now := &declared{json: d.Entity, origin: d.Origin, edges: d.edges, since: since}
	if w.only != "" {
		now.entity = e
	}
	w.entities[ref] = now
	for _, edge := range now.edges {
		of := w.ownEdges(edge.From.String(), edge.Type)
		of[edge.To.String()]++
	}
	if d.Origin.RepositoryID != "" {
		w.repository(place{d.Origin.Source, d.Origin.RepositoryID}).entities[ref] = true
	}
	w.around(ref, t)
	switch {
	case e.Kind == scorecards.KindScorecard && e.APIVersion == scorecards.APIVersion:
		if card, _ := scorecards.ParseCard(e); card != nil && !card.Draft && w.looksAt(ref) {
			w.cards[ref] = card
			w.read = nil
		}
	case e.Kind == scorecards.KindExemption && e.APIVersion == scorecards.APIVersion:
		if x, _ := scorecards.ParseExemption(e); x != nil {
			w.exemptions[ref] = x
			of := append(slices.Clone(w.exempt[x.Entity]), x)
			slices.SortFunc(of, func(a, b *scorecards.Exemption) int { return strings.Compare(a.Ref.String(), b.Ref.String()) })
			w.exempt[x.Entity] = of
			t.entities[x.Entity] = true
		}
	case e.Kind == scorecards.KindInitiative && e.APIVersion == scorecards.APIVersion:
		if i, _ := scorecards.ParseInitiative(e); i != nil {
			w.initiatives[ref] = i
		}
	}
}

// looksAt reports whether it counts what the log says of a card.
func (w *World) looksAt(ref string) bool { return !w.fixed && (w.only == "" || w.only == ref) }

// forget takes an entity out. What it had a bearing on is touched.
func (w *World) forget(ref string, t *touched) {
	t.entities[ref] = true
	if strings.HasPrefix(ref, "scorecard:") && w.looksAt(ref) {
		delete(w.cards, ref)
		w.read = nil
		t.cards[ref] = true
	}
	if x := w.exemptions[ref]; x != nil {
		delete(w.exemptions, ref)
		w.exempt[x.Entity] = slices.DeleteFunc(slices.Clone(w.exempt[x.Entity]), func(o *scorecards.Exemption) bool { return o == x })
		t.entities[x.Entity] = true
	}
	delete(w.initiatives, ref)
	was := w.entities[ref]
	if was == nil {
		return
	}
	w.around(ref, t)
	for _, edge := range was.edges {
		of, to := w.ownEdges(edge.From.String(), edge.Type), edge.To.String()
		if of[to]--; of[to] <= 0 {
			delete(of, to)
		}
	}
	if r := w.ownRepository(place{was.origin.Source, was.origin.RepositoryID}); r != nil {
		delete(r.entities, ref)
	}
	delete(w.entities, ref)
}

// around touches the neighbours of an entity, and what the teams of a person own.
func (w *World) around(ref string, t *touched) {
	for _, of := range w.edges[ref] {
		for to := range of {
			t.entities[to] = true
			if !strings.HasPrefix(ref, "user:") {
				continue
			}
			for owned := range w.edges[to]["ownerOf"] {
				t.entities[owned] = true
			}
		}
	}
}

// Subject is what is known of an entity at a moment, which is not much earlier than
// the newest event that was folded; nil if there is none. It is of use until the next event.
func (w *World) Subject(ref string, now time.Time) (*scorecards.Subject, error) {
	d := w.entities[ref]
	if d == nil {
		return nil, nil //nolint:nilnil // there is none, as promised
	}
	e := d.entity
	if e == nil {
		e = &catalog.Entity{}
		if err := json.Unmarshal([]byte(d.json), e); err != nil {
			return nil, fmt.Errorf("decode %s: %w", ref, err)
		}
	}
	since := d.since
	s := &scorecards.Subject{Entity: e, Declared: &since, Facts: map[string]scorecards.Fact{}, Relations: func() []catalog.Relation { return w.relations(ref) }}
	s.Observe = (&observer{Subject: s, world: w, ref: ref, at: d.origin, now: now}).observe
	if owner := w.ownerOf(ref); owner != "" {
		s.Owner = w.owner(owner)
	}
	s.Exemptions = w.exempt[ref]
	return s, nil
}

// ownerOf is the full ref of who owns an entity, the first of several; empty if nobody does.
func (w *World) ownerOf(ref string) (first string) {
	for to := range w.edges[ref]["ownedBy"] {
		if first == "" || to < first {
			first = to
		}
	}
	return first
}

func (w *World) owner(ref string) scorecards.Owner {
	return scorecards.OwnerOf(ref, maps.Keys(w.edges[ref]["hasMember"]), func(ref string) bool { return w.entities[ref] != nil })
}

// relations lists what an entity is related to, by type and then by ref.
func (w *World) relations(ref string) []catalog.Relation {
	var all []catalog.Relation
	for _, typ := range slices.Sorted(maps.Keys(w.edges[ref])) {
		for _, to := range slices.Sorted(maps.Keys(w.edges[ref][typ])) {
			all = append(all, catalog.Relation{Type: typ, TargetRef: to})
		}
	}
	return all
}
