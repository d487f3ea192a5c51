package web

import (
	"context"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/techdocs/revision"
	"github.com/callboard/callboard/web/ui"
)

// What is shown of a page of documentation instead of the page: values of [fieldView].
const (
	viewHistory = "history"
	viewCompare = "compare"
)

const (
	shownSteps   = 25  // of a page's history at once
	maxPageSteps = 500 // that are looked for
)

// docsPast is what shows the past of a page, if that is asked for; nil if not.
func (s *Site) docsPast(r request) (func(context.Context, request, docsReader, string) (answer, error), error) {
	view, err := choice(r.self.query, fieldView, "view", viewHistory, viewCompare)
	switch view {
	case viewHistory:
		return s.docsHistory, nil
	case viewCompare:
		return s.docsCompare, nil
	}
	return nil, err
}

// docsStep is a change of a page.
type docsStep struct {
	docs.Origin
	version *docs.PageVersion // nil: it went
	before  *docs.PageVersion // what it was before; nil: it came
	path    string
}

// steps tells how a page came to what a publication shows of it, the newest first, under
// whatever names.
func (t *docsTrail) steps(ctx context.Context, path string, shown eventlog.Position) ([]docsStep, error) {
	v, err := t.during(ctx, path, shown)
	if err != nil {
		return nil, err
	}
	var all []docsStep
	for len(all) < maxPageSteps {
		if v == nil { // look for what was before at this path
			if v, err = t.last(ctx, path, shown); v == nil || err != nil {
				return all, err
			}
			moved, err := t.turn(ctx, path, t.before(v.Ended), t.from(v.Ended))
			if err != nil || moved != "" && moved != path {
				return all, err // that was another page, which is elsewhere now
			}
			all = append(all, docsStep{Origin: docs.Origin{Position: v.Ended}, path: path, before: v})
		}
		older, err := t.older(ctx, *v)
		if err != nil {
			return nil, err
		}
		all = append(all, docsStep{Origin: v.Origin, version: v, before: older, path: v.Path})
		path, shown, v = v.Path, v.Position-1, older
	}
	return all, nil
}

// last is the newest version at a path that ended by an event; nil for none.
func (t *docsTrail) last(ctx context.Context, path string, by eventlog.Position) (*docs.PageVersion, error) {
	all, err := t.of(ctx, path)
	for i, v := range all {
		if v.Ended != 0 && v.Ended <= by {
			return &all[i], nil
		}
	}
	return nil, err
}

// older is what a version of a page was made from: the one that it replaced at its path,
// or the page that moved there. Nil: it came anew.
func (t *docsTrail) older(ctx context.Context, v docs.PageVersion) (*docs.PageVersion, error) {
	all, err := t.of(ctx, v.Path)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Ended == v.Position {
			return &all[i], nil
		}
	}
	before := t.before(v.Position)
	if before == 0 {
		return nil, nil
	}
	from, err := t.turn(ctx, v.Path, v.Position, before)
	if err != nil || from == "" {
		return nil, err
	}
	return t.during(ctx, from, before)
}

// docsHistoryView is the history of a page.
type docsHistoryView struct {
	docsFrame
	path    string // of the page, in the site
	gone    bool   // it is not there at the moment of the page
	steps   []docsStepRow
	total   string
	older   string
	newest  string
	compare string
	first   bool // the oldest is shown
}

type docsStepRow struct {
	says    string
	note    string // where it was before
	look    string
	icon    string
	when    ui.Moment
	who     ui.Person
	commit  ui.CommitMark
	event   ui.EventMark
	open    string         // the page as of then; "" where it went
	compare string         // with what was before; "" where there was nothing
	size    *revision.Size // nil where that is not known
}

// docsHistory shows which publications changed a page, and how much.
func (s *Site) docsHistory(ctx context.Context, r request, d docsReader, path string) (answer, error) {
	after, err := position(fieldAfter, r.self.query.Get(fieldAfter))
	if err != nil {
		return answer{}, err
	}
	t, err := s.docsTrail(ctx, d.entry.Ref)
	if err != nil {
		return answer{}, err
	}
	steps, err := t.steps(ctx, path, d.state.Shown.Position)
	if err != nil {
		return answer{}, err
	}
	page := d.site.Page(path)
	v := docsHistoryView{docsFrame: newDocsFrame(r, d, page), path: path, gone: page == nil, total: ui.Plural(len(steps), "change")}
	self := r.self.drop(fieldAfter, fieldFrom, fieldTo)
	v.compare = self.set(fieldView, viewCompare).String()
	if after > 0 {
		v.newest = self.String()
	}
	for i, step := range steps {
		if after > 0 && step.Position >= after {
			continue
		}
		if len(v.steps) == shownSteps {
			v.older = self.set(fieldAfter, decimal(steps[i-1].Position)).String()
			break
		}
		row, err := s.docsStepRow(ctx, r, d, t, step)
		if err != nil {
			return answer{}, err
		}
		v.steps = append(v.steps, row)
	}
	v.first = v.older == "" && len(steps) < maxPageSteps
	v.crumbs = append(v.crumbs, ui.Anchor{Label: tabHistory})
	return answer{title: "History of " + path + " · " + d.published.Site, styles: docsStyles(), body: docsHistoryPage(v)}, nil
}

func (s *Site) docsStepRow(ctx context.Context, r request, d docsReader, t *docsTrail, step docsStep) (docsStepRow, error) {
	row := docsStepRow{says: "Changed", icon: "edit", look: "info", event: mark(step.Position)}
	switch {
	case step.version == nil:
		rec, err := s.Log.At(ctx, step.Position)
		if err != nil {
			return row, err
		}
		step.Since, step.Actor, step.Cause = rec.Time, rec.Actor, rec.Cause
		row.says, row.icon, row.look = "Removed", "minus", "bad"
	case step.before == nil:
		row.says, row.icon, row.look = "Added", "plus", "good"
	case step.before.Path != step.path:
		row.says, row.icon, row.note = "Moved", "arrow-right", "from "+step.before.Path
	case step.before.Ended != step.Position:
		row.says, row.icon, row.look = "Came back", "undo", "good"
	}
	row.when, row.who, row.commit = ui.Near(step.Since, r.now), r.person(step.Actor), commit(step.Cause)
	at := docsAddress(d.base, step.path)
	if step.version != nil {
		row.open = t.since(at, step.Position, r.moment.Known).String()
	}
	if step.version != nil && step.before != nil {
		row.compare = t.comparing(r.self, step).String()
	}
	var err error
	row.size, err = s.docsSize(ctx, step)
	return row, err
}

// comparing leads to what a change changed.
func (t *docsTrail) comparing(self link, step docsStep) link {
	return self.drop(fieldAfter).set(fieldView, viewCompare).set(fieldFrom, decimal(t.before(step.Position))).set(fieldTo, decimal(step.Position))
}

func (s *Site) docsSize(ctx context.Context, step docsStep) (*revision.Size, error) {
	var before, after string
	for version, text := range map[*docs.PageVersion]*string{step.before: &before, step.version: &after} {
		if version == nil {
			continue
		}
		content, err := s.Contents.Blob(ctx, version.Blob)
		if fault.KindOf(err) == fault.NotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		*text = string(content)
	}
	size := revision.SizeOf(before, after)
	return &size, nil
}
