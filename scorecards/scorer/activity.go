package scorer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/scorecards"
)

// activity is what happened around a repository, or to one entity where the
// producer names that. What nobody ever told of has no since, and is unknown.
type activity struct {
	pushes struct {
		since *scorecards.Source
		last  time.Time       // to the default branch
		at    told[time.Time] // when a commit was the head of a push first, by SHA
	}
	releases struct {
		since *scorecards.Source
		told[release]
	}
	deployments struct {
		since *scorecards.Source
		last  time.Time // that succeeded in production
		told[deployment]
	}
	pipelines struct {
		since *scorecards.Source
		told[pipeline]
	}
	requests struct {
		since *scorecards.Source
		told[request]
	}
	alerts struct {
		since *scorecards.Source
		told[alert]
	}
}

type (
	release struct {
		published time.Time
		counts    bool // it is there, and no pre-release
	}
	// deployment is one to production.
	deployment struct {
		environment, commit string
		status              string
		ended               time.Time
	}
	pipeline struct {
		branch, status string
		ended          time.Time
	}
	request struct {
		open, draft bool
		opened      time.Time
	}
	alert struct {
		open     bool
		severity string
		opened   time.Time
	}
)

func newActivity() *activity {
	a := &activity{}
	a.releases.stays = func(r release) bool { return r.counts }
	a.requests.stays = func(r request) bool { return r.open }
	a.alerts.stays = func(x alert) bool { return x.open }
	return a
}

// fork returns a copy that can be told more without the other knowing.
func (a *activity) fork() *activity {
	f := *a
	f.pushes.at.all = maps.Clone(a.pushes.at.all)
	f.releases.all, f.deployments.all, f.pipelines.all = maps.Clone(a.releases.all), maps.Clone(a.deployments.all), maps.Clone(a.pipelines.all)
	f.requests.all, f.alerts.all = maps.Clone(a.requests.all), maps.Clone(a.alerts.all)
	return &f
}

// tell folds an event about what happens. It reports whether that may change a fact: what is told
// once more, as a survey does, changes none.
func (a *activity) tell(rec reading) bool {
	since := sourceOf(rec.Record)
	switch d := rec.says.(type) {
	case event.ActivityPush:
		a.push(rec.Record, d, since)
		return true
	case event.ActivityRelease:
		news := a.releases.since == nil
		a.releases.since = &since
		return a.releases.tell(d.Tag, rec.Time, release{orTime(d.Published, rec.Time), d.Action != "deleted" && !d.Prerelease}) || news
	case event.ActivityDeployment:
		since.Commit = d.Commit
		news := a.deployments.since == nil
		a.deployments.since = &since
		if !isProduction(d.Environment) {
			return news
		}
		ended := orTime(d.Finished, rec.Time)
		if d.Status == event.StatusSuccess && ended.After(a.deployments.last) {
			a.deployments.last = ended
		}
		return a.deployments.tell(d.ID, rec.Time, deployment{d.Environment, d.Commit, d.Status, ended}) || news
	case event.ActivityPipeline:
		since.Commit = d.Commit
		news := a.pipelines.since == nil
		a.pipelines.since = &since
		return a.pipelines.tell(d.ID, rec.Time, pipeline{d.Branch, d.Status, orTime(d.Finished, rec.Time)}) || news
	case event.ActivityPullRequest:
		since.Commit = d.HeadSHA
		news := a.requests.since == nil
		a.requests.since = &since
		return a.requests.tell(strconv.FormatInt(d.Number, 10), rec.Time, request{d.State == "open", d.Draft, orTime(d.Opened, rec.Time)}) || news
	case event.ActivityAlert:
		news := a.alerts.since == nil
		a.alerts.since = &since
		return a.alerts.tell(d.Tool+"/"+d.ID, rec.Time, alert{d.State == event.AlertOpen, severityOf(d), orTime(d.Opened, rec.Time)}) || news
	}
	return true
}

func (a *activity) push(rec eventlog.Record, d event.ActivityPush, since scorecards.Source) {
	if d.After == "" || !strings.HasPrefix(d.Ref, "refs/heads/") {
		return
	}
	if was, ok := a.pushes.at.all[d.After]; !ok || rec.Time.Before(was.at) {
		delete(a.pushes.at.all, d.After) // the first time counts, however late it is told
		a.pushes.at.tell(d.After, rec.Time, rec.Time)
	}
	if d.Default && !rec.Time.Before(a.pushes.last) {
		since.Commit = d.After
		a.pushes.since, a.pushes.last = &since, rec.Time
	}
}

// orTime is when something was, as far as that was said, and never after it was told.
func orTime(at, told time.Time) time.Time {
	if at.IsZero() || at.After(told) {
		return told
	}
	return at
}

// isProduction reports whether an environment has a name by which production goes:
// one of its words says so, and none says that it only leads there.
func isProduction(environment string) bool {
	words := strings.FieldsFunc(strings.ToLower(environment), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	has := func(any ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(any, w) })
	}
	return has("production", "prod", "prd", "live") && !has("pre", "non", "no", "not", "test", "staging", "dev")
}

