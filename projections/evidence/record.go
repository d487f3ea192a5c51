package evidence

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/projections/scores"
)

const exemptionPrefix = "exemption:"

// record is what the log has that bears on a question. The answer is taken from it:
// what was folded can be edited where it is kept, and nothing would show; the log is
// under seal.
type record struct {
	told   map[string][]history.Told    // of those that were selected, exemptions and the scorecard, by ref
	judged map[string][]eventlog.Record // changes of their scores, by ref
	gaps   []eventlog.Record
}

// reading is the log while it is read.
type reading struct {
	*Reporter
	q      Question
	chosen map[string]bool
	about  map[string][]eventlog.Record
	others map[string][]eventlog.Position // what the catalog is folded from, about those that were not selected
	sieve  sieve
	record
}

// read reads the log up to what the question counts, once, and checks that the read
// models chose the entities that it chooses, and say the same of them.
func (r *Reporter) read(ctx context.Context, q Question, refs []string, p period, end projections.Moment) (record, error) {
	all := reading{
		Reporter: r, q: q, chosen: map[string]bool{}, about: map[string][]eventlog.Record{}, others: map[string][]eventlog.Position{},
		sieve: sieve{kinds: r.Kinds, where: q.Where, passed: map[string]bool{}}, record: record{judged: map[string][]eventlog.Record{}},
	}
	for _, ref := range refs {
		all.chosen[ref] = true
	}
	for rec, err := range r.Log.Read(ctx, 0) {
		if err != nil {
			return record{}, err
		}
		if rec.Position > q.Known {
			break
		}
		if err := all.take(ctx, rec, end); err != nil {
			return record{}, err
		}
	}
	if err := all.sieve.ask(ctx); err != nil {
		return record{}, err
	}
	if err := all.missing(ctx, p, end); err != nil {
		return record{}, err
	}
	var err error
	if all.told, err = tell(all.about, end); err != nil {
		return record{}, err
	}
	return all.record, all.compare(ctx, end)
}

func (r *reading) take(ctx context.Context, rec eventlog.Record, end projections.Moment) error {
	switch {
	case rec.Type == event.TypeSourceGapFound || rec.Type == event.TypeSourceGapClosed:
		r.gaps = append(r.gaps, rec)
	case rec.Type == event.TypeScoreChanged:
		if r.q.Scorecard != "" && r.chosen[rec.Subject] {
			r.judged[rec.Subject] = append(r.judged[rec.Subject], rec)
		}
	case !history.InCatalog(rec.Type):
	case r.chosen[rec.Subject], r.q.Scorecard != "" && (rec.Subject == r.q.Scorecard || strings.HasPrefix(rec.Subject, exemptionPrefix)):
		r.about[rec.Subject] = append(r.about[rec.Subject], rec)
	}
	if !history.InCatalog(rec.Type) || r.chosen[rec.Subject] {
		return nil
	}
	r.others[rec.Subject] = append(r.others[rec.Subject], rec.Position)
	if !history.Declares(rec.Type) || rec.Time.After(end.At) || r.sieve.passed[rec.Subject] || !ledger.May(rec, r.q.Where) {
		return nil
	}
	return r.sieve.take(ctx, rec)
}

// missing looks for an entity that the filter selects in the period, by what it says
// itself, and that was not chosen.
func (r *reading) missing(ctx context.Context, p period, end projections.Moment) error {
	for _, ref := range slices.Sorted(maps.Keys(r.sieve.passed)) {
		var records []eventlog.Record
		for _, at := range r.others[ref] {
			rec, err := r.Log.At(ctx, at)
			if err != nil {
				return err
			}
			records = append(records, rec)
		}
		told, err := tell(map[string][]eventlog.Record{ref: records}, end)
		if err != nil {
			return err
		}
		at, err := r.selected(ctx, told[ref], records, p)
		if err != nil {
			return err
		}
		if at > 0 {
			return amiss(history.Name, at)
		}
	}
	return nil
}

