package ledger

import (
	"encoding/json"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/history"
)

// Interval is a time in which an entity said one thing, above all who owns it, or was
// not in the catalog.
type Interval struct {
	From   time.Time
	To     time.Time // exclusive; zero while it goes on
	Value  string    // of an owner the full ref; "" = nobody, or nothing
	Absent bool      // it was not in the catalog
	Began  *history.Told
	Ended  *history.Told // nil while it goes on
}

// Length is how long the interval is if it is looked at from a later time.
func (i Interval) Length(now time.Time) time.Duration {
	if !i.To.IsZero() {
		now = i.To
	}
	return now.Sub(i.From)
}

// Owners tells who owned an entity since it was first declared, without gaps and
// without two intervals in a row that say the same. Of several owners the first is
// meant, as the catalog shows it.
func Owners(kinds catalog.Kinds, told []history.Told) []Interval {
	return Intervals(told, func(e *catalog.Entity) string {
		first, self := "", e.Ref()
		for _, edge := range kinds.Edges(e) {
			if to := edge.To.String(); edge.Type == ownedBy && edge.From == self && (first == "" || to < first) {
				first = to
			}
		}
		return first
	})
}

const ownedBy = "ownedBy"

// Intervals tells likewise of anything that an entity says.
func Intervals(told []history.Told, say func(*catalog.Entity) string) []Interval {
	text, said := "", ""
	value := func(entity string) string {
		if entity != text {
			if text, said = entity, ""; entity != "" {
				said = say(read(entity))
			}
		}
		return said
	}
	var all []Interval
	for i := range told {
		one := &told[i]
		if len(all) == 0 && one.Entity == "" {
			continue
		}
		next := Interval{From: one.Since, Value: value(one.Entity), Absent: one.Entity == "", Began: one}
		for n := len(all); n > 0 && all[n-1].From.Equal(next.From); n = len(all) {
			all = all[:n-1] // it was so for no time
		}
		n := len(all)
		if n > 0 && all[n-1].Value == next.Value && all[n-1].Absent == next.Absent {
			all[n-1].To, all[n-1].Ended = time.Time{}, nil
			continue
		}
		if n > 0 {
			all[n-1].To, all[n-1].Ended = next.From, one
		}
		all = append(all, next)
	}
	for len(all) > 0 && all[0].Absent { // what was there before was so for no time
		all = all[1:]
	}
	return all
}

// read reads what is declared. What Callboard wrote itself always decodes.
func read(entity string) *catalog.Entity {
	var obj map[string]any
	if json.Unmarshal([]byte(entity), &obj) == nil {
		if e, err := catalog.Read(obj); err == nil {
			return e
		}
	}
	return &catalog.Entity{}
}
