package demoforge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// HistoryActivity is something that happens between pushes.
type HistoryActivity struct {
	Repository int           // index into Repositories
	Before     time.Duration // the last push
	Activity
}

// scriptRhythm is how things go around a repository, from a day on.
type scriptRhythm struct {
	From    int      `yaml:"from"`    // days before the last one
	Lead    duration `yaml:"lead"`    // from a push to its deployment; no pushes are deployed without it
	Deploys float64  `yaml:"deploys"` // a week, besides
	Fails   int      `yaml:"fails"`   // each so many of the deployments; 0: none
	Restore duration `yaml:"restore"` // until the one after a failed one
	Builds  float64  `yaml:"builds"`  // pipelines a week, besides those of pushes
	Red     int      `yaml:"red"`     // each so many of the pipelines fails; 0: none
	Reviews float64  `yaml:"reviews"` // pull requests a week
	Review  duration `yaml:"review"`  // how long one is open
}

// scriptAlert is a security alert.
type scriptAlert struct {
	At       string `yaml:"at"` // as of pushes
	Title    string `yaml:"title"`
	Severity string `yaml:"severity"`
	Tool     string `yaml:"tool"` // "code", "dependencies" or "secrets"; GitLab has one for all
	Days     int    `yaml:"days"` // until it is fixed; 0: it is open
}

// scriptHabits are what happens around a repository besides pushes.
type scriptHabits struct {
	Rhythms []scriptRhythm `yaml:"rhythms"`
	Alerts  []scriptAlert  `yaml:"alerts"`
}

type duration time.Duration

// UnmarshalYAML reads "36h".
func (d *duration) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	span, err := time.ParseDuration(text)
	*d = duration(span)
	return err
}

// rhythm makes the activities of one repository. Times are since midnight of the last
// day, as long as the last push is not known.
type rhythm struct {
	provider Provider
	index    int
	segments []scriptRhythm // the earliest first
	end      time.Duration
	all      []HistoryActivity
	numbers  map[string]int
	branch   string
	deploys  int
	builds   int
}

// add adds an activity, unless it lies beyond the end.
func (r *rhythm) add(at time.Duration, a Activity) {
	if at <= r.end {
		r.all = append(r.all, HistoryActivity{Repository: r.index, Before: at, Activity: a})
	}
}

func (r *rhythm) number(of string) int {
	r.numbers[of]++
	return r.numbers[of]
}

// names are the provider's words for what happens.
func (r *rhythm) word(github, gitlab string) string {
	if r.provider == GitLab {
		return gitlab
	}
	return github
}

func (r *rhythm) at(at time.Duration) *scriptRhythm {
	var now *scriptRhythm
	for i := range r.segments {
		if s := &r.segments[i]; time.Duration(-s.From)*24*time.Hour <= at {
			now = s
		}
	}
	return now
}

// deploy tells of a deployment to production, and of the one that mends it if it fails.
func (r *rhythm) deploy(at time.Duration, s *scriptRhythm) {
	r.deploys++
	failed := s.Fails > 0 && r.deploys%s.Fails == 0
	tell := func(at time.Duration, failed bool) {
		state, action := "success", "success"
		if failed {
			state, action = "failure", "failed"
		}
		r.add(at, Activity{Event: r.word("deployment_status", "Deployment Hook"), Action: r.word("created", action), State: state, Number: r.number("deployment")})
	}
	tell(at, failed)
	if failed && s.Restore > 0 {
		tell(at+time.Duration(s.Restore), false)
	}
}

func (r *rhythm) build(at time.Duration, s *scriptRhythm) {
	r.builds++
	state, action := "success", "success"
	if s.Red > 0 && r.builds%s.Red == 0 {
		state, action = "failure", "failed"
	}
	r.add(at, Activity{Event: r.word("workflow_run", "Pipeline Hook"), Action: r.word("completed", action), State: state, Number: r.number("run")})
}

