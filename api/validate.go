package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
)

// handleValidate handles "POST /api/catalog/validate-entity": whether an entity
// would be taken, without taking it. What placeholders bring in is not looked at.
func (a *API) handleValidate(c echo.Context) error {
	var in struct {
		Location string `json:"location"`
	}
	body, err := readBody(c, bodyValidate, &in)
	if err != nil {
		return err
	}
	entity := body["entity"].(map[string]any)
	v := catalog.EnvelopeVerdict(entity)
	if v == nil {
		v = locationVerdict(in.Location)
	}
	if v == nil {
		leaveOpen(entity)
		v = a.Kinds.Verdict(entity)
	}
	if v == nil {
		return c.NoContent(http.StatusOK)
	}
	return writeJSON(c, http.StatusBadRequest, map[string]any{"errors": []any{v}})
}

var script = regexp.MustCompile(`(?i)^[\x00-\x1f ]*j[\r\n\t]*a[\r\n\t]*v[\r\n\t]*a[\r\n\t]*s[\r\n\t]*c[\r\n\t]*r[\r\n\t]*i[\r\n\t]*p[\r\n\t]*t[\r\n\t]*:`)

// locationVerdict checks the location that the entity is said to be read from.
func locationVerdict(ref string) *catalog.Verdict {
	typ, target, ok := strings.Cut(ref, ":")
	typ, target = strings.TrimSpace(typ), strings.TrimSpace(target)
	wrong := func(format string, args ...any) *catalog.Verdict {
		return &catalog.Verdict{Name: "TypeError", Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case !ok || typ == "" || target == "":
		return wrong("Unable to parse location ref '%s', expected '<type>:<target>', e.g. 'url:https://host/path'", ref)
	case typ == "http" || typ == "https":
		return wrong("Invalid location ref '%s', please prefix it with 'url:', e.g. 'url:%s'", ref, ref)
	case script.MatchString(target):
		return wrong("Invalid location ref '%s', target is a javascript: URL", ref)
	case typ != "url":
		return wrong("Invalid location ref %s, only 'url:<target>' is supported, e.g. url:https://host/path", ref)
	}
	return nil
}

// leaveOpen puts catalog.Unresolved where placeholders are.
func leaveOpen(v any) {
	each := func(of any, set func(any)) {
		if m, ok := of.(map[string]any); ok && len(m) == 1 {
			for _, key := range []string{"$text", "$json", "$yaml"} {
				if _, ok := m[key]; ok {
					set(catalog.Unresolved{})
					return
				}
			}
		}
		leaveOpen(of)
	}
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			each(value, func(open any) { v[key] = open })
		}
	case []any:
		for i, value := range v {
			each(value, func(open any) { v[i] = open })
		}
	}
}
