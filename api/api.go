// Package api is the JSON surface: Backstage's catalog API under /api/catalog and
// that of its TechDocs under /api/techdocs, as Backstage answers them, and our own beside
// them, described in openapi.yaml.
//
// Start with [New]; each resource is one file that declares the little it needs.
package api

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/evidence"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/subscribers"
)

//go:embed openapi.yaml
var openapi []byte

// Config is what the API reads from.
type Config struct {
	Catalog     func() *entities.Snapshot
	Moments     Moments // may be nil: then the catalog is that of now
	History     History
	Proofs      Proofs
	PublicKey   string          // that seals are checked with
	Signer      evidence.Signer // with the key of the seals
	Evidence    *evidence.Reporter
	Records     Records        // the event log
	Ledger      *ledger.Ledger // nil as Moments is
	Deliveries  Deliveries
	Facts       Facts
	Scores      Scores
	Trends      Trends
	Notices     Notices
	Docs        Docs         // may be nil: then there is no documentation
	Contents    DocsContents // nil if Docs is
	Search      Search
	Trials      Trials
	Performance Performance // nil: nobody is told how software is delivered
	Explain     Explain
	Agreements  Agreements
	Desk        Desk
	Check       Check   // nil: nothing is checked before it is merged
	Checked     Checked // nil as Check is
	Now         func() time.Time
	Replay      Replay
	Allow       Replay // of a delivery that is held, to remove as much as it takes
	Dismiss     Dismiss
	Undo        Undo
	Reporter    Reporter
	Standing    Standing
	Gaps        Gaps
	Survey      Survey
	Backfill    Backfill
	Locations   Locations
	Sites       func() map[string]string // by host of a source: "github.com" for any GitHub, "gitlab.com" for any GitLab
	Kinds       catalog.Kinds            // of the entities that are taken
	Sources     func() []Source          // as they are configured now
	// IsRead reports whether somebody reads what is declared in a source: it is
	// configured, or that of the locations. Nil: of all somebody does.
	IsRead     func(source string) bool
	Connecting Connect
	// Webhook tells what became of the webhook of a source; false if none was asked for.
	Webhook func(source string) (Webhook, bool)
	// Subscribers are sent events as webhooks; nil: there are none.
	Subscribers *subscribers.Dispatcher
	Projections Projections
	// Wait returns once every projection has applied the record at a position of
	// the main log.
	Wait   func(context.Context, eventlog.Position) error
	Open   context.Context // ends when answers are to end that last for as long as they are read; nil: never
	Health func(context.Context) (Health, error)
	Logger *slog.Logger
}

// API serves the JSON surface.
type API struct{ Config }

// New returns the API.
func New(c Config) *API { return &API{c} }

// group is a group of Echo under a name that leaves Group to [routes].
type group = echo.Group

// routes are a group in which what answers GET answers HEAD, too. That the body is left out is
// up to net/http.
type routes struct{ *group }

// GET adds a route.
func (r routes) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	r.Match([]string{http.MethodGet, http.MethodHead}, path, h, m...)
}

// Group adds a group below this one.
func (r routes) Group(prefix string, m ...echo.MiddlewareFunc) routes {
	return routes{r.group.Group(prefix, m...)}
}

