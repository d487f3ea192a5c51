package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/evidence"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/projections/moments"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/projections/tree"
	"github.com/callboard/callboard/projections/trends"
	"github.com/callboard/callboard/scorecards/scorer"
	"github.com/callboard/callboard/subscribers"
	"github.com/callboard/callboard/subscribers/channels"
	"github.com/callboard/callboard/techdocs/store"
	"github.com/callboard/callboard/web"
)

// The files of a data folder; docs/architecture.md says what each is.
const (
	fileEvents     = "events.db"
	fileDeliveries = "deliveries.db"
	fileHistory    = "history.db"
	fileStatus     = "delivery-status.db"
	fileSources    = "repositories.db"
	fileScores     = "scores.db"
	fileNotices    = "notices.db"
	fileDocs       = "docs.db"
	fileContents   = "docs-contents.db"
	fileSearch     = "search.db"
	fileTree       = "proof.db"
	fileKey        = "proof.key"
	fileCatalog    = "catalog.snapshot"
	fileConnected  = "sources.yaml"
	fileWebhooks   = "webhooks.json"
	fileSent       = "subscribers.db"
	fileChecks     = "checks.db"
)

// portal is the whole of Callboard, wired.
type portal struct {
	config config.Config
	logger *slog.Logger

	events       *sqlitelog.Log // the event log
	inbox        *sqlitelog.Log // the deliveries log
	catalog      *entities.Catalog
	saved        *savedCatalog
	history      *history.History
	moments      *moments.Moments
	ledger       *ledger.Ledger
	deliveries   *deliveries.Deliveries
	repositories *repositories.Repositories
	scores       *scores.Scores
	scorer       *scorer.Scorer
	trials       *scorer.Trials
	trends       trends.Trends
	named        *namedFiles
	notices      *notices.Notices
	docs         *docs.Docs
	contents     *store.Store // of the docs
	search       *search.Search
	tree         *tree.Tree
	sealer       *proof.Sealer
	runner       *projections.Runner // over events
	inboxes      *projections.Runner // over inbox
	door         *ingest.Door
	current      atomic.Pointer[intake]
	next         chan replacement
	file         config.Config   // as it stands in the file, without what was connected
	telling      atomic.Bool     // what happened long ago, as the demo does first
	connecting   sync.Mutex      // held while the intake is replaced
	untried      map[string]bool // sources that nothing is read of until their webhook is made; under connecting
	backfills    *backfills
	rebuilds     *rebuilds
	hooks        *hookMaker
	standing     *standing.Reader
	sent         *subscribers.Store
	checks       *checks.Store
	subscribers  *subscribers.Dispatcher
	channels     *channels.Options // of notices
	echo         *echo.Echo
	listener     net.Listener

	ready   atomic.Bool     // every read model has caught up once
	open    context.Context // ends when answers are to end that last
	closing context.CancelFunc
	now     func() time.Time
	options portalOptions
	closers []func() error
}

// portalOptions are what the commands choose.
type portalOptions struct {
	demo   bool   // no survey runs but what the demo starts itself
	manual string // where the manual is; may be empty
	seal   bool   // the event log is put under seal
	now    func() time.Time
}

