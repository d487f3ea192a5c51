package history

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/flat"
)

// tale is what an event says about its subject.
type tale struct {
	summary string
	changes []catalog.Change
	// remembered: the subject has a state from now on; declares: what it declares is
	// what this event says.
	remembered, declares bool
}

// state is what the next event about a subject is compared with.
type state struct {
	Entity string `json:"-"`           // JSON, as the event says it; "" = it is not declared. See [Row.Declares]
	At     place  `json:"at,omitzero"` // where that is
	// Rejected says what is wrong with its newest descriptor, for each file
	// that has one: a second declaration may be refused while the first is fine.
	Rejected map[string]string `json:"rejected,omitempty"`

	Repository *event.RepositoryState `json:"repository,omitempty"`
	Fact       any                    `json:"fact,omitempty"` // its value
}

// place is a file of a repository.
type place struct {
	Source     string `json:"source"`
	Repository string `json:"repository"` // by the forge's id
	Path       string `json:"path"`
}

func placeOf(o event.Origin) place { return place{o.Source, o.RepositoryID, o.Path} }

func (p place) key() string { return p.Source + "\n" + p.Repository + "\n" + p.Path }

// stateOf reads the state of a version; of none, that of what is not there.
func stateOf(v Version) (*state, error) {
	s := &state{}
	if len(v.State) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(v.State, s); err != nil {
		return nil, err
	}
	if v.Declares > 0 {
		d, err := event.DecodeWritten(event.Event{Type: event.TypeEntityChanged, Data: v.Declared})
		if err != nil {
			return nil, err
		}
		s.Entity = d.Entity
	}
	return s, nil
}

// tell says in words and fields what an event changed, and changes the state.
func (s *state) tell(data event.Data) (tale, error) {
	var t tale
	var err error
	switch d := data.(type) {
	case declared:
		t, err = s.declare(d.WrittenDeclaration)
		t.declares = true
	case event.EntityRemoved:
		t = s.remove(d)
	case event.EntityRejected:
		t = s.reject(d)
	case event.EntityConflicted:
		t = s.conflict(d)
	case event.RepositoryObserved:
		t = s.observe(d.RepositoryState)
	case event.RepositoryRenamed:
		t = s.rename(d)
	case event.RepositoryArchived:
		t = s.observe(d.RepositoryState)
		t.summary = "archived"
	case event.RepositoryUnarchived:
		t = s.observe(d.RepositoryState)
		t.summary = "no longer archived"
	case event.RepositoryDeleted:
		t.summary, s.Repository = d.Reason, nil
	case event.RepositoryLeft:
		t.summary, s.Repository = "transferred to "+d.To+", which is none of the source's", nil
	case event.FactRecorded:
		t = s.record(d)
	case event.LocationRegistered, event.LocationRemoved:
		t.summary = words(data)
	default:
		return tale{summary: words(data)}, nil
	}
	if err != nil {
		return tale{}, err
	}
	t.remembered = true
	return t, nil
}

// declared is what an event says that declares an entity. That is decoded only
// where there is something to compare it with.
type declared struct {
	event.WrittenDeclaration
	typ event.Type
}

// EventType returns the type of the event.
func (d declared) EventType() event.Type { return d.typ }

func decode(rec eventlog.Record) (event.Data, error) {
	switch rec.Type {
	case event.TypeEntityRegistered, event.TypeEntityChanged:
		d, err := event.DecodeWritten(rec.Event)
		return declared{d, rec.Type}, err
	}
	return rec.Decode()
}

func (s *state) declare(d event.WrittenDeclaration) (tale, error) {
	now := placeOf(d.Origin)
	t := tale{changes: s.mend(now)}
	if s.Entity != "" && s.At != now {
		t.changes = append(s.mend(s.At), t.changes...) // it left a broken file
	}
	if s.Entity == "" {
		t.summary = registered(d.Entity)
	} else {
		was, is := flat.Differing(s.Entity, d.Entity) // to decode no more than that
		changes, err := catalog.DiffJSON([]byte(was), []byte(is))
		if err != nil {
			return tale{}, fmt.Errorf("compare with the version before: %w", err)
		}
		t.changes = append(t.changes, changes...)
		t.summary = summarise(t.changes)
		if len(t.changes) == 0 && s.At == now {
			t.summary = fmt.Sprintf("stands in %s on %s now", d.Origin.Repository, d.Origin.Branch)
		}
	}
	if d.Reason != "" {
		t.summary = d.Reason
	}
	s.Entity, s.At = d.Entity, now
	return t, nil
}