// selected returns the first event by which the filter selects an entity in the
// period, or 0.
func (r *reading) selected(ctx context.Context, told []history.Told, records []eventlog.Record, p period) (eventlog.Position, error) {
	var declared eventlog.Position
	for i, t := range told {
		if t.Version > 0 {
			declared = t.Position
		}
		over := i+1 < len(told) && !told[i+1].Since.After(p.from)
		if t.Entity == "" || over {
			continue
		}
		n, _ := slices.BinarySearchFunc(records, declared, func(rec eventlog.Record, p eventlog.Position) int { return int(rec.Position) - int(p) }) //nolint:gosec // positions are far from that
		is, err := ledger.Declares(ctx, r.Kinds, records[n], r.q.Where)
		if is || err != nil {
			return declared, err
		}
	}
	return 0, nil
}

// tell tells of the events that count at a moment.
func tell(about map[string][]eventlog.Record, end projections.Moment) (map[string][]history.Told, error) {
	all := make(map[string][]history.Told, len(about))
	for ref, records := range about {
		sorted, err := history.InOrder(records)
		if err != nil {
			return nil, err
		}
		told, err := history.Tell(func(yield func(eventlog.Record, error) bool) {
			for _, rec := range sorted {
				if !yield(rec, nil) {
					return
				}
			}
		})
		if err != nil {
			return nil, err
		}
		all[ref] = slices.DeleteFunc(told[ref], func(t history.Told) bool { return t.Since.After(end.At) })
	}
	return all, nil
}

// compare compares what the read models say with what the log says.
func (r *reading) compare(ctx context.Context, end projections.Moment) error {
	refs := slices.Sorted(maps.Keys(r.chosen))
	for ref := range r.told {
		if !r.chosen[ref] {
			refs = append(refs, ref)
		}
	}
	folded, err := r.Ledger.Tell(ctx, end, refs...)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		is, was := r.told[ref], folded[ref]
		for i := range max(len(is), len(was)) {
			switch {
			case i >= len(was):
				return amiss(history.Name, is[i].Position)
			case i >= len(is):
				return amiss(history.Name, was[i].Position)
			case !same(is[i], was[i]):
				return amiss(history.Name, min(is[i].Position, was[i].Position))
			}
		}
	}
	return nil
}

func same(a, b history.Told) bool {
	return a.Position == b.Position && a.Type == b.Type && a.ID == b.ID && a.Since.Equal(b.Since) && a.Time.Equal(b.Time) && a.Recorded.Equal(b.Recorded) &&
		a.Source == b.Source && a.Actor == b.Actor && a.Cause == b.Cause && a.Backfilled == b.Backfilled && a.Entity == b.Entity
}

// scores returns how an entity stood by the log, if the read model says the same.
func (r record) scores(q Question, ref string, folded []scores.Score) ([]scores.Score, error) {
	told, err := scores.Tell(q.Scorecard, ref, r.judged[ref])
	if err != nil {
		return nil, err
	}
	for i := range max(len(told), len(folded)) {
		switch {
		case i >= len(folded):
			return nil, amiss(scores.Name, told[i].Position)
		case i >= len(told):
			return nil, amiss(scores.Name, folded[i].Position)
		}
		is, err := json.Marshal(told[i])
		if err != nil {
			return nil, err
		}
		was, err := json.Marshal(folded[i])
		if err != nil {
			return nil, err
		}
		if string(is) != string(was) {
			return nil, amiss(scores.Name, told[i].Position)
		}
	}
	return told, nil
}

func amiss(model string, p eventlog.Position) error {
	return fault.New(fault.Conflict, "what %s has of event %d is not what the log says: somebody changed it; callboard rebuild %s folds it anew", model, p, model)
}

// hasLevels checks that the level of a scorecard can be asked for.
func (r record) hasLevels(q Question) error {
	if q.Scorecard == "" || q.Rule != "" {
		return nil
	}
	for _, t := range slices.Backward(r.told[q.Scorecard]) {
		card := entityOf(t)
		if card == nil {
			continue
		}
		if card.Spec["levels"] == nil {
			return fault.New(fault.Invalid, "%s has points and no levels: name one of its rules", q.Scorecard)
		}
		break
	}
	return nil
}