// openPortal opens everything and listens. Nothing runs before [portal.run].
func openPortal(ctx context.Context, c config.Config, logger *slog.Logger, o portalOptions) (_ *portal, err error) {
	p := &portal{config: c, logger: logger, now: o.now, options: o, file: c, next: make(chan replacement), untried: map[string]bool{}}
	p.telling.Store(o.demo)
	p.open, p.closing = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	// Listening first tells of a taken port before anything is touched.
	if p.listener, err = listen(ctx, c.Server.Listen, c.Server.Insecure); err != nil {
		return nil, err
	}
	p.closers = append(p.closers, ignoreClosed(p.listener.Close))
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if err := p.openStores(ctx, o); err != nil {
		return nil, err
	}
	p.runner = projections.NewRunner(p.events, logger, p.catalog, p.history, p.repositories, p.scores, p.notices, p.docs, p.search, p.tree)
	p.scorer = scorer.New(scorer.Options{Log: p.events, Kinds: kindsOf(p.config), Now: p.scoreTime, Logger: logger, Versions: p.versions})
	p.trials = scorer.NewTrials(p.open, p.events, kindsOf(p.config), p.now)
	p.trends = trends.Trends{Recorded: p.scores, Trials: p.trials}
	p.moments = moments.New(p.catalog, p.history, p.events, func(ctx context.Context, at eventlog.Position) error { return p.runner.Wait(ctx, history.Name, at) }, p.now)
	p.ledger = ledger.New(p.history, p.moments, kindsOf(p.config), p.now)
	p.inboxes = projections.NewRunner(p.inbox, logger, p.deliveries)
	if err := errors.Join(p.runner.Check(ctx), p.inboxes.Check(ctx)); err != nil {
		return nil, err
	}
	if err := p.openSealer(ctx); err != nil {
		return nil, err
	}

	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	in, err := p.openDoor(metrics)
	if err != nil {
		return nil, err
	}
	p.current.Store(in)
	if p.hooks, err = newHookMaker(p); err != nil {
		return nil, err
	}
	p.backfills, p.rebuilds = newBackfills(p), newRebuilds(p)
	p.standing = p.newStanding()
	if err := errors.Join(registerLag(metrics, p.runner, p.inboxes), registerSources(metrics, p.standing), registerCatalog(metrics, p.catalog, p.isRead), registerSeals(metrics, p.tree, p.sealer)); err != nil {
		return nil, err
	}
	if err := p.openSubscribers(ctx, metrics); err != nil {
		return nil, err
	}
	return p, p.openServer(metrics)
}

// openDoor makes the door, which stays, and the first intake.
func (p *portal) openDoor(metrics prometheus.Registerer) (in *intake, err error) {
	p.door, err = ingest.NewDoor(ingest.DoorOptions{Deliveries: p.inbox, Failures: p.deliveries, Metrics: metrics, Logger: p.logger, Now: p.now})
	if err != nil {
		return nil, err
	}
	stored, err := config.ReadSources(p.storedSources())
	if err != nil {
		return nil, err
	}
	c, err := together(p.file, stored)
	if err != nil {
		return nil, err
	}
	if in, err = p.newIntake(c, len(p.file.Sources)); err == nil {
		p.door.Serve(in.sources)
	}
	return in, err
}

func (p *portal) openStores(ctx context.Context, o portalOptions) (err error) {
	in := func(file string) string { return filepath.Join(p.config.Data, file) }
	if p.events, err = sqlitelog.Open(ctx, in(fileEvents), sqlitelog.WithClock(o.now)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.events.Close)
	if p.inbox, err = sqlitelog.Open(ctx, in(fileDeliveries), sqlitelog.WithClock(o.now), sqlitelog.WithRetention()); err != nil {
		return err
	}
	p.closers = append(p.closers, p.inbox.Close)
	if p.history, err = openHistory(ctx, p.config.History, in(fileHistory)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.history.Close)
	if p.repositories, err = repositories.Open(ctx, in(fileSources)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.repositories.Close)
	if p.scores, err = scores.Open(ctx, in(fileScores)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.scores.Close)
	if p.notices, err = notices.Open(ctx, in(fileNotices), time.Duration(p.config.Notices.Grace)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.notices.Close)
	if p.docs, err = docs.Open(ctx, in(fileDocs)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.docs.Close)
	if p.contents, err = store.Open(ctx, in(fileContents), p.logger); err != nil {
		return err
	}
	p.closers = append(p.closers, p.contents.Close)
	if p.search, err = search.Open(ctx, in(fileSearch), p.contents, kindsOf(p.config)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.search.Close)
	if p.tree, err = tree.Open(ctx, in(fileTree)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.tree.Close)
	if p.deliveries, err = deliveries.Open(ctx, in(fileStatus), o.now); err != nil {
		return err
	}
	p.closers = append(p.closers, p.deliveries.Close)
	if p.sent, err = subscribers.Open(ctx, in(fileSent)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.sent.Close)
	if p.checks, err = checks.OpenStore(ctx, in(fileChecks)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.checks.Close)
	p.catalog = entities.NewOf(kindsOf(p.config))
	p.named = &namedFiles{catalog: p.catalog}
	p.saved = &savedCatalog{path: in(fileCatalog), catalog: p.catalog, logger: p.logger}
	return p.saved.restore(ctx, p.events)
}

