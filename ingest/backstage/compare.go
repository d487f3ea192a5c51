package backstage

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
)

// Field is one thing in which an entity differs.
type Field struct {
	Path      string     `json:"path"`
	Op        catalog.Op `json:"op"` // what happened to it on the way from Backstage to Callboard
	Backstage any        `json:"backstage,omitempty"`
	Callboard any        `json:"callboard,omitempty"`
	// Follows is set for a relation that is not here because its other end is not,
	// which declares it.
	Follows bool `json:"follows,omitempty"`
}

// target is the other end of a relation that is not here.
func (f Field) target() (string, bool) {
	text, _ := f.Backstage.(string)
	_, target, ok := strings.Cut(text, " ")
	return target, ok && f.Path == "relations" && f.Op == catalog.Removed
}

// annotationOrphan marks what nothing leads to any more.
const annotationOrphan = "backstage.io/orphan"

// Ignored lists what is not compared, for people: what each catalog makes up by
// itself, and annotations that follow from where a descriptor was found.
func Ignored() []string {
	all := []string{"metadata.uid", "metadata.etag", "status", "the order of keys and of relations"}
	for _, name := range append(catalog.DerivedAnnotations(), annotationOrphan) {
		if name == catalog.AnnotationLocation {
			name += " of type file"
		}
		all = append(all, "annotation "+name)
	}
	return all
}

// Compare lists in what an entity of Callboard differs from Backstage's; both are
// as the two catalogs answered them. What [Ignored] lists makes no difference.
func Compare(theirs, ours json.RawMessage) []Field {
	before, err := read(theirs)
	if err != nil {
		return []Field{{Path: "", Op: catalog.Changed, Backstage: err.Error()}}
	}
	after, err := read(ours)
	if err != nil {
		return []Field{{Path: "", Op: catalog.Changed, Callboard: err.Error()}}
	}
	var fields []Field
	for _, c := range catalog.Diff(before.Entity, after.Entity) {
		fields = append(fields, Field{Path: c.Path, Op: c.Op, Backstage: short(c.Before), Callboard: short(c.After)})
	}
	if b, a := before.file, after.file; b.Type == "url" && !b.same(a) {
		f := Field{
			Path: catalog.FieldPath("metadata.annotations", catalog.AnnotationLocation), Op: catalog.Changed,
			Backstage: b.shown().String(), Callboard: a.shown().String(),
		}
		if a.Type == "" {
			f.Op, f.Callboard = catalog.Removed, nil
		}
		fields = append(fields, f)
	}
	return append(fields, compareRelations(before.relations, after.relations)...)
}

// compareRelations compares sorted lists.
func compareRelations(before, after []string) []Field {
	var fields []Field
	for _, r := range before {
		if _, still := slices.BinarySearch(after, r); !still {
			fields = append(fields, Field{Path: "relations", Op: catalog.Removed, Backstage: r})
		}
	}
	for _, r := range after {
		if _, had := slices.BinarySearch(before, r); !had {
			fields = append(fields, Field{Path: "relations", Op: catalog.Added, Callboard: r})
		}
	}
	return fields
}

// entity is one as a catalog answered it.
type entity struct {
	*catalog.Entity
	file      place
	relations []string // "ownedBy group:default/team-a", sorted
}

func read(text json.RawMessage) (entity, error) {
	var obj map[string]any
	if err := json.Unmarshal(text, &obj); err != nil {
		return entity{}, fmt.Errorf("it is no entity: %w", err)
	}
	var rest struct {
		Relations []struct {
			Type, TargetRef string
			Target          struct{ Kind, Namespace, Name string } // before Backstage 1.0
		}
	}
	if err := json.Unmarshal(text, &rest); err != nil {
		return entity{}, fmt.Errorf("its relations are no list: %w", err)
	}
	e, err := catalog.Read(obj)
	if err != nil {
		return entity{}, err
	}
	out := entity{Entity: e, file: parsePlace(e.Metadata.Annotations[catalog.AnnotationLocation])}
	for _, r := range rest.Relations {
		target := cmp.Or(strings.ToLower(r.TargetRef), catalog.Ref(r.Target).String())
		out.relations = append(out.relations, r.Type+" "+target)
	}
	slices.Sort(out.relations)
	out.relations = slices.Compact(out.relations)
	if e.Metadata.Namespace == "" {
		e.Metadata.Namespace = catalog.DefaultNamespace
	}
	delete(e.Metadata.Annotations, annotationOrphan)
	return out, nil
}

// longest is how many bytes of a value are kept.
const longest = 1000

// short keeps the beginning of a value that is too long to look at.
func short(v any) any {
	b, err := json.Marshal(v)
	if err != nil || len(b) <= longest {
		return v
	}
	text, isText := v.(string)
	if !isText {
		text = string(b)
	}
	return strings.ToValidUTF8(text[:min(len(text), longest)], "") + fmt.Sprintf("… (%d bytes)", len(text))
}
