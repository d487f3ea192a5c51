package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// MaxBody is the largest delivery that is taken, in bytes. GitHub and GitLab
// send nothing larger.
const MaxBody = 25 << 20

// retryAfter is what a sender is told when the log does not say itself.
const retryAfter = 10 * time.Second

// Door is where deliveries come in. It stores them as they came, once their
// signature holds, and parses nothing: see [Door.Receive] and [Door.Register].
type Door struct {
	sources  atomic.Pointer[map[string]Source]
	log      eventlog.Appender
	failures Failures
	bodies   *packer
	metrics  *doorMetrics
	refused  refusals
	now      func() time.Time
	logger   *slog.Logger
}

// Failures knows which deliveries failed and wait for a person.
type Failures interface {
	Failed(ctx context.Context, delivery string) (bool, error)
}

// DoorOptions are what a Door works with. All but Now are required.
type DoorOptions struct {
	Sources    []Source
	Deliveries eventlog.Appender // the deliveries log
	Failures   Failures
	Metrics    prometheus.Registerer
	Logger     *slog.Logger
	Now        func() time.Time // nil: time.Now
}

// NewDoor makes a door. The error is that of registering its metrics.
func NewDoor(o DoorOptions) (*Door, error) {
	d := &Door{log: o.Deliveries, failures: o.Failures, now: o.Now, logger: o.Logger}
	if d.now == nil {
		d.now = time.Now
	}
	d.Serve(o.Sources)
	var err error
	if d.bodies, err = newPacker(); err != nil {
		return nil, err
	}
	d.metrics, err = newDoorMetrics(o.Metrics)
	return d, err
}

// Serve takes deliveries for these sources from now on, and for no others. What is
// being received goes by what was before.
func (d *Door) Serve(sources []Source) {
	byName := make(map[string]Source, len(sources))
	for _, s := range sources {
		byName[s.Name()] = s
	}
	d.sources.Store(&byName)
}

func (d *Door) source(name string) (Source, bool) {
	s, ok := (*d.sources.Load())[name]
	return s, ok
}

// Answer is what the door says to a sender.
type Answer struct {
	Status int // an HTTP status; 202 is the only good one

	// With 202: what was stored, and whether it had been before.
	Delivery  string
	Position  eventlog.Position
	Duplicate bool

	Problem    string        // otherwise: what is wrong, for people
	RetryAfter time.Duration // with 503
}

// Receive takes one delivery for a source. The body is read to its end, or to
// where it becomes too large. The answer is 202 only once the delivery is
// durable:
//
//	202 stored, now or before; whether it is of any interest is seen later
//	401 the signature is missing or wrong; nothing is stored
//	404 there is no such source
//	413 the body is larger than MaxBody
//	415 the body is neither JSON nor a form, nor a CloudEvent, or is compressed
//	503 the log cannot take it now
//	500 a mistake of ours, which is logged
func (d *Door) Receive(ctx context.Context, source string, header http.Header, body io.Reader) Answer {
	start := d.now()
	s, known := d.source(source)
	if !known {
		source = "" // a label of a metric must not come from outside
	}
	a, size := d.receive(ctx, s, header, body)
	switch {
	case !known:
	case a.Status == http.StatusAccepted:
		d.refused.taken(source)
	default:
		d.refused.add(source, Refusal{At: start, Status: a.Status, Problem: a.Problem, Event: named(header), ContentType: header.Get("Content-Type")})
	}
	d.metrics.observe(source, a, size, d.now().Sub(start))
	return a
}

func (d *Door) receive(ctx context.Context, s Source, header http.Header, body io.Reader) (Answer, int) {
	if s == nil {
		return Answer{Status: http.StatusNotFound, Problem: "There is no source of this name. The path ends in the name of a source in the configuration."}, 0
	}
	if !isReadable(header) {
		return Answer{Status: http.StatusUnsupportedMediaType, Problem: "The content type must be application/json, or " + otherForm(s) + "."}, 0
	}
	if encoded := header.Get("Content-Encoding"); encoded != "" && !strings.EqualFold(encoded, "identity") {
		return Answer{Status: http.StatusUnsupportedMediaType, Problem: "The body must be sent as it is, without a Content-Encoding."}, 0
	}
	b, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	var large *http.MaxBytesError
	if errors.As(err, &large) || len(b) > MaxBody {
		return tooLarge(), len(b)
	}
	if err != nil {
		return Answer{Status: http.StatusBadRequest, Problem: "The body broke off."}, len(b)
	}
	receipt, err := s.Verify(header, b)
	if err != nil {
		return d.refuse(ctx, s, err), len(b)
	}
	a, err := d.store(ctx, s, receipt, header, b, false)
	if err != nil {
		return d.refuse(ctx, s, err), len(b)
	}
	return a, len(b)
}

// isReadable reports whether a body is of a type that a source may understand. In
// CloudEvents' binary mode the type is that of its data, whatever that is.
func isReadable(header http.Header) bool {
	if header.Get("Ce-Specversion") != "" {
		return true
	}
	switch t, _, _ := mime.ParseMediaType(header.Get("Content-Type")); t {
	case "application/json", "application/x-www-form-urlencoded", "application/cloudevents+json", "application/cloudevents-batch+json":
		return true
	}
	return false
}

