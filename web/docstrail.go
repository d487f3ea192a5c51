package web

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/techdocs"
	"github.com/callboard/callboard/techdocs/revision"
)

// docsTrail follows the pages of an entity's documentation from one publication to
// another, under whatever names they went. What it read it keeps: it is for one request.
type docsTrail struct {
	docs     Docs
	contents DocsContents
	entity   string
	states   []docs.State // all, the oldest first
	versions map[string][]docs.PageVersion
	pages    map[eventlog.Position][]revision.Page
	reads    int // of contents
}

const (
	maxMoves = 50    // how often a page is followed to another name
	maxReads = 2_000 // contents that are read to find moved pages; beyond, they are taken for others
)

func (s *Site) docsTrail(ctx context.Context, entity string) (*docsTrail, error) {
	states, err := s.Docs.List(ctx, docs.Query{Entity: entity, Past: true})
	return &docsTrail{s.Docs, s.Contents, entity, states, map[string][]docs.PageVersion{}, map[eventlog.Position][]revision.Page{}, 0}, err
}

// of returns what a page was at a path, the newest first.
func (t *docsTrail) of(ctx context.Context, path string) ([]docs.PageVersion, error) {
	if all, ok := t.versions[path]; ok {
		return all, nil
	}
	all, err := t.docs.PageVersions(ctx, t.entity, path, 0)
	t.versions[path] = all
	return all, err
}

// during is the version of a page that was shown by a publication; nil if it had none.
func (t *docsTrail) during(ctx context.Context, path string, at eventlog.Position) (*docs.PageVersion, error) {
	all, err := t.of(ctx, path)
	for i, v := range all {
		if v.Position <= at && (v.Ended == 0 || v.Ended > at) {
			return &all[i], nil
		}
	}
	return nil, err
}

// before is the publication that was shown before an event; 0 for none.
func (t *docsTrail) before(at eventlog.Position) (shown eventlog.Position) {
	for _, s := range t.states {
		if s.Position < at && s.Shown != nil {
			shown = s.Shown.Position
		}
	}
	return shown
}

// from is the first publication that is no earlier than an event; 0 for none.
func (t *docsTrail) from(at eventlog.Position) eventlog.Position {
	for _, s := range t.states {
		if s.Position >= at && s.Failure == nil {
			return s.Position
		}
	}
	return 0
}

// turn finds where a page of one publication stands in another, which is next to it:
// under the same name, or another one. "" is nowhere.
func (t *docsTrail) turn(ctx context.Context, path string, from, to eventlog.Position) (string, error) {
	was, err := t.published(ctx, from)
	if err != nil {
		return "", err
	}
	is, err := t.published(ctx, to)
	if err != nil {
		return "", err
	}
	for _, p := range is {
		if p.Path == path {
			return path, nil
		}
	}
	var failed error
	next, _ := revision.Successor(path, was, is, func(blob string) (string, bool) {
		if t.reads++; t.reads > maxReads {
			return "", false
		}
		content, err := t.contents.Blob(ctx, blob)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			failed = err
		}
		return string(content), err == nil
	})
	return next, failed
}

// published lists the pages of a publication.
func (t *docsTrail) published(ctx context.Context, at eventlog.Position) ([]revision.Page, error) {
	if all, ok := t.pages[at]; ok || at == 0 {
		return all, nil
	}
	p, err := t.docs.Published(ctx, at)
	if err != nil {
		return nil, err
	}
	all := make([]revision.Page, len(p.Pages))
	for i, page := range p.Pages {
		all[i] = revision.Page{Path: page.Path, Blob: page.Blob}
	}
	t.pages[at] = all
	return all, nil
}

// follow finds what the page at a path of one publication is called in another, later
// or earlier; "" if it is not in that.
func (t *docsTrail) follow(ctx context.Context, path string, seen, wanted eventlog.Position) (string, error) {
	for range maxMoves {
		if there, err := t.during(ctx, path, wanted); err != nil || there != nil {
			return path, err
		}
		v, err := t.during(ctx, path, seen)
		if err != nil || v == nil {
			return "", err
		}
		from, to, err := t.crossing(ctx, *v, wanted > seen)
		if err != nil || to == 0 || wanted > seen && to > wanted || wanted < seen && to < wanted {
			return "", err
		}
		if path, err = t.turn(ctx, path, from, to); err != nil || path == "" {
			return "", err
		}
		seen = to
	}
	return "", nil
}

