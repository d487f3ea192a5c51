package demoforge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// dialect is how a provider's API talks around its answers.
type dialect struct {
	provider Provider
	service  Service
	// window is how long a quota lasts, anonymous how many requests it has.
	window    time.Duration
	anonymous int
	// freeNotModified: a 304 to a caller with a token costs nothing.
	freeNotModified bool
	// refuse is the body of a refusal.
	refuse func(refusal) any
	// rate writes the headers of a quota.
	rate func(http.Header, quota)
	// grant is how many requests a caller with a token has.
	grant func(caller) int
	// exhausted refuses a caller whose quota is used up.
	exhausted func(resetIn time.Duration) refusal
	// token finds what the caller offers.
	token func(*http.Request) string
	// find looks up the repository that a route is about.
	find func(*call) error
}

// call is an API request on its way to an answer.
type call struct {
	*http.Request
	forge  *Forge
	repo   *Repository // set on routes below a repository
	caller caller
	fault  Fault
}

// sees reports whether the caller may see a repository.
func (c *call) sees(r *Repository) bool {
	if !r.settings.Private {
		return true
	}
	switch c.caller.kind {
	case withToken:
		return true
	case asInstallation:
		return c.caller.installation.has(r)
	default:
		return !c.caller.shutOut
	}
}

// in reads the body, JSON or a form, into v.
func (c *call) in(v any) error {
	body, err := io.ReadAll(io.LimitReader(c.Body, 1<<20))
	if err != nil {
		return refusal{status: http.StatusBadRequest, message: "Problems reading the body"}
	}
	if len(body) == 0 {
		return nil
	}
	if strings.HasPrefix(c.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		q, err := url.ParseQuery(string(body))
		if err != nil {
			return refusal{status: http.StatusBadRequest, message: "Problems parsing the form"}
		}
		o := jsonObject{}
		for name := range q {
			o[name] = q.Get(name)
			if b, err := strconv.ParseBool(q.Get(name)); err == nil {
				o[name] = b
			}
		}
		if body, err = json.Marshal(o); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(body, v); err != nil {
		return refusal{status: http.StatusBadRequest, message: "Problems parsing JSON"}
	}
	return nil
}

// answer is what an API call comes to. Body wins over value.
type answer struct {
	status int // 200 when zero
	header http.Header
	value  any // sent as JSON
	body   []byte
	kind   string // content type of body
	// then makes the answer after all, without the forge's lock: it sends
	// something and waits for what comes back.
	then func(*http.Request) (answer, error)
}

// refusal is an error that the caller gets to see.
type refusal struct {
	status  int
	message string
	docs    string // what documentation_url ends with
	errors  any    // GitHub: what was wrong with each field; GitLab: with a parameter
	header  http.Header
}

func (r refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.message) }

// quota counts the requests of one caller.
type quota struct {
	limit, used int
	reset       time.Time
}

type quotaKey struct {
	provider Provider
	caller   string // "" is all who have no token
}

// api serves one route of a provider's API.
func (f *Forge) api(d *dialect, handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		choose := f.faults
		f.mu.Unlock()
		c := &call{Request: r, forge: f}
		if choose != nil {
			c.fault = choose(r)
		}
		if c.fault.Wait != nil {
			select {
			case <-c.fault.Wait:
			case <-r.Context().Done():
				return
			}
		}
		f.mu.Lock()
		a := f.answer(d, c, handle)
		f.mu.Unlock()
		if then := a.then; then != nil {
			header := a.header
			a = d.encode(then(r))
			for name, values := range header {
				a.header[name] = values
			}
		}
		f.mu.Lock()
		f.answers[d.provider][a.status]++
		f.mu.Unlock()
		a.send(w, r, c.fault.Cut)
	}
}

