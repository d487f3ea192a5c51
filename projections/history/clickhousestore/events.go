package clickhousestore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
)

const (
	columnNames = "position, id, type, source, subject, time, recorded, login, name, email, cause, summary, changes, backfilled"
	whole       = columnNames + ", extensions, data"
	partly      = columnNames + ", '' AS extensions, '' AS data"
)

// indexed is how much of a commit's id there is an index of.
const indexed = 7

// conditions of a query, with the values of their parameters.
type conditions struct {
	all  []string
	args []any
}

// add adds a condition, and the value that it names.
func (c *conditions) add(condition, name string, value any) {
	c.all, c.args = append(c.all, condition), append(c.args, clickhouse.Named(name, value))
}

func (c *conditions) where() string { return " WHERE " + strings.Join(c.all, " AND ") }

// Events returns a page of the events that f selects.
func (s *Store) Events(ctx context.Context, f history.Filter) (history.Page, error) {
	var page history.Page
	c := conditionsOf(f)
	from := " FROM events"
	if f.Entity != "" {
		from = " FROM events_by_subject"
	}
	entries, err := s.entries(ctx, f, from, c)
	if err != nil {
		return history.Page{}, err
	}
	limit := f.PageSize()
	switch {
	case f.Uncounted:
	case f.After == 0 && len(entries) <= limit:
		page.Total = len(entries) // which took a look at all that there is
	default:
		if page.Total, page.More, err = s.count(ctx, from, c); err != nil {
			return history.Page{}, err
		}
	}
	if len(entries) > limit {
		entries = entries[:limit]
		page.Next = entries[limit-1].Position
	}
	page.Entries = entries
	return page, nil
}

func (s *Store) count(ctx context.Context, from string, c conditions) (total int, more bool, err error) {
	var n uint64
	count := "SELECT count() FROM (SELECT DISTINCT position" + from + c.where() + fmt.Sprintf(" LIMIT %d)", history.MaxTotal+1)
	if err := s.row(ctx, []any{&n}, count, c.args...); err != nil {
		return 0, false, fmt.Errorf("count events: %w", err)
	}
	return int(min(n, history.MaxTotal)), n > history.MaxTotal, nil //nolint:gosec // not many
}

// entries reads those of a page, and one more. What was written twice comes twice,
// one after the other: to have ClickHouse sort that out would make it read all that
// matches. So it is done here, and what is missing then is asked for again.
func (s *Store) entries(ctx context.Context, f history.Filter, from string, c conditions) (all []history.Entry, err error) {
	wanted := f.PageSize() + 1
	columns := partly
	if f.Whole {
		columns = whole
	}
	direction, follows := " DESC", " < "
	if f.Oldest {
		direction, follows = " ASC", " > "
	}
	order, beyond := " ORDER BY position"+direction, "position"+follows+"{after:UInt64}"
	if f.ByTime || f.ByTruth {
		by := "time"
		if f.ByTruth {
			by = "truth"
		}
		order = " ORDER BY " + by + direction + ", position" + direction
		beyond = "(" + by + ", position)" + follows + "(SELECT " + by + ", position FROM events WHERE position = {after:UInt64} LIMIT 1)"
	}
	for after, full := f.After, true; full && len(all) < wanted; after = all[len(all)-1].Position {
		c := conditions{slices.Clone(c.all), slices.Clone(c.args)}
		if after > 0 {
			c.add(beyond, "after", uint64(after))
		}
		n := 0
		err := s.query(ctx, func(rows driver.Rows) error {
			e, err := scan(rows)
			if n++; len(all) == 0 || all[len(all)-1].Position != e.Position {
				all = append(all, e)
			}
			return err
		}, "SELECT "+columns+from+c.where()+order+fmt.Sprintf(" LIMIT %d", wanted), c.args...)
		if err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		if full = n == wanted; len(all) == 0 {
			break
		}
	}
	return all[:min(len(all), wanted)], nil
}

