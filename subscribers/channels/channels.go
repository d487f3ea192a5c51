// Package channels sends notices to where people read them: chats that take Slack's
// webhooks, mailboxes, and other programs. Each channel is a subscriber, so that what it
// was sent, retries, and what goes wrong are kept and shown as for any other.
//
// Start with [Channel]: it chooses the notices that are sent one by one, and puts together
// what is too much for a day. A courier of its type draws [notices.Words].
package channels

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/subscribers"
)

// The types of channels.
const (
	Slack   = "slack"
	Webhook = "webhook"
	Email   = "email"
)

// DefaultDaily is how many notices a channel is sent one by one in a day, unless it says
// otherwise.
const DefaultDaily = 30

const (
	// day is how much of what was before a channel is sent.
	day = 24 * time.Hour
	// settle is how long what was recorded may take to be in the log.
	settle = time.Second
	// leastWait and mostWait bound for how long nobody looks.
	leastWait, mostWait = 250 * time.Millisecond, time.Hour
)

// Notices are what is sent.
type Notices interface {
	Position(context.Context) (eventlog.Position, error)
	// Ripe returns what became ripe, in that order, and CountRipe how many that are.
	Ripe(ctx context.Context, r notices.Ripening) ([]notices.Notice, error)
	CountRipe(ctx context.Context, r notices.Ripening) (int, error)
	// Waiting returns what is so at a moment and sent out later, in that order.
	Waiting(ctx context.Context, at time.Time, owners, kinds []string) ([]notices.Waiting, error)
	Moments
}

// Moments are when something became ripe, and does; zero for nothing.
type Moments interface {
	LastRipe(ctx context.Context, until time.Time) (time.Time, error)
	NextRipe(ctx context.Context, after time.Time) (time.Time, error)
}

// Log is the event log.
type Log interface {
	Last(context.Context) (eventlog.Position, error)
	At(context.Context, eventlog.Position) (eventlog.Record, error)
}

// Options are common to all channels. All are needed, unless it says otherwise.
type Options struct {
	Notices Notices
	Log     Log
	// Wait returns once the notices have the event at a position.
	Wait   func(context.Context, eventlog.Position) error
	URL    string // of the portal, without a slash at the end
	Now    func() time.Time
	Logger *slog.Logger
	// After is for a test; nil means time.After.
	After func(time.Duration) <-chan time.Time
	Roots *x509.CertPool // that mail servers are trusted by; nil means those of the system
}

// Channel is one place to send notices to.
type Channel struct {
	*Options
	Name    string
	Way     string   // one of the types
	Address string   // of a webhook; it may hold a key
	Owners  []string // full refs: only what concerns any of them; none: all
	Kinds   []string // none: all
	Daily   int      // notices in a day, one by one; what is more comes at its end as one
	Mail    Mail     // of a channel of type Email
}

var _ subscribers.Channel = (*Channel)(nil)

// Shown is what everybody may see of it.
func (c *Channel) Shown() subscribers.Shown {
	return subscribers.Shown{Type: c.Way, Sends: c.sends(), Host: c.host()}
}

// sends says what is sent.
func (c *Channel) sends() string {
	says := "all notices"
	if len(c.Kinds) > 0 {
		titles := make([]string, len(c.Kinds))
		for i, name := range c.Kinds {
			k, _ := notices.KindOf(name)
			titles[i] = strings.ToLower(k.Title)
		}
		says = strings.Join(titles, ", ")
	}
	if len(c.Owners) > 0 {
		names := make([]string, len(c.Owners))
		for i, ref := range c.Owners {
			names[i] = notices.Called(ref)
		}
		says += ", of " + strings.Join(names, ", ")
	}
	return says
}

