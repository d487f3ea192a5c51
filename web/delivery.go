package web

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/web/ui"
)

// shownBody is how many bytes of a body a page shows; all of it can be kept as a file.
const shownBody = 64 << 10

// shownCaused is how many events and entities that came of a delivery its page lists.
const shownCaused = 50

// Inbox keeps deliveries as they came.
type Inbox interface {
	// Payload returns what stands at a position; the error is of kind
	// fault.NotFound if it is no longer kept.
	Payload(context.Context, eventlog.Position) (Payload, error)
}

// Payload is a delivery as it came or, instead, a repository to be looked at.
type Payload struct {
	Headers map[string]string // without secrets
	Body    []byte
	Look    *event.RepositoryDue
}

// deliveryView is one delivery with all that is known of it.
type deliveryView struct {
	crumbs   []ui.Anchor
	id       string
	source   string
	look     bool // it is a repository to be looked at
	row      deliveryRow
	replayed toast
	received ui.Moment
	size     string
	repo     ui.Anchor
	failure  string // in full
	retry    ui.Moment
	held     *heldRow
	waits    bool      // for a person, who may dismiss it
	undo     *undoView // nil: nothing that it led to can be undone
	fetched  bool      // it did not come, but the forge handed it over
	reasoned ui.Field  // why it is dismissed
	by       string    // who dismisses it
	mend     bool      // a replay makes sense once something was mended
	attempts []attemptRow
	reason   string // of a look
	gap      bool   // the look makes up for a gap
	headSHA  string
	caused   []causedRow
	more     int
	headers  []header
	body     []ui.Token
	cut      bool // the body is longer than what is shown
	gone     bool // it is no longer kept
	raw      string
	back     string
}

type header struct{ name, value string }

type attemptRow struct {
	look, icon, word string
	at               ui.Moment
	says             string
	by               string
	took             string
}

// reasonField is one for a reason that stays on record.
func reasonField(id, example string) ui.Field {
	return ui.Field{ID: id, Name: fieldReason, Label: "Why", Placeholder: example, Required: true, MaxLength: event.MaxReason}
}

// unreadSays is what can be done where nobody reads its source.
func (v deliveryView) unreadSays() string {
	switch v.row.status {
	case event.DeliveryFailed, event.DeliveryHeld:
		return "Connect it again to have this handled, or dismiss it."
	case event.DeliveryReceivedStatus, event.DeliveryWaiting:
		return "This is handled once it is connected again."
	default:
		return "What it sent stays on record."
	}
}

// causedRow is an event that came of the delivery.
type causedRow struct {
	mark    ui.EventMark
	typ     string
	what    ui.Anchor
	summary string

	undoable bool
}

// deliveryOf reads a delivery of the source that the address names.
func (s *Site) deliveryOf(ctx context.Context, r request, source string) (deliveries.Delivery, error) {
	id := r.param("id")
	d, err := s.Deliveries.Get(ctx, id)
	if err == nil && d.Source != source {
		err = fault.New(fault.NotFound, "there is no delivery %q of %s", id, source)
	}
	return d, err
}

// delivery handles "GET /sources/{name}/deliveries/{id}".
func (s *Site) delivery(ctx context.Context, r request) (answer, error) {
	return s.deliveryAnswer(ctx, r, func(*deliveryView) {})
}

// deliveryAnswer has the delivery's view amended before it is drawn.
func (s *Site) deliveryAnswer(ctx context.Context, r request, amend func(*deliveryView)) (answer, error) {
	d, err := s.deliveryOf(ctx, r, r.param("name"))
	if err != nil {
		return answer{}, err
	}
	attempts, err := s.Deliveries.Attempts(ctx, d.ID)
	if err != nil {
		return answer{}, err
	}
	v := s.newDeliveryView(r, d, attempts)
	if v.repo.Label != "" {
		if _, err := s.Repositories.Named(ctx, d.Source, d.Repository); v.row.unread || fault.KindOf(err) == fault.NotFound {
			v.repo.Href = "" // it has no page, or a delivery names it and nothing more is known
		}
	}
	if v.caused, err = s.caused(ctx, r, d.Events); err != nil {
		return answer{}, err
	}
	v.more = len(d.Events) - len(v.caused)
	if s.Undo != nil && slices.ContainsFunc(v.caused, func(c causedRow) bool { return c.undoable }) {
		v.undo = newUndoView(r, v.back+"/undo", "The entities become what they were before, by events with your name and reason, all or none. They stay so until the files that declare them say something else.", "Undo what it led to")
	}
	amend(&v)
	fields := []*ui.Field{&v.reasoned}
	if v.undo != nil {
		fields = append(fields, v.undo.fields()...)
	}
	wrong := ui.Wrong(fields...)
	p, err := s.Inbox.Payload(ctx, d.Position)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		v.gone = true
	case err != nil:
		return answer{}, err
	default:
		v.show(p)
	}
	return answer{title: "Delivery " + d.ID, body: deliveryPage(v), wrong: wrong}, nil
}

