package main

import (
	"context"
	"slices"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/survey"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web"
)

// newStanding tells how the sources of the portal stand.
func (p *portal) newStanding() *standing.Reader {
	return &standing.Reader{
		Sources:    func() []string { return sourceNames(p.intake().config) },
		Deliveries: p.deliveries, Repositories: p.repositories, Survey: p.surveyOf, Backfill: p.backfills.state, Losing: p.door.Losing, Now: p.now,
	}
}

func sourceNames(c config.Config) []string {
	names := make([]string, len(c.Sources))
	for i, s := range c.Sources {
		names[i] = s.Name
	}
	return names
}

// surveyOf is how the surveys of a source stand.
func (p *portal) surveyOf(source string) (standing.Survey, bool) {
	s, ok := p.surveyStatus(source)
	odd := make([]standing.Odd, len(s.Odd))
	for i, o := range s.Odd {
		odd[i] = standing.Odd(o)
	}
	return standing.Survey{
		Running: s.Running, Done: s.Done, Total: s.Total, Found: s.Found, Compared: s.Compared, Checked: s.Checked, Read: s.Read,
		Err: s.Err, Unseen: s.Unseen, NoHook: standing.NoHook(s.NoHook), Odd: odd, Missing: s.Missing, Budget: standing.Budget(s.Budget),
		People: standing.People{Groups: s.Groups, People: s.People, Read: s.Peopled, Err: s.NoPeople, LeftOut: s.LeftOut},
	}, ok
}

func (p *portal) surveyStatus(source string) (survey.Status, bool) {
	for _, s := range p.intake().surveyor.Status() {
		if s.Source == source {
			return s, true
		}
	}
	return survey.Status{}, false
}

// survey asks to look for what is new in a source.
func (p *portal) survey(ctx context.Context, source string) error {
	if _, ok := p.surveyStatus(source); ok {
		if err := p.noteWork(ctx, source, event.WorkSurvey); err != nil {
			return err
		}
		p.intake().surveyor.SurveyNow(source)
		return nil
	}
	for _, name := range sourceNames(p.intake().config) {
		if name == source {
			return fault.New(fault.Conflict, "source %s is not surveyed: its reconcile is never in the configuration", source)
		}
	}
	return fault.New(fault.NotFound, "there is no source %q in the configuration", source)
}

// allow asks to handle a delivery again that is held.
func (p *portal) allow(ctx context.Context, id, reason string) error {
	return p.ordered(ctx, p.intake().translator.Allow(ctx, id, reason, event.ActorIn(ctx)))
}

// ordered returns err or, once what somebody asked for about a delivery can be read, nil:
// the page that one comes back to is to show it.
func (p *portal) ordered(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	last, err := p.inbox.Last(ctx)
	if err != nil {
		return err
	}
	return p.inboxes.WaitAll(ctx, last)
}

// namedOr is who somebody says that they are beside what they ask for or, if they do
// not, who they are otherwise.
func namedOr(ctx context.Context, by string) event.Actor {
	if by = strings.TrimSpace(by); by != "" {
		return event.Actor{Name: by}
	}
	return event.ActorIn(ctx)
}

// dismiss has a delivery waited for by nobody any more that failed or is held. By is
// what whoever asks calls themselves: nobody signs in.
func (p *portal) dismiss(ctx context.Context, id, reason, by string) error {
	return p.ordered(ctx, p.intake().translator.Dismiss(ctx, id, reason, namedOr(ctx, by)))
}

// refusals are the deliveries of a source that the door did not take.
func (p *portal) refusals(source string) []web.Refusal {
	all := p.door.Refusals(source)
	shown := make([]web.Refusal, len(all))
	for i, r := range all {
		shown[i] = web.Refusal(r)
	}
	return shown
}

// pageSource is a source as the pages tell of it.
func pageSource(s config.Source) web.Source {
	w := web.Source{Name: s.Name, Type: s.Type, App: s.App != (config.App{}), NoHook: s.Type == config.Git && s.WebhookSecret == "", Hookable: makable(s) == nil, Owners: slices.Concat(s.Organizations, s.Groups), Pages: strings.TrimRight(s.URL, "/")}
	switch {
	case s.Type == config.GitHub && (s.URL == "" || strings.Contains(s.URL, "://api.github.com")):
		w.Pages = "https://github.com"
	case s.Type == config.GitHub:
		w.Pages = strings.TrimSuffix(w.Pages, "/api/v3")
	case s.Type == config.GitLab && s.URL == "":
		w.Pages = "https://gitlab.com"
	}
	one, many := "organisation", "organisations"
	if s.Type == config.GitLab {
		one, many = "group", "groups"
	}
	switch {
	case len(s.Repositories) > 0:
		w.Of = strings.Join(s.Repositories, ", ")
	case len(w.Owners) == 1:
		w.Of = one + " " + w.Owners[0]
	case len(w.Owners) > 1:
		w.Of = many + " " + strings.Join(w.Owners, ", ")
	}
	return w
}

// pageInbox reads deliveries as they came.
type pageInbox struct{ log eventlog.Reader }

var _ web.Inbox = pageInbox{}

func (i pageInbox) Payload(ctx context.Context, at eventlog.Position) (web.Payload, error) {
	rec, err := i.log.At(ctx, at)
	if err != nil {
		return web.Payload{}, err
	}
	if rec.Type == event.TypeRepositoryDue {
		d, err := event.DecodeAs[event.RepositoryDue](rec.Event)
		return web.Payload{Look: &d}, err
	}
	d, err := ingest.Open(rec.Event)
	if err != nil {
		return web.Payload{}, err
	}
	p := web.Payload{Headers: map[string]string{}, Body: d.Body}
	for name := range d.Header {
		p.Headers[name] = d.Header.Get(name)
	}
	return p, nil
}
