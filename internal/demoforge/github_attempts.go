package demoforge

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// githubKeeps is how long GitHub remembers deliveries.
const githubKeeps = 3 * 24 * time.Hour

// kept are the attempts of a hook that are remembered, the newest first.
func (h *hook) kept(now time.Time, keep time.Duration) []*attempt {
	var list []*attempt
	for _, a := range slices.Backward(h.attempts) {
		if now.Sub(a.at) <= keep {
			list = append(list, a)
		}
	}
	return list
}

// find is the remembered attempt of a number.
func (h *hook) find(number string, now time.Time, keep time.Duration) *attempt {
	for _, a := range h.kept(now, keep) {
		if strconv.FormatInt(a.id, 10) == number {
			return a
		}
	}
	return nil
}

func (a *attempt) githubCode() int {
	switch a.failure {
	case "":
		return a.status
	case "timed out":
		return http.StatusGatewayTimeout
	default:
		return http.StatusBadGateway
	}
}

func (a *attempt) githubStatus() string {
	switch {
	case a.failure != "":
		return a.failure
	case a.ok():
		return "OK"
	default:
		return "Invalid HTTP Response: " + strconv.Itoa(a.status)
	}
}

// githubListDeliveries has pages by cursor: what comes in meanwhile moves
// nothing. See https://docs.github.com/rest/orgs/webhooks.
func githubListDeliveries(c *call) (answer, error) {
	h, err := c.githubHookOf()
	if err != nil {
		return answer{}, err
	}
	q := c.URL.Query()
	list := slices.DeleteFunc(h.kept(c.forge.options.Now(), githubKeeps), func(a *attempt) bool {
		again, status := q.Get("redelivery"), q.Get("status")
		return again != "" && (again == "true") != a.redelivery ||
			status == "success" && !a.ok() || status == "failure" && a.ok()
	})
	if cursor := q.Get("cursor"); cursor != "" {
		last, err := strconv.ParseInt(cursor[min(len(cursor), len(cursorPrefix)):], 10, 64)
		if err != nil {
			return answer{}, refusal{status: http.StatusBadRequest, message: "Invalid cursor"}
		}
		list = slices.DeleteFunc(list, func(a *attempt) bool { return a.id >= last })
	}
	size := c.page(30).size
	a := answer{}
	if len(list) > size {
		list = list[:size]
		a.header = http.Header{"Link": {c.link("next", map[string]string{"cursor": cursorPrefix + strconv.FormatInt(list[size-1].id, 10)})}}
	}
	shown := []jsonObject{}
	for _, one := range list {
		shown = append(shown, one.githubDelivery())
	}
	a.value = shown
	return a, nil
}

const cursorPrefix = "v1_"

// githubDelivery is an attempt as lists show it.
func (a *attempt) githubDelivery() jsonObject {
	v := jsonObject{
		"id": a.id, "guid": a.delivery.ID, "delivered_at": a.at.UTC().Format(time.RFC3339Nano), "redelivery": a.redelivery,
		"duration": a.took.Seconds(), "status": a.githubStatus(), "status_code": a.githubCode(), "event": a.delivery.Event,
		"action": nil, "installation_id": nil, "repository_id": nil, "throttled_at": nil,
	}
	if a.delivery.Action != "" {
		v["action"] = a.delivery.Action
	}
	if r := a.delivery.about.repo; r != nil {
		v["repository_id"] = r.id
	}
	var in struct {
		Installation struct {
			ID int64 `json:"id"`
		} `json:"installation"`
	}
	if json.Unmarshal(a.delivery.payload, &in) == nil && in.Installation.ID != 0 {
		v["installation_id"] = in.Installation.ID
	}
	return v
}

func githubGetDelivery(c *call) (answer, error) {
	_, a, err := c.githubAttempt()
	if err != nil {
		return answer{}, err
	}
	v := a.githubDelivery()
	v["url"] = a.url
	v["request"] = jsonObject{"headers": flat(a.sent), "payload": json.RawMessage(a.delivery.payload)}
	v["response"] = jsonObject{"headers": flat(a.header), "payload": string(a.body)}
	return answer{value: v}, nil
}

func (c *call) githubAttempt() (*hook, *attempt, error) {
	h, err := c.githubHookOf()
	if err != nil {
		return nil, nil, err
	}
	a := h.find(c.PathValue("delivery"), c.forge.options.Now(), githubKeeps)
	if a == nil {
		return nil, nil, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/webhooks"}
	}
	return h, a, nil
}

// flat are headers with one value each.
func flat(h http.Header) map[string]string {
	m := map[string]string{}
	for name := range h {
		m[name] = h.Get(name)
	}
	return m
}

// githubRedeliver sends the same delivery again, under the same guid.
func githubRedeliver(c *call) (answer, error) {
	h, a, err := c.githubAttempt()
	if err != nil {
		return answer{}, err
	}
	c.forge.queue(&Outgoing{Hook: h.id, URL: h.url, Redelivery: true, Delivery: a.delivery, hook: h})
	return answer{status: http.StatusAccepted, value: jsonObject{}}, nil
}
