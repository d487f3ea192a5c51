package scorer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/scorecards"
)

// pair is a scorecard and an entity that it judges, by their refs.
type pair struct{ card, entity string }

// standing is what was said last of a pair.
type standing struct {
	event.Score
	outcomes map[string]string // by rule
	// result is how it came about; nil if that is not known any more, or the card is
	// another one. It is of the card in by.
	result *scorecards.Result
	by     *scorecards.Card
}

// message is what a rule says of it; empty if that is not known.
func (s standing) message(rule string) string {
	if s.result == nil {
		return ""
	}
	for _, r := range s.result.Rules {
		if r.Rule == rule {
			return r.Message
		}
	}
	return ""
}

// change is that an entity stands otherwise than before, and why.
type change struct {
	entity string
	event.ScoreChanged
	why
}

// judge is one run along the log.
type judge struct {
	say      func(context.Context, []change) error // what one event led to
	world    *World
	standing map[pair]standing
	unclear  map[pair]string // why it is not known whether the card judges the entity, where its filter goes wrong
	dues     *dues
	turns    *turns            // of exemptions and initiatives; nil: nobody is to know
	until    eventlog.Position // up to which all is judged already
	at       eventlog.Position
	clock    time.Time // of the newest that was looked at; time does not go back
	started  bool      // pairs that are due were found
	catching bool      // up with the past
	copied   bool      // what stands belongs to another judge

	changed   []string            // facts that are others than before; nil: anything may be
	subject   *scorecards.Subject // that is being judged; nil if it is not there
	subjectOf string              // its ref
}

func newJudge(w *World, say func(context.Context, []change) error) *judge {
	return &judge{say: say, world: w, standing: map[pair]standing{}, unclear: map[pair]string{}, dues: newDues()}
}

// note keeps what an event said of a pair.
func (j *judge) note(entity string, d event.ScoreChanged) {
	key := pair{d.Card, entity}
	if d.After == nil {
		delete(j.standing, key)
		j.dues.set(key, time.Time{})
		return
	}
	was := j.standing[key]
	now := standing{Score: *d.After, outcomes: was.outcomes, result: was.result, by: was.by}
	if j.copied {
		now.outcomes = maps.Clone(was.outcomes) // it is that of whom it is a copy of
	}
	if now.outcomes == nil {
		now.outcomes = map[string]string{}
	}
	for _, r := range d.Rules {
		if r.After == "" {
			delete(now.outcomes, r.Rule)
		} else {
			now.outcomes[r.Rule] = r.After
		}
	}
	j.standing[key] = now
}

// take reads a record, and goes on as takeRead does.
func (j *judge) take(ctx context.Context, rec eventlog.Record) error {
	r, err := readingOf(rec, j.world.kinds)
	if err != nil {
		return err
	}
	return j.takeRead(ctx, r)
}

// takeRead folds a record, and judges what it may have changed unless that was done.
func (j *judge) takeRead(ctx context.Context, rec reading) error {
	if rec.Position <= j.until {
		if matters(rec.Record) {
			j.tick(rec.Time)
		}
		j.at = rec.Position
		j.turns.passed()
		return j.again(ctx, rec)
	}
	if err := j.start(ctx); err != nil {
		return err
	}
	if matters(rec.Record) {
		if err := j.pass(ctx, rec.Time); err != nil {
			return err
		}
	}
	before, unmeasured := j.turns.of(rec.Record), j.turns.unmeasured(rec.Record)
	t, err := j.world.fold(rec)
	if err != nil {
		return err
	}
	j.at = rec.Position
	if err := j.turns.tell(ctx, rec.Record, before); err != nil {
		return err
	}
	var pairs []pair
	for card := range t.cards {
		for ref := range j.world.entities {
			pairs = append(pairs, pair{card, ref})
		}
		for key := range j.standing {
			if key.card == card && j.world.entities[key.entity] == nil {
				pairs = append(pairs, key)
			}
		}
	}
	for ref := range t.entities {
		for card, c := range j.world.cards {
			if !t.cards[card] && t.bears(c) {
				pairs = append(pairs, pair{card, ref})
			}
		}
	}
	j.changed = t.facts
	if err := j.judge(ctx, pairs, why{rec.Time, rec.Actor, rec.Cause, rec.ID}); err != nil {
		return err
	}
	return j.turns.mended(ctx, rec.Record, unmeasured)
}

// again folds a record that was judged. Of the last one a crash may have kept from the log
// whom initiatives ask that it made measurable, which is said after the scores: it is said
// again, and counts only if it was not said.
func (j *judge) again(ctx context.Context, rec reading) error {
	var unmeasured []*scorecards.Initiative
	if rec.Position == j.until {
		unmeasured = j.turns.unmeasured(rec.Record)
	}
	if _, err := j.world.fold(rec); err != nil {
		return err
	}
	return j.turns.mended(ctx, rec.Record, unmeasured)
}

// start finds, once, which pairs time alone may change, those that are not judged yet among
// them, and judges all by what is known of them by now: a newer version may know more than the
// one that judged them.
func (j *judge) start(ctx context.Context) error {
	if j.started {
		return nil
	}
	j.started, j.changed = true, nil
	pairs := slices.Collect(maps.Keys(j.standing))
	for card := range j.world.cards {
		for ref := range j.world.entities {
			if key := (pair{card, ref}); !j.judged(key) {
				pairs = append(pairs, key)
			}
		}
	}
	return j.judge(ctx, pairs, scheduled(j.clock, fmt.Sprintf("start %d", j.at)))
}

