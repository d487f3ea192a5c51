package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

// Nobody signs in: who acts on pages says so once, and a cookie keeps it.
const (
	youPath   = "/settings/you"
	youCookie = "callboard_by"
)

// NameIn returns what whoever asks calls themselves, as pages keep it; "" if they did
// not say.
func NameIn(r *http.Request) string {
	c, err := r.Cookie(youCookie)
	if err != nil {
		return ""
	}
	name, err := url.QueryUnescape(c.Value)
	if err != nil || !event.IsName(name) {
		return ""
	}
	return name
}

func nameCookie(name string) *http.Cookie {
	c := &http.Cookie{Name: youCookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 365 * 24 * 3600}
	if c.Value = url.QueryEscape(name); c.Value == "" {
		c.MaxAge = -1
	}
	return c
}

// you handles "POST /settings/you".
func (s *Site) you(_ context.Context, b browser, form url.Values) (string, error) {
	name := strings.TrimSpace(form.Get(fieldBy))
	if name != "" && !event.IsName(name) {
		return "", fault.New(fault.Invalid, "a name is a line of at most %d characters, with something to see in it", event.MaxName)
	}
	b.keep(nameCookie(name))
	return parseLocal(backOr(form, catalogPath)).String(), nil
}
