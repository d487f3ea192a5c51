package scorer

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/scorecards"
)

// world is what is known of entities and repositories as of one position.
type world struct {
	kinds        catalog.Kinds
	entities     map[string]*declared                // by full ref
	edges        map[string]map[catalog.Relation]int // by the ref that they start from; how many entities declare each
	repositories map[place]*repository
	cards        map[string]*scorecards.Card // by full ref
	exemptions   map[string]*scorecards.Exemption
}

// declared is an entity as it is declared. It is kept as JSON: most are not looked at
// for a long time.
type declared struct {
	json   string
	origin event.Origin
	edges  []catalog.Edge
	since  scorecards.Source
}

// place is a repository by the forge's id.
type place struct{ source, id string }

type repository struct {
	state      *event.RepositoryState
	since      scorecards.Source
	owners     *codeowners.Found // nil: not known
	ownedSince scorecards.Source
	entities   map[string]bool
}

func newWorld(kinds catalog.Kinds) *world {
	return &world{
		kinds: kinds, entities: map[string]*declared{}, edges: map[string]map[catalog.Relation]int{}, repositories: map[place]*repository{},
		cards: map[string]*scorecards.Card{}, exemptions: map[string]*scorecards.Exemption{},
	}
}

// touched is what an event may have an effect on.
type touched struct {
	entities map[string]bool
	cards    map[string]bool // whose rules, or whole being, changed
}

// apply folds an event, and returns what is to be judged anew.
func (w *world) apply(rec eventlog.Record) (touched, error) {
	t := touched{entities: map[string]bool{}, cards: map[string]bool{}}
	if rec.Backfilled() {
		return t, nil // it tells of the past only
	}
	switch rec.Type {
	case event.TypeEntityRegistered, event.TypeEntityChanged:
		d, err := event.DecodeWritten(rec.Event)
		if err != nil {
			return t, err
		}
		return t, w.declare(d, sourceOf(rec), &t)
	case event.TypeEntityRemoved:
		d, err := event.DecodeAs[event.EntityRemoved](rec.Event)
		if err != nil {
			return t, err
		}
		was := w.entities[strings.ToLower(d.Ref)]
		if was == nil || was.origin.Source != d.Origin.Source || was.origin.RepositoryID != d.Origin.RepositoryID || was.origin.Path != d.Origin.Path {
			return t, nil // the end of a second declaration is not the entity's
		}
		w.forget(strings.ToLower(d.Ref), &t)
	case event.TypeFactRecorded:
		return t, w.record(rec, &t)
	case event.TypeRepositoryObserved, event.TypeRepositoryRenamed, event.TypeRepositoryArchived, event.TypeRepositoryUnarchived:
		var state event.RepositoryState
		if err := json.Unmarshal(rec.Data, &state); err != nil {
			return t, fmt.Errorf("decode %s: %w", rec.Type, err)
		}
		r := w.repository(place{state.Source, state.ID})
		r.state, r.since = &state, sourceOf(rec)
		r.touch(&t)
	}
	return t, nil
}

func sourceOf(rec eventlog.Record) scorecards.Source {
	return scorecards.Source{Position: int64(rec.Position), Commit: rec.Cause.Commit, Actor: rec.Actor.String(), At: rec.Time} //nolint:gosec // no log is that long
}

func (w *world) repository(p place) *repository {
	r := w.repositories[p]
	if r == nil {
		r = &repository{entities: map[string]bool{}}
		w.repositories[p] = r
	}
	return r
}

func (r *repository) touch(t *touched) {
	for ref := range r.entities {
		t.entities[ref] = true
	}
}

func (w *world) declare(d event.WrittenDeclaration, since scorecards.Source, t *touched) error {
	var e catalog.Entity
	if err := json.Unmarshal([]byte(d.Entity), &e); err != nil {
		return fmt.Errorf("decode an entity: %w", err)
	}
	ref := e.Ref().String()
	w.forget(ref, t)
	now := &declared{json: d.Entity, origin: d.Origin, edges: w.kinds.Edges(&e), since: since}
	w.entities[ref] = now
	for _, edge := range now.edges {
		from := edge.From.String()
		if w.edges[from] == nil {
			w.edges[from] = map[catalog.Relation]int{}
		}
		w.edges[from][relation(edge)]++
	}
	if d.Origin.RepositoryID != "" {
		w.repository(place{d.Origin.Source, d.Origin.RepositoryID}).entities[ref] = true
	}
	w.around(ref, t)
	switch {
	case e.Kind == scorecards.KindScorecard && e.APIVersion == scorecards.APIVersion:
		if card, _ := scorecards.ParseCard(&e); card != nil && !card.Draft {
			w.cards[ref] = card
		}
	case e.Kind == scorecards.KindExemption && e.APIVersion == scorecards.APIVersion:
		if x, _ := scorecards.ParseExemption(&e); x != nil {
			w.exemptions[ref] = x
			t.entities[x.Entity] = true
		}
	}
	return nil
}

