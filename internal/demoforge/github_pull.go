package demoforge

import (
	"errors"
	"fmt"
	"net/http"
)

// githubPulls are the routes about pull requests and what is said of them. See
// https://docs.github.com/rest/pulls, /rest/commits/statuses and /rest/issues/comments.
func githubPulls() map[string]handler {
	routes := map[string]handler{}
	for _, place := range []string{"/repos/{owner}/{repo}", "/repositories/{id}"} {
		routes["GET "+place+"/pulls/{number}"] = githubGetPull
		routes["POST "+place+"/statuses/{sha}"] = githubSetStatus
		routes["GET "+place+"/statuses/{sha}"] = githubListStatuses
		routes["GET "+place+"/issues/{number}/comments"] = githubListComments
		routes["POST "+place+"/issues/{number}/comments"] = githubAddComment
		routes["PATCH "+place+"/issues/comments/{comment}"] = githubEditComment
	}
	return routes
}

func githubGetPull(c *call) (answer, error) {
	p := c.repo.pull(c.PathValue("number"))
	if p == nil {
		return answer{}, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/pulls/pulls#get-a-pull-request"}
	}
	action := "opened"
	if p.Closed {
		action = "closed"
	}
	return answer{value: c.repo.githubPullRequest(c.repo.pullActivity(p, action))}, nil
}

func githubSetStatus(c *call) (answer, error) {
	if err := c.mayWrite("statuses"); err != nil {
		return answer{}, err
	}
	var in struct {
		State       string `json:"state"`
		TargetURL   string `json:"target_url"`
		Description string `json:"description"`
		Context     string `json:"context"`
	}
	if err := c.in(&in); err != nil {
		return answer{}, err
	}
	sha, err := c.repo.resolve(c.PathValue("sha"))
	if errors.Is(err, errMissing) {
		return answer{}, refusal{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + c.PathValue("sha")}
	} else if err != nil {
		return answer{}, err
	}
	switch in.State {
	case "error", "failure", "pending", "success":
	default:
		return answer{}, refusal{status: http.StatusUnprocessableEntity, message: "Validation Failed", errors: []jsonObject{{"resource": "Status", "code": "custom", "field": "state"}}}
	}
	if len([]rune(in.Description)) > 140 {
		return answer{}, refusal{status: http.StatusUnprocessableEntity, message: "Validation Failed", errors: []jsonObject{{"resource": "Status", "code": "custom", "field": "description", "message": "description is too long (maximum is 140 characters)"}}}
	}
	if in.Context == "" {
		in.Context = "default"
	}
	s := Status{sha.String(), in.State, in.Context, in.Description, in.TargetURL}
	c.repo.say(s)
	return answer{status: http.StatusCreated, value: c.repo.githubStatus(s)}, nil
}

func (r *Repository) githubStatus(s Status) jsonObject {
	return jsonObject{
		"url": fmt.Sprint(r.githubAPI(), "/statuses/", s.SHA), "id": accountID(s.SHA + s.Context), "state": s.State, "context": s.Context,
		"description": s.Description, "target_url": s.TargetURL, "creator": r.forge.githubAccount(accountLogin, "User"),
	}
}

func githubListStatuses(c *call) (answer, error) {
	all := []jsonObject{}
	for _, s := range c.repo.statuses[c.PathValue("sha")] {
		all = append(all, c.repo.githubStatus(s))
	}
	return answer{value: all}, nil
}

func (r *Repository) githubComment(c *Comment) jsonObject {
	return jsonObject{
		"id": c.ID, "node_id": nodeID("IC", c.ID), "body": c.Text, "url": fmt.Sprint(r.githubAPI(), "/issues/comments/", c.ID),
		"user": r.forge.githubAccount(accountLogin, "User"), "author_association": "MEMBER",
	}
}

// githubCommented finds the pull request whose comments a route is about.
func githubCommented(c *call) (*pull, error) {
	p := c.repo.pull(c.PathValue("number"))
	if p == nil {
		return nil, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/issues/comments"}
	}
	return p, nil
}

func githubListComments(c *call) (answer, error) {
	p, err := githubCommented(c)
	if err != nil {
		return answer{}, err
	}
	at := c.page(30)
	from, to := at.cut(len(p.comments))
	all := []jsonObject{}
	for _, one := range p.comments[from:to] {
		all = append(all, c.repo.githubComment(one))
	}
	return answer{value: all, header: c.githubLinks(at, len(p.comments))}, nil
}

func githubAddComment(c *call) (answer, error) {
	p, err := githubCommented(c)
	if err == nil {
		err = c.mayWrite("pull_requests")
	}
	if err != nil {
		return answer{}, err
	}
	text, err := c.githubBody()
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, value: c.repo.githubComment(p.comment(c.forge, text))}, nil
}

func githubEditComment(c *call) (answer, error) {
	one := c.repo.commentNumbered(c.PathValue("comment"))
	if one == nil {
		return answer{}, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/issues/comments"}
	}
	if err := c.mayWrite("pull_requests"); err != nil {
		return answer{}, err
	}
	text, err := c.githubBody()
	if err != nil {
		return answer{}, err
	}
	one.Text = text
	one.Edits++
	return answer{value: c.repo.githubComment(one)}, nil
}

// githubBody is the text of a comment that is sent.
func (c *call) githubBody() (string, error) {
	var in struct {
		Body string `json:"body"`
	}
	if err := c.in(&in); err != nil {
		return "", err
	}
	if in.Body == "" {
		return "", refusal{status: http.StatusUnprocessableEntity, message: "Validation Failed", errors: []jsonObject{{"resource": "IssueComment", "code": "missing_field", "field": "body"}}}
	}
	return in.Body, nil
}
