package demoforge

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// githubHooks are the routes about webhooks: of an organisation, of a
// repository, of an app. See https://docs.github.com/rest/orgs/webhooks.
func githubHooks() map[string]handler {
	routes := map[string]handler{
		"GET /app/hook/config":                          githubGetHookConfig,
		"PATCH /app/hook/config":                        githubEditHookConfig,
		"GET /app/hook/deliveries":                      githubListDeliveries,
		"GET /app/hook/deliveries/{delivery}":           githubGetDelivery,
		"POST /app/hook/deliveries/{delivery}/attempts": githubRedeliver,
	}
	for _, place := range []string{"/orgs/{org}", "/repos/{owner}/{repo}", "/repositories/{id}"} {
		routes["POST "+place+"/hooks"] = githubAddHook
		routes["GET "+place+"/hooks"] = githubListHooks
		base := place + "/hooks/{hook}"
		for route, handle := range map[string]handler{
			"GET ": githubGetHook, "PATCH ": githubEditHook, "DELETE ": githubDeleteHook,
			"POST /pings": githubPingHook, "GET /config": githubGetHookConfig, "PATCH /config": githubEditHookConfig,
			"GET /deliveries": githubListDeliveries, "GET /deliveries/{delivery}": githubGetDelivery,
			"POST /deliveries/{delivery}/attempts": githubRedeliver,
		} {
			method, path, _ := strings.Cut(route, " ")
			routes[method+" "+base+path] = handle
		}
	}
	return routes
}

// hookAPI is where a hook is in GitHub's API.
func (f *Forge) hookAPI(h *hook) string {
	switch {
	case h.app != nil:
		return f.webURL(GitHub) + "/app/hook"
	case h.owner != nil:
		return f.webURL(GitHub) + "/orgs/" + h.owner.path + "/hooks/" + strconv.FormatInt(h.id, 10)
	default:
		return h.repo.githubAPI() + "/hooks/" + strconv.FormatInt(h.id, 10)
	}
}

// githubHookOf finds the hook that a route names, which a caller needs a token
// for. An app has just one.
func (c *call) githubHookOf() (*hook, error) {
	number := c.PathValue("hook")
	if number == "" {
		if err := c.asApp(); err != nil {
			return nil, err
		}
		if c.caller.app.hook == nil {
			return nil, refusal{status: http.StatusNotFound, message: "Not Found"}
		}
		return c.caller.app.hook, nil
	}
	repo, o, err := c.githubHookPlace()
	if err != nil {
		return nil, err
	}
	for _, h := range c.forge.hooks {
		if strconv.FormatInt(h.id, 10) == number && h.provider == GitHub && h.repo == repo && h.owner == o && h.app == nil {
			return h, nil
		}
	}
	return nil, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/webhooks"}
}

// githubHookPlace is the repository or organisation whose hooks a route is about.
func (c *call) githubHookPlace() (*Repository, *owner, error) {
	if c.caller.shutOut || c.caller.kind == asApp {
		return nil, nil, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/webhooks"}
	}
	if c.repo != nil {
		return c.repo, nil, c.may("repository_hooks")
	}
	o, err := c.githubOwner()
	return nil, o, errors.Join(err, c.may("organization_hooks"))
}

// githubHookBody is what one may say of a hook; what is nil stays as it is.
type githubHookBody struct {
	Name   *string           `json:"name"`
	Active *bool             `json:"active"`
	Events *[]string         `json:"events"`
	Add    []string          `json:"add_events"`
	Remove []string          `json:"remove_events"`
	Config *githubHookConfig `json:"config"`
}

type githubHookConfig struct {
	URL         *string `json:"url"`
	ContentType *string `json:"content_type"`
	Secret      *string `json:"secret"`
	InsecureSSL any     `json:"insecure_ssl"`
}

