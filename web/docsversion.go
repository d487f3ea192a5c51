package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/web/ui"
)

// fieldVersion names a tag or release; a page of documentation as of one is a page of
// the moment that it stands for.
const fieldVersion = "version"

const (
	offeredVersions = 100 // in the choice of one
	namedVersions   = 5   // to whoever asks for another
)

// docsPast is what a page of documentation offers of its past.
type docsPast struct {
	history  string
	version  string // what is shown: a tag, "Latest" or another moment
	latest   string // the page of now
	now      bool
	versions []docsVersion
	more     int
}

type docsVersion struct {
	ui.Anchor
	when    ui.Moment
	release bool
	title   string
	on      bool
}

func (s *Site) newDocsPast(ctx context.Context, r request, d docsReader) (docsPast, error) {
	here := r.self.drop(fieldMoment, fieldKnown)
	v := docsPast{history: r.self.set(fieldView, viewHistory).String(), latest: here.String(), version: "Latest", now: r.moment.Now()}
	if !v.now {
		v.version = "Another moment"
	}
	all, err := s.Docs.Versions(ctx, d.published.Repository, r.moment.Known)
	for i, one := range all {
		on := !v.now && one.At.Equal(r.moment.At)
		if on {
			v.version = one.Tag
		}
		if i >= offeredVersions {
			v.more++
			continue
		}
		v.versions = append(v.versions, docsVersion{
			Anchor: ui.Anchor{Label: ui.Shorten(one.Tag, 40), Href: here.set(fieldVersion, one.Tag).String()},
			when:   ui.Near(one.At, r.now), release: one.Release, title: one.Name, on: on,
		})
	}
	return v, err
}

// docsAsOfVersion leads to the same address as of the moment that a tag or release of
// the repository stands for.
func (s *Site) docsAsOfVersion(ctx context.Context, r request, entity, version string) (answer, error) {
	states, err := s.Docs.List(ctx, docs.Query{Entity: entity, Past: true})
	if err != nil {
		return answer{}, err
	}
	var repository event.Repository
	for _, s := range states {
		if s.Shown != nil {
			repository = s.Shown.Repository
		}
	}
	if repository.ID == "" {
		return answer{}, fault.New(fault.NotFound, "%s has no documentation, so none as of %s", entity, version)
	}
	all, err := s.Docs.Versions(ctx, repository, r.moment.Known)
	if err != nil {
		return answer{}, err
	}
	for _, v := range all {
		if v.Tag == version {
			to := r.self.drop(fieldVersion, fieldKnown).set(fieldMoment, v.At.UTC().Format(time.RFC3339Nano))
			return answer{location: to.String()}, nil
		}
	}
	return answer{}, fault.New(fault.NotFound, "no tag or release %q of %s is on record: %s", version, repository.FullName, knownVersions(all))
}

func knownVersions(all []docs.Version) string {
	if len(all) == 0 {
		return "none is, as they come by webhook; give a moment instead, such as ?at=2026-03-03"
	}
	var names []string
	for _, v := range all[:min(len(all), namedVersions)] {
		names = append(names, v.Tag)
	}
	known := strings.Join(names, ", ")
	if more := len(all) - len(names); more > 0 {
		known = fmt.Sprintf("%s and %d older ones", known, more)
	}
	return "known are " + known
}

// momentFields are the fields of a moment that a page was asked for with, for a form.
func momentFields(m projections.Moment, r request) []ui.Hidden {
	if m.Now() {
		return nil
	}
	var all []ui.Hidden
	for _, field := range []string{fieldMoment, fieldKnown} {
		if value := r.self.query.Get(field); value != "" {
			all = append(all, ui.Hidden{Name: field, Value: value})
		}
	}
	return all
}