func relation(e catalog.Edge) catalog.Relation {
	return catalog.Relation{Type: e.Type, TargetRef: e.To.String()}
}

// forget takes an entity out. What it had a bearing on is touched.
func (w *world) forget(ref string, t *touched) {
	t.entities[ref] = true
	if w.cards[ref] != nil || strings.HasPrefix(ref, "scorecard:") {
		delete(w.cards, ref)
		t.cards[ref] = true
	}
	if x := w.exemptions[ref]; x != nil {
		delete(w.exemptions, ref)
		t.entities[x.Entity] = true
	}
	was := w.entities[ref]
	if was == nil {
		return
	}
	w.around(ref, t)
	for _, edge := range was.edges {
		from, r := edge.From.String(), relation(edge)
		if w.edges[from][r]--; w.edges[from][r] <= 0 {
			delete(w.edges[from], r)
		}
	}
	if r := w.repositories[place{was.origin.Source, was.origin.RepositoryID}]; r != nil {
		delete(r.entities, ref)
	}
	delete(w.entities, ref)
}

// around touches the neighbours of an entity, and what the teams of a person own.
func (w *world) around(ref string, t *touched) {
	for r := range w.edges[ref] {
		t.entities[r.TargetRef] = true
		if !strings.HasPrefix(ref, "user:") {
			continue
		}
		for owned := range w.edges[r.TargetRef] {
			if owned.Type == "ownerOf" {
				t.entities[owned.TargetRef] = true
			}
		}
	}
}

// record keeps what a fact of a repository says.
func (w *world) record(rec eventlog.Record, t *touched) error {
	d, err := event.DecodeAs[event.FactRecorded](rec.Event)
	if err != nil || d.Fact != event.FactCodeowners || d.Repository.ID == "" || d.Entity != "" {
		return err
	}
	r := w.repository(place{d.Repository.Source, d.Repository.ID})
	r.owners, r.ownedSince = &codeowners.Found{}, sourceOf(rec)
	r.touch(t)
	return json.Unmarshal(d.Value, r.owners) // null leaves it empty: nobody owns anything
}

// subject is what is known of an entity; nil if there is none.
func (w *world) subject(ref string) (*scorecards.Subject, error) {
	d := w.entities[ref]
	if d == nil {
		return nil, nil //nolint:nilnil // there is none, as promised
	}
	var e catalog.Entity
	if err := json.Unmarshal([]byte(d.json), &e); err != nil {
		return nil, fmt.Errorf("decode %s: %w", ref, err)
	}
	s := &scorecards.Subject{Entity: &e, Facts: map[string]scorecards.Fact{}}
	for r := range w.edges[ref] {
		s.Relations = append(s.Relations, r)
	}
	slices.SortFunc(s.Relations, func(a, b catalog.Relation) int {
		return strings.Compare(a.Type+" "+a.TargetRef, b.Type+" "+b.TargetRef)
	})
	for _, r := range s.Relations {
		if r.Type == "ownedBy" {
			s.Owner = w.owner(r.TargetRef)
			break
		}
	}
	if r := w.repositories[place{d.origin.Source, d.origin.RepositoryID}]; r != nil {
		r.facts(s.Facts, d.origin)
	}
	for _, x := range w.exemptions {
		if x.Entity == ref {
			s.Exemptions = append(s.Exemptions, *x)
		}
	}
	slices.SortFunc(s.Exemptions, func(a, b scorecards.Exemption) int { return strings.Compare(a.Ref.String(), b.Ref.String()) })
	return s, nil
}

func (w *world) owner(ref string) scorecards.Owner {
	o := scorecards.Owner{Ref: ref, Exists: w.entities[ref] != nil}
	if strings.HasPrefix(ref, "user:") {
		o.Members = 1
		return o
	}
	for r := range w.edges[ref] {
		if r.Type == "hasMember" && w.entities[r.TargetRef] != nil {
			o.Members++
		}
	}
	return o
}

// facts adds what is known of the repository of a descriptor. What is not known is
// left out, so that rules about it are unknown.
func (r *repository) facts(to map[string]scorecards.Fact, at event.Origin) {
	if s := r.state; s != nil {
		add := func(name string, value any) { to[name] = scorecards.Fact{Value: value, Source: &r.since} }
		add("repo.name", s.FullName)
		add("repo.url", s.URL)
		add("repo.description", s.Description)
		add("repo.defaultBranch", s.DefaultBranch)
		add("repo.archived", s.Archived)
		add("repo.language", s.Language)
		add("repo.topics", append([]string{}, s.Topics...))
		if s.Visibility != "" {
			add("repo.visibility", s.Visibility)
		}
	}
	if r.owners != nil {
		dir := path.Dir(at.Path)
		if dir == "." {
			dir = ""
		}
		to["repo.codeowners"] = scorecards.Fact{Value: append([]string{}, r.owners.OwnersOfFolder(dir)...), Source: &r.ownedSince}
	}
}
