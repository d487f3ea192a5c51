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
	read := reader{kinds: kinds}
	return intervals(told, read.owner)
}

// Lifecycles tells likewise of an entity's spec.lifecycle.
func Lifecycles(told []history.Told) []Interval {
	var read reader
	return intervals(told, func(entity string) string {
		read.read(entity)
		return read.lifecycle
	})
}

func intervals(told []history.Told, say func(entity string) string) []Interval {
	var all []Interval
	for i := range told {
		one := &told[i]
		if len(all) == 0 && one.Entity == "" {
			continue
		}
		next := Interval{From: one.Since, Value: say(one.Entity), Absent: one.Entity == "", Began: one}
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

// reader reads what entities declare, each text once in a row.
type reader struct {
	kinds     catalog.Kinds
	text      string
	self      string // ref
	lifecycle string
	edges     []catalog.Edge
}

func (r *reader) read(entity string) {
	if entity == r.text {
		return
	}
	*r = reader{kinds: r.kinds, text: entity}
	var obj map[string]any
	if entity == "" || json.Unmarshal([]byte(entity), &obj) != nil {
		return
	}
	if e, _ := catalog.Read(obj); e != nil {
		r.self, r.lifecycle, r.edges = e.Ref().String(), e.SpecString("lifecycle"), r.kinds.Edges(e)
	}
}

// owner is the owner that the catalog shows: of several the first by ref.
func (r *reader) owner(entity string) string {
	r.read(entity)
	first := ""
	for _, e := range r.edges {
		if to := e.To.String(); e.Type == ownedBy && e.From.String() == r.self && (first == "" || to < first) {
			first = to
		}
	}
	return first
}

const ownedBy = "ownedBy"
