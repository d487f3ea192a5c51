package clickhousestore

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/history"
)

// Newest returns the newest version of each of some things.
func (s *Store) Newest(ctx context.Context, about []string) (map[string]history.Version, error) {
	all := map[string]history.Version{}
	err := s.query(ctx, func(rows driver.Rows) error {
		var (
			of              string
			truth           int64
			declares        uint64
			state, declared []byte
		)
		if err := rows.Scan(&of, &truth, &state, &declares, &declared); err != nil {
			return err
		}
		v := history.Version{Truth: moment(truth), State: state, Declares: eventlog.Position(declares)}
		if declares > 0 {
			v.Declared = declared
		}
		all[of] = v
		return nil
	}, "SELECT about, truth, state, declares, declared FROM newest WHERE about IN ? AND about <> '' ORDER BY about, position DESC LIMIT 1 BY about", about)
	return all, err
}

// Append keeps rows and the position of the last: first the rows, in both orders,
// then, in one piece, the newest states with the position. If it is cut off between,
// the rows do not count, and the next time the same ones take their place.
func (s *Store) Append(ctx context.Context, rows []history.Row) error {
	at, generation, err := s.standing(ctx)
	if err != nil {
		return err
	}
	for len(rows) > 0 && uint64(rows[0].Position) <= at {
		rows = rows[1:]
	}
	if len(rows) == 0 {
		return nil
	}
	states, err := s.states(ctx, rows, generation)
	if err != nil {
		return err
	}
	events, err := eventColumns(rows)
	if err != nil {
		return err
	}
	g, within := errgroup.WithContext(ctx)
	for _, table := range []string{"events", "events_by_subject"} {
		g.Go(func() error { return s.insert(within, table, events) })
	}
	if err := g.Wait(); err != nil {
		return s.explain(err)
	}
	return s.explain(s.insert(ctx, "newest", states))
}

// columns are rows as ClickHouse takes them: a list of values for each column.
type columns struct {
	names  []string
	values []any
}

func (c *columns) add(name string, values any) {
	c.names, c.values = append(c.names, name), append(c.values, values)
}

func (s *Store) insert(ctx context.Context, table string, c columns) (err error) {
	batch, err := s.conn.PrepareBatch(ctx, s.on("INSERT INTO "+table+" (")+strings.Join(c.names, ", ")+")")
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, batch.Close()) }()
	for i, values := range c.values {
		if err := batch.Column(i).Append(values); err != nil {
			return err
		}
	}
	return batch.Send()
}

func each[R, T any](rows []R, of func(*R) T) []T {
	all := make([]T, len(rows))
	for i := range rows {
		all[i] = of(&rows[i])
	}
	return all
}

func eventColumns(rows []history.Row) (c columns, err error) {
	causes, extensions := make([]string, len(rows)), make([]string, len(rows))
	for i := range rows {
		cause, err := json.Marshal(rows[i].Cause)
		if err != nil {
			return c, err
		}
		causes[i] = string(cause)
		if len(rows[i].Extensions) > 0 {
			b, err := json.Marshal(rows[i].Extensions)
			if err != nil {
				return c, err
			}
			extensions[i] = string(b)
		}
	}
	type row = history.Row
	c.add("position", each(rows, func(r *row) uint64 { return uint64(r.Position) }))
	c.add("id", each(rows, func(r *row) string { return r.ID }))
	c.add("type", each(rows, func(r *row) string { return string(r.Type) }))
	c.add("origin", each(rows, func(r *row) string { return r.Source }))
	c.add("source", each(rows, func(r *row) string { return history.SourceName(r.Source) }))
	c.add("subject", each(rows, func(r *row) string { return r.Subject }))
	c.add("kind", each(rows, func(r *row) string {
		kind, _, _ := strings.Cut(r.Subject, ":")
		return kind
	}))
	c.add("time", each(rows, func(r *row) int64 { return r.Time.UnixNano() }))
	c.add("recorded", each(rows, func(r *row) int64 { return r.Recorded.UnixNano() }))
	c.add("truth", each(rows, func(r *row) int64 { return r.Truth.UnixNano() }))
	c.add("actor", each(rows, func(r *row) string { return strings.ToLower(r.Actor.String()) }))
	c.add("login", each(rows, func(r *row) string { return r.Actor.Login }))
	c.add("name", each(rows, func(r *row) string { return r.Actor.Name }))
	c.add("email", each(rows, func(r *row) string { return r.Actor.Email }))
	c.add("sha", each(rows, func(r *row) string { return r.Cause.Commit }))
	c.add("cause", causes)
	c.add("caused", each(rows, func(r *row) string { return history.CausedBy(r.Cause) }))
	c.add("summary", each(rows, func(r *row) string { return r.Summary }))
	c.add("changes", each(rows, func(r *row) string { return string(r.Changes) }))
	c.add("text", each(rows, func(r *row) string { return r.Text }))
	c.add("backfilled", each(rows, func(r *row) bool { return r.Backfilled() }))
	c.add("folded", each(rows, func(r *row) bool { return history.InCatalog(r.Type) }))
	c.add("file", each(rows, func(r *row) string { return r.File }))
	c.add("extensions", extensions)
	c.add("data", each(rows, func(r *row) string { return string(r.Data) }))
	return c, nil
}

// state is a row of the newest states.
type state struct {
	about string
	row   *history.Row
	// declared is what the event at row.Declares says.
	declared string
}

// states are the newest states that rows lead to, and the position of the last.
func (s *Store) states(ctx context.Context, rows []history.Row, generation uint64) (c columns, err error) {
	first := rows[0].Position
	newest := map[string]int{}
	declared := map[eventlog.Position]string{}
	for i := range rows {
		if r := &rows[i]; r.About != "" {
			newest[r.About] = i
			if r.Declares == r.Position {
				declared[r.Declares] = string(r.Data)
			}
		}
	}
	var before []string // things that were declared before these rows, and not in them
	for about, i := range newest {
		if d := rows[i].Declares; d > 0 && d < first {
			before = append(before, about)
		}
	}
	if len(before) > 0 {
		versions, err := s.Newest(ctx, before)
		if err != nil {
			return c, err
		}
		for _, v := range versions {
			declared[v.Declares] = string(v.Declared)
		}
	}
	all := make([]state, 0, len(newest)+1)
	for i := range rows {
		if r := &rows[i]; r.About != "" && newest[r.About] == i {
			all = append(all, state{r.About, r, declared[r.Declares]})
		}
	}
	last := history.Row{Record: eventlog.Record{Position: rows[len(rows)-1].Position}, Truth: rows[len(rows)-1].Truth}
	all = append(all, state{row: &last})
	c.add("about", each(all, func(s *state) string { return s.about }))
	c.add("position", each(all, func(s *state) uint64 { return uint64(s.row.Position) }))
	c.add("truth", each(all, func(s *state) int64 { return s.row.Truth.UnixNano() }))
	c.add("state", each(all, func(s *state) string { return string(s.row.State) }))
	c.add("declares", each(all, func(s *state) uint64 { return uint64(s.row.Declares) }))
	c.add("declared", each(all, func(s *state) string { return s.declared }))
	c.add("generation", each(all, func(*state) uint64 { return generation }))
	return c, nil
}