// Register adds the routes.
func (a *API) Register(e *echo.Echo) {
	root := routes{e.Group("")}
	root.GET("/healthz", a.handleLive)
	root.GET("/readyz", a.handleReady)
	root.GET("/.backstage/health/v1/liveness", func(c echo.Context) error { return writeJSON(c, http.StatusOK, map[string]string{"status": "ok"}) })
	root.GET("/.backstage/health/v1/readiness", a.handleReadiness)
	root.GET("/api/openapi.yaml", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/yaml", openapi)
	})

	backstage := routes{e.Group(backstageMount, a.errors, a.wait, a.position)}
	for _, path := range []string{"/entities", "/entities/"} {
		backstage.GET(path, a.handleEntities, a.reads(paramFields, paramLimit, paramFilter, paramOffset, paramAfter, paramOrder))
	}
	backstage.GET("/entities/by-name/:kind/:namespace/:name", a.handleEntityByName, a.reads())
	backstage.GET("/entities/by-name/:kind/:namespace/:name/ancestry", a.handleAncestry, a.reads())
	backstage.GET("/entities/by-uid/:uid", a.handleEntityByUID, a.reads())
	backstage.DELETE("/entities/by-uid/:uid", a.handleDeleteEntity, takes())
	backstage.POST("/entities/by-refs", a.handleEntitiesByRefs, a.reads(paramFilter))
	backstage.GET("/entities/by-query", a.handleByQuery, a.reads(paramFields, paramLimit, paramOffset, paramOrderField, paramCursor,
		paramFilter, paramTotalItems, paramTerm, paramTermFields))
	backstage.POST("/entities/by-query", a.handlePostedQuery, a.reads())
	backstage.GET("/entity-facets", a.handleFacets, a.reads(paramFacet, paramFilter))
	backstage.POST("/entity-facets", a.handleQueryFacets, a.reads())
	backstage.GET("/locations", a.handleLocations, a.reads())
	backstage.POST("/locations", a.handleRegister, takes(paramDryRun, paramOnConflict))
	backstage.POST("/locations/by-query", a.handleQueryLocations, a.reads())
	backstage.GET("/locations/by-entity/:kind/:namespace/:name", a.handleLocationOf, a.reads())
	backstage.GET("/locations/:id", a.handleLocation, a.reads())
	backstage.PUT("/locations/:id", a.handleUpdateLocation, takes())
	backstage.DELETE("/locations/:id", a.handleRemoveLocation, takes())
	backstage.POST("/refresh", a.handleRefresh, takes())
	backstage.POST("/analyze-location", a.handleAnalyze, takes())
	backstage.POST("/validate-entity", a.handleValidate, takes())

	a.registerTechDocs(routes{e.Group(techdocsMount, a.errors, a.wait, a.position)})
	routes{e.Group(searchMount, a.errors, a.wait)}.GET("/query", a.handleSearch, a.moment)

	own := routes{e.Group("/api", a.errors, a.wait)}
	events := textParams("entity", "kind", "type", "source", "actor", "commit", "q", "cause", "from", "to", "seals", "order", "by", "after", "limit")
	moment, period := textParams("at", "known"), textParams("from", "to", "known")
	with := func(some []param, more ...param) echo.MiddlewareFunc { return asks(slices.Concat(some, more)...) }
	own.GET("/history/events", a.handleEvents, with(events, moment...))
	own.GET("/history/events/:position", a.handleEvent, asks())
	own.POST("/history/events/:position/undo", a.handleUndoEvent, asks())
	own.GET("/history/feed", a.handleFeed, with(events))
	own.GET("/history/export", a.handleExport, with(events, textParams("format", "at", "known")...))
	own.GET("/history/records", a.handleRecords, with(textParams("after")))
	own.GET("/history/proof", a.handleProof, with(textParams("position", "seal")))
	own.GET("/history/proof/consistency", a.handleConsistency, with(textParams("from", "to")))
	own.GET("/history/seal", a.handleSeal, asks())
	own.GET("/history/key", a.handleKey, asks())
	own.GET("/history/evidence", a.handleEvidence, takes(slices.Concat(period, textParams("scorecard", "rule"), []param{paramFilter})...))
	own.GET("/history/diff", a.handleDiff, a.remembers, with(period, param{name: "limit", check: oneText}, paramAfter, paramFilter))
	entity := own.Group("/history/entities/:kind/:namespace/:name", a.remembers)
	entity.GET("", a.handleVersions, with(moment, textParams("order", "after", "limit")...))
	entity.GET("/blame", a.handleBlame, with(moment))
	entity.GET("/owners", a.handleOwners, with(moment))
	entity.GET("/relations", a.handleRelations, with(period))
	entity.GET("/ledger", a.handleAccount, with(period))
	entity.GET("/diff", a.handleEntityDiff, with(period))
	own.GET("/rejections", a.handleRejections, with(moment, textParams("after", "limit")...), a.moment)
	own.GET("/sources", a.handleSources)
	own.POST("/sources", a.handleConnect)
	own.GET("/sources/:name", a.handleSource)
	own.PATCH("/sources/:name", a.handleChange)
	own.DELETE("/sources/:name", a.handleDisconnect)
	own.GET("/repositories/:source/:id/facts", a.handleFacts)
	own.POST("/facts", a.handleReport)
	own.GET("/facts", a.handleReported, takes(param{name: "entity", check: oneText}, param{name: "source", check: oneText}, param{name: "repository", check: oneText}))
	own.POST("/verifications", a.handleVerify)
	own.GET("/scorecards", a.handleScorecards, a.reads())
	own.GET("/maturity", a.handleMaturity, a.reads(maturityParams()...))
	own.GET("/scorecards/:name", a.handleScorecard, a.reads())
	own.GET("/scorecards/:name/results", a.handleScores, a.reads(param{name: "entity", check: oneText}, param{name: "format", check: oneOf("json", "csv")}))
	own.GET("/scorecards/:name/explanation", a.handleExplanation, a.reads(textParams("entity", "rule")...))
	own.GET("/scorecards/:name/trend", a.handleTrend, a.reads(spanParams()...))
	own.POST("/scorecards", a.handleOpenCard, takes())
	own.PUT("/scorecards/:name", a.handleChangeCard, takes(param{name: "position", check: oneText}))
	own.DELETE("/scorecards/:name", a.handleRemoveCard, takes(param{name: "position", check: oneText}))
	own.POST("/scorecards/:name/backtest", a.handleBacktest, takes(spanParams()...))
	own.GET("/scorecards/:name/badge/:kind/:namespace/:of", a.handleBadge, asks())
	own.GET("/exemptions", a.handleExemptions, a.reads(exemptionParams()...))
	own.POST("/exemptions", a.handleRequestExemption, takes())
	own.GET("/exemptions/:name", a.handleExemption, a.reads())
	own.POST("/exemptions/:name/grant", a.handleGrantExemption, takes())
	own.POST("/exemptions/:name/deny", a.refuseExemption(Desk.DenyExemption), takes())
	own.POST("/exemptions/:name/revoke", a.refuseExemption(Desk.RevokeExemption), takes())
	own.GET("/initiatives", a.handleInitiatives, a.reads())
	own.POST("/initiatives", a.handleOpenInitiative, takes())
	own.GET("/initiatives/:name", a.handleInitiative, a.reads(param{name: "format", check: oneOf("json", "csv")}))
	own.GET("/initiatives/:name/badge.svg", a.handleInitiativeBadge, asks())
	own.PUT("/initiatives/:name", a.handleChangeInitiative, takes())
	own.POST("/initiatives/:name/close", a.handleCloseInitiative, takes())
	own.POST("/check", a.handleCheck, takes())
	own.GET("/sources/:name/checks", a.handleChecked, takes())
	own.GET("/notices", a.handleNotices, a.reads(param{name: "owner"}, param{name: "kind"}, param{name: "scorecard", check: oneText}, param{name: "since", check: oneText},
		param{name: "limit", check: oneText}, param{name: "offset", check: oneText}))
	own.POST("/sources/:name/survey", a.handleSurvey)
	own.POST("/sources/:name/backfill", a.handleBackfill)
	own.POST("/sources/:name/webhook", a.handleWebhook)
	own.GET("/subscribers", a.handleSubscribers)
	own.GET("/subscribers/:name", a.handleSubscriber)
	own.POST("/subscribers/:name/pause", a.handlePause)
	own.POST("/subscribers/:name/resume", a.handleResume)
	own.POST("/subscribers/:name/rewind", a.handleRewind)
	own.POST("/subscribers/:name/skip", a.handleSkip)
	own.POST("/subscribers/:name/ping", a.handlePing)
	own.GET("/subscribers/:name/dead-letters", a.handleLetters)
	own.POST("/subscribers/:name/dead-letters/redeliver", a.handleRedeliver)
	own.GET("/subscribers/:name/dead-letters/:position", a.handleLetter)
	own.POST("/subscribers/:name/dead-letters/:position/redeliver", a.handleRedeliver)
	own.POST("/subscribers/:name/dead-letters/:position/dismiss", a.handleDismissLetter)
	own.GET("/projections", a.handleProjections)
	own.POST("/projections/:name/rebuild", a.handleRebuild)
	own.GET("/deliveries", a.handleDeliveries)
	own.GET("/deliveries/:id", a.handleDelivery)
	own.POST("/deliveries/:id/allow", a.handleAllow)
	own.POST("/deliveries/:id/dismiss", a.handleDismiss)
	own.POST("/deliveries/:id/replay", a.handleReplay)
	own.POST("/deliveries/:id/undo", a.handleUndoDelivery)
}