func (s *Site) newDeliveryView(r request, d deliveries.Delivery, attempts []deliveries.Attempt) deliveryView {
	at := deliveryLink(d.Source, d.ID)
	v := deliveryView{
		id: d.ID, source: d.Source, look: d.Event == deliveries.Look, row: s.newDeliveryRow(d, r.now), replayed: newToast(r.self.query),
		received: ui.Exact(d.Received), size: ui.Size(d.Size), failure: d.Error, raw: at + "/body", back: at,
	}
	v.crumbs = []ui.Anchor{{Label: "Sources", Href: sourcesPath}, {Label: d.Source, Href: sourceLink(d.Source)}, {Label: "Deliveries", Href: sourceLink(d.Source) + "/deliveries"}, {Label: ui.Shorten(d.ID, 60)}}
	if v.row.unread {
		v.crumbs[1].Href, v.crumbs[2].Href = "", goneLink(d.Source, "")
	}
	if d.Repository != "" {
		v.repo = ui.Anchor{Label: d.Repository, Href: repositoryLink(d.Source, d.Repository)}
	}
	if d.Status == event.DeliveryWaiting {
		v.retry = ui.Clock(d.RetryAt)
	}
	v.mend = d.Status == event.DeliveryFailed
	v.fetched = d.Fetched
	v.by = r.name
	v.reasoned = reasonField("dismiss-reason", "the repository was a trial")
	v.waits = v.mend || d.Status == event.DeliveryHeld
	if v.waits && r.self.query.Has(fieldUnsaid) {
		v.reasoned.Problem = "Say why, in at most " + ui.Number(event.MaxReason) + " characters: it stays on record with it."
	}
	if d.Status == event.DeliveryHeld {
		held := newHeldRow(d, r.now, at)
		v.held = &held
	}
	for _, a := range slices.Backward(attempts) {
		v.attempts = append(v.attempts, newAttemptRow(a, r.now))
	}
	return v
}

func newAttemptRow(a deliveries.Attempt, now time.Time) attemptRow {
	row := attemptRow{at: ui.Stamp(a.At, now), says: a.Reason, by: ui.Shorten(a.By, 60)}
	if a.Status == "" {
		row.look, row.icon, row.word = "info", "replay", "Asked for again"
		if a.Allowed {
			row.icon, row.word = "check", "Allowed"
		}
		return row
	}
	w := statusWords()[a.Status]
	row.look, row.icon, row.word = w.look, w.icon, w.word
	if a.Tries > 1 {
		row.says = strings.TrimSuffix(ui.Plural(a.Tries, "try", "tries")+": "+row.says, ": ")
	}
	if a.Took > 0 {
		row.took = ui.Span(a.Took)
	}
	return row
}

// caused are the events that came of a delivery, as the history tells of them.
func (s *Site) caused(ctx context.Context, r request, events []eventlog.Position) ([]causedRow, error) {
	var all []causedRow
	for _, p := range events[:min(len(events), shownCaused)] {
		rec, err := s.Log.At(ctx, p)
		if err != nil {
			return nil, err
		}
		row := causedRow{mark: mark(p), typ: typeName(rec.Type), what: subject(r.catalog, rec.Subject)}
		told, err := s.History.Event(ctx, p)
		if err != nil && fault.KindOf(err) != fault.NotFound { // the history may be a moment behind the log
			return nil, err
		}
		row.summary, row.undoable = ui.Shorten(told.Summary, 160), undoable(rec.Type)
		all = append(all, row)
	}
	return all, nil
}

// show adds what came.
func (v *deliveryView) show(p Payload) {
	if p.Look != nil {
		v.reason, v.gap, v.headSHA = ui.Sentence(p.Look.Reason), p.Look.Gap != "", ui.SHA(p.Look.Head)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		v.headers = append(v.headers, header{name, ui.Shorten(p.Headers[name], 300)})
	}
	body := bodyJSON(p)
	v.cut = len(body) > shownBody
	if !v.cut && json.Valid(body) {
		v.body = ui.JSON(body, wholeText)
		return
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, body, "", "  ") == nil {
		body = pretty.Bytes()
	}
	v.body = []ui.Token{{Text: strings.ToValidUTF8(string(body[:min(len(body), shownBody)]), "�")}}
}

// bodyJSON is the JSON of a body; GitHub can send it as a field of a form.
func bodyJSON(p Payload) []byte {
	if !strings.HasPrefix(p.Headers["Content-Type"], "application/x-www-form-urlencoded") {
		return p.Body
	}
	form, err := url.ParseQuery(string(p.Body))
	if err != nil || form.Get("payload") == "" {
		return p.Body
	}
	return []byte(form.Get("payload"))
}

// deliveryBody handles "GET /sources/{name}/deliveries/{id}/body": the body, byte for byte.
func (s *Site) deliveryBody(ctx context.Context, r request) (answer, error) {
	d, err := s.deliveryOf(ctx, r, r.param("name"))
	if err != nil {
		return answer{}, err
	}
	p, err := s.Inbox.Payload(ctx, d.Position)
	if err != nil {
		return answer{}, err
	}
	if p.Look != nil {
		return answer{}, fault.New(fault.NotFound, "nothing was sent: %s is a repository to be looked at", d.ID)
	}
	name := strings.Map(func(c rune) rune {
		if c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return '-'
	}, d.ID)
	return answer{file: &file{name: name + ".json", text: string(p.Body)}}, nil
}
