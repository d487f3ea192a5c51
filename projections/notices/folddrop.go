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
		return f.mend(d.Card, "", nil, nil)
	}
	_, _, card, err := f.of(d.Card)
	if err != nil {
		return err
	}
	before, after, err := f.stand(d, card)
	if err != nil || d.Before == nil || d.Before.Level == d.After.Level {
		return err
	}
	if card == nil {
		return nil
	}
	switch way, known := card.Compare(d.After.Level, d.Before.Level); {
	case !known: // the ladder is another one: nobody can say what is higher
		return nil
	case way > 0:
		return f.mend(d.Card, d.After.Level, card, after)
	default:
		rules := reasons(d, before, after)
		if err := f.lapses(d, rules); err != nil {
			return err
		}
		return f.fell(d, rules, after)
	}
}

// open is the fall of an entity that can still be taken back.
type open struct {
	notice   int64
	position int64
	time     int64
	was, now string
	why      Why
}

func (f folder) open(card string) (o open, ok bool, err error) {
	var why []byte
	err = f.QueryRow(`SELECT i.notice, i.position, i.time, i.was, i.now, i.why FROM falls AS i JOIN notices AS n ON n.id = i.notice
		WHERE i.entity = ? AND i.card = ? AND i.ended = 0 AND n.gone = 0 AND n.ripe > ? ORDER BY i.notice DESC, i.position DESC LIMIT 1`, f.rec.Subject, card, f.clock()).
		Scan(&o.notice, &o.position, &o.time, &o.was, &o.now, &why)
	if errors.Is(err, sql.ErrNoRows) {
		return o, false, nil
	}
	if err == nil {
		err = json.Unmarshal(why, &o.why)
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
// not judged any more (nil for the card). Of a rise that does not reach what it fell from, the
// rules that fail now are what it is due to.
func (f folder) mend(ref, level string, card *scorecards.Card, now map[string]openRule) error {
	o, ok, err := f.open(ref)
	if err != nil || !ok {
		return err
	}
	if err := f.end(o); err != nil {
		return err
	}
	if card != nil {
		if way, _ := card.Compare(level, o.was); way < 0 {
			return f.insert(o.notice, ref, Fall{From: o.was, To: level, Why: o.why.still(now)}, o.time)
		}
	}
	_, err = f.Exec(`UPDATE notices SET gone = ?, gone_at = ? WHERE id = ? AND NOT EXISTS (SELECT 1 FROM falls WHERE notice = ? AND ended = 0)`,
		f.rec.Position, f.clock(), o.notice, o.notice)
	return err
}

func (f folder) end(o open) error {
	_, err := f.Exec(`UPDATE falls SET ended = ?, ended_at = ? WHERE notice = ? AND entity = ? AND position = ?`, f.rec.Position, f.rec.Time.UnixNano(), o.notice, f.rec.Subject, o.position)
	return err
}

// fell folds that an entity fell, and due to which rules; now are those that let it not pass.
func (f folder) fell(d event.ScoreChanged, rules []Rule, now map[string]openRule) error {
	o, ok, err := f.open(d.Card)
	if err != nil {
		return err
	}
	fall := Fall{From: d.Before.Level, To: d.After.Level, Why: Why{Rules: rules, Actor: f.rec.Actor, Cause: f.rec.Cause}}
	if ok { // further
		if err := f.end(o); err != nil {
			return err
		}
		fall.From, fall.Why = o.was, o.why.still(now).further(fall.Why)
		if _, err := f.Exec(`UPDATE notices SET shown = ? WHERE id = ?`, f.clock(), o.notice); err != nil {
			return err
		}
		return f.insert(o.notice, d.Card, fall, f.rec.Time.UnixNano())
	}
	id, err := f.group(d)
	if err != nil {
		return err
	}
	return f.insert(id, d.Card, fall, f.rec.Time.UnixNano())
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

func (f folder) insert(notice int64, card string, fall Fall, at int64) error {
	why, err := json.Marshal(fall.Why)
	if err != nil {
		return err
	}
	_, err = f.Exec(`INSERT INTO falls (notice, entity, card, position, time, begun_at, was, now, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		notice, f.rec.Subject, card, f.rec.Position, at, f.rec.Time.UnixNano(), fall.From, fall.To, string(why))
	return err
}
