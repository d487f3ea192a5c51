package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

const (
	registerPath       = catalogPath + "/register"
	removeLocationPath = sourcesPath + "/locations/remove"
	fieldTarget        = "target"
	fieldID            = "id"
)

// Locations are the places that descriptors are read from besides what the
// sources find by themselves.
type Locations interface {
	// Preview reads what is at a URL and tells what registering it would do.
	// Nothing is recorded. A URL that cannot be one, or must not be read, is an
	// error of kind fault.Invalid or fault.Denied; one that does not answer is of
	// kind fault.Unavailable.
	Preview(ctx context.Context, target string) (Preview, error)
	// Register has a URL read from now on and returns the location's id.
	// Registering it again is an error of kind fault.Conflict.
	Register(ctx context.Context, target string) (id string, err error)
	// Remove takes away a location that was registered, and what came from it.
	Remove(ctx context.Context, id string) error
	// States tells how the reading of each location went, by id. One that was
	// not read yet is not there.
	States(ctx context.Context) (map[string]LocationState, error)
}

// Preview is what registering a location would do.
type Preview struct {
	Target   string // as it would be registered
	Exists   bool   // it is registered already
	Entities []PreviewEntity
	Problems []PreviewProblem // of descriptors that cannot be used
}

// PreviewEntity is an entity that a location leads to.
type PreviewEntity struct {
	Ref     string // full and lower-case
	Title   string
	File    string           // path or URL of the descriptor
	Changes []catalog.Change // of an entity that is there already
	Is      PreviewState
	With    *event.Origin // of a conflict: the place that keeps the entity
}

// PreviewState is what would become of an entity.
type PreviewState string

// What would become of it.
const (
	PreviewNew      PreviewState = "new"
	PreviewChanged  PreviewState = "changed"
	PreviewSame     PreviewState = "same"
	PreviewConflict PreviewState = "conflict"
)

// PreviewProblem is what is wrong in a descriptor.
type PreviewProblem struct {
	File     string
	Document int // first line of the document that cannot be used
	event.Problem
}

// LocationState is how the last reading of a location went.
type LocationState struct {
	Read    time.Time
	Problem string // of the first descriptor that cannot be used; "" for none
}

// registerView is the page in each of its steps: the address, what it would do.
type registerView struct {
	steps   []ui.Step
	field   ui.Field
	preview *previewView
}

type previewView struct {
	target    string
	exists    bool
	says      string
	rows      []previewRow
	more      int
	problems  []string
	conflicts bool
	nothing   bool // it leads to no entity that could be used
}

type previewRow struct {
	entity           ui.EntityLink
	kind, file       string
	look, icon, word string
	note             string
	changes          []ui.Change
	other            outsideLink // of a conflict: who keeps it
}

// shownPreview is how many entities a preview lists.
const shownPreview = 100

func newRegisterView(step int) registerView {
	v := registerView{field: ui.Field{
		ID: "target", Name: fieldTarget, Label: "Address of a descriptor", Type: "url",
		Placeholder: "https://github.com/acme/payments/blob/main/catalog-info.yaml",
		Hint:        "The page of a catalog-info.yaml at its forge, or any address that answers with one. To register several at once, name a Location descriptor; patterns such as services/**/catalog-info.yaml work in the repositories of sources.",
	}}
	for i, label := range []string{"Address", "Look", "Done"} {
		v.steps = append(v.steps, ui.Step{Label: label, Done: i < step, Current: i == step})
	}
	return v
}

// register handles "GET /catalog/register".
func (s *Site) register(context.Context, request) (answer, error) {
	if s.Locations == nil {
		return answer{}, fault.New(fault.NotFound, "this portal takes no locations from its pages")
	}
	return answer{title: "Register a location", body: registerPage(newRegisterView(0))}, nil
}

