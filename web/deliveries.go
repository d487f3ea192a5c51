package web

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/web/ui"
)

const (
	replayPath  = sourcesPath + "/replay"
	allowPath   = sourcesPath + "/allow"
	dismissPath = sourcesPath + "/dismiss"
)

const (
	deliveryRows = 20  // on a page
	maxReplay    = 500 // deliveries that one press of a button handles again
	replayReason = "asked on the sources page"
	allowReason  = "allowed on the sources page"
	shownEvents  = 3 // that a delivery led to, in its row
)

// The fields of the addresses of lists of deliveries.
const (
	fieldStatus     = "status"
	fieldDelivery   = "delivery"
	fieldRepository = "repository"
	fieldBefore     = "before"
	fieldReplayed   = "replayed"
)

// The fields of the form that dismisses one.
const (
	fieldReason = "reason"
	fieldBy     = "by"
	fieldUnsaid = "unsaid" // on the way back: no reason was given, or one that is too long
)

// Deliveries is what came to the webhook door, and what became of it.
type Deliveries interface {
	List(context.Context, deliveries.Filter) (deliveries.Page, error)
	// Get returns a delivery, or an error of kind fault.NotFound.
	Get(ctx context.Context, id string) (deliveries.Delivery, error)
	Summaries(context.Context) ([]deliveries.Summary, error)
	// Attempts tells what became of a delivery, time and again, the oldest first.
	Attempts(ctx context.Context, id string) ([]deliveries.Attempt, error)
	// Events returns the names of the events that a source has sent.
	Events(ctx context.Context, source string) ([]string, error)
}

// Replayer asks to handle a delivery again, and says why. An error of kind
// fault.NotFound means that it is no longer kept.
type Replayer func(ctx context.Context, deliveryID, reason string) error

// Dismisser says that a delivery is not to be used which failed or is held, why, and who
// says so. An error of kind fault.Conflict means that it waits for nobody, and
// fault.Invalid that there is no reason.
type Dismisser func(ctx context.Context, deliveryID, reason, by string) error

func (s *Site) listOrGet(ctx context.Context, f deliveries.Filter, id string) (deliveries.Page, error) {
	if id == "" {
		return s.Deliveries.List(ctx, f)
	}
	d, err := s.Deliveries.Get(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return deliveries.Page{}, nil
	}
	return deliveries.Page{Deliveries: []deliveries.Delivery{d}, Total: 1}, err
}

// parseDeliveries reads a filter from an address, or from a form that carries one.
func parseDeliveries(q url.Values) (deliveries.Filter, error) {
	get := func(field string) string { return strings.TrimSpace(q.Get(field)) }
	f := deliveries.Filter{
		Source: get(fieldSource), Status: event.DeliveryStatus(get(fieldStatus)), Event: get(fieldEvent), Repository: get(fieldRepository),
		Text: get(fieldText), Limit: deliveryRows,
	}
	if _, known := statusWords()[f.Status]; f.Status != "" && !known {
		return f, fault.New(fault.Invalid, "status=%s is none; write status=failed, held, waiting, received, done, not needed or dismissed", f.Status)
	}
	var err error
	if f.From, err = moment(fieldFrom, get(fieldFrom), 0); err != nil {
		return f, err
	}
	if f.To, err = moment(fieldTo, get(fieldTo), 1); err != nil {
		return f, err
	}
	f.Before, err = position(fieldBefore, get(fieldBefore))
	return f, err
}

// filterFields are the fields of a filter, in the order in which a page has them.
func filterFields() []string {
	return []string{fieldSource, fieldStatus, fieldEvent, fieldRepository, fieldText, fieldFrom, fieldTo}
}

// replay handles "POST /sources/replay": deliveries that were chosen or, with
// status=failed, all that failed of those that a filter selects.
func (s *Site) replay(ctx context.Context, _ browser, form url.Values) (string, error) {
	ids := form[fieldDelivery]
	if form.Get(fieldStatus) == string(event.DeliveryFailed) {
		f, err := parseDeliveries(form)
		if err != nil {
			return "", err
		}
		f.Before, f.Limit = 0, maxReplay
		failed, err := s.Deliveries.List(ctx, f)
		if err != nil {
			return "", err
		}
		ids = nil
		for _, d := range failed.Deliveries {
			if s.reads(d.Source) {
				ids = append(ids, d.ID)
			}
		}
	}
	for _, id := range ids {
		if err := s.Replay(ctx, id, replayReason); err != nil {
			return "", err
		}
	}
	back := parseLocal(backOr(form, sourcesPath))
	return back.set(fieldReplayed, strconv.Itoa(len(ids))).String(), nil
}