// into writes what was said into a hook.
func (c githubHookConfig) into(h *hook) {
	set(&h.url, c.URL)
	set(&h.secret, c.Secret)
	if c.ContentType != nil {
		h.form = *c.ContentType != "json"
	}
	if c.InsecureSSL != nil {
		h.insecure = fmt.Sprint(c.InsecureSSL) == "1"
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func githubAddHook(c *call) (answer, error) {
	repo, o, err := c.githubHookPlace()
	if err != nil {
		return answer{}, err
	}
	var in githubHookBody
	if err := c.in(&in); err != nil {
		return answer{}, err
	}
	if in.Config == nil || in.Config.URL == nil || !isAddress(*in.Config.URL) {
		return answer{}, invalidHook("url", "missing_field")
	}
	h := &hook{provider: GitHub, repo: repo, owner: o, active: true, form: true, events: map[string]bool{"push": true}}
	in.Config.into(h)
	set(&h.active, in.Active)
	if in.Events != nil {
		h.listen(*in.Events)
	}
	count := 0
	for _, other := range c.forge.hooks {
		if other.provider != GitHub || other.repo != repo || other.owner != o || other.app != nil {
			continue
		}
		if count++; other.url == h.url && other.form == h.form {
			where := "repository"
			if o != nil {
				where = "organization"
			}
			return answer{}, invalidHook("", "Hook already exists on this "+where)
		}
	}
	if count >= 20 {
		return answer{}, invalidHook("", "The maximum of 20 hooks has been reached")
	}
	c.forge.register(h)
	c.forge.ping(h)
	return answer{status: http.StatusCreated, value: c.forge.githubHook(h), header: http.Header{"Location": {c.forge.hookAPI(h)}}}, nil
}

func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// invalidHook is GitHub's answer to a hook that cannot be. A code is one word,
// all else is a message.
func invalidHook(field, what string) refusal {
	e := jsonObject{"resource": "Hook", "code": what, "field": field}
	if strings.Contains(what, " ") {
		e = jsonObject{"resource": "Hook", "code": "custom", "message": what}
	}
	return refusal{status: http.StatusUnprocessableEntity, message: "Validation Failed", docs: "/webhooks", errors: []jsonObject{e}}
}

func (h *hook) listen(events []string) {
	h.events = map[string]bool{}
	for _, e := range events {
		h.events[e] = true
	}
}

// listensFor lists a hook's events.
func (h *hook) listensFor() []string {
	list := []string{}
	for e, on := range h.events {
		if on {
			list = append(list, e)
		}
	}
	slices.Sort(list)
	return list
}

func (h *hook) githubConfig() jsonObject {
	config := jsonObject{"url": h.url, "content_type": "json", "insecure_ssl": "0"}
	if h.form {
		config["content_type"] = "form"
	}
	if h.insecure {
		config["insecure_ssl"] = "1"
	}
	if h.secret != "" {
		config["secret"] = "********"
	}
	return config
}

func (f *Forge) githubHook(h *hook) jsonObject {
	kind, api := "Repository", f.hookAPI(h)
	switch {
	case h.app != nil:
		kind = "App"
	case h.owner != nil:
		kind = "Organization"
	}
	last := jsonObject{"code": nil, "status": "unused", "message": nil}
	if n := len(h.attempts); n > 0 {
		last = jsonObject{"code": h.attempts[n-1].githubCode(), "status": "active", "message": h.attempts[n-1].githubStatus()}
	}
	return jsonObject{
		"type": kind, "id": h.id, "name": "web", "active": h.active, "events": h.listensFor(), "config": h.githubConfig(),
		"created_at": githubTime(h.created), "updated_at": githubTime(h.updated),
		"url": api, "ping_url": api + "/pings", "test_url": api + "/tests", "deliveries_url": api + "/deliveries",
		"last_response": last,
	}
}

func githubListHooks(c *call) (answer, error) {
	repo, o, err := c.githubHookPlace()
	if err != nil {
		return answer{}, err
	}
	list := slices.DeleteFunc(slices.Clone(c.forge.hooks), func(h *hook) bool {
		return h.provider != GitHub || h.repo != repo || h.owner != o || h.app != nil
	})
	return githubPage(c, list, c.forge.githubHook), nil
}

func githubGetHook(c *call) (answer, error) {
	h, err := c.githubHookOf()
	if err != nil {
		return answer{}, err
	}
	return answer{value: c.forge.githubHook(h)}, nil
}

func githubEditHook(c *call) (answer, error) {
	h, err := c.githubHookOf()
	if err != nil {
		return answer{}, err
	}
	var in githubHookBody
	if err := c.in(&in); err != nil {
		return answer{}, err
	}
	if in.Config != nil {
		if in.Config.URL == nil || !isAddress(*in.Config.URL) {
			return answer{}, invalidHook("url", "missing_field")
		}
		if in.Config.Secret == nil {
			h.secret = "" // a config without a secret removes it
		}
		in.Config.into(h)
	}
	if in.Events != nil {
		h.listen(*in.Events)
	}
	for _, e := range in.Add {
		h.events[e] = true
	}
	for _, e := range in.Remove {
		delete(h.events, e)
	}
	set(&h.active, in.Active)
	h.updated = c.forge.options.Now()
	return answer{value: c.forge.githubHook(h)}, nil
}

// githubDeleteHook tells the hook itself, with meta, and nobody else.
func githubDeleteHook(c *call) (answer, error) {
	h, err := c.githubHookOf()
	if err != nil {
		return answer{}, err
	}
	told := c.forge.hookHappening(h, "meta", jsonObject{"action": "deleted", "hook_id": h.id, "hook": c.forge.githubHook(h)})
	told.action = "deleted"
	d, err := c.forge.envelope(told)
	if err != nil {
		return answer{}, err
	}
	c.forge.unregister(h)
	if h.events[allEvents] || h.events["meta"] {
		c.forge.put(h, d)
	}
	return answer{status: http.StatusNoContent}, nil
}

func githubPingHook(c *call) (answer, error) {
	h, err := c.githubHookOf()
	if err != nil {
		return answer{}, err
	}
	c.forge.ping(h)
	return answer{status: http.StatusNoContent}, nil
}

func githubGetHookConfig(c *call) (answer, error) {
	h, err := c.githubHookOf()
	if err != nil {
		return answer{}, err
	}
	return answer{value: h.githubConfig()}, nil
}

func githubEditHookConfig(c *call) (answer, error) {
	h, err := c.githubHookOf()
	if err != nil {
		return answer{}, err
	}
	var in githubHookConfig
	if err := c.in(&in); err != nil {
		return answer{}, err
	}
	in.into(h)
	h.updated = c.forge.options.Now()
	return answer{value: h.githubConfig()}, nil
}

// ping greets a hook.
func (f *Forge) ping(h *hook) {
	d, err := f.envelope(f.hookHappening(h, "ping", jsonObject{
		"zen": zen, "hook_id": h.id, "hook": f.githubHook(h),
	}))
	if err == nil {
		f.put(h, d)
	}
}

const zen = "Keep it logically awesome."

// hookHappening is about a hook, and for it alone.
func (f *Forge) hookHappening(h *hook, event string, payload jsonObject) happening {
	told := happening{provider: GitHub, event: event, repo: h.repo, owner: h.owner, app: h.app, payload: payload}
	switch {
	case h.repo != nil:
		payload["repository"] = h.repo.githubRepository()
		f.withOrganization(h.repo.owner(), payload)
	case h.owner != nil:
		payload["organization"] = f.githubOrganization(h.owner)
	}
	payload["sender"] = f.githubAccount(accountLogin, "User")
	return told
}

// Ping is what GitHub sends when a webhook is made. GitLab sends nothing then:
// the result is a zero Delivery.
func (r *Repository) Ping() (Delivery, error) {
	r.forge.mu.Lock()
	defer r.forge.mu.Unlock()
	if r.provider != GitHub {
		return Delivery{}, nil
	}
	o := r.forge.ownerAt(GitHub, r.owner())
	told := r.forge.hookHappening(&hook{owner: o}, "ping", jsonObject{
		"zen": zen, "hook_id": hookID,
		"hook": jsonObject{
			"type": "Organization", "id": hookID, "name": "web", "active": true, "events": []string{allEvents},
			"config":     jsonObject{"content_type": "json", "insecure_ssl": "0", "url": ""},
			"created_at": githubTime(r.settings.Created), "updated_at": githubTime(r.settings.Created),
		},
		"repository": r.githubRepository(),
	})
	told.repo = r
	return r.forge.tell(told)
}
