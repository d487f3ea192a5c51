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
		return refusal{status: http.StatusBadRequest, message: "url is missing"}
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

// gitlabKeeps is how long GitLab remembers what it sent.
const gitlabKeeps = 7 * 24 * time.Hour

func (a *attempt) gitlabStatus() string {
	if a.failure != "" {
		return "internal error"
	}
	return strconv.Itoa(a.status)
}

func gitlabListEvents(c *call) (answer, error) {
	h, err := c.gitlabHookOf()
	if err != nil {
		return answer{}, err
	}
	wanted := c.URL.Query().Get("status")
	list := slices.DeleteFunc(h.kept(c.forge.options.Now(), gitlabKeeps), func(a *attempt) bool {
		group := map[int]string{2: "successful", 4: "client_failure", 5: "server_failure"}[a.status/100]
		if a.failure != "" {
			group = "server_failure"
		}
		return wanted != "" && wanted != group && wanted != a.gitlabStatus()
	})
	return gitlabPage(c, list, (*attempt).gitlabEvent), nil
}

func (a *attempt) gitlabEvent() jsonObject {
	headers := flat(a.sent)
	if headers["X-Gitlab-Token"] != "" {
		headers["X-Gitlab-Token"] = "[REDACTED]"
	}
	return jsonObject{
		"id": a.id, "url": a.url, "trigger": gitlabTrigger(a.delivery), "created_at": gitlabTime(a.at),
		"request_headers": headers, "request_data": json.RawMessage(a.delivery.Body),
		"response_headers": flat(a.header), "response_body": string(a.body),
		"execution_duration": a.took.Seconds(), "response_status": a.gitlabStatus(),
	}
}

// gitlabTrigger is "push_hooks" for push_events.
func gitlabTrigger(d Delivery) string {
	if flag := gitlabFlags()[d.Event]; flag != "" {
		return strings.TrimSuffix(flag, "_events") + "_hooks"
	}
	return "system_hooks"
}

// gitlabResend sends a delivery again, under the same key, and waits for the
// answer.
func gitlabResend(c *call) (answer, error) {
	h, err := c.gitlabHookOf()
	if err != nil {
		return answer{}, err
	}
	a := h.find(c.PathValue("event"), c.forge.options.Now(), gitlabKeeps)
	if a == nil {
		return answer{}, refusal{status: http.StatusNotFound, message: "404 Not Found"}
	}
	if a.url != h.url {
		return answer{}, refusal{status: http.StatusUnprocessableEntity, message: "The hook URL has changed. This log entry cannot be retried."}
	}
	o := &Outgoing{Hook: h.id, URL: h.url, Redelivery: true, Delivery: a.delivery, hook: h}
	return answer{then: func(r *http.Request) (answer, error) {
		again := c.forge.post(r.Context(), o, false)
		if again.failure != "" {
			return answer{}, refusal{status: http.StatusUnprocessableEntity, message: again.failure}
		}
		return answer{status: http.StatusCreated, value: jsonObject{"response_status": again.status}}, nil
	}}, nil
}

// gitlabTestHook sends the newest commit of a project as if it were pushed, and
// waits for the answer.
func gitlabTestHook(c *call) (answer, error) {
	h, err := c.gitlabHookOf()
	if err != nil {
		return answer{}, err
	}
	event := ""
	for name, flag := range gitlabFlags() {
		if flag == c.PathValue("trigger") {
			event = name
		}
	}
	if event == "" {
		return answer{}, refusal{status: http.StatusBadRequest, message: "trigger does not have a valid value"}
	}
	var sample *Delivery
	for _, d := range slices.Backward(c.forge.deliveries) {
		if d.Event == event && h.reached(d) {
			sample = &d
			break
		}
	}
	if sample == nil {
		return answer{}, refusal{status: http.StatusUnprocessableEntity, message: "Ensure the project has at least one commit."}
	}
	d, err := h.addressed(*sample)
	if err != nil {
		return answer{}, err
	}
	c.forge.nextTest++
	d.ID = stableUUID("test", strconv.FormatInt(c.forge.nextTest, 10), d.ID)
	d.addressGitLab(c.forge.options.URL, d.ID)
	o := &Outgoing{Hook: h.id, URL: h.url, Delivery: d, hook: h}
	return answer{then: func(r *http.Request) (answer, error) {
		if a := c.forge.post(r.Context(), o, false); !a.ok() {
			return answer{}, refusal{status: http.StatusUnprocessableEntity, message: "Hook executed but returned HTTP " + a.gitlabStatus()}
		}
		return answer{status: http.StatusCreated, value: jsonObject{"message": "201 Created"}}, nil
	}}, nil
}
