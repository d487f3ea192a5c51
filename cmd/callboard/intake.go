package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/cloudevents"
	"github.com/callboard/callboard/ingest/forgeapi"
	gitsource "github.com/callboard/callboard/ingest/git"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/ingest/survey"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/web"
)

// intake is what brings things in, as a configuration says: sources, what reads
// them, and locations. Another configuration is another intake; the door, the logs
// and the read models stay.
type intake struct {
	config     config.Config
	inFile     int // of its sources, the first so many: the others were connected
	sources    []ingest.Source
	translator *ingest.Translator
	reactors   *reactor.Runner // over the deliveries log
	reclaims   *reactor.Runner // over the event log
	locations  *ingest.Locations
	surveyor   *survey.Surveyor
	judge      *checks.Judge
	watch      *checks.Watch
	metrics    *prometheus.Registry
}

// newIntake makes the intake of a configuration, of whose sources the first so many
// stand in the file. Nothing of it runs.
func (p *portal) newIntake(c config.Config, inFile int) (*intake, error) {
	in := &intake{config: c, inFile: inFile, metrics: prometheus.NewRegistry()}
	var err error
	if in.sources, err = newSources(c, func(s config.Source) string { return p.hooks.payload(s) }, in.metrics, p.options); err != nil {
		return nil, err
	}
	selections := map[string]ingest.Selection{}
	for _, s := range c.Sources {
		selections[s.Name] = selectionOf(s)
	}
	said := entityLog{p.runner, p.history}
	in.translator = ingest.NewTranslator(ingest.TranslatorOptions{
		Sources: in.sources, Selections: selections, Kinds: kindsOf(p.config), Deliveries: p.inbox, Log: p.events,
		Known: known{p.runner, p.catalog}, Reached: p.deliveries, Positions: positions{p.inbox, p.inboxes, p.deliveries}, Entities: said, Led: said.led,
		Repositories: knownRepositories{p.runner, p.repositories}, Named: p.named.files, Guard: c.Catalog.Processing.RemovalGuard,
		Survey: func(source string) { in.surveyor.Survey(source) }, ReadPeople: func(source string) { in.surveyor.ReadPeople(source) }, Logger: p.logger, Now: p.now,
		Docs: &ingest.DocsOptions{Known: knownDocs{p.runner, p.docs}, Contents: p.contents},
	})
	in.watch = p.newWatch(c, in)
	works := append(in.translator.Reactors(), in.watch.Reactors()...)
	if in.reactors, err = reactor.New(p.inbox, p.inbox, reactor.Options{Logger: p.logger, Metrics: in.metrics}, works...); err != nil {
		return nil, err
	}
	asked := p.surveyed()
	in.surveyor, err = survey.New(survey.Options{
		Sources: surveys(c, in.sources, selections, p.untried), Translator: in.translator, Door: p.door, Repositories: asked, Deliveries: asked,
		Logger: p.logger, Now: p.now,
	})
	if err != nil {
		return nil, err
	}
	locations, err := locationsOptions(c.Catalog)
	if err != nil {
		return nil, err
	}
	locations.Registered, locations.Logger = known{p.runner, p.catalog}, p.logger
	in.locations = ingest.NewLocations(in.translator, locations)
	in.reclaims, err = reactor.New(p.events, p.events, reactor.Options{Logger: p.logger, Metrics: in.metrics}, in.translator.Reclaim(), in.locations.Reclaim())
	return in, err
}

