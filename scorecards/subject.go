package scorecards

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"github.com/callboard/callboard/catalog"
)

// Subject is what is judged: an entity and what is known of it. To build one costs
// little. Many goroutines may evaluate one that has no Observe: nothing of it is written to.
type Subject struct {
	Entity   *catalog.Entity
	Declared *Source // where its descriptor is from; nil if that is not known
	Owner    Owner
	// Relations lists those of the entity, in an order that is always the same; nil: there are
	// none. A group may have thousands, and few rules read them.
	Relations func() []catalog.Relation
	// Facts are what was observed, by the name of the variable: "repo.files",
	// "facts.coverage". What is not in here is unknown.
	Facts map[string]Fact
	// Observe adds the fact of a name to Facts, if there is one, and may add others with it; nil:
	// Facts has all. It is called when a name is looked for and not found, since most
	// evaluations look for few.
	Observe func(name string)
	// Exemptions are those that concern this entity, from any card; which of them hold at the
	// moment, the evaluation finds out. Nothing of them is written to.
	Exemptions []*Exemption
}

// Owner is who owns the entity.
type Owner struct {
	Ref     string // full; empty if none is named
	Exists  bool   // in the catalog
	Members int    // people; 1 if it is a person
}

// OwnerOf is who has a full reference, in a catalog that tells whether it has an entity: one
// person, or the members of a group that are there, too.
func OwnerOf(ref string, members iter.Seq[string], exists func(ref string) bool) Owner {
	o := Owner{Ref: ref, Exists: exists(ref)}
	if strings.HasPrefix(ref, "user:") {
		o.Members = 1
		return o
	}
	for member := range members {
		if exists(member) {
			o.Members++
		}
	}
	return o
}

// Fact is one thing that was observed.
type Fact struct {
	// Value is of the Go type that fits the variable: string, bool, int, float64,
	// time.Time, time.Duration, []string, map[string]int or map[string]float64; a File for those of
	// FileFact; of those that CI pushed, any JSON value. Nil: there is none, as of a share of nothing.
	Value  any
	Source *Source // where it is from; facts that come together share one
	// Stale is from when on the value says nothing any more; zero = never.
	Stale time.Time
	// Until is when the value may be another though nothing happens, as that of a
	// count of the last 30 days; zero = never.
	Until time.Time
}

// Source is where a fact is from.
type Source struct {
	Position int64     `json:"position"`         // of the event that told of it
	Commit   string    `json:"commit,omitempty"` // full SHA; empty if it is not from a commit
	Actor    string    `json:"actor,omitempty"`  // who caused it, for people
	At       time.Time `json:"at"`               // when it became true
}

// Known has all facts observed, and returns them.
func (s *Subject) Known() map[string]Fact {
	for _, v := range variables {
		if v.observed {
			s.fact(v.name)
		}
	}
	s.fact(fileFacts)
	return s.Facts
}

// fact is what is known by a name.
func (s *Subject) fact(name string) (Fact, bool) {
	f, ok := s.Facts[name]
	if !ok && s.Observe != nil {
		s.Observe(name)
		f, ok = s.Facts[name]
	}
	return f, ok
}

// pushed goes through the facts that CI pushed, by their own names.
func (s *Subject) pushed() iter.Seq2[string, Fact] {
	return func(yield func(string, Fact) bool) {
		s.fact("facts")
		for name, f := range s.Facts {
			if custom, ok := strings.CutPrefix(name, factsPrefix); ok && !yield(custom, f) {
				return
			}
		}
	}
}

// Check is for the tests of those who make subjects. It reports that there is no entity, or a fact that no expression could read:
// one with a name that no variable has, or with a value of another type than the
// variable.
func (s *Subject) Check() error {
	if s.Entity == nil {
		return errors.New("a subject needs its entity")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Known())) {
		if !observable(name) {
			return fmt.Errorf("fact %q: there is no such variable; see Variables", name)
		}
		value := s.Facts[name].Value
		if strings.HasPrefix(name, factsPrefix) {
			if v := types.DefaultTypeAdapter.NativeToValue(value); types.IsError(v) {
				return fmt.Errorf("fact %q: %T is no JSON value", name, value)
			}
			continue
		}
		if within(name, fileFacts) {
			if _, ok := value.(File); !ok {
				return fmt.Errorf("fact %q: must be a File, found %T", name, value)
			}
			continue
		}
		i := slices.IndexFunc(variables, func(v variable) bool { return v.name == name })
		if want, got := variables[i].typ, goType(value); value != nil && (got == nil || !got.IsExactType(want)) {
			return fmt.Errorf("fact %q: must be a %s of CEL, found %T", name, typeText(want), value)
		}
	}
	return nil
}

// goType is the CEL type that a Go value is read as; nil if it is read as none.
func goType(v any) *cel.Type {
	switch v.(type) {
	case string:
		return cel.StringType
	case bool:
		return cel.BoolType
	case int, int64:
		return cel.IntType
	case float64:
		return cel.DoubleType
	case time.Time:
		return cel.TimestampType
	case time.Duration:
		return cel.DurationType
	case []string:
		return cel.ListType(cel.StringType)
	case map[string]int:
		return cel.MapType(cel.StringType, cel.IntType)
	case map[string]float64:
		return cel.MapType(cel.StringType, cel.DoubleType)
	default:
		return nil
	}
}