// judged reports whether a pair is on record.
func (j *judge) judged(key pair) bool {
	_, is := j.standing[key]
	return is
}

// tick moves the clock on.
func (j *judge) tick(to time.Time) {
	if to.After(j.clock) {
		j.clock = to
	}
}

// pass judges what time alone changes until a moment, each pair at the time at which
// it is due: so what comes in late, or after a pause, is judged as it was.
func (j *judge) pass(ctx context.Context, to time.Time) error {
	for at, ok := j.dues.next(); ok && !at.After(to); at, ok = j.dues.next() {
		if err := j.turns.due(ctx, at); err != nil {
			return err
		}
		j.tick(at)
		j.catching = to.Sub(at) > lookBack
		// After an event that came late this may be before the clock: what time alone changed
		// since is judged once more, each at its time, as if there were no other card.
		j.changed = []string{}
		id := fmt.Sprintf("schedule %s %d", at.UTC().Format(time.RFC3339Nano), j.at)
		if err := j.judge(ctx, j.dues.take(at), scheduled(at, id)); err != nil {
			return err
		}
	}
	j.catching = false
	if err := j.turns.due(ctx, to); err != nil {
		return err
	}
	j.tick(to)
	return nil
}

// scheduled is that nothing but time led to it.
func scheduled(at time.Time, id string) why {
	tick := at.UTC().Truncate(lookAround).Format(time.RFC3339)
	return why{at, event.Actor{}, event.Cause{Schedule: "scorecards " + tick}, id}
}

// due judges the pairs whose time has come. Zero is that nobody knows the time.
func (j *judge) due(ctx context.Context, now time.Time) error {
	if now.IsZero() {
		return nil
	}
	if err := j.start(ctx); err != nil {
		return err
	}
	return j.pass(ctx, now)
}

// why is what pairs are judged for.
type why struct {
	at    time.Time
	actor event.Actor
	cause event.Cause
	id    string
}

// judge evaluates pairs and says, all at once, what changed.
func (j *judge) judge(ctx context.Context, pairs []pair, w why) error {
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.entity, b.entity), strings.Compare(a.card, b.card))
	})
	j.subject, j.subjectOf = nil, ""
	var all []change
	var results []*scorecards.Result // of those, nil for one that is not judged any more
	for _, key := range pairs {
		if err := ctx.Err(); err != nil {
			return err
		}
		d, result, err := j.evaluate(key, w.at)
		if err != nil {
			return err
		}
		if d != nil {
			all, results = append(all, change{key.entity, *d, w}), append(results, result)
		}
	}
	if len(all) == 0 {
		return nil
	}
	if err := j.say(ctx, all); err != nil {
		return err
	}
	for i, c := range all {
		j.note(c.entity, c.ScoreChanged)
		j.keep(pair{c.Card, c.entity}, results[i])
	}
	return nil
}

// keep has the next evaluation of a pair begin with a result.
func (j *judge) keep(key pair, result *scorecards.Result) {
	if was, judged := j.standing[key]; judged {
		was.result, was.by = result, j.world.cards[key.card]
		j.standing[key] = was
	}
}

// evaluate judges a pair at a moment and compares with what was said last: nil is that nothing
// changed.
func (j *judge) evaluate(key pair, now time.Time) (*event.ScoreChanged, *scorecards.Result, error) {
	was, judged := j.standing[key]
	d := &event.ScoreChanged{Card: key.card, Title: key.card, By: uint64(j.at)}
	if judged {
		d.Before = &was.Score
	}
	changed := func(is bool) *event.ScoreChanged {
		if is {
			return d
		}
		return nil
	}
	j.dues.set(key, time.Time{})
	delete(j.unclear, key)
	card := j.world.cards[key.card]
	if j.subjectOf != key.entity { // the pairs of an entity come one after the other
		var err error
		if j.subject, err = j.world.Subject(key.entity, now); err != nil {
			return nil, nil, err
		}
		j.subjectOf = key.entity
	}
	subject := j.subject
	if card != nil {
		d.Title = card.Title
	}
	if card == nil || subject == nil {
		return changed(judged), nil, nil
	}
	if was.by != card {
		was.result = nil
	}
	result := card.Reevaluate(was.result, subject, now, j.changed)
	if j.catching {
		result.Postpone(lookBack)
	}
	j.dues.set(key, result.Due)
	j.keep(key, &result)
	switch result.Applies {
	case scorecards.Pass:
	case scorecards.NotApplicable:
		return changed(judged), nil, nil
	default: // it is not known whether the card judges it: what was said stays
		if result.Applies == scorecards.Error {
			j.unclear[key] = result.Reason
		}
		return nil, nil, nil
	}
	d.After = &event.Score{Level: card.Settle(was.Level, &result), Points: result.Points, Of: result.Of}
	stay := 0
	for i, r := range result.Rules {
		before, had := was.outcomes[r.Rule]
		if had {
			stay++
		}
		if before != string(r.Outcome) {
			d.Rules = append(d.Rules, event.RuleChange{Rule: r.Rule, Title: card.Rules[i].Title, Before: before, After: string(r.Outcome), Message: r.Message})
		}
	}
	if stay < len(was.outcomes) {
		for _, id := range slices.Sorted(maps.Keys(was.outcomes)) {
			if card.Rule(id) == nil {
				d.Rules = append(d.Rules, event.RuleChange{Rule: id, Title: id, Before: was.outcomes[id]})
			}
		}
	}
	return changed(!judged || len(d.Rules) > 0 || *d.After != was.Score), &result, nil
}
