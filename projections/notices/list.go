package notices

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/sqlstore"
)

// Query selects notices. Empty fields select all.
type Query struct {
	projections.Moment
	Now    time.Time // what is told later is not there yet
	Since  time.Time // only what was not seen by then, see [Notice.Unread]; zero: all
	Owners []string  // full refs: what concerns any of them
	Kinds  []string
	Card   string
	Limit  int // 0 is all
	Offset int
}

// where is the condition that a query puts on the table n.
func (q Query) where() (string, []any) {
	known := knownOf(q.Moment)
	at := q.At
	if at.IsZero() {
		at = q.Now
	}
	text := `n.position <= ? AND n.time <= ?`
	args := []any{known, at.UnixNano()}
	if !q.Since.IsZero() {
		text += ` AND n.shown > ? AND n.time > ?`
		args = append(args, nano(q.Since), nano(q.Since.Add(-late)))
	}
	if q.At.IsZero() {
		text += ` AND (n.gone = 0 OR n.gone > ?)`
		args = append(args, known)
	} else {
		text += ` AND (n.gone = 0 OR n.gone > ? OR n.gone_at > ?)`
		args = append(args, known, at.UnixNano())
	}
	fell, moments := so(q.Moment)
	text += ` AND (n.kind <> 'drop' OR EXISTS (SELECT 1 FROM falls AS f WHERE f.notice = n.id AND ` + fell + `))`
	args = append(args, moments...)
	asked, then := stood(q.Moment)
	text += ` AND (n.kind NOT IN ('exemption-requested', 'exemption-decided') OR EXISTS (SELECT 1 FROM requests AS r WHERE r.notice = n.id AND ` + asked + `))`
	args = append(args, then...)
	choice, chooses := chosen(q.Owners, q.Kinds, at)
	text += choice
	args = append(args, chooses...)
	if q.Card != "" {
		text += ` AND n.card = ?`
		args = append(args, q.Card)
	}
	return text, args
}

// chosen is what is added to a condition on the table n to choose what concerns owners by
// a moment, of kinds; none of either is all.
func chosen(owners, kinds []string, at time.Time) (text string, args []any) {
	if len(owners) > 0 {
		refs := oneOf("ref", owners)
		text += ` AND n.id IN (SELECT notice FROM concerns WHERE ` + refs + ` UNION ALL SELECT notice FROM chosen WHERE due <= ? AND ` + refs + `)`
		args = append(append(append(args, anyOf(owners)...), at.UnixNano()), anyOf(owners)...)
	}
	if len(kinds) > 0 {
		text += ` AND ` + oneOf("n.kind", kinds)
		args = append(args, anyOf(kinds)...)
	}
	return text, args
}

// oneOf is the condition that a column has one of some values.
func oneOf(column string, values []string) string {
	return column + ` IN (?` + strings.Repeat(", ?", len(values)-1) + `)`
}

func anyOf(values []string) []any {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return args
}

// knownOf is the last position that is known at a moment.
func knownOf(m projections.Moment) int64 {
	if m.Known == 0 {
		return math.MaxInt64
	}
	return int64(m.Known) //nolint:gosec // a position
}

// so is the condition on the table f that at a moment something had fallen as a row says.
func so(m projections.Moment) (string, []any) {
	known := knownOf(m)
	if m.At.IsZero() {
		return `f.position <= ? AND (f.ended = 0 OR f.ended > ?)`, []any{known, known}
	}
	at := m.At.UnixNano()
	return `f.position <= ? AND f.begun_at <= ? AND (f.ended = 0 OR f.ended > ? OR f.ended_at > ?)`, []any{known, at, known, at}
}

// stood is the condition on the table r that at a moment a request stood as a row says.
func stood(m projections.Moment) (string, []any) {
	known := knownOf(m)
	if m.At.IsZero() {
		return `r.position <= ? AND (r.ended = 0 OR r.ended > ?)`, []any{known, known}
	}
	at := m.At.UnixNano()
	return `r.position <= ? AND r.time <= ? AND (r.ended = 0 OR r.ended > ? OR r.ended_at > ?)`, []any{known, at, known, at}
}