// host is what of its address everybody may see.
func (c *Channel) host() string {
	if c.Way == Email {
		return "smtp://" + c.Mail.address()
	}
	u, err := url.Parse(c.Address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Courier draws and sends notices; nil for a webhook.
func (c *Channel) Courier() subscribers.Courier {
	switch c.Way {
	case Slack:
		return &slack{channel: c, client: subscribers.NewClient()}
	case Email:
		return &post{c}
	}
	return nil
}

// Positions are moments, in nanoseconds since 1970: up to where all that became ripe was
// sent. So they stay what they are when notices are folded anew.

func position(t time.Time) eventlog.Position {
	return eventlog.Position(max(0, t.UnixNano())) //nolint:gosec // not negative
}

func moment(p eventlog.Position) time.Time {
	return time.Unix(0, int64(min(p, math.MaxInt64))).UTC() //nolint:gosec // bounded
}

// ends is the last moment of the day of another.
func ends(t time.Time) time.Time { return t.UTC().Truncate(day).Add(day - 1) }

// Ends returns a position that nothing is beyond.
func (c *Channel) Ends(context.Context) (eventlog.Position, error) { return math.MaxInt64, nil }

// Newest returns up to when it is known what became ripe, as the moment at which the
// last did, or the end of its day once that is over.
func (c *Channel) Newest(ctx context.Context, _ time.Time) (eventlog.Position, error) {
	until := c.Now().Add(-settle)
	last, err := c.Log.Last(ctx)
	if err != nil {
		return 0, err
	}
	at, err := c.Notices.Position(ctx)
	if err != nil {
		return 0, err
	}
	if at < last {
		// What is not folded yet was recorded later, and is ripe later still.
		if at == 0 {
			return 0, nil
		}
		rec, err := c.Log.At(ctx, at)
		if err != nil {
			return 0, err
		}
		if rec.Recorded.Before(until) {
			until = rec.Recorded
		}
	}
	ripe, err := c.Notices.LastRipe(ctx, until)
	if err != nil || ripe.IsZero() {
		return 0, err
	}
	if end := ends(ripe); end.Before(until) {
		return position(end), nil
	}
	return position(ripe), nil
}

// Entries returns the first records between two positions.
func (c *Channel) Entries(ctx context.Context, began time.Time, after, newest eventlog.Position, limit int) ([]eventlog.Record, error) {
	sent, until := later(moment(after), oldest(began)), moment(newest)
	var all []eventlog.Record
	for today := sent.Add(1).Truncate(day); ; {
		some, err := c.ofDay(ctx, began, today, sent, until, limit-len(all))
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); len(all) >= limit {
			return all, nil
		}
		next, err := c.Notices.Ripe(ctx, c.ripe(ends(today), until, 1))
		if err != nil || len(next) == 0 {
			return all, err
		}
		today = next[0].Ripe.Truncate(day)
	}
}

// ofDay returns the first records of a day between two moments: its first notices one by
// one, and what is more at its end.
func (c *Channel) ofDay(ctx context.Context, began, today, sent, until time.Time, limit int) ([]eventlog.Record, error) {
	begins, end := later(today.Add(-1), oldest(began)), ends(today)
	told, err := c.Notices.CountRipe(ctx, c.ripe(begins, sent, 0))
	if err != nil {
		return nil, err
	}
	var all []eventlog.Record
	if left := min(limit, c.Daily-told); left > 0 {
		ripe, err := c.Notices.Ripe(ctx, c.ripe(later(begins, sent), earlier(end, until), left))
		if err != nil {
			return nil, err
		}
		for _, n := range ripe {
			rec, err := c.record(n)
			if err != nil {
				return nil, err
			}
			all = append(all, rec)
		}
	}
	if len(all) == limit || end.After(until) {
		return all, nil
	}
	rest := c.ripe(begins, end, 0)
	rest.Offset = c.Daily
	more, err := c.Notices.Ripe(ctx, rest)
	if err != nil || len(more) == 0 {
		return all, err
	}
	rec, err := c.digest(more, end)
	return append(all, rec), err
}

// ripe selects what of the channel became ripe after one moment, up to another.
func (c *Channel) ripe(after, until time.Time, limit int) notices.Ripening {
	return notices.Ripening{After: after, Until: until, Owners: c.Owners, Kinds: c.Kinds, Limit: limit}
}

// oldest is the moment after which the notices come that a channel is sent.
func oldest(began time.Time) time.Time { return began.Add(-day - 1) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// At returns the record at a position.
func (c *Channel) At(ctx context.Context, began time.Time, p eventlog.Position) (eventlog.Record, error) {
	all, err := c.Entries(ctx, began, max(p, 1)-1, p, 1)
	if err != nil {
		return eventlog.Record{}, err
	}
	if len(all) == 0 {
		return eventlog.Record{}, fault.New(fault.NotFound, "no notice of channel %s is of %s", c.Name, moment(p).Format(time.RFC3339Nano))
	}
	return all[0], nil
}

// TypeNotice is the type of the events that notices are sent as. They are in no log.
const TypeNotice event.Type = "notice.v1"

// source is the CloudEvents source of notices.
const source = "/notices"

// Data is what such an event says.
type Data struct {
	Words   notices.Words    `json:"words"`
	Channel string           `json:"channel"`
	Notice  *notices.Notice  `json:"notice,omitempty"`  // nil if it is a digest, or a test
	Notices []notices.Notice `json:"notices,omitempty"` // of a digest
	Test    bool             `json:"test,omitempty"`
}

func (c *Channel) record(n notices.Notice) (eventlog.Record, error) {
	subject := n.About
	if len(n.Falls) > 0 {
		subject = n.Falls[0].Entity
	}
	e := event.Event{ID: c.id(n.Ripe), Subject: subject, Time: n.Time, Actor: n.Actor, Cause: n.Cause}
	return c.make(e, n.Ripe, Data{Words: notices.Dated(n), Notice: &n})
}

func (c *Channel) digest(all []notices.Notice, end time.Time) (eventlog.Record, error) {
	return c.make(event.Event{ID: c.id(end), Subject: c.Name, Time: end}, end, Data{Words: notices.Digest(all), Notices: all})
}

// Ping is a test notice.
func (c *Channel) Ping(at time.Time) (eventlog.Record, error) {
	rec, err := c.make(event.Event{ID: event.DeriveID(1, "notice", c.Name, strconv.FormatInt(at.UnixNano(), 10)), Subject: c.Name, Time: at}, at, Data{Words: notices.Test(c.Name, at), Test: true})
	rec.Position = 0
	return rec, err
}

func (c *Channel) id(at time.Time) string {
	return event.DeriveID(0, "notice", c.Name, strconv.FormatInt(at.UnixNano(), 10))
}

func (c *Channel) make(e event.Event, at time.Time, d Data) (eventlog.Record, error) {
	d.Channel = c.Name
	d.Words = c.whole(d.Words)
	b, err := json.Marshal(d)
	e.Type, e.Source, e.Data = TypeNotice, source, b
	return eventlog.Record{Position: position(at), Recorded: at, Event: e}, err
}

// whole makes addresses of paths.
func (c *Channel) whole(w notices.Words) notices.Words {
	w.Href = c.URL + w.Href
	w.Lines = slices.Clone(w.Lines)
	for i, l := range w.Lines {
		if l.Href != "" {
			w.Lines[i].Href = c.URL + l.Href
		}
	}
	return w
}

// Wait returns once there may be something after a position.
func (c *Channel) Wait(ctx context.Context, after eventlog.Position) error {
	at, err := c.Notices.Position(ctx)
	if err != nil {
		return err
	}
	next, err := c.Notices.NextRipe(ctx, moment(after))
	if err != nil {
		return err
	}
	now := c.Now()
	if end := ends(now); next.IsZero() || end.Before(next) {
		next = end
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	folded := make(chan error, 1)
	go func() { folded <- c.Options.Wait(ctx, at+1) }()
	wait := time.After
	if c.After != nil {
		wait = c.After
	}
	select {
	case err := <-folded:
		return err
	case <-wait(min(mostWait, max(leastWait, next.Add(settle).Sub(now)))):
		return nil
	case <-ctx.Done():
		return nil
	}
}
