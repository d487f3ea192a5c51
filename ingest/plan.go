package ingest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
)

// reading is a repository's descriptors as they are at one commit.
type reading struct {
	source string
	repo   Repository
	commit string          // SHA
	tree   map[string]bool // paths of all files
	all    []File          // the same with what is in them, by path
	files  []file          // the descriptors, by path
	owners File            // CODEOWNERS; zero if there is none
	// protected says whether the default branch is; nil if that is not known.
	protected *bool
	gone      string // why nothing is read any more; "" while it is
	// told says why what was in a file is not there any more; "" if that is not
	// known. Nil: what happened to the file says so.
	told func(path string) string
}

// file is a descriptor file. It is kept when its content is the one that is
// known already, so that nobody has read it; else it is parsed.
type file struct {
	File
	at       address
	followed string // path of the Location descriptor that led here, if one did
	parent   string // ref of that Location entity
	kept     bool
	includes map[string]event.Include // what placeholders bring in, by their targets
	text     string
	parsed   descriptor.File
}

// unusable reports whether the file says nothing at all.
func (f *file) unusable() bool { return len(f.parsed.Problems) > 0 }

// entities counts what the file is about.
func (f *file) entities() int {
	refs := map[string]bool{}
	for i := range f.parsed.Documents {
		refs[f.parsed.Documents[i].Ref.String()] = true
	}
	return len(refs)
}

// change is an event to be, before it has an id, a time and somebody to blame.
type change struct {
	ref  string // "" for a file as a whole
	path string // of the file that it is about
	due  string // path of the file whose last commit made it so; "" if none did
	now  bool   // it is so from when it is recorded on, and not since that commit
	data event.Data
}

