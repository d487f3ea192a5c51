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

// day reads the last day of something; false if there is none.
func day(text string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, text)
	return t, err == nil
}

// exemption folds what became of an exemption.
func (f folder) exemption(e event.Exemption) error {
	if err := f.take(e.Ref, Requested, Expiring); err != nil {
		return err
	}
	_, title, _, err := f.of(e.Card)
	if err != nil {
		return err
	}
	cardOwner, _, _, err := f.of(e.Card)
	if err != nil {
		return err
	}
	owner, _, _, err := f.of(e.Entity)
	if err != nil {
		return err
	}
	about := func(n Notice) Notice {
		n.Card, n.CardTitle, n.About, n.Entity, n.Rules, n.Reason, n.Until, n.By = e.Card, title, e.Ref, e.Entity, e.Rules, e.Reason, e.Until, e.RequestedBy
		n.Owners = []string{owner}
		return n
	}
	switch f.rec.Type {
	case event.TypeExemptionRequested:
		n := about(f.begin(Requested))
		n.Owners = append(n.Owners, cardOwner) // who decides
		_, err := f.add(n, owner)
		return err
	case event.TypeExemptionGranted:
		last, ok := day(e.Until)
		if !ok {
			return nil
		}
		for _, days := range warnings() {
			n := about(f.begin(Expiring))
			n.Days = days
			if f.on(&n, last.AddDate(0, 0, -days).Add(atHour)) {
				if _, err := f.add(n, owner); err != nil {
					return err
				}
			}
		}
	case event.TypeExemptionExpired:
		_, err := f.add(about(f.begin(Expired)), owner)
		return err
	}
	return nil
}

// initiative folds that an initiative began, changed or ended.
func (f folder) initiative(i event.Initiative) error {
	if f.rec.Type == event.TypeInitiativeClosed {
		return f.take(i.Ref, Opened, Reminder)
	}
	cardOwner, title, card, err := f.of(i.Card)
	if err != nil {
		return err
	}
	_, _, goal, err := f.of(i.Ref)
	if err != nil {
		return err
	}
	about := func(n Notice) Notice {
		n.Card, n.CardTitle, n.About, n.Title, n.Level, n.Rules, n.Until = i.Card, title, i.Ref, i.Title, i.Level, i.Rules, i.Target
		n.Owners = []string{i.Owner, cardOwner}
		return n
	}
	if err := f.opened(about, i, card); err != nil {
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
		if !f.on(&n, last.AddDate(0, 0, -days).Add(atHour)) {
			continue
		}
		id, err := f.add(n, i.Owner)
		if err != nil {
			return err
		}
		if err := f.concern(id, i, card); err != nil {
			return err
		}
	}
	return nil
}

// opened makes the notice that an initiative begins, at its start; or that it is another
// one, if that was told before. What was told so already stays.
func (f folder) opened(about func(Notice) Notice, i event.Initiative, card declared) error {
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
	}
	if err := f.take(i.Ref, Opened); err != nil {
		return err
	}
	if first, ok := day(i.Start); ok && first.Add(atHour).After(f.rec.Recorded) {
		f.on(&n, first.Add(atHour))
	}
	id, err := f.add(n, i.Owner)
	if err != nil {
		return err
	}
	return f.concern(id, i, card)
}

// concern has a notice concern the owners of all whom the card judges, but for those that
// have the level that is asked for.
func (f folder) concern(notice int64, i event.Initiative, card declared) error {
	if _, err := f.Exec(`INSERT OR IGNORE INTO concerns (ref, notice) SELECT DISTINCT k.owner, ?1 FROM standing AS s JOIN known AS k ON k.ref = s.entity
		WHERE s.card = ?2 AND k.owner <> '' AND ?3 = ''`, notice, i.Card, i.Level); err != nil || i.Level == "" {
		return err
	}
	lower := []string{""}
	for level, rank := range card.Ladder {
		if rank < card.Ladder[i.Level] {
			lower = append(lower, level)
		}
	}
	slices.Sort(lower)
	for _, level := range lower {
		if _, err := f.Exec(`INSERT OR IGNORE INTO concerns (ref, notice) SELECT DISTINCT k.owner, ?1 FROM standing AS s JOIN known AS k ON k.ref = s.entity
			WHERE s.card = ?2 AND k.owner <> '' AND s.level = ?3`, notice, i.Card, level); err != nil {
			return err
		}
	}
	return nil
}
