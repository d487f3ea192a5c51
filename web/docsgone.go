package web

import (
	"context"
	"net/http"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// docsEnd is how a page or a site went.
type docsEnd struct {
	reason  string // where it went with more than itself
	when    ui.Moment
	who     ui.Person
	commit  ui.CommitMark
	event   ui.EventMark
	last    string // its last version
	history string // of a page
}

// unlisted stands for an entity that is not in the catalog at the moment of a page. Its
// documentation may be: the oldest is older than its descriptor, and what was is kept.
func unlisted(ref catalog.Ref) *entities.Entry {
	e := &catalog.Entity{Kind: ref.Kind, Metadata: catalog.Metadata{Name: ref.Name, Namespace: ref.Namespace}}
	return &entities.Entry{Ref: e.Ref().String(), Entity: e}
}

// docsGone answers at an address at which a site has no page: it leads to where the page
// moved or, at an earlier moment, to where it was before; or it tells how it went.
func (s *Site) docsGone(ctx context.Context, r request, d docsReader, rest string) (answer, error) {
	missing := answer{status: http.StatusNotFound, title: "No such page · " + d.published.Site, styles: docsStyles(), body: docsMissingPage(newDocsFrame(r, d, nil), rest, nil)}
	t, err := s.docsTrail(ctx, d.entry.Ref)
	if err != nil {
		return answer{}, err
	}
	shown := d.state.Shown.Position
	was, err := t.called(ctx, rest, shown)
	if err != nil || was == nil {
		return missing, err
	}
	to, err := t.follow(ctx, was.Path, was.Position, shown)
	if err != nil {
		return answer{}, err
	}
	if d.site.Page(to) != nil {
		a := answer{location: link{d.href(to), r.self.query}.String()}
		if r.moment.Now() {
			a.status = http.StatusMovedPermanently
		}
		return a, nil
	}
	show, err := s.docsPast(r)
	if err != nil {
		return answer{}, err
	}
	if show != nil {
		return show(ctx, r, d, was.Path)
	}
	if was.Position > shown { // it was still to come
		return missing, nil
	}
	event, err := t.end(ctx, *was)
	if err != nil || event == 0 {
		return missing, err
	}
	end, err := s.newDocsEnd(ctx, r, t, event, docsAddress(d.base, rest))
	if err != nil {
		return answer{}, err
	}
	end.history = r.self.set(fieldView, viewHistory).String()
	missing.status, missing.title = http.StatusGone, "Page removed · "+d.published.Site
	missing.body = docsMissingPage(newDocsFrame(r, d, nil), rest, end)
	return missing, nil
}

// newDocsEnd tells of the event that ended what was at an address.
func (s *Site) newDocsEnd(ctx context.Context, r request, t *docsTrail, at eventlog.Position, address link) (*docsEnd, error) {
	rec, err := s.Log.At(ctx, at)
	if err != nil {
		return nil, err
	}
	data, err := rec.Decode()
	if err != nil {
		return nil, err
	}
	end := &docsEnd{when: ui.Minute(rec.Time), who: r.person(rec.Actor), commit: commit(rec.Cause), event: mark(at), last: t.until(address, at, r.moment.Known).String()}
	switch d := data.(type) {
	case event.DocsRemoved:
		end.reason = d.Reason
	case event.EntityRemoved:
		end.reason = "the entity was removed from the catalog: " + d.Reason
	}
	return end, nil
}

// because says why it went, after when it did.
func (e docsEnd) because() string {
	switch {
	case e.reason == "":
		return ""
	case e.history != "": // a page
		return " with all of the documentation, as " + e.reason
	}
	return ", as " + e.reason
}

// docsNowhere answers for an entity without documentation at the moment of a page. If it
// had some before, that is told, and what it was is offered.
func (s *Site) docsNowhere(ctx context.Context, r request, e *entities.Entry, listed bool) (answer, error) {
	t, err := s.docsTrail(ctx, e.Ref)
	if err != nil {
		return answer{}, err
	}
	known, at := r.moment.Known, r.moment.At
	last := t.state(func(s docs.State) bool {
		return s.Shown != nil && s.Ended != 0 && (known == 0 || s.Ended <= known) && (at.IsZero() || !s.Until.After(at))
	})
	if last == nil && !listed {
		recent, err := s.newest(ctx, r, e.Entity.Ref(), 1)
		return notThere(r, e.Entity.Ref(), recent.Page), err
	}
	if last == nil {
		return docsNone(r, e, nil, nil), nil
	}
	address := docsAddress(docsLink(e.Entity.Ref()), r.param("*"))
	end, err := s.newDocsEnd(ctx, r, t, last.Ended, address)
	if fault.KindOf(err) == fault.NotFound { // the log was cut
		return docsNone(r, e, nil, nil), nil
	}
	return docsNone(r, e, nil, end), err
}
