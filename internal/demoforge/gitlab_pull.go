package demoforge

import (
	"errors"
	"fmt"
	"net/http"
)

// gitlabPulls are the routes about merge requests and what is said of them. See
// https://docs.gitlab.com/api/merge_requests/, /api/commits/ and /api/notes/.
func gitlabPulls() map[string]handler {
	notes := "/projects/{project}/merge_requests/{number}/notes"
	return map[string]handler{
		"GET /projects/{project}/merge_requests/{number}":           gitlabGetMergeRequest,
		"POST /projects/{project}/statuses/{sha}":                   gitlabSetStatus,
		"GET /projects/{project}/repository/commits/{rev}/statuses": gitlabListStatuses,
		"GET " + notes:             gitlabListNotes,
		"POST " + notes:            gitlabAddNote,
		"PUT " + notes + "/{note}": gitlabEditNote,
	}
}

func gitlabGetMergeRequest(c *call) (answer, error) {
	p := c.repo.pull(c.PathValue("number"))
	if p == nil {
		return answer{}, refusal{status: http.StatusNotFound, message: "404 Not found"}
	}
	state := "opened"
	if p.Closed {
		state = "closed"
	}
	c.forge.know(p.By)
	return answer{value: jsonObject{
		"id": c.repo.id*1000 + int64(p.Number), "iid": p.Number, "project_id": c.repo.id, "title": p.Title, "description": "", "state": state,
		"target_branch": p.Into, "source_branch": p.Branch, "source_project_id": c.repo.id, "target_project_id": c.repo.id,
		"sha": c.repo.refs[branchRef(p.Branch)].String(), "draft": false, "web_url": fmt.Sprint(c.repo.gitlabPage(), "/-/merge_requests/", p.Number),
		"author": jsonObject{"id": accountID(loginOf(p.By)), "username": loginOf(p.By), "name": p.By.Name, "state": "active"},
	}}, nil
}

// gitlabMayWrite is [call.mayWrite] in GitLab's words.
func (c *call) gitlabMayWrite() error {
	err := c.mayWrite("")
	var r refusal
	if errors.As(err, &r) {
		r.message = map[int]string{http.StatusForbidden: "403 Forbidden", http.StatusUnauthorized: "401 Unauthorized"}[r.status]
		return r
	}
	return err
}

func gitlabSetStatus(c *call) (answer, error) {
	if err := c.gitlabMayWrite(); err != nil {
		return answer{}, err
	}
	var in struct {
		State       string `json:"state"`
		Name        string `json:"name"`
		Context     string `json:"context"`
		TargetURL   string `json:"target_url"`
		Description string `json:"description"`
	}
	if err := c.in(&in); err != nil {
		return answer{}, err
	}
	commit, err := c.gitlabRevision(c.PathValue("sha"), "Commit")
	if err != nil {
		return answer{}, err
	}
	switch in.State {
	case "pending", "running", "success", "failed", "canceled", "skipped":
	default:
		return answer{}, refusal{status: http.StatusBadRequest, errors: "state does not have a valid value"}
	}
	name := in.Name
	if name == "" {
		name = in.Context
	}
	if name == "" {
		name = "default"
	}
	for _, s := range c.repo.statuses[commit.Hash.String()] {
		if s.Context == name && s.State == in.State && in.State != "failed" {
			return answer{}, refusal{status: http.StatusBadRequest, message: fmt.Sprintf("Cannot transition status via :%s from :%s", in.State, in.State)}
		}
	}
	s := Status{commit.Hash.String(), in.State, name, in.Description, in.TargetURL}
	c.repo.say(s)
	return answer{status: http.StatusCreated, value: gitlabStatus(s)}, nil
}

func gitlabStatus(s Status) jsonObject {
	return jsonObject{
		"id": accountID(s.SHA + s.Context), "sha": s.SHA, "status": s.State, "name": s.Context, "description": s.Description, "target_url": s.TargetURL,
		"author": jsonObject{"id": accountID(accountLogin), "username": accountLogin, "name": "Callboard Bot"},
	}
}

func gitlabListStatuses(c *call) (answer, error) {
	all := []jsonObject{}
	for _, s := range c.repo.statuses[c.PathValue("rev")] {
		all = append(all, gitlabStatus(s))
	}
	return answer{value: all}, nil
}

// gitlabNoted finds the merge request whose notes a route is about.
func gitlabNoted(c *call) (*pull, error) {
	p := c.repo.pull(c.PathValue("number"))
	if p == nil {
		return nil, refusal{status: http.StatusNotFound, message: "404 Merge Request Not Found"}
	}
	return p, nil
}

func gitlabNote(c *Comment) jsonObject {
	return jsonObject{
		"id": c.ID, "body": c.Text, "system": false,
		"author": jsonObject{"id": accountID(accountLogin), "username": accountLogin, "name": "Callboard Bot"},
	}
}

func gitlabListNotes(c *call) (answer, error) {
	p, err := gitlabNoted(c)
	if err != nil {
		return answer{}, err
	}
	at := c.page(20)
	from, to := at.cut(len(p.comments))
	all := []jsonObject{}
	for _, one := range p.comments[from:to] {
		all = append(all, gitlabNote(one))
	}
	return answer{value: all, header: c.gitlabLinks(at, to < len(p.comments), len(p.comments))}, nil
}

func gitlabAddNote(c *call) (answer, error) {
	p, err := gitlabNoted(c)
	if err == nil {
		err = c.gitlabMayWrite()
	}
	if err != nil {
		return answer{}, err
	}
	text, err := c.gitlabBody()
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, value: gitlabNote(p.comment(c.forge, text))}, nil
}

func gitlabEditNote(c *call) (answer, error) {
	one := c.repo.commentNumbered(c.PathValue("note"))
	if one == nil {
		return answer{}, refusal{status: http.StatusNotFound, message: "404 Not found"}
	}
	if err := c.gitlabMayWrite(); err != nil {
		return answer{}, err
	}
	text, err := c.gitlabBody()
	if err != nil {
		return answer{}, err
	}
	one.Text = text
	one.Edits++
	return answer{value: gitlabNote(one)}, nil
}

// gitlabBody is the text of a note that is sent.
func (c *call) gitlabBody() (string, error) {
	var in struct {
		Body string `json:"body"`
	}
	if err := c.in(&in); err != nil {
		return "", err
	}
	if in.Body == "" {
		return "", refusal{status: http.StatusBadRequest, errors: "body is missing"}
	}
	return in.Body, nil
}
