package demoforge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Fault is what goes wrong with one request. The zero Fault is nothing.
type Fault struct {
	// Wait holds the answer back until it is closed (or the caller gives up).
	Wait <-chan struct{}
	// Status is answered in place of the real answer, in the provider's shape.
	Status int
	// RetryAfter goes with Status. On GitHub, 403 and 429 with it are the
	// secondary rate limit. Whole seconds.
	RetryAfter time.Duration
	// Cut closes the connection halfway through the body.
	Cut bool
	// TreeEntries is how many entries a recursive tree lists here at most.
	TreeEntries int
}

// SetFaults asks choose about every API request from now on; nil ends it.
// Choose runs on the goroutine of the request.
func (f *Forge) SetFaults(choose func(*http.Request) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = choose
}

// dialect is how a provider's API talks around its answers.
type dialect struct {
	provider Provider
	service  Service
	// window is how long a quota lasts, limit and anonymous how many requests it has.
	window           time.Duration
	limit, anonymous int
	// freeNotModified: a 304 to a caller with a token costs nothing.
	freeNotModified bool
	// refuse is the body of a refusal.
	refuse func(refusal) any
	// rate writes the headers of a quota.
	rate func(http.Header, quota)
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
	forge   *Forge
	repo    *Repository // set on routes below a repository
	visitor bool        // has no token although private things need one
	fault   Fault
}

// answer is what an API call comes to. Body wins over value.
type answer struct {
	status int // 200 when zero
	header http.Header
	value  any // sent as JSON
	body   []byte
	kind   string // content type of body
}

// refusal is an error that the caller gets to see.
type refusal struct {
	status  int
	message string
	docs    string // what documentation_url ends with
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
	visitor  bool
}

// api serves one route of a provider's API.
func (f *Forge) api(d *dialect, handle func(*call) (answer, error)) http.HandlerFunc {
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
		a.send(w, r, c.fault.Cut)
	}
}

// answer runs a call under the forge's lock.
func (f *Forge) answer(d *dialect, c *call, handle func(*call) (answer, error)) answer {
	offered := d.token(c.Request)
	if d.service.Token != "" && offered != "" && offered != d.service.Token {
		return d.encode(answer{}, refusal{status: http.StatusUnauthorized, message: "Bad credentials"})
	}
	c.visitor = d.service.Token != "" && offered == ""

	q := f.quota(d, offered == "")
	if q.used >= q.limit {
		a := d.encode(answer{}, d.exhausted(q.reset.Sub(f.options.Now())))
		d.rate(a.header, *q)
		return a
	}
	a := d.encode(d.run(c, handle))
	tag := a.header.Get("ETag")
	if a.status == http.StatusOK && tag == "" {
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

func (d *dialect) run(c *call, handle func(*call) (answer, error)) (answer, error) {
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
	if a.status != http.StatusNotModified {
		h.Set("Content-Type", a.kind)
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if r.Method == http.MethodHead || a.status == http.StatusNotModified {
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
func (f *Forge) quota(d *dialect, anonymous bool) *quota {
	key := quotaKey{d.provider, anonymous}
	now := f.options.Now()
	q := f.quotas[key]
	if q == nil || !now.Before(q.reset) {
		q = &quota{limit: d.limit, reset: now.Add(d.window)}
		if anonymous && d.service.Token != "" {
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

// number reads a query parameter that is a positive number, at most max.
func (c *call) number(name string, otherwise, most int) int {
	n, err := strconv.Atoi(c.URL.Query().Get(name))
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, most)
}

// page cuts one page out of a list.
type page struct{ number, size int }

func (c *call) page(size int) page {
	return page{c.number("page", 1, 1<<20), c.number("per_page", size, 100)}
}

// cut is the page's share of a list of n.
func (p page) cut(n int) (from, to int) {
	return min((p.number-1)*p.size, n), min(p.number*p.size, n)
}

// link is the address of the same call with some query parameters changed.
func (c *call) link(rel string, set map[string]string) string {
	q := c.URL.Query()
	for name, value := range set {
		q.Set(name, value)
	}
	u := url.URL{Path: c.URL.Path, RawPath: c.URL.RawPath, RawQuery: q.Encode()}
	return fmt.Sprintf("<%s%s>; rel=%q", c.forge.options.URL, u.String(), rel)
}

// text is an answer that is not JSON.
func text(body []byte, kind string) answer {
	if body == nil {
		body = []byte{}
	}
	return answer{body: body, kind: kind}
}