func nano(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixNano()
}

// List returns notices, the newest first.
func (n *Notices) List(ctx context.Context, q Query) ([]Notice, error) {
	where, args := q.where()
	rows, err := n.db.QueryContext(ctx, `SELECT `+columns+` FROM notices AS n WHERE `+where+` ORDER BY n.time DESC, n.id DESC LIMIT ? OFFSET ?`, append(args, limit(q.Limit), q.Offset)...)
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	return n.scan(ctx, rows, q.Moment, false)
}

// limit is one in SQL, where a negative one is none.
func limit(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// Count returns how many there are, whatever the limit.
func (n *Notices) Count(ctx context.Context, q Query) (count int, err error) {
	where, args := q.where()
	err = n.db.QueryRowContext(ctx, `SELECT count(*) FROM notices AS n WHERE `+where, args...).Scan(&count)
	return count, err
}

// Facet is how many notices have a value.
type Facet struct {
	Value string
	Count int
}

// Owners counts by whom notices concern, those of the query but for its owners.
func (n *Notices) Owners(ctx context.Context, q Query) ([]Facet, error) {
	q.Owners = nil
	return n.facet(ctx, q, `WITH due AS (SELECT n.id FROM notices AS n WHERE `, `) SELECT ref, count(*) FROM (
		SELECT c.ref FROM due JOIN concerns AS c ON c.notice = due.id UNION ALL SELECT c.ref FROM due JOIN chosen AS c ON c.notice = due.id) GROUP BY ref ORDER BY ref`)
}

// ByKind counts by kind, those of the query but for its kinds.
func (n *Notices) ByKind(ctx context.Context, q Query) ([]Facet, error) {
	q.Kinds = nil
	return n.facet(ctx, q, `SELECT n.kind, count(*) FROM notices AS n WHERE `, ` GROUP BY n.kind ORDER BY n.kind`)
}

// Cards counts by scorecard, those of the query but for its card.
func (n *Notices) Cards(ctx context.Context, q Query) ([]Facet, error) {
	q.Card = ""
	return n.facet(ctx, q, `SELECT n.card, count(*) FROM notices AS n WHERE `, ` GROUP BY n.card ORDER BY n.card`)
}

func (n *Notices) facet(ctx context.Context, q Query, before, after string) ([]Facet, error) {
	where, args := q.where()
	rows, err := n.db.QueryContext(ctx, before+where+after, args...)
	if err != nil {
		return nil, fmt.Errorf("count notices: %w", err)
	}
	defer rows.Close()
	var all []Facet
	for rows.Next() {
		var one Facet
		if err := rows.Scan(&one.Value, &one.Count); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// settled is what is sent out: what nobody took back before it was ripe.
const settled = `(n.gone = 0 OR n.gone_at > n.ripe)`

// Ripening selects what became ripe after one moment, up to another. Empty fields select
// all.
type Ripening struct {
	After, Until time.Time
	Owners       []string // full refs: what concerns any of them
	Kinds        []string
	Limit        int // 0 is all
	Offset       int
}

func (r Ripening) where() (string, []any) {
	choice, args := chosen(r.Owners, r.Kinds, r.Until)
	return settled + ` AND n.ripe > ? AND n.ripe <= ?` + choice, append([]any{nano(r.After), nano(r.Until)}, args...)
}

// Ripe returns what became ripe, in that order.
func (n *Notices) Ripe(ctx context.Context, r Ripening) ([]Notice, error) {
	where, args := r.where()
	rows, err := n.db.QueryContext(ctx, `SELECT `+columns+` FROM notices AS n WHERE `+where+` ORDER BY n.ripe LIMIT ? OFFSET ?`, append(args, limit(r.Limit), r.Offset)...)
	if err != nil {
		return nil, fmt.Errorf("read ripe notices: %w", err)
	}
	return n.scan(ctx, rows, projections.Moment{}, true)
}

// CountRipe returns how many became ripe, whatever the limit.
func (n *Notices) CountRipe(ctx context.Context, r Ripening) (count int, err error) {
	where, args := r.where()
	err = n.db.QueryRowContext(ctx, `SELECT count(*) FROM notices AS n WHERE `+where, args...).Scan(&count)
	return count, err
}

// Waiting is when a notice is sent out that is seen in the portal already.
type Waiting struct {
	Ripe     time.Time
	Gathered bool // it gathers what follows within an hour after the one before
}

// Waiting returns what is so at a moment and sent out later, in that order, of those that
// concern some owners and are of some kinds; none of either is all.
func (n *Notices) Waiting(ctx context.Context, at time.Time, owners, kinds []string) ([]Waiting, error) {
	choice, args := chosen(owners, kinds, at)
	rows, err := n.db.QueryContext(ctx, `SELECT n.ripe, n.gathered FROM notices AS n WHERE n.gone = 0 AND n.ripe > ? AND n.time <= ?`+choice+` ORDER BY n.ripe`, append([]any{at.UnixNano(), at.UnixNano()}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read notices that wait: %w", err)
	}
	defer rows.Close()
	var all []Waiting
	for rows.Next() {
		var one Waiting
		var ripe int64
		if err := rows.Scan(&ripe, &one.Gathered); err != nil {
			return nil, err
		}
		one.Ripe = time.Unix(0, ripe).UTC()
		all = append(all, one)
	}
	return all, rows.Err()
}

// LastRipe returns when the newest became ripe, up to a moment; zero for none.
func (n *Notices) LastRipe(ctx context.Context, until time.Time) (time.Time, error) {
	return n.moment(ctx, `SELECT max(ripe) FROM notices AS n WHERE `+settled+` AND ripe <= ?`, until)
}

// NextRipe returns when the next becomes ripe, after a moment; zero for none so far.
func (n *Notices) NextRipe(ctx context.Context, after time.Time) (time.Time, error) {
	return n.moment(ctx, `SELECT min(ripe) FROM notices AS n WHERE gone = 0 AND ripe > ?`, after)
}

func (n *Notices) moment(ctx context.Context, query string, arg time.Time) (time.Time, error) {
	var at sql.NullInt64
	if err := n.db.QueryRowContext(ctx, query, nano(arg)).Scan(&at); err != nil || !at.Valid {
		return time.Time{}, err
	}
	return time.Unix(0, at.Int64).UTC(), nil
}

const columns = `n.id, n.kind, n.card, n.about, n.position, n.time, n.shown, n.ripe, n.gathered, n.says`

// scan reads notices as they stood at a moment or, sent, when they were ripe.
func (n *Notices) scan(ctx context.Context, rows *sqlstore.Rows, m projections.Moment, sent bool) ([]Notice, error) {
	defer rows.Close()
	var all []Notice
	for rows.Next() {
		var one Notice
		var at, shown, ripe int64
		var says []byte
		if err := rows.Scan(&one.ID, &one.Kind, &one.Card, &one.About, &one.Position, &at, &shown, &ripe, &one.Gathered, &says); err != nil {
			return nil, err
		}
		one.Time, one.Shown, one.Ripe = time.Unix(0, at).UTC(), time.Unix(0, shown).UTC(), time.Unix(0, ripe).UTC()
		if err := json.Unmarshal(says, &one.Says); err != nil {
			return nil, fmt.Errorf("decode notice %d: %w", one.ID, err)
		}
		all = append(all, one)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	if err := n.fill(ctx, all, m, sent); err != nil {
		return nil, fmt.Errorf("read what notices are about: %w", err)
	}
	return slices.DeleteFunc(all, Notice.hollow), nil
}

// hollow reports whether there is nothing left to tell: the list was read just before an event
// that took it back, and the rest after it.
func (n Notice) hollow() bool {
	switch n.Kind {
	case Drop:
		return len(n.Falls) == 0
	case Requested, Decided:
		return len(n.Requests) == 0
	}
	return false
}

// fill reads whom notices concern, and what fell, is asked for or was decided: each of all of
// them at once.
func (n *Notices) fill(ctx context.Context, all []Notice, m projections.Moment, sent bool) error {
	if len(all) == 0 {
		return nil
	}
	at := map[int64]*Notice{}
	var ids []int64
	for i := range all {
		all[i].Owners = []string{}
		at[all[i].ID] = &all[i]
		ids = append(ids, all[i].ID)
	}
	written, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	f := filler{n, at, string(written), m, sent}
	return errors.Join(f.owners(ctx), f.falls(ctx), f.requests(ctx))
}

// filler fills notices as they stood at a moment or, sent, when they were ripe.
type filler struct {
	*Notices
	at     map[int64]*Notice // by id
	ids    string            // a JSON array
	moment projections.Moment
	sent   bool
}

// these is the condition that a row is of one of the notices in a JSON array.
const these = `notice IN (SELECT value FROM json_each(?))`

func (f filler) owners(ctx context.Context) error {
	rows, err := f.db.QueryContext(ctx, `SELECT notice, ref FROM concerns WHERE `+these+` UNION SELECT notice, ref FROM chosen WHERE `+these+` ORDER BY notice, ref`, f.ids, f.ids)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var ref string
		if err := rows.Scan(&id, &ref); err != nil {
			return err
		}
		f.at[id].Owners = append(f.at[id].Owners, ref)
	}
	return rows.Err()
}

// falls reads those of notices: of an entity the latest one.
func (f filler) falls(ctx context.Context) error {
	fell, args := so(f.moment)
	rows, err := f.db.QueryContext(ctx, `SELECT f.notice, f.entity, f.position, f.time, f.was, f.now, f.why FROM falls AS f
		WHERE f.`+these+` AND `+fell+` ORDER BY f.notice, f.entity, f.position`, append([]any{f.ids}, args...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, when int64
		var one Fall
		var why []byte
		if err := rows.Scan(&id, &one.Entity, &one.Position, &when, &one.From, &one.To, &why); err != nil {
			return err
		}
		one.Time = time.Unix(0, when).UTC()
		if err := json.Unmarshal(why, &one.Why); err != nil {
			return fmt.Errorf("decode why %s fell, of notice %d: %w", one.Entity, id, err)
		}
		falls := &f.at[id].Falls
		if last := len(*falls) - 1; last >= 0 && (*falls)[last].Entity == one.Entity { // it fell again
			(*falls)[last] = one
			continue
		}
		*falls = append(*falls, one)
	}
	return rows.Err()
}

// requests reads those of notices: what is sent once stays what it was then, also if something
// becomes of a request later.
func (f filler) requests(ctx context.Context) error {
	asked, args := stood(f.moment)
	if f.sent {
		asked, args = `(r.ended = 0 OR r.ended_at > n.ripe)`, nil
	}
	rows, err := f.db.QueryContext(ctx, `SELECT r.notice, r.says FROM requests AS r JOIN notices AS n ON n.id = r.notice
		WHERE r.`+these+` AND `+asked+` ORDER BY r.notice, r.position`, append([]any{f.ids}, args...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var says []byte
		var one Request
		if err := rows.Scan(&id, &says); err != nil {
			return err
		}
		if err := json.Unmarshal(says, &one); err != nil {
			return fmt.Errorf("decode a request of notice %d: %w", id, err)
		}
		f.at[id].Requests = append(f.at[id].Requests, one)
	}
	for _, one := range f.at {
		one.alone()
	}
	return rows.Err()
}