// severityOf is how grave an alert is. A secret that leaked has no severity at a
// forge, and is no small matter; of anything else without one nothing is counted.
func severityOf(d event.ActivityAlert) string {
	if d.Severity == "" && d.Tool == "secrets" {
		return "high"
	}
	return d.Severity
}

// around is all that happened around an entity: to its repository, and to itself.
type around []*activity

// facts adds what is known at a moment. Branch is the default one; "" if that is
// not known.
func (all around) facts(to map[string]scorecards.Fact, branch string, now time.Time) {
	all.pushFacts(to)
	all.releaseFacts(to)
	all.deploymentFacts(to, now)
	all.pipelineFacts(to, branch, now)
	all.requestFacts(to)
	all.alertFacts(to)
}

func (all around) pushFacts(to map[string]scorecards.Fact) {
	for _, a := range all {
		if a.pushes.since != nil {
			to["activity.lastPush"] = scorecards.Fact{Value: a.pushes.last, Source: a.pushes.since}
		}
	}
}

func (all around) releaseFacts(to map[string]scorecards.Fact) {
	last, since := scorecards.Never(), (*scorecards.Source)(nil)
	for _, a := range all {
		since = newer(since, a.releases.since)
		for _, w := range a.releases.all {
			if w.is.counts && w.is.published.After(last) {
				last = w.is.published
			}
		}
	}
	if since != nil {
		to["activity.lastRelease"] = scorecards.Fact{Value: last, Source: since}
	}
}

// newer is the source that was recorded later; nil is none.
func newer(a, b *scorecards.Source) *scorecards.Source {
	if a == nil || b != nil && b.Position > a.Position {
		return b
	}
	return a
}

func (all around) pipelineFacts(to map[string]scorecards.Fact, branch string, now time.Time) {
	var since *scorecards.Source
	recent := window{now: now, span: month}
	succeeded, failed, elsewhere := 0, 0, false
	for _, a := range all {
		since = newer(since, a.pipelines.since)
		for _, w := range a.pipelines.all {
			p := w.is
			elsewhere = elsewhere || p.branch != ""
			if p.branch != "" && p.branch != branch || p.status != event.StatusSuccess && p.status != event.StatusFailure || !recent.has(p.ended) {
				continue
			}
			if p.status == event.StatusFailure {
				failed++
			} else {
				succeeded++
			}
		}
	}
	if since == nil || branch == "" && elsewhere { // nobody knows which of them count
		return
	}
	to["activity.pipelines"] = scorecards.Fact{Value: succeeded + failed, Source: since, Until: recent.next}
	var share any
	if succeeded+failed > 0 {
		share = float64(succeeded) / float64(succeeded+failed)
	}
	if share != nil || !recent.next.IsZero() {
		to["activity.pipelineSuccess"] = scorecards.Fact{Value: share, Source: since, Until: recent.next}
	}
}

func (all around) requestFacts(to map[string]scorecards.Fact) {
	var since *scorecards.Source
	open, oldest := 0, time.Time{}
	for _, a := range all {
		since = newer(since, a.requests.since)
		for _, w := range a.requests.all {
			if !w.is.open || w.is.draft {
				continue
			}
			if open++; oldest.IsZero() || w.is.opened.Before(oldest) {
				oldest = w.is.opened
			}
		}
	}
	if since == nil {
		return
	}
	to["activity.openPullRequests"] = scorecards.Fact{Value: open, Source: since}
	if open > 0 {
		to["activity.oldestPullRequest"] = scorecards.Fact{Value: oldest, Source: since}
	}
}

func (all around) alertFacts(to map[string]scorecards.Fact) {
	var since *scorecards.Source
	open, oldest := map[string]int{"critical": 0, "high": 0, "medium": 0, "low": 0}, time.Time{}
	for _, a := range all {
		since = newer(since, a.alerts.since)
		for _, w := range a.alerts.all {
			if _, counts := open[w.is.severity]; !counts || !w.is.open {
				continue
			}
			open[w.is.severity]++
			if grave := w.is.severity == "critical" || w.is.severity == "high"; grave && (oldest.IsZero() || w.is.opened.Before(oldest)) {
				oldest = w.is.opened
			}
		}
	}
	if since == nil {
		return
	}
	to["activity.alerts"] = scorecards.Fact{Value: open, Source: since}
	if !oldest.IsZero() {
		to["activity.oldestAlert"] = scorecards.Fact{Value: oldest, Source: since}
	}
}

// listAlerts takes it from a list which alerts are open: what was told of the others
// before it, that they are, is not so any more. Unless a tool answered, nothing is known.
func (a *activity) listAlerts(rec eventlog.Record, d event.FactRecorded) error {
	if isNull(d.Value) {
		return nil
	}
	var open event.OpenAlerts
	if err := json.Unmarshal(d.Value, &open); err != nil {
		return fmt.Errorf("decode which alerts of %s are open: %w", d.Repository.FullName, err)
	}
	if len(open) == 0 {
		return nil
	}
	since := sourceOf(rec)
	a.alerts.since = &since
	for id, w := range a.alerts.all {
		tool, number, _ := strings.Cut(id, "/")
		if listed, answered := open[tool]; answered && w.is.open && !slices.Contains(listed, number) {
			w.is.open = false
			a.alerts.tell(id, rec.Time, w.is)
		}
	}
	return nil
}
