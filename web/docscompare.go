package web

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/techdocs/revision"
	"github.com/callboard/callboard/web/ui"
)

const (
	aroundLines  = 3    // that are shown around those that differ
	maxDiffLines = 2000 // of a difference that are shown
)

// docsThenView is a page at one of two moments.
type docsThenView struct {
	moment ui.Anchor
	path   string // "" if it was not there
}

// docsCompareView is what differs in a page between two moments.
type docsCompareView struct {
	docsFrame
	path     string
	from, to docsThenView
	fields   []ui.Field
	jumps    []ui.View
	carry    []ui.Hidden
	size     revision.Size
	hunks    []revision.Hunk
	cut      bool // there is more than is shown
	endings  bool // only ends of lines differ
	history  string
}

// docsThen is documentation as it stood at one of two moments.
type docsThen struct {
	text      string // the moment as it was asked for
	moment    projections.Moment
	published eventlog.Position // what was shown; 0 for nothing
	since     time.Time         // of that
	version   *docs.PageVersion // nil: the page was not in it
}

// docsCompare shows what differs in a page between two moments: what it was before it
// changed last, and the moment of the page, unless others are asked for.
func (s *Site) docsCompare(ctx context.Context, r request, d docsReader, path string) (answer, error) {
	t, err := s.docsTrail(ctx, d.entry.Ref)
	if err != nil {
		return answer{}, err
	}
	shown := d.state.Shown.Position
	seen, err := t.seen(ctx, path, shown)
	if err != nil || seen == nil {
		return answer{}, cmp.Or(err, fault.New(fault.NotFound, "%s has no page %s", d.published.Site, path))
	}
	to, err := s.docsThen(ctx, r, t, fieldTo, *seen)
	if err != nil {
		return answer{}, err
	}
	from, err := s.docsThen(ctx, r, t, fieldFrom, *seen)
	if err == nil && from.text == "" {
		err = t.lastChange(ctx, &from, to)
	}
	if err != nil {
		return answer{}, err
	}
	if from.published > to.published {
		return answer{}, fault.New(fault.Invalid, "from=%s is not before to=%s", from.text, cmp.Or(to.text, "now"))
	}
	before, err := s.docsText(ctx, from)
	if err != nil {
		return answer{}, err
	}
	after, err := s.docsText(ctx, to)
	if err != nil {
		return answer{}, err
	}
	v := docsCompareView{docsFrame: newDocsFrame(r, d, d.site.Page(path)), path: path, history: r.self.drop(fieldFrom, fieldTo).set(fieldView, viewHistory).String()}
	v.from, v.to = from.view(r, d), to.view(r, d)
	v.crumbs = append(v.crumbs, ui.Anchor{Label: "Compare"})
	all := revision.Diff(before, after)
	v.size = revision.Count(all)
	v.endings = before != after && v.size == revision.Size{}
	v.hunks, v.cut = cutHunks(revision.Hunks(all, aroundLines))
	v.carry = append([]ui.Hidden{{Name: fieldView, Value: viewCompare}}, momentFields(r.moment, r)...)
	v.fields = []ui.Field{
		{ID: "p-from", Name: fieldFrom, Label: "From", Value: from.text, Placeholder: "2026-03-03T14:00"},
		{ID: "p-to", Name: fieldTo, Label: "To", Value: to.text, Placeholder: "now"},
	}
	last := r.now
	if !r.moment.At.IsZero() {
		last = r.moment.At
	}
	v.jumps = span{last: last, toText: "-"}.jumps(r.self)
	return answer{title: "Compare " + path + " · " + d.published.Site, styles: docsStyles(), body: docsComparePage(v)}, nil
}

// docsThen reads one of two moments of an address: a time, or the number of an event,
// which is what was on record at that. None is the moment of the page.
func (s *Site) docsThen(ctx context.Context, r request, t *docsTrail, field string, seen docs.PageVersion) (side docsThen, err error) {
	side.text, side.moment = strings.TrimSpace(r.self.query.Get(field)), r.moment
	if n, err := strconv.ParseUint(side.text, 10, 63); err == nil && n > 0 {
		side.moment = projections.Moment{Known: eventlog.Position(n)}
	} else if side.text != "" {
		if s.Moments == nil {
			return side, fault.New(fault.NotFound, "this portal keeps no history to look into")
		}
		if side.moment.At, err = s.Moments.Time(ctx, field, side.text); err != nil {
			return side, err
		}
	}
	state, err := s.Docs.Get(ctx, t.entity, side.moment)
	if fault.KindOf(err) == fault.NotFound || err == nil && state.Shown == nil {
		return side, nil
	}
	if err != nil {
		return side, err
	}
	side.published, side.since = state.Shown.Position, state.Shown.Since
	path, err := t.follow(ctx, seen.Path, seen.Position, side.published)
	if err == nil && path != "" {
		side.version, err = t.during(ctx, path, side.published)
	}
	return side, err
}

// seen is a version of the page at a path: that of a publication, else the last before.
func (t *docsTrail) seen(ctx context.Context, path string, shown eventlog.Position) (*docs.PageVersion, error) {
	v, err := t.during(ctx, path, shown)
	if err != nil || v != nil {
		return v, err
	}
	return t.last(ctx, path, shown)
}

// lastChange has a comparison begin with what the page was before it changed last.
func (t *docsTrail) lastChange(ctx context.Context, from *docsThen, to docsThen) error {
	v := to.version
	if v == nil {
		return nil
	}
	older, err := t.older(ctx, *v)
	from.version, from.published = older, t.before(v.Position)
	if from.published > 0 {
		from.text = decimal(from.published)
		from.moment = projections.Moment{Known: from.published}
		if shown := t.state(func(s docs.State) bool { return s.Position == from.published }); shown != nil {
			from.since = shown.Since
		}
	}
	return err
}

// docsText is what a page held.
func (s *Site) docsText(ctx context.Context, side docsThen) (string, error) {
	if side.version == nil {
		return "", nil
	}
	content, err := s.Contents.Blob(ctx, side.version.Blob)
	return string(content), err
}

// view is a side with a link to the page as of then.
func (s docsThen) view(r request, d docsReader) docsThenView {
	v := docsThenView{moment: ui.Anchor{Label: "now", Href: r.self.path}}
	at := link{path: r.self.path}
	if s.version != nil {
		v.path, at = s.version.Path, docsAddress(d.base, s.version.Path)
		v.moment.Href = at.String()
	}
	switch {
	case s.published == 0 && s.text == "":
		v.moment.Label = "before it came"
		return v
	case !s.moment.At.IsZero():
		v.moment.Label = ui.Minute(s.moment.At).Text
		at = at.set(fieldMoment, s.moment.At.UTC().Format(time.RFC3339Nano))
	case s.moment.Known > 0 && s.published > 0:
		v.moment.Label = ui.Minute(s.since).Text
	case s.moment.Known > 0:
		v.moment.Label = "event " + ui.Number(s.moment.Known)
	default:
		return v
	}
	if s.moment.Known > 0 {
		at = at.set(fieldKnown, decimal(s.moment.Known))
	}
	v.moment.Href = at.String()
	return v
}

// cutHunks leaves out what is too much to be read.
func cutHunks(all []revision.Hunk) (shown []revision.Hunk, cut bool) {
	room := maxDiffLines
	for _, h := range all {
		if len(h.Lines) > room {
			h.Lines, cut = h.Lines[:room], true
		}
		room -= len(h.Lines)
		if shown = append(shown, h); cut {
			break
		}
	}
	return shown, cut
}