// run works until ctx ends, which is no error.
func (in *intake) run(ctx context.Context, survey bool) error {
	works := []func(context.Context) error{in.reactors.Run, in.reclaims.Run, in.locations.Run}
	if survey {
		works = append(works, in.surveyor.Run)
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, work := range works {
		g.Go(func() error { return work(ctx) })
	}
	err := g.Wait()
	for _, s := range in.sources {
		if open, ok := s.(io.Closer); ok {
			err = errors.Join(err, open.Close())
		}
	}
	return err
}

// newSources makes what the configuration lists; payload is where a webhook sends to.
func newSources(c config.Config, payload func(config.Source) string, metrics prometheus.Registerer, o portalOptions) ([]ingest.Source, error) {
	var all []ingest.Source
	for _, s := range c.Sources {
		source, err := newSource(s, func() string { return payload(s) }, c.Data, metrics, o)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		all = append(all, source)
	}
	return all, nil
}

// answersOf is the file with what a source's forge answered, and cloneOf the folder of a
// git source's clone.
func answersOf(data, source string) string { return filepath.Join(data, "forge-"+source+".answers") }
func cloneOf(data, source string) string   { return filepath.Join(data, "git-"+source) }

// newSource makes one source, which keeps in the data folder what it need not ask for
// again.
func newSource(s config.Source, payload func() string, data string, metrics prometheus.Registerer, o portalOptions) (ingest.Source, error) {
	switch s.Type {
	case config.GitHub:
		return github.New(github.Options{
			Name: s.Name, URL: s.URL, Token: s.Token.Reveal(), App: githubApp(s.App), WebhookSecret: s.WebhookSecret.Reveal(), PreviousSecret: s.PreviousSecret.Reveal(),
			Organizations: s.Organizations, Repositories: s.Repositories, Payload: payload, Cache: answersOf(data, s.Name), Metrics: metrics, Now: o.now,
		})
	case config.GitLab:
		return gitlab.New(gitlab.Options{
			Name: s.Name, URL: s.URL, Token: s.Token.Reveal(), WebhookSecret: s.WebhookSecret.Reveal(), PreviousSecret: s.PreviousSecret.Reveal(),
			SigningToken: s.SigningToken.Reveal(), PreviousToken: s.PreviousSigningToken.Reveal(),
			Groups: s.Groups, Payload: payload, Cache: answersOf(data, s.Name), Metrics: metrics, Now: o.now,
		})
	case config.Git:
		return gitsource.New(gitsource.Options{
			Name: s.Name, URL: s.URL, Branch: s.Branch, Token: s.Token.Reveal(), Dir: cloneOf(data, s.Name),
			WebhookSecret: s.WebhookSecret.Reveal(), PreviousSecret: s.PreviousSecret.Reveal(),
		})
	case config.CloudEvents:
		return cloudevents.New(cloudevents.Options{Name: s.Name, WebhookSecret: s.WebhookSecret.Reveal(), PreviousSecret: s.PreviousSecret.Reveal()})
	default:
		return nil, fmt.Errorf("%q is no type of source", s.Type)
	}
}

// githubApp is nil if none is configured.
func githubApp(a config.App) *github.App {
	if a == (config.App{}) {
		return nil
	}
	id, installation := a.Numbers()
	return &github.App{ID: id, Installation: installation, PrivateKey: a.PrivateKeyFile}
}

// surveys lists what can be surveyed of each source, and is to be by now.
func surveys(c config.Config, sources []ingest.Source, selections map[string]ingest.Selection, untried map[string]bool) []survey.Source {
	var all []survey.Source
	for i, s := range sources {
		if c.Sources[i].Reconcile == config.Never || s.Forge() == nil || untried[s.Name()] {
			continue
		}
		one := survey.Source{Name: s.Name(), Forge: s.Forge(), Selection: selections[s.Name()], Compare: c.Sources[i].Reconcile, Grace: time.Duration(c.Sources[i].Grace)}
		if c.Sources[i].Type == config.Git {
			one.Compare, one.Grace = "@every "+cmp.Or(time.Duration(c.Sources[i].Poll), 5*time.Minute).String(), cmp.Or(one.Grace, time.Second)
		}
		one.Lister, _ = s.(survey.Lister)
		if saver, ok := s.(interface{ Save() error }); ok {
			one.Save = saver.Save
		}
		one.Sent, _ = s.(survey.Sent)
		if c.Sources[i].ReadsPeople() {
			one.Directory, _ = s.(ingest.Directory)
		}
		if b, ok := s.(interface{ Budget() forgeapi.Budget }); ok {
			one.Budget = func() survey.Budget { return survey.Budget(b.Budget()) }
		}
		all = append(all, one)
	}
	return all
}

// apiSources and webSources list the sources of the present intake.
func (p *portal) apiSources() []api.Source {
	var all []api.Source
	in := p.intake()
	for _, s := range in.config.Sources {
		all = append(all, api.Source{Name: s.Name, Type: s.Type, URL: p.hooks.payload(s), Connected: in.connected(s.Name)})
	}
	return all
}

// connected reports whether a source was connected while the portal ran.
func (in *intake) connected(name string) bool {
	return placeOf(in.config.Sources, name) >= in.inFile
}

func (p *portal) webSources() []web.Source {
	var all []web.Source
	in := p.intake()
	for _, s := range in.config.Sources {
		one := pageSource(s)
		one.Connected, one.Payload = in.connected(s.Name), p.hooks.payload(s)
		all = append(all, one)
	}
	return all
}
