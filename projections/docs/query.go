package docs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
)

// State is how the documentation of an entity stood for a time.
type State struct {
	Entity  string            `json:"entity"`
	Origin                    // of the event that began it
	Until   time.Time         `json:"until,omitzero"`    // zero while it lasts
	Ended   eventlog.Position `json:"ended,omitzero"`    // event that ended it; 0 while it lasts
	Failure *event.DocsFailed `json:"failure,omitempty"` // nil if the newest commit can be shown
	Shown   *Shown            `json:"shown,omitempty"`   // nil if nothing was ever published
}

// Shown is what was published last.
type Shown struct {
	event.DocsPublished     // without pages, files and what is linked
	Count               int `json:"count"` // of pages
	Origin
}

// Origin is who made something so, when, and by which event.
type Origin struct {
	Since    time.Time         `json:"since"`
	Position eventlog.Position `json:"position"`
	Actor    event.Actor       `json:"actor"`
	Cause    event.Cause       `json:"cause"`
}

// Query selects states. Empty fields select all.
type Query struct {
	Entity string // full ref
	// Moment is when they stood so; zero is now. Without At it is how the newest record
	// has it that counts.
	projections.Moment
	// Past has all that were on record, instead of those of a time. At is not looked at.
	Past bool
}

// List returns states by entity, the oldest first.
func (d *Docs) List(ctx context.Context, q Query) ([]State, error) {
	known := upTo(q.Known)
	text := `SELECT d.entity, d.position, d.since, iif(d.ended > ?2, 0, d.until), iif(d.ended > ?2, 0, d.ended), d.failure, d.actor, d.cause, p.position, p.since, p.summary, p.pages, p.actor, p.cause
		FROM docs d LEFT JOIN published p ON p.position = d.published WHERE (?1 = '' OR d.entity = ?1) AND d.position <= ?2`
	args := []any{q.Entity, known}
	switch {
	case q.Past:
	case q.At.IsZero():
		text += ` AND (d.ended = 0 OR d.ended > ?2)`
	default:
		text += ` AND d.since <= ?3 AND (d.ended = 0 OR d.ended > ?2 OR d.until > ?3)`
		args = append(args, q.At.UnixNano())
	}
	rows, err := d.db.QueryContext(ctx, text+` ORDER BY d.entity, d.position`, args...)
	if err != nil {
		return nil, fmt.Errorf("read docs: %w", err)
	}
	defer rows.Close()
	var all []State
	for rows.Next() {
		one, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// upTo is a position up to which is looked; 0 is no bound.
func upTo(known eventlog.Position) int64 {
	if known == 0 {
		return math.MaxInt64
	}
	return int64(known) //nolint:gosec // a position
}

func scan(into func(...any) error) (s State, err error) {
	var since, until int64
	var failure, actor, cause, summary, hisActor, hisCause []byte
	var position, shownSince, pages sql.NullInt64
	if err := into(&s.Entity, &s.Position, &since, &until, &s.Ended, &failure, &actor, &cause, &position, &shownSince, &summary, &pages, &hisActor, &hisCause); err != nil {
		return s, err
	}
	s.Since = time.Unix(0, since).UTC()
	if until != 0 {
		s.Until = time.Unix(0, until).UTC()
	}
	err = errors.Join(json.Unmarshal(actor, &s.Actor), json.Unmarshal(cause, &s.Cause))
	if len(failure) > 0 {
		s.Failure = &event.DocsFailed{}
		err = errors.Join(err, json.Unmarshal(failure, s.Failure))
	}
	if position.Valid {
		s.Shown = &Shown{Count: int(pages.Int64), Origin: Origin{Since: time.Unix(0, shownSince.Int64).UTC(), Position: eventlog.Position(position.Int64)}} //nolint:gosec // a position
		err = errors.Join(err, json.Unmarshal(summary, &s.Shown.DocsPublished), json.Unmarshal(hisActor, &s.Shown.Actor), json.Unmarshal(hisCause, &s.Shown.Cause))
	}
	if err != nil {
		return s, fmt.Errorf("decode the docs of %s: %w", s.Entity, err)
	}
	return s, nil
}

// Get returns how an entity's documentation stood, or an error of kind fault.NotFound.
func (d *Docs) Get(ctx context.Context, entity string, at projections.Moment) (State, error) {
	all, err := d.List(ctx, Query{Entity: entity, Moment: at})
	if err != nil {
		return State{}, err
	}
	if len(all) == 0 {
		return State{}, fault.New(fault.NotFound, "%s has no documentation", entity)
	}
	return all[len(all)-1], nil
}

// Published returns the whole of what was published at a position, or an error of kind
// fault.NotFound.
func (d *Docs) Published(ctx context.Context, at eventlog.Position) (p event.DocsPublished, err error) {
	var text []byte
	err = d.db.QueryRowContext(ctx, `SELECT files FROM published WHERE position = ?`, at).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.New(fault.NotFound, "event %d published no documentation", at)
	}
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(text, &p)
}

// Named returns those of some contents that a publication ever named.
func (d *Docs) Named(ctx context.Context, ids []string) (named []string, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := d.db.QueryContext(ctx, `SELECT blob FROM named WHERE blob IN (SELECT value FROM json_each(?))`, string(list))
	if err != nil {
		return nil, fmt.Errorf("read which contents are named: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		named = append(named, id)
	}
	return named, rows.Err()
}

// PageOrigin returns since when a page of what was published at a position has its
// content, and who wrote it; the error is of kind fault.NotFound.
func (d *Docs) PageOrigin(ctx context.Context, entity, path string, at eventlog.Position) (o Origin, err error) {
	var since int64
	var actor, cause []byte
	err = d.db.QueryRowContext(ctx, `SELECT p.position, p.since, p.actor, p.cause FROM pages JOIN published p USING (position)
		WHERE pages.entity = ?1 AND path = ?2 AND position <= ?3 AND (pages.ended = 0 OR pages.ended > ?3) ORDER BY position DESC LIMIT 1`, entity, path, at).
		Scan(&o.Position, &since, &actor, &cause)
	if errors.Is(err, sql.ErrNoRows) {
		return o, fault.New(fault.NotFound, "%s has no page %s", entity, path)
	}
	if err != nil {
		return o, err
	}
	o.Since = time.Unix(0, since).UTC()
	return o, errors.Join(json.Unmarshal(actor, &o.Actor), json.Unmarshal(cause, &o.Cause))
}