// crossing is the publications between which a path lost its page or, going backward, got
// it; 0 if there is none.
func (t *docsTrail) crossing(ctx context.Context, v docs.PageVersion, forward bool) (from, to eventlog.Position, err error) {
	if !forward {
		from, err = t.begin(ctx, v)
		return from, t.before(from), err
	}
	end, err := t.end(ctx, v)
	if end == 0 {
		return 0, 0, err
	}
	return t.before(end), t.from(end), err
}

// end is the event since which a path had no page any more, whatever it held before;
// 0 if it still has one.
func (t *docsTrail) end(ctx context.Context, v docs.PageVersion) (eventlog.Position, error) {
	all, err := t.of(ctx, v.Path)
	at := v.Ended
	for i := len(all) - 1; i >= 0; i-- { // the oldest first
		if all[i].Position == at && at != 0 {
			at = all[i].Ended
		}
	}
	return at, err
}

// begin is the publication since which a path had a page, whatever it held.
func (t *docsTrail) begin(ctx context.Context, v docs.PageVersion) (eventlog.Position, error) {
	all, err := t.of(ctx, v.Path)
	at := v.Position
	for _, older := range all {
		if older.Ended == at {
			at = older.Position
		}
	}
	return at, err
}

// called finds the page that an address meant: the last that was called so by a
// publication, else the first that was called so afterwards. Nil: none ever was.
func (t *docsTrail) called(ctx context.Context, rest string, at eventlog.Position) (*docs.PageVersion, error) {
	paths, err := t.docs.PagePaths(ctx, t.entity)
	if err != nil {
		return nil, err
	}
	var last, first *docs.PageVersion
	wanted := techdocs.PageName(rest)
	for _, path := range paths {
		if techdocs.PageName(path) != wanted {
			continue
		}
		all, err := t.of(ctx, path)
		if err != nil {
			return nil, err
		}
		for i := range all {
			switch v := &all[i]; {
			case v.Position <= at && (last == nil || v.Position > last.Position):
				last = v
			case v.Position > at && (first == nil || v.Position < first.Position):
				first = v
			}
		}
	}
	if last == nil {
		return first, nil
	}
	return last, nil
}

// state is the last state that is such; nil for none.
func (t *docsTrail) state(is func(docs.State) bool) *docs.State {
	for i := len(t.states) - 1; i >= 0; i-- {
		if is(t.states[i]) {
			return &t.states[i]
		}
	}
	return nil
}

// since leads to an address as of when a publication came.
func (t *docsTrail) since(at link, published, known eventlog.Position) link {
	s := t.state(func(s docs.State) bool { return s.Position == published })
	if s == nil {
		return at
	}
	return whileItStood(at, *s, s.Since, known)
}

// until leads to an address as of just before an event.
func (t *docsTrail) until(at link, event, known eventlog.Position) link {
	s := t.state(func(s docs.State) bool { return s.Ended == event })
	if s == nil {
		return at
	}
	then := s.Until.Add(-time.Second)
	if then.Before(s.Since) {
		then = s.Since
	}
	return whileItStood(at, *s, then, known)
}

// whileItStood leads to an address as of a moment at which documentation stood so. One
// that stood for no time, as the next was true as early, is found by what was on record.
func whileItStood(at link, s docs.State, then time.Time, known eventlog.Position) link {
	at = at.drop(fieldMoment, fieldKnown).set(fieldMoment, then.UTC().Format(time.RFC3339Nano))
	if s.Ended != 0 && !s.Until.After(s.Since) {
		known = s.Position
	}
	if known > 0 {
		at = at.set(fieldKnown, decimal(known))
	}
	return at
}

// docsAddress is where a page of a site is by its path, whatever its URL was: it leads on.
func docsAddress(base, path string) link {
	return link{path: base + (&url.URL{Path: strings.TrimPrefix(path, "/")}).EscapedPath()}
}