// openServer puts the routes together.
func (p *portal) openServer(metrics *prometheus.Registry) error {
	token, err := loadToken(p.config.Data)
	if err != nil {
		return err
	}
	base, kinds := p.url(), kindsOf(p.config)
	asked, decided := p.newDesk(), agreements.Reader{Scores: p.scores, Events: p.history, Then: p.catalogAt}
	p.echo = newEcho(p.logger, newGuard(p.config.Server, p.listener.Addr(), token), p.gate)
	p.door.Register(p.echo)

	answers := api.New(api.Config{
		Catalog: p.catalog.Snapshot, Moments: p.moments, History: p.history, Ledger: p.ledger, Deliveries: p.deliveries, Facts: p.repositories, Scores: p.scores, Trends: p.trends, Trials: p.trials, Notices: p.notices, Docs: p.docs, Contents: p.contents, Search: p.search, Performance: p.scorer.Performance, Explain: p.scorer.Explain, Agreements: decided, Desk: asked, Check: p.check, Checked: p.checks.Newest, Now: p.now, Replay: p.replay, Allow: p.allow, Dismiss: p.dismiss, Undo: p.undo, Reporter: reporter{p},
		Proofs: p.tree, PublicKey: p.sealer.Key.Public(), Signer: p.sealer.Key, Records: p.events,
		Evidence: &evidence.Reporter{Ledger: p.ledger, Scores: p.scores, Log: p.events, Kinds: kinds},
		Standing: p.standing, Gaps: p.repositories, Survey: p.survey, Backfill: p.backfills.begin,
		Locations: apiLocations{p}, Kinds: kinds, Sites: func() map[string]string { return sitesOf(p.intake().config.Sources) },
		Sources: p.apiSources, IsRead: p.isRead, Connecting: connector{p}, Webhook: p.hooks.state, Subscribers: p.subscribers, Projections: p.rebuilds, Wait: p.runner.WaitAll, Open: p.open, Health: p.health, Logger: p.logger,
	})
	answers.Register(p.echo)
	pages := web.New(web.Config{
		Catalog: func() web.Catalog { return shownCatalog{p.catalog.Snapshot(), kinds, p.isRead} }, Moments: shownMoments{p.moments, kinds},
		History: p.history, Ledger: p.ledger, Deliveries: p.deliveries, Log: p.events, Proofs: p.tree, Unsealed: p.sealer.Failure, Evidence: answers.AskEvidence, Facts: p.repositories, Verify: reporter{p}.Verify, Scores: p.scores, Trends: p.trends, Trials: p.trials, Notices: p.notices, Agreements: decided, Desk: asked, Checks: p.checks, Docs: p.docs, Contents: p.contents, Search: p.search, Performance: p.scorer.Performance, Explain: p.scorer.Explain, Says: p.scorer.Says, Unclear: p.scorer.Unclear, PlantUML: p.config.TechDocs.PlantUML, Replay: p.replay, Allow: p.allow, Dismiss: p.dismiss, Undo: p.undo, Locations: pageLocations{p},
		Standing: p.standing, Repositories: p.repositories, Inbox: pageInbox{p.inbox}, Survey: p.survey, Backfill: p.backfills.begin, MakeHook: p.makeHook, Connecting: pageConnecting{p, newAway(p.now)}, Changing: pageChanging{p}, Refusals: p.refusals,
		Subscribers: p.subscribers, Sources: p.webSources, URL: base, Organisation: p.config.Name, Demo: p.options.demo, Manual: p.options.manual, Now: p.now, Logger: p.logger,
	})
	pages.Register(p.echo)
	p.echo.Match([]string{http.MethodGet, http.MethodHead}, "/metrics", echo.WrapHandler(promhttp.HandlerFor(prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		return prometheus.Gatherers{metrics, p.intake().metrics}.Gather()
	}), promhttp.HandlerOpts{})))
	p.echo.HTTPErrorHandler = errorHandler(answers, pages)
	return nil
}

// replay asks to handle a delivery again.
func (p *portal) replay(ctx context.Context, id, reason string) error {
	return p.ordered(ctx, p.intake().translator.Replay(ctx, id, reason, event.ActorIn(ctx)))
}

// scoreTime is the time by which scores are judged where nothing happens; zero while it is
// told what happened long ago.
func (p *portal) scoreTime() time.Time {
	if p.telling.Load() {
		return time.Time{}
	}
	return p.now()
}

// url is how others reach the portal.
func (p *portal) url() string {
	if p.config.Server.URL != "" {
		return p.config.Server.URL
	}
	return "http://" + p.listener.Addr().String()
}

