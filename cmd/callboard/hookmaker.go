package main

import (
	"cmp"
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// hookMaker makes the webhooks of sources at their forges, which can take long: a
// group that can have none of its own gets one for each project. So whoever asks for
// it does not wait for the end, and no secret leaves the portal but to the forge.
type hookMaker struct {
	portal *portal
	asked  chan hookWork
	kept   *keptWebhooks

	mu     sync.Mutex
	states map[string]api.Webhook
	runs   map[string]hookRun
}

func newHookMaker(p *portal) (*hookMaker, error) {
	kept, err := readWebhooks(filepath.Join(p.config.Data, fileWebhooks))
	return &hookMaker{portal: p, asked: make(chan hookWork), kept: kept, states: map[string]api.Webhook{}, runs: map[string]hookRun{}}, err
}

// hookRun is the making of the webhook of one source.
type hookRun struct {
	calledOff chan struct{} // closed if nobody wants it any more
	ended     chan struct{} // closed once nothing is made any more
}

// hookWork is a webhook that is to be made, or one for each project.
type hookWork struct {
	source  config.Source
	payload string
	// taken is told once, that the forge has taken a webhook or why it did not take the
	// first: the others may take long.
	taken chan error
	hookRun
}

// begin has the webhook of a source made that sends to an address, or the one changed
// that is there; empty is the address that it was made with before, else the portal's
// own. If the portal ends before that is done, it is gone on with at the next start. The
// error is of kind fault.NotFound if there is no such source, fault.Conflict if its
// webhook is being made or cannot be, and fault.Invalid for an address that does not
// lead to it.
func (m *hookMaker) begin(ctx context.Context, name, payload string) (hookWork, error) {
	w, err := m.prepare(name, payload)
	if err != nil {
		return w, err
	}
	if err = m.portal.noteWork(ctx, name, event.WorkWebhook); err == nil {
		select {
		case m.asked <- w:
			return w, nil
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	m.change(name, func(s *api.Webhook) { *s = api.Webhook{Error: "it was called off"} })
	close(w.ended)
	return hookWork{}, err
}

func (m *hookMaker) prepare(name, payload string) (hookWork, error) {
	source, _, ok := m.portal.sourceNamed(name)
	if !ok {
		return hookWork{}, fault.New(fault.NotFound, "there is no source %q in the configuration", name)
	}
	if err := makable(source); err != nil {
		return hookWork{}, err
	}
	if payload == "" {
		payload = m.payload(source)
	}
	if u, err := url.Parse(payload); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !strings.HasSuffix(u.Path, "/hooks/"+name) {
		return hookWork{}, fault.New(fault.Invalid, "%q is no address that leads to source %s: it has to end in /hooks/%s", payload, name, name)
	}
	run, ok := m.claim(name)
	if !ok {
		return hookWork{}, fault.New(fault.Conflict, "the webhook of source %s is being made", name)
	}
	elsewhere := payload
	if payload == m.portal.ownPayload(source) {
		elsewhere = ""
	}
	err := m.kept.change(func(all map[string]keptWebhook) { all[name] = keptWebhook{URL: elsewhere} })
	if err != nil {
		m.change(name, func(s *api.Webhook) { *s = api.Webhook{Error: errorForPeople(err)} })
		close(run.ended)
		return hookWork{}, err
	}
	return hookWork{source, payload, make(chan error, 1), run}, nil
}

// payload is where the webhook of a source sends to: as the configuration says, else
// where it was made to lead.
func (m *hookMaker) payload(s config.Source) string {
	if kept, _ := m.kept.get(s.Name); kept.URL != "" && s.WebhookURL == "" {
		return kept.URL
	}
	return m.portal.ownPayload(s)
}

// makable reports what keeps the webhook of a source from being made here.
func makable(s config.Source) error {
	switch {
	case s.App != (config.App{}):
		return fault.New(fault.Conflict, "source %s is an App, which has a webhook of its own", s.Name)
	case s.Type != config.GitHub && s.Type != config.GitLab, len(s.Organizations)+len(s.Groups) == 0:
		return fault.New(fault.Conflict, "source %s names no organisation and no group that a webhook could be made for", s.Name)
	case s.SigningToken != "":
		return fault.New(fault.Conflict, "the webhook of source %s signs with a token: it is made by hand", s.Name)
	}
	return nil
}

// claim marks the webhook of a source as being made; false if it is.
func (m *hookMaker) claim(name string) (hookRun, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.states[name].Running {
		return hookRun{}, false
	}
	run := hookRun{make(chan struct{}), make(chan struct{})}
	m.states[name], m.runs[name] = api.Webhook{Running: true}, run
	return run, true
}

// state is what became of the webhook of a source; false if none was asked for since
// the start.
func (m *hookMaker) state(name string) (api.Webhook, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.states[name]
	return s, ok
}

// makes reports whether the webhook of a source is the portal's own work.
func (m *hookMaker) makes(name string) bool {
	_, ok := m.kept.get(name)
	return ok
}

// forget drops what became of the webhook of a source. Once it returns, none is made.
func (m *hookMaker) forget(name string) error {
	m.mu.Lock()
	run, ok := m.runs[name]
	delete(m.states, name)
	delete(m.runs, name)
	m.mu.Unlock()
	if ok {
		close(run.calledOff)
		<-run.ended
	}
	return m.kept.change(func(all map[string]keptWebhook) { delete(all, name) })
}

// change says how far a webhook is, unless that is forgotten.
func (m *hookMaker) change(name string, change func(*api.Webhook)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.states[name]; ok {
		change(&s)
		m.states[name] = s
	}
}

// run makes what is asked for until ctx ends, and first what the portal was making when
// it ended before.
func (m *hookMaker) run(ctx context.Context) error {
	var g errgroup.Group
	for name, kept := range m.kept.unmade() {
		w, err := m.prepare(name, kept.URL)
		if err != nil { // it was taken away, or cannot be made any more
			m.portal.logger.WarnContext(ctx, "the webhook of a source is not gone on with", "source", name, "error", err)
			continue
		}
		g.Go(func() error { m.work(ctx, w); return nil })
	}
	for {
		select {
		case <-ctx.Done():
			return g.Wait()
		case w := <-m.asked:
			g.Go(func() error { m.work(ctx, w); return nil })
		}
	}
}

// work makes webhooks, has the forge try one, and keeps how it went.
func (m *hookMaker) work(ctx context.Context, w hookWork) {
	name := w.source.Name
	defer close(w.ended)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-w.calledOff:
			cancel()
		case <-ctx.Done():
		}
	}()
	var once sync.Once
	taken := func(err error) { once.Do(func() { w.taken <- err }) }
	err := m.make(ctx, w, func() { taken(nil) })
	m.change(name, func(s *api.Webhook) { s.Running, s.Error = false, errorForPeople(err) })
	if err != nil {
		m.portal.logger.WarnContext(ctx, "the webhook of a source could not be made, or not be tried", "source", name, "error", err)
	}
	taken(err)
}

func (m *hookMaker) make(ctx context.Context, w hookWork, taken func()) error {
	name := w.source.Name
	at, err := newAtForge(w.source, func(done int) {
		m.change(name, func(s *api.Webhook) { s.Done = done })
		taken()
	})
	if err != nil {
		return err
	}
	says, ping, err := at.hook(ctx, w.payload)
	if err != nil {
		return err
	}
	m.change(name, func(s *api.Webhook) { s.Made = says })
	err = m.kept.change(func(all map[string]keptWebhook) {
		if kept, ok := all[name]; ok {
			kept.Made = true
			all[name] = kept
		}
	})
	if err != nil {
		return err
	}
	taken()
	if err := ping(ctx); err != nil {
		return err
	}
	m.portal.intake().surveyor.Check(name) // which webhooks there are is seen anew
	return nil
}

// errorForPeople is what an error says to those who are not to know our mistakes.
func errorForPeople(err error) string {
	switch {
	case err == nil:
		return ""
	case fault.KindOf(err) == fault.Internal:
		return "it is our mistake; the portal's log says more"
	}
	return err.Error()
}

// ownPayload is where the webhook of a source sends to, unless it was made to lead
// elsewhere.
func (p *portal) ownPayload(s config.Source) string {
	return cmp.Or(s.WebhookURL, p.url()+"/hooks/"+url.PathEscape(s.Name))
}
