package subscribers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	contentType = "application/cloudevents-batch+json; charset=utf-8"
	// maxAnswer is how much of an answer is read, so that the connection can be used
	// again, and keptAnswer how much of that is kept for people.
	maxAnswer, keptAnswer = 64 << 10, 500
	// mostRetryAfter bounds what an answer can ask for.
	mostRetryAfter = time.Hour
)

// newClient makes the client of a subscriber. It follows no redirect: what is signed
// goes where the configuration says, and nowhere else.
func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		transport = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			IdleConnTimeout:     90 * time.Second,
			MaxIdleConnsPerHost: 2,
			ForceAttemptHTTP2:   true,
		}
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// send makes one request, and tells what became of it.
func (w *Worker) send(ctx context.Context, kind string, m message) Attempt {
	at := w.options.Now()
	a := Attempt{At: at, Kind: kind, First: m.first, Last: m.last, Events: m.events}
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	var answer Answer
	if w.courier != nil {
		answer = w.courier.Send(ctx, Message{ID: m.id, Records: m.records, At: at, Done: m.done})
	} else {
		answer = w.post(ctx, m, at)
	}
	a.Verdict, a.Status, a.Reason, a.Answer, a.retryAfter = answer.Verdict, answer.Status, answer.Reason, answer.Text, answer.RetryAfter
	a.later, a.partly = answer.Later, partly{m.id, answer.Done}
	a.Took = w.options.Now().Sub(at)
	w.options.metrics.attempts.WithLabelValues(w.Name, string(a.Verdict)).Inc()
	w.options.metrics.took.WithLabelValues(w.Name).Observe(a.Took.Seconds())
	if a.Verdict == Delivered && kind != KindPing {
		w.options.metrics.events.WithLabelValues(w.Name).Add(float64(m.events))
	}
	return a
}

// post sends a message as a signed webhook.
func (w *Worker) post(ctx context.Context, m message, at time.Time) Answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(m.body))
	if err != nil {
		return Answer{Verdict: Unavailable, Reason: "the request cannot be made: " + withoutURL(err)}
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Webhook-Id", m.id)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("Webhook-Signature", sign(w.keys, m.id, at, m.body))
	return Do(w.client, req, at, w.Timeout)
}

// NewClient makes a client of HTTP for one that is sent something. It follows no redirect.
func NewClient() *http.Client { return newClient(nil) }

// Do makes a request at a moment, and tells what its answer means. Nothing of the address
// is told. Timeout is what the context ends after, for people.
func Do(client *http.Client, req *http.Request, at time.Time, timeout time.Duration) Answer {
	req.Header.Set("User-Agent", "Callboard")
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return Answer{Verdict: Unavailable, Reason: fmt.Sprintf("no answer within %s", timeout)}
		}
		return Answer{Verdict: Unavailable, Reason: "no answer: " + withoutURL(err)}
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // the status counts, however the body ends
	a := Answer{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header, at), Text: strings.ToValidUTF8(string(text[:min(len(text), keptAnswer)]), "�")}
	a.Verdict, a.Reason = judge(a.Status)
	return a
}

// withoutURL leaves out the address, which may have something secret in its query.
func withoutURL(err error) string {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return err.Error()
}

// judge says what a status means.
func judge(status int) (Verdict, string) {
	says := strings.TrimSpace(fmt.Sprint(status, " ", http.StatusText(status)))
	switch {
	case status/100 == 2:
		return Delivered, ""
	case status == http.StatusGone:
		return Gone, "it answered " + says
	case status/100 == 3:
		return Unavailable, "it answered " + says + ", and redirects are not followed: write where it leads as its url"
	case aboutSubscriber(status):
		return Unavailable, "it answered " + says
	default:
		return Refused, "it answered " + says
	}
}

// aboutSubscriber reports whether a status tells of the subscriber, or of how it is
// reached, and nothing of the events that it was sent.
func aboutSubscriber(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusConflict, http.StatusMisdirectedRequest, http.StatusTooEarly, http.StatusUpgradeRequired, http.StatusTooManyRequests:
		return true
	}
	return status < 400 || status > 499
}

// retryAfter reads the header of that name, seconds or a date; 0 if it says nothing.
// https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, mostRetryAfter)
	}
	if t, err := http.ParseTime(text); err == nil {
		return min(max(0, t.Sub(now)), mostRetryAfter)
	}
	return 0
}
