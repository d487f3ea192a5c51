package ingest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// crawl reads a root location: a virtual repository, whose files are the ones
// that its target leads to, further through the Locations in these, and before
// them all a file of its own, which declares the Location entity that stands for
// it.
//
// A Location is read as a whole, as Backstage does: if one of its targets cannot
// be read, says nothing that could be used, or holds what the rules forbid, the
// Location is refused and what it led to before stays as it was.
type crawl struct {
	*visit
	root  event.LocationRegistered
	rules Rules
	kinds catalog.Kinds
	known known
	moved bool // the target is another one than what is known was read from

	reading reading
	found   map[string]bool // paths of the reading's files
	blind   bool            // where a Location leads was not seen
	faults  []Failure
}

// Failure says why a Location is refused.
type Failure struct {
	Kind     FailureKind
	Location string        // what could not be used, "url:https://…"
	Ref      string        // of the entity that is forbidden
	Problem  event.Problem // of the Location
	Inside   event.Problem // of a file that is no descriptor
}

// FailureKind is what kind of failure it is.
type FailureKind string

// The kinds of failures.
const (
	FailureMissing   FailureKind = "missing"   // there is nothing
	FailureDenied    FailureKind = "denied"    // it must not be read
	FailureUnread    FailureKind = "unread"    // it cannot be read
	FailureUnusable  FailureKind = "unusable"  // it is no descriptor
	FailureForbidden FailureKind = "forbidden" // the rules forbid what it declares
)

// lead is a Location of which it has yet to be read where it leads.
type lead struct {
	doc  *descriptor.Document
	from fetched // the file that it stands in
	typ  string  // of that file's location
}

// read returns what is there, files by path.
func (c *crawl) read(ctx context.Context) (reading, error) {
	if err := c.walk(ctx); err != nil {
		return reading{}, err
	}
	slices.SortFunc(c.reading.files, func(a, b file) int { return cmp.Compare(a.Path, b.Path) })
	return c.reading, nil
}

// walk fills in the reading, a Location before what it leads to.
func (c *crawl) walk(ctx context.Context) error {
	own, doc, err := c.own()
	if err != nil {
		return err
	}
	c.reading = reading{
		source: LocationsSource, repo: Repository{ID: c.root.ID, FullName: c.root.Target},
		// What is not led to any more is not known to be deleted.
		tree: map[string]bool{},
	}
	for path := range c.known.refs {
		c.reading.tree[path] = true
	}
	c.found = map[string]bool{ownPath: true}
	c.reading.files = append(c.reading.files, own)
	next := []lead{{doc, fetched{File: own.File}, c.root.Type}}
	for len(next) > 0 {
		var led []lead
		for _, l := range next {
			more, err := c.follow(ctx, l)
			if err != nil {
				return err
			}
			led = append(led, more...)
		}
		next = led
	}
	if c.blind {
		c.keepOrphans()
	}
	return nil
}

// ownPath is the path of the file that declares the location itself, wherever
// that leads. Those of all others are URLs or absolute.
const ownPath = event.RegistrationPath

// own is that file.
func (c *crawl) own() (file, *descriptor.Document, error) {
	ref, err := catalog.ParseRef(c.root.EntityRef, catalog.Ref{})
	if err != nil {
		return file{}, nil, err
	}
	e := &catalog.Entity{
		APIVersion: "backstage.io/v1alpha1", Kind: "Location",
		Metadata: catalog.Metadata{Name: ref.Name, Namespace: catalog.DefaultNamespace},
		Spec:     map[string]any{"type": c.root.Type, "target": c.root.Target},
	}
	text, err := descriptor.Format(e)
	if err != nil {
		return file{}, nil, err
	}
	name := c.root.Type + ":" + c.root.Target
	f := file{File: File{Path: ownPath, Blob: contentID(text)}, at: address{ref: name}, text: string(text)}
	if c.root.Type == "url" {
		f.at.view = c.root.Target
	}
	f.parsed.Documents = []descriptor.Document{{Line: 1, Text: f.text, Ref: ref, Entity: e}}
	return f, &f.parsed.Documents[0], nil
}

