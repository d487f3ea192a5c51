package scorer

import (
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/scorecards"
)

// observer adds facts to a subject as rules look for them. Most evaluations are of one rule or
// two that something changed for, and need few.
type observer struct {
	*scorecards.Subject
	world *World
	ref   string
	at    event.Origin
	now   time.Time
	done  []string // what was looked for already
}

// observe adds the fact of a name, with those that are found together with it.
func (o *observer) observe(name string) {
	group, _, _ := strings.Cut(name, ".")
	switch {
	case group == "reported":
		group = "facts"
	case strings.HasPrefix(name, "repo.file") && name != "repo.files":
		group = "repo.file"
	case group == "repo":
		group = name
	}
	if slices.Contains(o.done, group) {
		return
	}
	o.done = append(o.done, group)
	to, r, own := o.Facts, o.world.repositories[place{o.at.Source, o.at.RepositoryID}], o.world.own[o.ref]
	switch group {
	case "activity":
		happened(to, r, own, o.now)
	case "verified":
		own.confirmed(to)
	case "facts":
		if r != nil {
			r.reported.facts(to)
		}
		if own != nil { // what is told of the entity itself counts
			own.reported.facts(to)
		}
	}
	if r == nil {
		return
	}
	switch group {
	case "repo.license":
		r.license(to)
	case "repo.codeowners":
		r.codeowners(to, o.at)
	case "repo.files":
		r.files.list(to)
	case "repo.file":
		r.files.contents(to, o.world.named())
	case "docs":
		r.documented(to, o.Entity, o.Declared, o.at)
	default:
		if f, known := r.fact(group); known {
			to[group] = f
		}
	}
}

// happened adds what happened around an entity: to its repository, and to itself.
func happened(to map[string]scorecards.Fact, r *repository, own *own, now time.Time) {
	var all around
	branch := ""
	if r != nil {
		all = append(all, r.activity)
		if r.state != nil {
			branch = r.state.DefaultBranch
		}
	}
	if own != nil {
		all = append(all, own.activity)
	}
	all.facts(to, branch, now)
}