func (s *state) remove(d event.EntityRemoved) tale {
	t := tale{summary: d.Reason, changes: s.mend(placeOf(d.Origin))}
	// The end of a refused declaration elsewhere is not the entity's.
	switch {
	case s.At == placeOf(d.Origin):
		s.Entity, s.At = "", place{}
	case s.Entity != "":
		t.summary = fmt.Sprintf("its second declaration, %s: %s", d.Origin.Place(), d.Reason)
	}
	return t
}

func (s *state) reject(d event.EntityRejected) tale {
	lines := make([]string, len(d.Problems))
	for i, p := range d.Problems {
		lines[i] = d.Describe(p)
	}
	var t tale
	if len(d.Problems) > 0 {
		p := d.Problems[0]
		t.summary = strings.TrimSpace(p.Path + " " + p.Message)
		if !d.Origin.Registration() {
			t.summary = fmt.Sprintf("line %d: %s", p.Line, t.summary)
		}
	}
	in, now := placeOf(d.Origin).key(), strings.Join(lines, "\n")
	switch before := s.Rejected[in]; before {
	case now:
	case "":
		t.changes = []catalog.Change{{Path: "status", Op: catalog.Added, After: now}}
	default:
		t.changes = []catalog.Change{{Path: "status", Op: catalog.Changed, Before: before, After: now}}
	}
	if s.Rejected == nil {
		s.Rejected = map[string]string{}
	}
	s.Rejected[in] = now
	return t
}

func (s *state) conflict(d event.EntityConflicted) tale {
	t := s.reject(d.EntityRejected)
	if d.With.URL == "" || d.With.URL != d.Origin.URL { // else the problem says more: it is one file, read in two ways
		t.summary = fmt.Sprintf("also in %s:%d; %s:%d keeps the name. Give one of the two another name, or remove the wrong one",
			d.Origin.Place(), d.Origin.Line, d.With.Place(), d.With.Line)
	}
	return t
}

// mend forgets what was wrong in a file, and returns that as a change.
func (s *state) mend(p place) []catalog.Change {
	before, ok := s.Rejected[p.key()]
	if !ok {
		return nil
	}
	delete(s.Rejected, p.key())
	return []catalog.Change{{Path: "status", Op: catalog.Removed, Before: before}}
}

// registered says in a few words what an entity is when it is first seen.
func registered(entity string) string {
	var kind, typ, owner string
	wanted := map[string]*string{"kind": &kind, "spec.type": &typ, "spec.owner": &owner}
	flat.Leaves(entity, func(path string) bool { return path == "spec" || wanted[path] != nil }, func(l flat.Leaf) {
		if to := wanted[l.Path]; to != nil && l.Kind == flat.Text && !l.Item {
			*to = l.Text
		}
	})
	what := cmp.Or(typ, strings.ToLower(kind))
	if owner == "" {
		return what
	}
	return fmt.Sprintf("%s, owned by %s", what, strings.TrimPrefix(owner, "group:"))
}

// summarise names up to three fields that differ, in the words of the descriptor.
func summarise(changes []catalog.Change) string {
	if len(changes) == 1 && changes[0].Path == "spec.owner" && changes[0].Op == catalog.Changed {
		return fmt.Sprintf("owner %v → %v", changes[0].Before, changes[0].After)
	}
	var names []string
	seen := map[string]bool{}
	for _, c := range changes {
		name := strings.TrimPrefix(strings.TrimPrefix(c.Path, "spec."), "metadata.")
		if i := strings.IndexAny(name, "[."); i > 0 {
			name = name[:i]
		}
		if c.Path == "status" {
			name = "descriptor mended"
		}
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	switch {
	case len(names) == 0:
		return "moved to another file"
	case len(names) > 3:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	default:
		return strings.Join(names, ", ")
	}
}
