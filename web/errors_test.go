package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web"
)

var errDisk = errors.New("read secret-place.db: disk I/O error")

// brokenHistory answers with an error, or panics.
type brokenHistory struct{ err error }

func (b brokenHistory) Events(context.Context, history.Filter) (history.Page, error) {
	if b.err == nil {
		panic("history fell over")
	}
	return history.Page{}, b.err
}

func (b brokenHistory) Event(context.Context, eventlog.Position) (history.Entry, error) {
	return history.Entry{}, b.err
}

func TestErrorsBecomePages(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		status int
		says   []string
		logged bool
	}{
		{"internal", errDisk, 500, []string{"This page could not be made", "It is our mistake, and it is on record as", "The catalog itself is fine.", "Try again"}, true},
		{"wrapped", fmt.Errorf("page: %w", fault.New(fault.NotFound, "there is no event 9")), 404, []string{"Page: there is no event 9."}, false},
		{"invalid", fault.New(fault.Invalid, "from=x is no date"), 400, []string{"from=x is no date.", "Nothing was searched", "Start without filters"}, false},
		{"conflict", fault.New(fault.Conflict, "it was handled meanwhile"), 409, []string{"It was handled meanwhile.", "Nothing was changed."}, false},
		{"denied", fault.New(fault.Denied, "no"), 403, []string{"not for you"}, false},
		{"unavailable", fault.Later(7*time.Second, "history is locked at secret-place.db"), 503, []string{"cannot be read just now", "nothing is lost", "Try again"}, true},
		{"panic", nil, 500, []string{"This page could not be made"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := acme(t, func(c *web.Config) { c.History = brokenHistory{tt.err} })
			got := p.get("/audit?source=github")
			if got.status != tt.status {
				t.Errorf("status %d, want %d", got.status, tt.status)
			}
			got.wants(".error-card", tt.says...)
			if len(got.all(".nav a")) == 0 {
				t.Error("there is no way on")
			}
			if strings.Contains(got.body, "secret-place") || strings.Contains(got.body, "fell over") {
				t.Error("what is internal reached the reader")
			}
			if tt.status < 500 {
				return
			}
			id := got.text(".where")
			if id == "" || !strings.Contains(p.log.String(), "request="+id) {
				t.Errorf("the page says %q, which the log does not know: %s", id, p.log)
			}
			if !tt.logged {
				t.Errorf("logged though it is nobody's mistake: %s", p.log)
			}
			if try := got.follow(".error-card a", "Try again"); try != "/audit?source=github" {
				t.Errorf("the way on is %q", try)
			}
		})
	}
	p := acme(t, func(c *web.Config) { c.History = brokenHistory{fault.Later(7*time.Second, "locked")} })
	if got := p.get("/audit").header.Get("Retry-After"); got != "7" {
		t.Errorf("Retry-After %q, want 7", got)
	}
}

func TestUnknownAddresses(t *testing.T) {
	p := acme(t)
	for _, address := range []string{"/nowhere", "/catalog/default", "/audit/x", "/audit/0", "/audit/99999999999999999999", "/settings"} {
		got := p.get(address)
		if got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", address, got.status)
		}
		got.wants("h1", "There is no such page")
	}
}

// A path that a browser would take for another host's must not become a link.
func TestErrorsLeadNowhereElse(t *testing.T) {
	p := acme(t, func(c *web.Config) { c.History = brokenHistory{errDisk} })
	for _, address := range []string{"http://portal.example//evil.example/x", "http://portal.example/catalog/default/component/%2F%2Fevil.example"} {
		got := p.get(address)
		for _, a := range got.all("main a, form") {
			for _, name := range []string{"href", "action"} {
				if to := attr(a, name); strings.HasPrefix(to, "//") || strings.Contains(to, "://evil") {
					t.Errorf("%s: a link to %q", address, to)
				}
			}
		}
	}
}
