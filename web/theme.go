package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/callboard/callboard/internal/fault"
)

const (
	themePath   = "/settings/theme"
	themeCookie = "callboard_theme"
)

func chosenTheme(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || c.Value != "light" && c.Value != "dark" {
		return ""
	}
	return c.Value
}

// theme handles "POST /settings/theme".
func (s *Site) theme(_ context.Context, b browser, form url.Values) (string, error) {
	c := http.Cookie{Name: themeCookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 365 * 24 * 3600}
	switch chosen := form.Get("theme"); chosen {
	case "light", "dark":
		c.Value = chosen
	case "":
		c.MaxAge = -1
	default:
		return "", fault.New(fault.Invalid, "theme is %q; it can be light, dark or empty", chosen)
	}
	b.keep(&c)
	return parseLocal(backOr(form, catalogPath)).String(), nil
}

// backOr is the address that a form asks to come back to, if it is one of ours.
func backOr(form url.Values, otherwise string) string {
	if back := form.Get("back"); local(back) {
		return back
	}
	return otherwise
}