// follow adds the files that a Location leads to, and returns the Locations in
// them.
func (c *crawl) follow(ctx context.Context, l lead) ([]lead, error) {
	spec := l.doc.Entity
	ref := spec.Ref().String()
	typ := cmp.Or(spec.SpecString("type"), l.typ)
	files, failures, err := c.targets(ctx, l, typ)
	if err != nil {
		return nil, err
	}
	if len(failures) > 0 {
		c.refuse(l, failures)
		for _, f := range files {
			if f.unusable() && !c.found[f.Path] {
				c.add(f.file)
				c.keepLed(f.Path)
			}
		}
		c.keep(ref)
		return nil, nil
	}
	var led []lead
	for _, f := range files {
		if c.found[f.Path] {
			continue
		}
		i := c.add(f.file)
		for d := range c.reading.files[i].parsed.Documents {
			switch doc := &c.reading.files[i].parsed.Documents[d]; {
			case isLocation(doc.Entity):
				led = append(led, lead{doc, f.fetched, typ})
			case doc.Entity == nil:
				c.keep(doc.Ref.String())
			}
		}
	}
	if len(c.found) > maxFiles {
		return nil, fault.New(fault.Invalid, "%s:%s leads to more than %d files: narrow its targets", c.root.Type, c.root.Target, maxFiles)
	}
	return led, nil
}

func (c *crawl) add(f file) int {
	c.found[f.Path] = true
	c.reading.tree[f.Path] = true
	c.reading.files = append(c.reading.files, f)
	return len(c.reading.files) - 1
}

// refuse says in a Location's document what is wrong with its targets.
func (c *crawl) refuse(l lead, failures []Failure) {
	problems := make([]catalog.Problem, len(failures))
	for i, f := range failures {
		problems[i] = catalog.Problem{Path: f.Problem.Path, Message: f.Problem.Message}
	}
	l.doc.Problems = locate(l.doc, problems)
	l.doc.Entity = nil
	c.faults = append(c.faults, failures...)
}

// keep leaves what a Location led to before as it is.
func (c *crawl) keep(ref string) {
	c.blind = true
	for path := range c.known.refs {
		if c.found[path] || c.parentOf(path) != ref {
			continue
		}
		o := c.originOf(path)
		c.add(file{
			File: File{Path: path, Blob: o.Blob}, at: address{view: o.URL},
			followed: o.Followed, parent: o.Parent, kept: true,
		})
		c.keepLed(path)
	}
}

// keepLed leaves what the Locations that are known in a file led to as it is.
func (c *crawl) keepLed(path string) {
	for _, ref := range c.known.refs[path] {
		if d, ok := c.known.declared[ref]; ok && d.Origin.Path == path && isLocation(&d.Entity) {
			c.keep(ref)
		}
	}
}

// keepOrphans leaves what Locations led to that are not in the catalog: somebody
// deleted them by hand, and whether they are declared was not seen.
func (c *crawl) keepOrphans() {
	for path := range c.known.refs {
		parent := c.parentOf(path)
		if _, ok := c.known.declared[parent]; !ok && parent != "" {
			c.keep(parent)
		}
	}
}

func (c *crawl) parentOf(path string) string { return c.originOf(path).Parent }

// originOf is where something stands that is known of a file.
func (c *crawl) originOf(path string) event.Origin {
	for _, ref := range c.known.refs[path] {
		if d, ok := c.known.declared[ref]; ok && d.Origin.Path == path {
			return d.Origin
		}
		if r, ok := c.known.rejected[place{path, ref}]; ok {
			return r.Origin
		}
	}
	return event.Origin{}
}

// ledFile is a file with what it was read from.
type ledFile struct {
	file
	fetched fetched
}

