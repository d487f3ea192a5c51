package notices

import (
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/scorecards"
)

// warnings are how many days before an exemption ends that is told.
func warnings() []int { return []int{7, 1} }

// warnAt is when people are warned some days before a last one.
func warnAt(last time.Time, days int) time.Time {
	return last.AddDate(0, 0, -days).Add(scorecards.AtHour)
}

// day reads the last day of something; false if there is none.
func day(text string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, text)
	return t, err == nil
}

// exemption folds what became of an exemption.
func (f folder) exemption(e event.Exemption) error {
	if err := f.take(e.Ref, Expiring); err != nil {
		return err
	}
	if err := f.exempts(e); err != nil {
		return err
	}
	decides, title, card, err := f.of(e.Card)
	if err != nil {
		return err
	}
	if err := f.decided(e, title, card); err != nil {
		return err
	}
	about := func(n Notice) Notice {
		n.Card, n.CardTitle, n.About, n.Entity, n.Rules, n.Reason, n.Until, n.By = e.Card, title, e.Ref, e.Entity, e.Rules, e.Reason, e.Until, e.RequestedBy
		n.RuleTitles = titles(card, e.Rules)
		return n
	}
	switch f.rec.Type {
	case event.TypeExemptionRequested:
		return f.requested(e, decides, title, card)
	case event.TypeExemptionGranted:
		last, ok := day(e.Until)
		if !ok {
			return nil
		}
		for _, days := range warnings() {
			n := about(f.begin(Expiring))
			n.Days = days
			if f.on(&n, warnAt(last, days)) {
				if err := f.plan(n, e.Entity); err != nil {
					return err
				}
			}
		}
	case event.TypeExemptionExpired:
		return f.plan(about(f.begin(Expired)), e.Entity)
	}
	return nil
}

// goal is an initiative that is open, and who made it so.
type goal struct {
	event.Initiative
	Actor event.Actor `json:"actor,omitzero"`
	Cause event.Cause `json:"cause,omitzero"`
}

// initiative folds that an initiative began, changed or ended. People are told that it asks
// something of them once it says whom: see asked.
func (f folder) initiative(i event.Initiative) error {
	if f.rec.Type == event.TypeInitiativeClosed {
		if _, err := f.Exec(`DELETE FROM goals WHERE ref = ?`, i.Ref); err != nil {
			return err
		}
		return f.take(i.Ref, Opened, Reminder)
	}
	says, err := json.Marshal(goal{i, f.rec.Actor, f.rec.Cause})
	if err != nil {
		return err
	}
	if _, err := f.Exec(`INSERT OR REPLACE INTO goals (ref, card, says) VALUES (?, ?, ?)`, i.Ref, i.Card, string(says)); err != nil {
		return err
	}
	_, _, card, err := f.of(i.Card)
	if err != nil {
		return err
	}
	first, _ := day(i.Start)
	if begins := (&scorecards.Initiative{Start: first}).Begins(); !measures(card, i) || begins.After(f.rec.Time) {
		return f.silence(i.Ref)
	}
	return f.take(i.Ref, Reminder)
}

// silence takes back what an initiative would tell people that asks nobody now.
func (f folder) silence(ref string) error {
	if _, err := f.Exec(`UPDATE notices SET gone = ?, gone_at = ? WHERE about = ? AND kind = ? AND gone = 0 AND ripe > ?`, f.rec.Position, f.clock(), ref, Opened, f.clock()); err != nil {
		return err
	}
	return f.take(ref, Reminder)
}

// remeasure silences the initiatives on a card that is another one now, or gone, and cannot
// tell who has done what they ask for.
func (f folder) remeasure() error {
	_, _, card, err := f.of(f.rec.Subject)
	if err != nil {
		return err
	}
	var all []byte
	if err := f.QueryRow(`SELECT json_group_array(json(says)) FROM (SELECT says FROM goals WHERE card = ? ORDER BY ref)`, f.rec.Subject).Scan(&all); err != nil {
		return err
	}
	var goals []goal
	if err := json.Unmarshal(all, &goals); err != nil {
		return err
	}
	for _, one := range goals {
		if measures(card, one.Initiative) {
			continue
		}
		if err := f.silence(one.Ref); err != nil {
			return err
		}
	}
	return nil
}

