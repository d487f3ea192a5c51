package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/subscribers"
)

const (
	// listedAttempts is how many attempts an answer about one subscriber has.
	listedAttempts = 20
	defaultLetters = 50
	maxLetters     = 500
)

// subscriberJSON is how a subscriber stands, on the wire.
type subscriberJSON struct {
	Name         string             `json:"name"`
	Host         string             `json:"host"`
	Channel      string             `json:"channel,omitempty"` // its type, if notices are sent to it
	Sends        string             `json:"sends,omitempty"`
	Filter       filterJSON         `json:"filter"`
	Status       subscribers.Status `json:"status"`
	Position     eventlog.Position  `json:"position"`
	Newest       eventlog.Position  `json:"newest"`
	PendingSince time.Time          `json:"pendingSince,omitzero"`
	LagSeconds   float64            `json:"lagSeconds"`
	DeliveredAt  time.Time          `json:"deliveredAt,omitzero"`
	Failures     int                `json:"failures"`
	FailingSince time.Time          `json:"failingSince,omitzero"`
	RetryAt      time.Time          `json:"retryAt,omitzero"`
	Error        string             `json:"error,omitempty"`
	Paused       string             `json:"paused,omitempty"`
	PausedAt     time.Time          `json:"pausedAt,omitzero"`
	GivesUpAt    time.Time          `json:"givesUpAt,omitzero"`
	DeadLetters  int                `json:"deadLetters"`
	Held         []heldJSON         `json:"held,omitempty"`
	Attempts     []sentJSON         `json:"attempts,omitempty"`
}

// heldJSON are notices that a channel is not sent yet.
type heldJSON struct {
	Why   string    `json:"why"`
	Says  string    `json:"says"`
	Count int       `json:"count"`
	Until time.Time `json:"until"`
}

// filterJSON selects events as the parameters of the feed do.
type filterJSON struct {
	Entity string `json:"entity,omitempty"`
	Kind   string `json:"kind,omitempty"`
	Type   string `json:"type,omitempty"`
	Source string `json:"source,omitempty"`
	Actor  string `json:"actor,omitempty"`
	Seals  bool   `json:"seals,omitempty"`
}

func toFilterJSON(f history.Filter) filterJSON {
	return filterJSON{f.Entity, f.Kind, f.Type, f.Source, f.Actor, f.Seals}
}

type sentJSON struct {
	At      time.Time           `json:"at"`
	Kind    string              `json:"kind"`
	First   eventlog.Position   `json:"first,omitempty"`
	Last    eventlog.Position   `json:"last,omitempty"`
	Events  int                 `json:"events"`
	Verdict subscribers.Verdict `json:"verdict"`
	Status  int                 `json:"status,omitempty"`
	Error   string              `json:"error,omitempty"`
	Answer  string              `json:"answer,omitempty"`
	Millis  float64             `json:"milliseconds"`
}

func toSentJSON(a subscribers.Attempt) sentJSON {
	return sentJSON{a.At, a.Kind, a.First, a.Last, a.Events, a.Verdict, a.Status, a.Reason, a.Answer, float64(a.Took.Microseconds()) / 1000}
}

type letterJSON struct {
	Position eventlog.Position `json:"position"`
	Type     string            `json:"type"`
	Subject  string            `json:"subject"`
	Since    time.Time         `json:"failingSince"`
	At       time.Time         `json:"at"`
	Attempts int               `json:"attempts"`
	Status   int               `json:"status,omitempty"`
	Error    string            `json:"error"`
	Answer   string            `json:"answer,omitempty"`
	Body     json.RawMessage   `json:"body,omitempty"`
}

func toLetterJSON(l subscribers.Letter, body []byte) letterJSON {
	return letterJSON{l.Position, l.Type, l.Subject, l.Since, l.At, l.Attempts, l.Status, l.Reason, l.Answer, body}
}

func toSubscriberJSON(s subscribers.State) subscriberJSON {
	var held []heldJSON
	for _, h := range s.Held {
		held = append(held, heldJSON(h))
	}
	return subscriberJSON{
		Name: s.Name, Host: s.Host, Channel: s.Type, Sends: s.Sends, Filter: toFilterJSON(s.Filter), Status: s.Status, Position: s.Position, Newest: s.Newest,
		PendingSince: s.Pending, LagSeconds: s.Lag.Seconds(), DeliveredAt: s.Delivered, Failures: s.Failures, FailingSince: s.FailingSince,
		RetryAt: s.RetryAt, Error: s.Reason, Paused: s.PausedFor, PausedAt: s.PausedAt, GivesUpAt: s.GivesUp, DeadLetters: s.Letters, Held: held,
	}
}

// handleSubscribers handles "GET /api/subscribers".
func (a *API) handleSubscribers(c echo.Context) error {
	items := []subscriberJSON{}
	if a.Subscribers != nil {
		for _, w := range a.Subscribers.Workers() {
			s, err := w.State(c.Request().Context())
			if err != nil {
				return err
			}
			items = append(items, toSubscriberJSON(s))
		}
	}
	return c.JSON(http.StatusOK, map[string]any{"items": items})
}

// subscriber is the one that a path names.
func (a *API) subscriber(c echo.Context) (*subscribers.Worker, error) {
	name := pathParam(c, "name")
	if a.Subscribers == nil {
		return nil, fault.New(fault.NotFound, "there is no subscriber %q in the configuration", name)
	}
	return a.Subscribers.Worker(name)
}

