package web

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/web/ui"
)

const replayPath = sourcesPath + "/replay"

const (
	deliveryRows = 20  // on a page
	maxReplay    = 500 // deliveries that one press of a button handles again
	replayReason = "asked on the sources page"
	shownEvents  = 3 // that a delivery led to, in its row
)

// Deliveries is what came to the webhook door, and what became of it.
type Deliveries interface {
	List(context.Context, deliveries.Filter) (deliveries.Page, error)
	// Get returns a delivery, or an error of kind fault.NotFound.
	Get(ctx context.Context, id string) (deliveries.Delivery, error)
	Summaries(context.Context) ([]deliveries.Summary, error)
	Backlog(context.Context) (deliveries.Backlog, error)
}

// Replayer asks to handle a delivery again, and says why. An error of kind
// fault.NotFound means that it is no longer kept.
type Replayer func(ctx context.Context, deliveryID, reason string) error

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

// replay handles "POST /sources/replay": one delivery, or all that failed.
func (s *Site) replay(ctx context.Context, _ browser, form url.Values) (string, error) {
	ids := []string{form.Get(fieldDelivery)}
	if ids[0] == "" {
		failed, err := s.Deliveries.List(ctx, deliveries.Filter{Source: form.Get(fieldSource), Status: event.DeliveryFailed, Limit: maxReplay})
		if err != nil {
			return "", err
		}
		ids = nil
		for _, d := range failed.Deliveries {
			ids = append(ids, d.ID)
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

// deliveriesView is a part of what came, newest first.
type deliveriesView struct {
	replayed int // how many were just asked for again
	sources  []ui.Option
	statuses []ui.Option
	source   string // the one that is filtered by
	failed   int    // of it, or of all
	carry    []ui.Hidden
	chips    []ui.Chip
	rows     []deliveryRow
	foot     string
	newest   string
	older    string
	back     string // where a replay comes back to
}

func newDeliveriesView(r request, f deliveries.Filter, page deliveries.Page, sources []sourceRow) deliveriesView {
	at := r.self.drop(fieldReplayed)
	v := deliveriesView{
		source: f.Source, back: at.String(),
		carry:    at.drop(fieldSource, fieldStatus, fieldBefore, fieldDelivery).carry(),
		sources:  []ui.Option{{Label: "Every source", On: f.Source == ""}},
		statuses: []ui.Option{{Label: "Every status", On: f.Status == ""}},
		foot:     ui.Plural(len(page.Deliveries), "delivery", "deliveries") + " of " + ui.Number(page.Total),
	}
	v.replayed, _ = intParam(r.self.query, fieldReplayed, 0, 0, maxReplay) // only a replay sets it
	for _, s := range sources {
		v.sources = append(v.sources, ui.Option{Value: s.name, Label: ui.Shorten(s.name, 32), On: f.Source == s.name})
		if f.Source == "" || f.Source == s.name {
			v.failed += s.failedNow
		}
	}
	for _, status := range []event.DeliveryStatus{event.DeliveryFailed, event.DeliveryHeld, event.DeliveryWaiting, event.DeliveryReceivedStatus, event.DeliveryDone, event.DeliveryNotNeeded} {
		v.statuses = append(v.statuses, ui.Option{Value: string(status), Label: statusWords()[status].word, On: f.Status == status})
	}
	unpaged := at.drop(fieldBefore)
	for _, field := range []string{fieldSource, fieldStatus, fieldDelivery} {
		if value := at.query.Get(field); value != "" {
			v.chips = append(v.chips, ui.Chip{Field: ui.Sentence(field), Value: value, Drop: unpaged.drop(field).String()})
		}
	}
	for _, d := range page.Deliveries {
		v.rows = append(v.rows, newDeliveryRow(d, r.now))
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
	received         ui.Moment
	repository       string
	look, icon, word string
	caused           []ui.EventMark
	more             int // further events
	says             string
	bad              bool
	took             string
}

func newDeliveryRow(d deliveries.Delivery, now time.Time) deliveryRow {
	w := statusWords()[d.Status]
	row := deliveryRow{
		id: d.ID, event: ui.Shorten(d.Event, 32), received: ui.Stamp(d.Received, now), repository: ui.Shorten(d.Repository, 48),
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
		if len(d.Events) == 0 {
			row.says = "nothing changed"
		}
	case event.DeliveryNotNeeded:
		row.says = cmp.Or(ui.Shorten(d.Error, 160), "says nothing of entities")
	case event.DeliveryFailed, event.DeliveryHeld:
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
		event.DeliveryReceivedStatus: {"info", "clock", "Received"},
		event.DeliveryDone:           {"good", "check", "Done"},
		event.DeliveryNotNeeded:      {"", "minus", "Not needed"},
		event.DeliveryWaiting:        {"warn", "clock", "Waiting"},
		event.DeliveryFailed:         {"bad", "x-circle", "Failed"},
		event.DeliveryHeld:           {"warn", "alert", "Held"},
	}
}

// replayButton is plain to see where a replay is what is missing.
func replayButton(d deliveryRow) ui.Button {
	if d.bad {
		return ui.Button{Label: "Replay", Icon: "replay", Look: "sm"}
	}
	return ui.Button{Label: "Replay delivery " + d.id, Icon: "replay", Look: "sm quiet", Square: true}
}
