package notices

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/scorecards"
)

const (
	// together is for how long after a notice what falls of the same team on the same card
	// is gathered for the next one.
	together = time.Hour
	// late is how long after it was so something is known that tells of the past: what was
	// recorded one after the other need not have happened so.
	late = 24 * time.Hour
)

// score folds that an entity stands otherwise.
func (f folder) score(d event.ScoreChanged) error {
	if d.After == nil {
		if _, err := f.Exec(`DELETE FROM standing WHERE card = ? AND entity = ?`, d.Card, f.rec.Subject); err != nil {
			return err
		}
		return f.mend(d.Card, "", nil)
	}
	_, _, card, err := f.of(d.Card)
	if err != nil {
		return err
	}
	before, after, err := f.stand(d, card)
	if err != nil || d.Before == nil || d.Before.Level == d.After.Level {
		return err
	}
	was, knownWas := rank(card, d.Before.Level)
	now, knownNow := rank(card, d.After.Level)
	switch {
	case !knownWas || !knownNow: // the ladder is another one: nobody can say what is higher
		return nil
	case now > was:
		return f.mend(d.Card, d.After.Level, card)
	default:
		rules := reasons(d, before, after)
		if err := f.lapses(d, rules); err != nil {
			return err
		}
		return f.fell(d, rules)
	}
}

// open is the fall of an entity that can still be taken back.
type open struct {
	notice   int64
	position int64
	time     int64
	was, now string
	why      []byte
}

func (f folder) open(card string) (o open, ok bool, err error) {
	err = f.QueryRow(`SELECT i.notice, i.position, i.time, i.was, i.now, i.why FROM falls AS i JOIN notices AS n ON n.id = i.notice
		WHERE i.entity = ? AND i.card = ? AND i.ended = 0 AND n.gone = 0 AND n.ripe > ? ORDER BY i.notice DESC, i.position DESC LIMIT 1`, f.rec.Subject, card, f.clock()).
		Scan(&o.notice, &o.position, &o.time, &o.was, &o.now, &o.why)
	if errors.Is(err, sql.ErrNoRows) {
		return o, false, nil
	}
	return o, err == nil && f.near(o.time, f.grace), err
}

// near reports whether something was so about when the record was: within some time, if the
// record tells of what is long past; else it only must not be long past itself, so that what
// is played or imported keeps nothing of today waiting.
func (f folder) near(at int64, within time.Duration) bool {
	if f.rec.Recorded.Sub(f.rec.Time) <= late {
		within = late
	}
	return f.rec.Time.Sub(time.Unix(0, at)).Abs() <= within
}

// mend takes a fall back that is not ripe, since the entity stands higher again, or is
// not judged any more (nil for the card).
func (f folder) mend(ref, level string, card *scorecards.Card) error {
	o, ok, err := f.open(ref)
	if err != nil || !ok {
		return err
	}
	if err := f.end(o); err != nil {
		return err
	}
	if card != nil && card.Rank(level) < card.Rank(o.was) {
		return f.insert(o.notice, ref, Fall{From: o.was, To: level}, o.why, o.time)
	}
	_, err = f.Exec(`UPDATE notices SET gone = ?, gone_at = ? WHERE id = ? AND NOT EXISTS (SELECT 1 FROM falls WHERE notice = ? AND ended = 0)`,
		f.rec.Position, f.clock(), o.notice, o.notice)
	return err
}

func (f folder) end(o open) error {
	_, err := f.Exec(`UPDATE falls SET ended = ?, ended_at = ? WHERE notice = ? AND entity = ? AND position = ?`, f.rec.Position, f.rec.Time.UnixNano(), o.notice, f.rec.Subject, o.position)
	return err
}

// fell folds that an entity fell, and due to which rules.
func (f folder) fell(d event.ScoreChanged, rules []Rule) error {
	written, err := json.Marshal(Why{Rules: rules, Actor: f.rec.Actor, Cause: f.rec.Cause})
	if err != nil {
		return err
	}
	o, ok, err := f.open(d.Card)
	if err != nil {
		return err
	}
	fall := Fall{From: d.Before.Level, To: d.After.Level}
	if ok { // further
		if err := f.end(o); err != nil {
			return err
		}
		fall.From = o.was
		if _, err := f.Exec(`UPDATE notices SET shown = ? WHERE id = ?`, f.clock(), o.notice); err != nil {
			return err
		}
		return f.insert(o.notice, d.Card, fall, written, f.rec.Time.UnixNano())
	}
	id, err := f.group(d)
	if err != nil {
		return err
	}
	return f.insert(id, d.Card, fall, written, f.rec.Time.UnixNano())
}

// group is the notice that a fall belongs to: of its team and card.
func (f folder) group(d event.ScoreChanged) (int64, error) {
	owner, _, _, err := f.of(f.rec.Subject)
	if err != nil {
		return 0, err
	}
	n := f.begin(Drop)
	n.Card, n.CardTitle = d.Card, d.Title
	n.Actor, n.Cause = event.Actor{}, event.Cause{} // each fall has its own
	id, err := f.gather(n, owner)
	if err != nil {
		return 0, err
	}
	return id, f.concern(id, owner)
}

func (f folder) insert(notice int64, card string, fall Fall, why []byte, at int64) error {
	_, err := f.Exec(`INSERT INTO falls (notice, entity, card, position, time, begun_at, was, now, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		notice, f.rec.Subject, card, f.rec.Position, at, f.rec.Time.UnixNano(), fall.From, fall.To, string(why))
	return err
}
