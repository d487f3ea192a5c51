package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web"
)

// pageConnecting is the pages' door to connecting sources.
type pageConnecting struct {
	portal *portal
	away   *away
}

var _ web.Connecting = pageConnecting{}

// Connect implements [web.Connecting]. The source is there before its webhook is made,
// so that what the forge sends at once is taken; it is taken away again if the forge
// refuses the webhook, and nothing is read of it before.
func (c pageConnecting) Connect(ctx context.Context, n web.NewSource) (secret string, err error) {
	s := newSourceConfig(n)
	s.Token = config.Secret(n.Token)
	s = withSecret(s)
	at, err := newAtForge(s, func(int) {})
	if err == nil {
		err = at.check(ctx)
	}
	if err != nil {
		return "", pageMisfit(err)
	}
	// Whoever hangs up from here on leaves nothing half done.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	if err := c.portal.add(ctx, addition{source: s, untried: n.Hook}); err != nil {
		return "", pageMisfit(err)
	}
	if !n.Hook {
		return s.WebhookSecret.Reveal(), nil
	}
	if err := c.makeHook(ctx, n.Name); err != nil {
		return "", hookMisfit(errors.Join(err, c.portal.disconnect(ctx, n.Name)))
	}
	return "", c.portal.tried(ctx, n.Name)
}

// Webhook implements [web.Connecting].
func (c pageConnecting) Webhook(source string) (web.Webhook, bool) {
	w, ok := c.portal.hooks.state(source)
	return web.Webhook(w), ok
}

// makeHook has the webhook of a new source made, or the first of many: what becomes of
// the others is told where one waits for the source.
func (c pageConnecting) makeHook(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	w, err := c.portal.hooks.begin(ctx, name, "")
	if err != nil {
		return err
	}
	select {
	case err := <-w.taken:
		return err
	case <-ctx.Done():
		return nil // the forge is slow, and it is gone on with
	}
}

// newSourceConfig is what was filled in, as the configuration has it, without secrets.
func newSourceConfig(n web.NewSource) config.Source {
	s := config.Source{Name: n.Name, Type: n.Type, URL: n.URL, Branch: n.Branch}
	switch n.Type {
	case config.GitHub:
		s.Organizations = []string{n.Owner}
	case config.GitLab:
		s.Groups = []string{n.Owner}
	}
	return s
}

// pageMisfit names the field that is wrong, where a forge says which.
func pageMisfit(err error) error {
	if m, ok := misfitOf(err); ok {
		return &web.Misfit{Field: string(m.Setting), Err: m.Err}
	}
	return err
}

// hookMisfit is what is said of a token that the webhook could not be made with.
func hookMisfit(err error) error {
	switch fault.KindOf(err) {
	case fault.Denied, fault.NotFound:
		return &web.Misfit{Field: "token", Err: fault.New(fault.Denied, "%w. Or make the webhook by hand: take the tick away", err)}
	}
	return err
}

// AskForApp implements [web.Connecting].
func (c pageConnecting) AskForApp(ctx context.Context, n web.NewSource, redirect, setup string) (action, manifest string, err error) {
	if err := c.portal.mayAdd(ctx, newSourceConfig(n)); err != nil { // before an App is made for nothing
		return "", "", pageMisfit(err)
	}
	base := c.portal.url()
	m, err := json.Marshal(github.NewManifest("Callboard of "+n.Owner, base, base+"/hooks/"+url.PathEscape(n.Name), redirect, setup))
	if err != nil {
		return "", "", err
	}
	state := c.away.send(n)
	return n.Pages + "/organizations/" + url.PathEscape(n.Owner) + "/settings/apps/new?state=" + state, string(m), nil
}

// AppMade implements [web.Connecting].
func (c pageConnecting) AppMade(ctx context.Context, state, code string) (install string, err error) {
	sent, ok := c.away.back(state)
	if !ok {
		return "", fault.New(fault.Denied, "nobody was sent to the forge from here with this state, or it came before, or more than an hour ago: begin anew")
	}
	n := sent.source
	if _, _, taken := c.portal.sourceNamed(n.Name); taken {
		return "", fault.New(fault.Conflict, "there is a source %s by now: delete the App at the forge, and begin anew with another name", n.Name)
	}
	// The forge gives the App's secrets once: whoever hangs up now would lose them.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	app, err := github.MakeApp(ctx, n.URL, code)
	if fault.KindOf(err) == fault.Unavailable { // then the code counts still
		c.away.again(state, sent)
		err = fault.New(fault.Unavailable, "%w. Load this page again to try it once more", err)
	}
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(app.Owner, n.Owner) {
		return "", fault.New(fault.Conflict, "the App belongs to %s and not to %s: delete it at the forge, and begin anew", app.Owner, n.Owner)
	}
	s := newSourceConfig(n)
	s.WebhookSecret = config.Secret(app.WebhookSecret)
	s.App = config.App{ID: strconv.FormatInt(app.ID, 10), PrivateKeyFile: c.portal.keyFile(n.Name)}
	if err := c.portal.add(ctx, addition{source: s, key: app.PrivateKey}); err != nil {
		return "", fault.New(fault.KindOf(err), "%w. Delete the App at the forge, and begin anew", err)
	}
	page := app.Page
	if !strings.HasPrefix(page, n.Pages+"/") { // nobody is led to another site
		page = n.Pages + "/apps/" + url.PathEscape(app.Slug)
	}
	return page + "/installations/new", nil
}

// keyFile is where the key of a source's App is kept.
func (p *portal) keyFile(source string) string {
	return filepath.Join(p.config.Data, "app-"+source+".pem")
}

// How long it may take to have a new source run, be its visitor there or not, which is
// less than a page may take; and how long to wait for its webhook meanwhile.
const (
	connectTimeout = 45 * time.Second
	hookTimeout    = 30 * time.Second
)

const (
	awayFor = time.Hour // as long as a forge's code counts
	maxAway = 100
)

// away are those who were sent to a forge to make an App, by the state that they come
// back with: it cannot be guessed, and counts once.
type away struct {
	now func() time.Time

	mu  sync.Mutex
	all map[string]gone
}

type gone struct {
	source web.NewSource
	at     time.Time
}

func newAway(now func() time.Time) *away { return &away{now: now, all: map[string]gone{}} }

// send returns a state for somebody who is sent away. Whoever was away for the longest
// is forgotten if they are too many.
func (a *away) send(n web.NewSource) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var states []string
	for state := range a.all {
		states = append(states, state)
	}
	slices.SortFunc(states, func(x, y string) int { return a.all[y].at.Compare(a.all[x].at) })
	for i, state := range states {
		if i >= maxAway-1 || a.now().Sub(a.all[state].at) > awayFor {
			delete(a.all, state)
		}
	}
	state := rand.Text()
	a.all[state] = gone{n, a.now()}
	return state
}

// back returns who was sent away with a state, who is not away any more; false if
// nobody was.
func (a *away) back(state string) (gone, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	g, ok := a.all[state]
	delete(a.all, state)
	return g, ok && a.now().Sub(g.at) <= awayFor
}

// again has somebody be away still who came back in vain.
func (a *away) again(state string, g gone) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all[state] = g
}
