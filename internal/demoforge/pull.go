package demoforge

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// PullRequest is a change that somebody proposes for a branch; at GitLab a merge request.
type PullRequest struct {
	Number int
	Title  string
	Branch string // that it comes from
	Into   string // that it goes into; "" is the default branch
	By     Person
	Time   time.Time // of its opening; zero: now
	Closed bool
}

// Status is what a program says of a commit.
type Status struct {
	SHA, State, Context, Description, TargetURL string
}

// Comment is what somebody says on a pull request.
type Comment struct {
	ID    int64
	Text  string
	Edits int // how often it was changed
}

// pull is a pull request with what was said of it.
type pull struct {
	PullRequest
	comments []*Comment
}

// Propose opens a pull request of a branch that is there. From then on each push to the
// branch sends a delivery of it, too. The number follows on the last if there is none.
func (r *Repository) Propose(p PullRequest) (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	p.Into = cmp.Or(p.Into, r.settings.DefaultBranch)
	for _, branch := range []string{p.Branch, p.Into} {
		if _, ok := r.refs[branchRef(branch)]; !ok {
			return Delivery{}, fmt.Errorf("open a pull request at %s: there is no branch %q", r.name, branch)
		}
	}
	if p.Number == 0 {
		p.Number = 1
		for _, one := range r.pulls {
			p.Number = max(p.Number, one.Number+1)
		}
	}
	if p.Time.IsZero() {
		p.Time = r.forge.options.Now()
	}
	one := &pull{PullRequest: p}
	r.pulls = append(r.pulls, one)
	return r.forge.tell(r.pullHappening(one, map[Provider]string{GitHub: "opened", GitLab: "open"}[r.provider]))
}

// ClosePull closes a pull request without merging it.
func (r *Repository) ClosePull(number int) (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	p := r.pull(strconv.Itoa(number))
	if p == nil {
		return Delivery{}, fmt.Errorf("close pull request %d of %s: there is none", number, r.name)
	}
	p.Closed = true
	return r.forge.tell(r.pullHappening(p, map[Provider]string{GitHub: "closed", GitLab: "close"}[r.provider]))
}

// Statuses are what was said of a commit last, by context.
func (r *Repository) Statuses(sha string) []Status {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	return slices.Clone(r.statuses[sha])
}

// Comments are those on a pull request, the oldest first.
func (r *Repository) Comments(number int) []Comment {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	var all []Comment
	if p := r.pull(strconv.Itoa(number)); p != nil {
		for _, c := range p.comments {
			all = append(all, *c)
		}
	}
	return all
}

// viewPull is the page of a pull request.
func (r *Repository) viewPull(number string) (view, error) {
	p := r.pull(number)
	if p == nil {
		return view{}, fmt.Errorf("pull request %s of %s: %w", number, r.name, errMissing)
	}
	head, err := r.objects.commit(r.refs[branchRef(p.Branch)])
	if err != nil {
		return view{}, err
	}
	v := view{Repository: r.name, Root: r.forge.webURL(r.provider) + "/" + r.name, Title: p.Title, Commit: head, Pull: &p.PullRequest, Statuses: r.statuses[head.Hash.String()]}
	for _, c := range p.comments {
		v.Comments = append(v.Comments, *c)
	}
	v.Diff, err = r.patch(head)
	return v, err
}

// pull finds a pull request; nil if there is none of the number.
func (r *Repository) pull(number string) *pull {
	for _, p := range r.pulls {
		if strconv.Itoa(p.Number) == number {
			return p
		}
	}
	return nil
}

// moved are the deliveries of the pull requests whose branch was moved.
func (r *Repository) moved(ref plumbing.ReferenceName) []happening {
	var all []happening
	for _, p := range r.pulls {
		if branchRef(p.Branch) == ref && !p.Closed && !r.refs[ref].IsZero() {
			all = append(all, r.pullHappening(p, map[Provider]string{GitHub: "synchronize", GitLab: "update"}[r.provider]))
		}
	}
	return all
}

// pullActivity is a pull request as activities tell of one.
func (r *Repository) pullActivity(p *pull, action string) Activity {
	a := Activity{
		Event: map[Provider]string{GitHub: "pull_request", GitLab: "Merge Request Hook"}[r.provider], Action: action,
		By: p.By, Time: p.Time, Number: p.Number, Title: p.Title, Branch: p.Branch, Into: p.Into,
	}
	if action != "opened" && action != "open" {
		a.Time = r.forge.options.Now()
	}
	r.fill(&a)
	return a
}

func (r *Repository) pullHappening(p *pull, action string) happening {
	a := r.pullActivity(p, action)
	kinds := githubKinds()
	if r.provider == GitLab {
		kinds = gitlabKinds()
	}
	return r.activity(a, kinds[a.Event].body(r, a))
}

// say keeps a status in place of what was said under the same context.
func (r *Repository) say(s Status) {
	if r.statuses == nil {
		r.statuses = map[string][]Status{}
	}
	r.statuses[s.SHA] = append(slices.DeleteFunc(r.statuses[s.SHA], func(o Status) bool { return o.Context == s.Context }), s)
}

// comment adds a comment.
func (p *pull) comment(f *Forge, text string) *Comment {
	f.nextComment++
	c := &Comment{ID: f.nextComment, Text: text}
	p.comments = append(p.comments, c)
	return c
}

// commentNumbered finds a comment of the repository.
func (r *Repository) commentNumbered(id string) *Comment {
	for _, p := range r.pulls {
		for _, c := range p.comments {
			if strconv.FormatInt(c.ID, 10) == id {
				return c
			}
		}
	}
	return nil
}

// mayWrite refuses whoever may not write: a caller without a token, and an installation
// whose App was not given the permission.
func (c *call) mayWrite(permission string) error {
	switch c.caller.kind {
	case withToken:
		if c.forge.readOnly {
			return refusal{status: http.StatusForbidden, message: "Resource not accessible by personal access token"}
		}
		return nil
	case asInstallation:
		if given := c.caller.app.settings.Permissions; given != nil && given[permission] != "write" {
			return refusal{status: http.StatusForbidden, message: "Resource not accessible by integration"}
		}
		return nil
	}
	return refusal{status: http.StatusUnauthorized, message: "Requires authentication"}
}

// SetReadOnly has the forge's own tokens read only, or write again: statuses and comments.
func (f *Forge) SetReadOnly(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readOnly = on
}