// plan decides what to append so that the catalog says of the repository what
// the reading says. It is pure, apart from asking where else an entity is
// declared. Applied to its own outcome it decides nothing.
//
// Who holds an entity that several documents declare: within a file the last;
// else the document in the file that held it before, then the first good one by
// path. A broken document holds nothing, but what it held before stays as it
// was. Another repository's entity stays there, unless that is none of a source's
// any more: see [holder]. A good document that declares what it does not get is in
// conflict with the one that holds it.
func plan(k known, r reading, elsewhere func(ref string) (holder, bool, error)) ([]change, error) {
	p := planner{known: k, reading: r, left: maps.Clone(k.rejected), want: map[place]Rejection{}, byPath: map[string]*file{}, ceded: map[string]event.Declaration{}}
	claims := p.claims()
	for _, ref := range slices.Sorted(maps.Keys(claims)) {
		if err := p.settle(ref, claims[ref], elsewhere); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(p.changes, func(a, b change) int { return cmp.Compare(a.path, b.path) })
	for _, ref := range slices.Sorted(maps.Keys(k.declared)) {
		if claims[ref] == nil && !removalUndone(k.declared[ref].Origin) {
			p.remove(ref, k.declared[ref].Origin)
		}
	}
	p.reject()
	return p.changes, nil
}

// holder is who declares an entity elsewhere. It cedes if nobody reads it any more, as
// its source is not configured: it would keep the name for ever, whatever becomes of
// the file. So does what was made in the portal: a file counts more. Whoever else declares
// the entity takes it over, as the entity that it is.
type holder struct {
	event.Declaration
	cedes bool
}

// claim is a document that declares an entity. Of a kept file there is no
// document; of an unusable one there is only what it declared before.
type claim struct {
	file *file
	doc  *descriptor.Document
}

func (c claim) good() bool { return c.file.kept || c.doc != nil && c.doc.Entity != nil }

type planner struct {
	known
	reading
	byPath  map[string]*file
	changes []change
	left    map[place]Rejection          // rejections that still stand after the changes
	want    map[place]Rejection          // rejections that must stand in the end
	ceded   map[string]event.Declaration // what is taken over, as it was elsewhere, by ref
}

// claims lists who declares what, by ref and then by path.
func (p *planner) claims() map[string][]claim {
	all := map[string][]claim{}
	for i := range p.files {
		f := &p.files[i]
		p.byPath[f.Path] = f
		if f.kept {
			p.keep(f, all)
			continue
		}
		if f.unusable() {
			for _, ref := range p.refs[f.Path] {
				if ref != "" {
					all[ref] = append(all[ref], claim{file: f})
				}
			}
			continue
		}
		last := map[string]int{}
		for d := range f.parsed.Documents {
			last[f.parsed.Documents[d].Ref.String()] = d
		}
		for ref, d := range last {
			all[ref] = append(all[ref], claim{f, &f.parsed.Documents[d]})
		}
	}
	return all
}

// keep claims what a file declares already, and leaves what was wrong with it as
// it is.
func (p *planner) keep(f *file, all map[string][]claim) {
	for _, ref := range p.refs[f.Path] {
		if d, ok := p.declared[ref]; ok && d.Origin.Path == f.Path {
			all[ref] = append(all[ref], claim{file: f})
		}
		if r, ok := p.rejected[place{f.Path, ref}]; ok {
			p.want[place{f.Path, ref}] = r
		}
	}
}

// settle decides about one entity that somebody declares.
func (p *planner) settle(ref string, claims []claim, elsewhere func(string) (holder, bool, error)) error {
	claims = slices.DeleteFunc(claims, func(c claim) bool {
		if !p.undone(c, ref) {
			return false
		}
		p.want[place{c.file.Path, ref}] = p.rejected[place{c.file.Path, ref}]
		return true
	})
	before, isKnown := p.declared[ref]
	if len(claims) == 0 {
		if isKnown && !removalUndone(before.Origin) {
			p.remove(ref, before.Origin)
		}
		return nil
	}
	other, isElsewhere := holder{}, false
	if !isKnown {
		var err error
		if other, isElsewhere, err = elsewhere(ref); err != nil {
			return err
		}
	}
	switch {
	case isElsewhere && other.cedes && choose(claims, "") != nil:
		p.ceded[ref], isElsewhere = other.Declaration, false
	case isElsewhere && isOrganisation(other.Origin.RepositoryID) && p.takes(ref, claims, other.Origin):
		isElsewhere = false
	}
	var keeper *claim
	if !isElsewhere {
		keeper = choose(claims, before.Origin.Path)
	}
	for i := range claims {
		switch c := &claims[i]; {
		case c == keeper:
			p.declare(ref, *c)
		case !c.good() && c.doc == nil:
			if keeper == nil { // else it moved out of a file that cannot be read
				p.want[place{c.file.Path, ref}] = Rejection{EntityRejected: p.rejection(c.file, nil, ref, c.file.parsed.Problems)}
			}
		case !c.good():
			p.want[place{c.file.Path, ref}] = Rejection{EntityRejected: p.rejection(c.file, c.doc, ref, c.doc.Problems)}
		case isElsewhere && isOrganisation(p.repo.ID):
			// What somebody has written down counts more. When that goes, people are
			// read again.
		case isElsewhere && p.source == LocationsSource && sameFile(other.Origin, p.origin(c.file, 0)):
			// It is declared by this very file, which is read in another way too. A
			// location is read again anyway; a repository needs its refusal for that.
		default:
			at := other.Origin
			if keeper != nil {
				at = p.origin(keeper.file, p.lineOf(ref, *keeper))
			}
			p.want[place{c.file.Path, ref}] = p.conflict(*c, ref, at)
		}
	}
	return nil
}

// takes has a descriptor take an entity over from an organisation's own, whichever
// of them came first, and reports whether one does.
func (p *planner) takes(ref string, claims []claim, from event.Origin) bool {
	if isOrganisation(p.repo.ID) {
		return false
	}
	c := choose(claims, "")
	if c == nil || c.doc == nil {
		return false
	}
	reason := fmt.Sprintf("%s declares it", p.origin(c.file, 0).Place())
	p.changes = append(p.changes, change{ref: ref, path: c.file.Path, due: c.file.Path, data: event.EntityRemoved{Ref: ref, Reason: reason, Origin: from}})
	return true
}

// sameFile reports whether two origins are one file, that two locations lead to
// or that a location and a source have found.
func sameFile(a, b event.Origin) bool {
	return a.URL != "" && a.URL == b.URL || a.Source == b.Source && a.Path == b.Path && a.Path != ownPath
}

// choose returns who holds an entity: a good claim in the file that held it, or
// the first good one.
func choose(claims []claim, before string) *claim {
	var keeper *claim
	for i := range claims {
		if c := &claims[i]; c.good() && (keeper == nil || c.file.Path == before) {
			keeper = c
		}
	}
	return keeper
}

// declare registers or changes an entity, unless it is known just so.
func (p *planner) declare(ref string, c claim) {
	if c.doc == nil {
		return // kept
	}
	now := p.declaration(c)
	before, isKnown := p.declared[ref]
	if isKnown && stays(before, c) {
		return
	}
	ceded, isCeded := p.ceded[ref]
	switch {
	case isCeded && ceded.Origin.FromPortal(): // the commit may be older than what it takes over
		reason := fmt.Sprintf("it was made in the portal: %s has it now", now.Origin.Place())
		p.changes = append(p.changes, change{ref: ref, path: now.Origin.Path, due: now.Origin.Path, now: true, data: event.EntityChanged{Declaration: now, Reason: reason}})
	case isCeded: // no commit did that, but the configuration, now
		reason := fmt.Sprintf("source %s, which had it, is not configured any more: %s has it now, by source %s", ceded.Origin.Source, now.Origin.Place(), p.source)
		p.changes = append(p.changes, change{ref: ref, path: now.Origin.Path, data: event.EntityChanged{Declaration: now, Reason: reason}})
	case isKnown:
		_, mended := p.rejected[place{c.file.Path, ref}]
		if _, also := p.rejected[place{before.Origin.Path, ref}]; !mended && !also && same(before, now) {
			return
		}
		p.add(ref, now.Origin, event.EntityChanged{Declaration: now})
		p.clear(before.Origin.Path, ref)
	default:
		p.add(ref, now.Origin, event.EntityRegistered{Declaration: now})
	}
	p.clear(c.file.Path, ref)
}

// remove ends a declaration, or a rejection that has no other end.
func (p *planner) remove(ref string, was event.Origin) {
	reason, due := fmt.Sprintf("%s does not declare it any more", was.Path), was.Path
	if ref == "" {
		reason = fmt.Sprintf("%s can be read again", was.Path)
	}
	switch {
	case p.gone != "":
		reason = p.gone
	case p.told != nil && p.told(was.Path) != "":
		reason = p.told(was.Path)
	case !p.tree[was.Path]:
		reason = fmt.Sprintf("%s was deleted", was.Path)
	case p.byPath[was.Path] == nil && was.Followed != "":
		reason, due = fmt.Sprintf("%s does not lead to %s any more", was.Followed, was.Path), was.Followed
	case p.byPath[was.Path] == nil:
		reason = fmt.Sprintf("%s is not read for descriptors any more", was.Path)
	}
	at := p.origin(&file{File: File{Path: was.Path, Blob: was.Blob}, at: address{view: was.URL}, followed: was.Followed, parent: was.Parent}, was.Line)
	p.changes = append(p.changes, change{ref: ref, path: was.Path, due: due, data: event.EntityRemoved{Ref: ref, Reason: reason, Origin: at}})
	p.clear(was.Path, ref)
}

// reject ends the rejections that do not hold any more, then adds those that
// do not stand yet. An unusable file in which nothing was known is rejected as
// a whole.
func (p *planner) reject() {
	told := map[string]bool{}
	for at := range p.want {
		told[at.path] = true
	}
	for i := range p.files {
		if f := &p.files[i]; f.unusable() && !told[f.Path] {
			p.want[place{f.Path, ""}] = Rejection{EntityRejected: p.rejection(f, nil, "", f.parsed.Problems)}
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(p.left), comparePlaces) {
		_, wanted := p.want[at]
		if was, still := p.left[at]; still && !wanted {
			p.remove(at.ref, was.Origin)
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(p.want), comparePlaces) {
		now := p.want[at]
		was, stands := p.left[at]
		if stands && was.says(now) {
			continue
		}
		p.add(at.ref, now.Origin, now.event())
	}
}

func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.ref, b.ref))
}

// add appends what is to be said of an entity in the file that an origin names.
func (p *planner) add(ref string, now event.Origin, data event.Data) {
	was := p.declared[ref].Origin
	if r, ok := p.rejected[place{now.Path, ref}]; ok {
		was = r.Origin
	}
	p.changes = append(p.changes, change{ref: ref, path: now.Path, due: causeOf(was, now), data: data})
}

// clear keeps p.left in step with what an event will end: see [Known].
func (p *planner) clear(path, ref string) {
	delete(p.left, place{path, ref})
	delete(p.left, place{path, ""})
}