// answer runs a call under the forge's lock.
func (f *Forge) answer(d *dialect, c *call, handle handler) answer {
	offered := d.token(c.Request)
	who, err := f.authenticate(d, offered)
	if err != nil {
		return d.encode(answer{}, err)
	}
	c.caller = who
	q := f.quota(d, who)
	if q.used >= q.limit {
		a := d.encode(answer{}, d.exhausted(q.reset.Sub(f.options.Now())))
		d.rate(a.header, *q)
		return a
	}
	a := d.encode(d.run(c, handle))
	tag := a.header.Get("ETag")
	if a.status == http.StatusOK && tag == "" && (c.Method == http.MethodGet || c.Method == http.MethodHead) {
		tag = etag(c.Request, offered, a.body)
		a.header.Set("ETag", tag)
	}
	if a.status == http.StatusOK && matches(c.Header.Get("If-None-Match"), tag) {
		a.status, a.body = http.StatusNotModified, nil
	}
	if a.status != http.StatusNotModified || !d.freeNotModified || offered == "" {
		q.used++
	}
	d.rate(a.header, *q)
	return a
}

func (d *dialect) run(c *call, handle handler) (answer, error) {
	if c.fault.Status != 0 {
		r := refusal{status: c.fault.Status, message: http.StatusText(c.fault.Status), header: http.Header{}}
		if c.fault.RetryAfter > 0 {
			r.header.Set("Retry-After", strconv.Itoa(int(c.fault.RetryAfter.Seconds())))
			if r.status == http.StatusForbidden || r.status == http.StatusTooManyRequests {
				r.message, r.docs = "You have exceeded a secondary rate limit. Wait before you try again.", secondaryLimits
			}
		}
		return answer{}, r
	}
	if err := d.find(c); err != nil {
		return answer{}, err
	}
	return handle(c)
}

// secondaryLimits is the page by which clients tell GitHub's secondary limit.
const secondaryLimits = "/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"

// encode turns what a handler returned into bytes.
func (d *dialect) encode(a answer, err error) answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if err != nil {
		var r refusal
		switch {
		case errors.As(err, &r):
		case errors.Is(err, errMissing):
			r = refusal{status: http.StatusNotFound, message: "Not Found"}
		default:
			r = refusal{status: http.StatusInternalServerError, message: err.Error()}
		}
		a = answer{status: r.status, header: http.Header{}, value: d.refuse(r)}
		for name, values := range r.header {
			a.header[name] = values
		}
	}
	if a.body == nil && a.value != nil {
		b, err := json.Marshal(a.value)
		if err != nil {
			a.status, b = http.StatusInternalServerError, []byte(`{"message":"the answer could not be encoded"}`)
		}
		a.body, a.kind = b, "application/json; charset=utf-8"
	}
	return a
}

// send writes the answer, or as much of it as a fault lets through.
func (a answer) send(w http.ResponseWriter, r *http.Request, cut bool) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	h.Set("Vary", "Accept, Authorization")
	if a.status != http.StatusNotModified && a.status != http.StatusNoContent {
		h.Set("Content-Type", a.kind)
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if r.Method == http.MethodHead || a.status == http.StatusNotModified || a.status == http.StatusNoContent {
		return
	}
	if cut {
		w.Write(a.body[:len(a.body)/2])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // the only way to close the connection under the client
	}
	w.Write(a.body) // an error means that the client has gone
}

// quota is the caller's, renewed when its time is over.
func (f *Forge) quota(d *dialect, who caller) *quota {
	key := quotaKey{d.provider, who.quota()}
	now := f.options.Now()
	q := f.quotas[key]
	if q == nil || !now.Before(q.reset) {
		q = &quota{limit: d.grant(who), reset: now.Add(d.window)}
		if who.shutOut {
			q.limit = d.anonymous
		}
		f.quotas[key] = q
	}
	return q
}

// etag differs by content, by caller and by the form asked for.
func etag(r *http.Request, token string, body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00", token, r.Header.Get("Accept"))
	h.Write(body)
	return `W/"` + hex.EncodeToString(h.Sum(nil)) + `"`
}

// matches compares as If-None-Match does: weakly, with any of a list.
func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || one != "" && strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// wants reports whether the Accept header asks for a form, as in
// application/vnd.github.raw+json.
func (c *call) wants(form string) bool {
	accept := c.Header.Get("Accept")
	return strings.HasSuffix(accept, "."+form) || strings.Contains(accept, "."+form+"+json")
}

// text is an answer that is not JSON.
func text(body []byte, kind string) answer {
	if body == nil {
		body = []byte{}
	}
	return answer{body: body, kind: kind}
}
