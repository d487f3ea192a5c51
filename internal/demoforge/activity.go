package demoforge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Activity is something that happens around a repository and that the forge
// does not keep: it only tells of it. What is not said is made up.
type Activity struct {
	// Event is the provider's name of it: "pull_request", "Merge Request Hook".
	Event string
	// Action is the provider's word for what happened: GitHub's action, GitLab's
	// action or status. "merged" of a pull_request is closed, and merged.
	Action string
	By     Person
	Time   time.Time // zero: the last push

	Number      int    // of the pull request, run, release or alert; zero is 1
	Title       string // its title, name or rule
	Branch      string // where it comes from; "" is the default branch
	Into        string // of pull requests; "" is the default branch
	SHA         string // "" is the branch's head
	Tag         string // of releases; "" is "v" and the number
	Environment string // of deployments; "" is "production"
	State       string // a run's conclusion, a deployment's state; "" is "success"
	Severity    string // of alerts; "" is "high"

	// Extra is laid over the body, object by object. An event that is not known
	// here needs it: its body has nothing else to say.
	Extra map[string]any
}

// kind is how an event is told: the actions it has and the body that is special
// to it.
type kind struct {
	actions []string // none: any
	body    func(*Repository, Activity) jsonObject
}

// Emit sends the delivery of an activity.
func (r *Repository) Emit(a Activity) (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	kinds := githubKinds()
	if r.provider == GitLab {
		kinds = gitlabKinds()
	}
	k, ok := kinds[a.Event]
	if !ok && a.Extra == nil {
		return Delivery{}, fmt.Errorf("tell of %q at %s: it is not an event that %s is known to have", a.Event, r.name, r.provider)
	}
	if ok && len(k.actions) > 0 && !slices.Contains(k.actions, a.Action) {
		return Delivery{}, fmt.Errorf("tell of %s at %s: the action %q is not one of %s", a.Event, r.name, a.Action, strings.Join(k.actions, ", "))
	}
	r.fill(&a)
	payload := jsonObject{}
	if ok {
		payload = k.body(r, a)
	}
	h := r.activity(a, payload)
	r.found(a, payload)
	overlay(h.payload, a.Extra)
	return r.forge.tell(h)
}

// fill makes up what an activity leaves open.
func (r *Repository) fill(a *Activity) {
	r.forge.know(a.By)
	if a.By == (Person{}) {
		a.By = r.forge.person(accountLogin)
	}
	if a.Time.IsZero() {
		a.Time = r.active()
	}
	a.Number = cmp.Or(a.Number, 1)
	a.Branch = cmp.Or(a.Branch, r.settings.DefaultBranch)
	a.Into = cmp.Or(a.Into, r.settings.DefaultBranch)
	a.SHA = cmp.Or(a.SHA, r.refs[branchRef(a.Branch)].String())
	a.Tag = cmp.Or(a.Tag, fmt.Sprint("v", a.Number))
	a.Environment = cmp.Or(a.Environment, "production")
	a.State = cmp.Or(a.State, "success")
	a.Severity = cmp.Or(a.Severity, "high")
	a.Title = cmp.Or(a.Title, fmt.Sprintf("%s %d", a.Event, a.Number))
}

func (r *Repository) activity(a Activity, payload jsonObject) happening {
	if r.provider == GitHub {
		action := a.Action
		if a.Event == "pull_request" && action == "merged" {
			action = "closed"
		}
		h := r.githubHappening(a.Event, action, a.By, payload)
		if a.Event == "meta" {
			h.reach = 0 // it is for the hook that is gone
		}
		return h
	}
	payload["project"] = r.gitlabHookProject()
	if a.Event != "Release Hook" && a.Event != "Vulnerability Hook" { // these do not say who
		payload["user"] = jsonObject{
			"id": accountID(loginOf(a.By)), "name": a.By.Name, "username": loginOf(a.By), "avatar_url": nil, "email": "[REDACTED]",
		}
	}
	return happening{provider: GitLab, event: a.Event, action: a.Action, repo: r, payload: payload, reach: toRepository | toOwner}
}

// number is an id that differs by repository, event and number.
func (r *Repository) number(a Activity) int64 {
	return accountID(fmt.Sprint(r.id, " ", a.Event, " ", a.Number))
}

// overlay lays one object over another, object by object.
func overlay(under jsonObject, over map[string]any) {
	for name, value := range over {
		inner, isObject := value.(map[string]any)
		if below, ok := under[name].(jsonObject); ok && isObject {
			overlay(below, inner)
			continue
		}
		under[name] = value
	}
}
