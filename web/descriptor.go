package web

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// maxLines and maxColumns bound how much of a descriptor is shown; an API's
// definition may be far longer than anybody reads here.
const (
	maxLines   = 2000
	maxColumns = 500
)

type descriptorView struct {
	head      entityHead
	rejection *rejectionView
	refused   []ui.Line // the newest text, when it cannot be used
	lines     []ui.Line // the text that holds
	cut       int       // lines that are not shown
	file      outsideLink
	commit    ui.CommitMark
	event     ui.EventMark
	since     ui.Moment
}

// descriptor handles "GET /catalog/{namespace}/{kind}/{name}/descriptor".
func (s *Site) descriptor(ctx context.Context, r request) (answer, error) {
	ref := r.ref()
	events, err := s.newest(ctx, r, ref, 1)
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(ref.String())
	if !ok {
		return notThere(r, ref, events.Page), nil
	}
	text, err := s.documentOf(ctx, e)
	if err != nil {
		return answer{}, err
	}
	v := newDescriptorView(r, e, text, events.total())
	return answer{title: v.head.title + " · Descriptor", body: descriptorPage(v)}, nil
}

func newDescriptorView(r request, e *entities.Entry, text, events string) descriptorView {
	now := r.now
	v := descriptorView{
		head:   newEntityHead(r, e, tabDescriptor, events),
		lines:  documentLines(text, e.Origin.Line, nil),
		file:   outsideLink{label: fileName(e.Origin), href: ui.Outside(e.Origin.URL)},
		commit: commit(e.Since.Cause),
		event:  mark(e.Since.Position),
		since:  ui.Near(e.Since.Time, now),
	}
	if len(v.lines) > maxLines {
		v.cut = len(v.lines) - maxLines
		v.lines = v.lines[:maxLines]
	}
	if e.Rejection != nil {
		v.rejection = newRejection(e, now)
		v.refused = documentLines(e.Rejection.Document, e.Rejection.Origin.Line, e.Rejection.Problems)
		v.refused = v.refused[:min(len(v.refused), maxLines)]
	}
	return v
}

// documentOf returns the text of the descriptor that brought an entity to its
// present state.
func (s *Site) documentOf(ctx context.Context, e *entities.Entry) (string, error) {
	rec, err := s.Log.At(ctx, e.Since.Position)
	if err != nil {
		return "", err
	}
	data, err := rec.Decode()
	if err != nil {
		return "", err
	}
	switch d := data.(type) {
	case event.EntityRegistered:
		return d.Document, nil
	case event.EntityChanged:
		return d.Document, nil
	default:
		return "", fault.New(fault.Internal, "event %d made %s what it is, and is a %s", e.Since.Position, e.Ref, rec.Type)
	}
}

// rejectionView is a descriptor that cannot be used: where it is wrong, since
// when, and what still holds.
type rejectionView struct {
	file      string
	place     string // "catalog-info.yaml:23:7"
	field     string
	message   string
	others    int // further problems
	label     string
	lines     []ui.Line
	good      ui.Moment // of the version that holds
	goodEvent ui.EventMark
	since     ui.Moment
	by        ui.Person
	commit    ui.CommitMark
	event     ui.EventMark
	open      ui.Button
	whole     string // page of the whole text
}

// newRejection tells of the newest descriptor of an entity that has one that
// cannot be used.
func newRejection(e *entities.Entry, now time.Time) *rejectionView {
	r := e.Rejection
	v := &rejectionView{
		file: fileName(r.Origin),
		good: ui.Near(e.Since.Time, now), goodEvent: mark(e.Since.Position),
		since: ui.Near(r.Time, now), by: actor(r.Actor), commit: commit(r.Cause), event: mark(r.Position),
		whole: entityLink(e.Entity.Ref()) + "/descriptor",
	}
	if len(r.Problems) == 0 {
		return v
	}
	p := r.Problems[0]
	v.field, v.message, v.others = p.Path, p.Message, len(r.Problems)-1
	if r.Origin.Registration() {
		return v
	}
	v.place = fmt.Sprintf("%s:%d:%d", v.file, p.Line, p.Column)
	v.lines = around(documentLines(r.Document, r.Origin.Line, r.Problems), p.Line, 1)
	if n := len(v.lines); n > 0 {
		v.label = fmt.Sprintf("Lines %d to %d", v.lines[0].Number, v.lines[n-1].Number)
	}
	if href := lineOf(r.Origin, p.Line); href != "" {
		v.open = ui.Button{Label: fmt.Sprintf("Open line %d", max(1, p.Line)), Icon: "external", Href: href, Look: "sm"}
	}
	return v
}

// documentLines numbers the lines of a document whose first line is line first
// of its file, and marks the problems: each from its column to the line's end.
func documentLines(text string, first int, problems []event.Problem) []ui.Line {
	if text == "" {
		return nil
	}
	first = max(first, 1)
	texts := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	lines := make([]ui.Line, len(texts))
	for i, t := range texts {
		lines[i] = ui.Line{Number: first + i, Before: ui.Shorten(strings.TrimSuffix(t, "\r"), maxColumns)}
	}
	for _, p := range problems {
		i := p.Line - first
		if i < 0 || i >= len(lines) || lines[i].Hit {
			continue
		}
		whole := []rune(lines[i].Before)
		from := min(max(p.Column-1, 0), len(whole))
		marked := strings.TrimRightFunc(string(whole[from:]), unicode.IsSpace)
		lines[i].Hit, lines[i].Before, lines[i].Marked = true, string(whole[:from]), marked
	}
	return lines
}

// around cuts out a line with so many before and after it.
func around(lines []ui.Line, number, margin int) []ui.Line {
	for i, l := range lines {
		if l.Number == number {
			return lines[max(0, i-margin):min(len(lines), i+margin+1)]
		}
	}
	return nil
}