// view is a subject at a moment, as expressions see it. It keeps what it had to
// build, so that only one goroutine may use it.
type view struct {
	*Subject
	now   time.Time
	built map[string]any
}

var _ interpreter.Activation = (*view)(nil)

func newView(s *Subject, now time.Time) *view {
	return &view{s, now.UTC(), make(map[string]any, 8)}
}

// Parent is that there is none.
func (v *view) Parent() interpreter.Activation { return nil }

// ResolveName returns the value of a variable. One that is not known is a value,
// too: CEL carries it through the expression until something decides without it.
func (v *view) ResolveName(name string) (any, bool) {
	if value, ok := v.built[name]; ok {
		return value, true
	}
	value, ok := v.build(name)
	if ok {
		v.built[name] = value
	}
	return value, ok
}

func (v *view) build(name string) (any, bool) {
	switch name {
	case "entity":
		return types.DefaultTypeAdapter.NativeToValue(v.Entity.Object()), true
	case "owner.ref":
		return types.String(v.Owner.Ref), true
	case "owner.exists":
		return types.Bool(v.Owner.Exists), true
	case "owner.members":
		return types.Int(v.Owner.Members), true
	case "oncall.present":
		return types.Bool(onCallTool(v.Entity) != ""), true
	case "oncall.tool":
		return types.String(onCallTool(v.Entity)), true
	case "now":
		return types.Timestamp{Time: v.now}, true
	case "relations":
		all := []map[string]string{}
		if v.Relations != nil {
			for _, r := range v.Relations() {
				kind, _, _ := strings.Cut(r.TargetRef, ":")
				all = append(all, map[string]string{"type": r.Type, "target": r.TargetRef, "kind": kind})
			}
		}
		return types.DefaultTypeAdapter.NativeToValue(all), true
	case "links":
		all := make([]map[string]string, len(v.Entity.Metadata.Links))
		for i, l := range v.Entity.Metadata.Links {
			all[i] = map[string]string{"url": l.URL, "title": l.Title, "icon": l.Icon, "type": l.Type}
		}
		return types.DefaultTypeAdapter.NativeToValue(all), true
	case "facts":
		return &reports{Mapper: v.reports(func(f Fact) any { return f.Value }), view: v}, true
	case "reported":
		return v.reports(func(f Fact) any {
			if f.Source == nil {
				return Never()
			}
			return f.Source.At
		}), true
	}
	if _, ok := fileVariables[name]; ok {
		return v.contents(name), true
	}
	if !observable(name) {
		return nil, false
	}
	return v.fact(name), true
}

// fact is the value of what was observed, or that it is unknown.
func (v *view) fact(name string) ref.Val {
	f, ok := v.Subject.fact(name)
	if !ok || f.Value == nil || !f.Stale.IsZero() && !v.now.Before(f.Stale) {
		return types.NewUnknown(0, types.NewAttributeTrail(name))
	}
	if texts, ok := f.Value.([]string); ok { // files are many, and several rules go through them
		all := make([]ref.Val, len(texts))
		for i, s := range texts {
			all[i] = types.String(s)
		}
		return types.NewRefValList(types.DefaultTypeAdapter, all)
	}
	return types.DefaultTypeAdapter.NativeToValue(f.Value)
}

// source is where an input, named as [Touches] has it, is from; nil if nobody knows.
func (v *view) source(input string) *Source {
	switch root, _, _ := strings.Cut(input, "."); root {
	case "entity", "links", "oncall":
		return v.Declared
	}
	f, _ := v.Subject.fact(input)
	return f.Source
}

// reports is a map of what CI pushed.
func (v *view) reports(of func(Fact) any) traits.Mapper {
	all := map[string]any{}
	for name, f := range v.pushed() {
		all[name] = of(f)
	}
	return types.DefaultTypeAdapter.NativeToValue(all).(traits.Mapper)
}

// reports are the facts that CI pushed. Others than these are unknown, so that
// no question about a name has the answer that it is not there.
type reports struct {
	traits.Mapper
	view *view
}

// maxFactName is the most bytes that the name of a fact may have which CI pushes.
const maxFactName = 100

// Find returns a fact, or that it is unknown.
func (r *reports) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return r.Mapper.Find(key)
	}
	if len(name) > maxFactName { // nobody ever pushes it, and each part that is unknown carries its name
		return types.NewErr("no fact has a name of more than %d characters", maxFactName), true
	}
	return r.view.fact(factsPrefix + string(name)), true
}

// Get returns a fact, or that it is unknown.
func (r *reports) Get(key ref.Val) ref.Val {
	value, found := r.Find(key)
	if !found {
		return types.ValOrErr(key, "no such fact: %v", key)
	}
	return value
}

// Contains is unknown for a fact that is.
func (r *reports) Contains(key ref.Val) ref.Val {
	if value, found := r.Find(key); found && types.IsUnknown(value) {
		return value
	}
	return r.Mapper.Contains(key)
}
