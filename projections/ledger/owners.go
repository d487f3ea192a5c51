package ledger

import (
	"encoding/json"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/history"
)

// Interval is a time in which an entity had one owner, none, or was not in the catalog.
type Interval struct {
	From   time.Time
	To     time.Time // exclusive; zero while it goes on
	Owner  string    // full ref; "" = nobody
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
	var all []Interval
	read := reader{kinds: kinds}
	for i := range told {
		one := &told[i]
		if len(all) == 0 && one.Entity == "" {
			continue
		}
		next := Interval{From: one.Since, Owner: read.owner(one.Entity), Absent: one.Entity == "", Began: one}
		for n := len(all); n > 0 && all[n-1].From.Equal(next.From); n = len(all) {
			all = all[:n-1] // it was so for no time
		}
		n := len(all)
		if n > 0 && all[n-1].Owner == next.Owner && all[n-1].Absent == next.Absent {
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

// reader reads relations out of what entities declare, each text once in a row.
type reader struct {
	kinds catalog.Kinds
	text  string
	self  string // ref
	edges []catalog.Edge
}

func (r *reader) read(entity string) {
	if entity == r.text {
		return
	}
	r.text, r.self, r.edges = entity, "", nil
	var obj map[string]any
	if entity == "" || json.Unmarshal([]byte(entity), &obj) != nil {
		return
	}
	if e, _ := catalog.Read(obj); e != nil {
		r.self, r.edges = e.Ref().String(), r.kinds.Edges(e)
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