// allow handles "POST /sources/allow": a delivery that is held may remove as much as it takes.
func (s *Site) allow(ctx context.Context, _ browser, form url.Values) (string, error) {
	if err := s.Allow(ctx, form.Get(fieldDelivery), allowReason); err != nil {
		return "", err
	}
	return parseLocal(backOr(form, sourcesPath)).set(fieldReplayed, "1").String(), nil
}

// dismiss handles "POST /sources/dismiss": a delivery waits for nobody any more.
func (s *Site) dismiss(ctx context.Context, _ browser, form url.Values) (string, error) {
	back, reason := parseLocal(backOr(form, sourcesPath)).drop(fieldUnsaid), strings.TrimSpace(form.Get(fieldReason))
	if !event.IsReason(reason) {
		return back.set(fieldUnsaid, "1").String(), nil
	}
	if err := s.Dismiss(ctx, form.Get(fieldDelivery), reason, strings.TrimSpace(form.Get(fieldBy))); err != nil {
		return "", err
	}
	return back.String(), nil
}

// deliveriesView is a part of what came, newest first.
type deliveriesView struct {
	path      string // of the page
	replayed  toast
	choices   deliveryChoices
	repo      ui.Field
	text      ui.Field
	from, to  ui.Field
	carry     []ui.Hidden // of the filter, to replay what failed
	chips     []ui.Chip
	backwards bool // the period ends before it begins
	rows      []deliveryRow
	foot      string
	newest    string
	older     string
	back      string // where a replay comes back to
}

// toast says how many deliveries were asked for again; nothing if nobody asked.
type toast struct {
	asked bool
	n     int
}

func newToast(q url.Values) toast {
	n, err := intParam(q, fieldReplayed, 0, 0, maxReplay) // only a replay sets it
	return toast{q.Get(fieldReplayed) != "" && err == nil, n}
}

// deliveryChoices are the values that a filter offers.
type deliveryChoices struct {
	sources  []ui.Option // none on the page of one
	statuses []ui.Option
	events   []ui.Option
	failed   int // that can be replayed: of the filter's source, or of all
}

// newDeliveryChoices offers the sources that summaries are of, by name.
func newDeliveryChoices(f deliveries.Filter, summaries []deliveries.Summary) deliveryChoices {
	var c deliveryChoices
	c.sources = []ui.Option{{Label: "Every source", On: f.Source == ""}}
	for _, sum := range summaries {
		c.sources = append(c.sources, ui.Option{Value: sum.Source, Label: ui.Shorten(sum.Source, 32), On: f.Source == sum.Source})
	}
	c.statuses = []ui.Option{{Label: "Every status", On: f.Status == ""}}
	for _, status := range []event.DeliveryStatus{event.DeliveryFailed, event.DeliveryHeld, event.DeliveryWaiting, event.DeliveryReceivedStatus, event.DeliveryDone, event.DeliveryNotNeeded, event.DeliveryDismissedStatus} {
		c.statuses = append(c.statuses, ui.Option{Value: string(status), Label: statusWords()[status].word, On: f.Status == status})
	}
	return c
}

// failedOf counts what failed of the sources that a filter selects.
func failedOf(f deliveries.Filter, summaries []deliveries.Summary) (n int) {
	for _, sum := range summaries {
		if f.Source == "" || f.Source == sum.Source {
			n += sum.Failed
		}
	}
	return n
}