// preview handles "POST /catalog/register".
func (s *Site) preview(ctx context.Context, r request) (answer, error) {
	if s.Locations == nil {
		return s.register(ctx, r)
	}
	target := strings.TrimSpace(r.form(fieldTarget))
	p, err := s.Locations.Preview(ctx, target)
	if err != nil {
		kind := fault.KindOf(err)
		if kind == fault.Internal || ctx.Err() != nil {
			return answer{}, err
		}
		v := newRegisterView(0)
		v.field.Value, v.field.Problem = target, sentenceOf(err)
		wrong := ui.Wrong(&v.field)
		return answer{status: http.StatusUnprocessableEntity, title: "Register a location", body: registerPage(v), wrong: wrong}, nil
	}
	v := newRegisterView(1)
	v.field.Value, v.preview = target, newPreviewView(r, p)
	return answer{title: "Register a location", body: registerPage(v)}, nil
}

func newPreviewView(r request, p Preview) *previewView {
	v := &previewView{target: p.Target, exists: p.Exists}
	counts := map[PreviewState]int{}
	for i, e := range p.Entities {
		counts[e.Is]++
		if i < shownPreview {
			v.rows = append(v.rows, newPreviewRow(r, e))
		}
	}
	v.more = len(p.Entities) - len(v.rows)
	v.conflicts = counts[PreviewConflict] > 0
	v.nothing = len(p.Entities) == counts[PreviewConflict]
	unusable := map[string]bool{}
	for _, problem := range p.Problems {
		unusable[problem.File+"\n"+strconv.Itoa(problem.Document)] = true
		v.problems = append(v.problems, event.EntityRejected{Origin: event.Origin{Path: problem.File}}.Describe(problem.Problem))
	}
	var parts []string
	for _, part := range []struct {
		n    int
		says string
	}{
		{counts[PreviewNew], "new"}, {counts[PreviewChanged], "would change"}, {counts[PreviewSame], "there already, as it is"},
		{counts[PreviewConflict], "declared elsewhere"}, {len(unusable), "cannot be used"},
	} {
		if part.n > 0 {
			parts = append(parts, ui.Number(part.n)+" "+part.says)
		}
	}
	v.says = strings.Join(parts, ", ")
	return v
}

func newPreviewRow(r request, e PreviewEntity) previewRow {
	row := previewRow{entity: named(r.catalog, e.Ref), file: ui.Shorten(e.File, 120), changes: fields(e.Changes, shownText)}
	if ref, err := catalog.ParseRef(e.Ref, catalog.Ref{}); err == nil {
		row.kind = kindTitle(r.catalog, ref.Kind)
		row.entity.Icon = kindIcon(r.catalog, ref.Kind, "")
	}
	row.entity.Label = cmp.Or(e.Title, row.entity.Label)
	row.changes = row.changes[:min(len(row.changes), shownChanges)]
	switch e.Is {
	case PreviewNew:
		row.look, row.icon, row.word = "good", "plus", "New"
	case PreviewChanged:
		row.look, row.icon, row.word = "info", "edit", "Changes"
	case PreviewConflict:
		row.look, row.icon, row.word = "bad", "swap", "Declared elsewhere"
		if e.With != nil {
			row.other = placeOf(*e.With)
			row.note = "keeps the name. This location would not get it."
		}
	case PreviewSame:
		row.look, row.icon, row.word = "", "same", "No change"
	}
	return row
}

// confirm handles "POST /catalog/register/confirm".
func (s *Site) confirm(ctx context.Context, _ browser, form url.Values) (string, error) {
	if s.Locations == nil {
		return "", fault.New(fault.NotFound, "this portal takes no locations from its pages")
	}
	id, err := s.Locations.Register(ctx, strings.TrimSpace(form.Get(fieldTarget)))
	if err != nil {
		return "", err
	}
	return registerPath + "/" + url.PathEscape(id), nil
}

// removeLocation handles "POST /sources/locations/remove".
func (s *Site) removeLocation(ctx context.Context, _ browser, form url.Values) (string, error) {
	if s.Locations == nil {
		return "", fault.New(fault.NotFound, "this portal has no locations")
	}
	if err := s.Locations.Remove(ctx, form.Get(fieldID)); err != nil {
		return "", err
	}
	return sourcesPath + "#h-locations", nil
}

// How often a location that was just registered is looked for, and how long that
// is nothing unusual.
const (
	lookAgain = 2 * time.Second
	usualWait = 30 * time.Second
)

type registeredView struct {
	steps   []ui.Step
	target  string
	waiting string // what to say while it is not read; "" once it is
	problem string
	found   []ui.EntityLink // what it leads to
	more    int
	entity  ui.EntityLink // the Location entity that stands for it
}