// handleSubscriber handles "GET /api/subscribers/:name".
func (a *API) handleSubscriber(c echo.Context) error {
	w, err := a.subscriber(c)
	if err != nil {
		return err
	}
	return a.writeSubscriber(c, w)
}

func (a *API) writeSubscriber(c echo.Context, w *subscribers.Worker) error {
	ctx := c.Request().Context()
	s, err := w.State(ctx)
	if err != nil {
		return err
	}
	attempts, err := w.Attempts(ctx, listedAttempts)
	if err != nil {
		return err
	}
	j := toSubscriberJSON(s)
	for _, one := range attempts {
		j.Attempts = append(j.Attempts, toSentJSON(one))
	}
	return c.JSON(http.StatusOK, j)
}

// tell has something done to a subscriber, and answers how that stands then.
func (a *API) tell(c echo.Context, do func(*subscribers.Worker, context.Context) error) error {
	w, err := a.subscriber(c)
	if err != nil {
		return err
	}
	if err := do(w, c.Request().Context()); err != nil {
		return err
	}
	return a.writeSubscriber(c, w)
}

// handlePause handles "POST /api/subscribers/:name/pause".
func (a *API) handlePause(c echo.Context) error { return a.tell(c, (*subscribers.Worker).Pause) }

// handleResume handles "POST /api/subscribers/:name/resume".
func (a *API) handleResume(c echo.Context) error { return a.tell(c, (*subscribers.Worker).Resume) }

// handleSkip handles "POST /api/subscribers/:name/skip".
func (a *API) handleSkip(c echo.Context) error { return a.tell(c, (*subscribers.Worker).Skip) }

// handleRewind handles "POST /api/subscribers/:name/rewind".
func (a *API) handleRewind(c echo.Context) error {
	var to struct {
		Position *eventlog.Position `json:"position"`
	}
	const says = `after which event to go on, such as {"position": 0} for all there are`
	if err := decode(c, &to, says); err != nil {
		return err
	}
	if to.Position == nil {
		return fault.New(fault.Invalid, "the body must be JSON that says %s", says)
	}
	return a.tell(c, func(w *subscribers.Worker, ctx context.Context) error { return w.Rewind(ctx, *to.Position) })
}

// handlePing handles "POST /api/subscribers/:name/ping".
func (a *API) handlePing(c echo.Context) error {
	w, err := a.subscriber(c)
	if err != nil {
		return err
	}
	attempt, err := w.Ping(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, toSentJSON(attempt))
}

// handleLetters handles "GET /api/subscribers/:name/dead-letters".
func (a *API) handleLetters(c echo.Context) error {
	w, err := a.subscriber(c)
	if err != nil {
		return err
	}
	q := c.QueryParams()
	after, err := number(q, "after")
	if err != nil {
		return err
	}
	limit, err := number(q, "limit")
	if err != nil {
		return err
	}
	if limit == 0 {
		limit = defaultLetters
	}
	limit = min(limit, maxLetters)
	letters, err := w.Letters(c.Request().Context(), eventlog.Position(after), int(limit)+1)
	if err != nil {
		return err
	}
	var body struct {
		Items      []letterJSON `json:"items"`
		NextCursor string       `json:"nextCursor,omitempty"`
	}
	body.Items = []letterJSON{}
	for i, l := range letters {
		if i == int(limit) {
			body.NextCursor = strconv.FormatUint(uint64(letters[i-1].Position), 10)
			break
		}
		body.Items = append(body.Items, toLetterJSON(l, nil))
	}
	return c.JSON(http.StatusOK, body)
}

// letterPosition is the event that a path names.
func letterPosition(c echo.Context) (eventlog.Position, error) {
	at, err := numberOf("position", c.Param("position"))
	return eventlog.Position(at), err
}

// handleLetter handles "GET /api/subscribers/:name/dead-letters/:position".
func (a *API) handleLetter(c echo.Context) error {
	w, err := a.subscriber(c)
	if err != nil {
		return err
	}
	at, err := letterPosition(c)
	if err != nil {
		return err
	}
	l, body, err := w.Letter(c.Request().Context(), at)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, toLetterJSON(l, body))
}

// handleRedeliver handles "POST /api/subscribers/:name/dead-letters/redeliver", of all,
// and "POST /api/subscribers/:name/dead-letters/:position/redeliver".
func (a *API) handleRedeliver(c echo.Context) error {
	w, err := a.subscriber(c)
	if err != nil {
		return err
	}
	var positions []eventlog.Position
	if c.Param("position") != "" {
		at, err := letterPosition(c)
		if err != nil {
			return err
		}
		positions = append(positions, at)
	}
	done, err := w.Redeliver(c.Request().Context(), positions...)
	if err != nil {
		return err
	}
	body := struct {
		Delivered int       `json:"delivered"`
		Failed    *sentJSON `json:"failed,omitempty"`
		Left      int       `json:"left"`
	}{Delivered: done.Delivered, Left: done.Left}
	if done.Failed != nil {
		failed := toSentJSON(*done.Failed)
		body.Failed = &failed
	}
	return c.JSON(http.StatusOK, body)
}

// handleDismissLetter handles "POST /api/subscribers/:name/dead-letters/:position/dismiss".
func (a *API) handleDismissLetter(c echo.Context) error {
	at, err := letterPosition(c)
	if err != nil {
		return err
	}
	return a.tell(c, func(w *subscribers.Worker, ctx context.Context) error { return w.Dismiss(ctx, at) })
}