// run runs everything until ctx ends, which is no error, or a part fails. It
// calls ready, in a goroutine, once every read model has caught up; deliveries
// are taken before that. At the end it stops in the order in which data flows:
// the door and the pages, then what works on deliveries, then the read models. The
// last seal covers all that came.
func (p *portal) run(ctx context.Context, ready func(context.Context) error) error {
	failed := make(chan error, 1)
	models := begin(failed, p.runner.Run, p.inboxes.Run)
	serving := begin(failed, func(ctx context.Context) error { return serveHTTP(ctx, p.echo, p.listener, p.logger, p.closing) })
	working := begin(failed, func(ctx context.Context) error {
		if err := errors.Join(p.runner.Ready(ctx), p.inboxes.Ready(ctx)); err != nil {
			return err
		}
		p.sweepDocs(ctx)
		p.ready.Store(true)
		g, ctx := errgroup.WithContext(ctx)
		works := []func(context.Context) error{p.takeIn, p.scorer.Run, p.subscribers.Run, p.backfills.run, p.rebuilds.run, p.hooks.run, p.recheck, p.readNamed, p.prune, p.moments.Run, p.saved.run, ready}
		if p.options.seal {
			works = append(works, p.keepSealed)
		}
		for _, work := range works {
			g.Go(func() error { return work(ctx) })
		}
		return g.Wait()
	})
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	serving.stop()
	working.stop()
	if p.options.seal && p.ready.Load() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSeal)
		p.seal(bounded)
		cancel()
	}
	models.stop()
	p.saved.save(context.WithoutCancel(ctx), 1)
	return err
}

// stage is a part of the portal that starts and stops as one.
type stage struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

// begin runs functions that last until their context ends. If one fails before
// that, failed is told, unless it was told of something else.
func begin(failed chan<- error, fs ...func(context.Context) error) stage {
	ctx, cancel := context.WithCancel(context.Background())
	s := stage{cancel, make(chan struct{})}
	go func() {
		defer close(s.ended)
		g, within := errgroup.WithContext(ctx)
		for _, f := range fs {
			g.Go(func() error { return f(within) })
		}
		if err := g.Wait(); err != nil && ctx.Err() == nil {
			select {
			case failed <- err:
			default:
			}
		}
	}()
	return s
}

// stop ends the stage and waits for it.
func (s stage) stop() {
	s.cancel()
	<-s.ended
}

// gate keeps answers back until the catalog is whole: half of it would read as if
// the rest had been removed. Deliveries are taken, and probes answered, at once.
func (p *portal) gate(next echo.HandlerFunc) echo.HandlerFunc {
	open := []string{"/hooks/", "/healthz", "/readyz", "/.backstage/health/", "/metrics", "/static/"}
	return func(c echo.Context) error {
		if !p.ready.Load() && !slices.ContainsFunc(open, func(prefix string) bool { return strings.HasPrefix(c.Request().URL.Path, prefix) }) {
			return fault.Later(time.Second, "the catalog is still being read from the log; /readyz tells how far it is")
		}
		return next(c)
	}
}

// health tells how the read models stand.
func (p *portal) health(ctx context.Context) (api.Health, error) {
	var h api.Health
	for _, r := range []*projections.Runner{p.runner, p.inboxes} {
		all, err := r.Status(ctx)
		if err != nil {
			return api.Health{}, err
		}
		for _, s := range all {
			h.Projections = append(h.Projections, api.ProjectionHealth{
				Name: s.Name, Position: uint64(s.Position), Lag: s.Lag(), Ready: s.Ready, Failing: s.Err != nil, Unreachable: s.Unreachable,
			})
		}
	}
	return h, nil
}

// close closes what openPortal opened, last first.
func (p *portal) close() error {
	var errs []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		errs = append(errs, p.closers[i]())
	}
	p.closers = nil
	return errors.Join(errs...)
}

// ignoreClosed makes closing twice no error: the server closes its listener too.
func ignoreClosed(f func() error) func() error {
	return func() error {
		if err := f(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

// errorHandler answers what no route answered, as JSON or as a page.
func errorHandler(answers *api.API, pages *web.Site) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		answer := pages.Error
		if isMachine(c.Request()) {
			answer = answers.WriteError
		}
		if err := answer(c, err); err != nil {
			c.NoContent(http.StatusInternalServerError) //nolint:errcheck // the connection is gone
		}
	}
}
