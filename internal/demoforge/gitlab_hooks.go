package demoforge

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// gitlabHooks are the routes about webhooks: of a project, of a group, of the
// instance. See https://docs.gitlab.com/api/project_webhooks/.
func gitlabHooks() map[string]handler {
	routes := map[string]handler{}
	for _, base := range []string{"/projects/{project}/hooks", "/groups/{group}/hooks", "/hooks"} {
		for route, handle := range map[string]handler{
			"GET ": gitlabListHooks, "POST ": gitlabAddHook,
			"GET /{hook}": gitlabGetHook, "PUT /{hook}": gitlabEditHook, "DELETE /{hook}": gitlabDeleteHook,
			"POST /{hook}/test/{trigger}": gitlabTestHook, "GET /{hook}/events": gitlabListEvents,
			"POST /{hook}/events/{event}/resend": gitlabResend,
		} {
			method, path, _ := strings.Cut(route, " ")
			routes[method+" "+base+path] = handle
		}
	}
	return routes
}

// gitlabHookPlace is the project or group whose hooks a route is about; neither
// for the instance. A caller needs a token.
func (c *call) gitlabHookPlace() (*Repository, *owner, error) {
	if c.caller.shutOut {
		return nil, nil, refusal{status: http.StatusUnauthorized, message: "Unauthorized"}
	}
	if c.PathValue("group") == "" {
		return c.repo, nil, nil
	}
	o, err := c.gitlabGroup()
	return nil, o, err
}

func (c *call) gitlabHookList() ([]*hook, error) {
	repo, o, err := c.gitlabHookPlace()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(c.forge.hooks), func(h *hook) bool {
		return h.provider != GitLab || h.repo != repo || h.owner != o
	}), nil
}

func (c *call) gitlabHookOf() (*hook, error) {
	list, err := c.gitlabHookList()
	if err != nil {
		return nil, err
	}
	for _, h := range list {
		if strconv.FormatInt(h.id, 10) == c.PathValue("hook") {
			return h, nil
		}
	}
	return nil, refusal{status: http.StatusNotFound, message: "404 Not Found"}
}

func gitlabListHooks(c *call) (answer, error) {
	list, err := c.gitlabHookList()
	if err != nil {
		return answer{}, err
	}
	return gitlabPage(c, list, func(h *hook) jsonObject { return h.gitlabHook(c.forge.options.Now()) }), nil
}

func gitlabGetHook(c *call) (answer, error) {
	h, err := c.gitlabHookOf()
	if err != nil {
		return answer{}, err
	}
	return answer{value: h.gitlabHook(c.forge.options.Now())}, nil
}

// gitlabHook never shows the token.
func (h *hook) gitlabHook(now time.Time) jsonObject {
	v := jsonObject{
		"id": h.id, "url": h.url, "name": h.name, "description": h.description,
		"created_at": gitlabTime(h.created), "enable_ssl_verification": !h.insecure,
		"alert_status": "executable", "disabled_until": nil, "url_variables": []any{}, "custom_headers": []any{},
		"repository_update_events":  h.events["repository_update_events"],
		"push_events_branch_filter": h.branches, "branch_filter_strategy": "wildcard",
		"token_present": h.secret != "", "signing_token_present": h.signing != "",
	}
	for _, flag := range gitlabFlags() {
		v[flag] = h.events[flag]
	}
	if now.Before(h.disabledUntil) {
		v["alert_status"], v["disabled_until"] = "temporarily_disabled", gitlabTime(h.disabledUntil)
		if h.failures >= 40 {
			v["alert_status"], v["disabled_until"] = "disabled", nil
		}
	}
	switch {
	case h.repo != nil:
		v["project_id"] = h.repo.id
	case h.owner != nil:
		v["group_id"] = h.owner.id
	}
	return v
}

// gitlabHookBody is what one may say of a hook, flags apart.
type gitlabHookBody struct {
	URL         *string `json:"url"`
	Token       *string `json:"token"`
	Signing     *string `json:"signing_token"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Branches    *string `json:"push_events_branch_filter"`
	VerifySSL   *bool   `json:"enable_ssl_verification"`
}

// gitlabHookIn writes what the body says into a hook.
func (c *call) gitlabHookIn(h *hook) error {
	var raw map[string]json.RawMessage
	if err := c.in(&raw); err != nil {
		return err
	}
	for name, values := range c.URL.Query() { // Grape takes both
		if _, ok := raw[name]; !ok && raw != nil {
			raw[name] = json.RawMessage(strconv.Quote(values[0]))
		}
	}
	var in gitlabHookBody
	b, err := json.Marshal(raw)
	if err == nil {
		err = json.Unmarshal(b, &in)
	}
	if err != nil {
		return refusal{status: http.StatusBadRequest, message: "Bad Request"}
	}
	if in.URL != nil && !isAddress(*in.URL) {
		return refusal{status: http.StatusUnprocessableEntity, message: "Invalid url given"}
	}
	if in.Signing != nil && *in.Signing != "" {
		key, whsec := strings.CutPrefix(*in.Signing, "whsec_")
		if _, err := base64.StdEncoding.DecodeString(key); err != nil || !whsec {
			return refusal{status: http.StatusUnprocessableEntity, message: "signing_token is invalid"}
		}
	}
	set(&h.url, in.URL)
	set(&h.secret, in.Token)
	set(&h.signing, in.Signing)
	set(&h.name, in.Name)
	set(&h.description, in.Description)
	set(&h.branches, in.Branches)
	if in.VerifySSL != nil {
		h.insecure = !*in.VerifySSL
	}
	for name, value := range raw {
		if strings.HasSuffix(name, "_events") {
			h.events[name] = string(value) == "true" || string(value) == `"true"`
		}
	}
	if h.url == "" {
		return gitlabInvalid("url is missing")
	}
	return nil
}

func gitlabAddHook(c *call) (answer, error) {
	repo, o, err := c.gitlabHookPlace()
	if err != nil {
		return answer{}, err
	}
	h := &hook{provider: GitLab, repo: repo, owner: o, active: true, events: map[string]bool{"push_events": true}}
	if h.system() {
		h.events = map[string]bool{"repository_update_events": true}
	}
	if err := c.gitlabHookIn(h); err != nil {
		return answer{}, err
	}
	c.forge.register(h)
	return answer{status: http.StatusCreated, value: h.gitlabHook(c.forge.options.Now())}, nil
}

func gitlabEditHook(c *call) (answer, error) {
	h, err := c.gitlabHookOf()
	if err != nil {
		return answer{}, err
	}
	if err := c.gitlabHookIn(h); err != nil {
		return answer{}, err
	}
	return answer{value: h.gitlabHook(c.forge.options.Now())}, nil
}

func gitlabDeleteHook(c *call) (answer, error) {
	h, err := c.gitlabHookOf()
	if err != nil {
		return answer{}, err
	}
	c.forge.unregister(h)
	return answer{status: http.StatusNoContent}, nil
}