func (r *rhythm) review(at time.Duration, s *scriptRhythm) {
	n := r.number("pull")
	a := Activity{
		Event: r.word("pull_request", "Merge Request Hook"), Action: r.word("opened", "open"), Number: n,
		Title: fmt.Sprintf("Change %d", n), Branch: fmt.Sprintf("change-%d", n), Into: r.branch, SHA: fmt.Sprintf("%040x", n),
	}
	r.add(at, a)
	a.Action = r.word("merged", "merge")
	r.add(at+time.Duration(s.Review), a)
}

// each calls tell so many times a week, from the first push on, in working hours.
func (r *rhythm) each(from time.Duration, often func(*scriptRhythm) float64, tell func(time.Duration, *scriptRhythm), minute time.Duration) {
	owed := 0.0
	for day := from.Truncate(24*time.Hour) + 24*time.Hour; day < r.end; day += 24 * time.Hour {
		s := r.at(day)
		if s == nil {
			continue
		}
		if owed += often(s) / 7; owed >= 1 {
			owed--
			tell(day+9*time.Hour+minute, s)
		}
	}
}

// habits adds what happens around the repositories of a script.
func (hr *historyReader) habits() error {
	for key, h := range hr.script.Habits {
		index, ok := hr.index[key]
		if !ok {
			return fmt.Errorf("habits: nothing was pushed to a repository %q", key)
		}
		segments := slices.Clone(h.Rhythms)
		slices.SortFunc(segments, func(a, b scriptRhythm) int { return b.From - a.From })
		repository := hr.history.Repositories[index]
		r := rhythm{
			provider: repository.Provider, index: index, segments: segments, end: hr.last, numbers: map[string]int{},
			branch: cmp.Or(repository.Settings.DefaultBranch, "main"),
		}
		first, ok := time.Duration(0), false
		for _, p := range hr.history.Pushes {
			if p.Repository != index || p.Branch != r.branch {
				continue
			}
			at := p.Commits[len(p.Commits)-1].Before
			if !ok {
				first, ok = at, true
			}
			if s := r.at(at); s != nil {
				r.build(at+4*time.Minute, s)
				if s.Lead > 0 {
					r.deploy(at+time.Duration(s.Lead), s)
				}
			}
		}
		minutes := time.Duration(index%10) * 5 * time.Minute
		r.each(first, func(s *scriptRhythm) float64 { return s.Deploys }, r.deploy, minutes+2*time.Hour)
		r.each(first, func(s *scriptRhythm) float64 { return s.Builds }, r.build, minutes)
		r.each(first, func(s *scriptRhythm) float64 { return s.Reviews }, r.review, minutes+time.Hour)
		for _, a := range h.Alerts {
			if err := r.alert(a, first); err != nil {
				return fmt.Errorf("habits of %s: %w", key, err)
			}
		}
		hr.history.Activities = append(hr.history.Activities, r.all...)
	}
	slices.SortStableFunc(hr.history.Activities, func(a, b HistoryActivity) int {
		return cmp.Or(cmp.Compare(a.Before, b.Before), cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Event, b.Event), a.Number-b.Number)
	})
	return nil
}

// alert tells that something was found, and that it was mended.
func (r *rhythm) alert(a scriptAlert, first time.Duration) error {
	at, err := parseAt(a.At)
	if err != nil {
		return err
	}
	if at < first {
		return fmt.Errorf("the alert at %s is earlier than the first push", a.At)
	}
	tools := map[string]string{"code": "code_scanning_alert", "dependencies": "dependabot_alert", "secrets": "secret_scanning_alert"}
	if tools[a.Tool] == "" {
		return fmt.Errorf("the tool %q is not one of %v", a.Tool, slices.Sorted(maps.Keys(tools)))
	}
	found := Activity{
		Event: r.word(tools[a.Tool], "Vulnerability Hook"), Action: r.word("created", "detected"), Number: r.number("alert"),
		Title: a.Title, Severity: a.Severity,
	}
	r.add(at, found)
	if a.Days > 0 {
		found.Action = r.word("fixed", "resolved")
		if a.Tool == "secrets" {
			found.Action = "resolved"
		}
		r.add(at+time.Duration(a.Days)*24*time.Hour, found)
	}
	return nil
}
