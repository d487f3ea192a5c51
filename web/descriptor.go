package web

import (
	"context"
	"strings"
	"unicode"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web/ui"
)

// maxLines bounds how much of a descriptor is shown; an API's definition may be
// far longer than anybody reads here.
const maxLines = 2000

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
	events, err := s.History.Events(ctx, history.Filter{Entity: ref.String(), Limit: 1})
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(ref.String())
	if !ok {
		return notThere(r, ref, events), nil
	}
	text, err := s.documentOf(ctx, e)
	if err != nil {
		return answer{}, err
	}
	v := descriptorView{
		head:   newEntityHead(r.catalog, e, tabDescriptor, events.Total, r.now),
		lines:  documentLines(text, e.Origin.Line, nil),
		file:   outsideLink{label: fileName(e.Origin), href: string(ui.Outside(e.Origin.URL))},
		commit: commit(e.Since.Cause),
		event:  mark(e.Since.Position),
		since:  ui.Near(e.Since.Time, r.now),
	}
	if len(v.lines) > maxLines {
		v.cut = len(v.lines) - maxLines
		v.lines = v.lines[:maxLines]
	}
	if e.Rejection != nil {
		v.rejection = newRejection(e.Rejection, r.now)
		v.refused = documentLines(e.Rejection.Document, e.Rejection.Origin.Line, e.Rejection.Problems)
		v.refused = v.refused[:min(len(v.refused), maxLines)]
	}
	return answer{title: v.head.title + " · Descriptor", body: descriptorPage(v)}, nil
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
		lines[i] = ui.Line{Number: first + i, Before: strings.TrimSuffix(t, "\r")}
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