// Event returns the event at a position, or an error of kind fault.NotFound.
func (s *Store) Event(ctx context.Context, p eventlog.Position) (history.Entry, error) {
	var found []history.Entry
	err := s.query(ctx, func(rows driver.Rows) error {
		e, err := scan(rows)
		found = append(found, e)
		return err
	}, "SELECT "+whole+" FROM events WHERE position = {position:UInt64} AND position <= "+position+" LIMIT 1", clickhouse.Named("position", uint64(p)))
	if err != nil {
		return history.Entry{}, err
	}
	if len(found) == 0 {
		return history.Entry{}, missing(p)
	}
	return found[0], nil
}

func missing(p eventlog.Position) error {
	return fault.New(fault.NotFound, "there is no event %d", p)
}

func scan(row driver.Rows) (history.Entry, error) {
	var (
		e                   history.Entry
		position            uint64
		typ, cause, changes string
		extensions, data    string
		at, recorded        int64
	)
	err := row.Scan(&position, &e.ID, &typ, &e.Source, &e.Subject, &at, &recorded,
		&e.Actor.Login, &e.Actor.Name, &e.Actor.Email, &cause, &e.Summary, &changes, &e.Backfilled, &extensions, &data)
	if err != nil {
		return history.Entry{}, err
	}
	e.Position, e.Type, e.Time, e.Recorded = eventlog.Position(position), event.Type(typ), moment(at), moment(recorded)
	err = errors.Join(json.Unmarshal([]byte(cause), &e.Cause), json.Unmarshal([]byte(changes), &e.Changes))
	if extensions != "" {
		err = errors.Join(err, json.Unmarshal([]byte(extensions), &e.Extensions))
	}
	if err != nil {
		return history.Entry{}, fmt.Errorf("read event %d: %w", e.Position, err)
	}
	if data != "" {
		e.Data = []byte(data)
	}
	return e, nil
}

// conditionsOf are those of all of f but its page.
func conditionsOf(f history.Filter) (c conditions) {
	c.all = []string{"position <= " + position}
	if f.Entity != "" {
		c.add("subject = {entity:String}", "entity", strings.ToLower(f.Entity))
	}
	if f.Kind != "" {
		c.add("kind = {kind:String}", "kind", strings.ToLower(f.Kind))
	}
	if f.Type != "" {
		// With its version it names one type; without, every version of it.
		c.add("(type = {type:String} OR startsWith(type, concat({type:String}, '.v')) AND match(substring(type, length({type:String}) + 3), '^[0-9]'))", "type", f.Type)
	}
	if f.Source != "" {
		c.add("source = {source:String}", "source", f.Source)
	}
	if f.Actor != "" {
		c.add("(actor = {actor:String} OR lowerUTF8(name) = {actor:String} OR lowerUTF8(email) = {actor:String})", "actor", strings.ToLower(f.Actor))
	}
	if commit := strings.ToLower(f.Commit); commit != "" {
		c.add("startsWith(sha, {commit:String})", "commit", commit)
		if len(commit) >= indexed {
			c.add("substring(sha, 1, 7) = {short:String}", "short", commit[:indexed])
		}
	}
	if f.LeavesOutSeals() {
		c.add("type <> {seal:String}", "seal", string(event.TypeLogSealed))
	}
	if f.Text != "" {
		c.add("position(text, {text:String}) > 0", "text", strings.ToLower(f.Text))
	}
	if f.Cause != "" {
		c.add("caused = {cause:String}", "cause", f.Cause)
	}
	time := f.Clock()
	if f.Counting {
		c.all = append(c.all, "folded")
	}
	if !f.From.IsZero() {
		c.add(time+" >= {from:Int64}", "from", f.From.UnixNano())
	}
	if !f.To.IsZero() {
		c.add(time+" < {to:Int64} AND time < {to:Int64}", "to", f.To.UnixNano()) // time has an index, and is never later
	}
	if f.Known > 0 {
		c.add("position <= {known:UInt64}", "known", uint64(f.Known))
	}
	return c
}
