package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
)

const columns = `position, id, type, source, subject, time, recorded, login, name, email, cause, summary, changes, backfilled`

// columnsOf are those that a filter asks for.
func columnsOf(f history.Filter) string {
	if f.Whole {
		return columns + ", rest"
	}
	return columns + ", NULL"
}

// Events returns a page of the events that f selects.
func (s *Store) Events(ctx context.Context, f history.Filter) (history.Page, error) {
	types, err := s.types(ctx, f.Type)
	if err != nil {
		return history.Page{}, fmt.Errorf("read types: %w", err)
	}
	where, args := conditions(f, types)
	limit := f.PageSize()
	direction, follows := " DESC", " < "
	if f.Oldest {
		direction, follows = " ASC", " > "
	}
	order, beyond := " ORDER BY position"+direction, "position"+follows+"?"
	if f.ByTime || f.ByTruth {
		by := "time"
		if f.ByTruth {
			by = "truth"
		}
		order = " ORDER BY " + by + direction + ", position" + direction
		beyond = "(" + by + ", position)" + follows + "(SELECT " + by + ", position FROM events WHERE position = ?)"
	}
	on, onArgs := where, slices.Clone(args)
	if f.After > 0 {
		on, onArgs = and(on, beyond), append(onArgs, f.After)
	}
	var page history.Page
	rows, err := s.db.QueryContext(ctx, "SELECT "+columnsOf(f)+" FROM events"+on+order+" LIMIT ?", append(onArgs, limit+1)...)
	if err != nil {
		return history.Page{}, fmt.Errorf("read events: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return history.Page{}, err
		}
		page.Entries = append(page.Entries, e)
	}
	if err := rows.Err(); err != nil {
		return history.Page{}, fmt.Errorf("read events: %w", err)
	}
	switch {
	case f.Uncounted:
	case f.After == 0 && len(page.Entries) <= limit:
		page.Total = len(page.Entries) // which took a look at all that there is
	default:
		if page.Total, page.More, err = s.count(ctx, where, args); err != nil {
			return history.Page{}, err
		}
	}
	if len(page.Entries) > limit {
		page.Entries = page.Entries[:limit]
		page.Next = page.Entries[limit-1].Position
	}
	return page, nil
}

func (s *Store) count(ctx context.Context, where string, args []any) (total int, more bool, err error) {
	count := "SELECT count(*) FROM (SELECT 1 FROM events" + where + " LIMIT ?)"
	if err := s.db.QueryRowContext(ctx, count, append(slices.Clone(args), history.MaxTotal+1)...).Scan(&total); err != nil {
		return 0, false, fmt.Errorf("count events: %w", err)
	}
	return min(total, history.MaxTotal), total > history.MaxTotal, nil
}

// Event returns the event at a position, or an error of kind fault.NotFound.
func (s *Store) Event(ctx context.Context, p eventlog.Position) (history.Entry, error) {
	e, err := scan(s.db.QueryRowContext(ctx, "SELECT "+columnsOf(history.Filter{Whole: true})+" FROM events WHERE position = ?", p))
	if errors.Is(err, sql.ErrNoRows) {
		return history.Entry{}, fault.New(fault.NotFound, "there is no event %d", p)
	}
	return e, err
}

func scan(row interface{ Scan(...any) error }) (history.Entry, error) {
	var (
		e              history.Entry
		at, recorded   int64
		cause, changes []byte
		rest           []byte
	)
	err := row.Scan(&e.Position, &e.ID, &e.Type, &e.Source, &e.Subject, &at, &recorded,
		&e.Actor.Login, &e.Actor.Name, &e.Actor.Email, &cause, &e.Summary, &changes, &e.Backfilled, &rest)
	if err != nil {
		return history.Entry{}, err
	}
	e.Time, e.Recorded = moment(at), moment(recorded)
	if err := errors.Join(json.Unmarshal(cause, &e.Cause), json.Unmarshal(changes, &e.Changes)); err != nil {
		return history.Entry{}, fmt.Errorf("read event %d: %w", e.Position, err)
	}
	if len(rest) > 0 {
		said, err := history.Unpack(rest)
		if err != nil {
			return history.Entry{}, fmt.Errorf("read event %d: %w", e.Position, err)
		}
		e.Data, e.Extensions = said.Data, said.Extensions
	}
	return e, nil
}

// everyType steps through the index from one type to the next.
const everyType = `WITH RECURSIVE found(type) AS (
		SELECT min(type) FROM events
		UNION ALL SELECT (SELECT min(type) FROM events WHERE type > found.type) FROM found WHERE found.type IS NOT NULL
	) SELECT type FROM found WHERE type IS NOT NULL`

// types lists those that a filter names: with its version one, without it every
// version. To have SQLite compare each row's with a pattern would make it read them all.
func (s *Store) types(ctx context.Context, named string) ([]string, error) {
	if named == "" {
		return nil, nil
	}
	all, err := s.texts(ctx, everyType)
	return slices.DeleteFunc(all, func(one string) bool {
		version, ok := strings.CutPrefix(one, named+".v")
		return one != named && !(ok && version != "" && version[0] >= '0' && version[0] <= '9')
	}), err
}

// conditions are those of all of f but its page; its type stands for some types.
func conditions(f history.Filter, types []string) (string, []any) {
	var where string
	var args []any
	add := func(condition string, values ...any) {
		where, args = and(where, condition), append(args, values...)
	}
	if f.Entity != "" {
		add("subject = ?", strings.ToLower(f.Entity))
	}
	if f.Kind != "" {
		add("kind = ?", strings.ToLower(f.Kind))
	}
	switch {
	case f.Type == "":
	case len(types) == 0:
		add("0")
	default:
		in := make([]any, len(types))
		for i, t := range types {
			in[i] = t
		}
		column := "type" // whose index has them in order
		if f.Entity != "" || f.Actor != "" || f.Commit != "" || f.Cause != "" || !f.From.IsZero() || !f.To.IsZero() {
			column = "+type" // another index leads to fewer
		}
		add(column+" IN (?"+strings.Repeat(", ?", len(types)-1)+")", in...)
	}
	if f.Source != "" {
		add("source = ?", f.Source)
	}
	if f.Actor != "" {
		a := strings.ToLower(f.Actor)
		add("(actor = ? OR lower(name) = ? OR lower(email) = ?)", a, a, a)
	}
	if f.Commit != "" {
		c := strings.ToLower(f.Commit)
		add("sha <> '' AND sha >= ? AND sha < ?", c, c+"g") // g follows the last hexadecimal digit
	}
	if f.LeavesOutSeals() {
		add("type <> ?", event.TypeLogSealed)
	}
	if f.Text != "" {
		add("instr(text, ?) > 0", strings.ToLower(f.Text))
	}
	if f.Cause != "" {
		add("caused <> '' AND caused = ?", f.Cause)
	}
	time := f.Clock()
	if f.Counting {
		add("folded = 1")
	}
	if !f.From.IsZero() {
		add(time+" >= ?", f.From.UnixNano())
	}
	if !f.To.IsZero() {
		add(time+" < ?", f.To.UnixNano())
	}
	if f.Known > 0 {
		add("position <= ?", f.Known)
	}
	return where, args
}

func and(where, condition string) string {
	if where == "" {
		return " WHERE " + condition
	}
	return where + " AND " + condition
}
