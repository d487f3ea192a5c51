package scorer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/scorecards"
)

// delivered is what deployments to production come to at a moment.
type delivered struct {
	since                       *scorecards.Source // nil: none was ever told of
	last                        time.Time          // that succeeded
	succeeded, failed, failures int                // in a month, and those of a quarter
	leads                       []time.Duration    // of commits that first came to production in a month
	outages                     []time.Duration    // of a quarter that are over
	recent, long                window
	restored                    time.Time // when outages may be others though nothing happens; zero: never
}

func (all around) deploymentFacts(to map[string]scorecards.Fact, now time.Time) {
	d := all.delivered(all, now)
	if d.since == nil {
		return
	}
	add := func(name string, value any, until time.Time) {
		if value != nil || !until.IsZero() {
			to["activity."+name] = scorecards.Fact{Value: value, Source: d.since, Until: until}
		}
	}
	var failureRate, leadTime, timeToRestore any
	if d.succeeded+d.failed > 0 {
		failureRate = float64(d.failed) / float64(d.succeeded+d.failed)
	}
	if len(d.leads) > 0 {
		leadTime = median(d.leads)
	}
	if len(d.outages) > 0 {
		timeToRestore = median(d.outages)
	}
	add("lastDeployment", d.last, time.Time{})
	add("deployments", d.succeeded, d.recent.next)
	add("failures", d.failures, d.long.next)
	add("changeFailureRate", failureRate, d.recent.next)
	add("leadTime", leadTime, d.recent.next)
	add("timeToRestore", timeToRestore, d.restored)
}

// delivered adds up deployments to production. Pushes say where commits were pushed.
func (all around) delivered(pushes around, now time.Time) delivered {
	sum := delivered{last: scorecards.Never(), recent: window{now: now, span: month}, long: window{now: now, span: quarter}}
	first := map[string]time.Time{} // when each commit came to production first
	byPlace := map[string][]deployment{}
	for _, a := range all {
		sum.since = newer(sum.since, a.deployments.since)
		if a.deployments.last.After(sum.last) {
			sum.last = a.deployments.last
		}
		for _, w := range a.deployments.all {
			d := w.is
			if d.status != event.StatusSuccess && d.status != event.StatusFailure {
				continue
			}
			byPlace[d.environment] = append(byPlace[d.environment], d)
			if at, ok := first[d.commit]; d.commit != "" && d.status == event.StatusSuccess && (!ok || d.ended.Before(at)) {
				first[d.commit] = d.ended
			}
			if d.status == event.StatusFailure && sum.long.has(d.ended) {
				sum.failures++
			}
			if !sum.recent.has(d.ended) {
				continue
			}
			if d.status == event.StatusFailure {
				sum.failed++
				continue
			}
			sum.succeeded++
		}
	}
	sum.leads = pushes.leads(first, &sum.recent)
	sum.outages, sum.restored = restored(byPlace, now)
	return sum
}

// leads lists how long it took from the push of each commit until it first was in
// production, for those that came there within the window. What took longer than a
// quarter, or was never told to be pushed, is left out.
func (all around) leads(first map[string]time.Time, recent *window) (leads []time.Duration) {
	for commit, deployed := range first {
		if pushed, ok := all.pushed(commit); ok && deployed.Sub(pushed) <= quarter && recent.has(deployed) {
			leads = append(leads, max(0, deployed.Sub(pushed)))
		}
	}
	return leads
}

// pushed is when a commit was pushed.
func (all around) pushed(sha string) (time.Time, bool) {
	for _, a := range all {
		if w, ok := a.pushes.at.all[sha]; ok && sha != "" {
			return w.is, true
		}
	}
	return time.Time{}, false
}

// restored lists how long it took from the first of failed deployments in a row to
// the next that succeeded in the same environment, for those that began to fail in
// the last quarter.
func restored(byPlace map[string][]deployment, now time.Time) (outages []time.Duration, next time.Time) {
	long := window{now: now, span: quarter}
	for _, all := range byPlace {
		slices.SortFunc(all, func(a, b deployment) int {
			return cmp.Or(a.ended.Compare(b.ended), strings.Compare(a.status, b.status), strings.Compare(a.commit, b.commit))
		})
		var broke time.Time
		for _, d := range all {
			switch {
			case d.ended.After(now):
				long.mark(d.ended)
			case d.status == event.StatusFailure && broke.IsZero():
				broke = d.ended
			case d.status == event.StatusSuccess && !broke.IsZero():
				if long.has(broke) {
					outages = append(outages, d.ended.Sub(broke))
				}
				broke = time.Time{}
			}
		}
	}
	return outages, long.next
}

// median of at least one; of an even number the middle of the two in the middle.
func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	a, b := all[(len(all)-1)/2], all[len(all)/2]
	return a + (b-a)/2
}