// registered handles "GET /catalog/register/{id}": what became of a location.
func (s *Site) registered(ctx context.Context, r request) (answer, error) {
	if s.Locations == nil {
		return s.register(ctx, r)
	}
	id := r.param(fieldID)
	states, err := s.Locations.States(ctx)
	if err != nil {
		return answer{}, err
	}
	i := slices.IndexFunc(r.catalog.Locations(), func(l *entities.Location) bool { return l.ID == id })
	state, read := states[id]
	if i < 0 && !read {
		// Its event is on its way to the catalog, or it never was.
		return answer{title: "Register a location", body: registeredPage(registeredView{
			steps: newRegisterView(2).steps, waiting: "The portal has not seen it yet. It appears within a second, unless the address of this page is wrong.",
		}), again: lookAgain}, nil
	}
	v := registeredView{steps: newRegisterView(2).steps, problem: state.Problem}
	a := answer{title: "Register a location"}
	if i >= 0 {
		l := r.catalog.Locations()[i]
		v.target, v.entity = l.Target, named(r.catalog, l.EntityRef)
		found := r.catalog.Find(entities.Query{Parents: []string{l.EntityRef}, Order: entities.ByName, Limit: shownPreview})
		for _, e := range found.Entries {
			v.found = append(v.found, named(r.catalog, e.Ref))
		}
		v.more = found.Total - len(v.found)
		// What was read takes a moment to get from the log to the catalog.
		waited := r.now.Sub(l.Recorded)
		switch {
		case found.Total > 0 || read && (state.Problem != "" || waited > usualWait):
		case waited > usualWait:
			v.waiting = "Reading takes longer than usual: " + ui.SpanInWords(waited) + " so far. The page goes on looking; it may be left."
		default:
			v.waiting = "Its descriptors appear here by themselves, usually within a second."
		}
	}
	if v.waiting != "" {
		a.again = lookAgain
	}
	a.body = registeredPage(v)
	return a, nil
}

// locationRow is a location in the table of the sources page.
type locationRow struct {
	id, target       string
	href             templ.SafeURL
	entity           string // page of the Location entity
	about            string
	look, icon, word string
	problem          string
	read             ui.Moment
	found            string
	configured       bool
	mark             ui.EventMark
}

// locationRows are the registered and configured locations, newest first.
func (s *Site) locationRows(ctx context.Context, r request) ([]locationRow, error) {
	all := r.catalog.Locations()
	if len(all) == 0 || s.Locations == nil {
		return nil, nil
	}
	states, err := s.Locations.States(ctx)
	if err != nil {
		return nil, err
	}
	var rows []locationRow
	for _, l := range slices.Backward(all) {
		row := locationRow{
			id: l.ID, target: l.Target, href: ui.Outside(l.Target), configured: l.Configured, mark: mark(l.Position),
			entity: named(r.catalog, l.EntityRef).Href,
			about:  "registered " + ui.Near(l.Time, r.now).Within().Text,
			look:   "", icon: "clock", word: "Not read yet",
		}
		if l.Configured {
			row.about = "in the configuration"
		}
		if state, ok := states[l.ID]; ok {
			row.look, row.icon, row.word = "good", "check", "Read"
			if row.problem = ui.Shorten(state.Problem, 240); row.problem != "" {
				row.look, row.icon, row.word = "bad", "x-circle", "Has a problem"
			}
			row.read = ui.Near(state.Read, r.now)
		}
		row.found = ui.Number(cameThrough(r.catalog, l.EntityRef))
		rows = append(rows, row)
	}
	return rows, nil
}

// cameThrough counts the entities that a Location led to, over all steps.
func cameThrough(c Catalog, ref string) int {
	n, seen := 0, map[string]bool{ref: true}
	for next := []string{ref}; len(next) > 0; {
		n += c.Find(entities.Query{Parents: next, Limit: 1}).Total
		further := c.Find(entities.Query{Parents: next, Kinds: []string{"Location"}}).Entries
		next = nil
		for _, e := range further {
			if !seen[e.Ref] {
				seen[e.Ref] = true
				next = append(next, e.Ref)
			}
		}
	}
	return n
}