func (s *Site) newDeliveriesView(r request, f deliveries.Filter, page deliveries.Page, choices deliveryChoices) deliveriesView {
	at := r.self.drop(fieldReplayed)
	field := func(name, label, kind, placeholder string) ui.Field {
		return ui.Field{ID: "d-" + name, Name: name, Label: label, Type: kind, Placeholder: placeholder, Value: at.query.Get(name)}
	}
	v := deliveriesView{
		path: r.self.path, back: at.String(), choices: choices, replayed: newToast(r.self.query),
		repo: field(fieldRepository, "Repository", "", "acme/payments"), text: field(fieldText, "Text", "search", "Id, event or error"),
		from: field(fieldFrom, "From", "date", ""), to: field(fieldTo, "To, that day included", "date", ""),
		foot: ui.Plural(len(page.Deliveries), "delivery", "deliveries") + " of " + ui.Number(page.Total),
	}
	for _, d := range page.Deliveries {
		v.rows = append(v.rows, s.newDeliveryRow(d, r.now))
	}
	unpaged := at.drop(fieldBefore)
	for _, name := range append(filterFields(), fieldDelivery) {
		value := at.query.Get(name)
		if value == "" {
			continue
		}
		if name != fieldStatus && name != fieldDelivery {
			v.carry = append(v.carry, ui.Hidden{Name: name, Value: value})
		}
		label := map[string]string{fieldText: "Text", fieldFrom: "From", fieldTo: "To"}[name]
		v.chips = append(v.chips, ui.Chip{Field: cmp.Or(label, ui.Sentence(name)), Value: ui.Shorten(value, 60), Drop: unpaged.drop(name).String()})
	}
	v.backwards = !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To)
	if f.Status != "" && f.Status != event.DeliveryFailed {
		v.choices.failed = 0 // none of those that are shown
	}
	if page.Next > 0 {
		v.older = at.set(fieldBefore, decimal(page.Next)).String()
	}
	if f.Before > 0 {
		v.newest = unpaged.String()
	}
	return v
}

// deliveryRow is one delivery in the list.
type deliveryRow struct {
	id, event        string
	href             string
	received         ui.Moment
	repository       string
	status           event.DeliveryStatus
	look, icon, word string
	caused           []ui.EventMark
	more             int // further events
	says             string
	bad              bool
	took             string
	unread           bool // nobody reads its source, so it cannot be replayed
}

func (s *Site) newDeliveryRow(d deliveries.Delivery, now time.Time) deliveryRow {
	w := statusWords()[d.Status]
	row := deliveryRow{
		unread: !s.reads(d.Source), status: d.Status,
		id: d.ID, href: deliveryLink(d.Source, d.ID), event: ui.Shorten(d.Event, 32), received: ui.Stamp(d.Received, now), repository: ui.Shorten(d.Repository, 48),
		look: w.look, icon: w.icon, word: w.word, took: "–",
	}
	if d.Took > 0 {
		row.took = ui.Number(d.Took.Milliseconds())
	}
	for i, p := range d.Events {
		if i == shownEvents {
			row.more = len(d.Events) - shownEvents
			break
		}
		row.caused = append(row.caused, mark(p))
	}
	switch d.Status {
	case event.DeliveryDone:
		row.says = ui.Shorten(d.Reason(), 160)
		if len(d.Events) == 0 {
			row.says = "nothing changed"
		}
	case event.DeliveryNotNeeded, event.DeliveryDismissedStatus:
		row.says = ui.Shorten(d.Reason(), 160)
	case event.DeliveryHeld:
		row.bad = true
		row.says = ui.Shorten(d.Error, 160)
	case event.DeliveryFailed:
		row.bad = true
		row.says = ui.Plural(d.Attempts, "try", "tries") + ": " + ui.Shorten(d.Error, 160)
	case event.DeliveryWaiting:
		row.bad = true
		row.says = ui.Shorten(d.Error, 160)
		if wait := d.RetryAt.Sub(now); wait > 0 {
			row.word = "Waits " + ui.Span(wait)
		}
	case event.DeliveryReceivedStatus:
		row.says = "not handled yet"
	}
	return row
}

type statusWord struct{ look, icon, word string }

func statusWords() map[event.DeliveryStatus]statusWord {
	return map[event.DeliveryStatus]statusWord{
		event.DeliveryReceivedStatus:  {"info", "clock", "Received"},
		event.DeliveryDone:            {"good", "check", "Done"},
		event.DeliveryNotNeeded:       {"", "minus", "Not needed"},
		event.DeliveryWaiting:         {"warn", "clock", "Waiting"},
		event.DeliveryFailed:          {"bad", "x-circle", "Failed"},
		event.DeliveryHeld:            {"warn", "alert", "Held"},
		event.DeliveryDismissedStatus: {"", "x", "Dismissed"},
	}
}

// replayButton is plain to see where a replay is what is missing.
func replayButton(d deliveryRow) ui.Button {
	if d.bad {
		return ui.Button{Label: "Replay", Icon: "replay", Look: "sm"}
	}
	return ui.Button{Label: "Replay delivery " + d.id, Icon: "replay", Look: "sm quiet", Square: true}
}

// repositoryOr is the repository that it is about, if that is known.
func (d deliveryRow) repositoryOr(otherwise string) string { return cmp.Or(d.repository, otherwise) }
