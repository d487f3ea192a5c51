package demoforge

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// gitlabKeeps is how long GitLab remembers what it sent.
const gitlabKeeps = 7 * 24 * time.Hour

func (a *attempt) gitlabStatus() string {
	if a.failure != "" {
		return "internal error"
	}
	return strconv.Itoa(a.status)
}

// gitlabEventsPage is how many events a page has at most.
const gitlabEventsPage = 20

// gitlabListEvents takes several kinds of status at once, split by commas.
func gitlabListEvents(c *call) (answer, error) {
	h, err := c.gitlabHookOf()
	if err != nil {
		return answer{}, err
	}
	q := c.URL.Query()
	if n, err := strconv.Atoi(q.Get("per_page")); q.Has("per_page") && (err != nil || n < 1 || n > gitlabEventsPage) {
		return answer{}, gitlabInvalid("per_page does not have a valid value")
	}
	var wanted []string
	if q.Has("status") {
		wanted = strings.Split(q.Get("status"), ",")
	}
	for _, status := range wanted {
		code, err := strconv.Atoi(status)
		if err == nil && http.StatusText(code) != "" || slices.Contains([]string{"successful", "client_failure", "server_failure"}, status) {
			continue
		}
		return answer{}, gitlabInvalid("status does not have a valid value")
	}
	list := slices.DeleteFunc(h.kept(c.forge.options.Now(), gitlabKeeps), func(a *attempt) bool {
		return wanted != nil && !slices.Contains(wanted, a.gitlabStatus()) && !slices.Contains(wanted, a.gitlabGroup())
	})
	return gitlabPage(c, list, (*attempt).gitlabEvent), nil
}

// gitlabInvalid is GitLab's answer to a parameter that cannot be.
func gitlabInvalid(problem string) refusal {
	return refusal{status: http.StatusBadRequest, message: problem, errors: problem}
}

// gitlabGroup is the word by which one asks for the likes of the attempt.
func (a *attempt) gitlabGroup() string {
	if a.failure != "" {
		return "server_failure"
	}
	return map[int]string{2: "successful", 4: "client_failure", 5: "server_failure"}[a.status/100]
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

// gitlabResends is how often one may ask in a minute that a hook's deliveries are
// sent again.
const gitlabResends = 5

// gitlabResend sends a delivery again, under the same key, and waits for the
// answer.
func gitlabResend(c *call) (answer, error) {
	h, err := c.gitlabHookOf()
	if err != nil {
		return answer{}, err
	}
	now := c.forge.options.Now()
	h.asked = slices.DeleteFunc(h.asked, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	if len(h.asked) >= gitlabResends {
		return answer{}, refusal{
			status: http.StatusTooManyRequests, message: "This endpoint has been requested too many times. Try again later.",
			header: http.Header{"Retry-After": {"60"}},
		}
	}
	h.asked = append(h.asked, now)
	a := h.find(c.PathValue("event"), now, gitlabKeeps)
	if a == nil {
		return answer{}, refusal{status: http.StatusNotFound, message: "404 Not Found"}
	}
	if a.url != h.url {
		return answer{}, refusal{status: http.StatusUnprocessableEntity, message: "The hook URL has changed, and this log entry cannot be retried"}
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
		return answer{}, gitlabInvalid("trigger does not have a valid value")
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
