package demoforge

import (
	"fmt"
	"net/http"
	"strings"
)

// caller is who asks.
type caller struct {
	kind         callerKind
	shutOut      bool // anonymous, although private things need a token
	app          *App
	installation *installation
}

type callerKind int

const (
	anonymous callerKind = iota
	withToken
	asApp
	asInstallation
)

// quota is the name that the caller's requests are counted by.
func (c caller) quota() string {
	switch c.kind {
	case withToken:
		return "token"
	case asApp:
		return fmt.Sprint("app ", c.app.id)
	case asInstallation:
		return fmt.Sprint("installation ", c.installation.id)
	default:
		return ""
	}
}

// authenticate tells who offers a token.
func (f *Forge) authenticate(d *dialect, offered string) (caller, error) {
	if offered == "" {
		return caller{shutOut: d.service.Token != ""}, nil
	}
	if d.provider == GitHub {
		if strings.Count(offered, ".") == 2 {
			app, err := f.appOf(offered)
			return caller{kind: asApp, app: app}, err
		}
		if t := f.tokens[offered]; t != nil && f.options.Now().Before(t.expires) && !t.installation.suspended {
			return caller{kind: asInstallation, app: t.installation.app, installation: t.installation}, nil
		} else if strings.HasPrefix(offered, "ghs_") {
			return caller{}, refusal{status: http.StatusUnauthorized, message: "Bad credentials"}
		}
	}
	if d.service.Token != "" && offered != d.service.Token {
		return caller{}, refusal{status: http.StatusUnauthorized, message: "Bad credentials"}
	}
	return caller{kind: withToken}, nil
}