// otherForm is what a source may send besides plain JSON: a forge a form, all else CloudEvents.
func otherForm(s Source) string {
	if s.Forge() == nil {
		return "application/cloudevents+json"
	}
	return "application/x-www-form-urlencoded"
}

func tooLarge() Answer {
	return Answer{Status: http.StatusRequestEntityTooLarge, Problem: fmt.Sprintf("A delivery may have at most %d MB.", MaxBody>>20)}
}

// store appends the delivery, or finds that it is there already. One that
// failed before is let through to be tried again.
func (d *Door) store(ctx context.Context, s Source, receipt Receipt, header http.Header, body []byte, fetched bool) (Answer, error) {
	id := event.DeliveryID(s.Name(), providerID(receipt))
	e, err := event.New(event.SourcePrefix+s.Name(), id, event.DeliveryReceived{
		Source:   s.Name(),
		Event:    receipt.Event,
		Headers:  keep(header),
		Body:     d.bodies.pack(body),
		Encoding: encoding,
		Size:     len(body),
		Fetched:  fetched,
	})
	if err != nil {
		return Answer{}, err
	}
	e.ID = id
	done, err := d.log.Append(ctx, e)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: http.StatusAccepted, Delivery: id, Position: done[0].Position, Duplicate: done[0].Duplicate}
	if !a.Duplicate {
		return a, nil
	}
	failed, err := d.failures.Failed(ctx, id)
	if err != nil || !failed {
		return a, err
	}
	replay, err := replayed(s.Name(), id, event.DeliveryReplayed{Reason: "sent again by the source", Received: uint64(a.Position)}, event.Actor{})
	if err != nil {
		return Answer{}, err
	}
	_, err = d.log.Append(ctx, replay)
	return a, err
}

// replayed makes the event that asks to handle a delivery again. Each is an
// act of its own, so its id is too.
func replayed(source, delivery string, data event.DeliveryReplayed, by event.Actor) (event.Event, error) {
	e, err := event.New(event.SourcePrefix+source, delivery, data)
	if err != nil {
		return event.Event{}, err
	}
	e.ID, e.Actor = uuid.NewString(), by
	e.Cause.Delivery = delivery
	return e, nil
}

// refuse turns an error into an answer.
func (d *Door) refuse(ctx context.Context, s Source, err error) Answer {
	switch fault.KindOf(err) {
	case fault.Denied:
		return Answer{Status: http.StatusUnauthorized, Problem: err.Error()}
	case fault.Unavailable:
		wait := fault.RetryAfter(err)
		if wait <= 0 {
			wait = retryAfter
		}
		d.logger.WarnContext(ctx, "delivery not taken", "source", s.Name(), "error", err)
		return Answer{Status: http.StatusServiceUnavailable, Problem: "Deliveries cannot be stored just now.", RetryAfter: wait}
	default:
		d.logger.ErrorContext(ctx, "delivery not taken", "source", s.Name(), "error", err)
		return Answer{Status: http.StatusInternalServerError, Problem: "The delivery could not be taken. It is our mistake."}
	}
}

// providerID is the provider's id unless that could not be a key in a log, a
// part of a path or a line on a page. Without one each delivery is taken for a
// new one, even with a body that was seen before: a branch may go from one
// commit to another twice. Handling a repeat changes nothing; a loss would.
func providerID(r Receipt) string {
	plain := r.ID != "" && len(r.ID) <= 200 && strings.IndexFunc(r.ID, func(c rune) bool { return c <= ' ' || c > '~' || c == '/' }) < 0
	if plain {
		return r.ID
	}
	return uuid.NewString()
}

// keep picks the headers that are stored: those that forges and CloudEvents define, except
// what lets one in. Others may hold anything, since people add their own.
func keep(h http.Header) map[string]string {
	kept := make(map[string]string, len(h))
	for name, values := range h {
		if isKept(strings.ToLower(name)) {
			kept[http.CanonicalHeaderKey(name)] = strings.Join(values, ", ")
		}
	}
	return kept
}

func isKept(name string) bool {
	secret := func(s string) bool { return strings.Contains(name, s) }
	if slices.ContainsFunc([]string{"signature", "token", "authorization", "cookie", "secret"}, secret) {
		return false
	}
	switch name {
	case "content-type", "user-agent", "idempotency-key", "webhook-id", "webhook-timestamp":
		return true
	}
	return strings.HasPrefix(name, "x-github-") || strings.HasPrefix(name, "x-gitlab-") || strings.HasPrefix(name, "ce-")
}

// Fetched stores a delivery that the forge itself handed over when it was asked
// what it had sent: its word is as good as a signature. It returns the delivery's id.
func (d *Door) Fetched(ctx context.Context, source string, receipt Receipt, header http.Header, body []byte) (string, error) {
	s, ok := d.source(source)
	if !ok {
		return "", fault.New(fault.NotFound, "there is no source %q", source)
	}
	a, err := d.store(ctx, s, receipt, header, body, true)
	if err != nil {
		return "", err
	}
	d.refused.taken(source) // it can be stored again, though the source may have nothing more to send
	return a.Delivery, nil
}
