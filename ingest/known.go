package ingest

import (
	"context"
	"slices"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// Known is what the catalog says, as of at least a position in the main log: a
// call waits until it has come so far. The projection of the current entities
// answers it.
//
// What is known is the fold of the entity events, where an origin's source and
// repository id say whose a declaration or rejection is, and its path which file's:
//
//   - registered and changed set the entity's declaration, and end the
//     rejections (of the entity and of the file as a whole) of its file and of
//     the file that declared it before;
//   - rejected and conflicted set the rejection of the entity in the file; with
//     an empty ref, of the file as a whole;
//   - removed ends the same rejections in its file, and the declaration if it
//     stands in that file.
type Known interface {
	// Repository returns a repository's declarations, in the order of the
	// events that made them, and its rejections. Nothing of it is written to
	// afterwards by either side. Declarations may lack their document.
	Repository(ctx context.Context, after eventlog.Position, source, repositoryID string) ([]event.Declaration, []Rejection, error)
	// Declared returns the declaration of an entity, whichever repository it stands
	// in. It may lack its document.
	Declared(ctx context.Context, after eventlog.Position, ref string) (event.Declaration, bool, error)
	// Refused returns the ids of the deliveries that the standing rejections of
	// an entity came from, in whichever repositories, the oldest first.
	Refused(ctx context.Context, after eventlog.Position, ref string) ([]string, error)
	// Count returns how many entities are declared in a source.
	Count(ctx context.Context, after eventlog.Position, source string) (int, error)
}

// Rejection is a descriptor that the catalog does not take.
type Rejection struct {
	event.EntityRejected
	// With is where the entity is kept that the descriptor declares too; nil if
	// the descriptor is wrong in itself, and in what old versions wrote.
	With *event.Origin
}

// event is what says so.
func (r Rejection) event() event.Data {
	if r.With == nil {
		return r.EntityRejected
	}
	return event.EntityConflicted{EntityRejected: r.EntityRejected, With: *r.With}
}

// says reports whether both say the same. That the other place's commit is newer,
// or its line another one, is not news.
func (r Rejection) says(other Rejection) bool {
	if (r.With == nil) != (other.With == nil) || r.Document != other.Document || !slices.Equal(r.Problems, other.Problems) {
		return false
	}
	return r.With == nil || keeperOf(*r.With) == keeperOf(*other.With)
}

// keeperOf is what matters of where an entity stands that others want to declare.
func keeperOf(o event.Origin) [5]string {
	return [...]string{o.Source, o.RepositoryID, o.Repository, o.Path, o.URL}
}

// known is what is known of one repository.
type known struct {
	kinds    catalog.Kinds
	declared map[string]event.Declaration // by ref
	rejected map[place]Rejection
	refs     map[string][]string // of what is declared or rejected, by path, sorted
	newest   string              // commit of the newest declaration
}

// place is an entity in a file; an empty ref is the file as a whole.
type place struct{ path, ref string }

func newKnown(kinds catalog.Kinds, declared []event.Declaration, rejected []Rejection) known {
	k := known{
		kinds:    kinds,
		declared: make(map[string]event.Declaration, len(declared)),
		rejected: make(map[place]Rejection, len(rejected)),
		refs:     make(map[string][]string, len(declared)),
	}
	for _, d := range declared {
		ref := d.Entity.Ref().String()
		k.declared[ref], k.newest = d, d.Origin.Commit
		k.refs[d.Origin.Path] = append(k.refs[d.Origin.Path], ref)
	}
	for _, r := range rejected {
		k.rejected[place{r.Origin.Path, r.Ref}] = r
		k.refs[r.Origin.Path] = append(k.refs[r.Origin.Path], r.Ref)
	}
	for path, refs := range k.refs {
		slices.Sort(refs)
		k.refs[path] = slices.Compact(refs)
	}
	return k
}

// moved reports whether a file was read when its repository had another name or
// default branch: every entity in it has other addresses now.
func (k known) moved(repo Repository, path string) bool {
	return slices.ContainsFunc(k.refs[path], func(ref string) bool {
		o := k.declared[ref].Origin
		return o.Path == path && (o.Repository != repo.FullName || o.Branch != repo.DefaultBranch)
	})
}

// holds reports whether the catalog knows all that a file says: everything that
// the file is about comes from just this content. That one entity does is not
// enough, as the others may have come and gone since.
//
// A file with a Location has to be read each time: what it leads to may be
// there by now, or gone. So has one with an entity of a kind that was declared
// otherwise when it was read. What placeholders brought in must be as it was, too;
// included is the id of the content that such a file has now.
func (k known) holds(f File, included func(path string) string) bool {
	refs := k.refs[f.Path]
	for _, ref := range refs {
		d, ok := k.declared[ref]
		_, broken := k.rejected[place{f.Path, ref}]
		if !ok || broken || d.Origin.Undone != nil || d.Origin.Path != f.Path || d.Origin.Blob != f.Blob || d.Origin.Entities != len(refs) || isLocation(&d.Entity) || !accepts(k.kinds, &d.Entity) {
			return false
		}
		for _, i := range d.Origin.Includes {
			if i.Blob == "" || included(i.Path) != i.Blob {
				return false
			}
		}
	}
	return len(refs) > 0
}