// asked folds whom an initiative asks: it is new to them, another one, or its last day comes
// near.
func (f folder) asked(a event.InitiativeAsked) error {
	i := a.Initiative
	owner, title, card, err := f.of(i.Card)
	if err != nil {
		return err
	}
	about := func(n Notice) Notice {
		n.Card, n.CardTitle, n.About, n.Title, n.Level, n.Rules, n.Until = i.Card, title, i.Ref, i.Title, i.Level, i.Rules, i.Target
		n.RuleTitles, n.Mended = titles(card, i.Rules), a.Mended
		return n
	}
	var id int64
	switch {
	case !a.Reminder():
		id, err = f.opened(about, i)
	case f.rec.Recorded.Sub(f.rec.Time) <= late: // nobody is reminded of what is past
		n := about(f.begin(Reminder))
		n.Days = a.Days
		id, err = f.add(n, "")
	}
	if err != nil || id == 0 {
		return err
	}
	for _, ref := range append([]string{i.Owner, owner}, a.Owners...) {
		if err := f.concern(id, ref); err != nil {
			return err
		}
	}
	return nil
}

// opened makes the notice that an initiative begins; or that it is another one, if that was
// told before. It returns 0 if that was told so already.
func (f folder) opened(about func(Notice) Notice, i event.Initiative) (int64, error) {
	n := about(f.begin(Opened))
	n.Start = i.Start
	if f.rec.Cause.Schedule != "" { // its start has come
		if err := f.openedBy(&n); err != nil {
			return 0, err
		}
	}
	var was Says
	var says []byte
	var on string
	var ripe int64
	err := f.QueryRow(`SELECT card, says, ripe FROM notices WHERE about = ? AND kind = ? AND gone = 0 ORDER BY id DESC LIMIT 1`, i.Ref, Opened).Scan(&on, &says, &ripe)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return 0, err
	default:
		if err := json.Unmarshal(says, &was); err != nil {
			return 0, err
		}
		same := was.Title == n.Title && was.Level == n.Level && slices.Equal(was.Rules, n.Rules) && was.Start == n.Start && was.Until == n.Until && n.Card == on
		if same && ripe <= f.clock() {
			return 0, nil
		}
		n.Changed = was.Changed || ripe <= f.clock()
		switch told := was.goal(); {
		case ripe <= f.clock():
			n.Was = &told
		case n.Changed: // nobody was sent that one: it was otherwise before
			n.Was = was.Was
		}
	}
	if err := f.take(i.Ref, Opened); err != nil {
		return 0, err
	}
	return f.add(n, "")
}

// openedBy has a notice say who opened an initiative before its start.
func (f folder) openedBy(n *Notice) error {
	var says []byte
	err := f.QueryRow(`SELECT says FROM goals WHERE ref = ?`, n.About).Scan(&says)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	var by goal
	if err == nil {
		err = json.Unmarshal(says, &by)
	}
	n.Actor, n.Cause = by.Actor, by.Cause
	return err
}

// plan makes a notice of a day to come. It concerns who owns an entity then.
func (f folder) plan(n Notice, entity string) error {
	id, err := f.add(n, "")
	if err != nil {
		return err
	}
	_, err = f.Exec(`INSERT INTO planned (notice, due, entity) VALUES (?, ?, ?)`, id, n.Time.UnixNano(), entity)
	return err
}

// settle writes down whom the notices concern that were due before the record was known.
// Until then that is asked for whenever they are read.
func (f folder) settle() error {
	due := 0
	if err := f.QueryRow(`SELECT count(*) FROM planned WHERE due < ?`, f.clock()).Scan(&due); err != nil || due == 0 {
		return err
	}
	if _, err := f.Exec(`INSERT INTO concerns (ref, notice) SELECT ref, notice FROM chosen WHERE due < ?`, f.clock()); err != nil {
		return err
	}
	_, err := f.Exec(`DELETE FROM planned WHERE due < ?`, f.clock())
	return err
}
