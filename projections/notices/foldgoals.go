package notices

import (
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/callboard/callboard/event"
)

// atHour is the hour of the day, in UTC, at which is told what a day brings.
const atHour = 8 * time.Hour

// warnings are how many days before an exemption ends that is told.
func warnings() []int { return []int{7, 1} }

// ReminderAt is when people are reminded some days before the last day of an initiative.
func ReminderAt(last time.Time, days int) time.Time { return last.AddDate(0, 0, -days).Add(atHour) }

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
	decides, title, card, err := f.of(e.Card)
	if err != nil {
		return err
	}
	if err := f.decided(e, title, card); err != nil {
		return err
	}
	about := func(n Notice) Notice {
		n.Card, n.CardTitle, n.About, n.Entity, n.Rules, n.Reason, n.Until, n.By = e.Card, title, e.Ref, e.Entity, e.Rules, e.Reason, e.Until, e.RequestedBy
		n.RuleTitles = card.titles(e.Rules)
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
			if f.on(&n, ReminderAt(last, days)) {
				if err := f.plan(n, whom{entity: e.Entity}); err != nil {
					return err
				}
			}
		}
	case event.TypeExemptionExpired:
		return f.plan(about(f.begin(Expired)), whom{entity: e.Entity})
	}
	return nil
}

// initiative folds that an initiative began, changed or ended.
func (f folder) initiative(i event.Initiative) error {
	if f.rec.Type == event.TypeInitiativeClosed {
		if _, err := f.Exec(`DELETE FROM goals WHERE ref = ?`, i.Ref); err != nil {
			return err
		}
		return f.take(i.Ref, Opened, Reminder)
	}
	_, _, card, err := f.of(i.Card)
	if err != nil {
		return err
	}
	says, err := json.Marshal(i)
	if err != nil {
		return err
	}
	measured := card.measures(i)
	if _, err := f.Exec(`INSERT OR REPLACE INTO goals (ref, card, says, measured) VALUES (?, ?, ?, ?)`, i.Ref, i.Card, string(says), measured); err != nil {
		return err
	}
	if !measured {
		return f.silence(i.Ref)
	}
	return f.goal(i, false)
}

// measures reports whether a card can tell who has done what an initiative asks for.
func (d declared) measures(i event.Initiative) bool {
	if i.Level != "" {
		return !d.Draft && d.Ladder[i.Level] > 0
	}
	return !d.Draft && d.Titles != nil && !slices.ContainsFunc(i.Rules, func(id string) bool { _, ok := d.Titles[id]; return !ok })
}

// silence takes back what an initiative would tell people that cannot be measured.
func (f folder) silence(ref string) error {
	if _, err := f.Exec(`UPDATE notices SET gone = ?, gone_at = ? WHERE about = ? AND kind = ? AND gone = 0 AND ripe > ?`, f.rec.Position, f.clock(), ref, Opened, f.clock()); err != nil {
		return err
	}
	return f.take(ref, Reminder)
}

// remeasure looks at the initiatives on a card that is another one now, or gone: they begin
// for people when they can be measured, and are silent while they cannot.
func (f folder) remeasure() error {
	_, _, card, err := f.of(f.rec.Subject)
	if err != nil {
		return err
	}
	var all []byte
	if err := f.QueryRow(`SELECT json_group_array(json_object('goal', json(says), 'measured', json(iif(measured, 'true', 'false'))))
		FROM (SELECT says, measured FROM goals WHERE card = ? ORDER BY ref)`, f.rec.Subject).Scan(&all); err != nil {
		return err
	}
	var goals []struct {
		Goal     event.Initiative
		Measured bool
	}
	if err := json.Unmarshal(all, &goals); err != nil {
		return err
	}
	for _, one := range goals {
		i, measured := one.Goal, card.measures(one.Goal)
		if measured == one.Measured {
			continue
		}
		if _, err := f.Exec(`UPDATE goals SET measured = ? WHERE ref = ?`, measured, i.Ref); err != nil {
			return err
		}
		tell := f.silence
		if measured {
			tell = func(string) error { return f.goal(i, true) }
		}
		if err := tell(i.Ref); err != nil {
			return err
		}
	}
	return nil
}

// goal plans what people are told of an initiative that is another one now, or can be
// measured at last.
func (f folder) goal(i event.Initiative, mended bool) error {
	_, title, card, err := f.of(i.Card)
	if err != nil {
		return err
	}
	_, _, goal, err := f.of(i.Ref)
	if err != nil {
		return err
	}
	about := func(n Notice) Notice {
		n.Card, n.CardTitle, n.About, n.Title, n.Level, n.Rules, n.Until = i.Card, title, i.Ref, i.Title, i.Level, i.Rules, i.Target
		n.RuleTitles, n.Mended = card.titles(i.Rules), mended
		return n
	}
	if err := f.opened(about, i); err != nil {
		return err
	}
	if err := f.take(i.Ref, Reminder); err != nil {
		return err
	}
	last, ok := day(i.Target)
	if !ok {
		return nil
	}
	slices.Sort(goal.Remind)
	for _, days := range slices.Backward(slices.Compact(goal.Remind)) {
		n := about(f.begin(Reminder))
		n.Days = days
		if !f.on(&n, ReminderAt(last, days)) {
			continue
		}
		if err := f.plan(n, asked(i)); err != nil {
			return err
		}
	}
	return nil
}

// opened makes the notice that an initiative begins, at its start; or that it is another
// one, if that was told before. What was told so already stays.
func (f folder) opened(about func(Notice) Notice, i event.Initiative) error {
	n := about(f.begin(Opened))
	n.Start = i.Start
	var was Says
	var says []byte
	var on string
	var ripe int64
	err := f.QueryRow(`SELECT card, says, ripe FROM notices WHERE about = ? AND kind = ? AND gone = 0 ORDER BY id DESC LIMIT 1`, i.Ref, Opened).Scan(&on, &says, &ripe)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(says, &was); err != nil {
			return err
		}
		same := was.Title == n.Title && was.Level == n.Level && slices.Equal(was.Rules, n.Rules) && was.Start == n.Start && was.Until == n.Until && n.Card == on
		if same {
			return nil
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
		return err
	}
	if first, ok := day(i.Start); ok && first.Add(atHour).After(f.rec.Recorded) && !f.on(&n, first.Add(atHour)) {
		return nil // that is centuries away
	}
	return f.plan(n, asked(i))
}

// whom says whom a notice concerns, all of them full refs that may be empty.
type whom struct {
	owner        string // themselves
	entity, card string // the owners of these
	asks         bool   // the owners of all that the card judges that have not reached
	level        string // this level, or
	rules        []string
}

// asked are those whom an initiative concerns: it names no entity, so that its filter does
// not matter.
func asked(i event.Initiative) whom {
	return whom{owner: i.Owner, card: i.Card, asks: true, level: i.Level, rules: i.Rules}
}

// plan makes a notice. Whom it concerns is chosen when it is due: by who owns what then,
// and how that stands.
func (f folder) plan(n Notice, w whom) error {
	id, err := f.add(n, "")
	if err != nil {
		return err
	}
	rules, err := json.Marshal(append([]string{}, w.rules...))
	if err != nil {
		return err
	}
	_, err = f.Exec(`INSERT INTO planned (notice, due, owner, entity, card, asks, level, rules) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		id, n.Time.UnixNano(), w.owner, w.entity, w.card, w.asks, w.level, string(rules))
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
