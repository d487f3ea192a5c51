package backstage

import (
	"encoding/json"
	"fmt"
	"strings"
)

// rejection is a descriptor that Callboard cannot use, as /api/rejections tells.
type rejection struct {
	Ref      string
	Origin   whereabouts
	Problems []struct {
		Path         string
		Line, Column int
		Message      string
	}
	With *whereabouts
}

type whereabouts struct {
	Source, Repository, Path, URL string
}

func (w whereabouts) String() string {
	if w.URL != "" {
		return w.URL
	}
	return strings.TrimPrefix(w.Repository+" "+w.Path, w.Path+" ")
}

// text says what is wrong.
func (r rejection) text() string {
	if r.With != nil {
		return fmt.Sprintf("conflict: %s declares it too, and %s was first, which keeps the name", r.Origin, *r.With)
	}
	lines := make([]string, len(r.Problems))
	for i, p := range r.Problems {
		lines[i] = strings.TrimSpace(p.Path + " " + p.Message)
		if !strings.HasPrefix(r.Ref, "location:") || r.Origin.Path != "registration" {
			lines[i] = fmt.Sprintf("%s:%d:%d %s", r.Origin, p.Line, p.Column, lines[i])
		}
	}
	return strings.Join(lines, "; ")
}

// reasons know why an entity is missing.
type reasons struct {
	refs      map[string]rejection
	files     map[string]rejection // that cannot be used at all, by address
	below     map[string]rejection // Locations, by the target that led there
	locations map[place]*Location
	stand     map[string]*Location // by the entity that stands for them
}

func newReasons(refused []rejection, locations []*Location) *reasons {
	w := &reasons{
		refs: map[string]rejection{}, files: map[string]rejection{}, below: map[string]rejection{},
		locations: map[place]*Location{}, stand: map[string]*Location{},
	}
	for _, r := range refused {
		switch {
		case r.Ref == "":
			w.files[r.Origin.URL] = r
		case strings.HasPrefix(r.Ref, "location:"):
			w.below[r.Origin.Repository] = r
			fallthrough
		default:
			if _, known := w.refs[r.Ref]; !known { // the newest comes first
				w.refs[r.Ref] = r
			}
		}
	}
	for _, l := range locations {
		w.locations[l.place] = l
		w.stand[l.locationRef()] = l
	}
	return w
}

// judge says how an entity of Backstage's compares with ours, which may be nil.
func (w *reasons) judge(h head, theirs, ours json.RawMessage, coming bool) Entity {
	e := Entity{Ref: h.ref(), Location: h.origin().shown().String()}
	if h.origin().Type == "" {
		e.Location = ""
	}
	switch {
	case ours != nil:
		e.Fields = Compare(theirs, ours)
		e.Result = Same
		if len(e.Fields) > 0 {
			e.Result = Differs
			if r, ok := w.refs[e.Ref]; ok {
				e.Reason = r.text()
			}
		}
	case coming:
		e.Result = Coming
	case w.idle(e.Ref):
		e.Result = EntityNotNeeded
	default:
		e.Result, e.Reason = Missing, w.why(h)
	}
	return e
}

// idle reports whether an entity only stands for a location that is not to be here.
func (w *reasons) idle(ref string) bool {
	l := w.stand[ref]
	return l != nil && (l.Result == NotNeeded || l.Result == Unsupported)
}

// why says why an entity is not here.
func (w *reasons) why(h head) string {
	if r, ok := w.refs[h.ref()]; ok {
		return r.text()
	}
	if r, ok := w.files[h.file().Target]; ok {
		return r.text()
	}
	l := w.locations[h.origin()]
	if l == nil {
		return "Backstage does not say where it comes from"
	}
	at := l.Shown.String()
	switch l.Result {
	case Unsupported:
		return at + " cannot be registered"
	case Refused:
		return at + " was refused"
	case WouldRegister:
		return at + " may lead to it: as something there cannot be used, a dry run does not tell"
	case Pending:
		return at + " has not been read yet"
	}
	if r, ok := w.below[l.Target]; ok {
		return r.text()
	}
	return at + " does not lead to it"
}