// targets reads what a Location leads to. Files that are there already are not
// parsed again.
func (c *crawl) targets(ctx context.Context, l lead, typ string) ([]ledFile, []Failure, error) {
	all := targets(l.doc.Entity)
	if len(all) > maxTargets {
		t := all[maxTargets]
		return nil, []Failure{{Kind: FailureUnread, Location: typ + ":" + t.text, Problem: event.Problem{Path: t.field, Message: fmt.Sprintf(
			"is one target more than the %d that a Location may have; write a pattern, or several Locations", maxTargets)}}}, nil
	}
	type outcome struct {
		target    string // absolute
		files     []ledFile
		forbidden [][]string // by file
		err       error
	}
	outcomes := make([]outcome, len(all))
	work, within := errgroup.WithContext(ctx)
	work.SetLimit(reads)
	for i, t := range all {
		o := &outcomes[i]
		if typ != l.typ && typ != "url" {
			o.target, o.err = t.text, fault.New(fault.Invalid, "a location of type %s must not lead to one of type %s", l.typ, typ)
			continue
		}
		if o.target, o.err = absolute(typ, t.text, l.from, l.typ); o.err != nil {
			continue
		}
		work.Go(func() error {
			var found []fetched
			found, o.err = c.files(within, typ, o.target)
			for _, one := range found {
				f := ledFile{file{File: one.File, at: one.at, followed: l.from.Path, parent: l.doc.Entity.Ref().String()}, one}
				forbidden, err := c.parse(within, &f)
				if err != nil {
					return err
				}
				o.files, o.forbidden = append(o.files, f), append(o.forbidden, forbidden)
			}
			return within.Err()
		})
	}
	if err := work.Wait(); err != nil {
		return nil, nil, err
	}
	var (
		files    []ledFile
		failures []Failure
	)
	for i, o := range outcomes {
		fail := func(kind FailureKind, location, ref, message string) {
			failures = append(failures, Failure{Kind: kind, Location: location, Ref: ref, Problem: event.Problem{Path: all[i].field, Message: message}})
		}
		switch kind := fault.KindOf(o.err); {
		case o.err == nil:
		case kind == fault.NotFound && l.doc.Entity.SpecString("presence") == "optional":
		case kind == fault.NotFound:
			remedy := "; add it, or set spec.presence to optional"
			if l.from.Path == ownPath { // which nobody can edit
				remedy = ""
			}
			fail(FailureMissing, typ+":"+o.target, "", fmt.Sprintf("leads nowhere: %v%s", o.err, remedy))
		case kind == fault.Denied:
			fail(FailureDenied, typ+":"+o.target, "", fmt.Sprintf("leads where nothing is read: %v", o.err))
		default:
			message := fmt.Sprintf("cannot be read: %v", o.err)
			if why, said := strings.CutPrefix(o.err.Error(), o.target+" cannot be read: "); said {
				message = fmt.Sprintf("leads to %s, which cannot be read: %s", o.target, why)
			}
			fail(FailureUnread, typ+":"+o.target, "", message)
		}
		files = append(files, o.files...)
		for j, f := range o.files {
			for _, bad := range o.forbidden[j] {
				fail(FailureForbidden, f.at.ref, bad, fmt.Sprintf("leads to %s, which declares %s: the rules do not let this location bring in such an entity; see catalog.rules", f.Path, bad))
			}
			if len(o.forbidden[j]) == 0 && f.unusable() {
				first := f.parsed.Problems[0]
				fail(FailureUnusable, f.at.ref, "", fmt.Sprintf("leads to %s, which cannot be used: %s", f.Path, first))
				failures[len(failures)-1].Inside = event.Problem(first)
			}
		}
	}
	return files, failures, nil
}

// parse fills in what a file says, unless that is known, and returns the
// entities that it must not declare, which make it unusable. The error is ctx's.
func (c *crawl) parse(ctx context.Context, f *ledFile) (forbidden []string, err error) {
	included := func(path string) string { return c.includedBlob(ctx, f.fetched, path) }
	if f.kept = !c.moved && c.parentOf(f.Path) == f.parent && c.known.holds(f.File, included); f.kept {
		for _, ref := range c.known.refs[f.Path] {
			d := c.known.declared[ref]
			f.kept = f.kept && c.rules.allow(c.root.Type, c.root.Target, d.Entity.Kind, &d.Entity)
		}
	}
	if f.kept {
		return nil, nil
	}
	if err := f.file.parse(c.kinds, f.fetched.text, c.bring(ctx, f.fetched)); err != nil {
		return nil, err
	}
	for i := range f.parsed.Documents {
		doc := &f.parsed.Documents[i]
		if doc.Ref.Kind == "" || c.rules.allow(c.root.Type, c.root.Target, doc.Ref.Kind, doc.Entity) {
			continue
		}
		forbidden = append(forbidden, doc.Ref.String())
		f.parsed.Problems = append(f.parsed.Problems, descriptor.Problem{Path: "kind", Line: doc.Line, Column: 1, Message: fmt.Sprintf(
			"is %s, which the rules do not let %s:%s bring in; see catalog.rules", doc.Ref.Kind, c.root.Type, c.root.Target)})
	}
	return forbidden, nil
}
