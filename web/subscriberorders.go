package web

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/subscribers"
	"github.com/callboard/callboard/web/ui"
)

func positionOf(text string) (eventlog.Position, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%q is no number of an event", text)
	}
	return eventlog.Position(n), nil
}

// order is something that is done to a subscriber; it says what a page is to tell of it.
type order func(ctx context.Context, w *subscribers.Worker, form url.Values) (string, error)

// orders are the actions on subscribers, by the last part of their path.
func orders() map[string]order {
	plain := func(said string, do func(*subscribers.Worker, context.Context) error) order {
		return func(ctx context.Context, w *subscribers.Worker, _ url.Values) (string, error) {
			return said, do(w, ctx)
		}
	}
	return map[string]order{
		"pause":  plain("", (*subscribers.Worker).Pause),
		"resume": plain("resumed", (*subscribers.Worker).Resume),
		"skip":   plain("skipped", (*subscribers.Worker).Skip),
		"ping": func(ctx context.Context, w *subscribers.Worker, _ url.Values) (string, error) {
			_, err := w.Ping(ctx)
			return toldPing, err
		},
		"rewind": func(ctx context.Context, w *subscribers.Worker, form url.Values) (string, error) {
			to, err := positionOf(strings.TrimSpace(form.Get(fieldPosition)))
			if err != nil {
				return "", err
			}
			return "rewound", w.Rewind(ctx, to)
		},
		"redeliver": func(ctx context.Context, w *subscribers.Worker, form url.Values) (string, error) {
			positions, err := chosenPositions(form)
			if err != nil {
				return "", err
			}
			done, err := w.Redeliver(ctx, positions...)
			if done.Failed != nil {
				return toldAgain, err
			}
			return toldTaken + strconv.Itoa(done.Delivered), err
		},
		"dismiss": func(ctx context.Context, w *subscribers.Worker, form url.Values) (string, error) {
			positions, err := chosenPositions(form)
			if err != nil {
				return "", err
			}
			return "dismissed", w.Dismiss(ctx, positions...)
		},
	}
}

func chosenPositions(form url.Values) ([]eventlog.Position, error) {
	var all []eventlog.Position
	for _, text := range form[fieldPosition] {
		at, err := positionOf(text)
		if err != nil {
			return nil, err
		}
		all = append(all, at)
	}
	return all, nil
}

// orderSubscriber handles "POST /subscribers/{order}".
func (s *Site) orderSubscriber(do order) func(context.Context, browser, url.Values) (string, error) {
	return func(ctx context.Context, _ browser, form url.Values) (string, error) {
		w, _, err := s.subscriberOf(ctx, form.Get(fieldSubscriber))
		if err != nil {
			return "", err
		}
		said, err := do(ctx, w, form)
		if err != nil {
			return "", err
		}
		to := link{path: subscriberLink(w.Name)}
		if said != "" {
			to = to.set(fieldTold, said)
		}
		return to.String(), nil
	}
}

// What a page tells of in more than fixed words.
const (
	toldPing  = "ping"
	toldAgain = "again"  // a dead letter was not taken again
	toldTaken = "taken-" // and how many were
)

// report is what became of what was just asked for.
type report struct {
	says string
	bad  bool
}

func newReport(q url.Values, attempts []subscribers.Attempt) report {
	what := q.Get(fieldTold)
	if n, err := strconv.Atoi(strings.TrimPrefix(what, toldTaken)); err == nil && what != strconv.Itoa(n) {
		if n == 0 {
			return report{says: "There was no dead letter to send."}
		}
		return report{says: ui.Plural(n, "dead letter was", "dead letters were") + " taken."}
	}
	kind, name := "", ""
	switch what {
	case "resumed":
		return report{says: "It is sent to again."}
	case "skipped":
		return report{says: "The event is among the dead letters, and what comes after it is sent."}
	case "rewound":
		return report{says: "What comes after that event is sent, again or not."}
	case "dismissed":
		return report{says: "The dead letter is dropped. The event itself stays on record."}
	case toldPing:
		kind, name = subscribers.KindPing, "The ping"
	case toldAgain:
		kind, name = subscribers.KindRedelivery, "The dead letter"
	}
	for _, a := range attempts {
		if a.Kind != kind {
			continue
		}
		if a.Verdict == subscribers.Delivered {
			return report{says: fmt.Sprintf("%s was answered %d in %s ms.", name, a.Status, ui.Number(a.Took.Milliseconds()))}
		}
		return report{says: name + " was not taken: " + a.Reason + ".", bad: true}
	}
	return report{}
}
