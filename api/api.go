// Package api is the JSON surface: Backstage's catalog API under /api/catalog,
// as Backstage answers it, and our own beside it, described in openapi.yaml.
//
// Start with [New]; each resource is one file that declares the little it needs.
package api

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
)

//go:embed openapi.yaml
var openapi []byte

// Config is what the API reads from.
type Config struct {
	Catalog    func() *entities.Snapshot
	History    History
	Deliveries Deliveries
	Replay     Replay
	Locations  Locations
	Sites      map[string]string // by host of a source: "github.com" for any GitHub, "gitlab.com" for any GitLab
	Sources    []Source
	// Wait returns once every projection has applied the record at a position of
	// the main log.
	Wait   func(context.Context, eventlog.Position) error
	Health func(context.Context) (Health, error)
	Logger *slog.Logger
}

// API serves the JSON surface.
type API struct{ Config }

// New returns the API.
func New(c Config) *API { return &API{c} }

// Register adds the routes.
func (a *API) Register(e *echo.Echo) {
	probes := []string{http.MethodGet, http.MethodHead}
	e.Match(probes, "/healthz", a.handleLive)
	e.Match(probes, "/readyz", a.handleReady)
	e.GET("/api/openapi.yaml", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/yaml", openapi)
	})

	catalog := e.Group("/api/catalog", a.backstageErrors, a.wait, a.position)
	catalog.GET("/entities", a.handleEntities)
	catalog.GET("/entities/", a.handleEntities)
	catalog.GET("/entities/by-name/:kind/:namespace/:name", a.handleEntityByName)
	catalog.GET("/entities/by-uid/:uid", a.handleEntityByUID)
	catalog.DELETE("/entities/by-uid/:uid", a.handleDeleteEntity)
	catalog.GET("/entities/by-name/:kind/:namespace/:name/ancestry", a.handleAncestry)
	catalog.GET("/locations", a.handleLocations)
	catalog.POST("/locations", a.handleRegister)
	catalog.POST("/locations/by-query", a.handleQueryLocations)
	catalog.GET("/locations/by-entity/:kind/:namespace/:name", a.handleLocationOf)
	catalog.GET("/locations/:id", a.handleLocation)
	catalog.PUT("/locations/:id", a.handleUpdateLocation)
	catalog.DELETE("/locations/:id", a.handleRemoveLocation)
	catalog.POST("/refresh", a.handleRefresh)
	catalog.POST("/analyze-location", a.handleAnalyze)

	own := e.Group("/api", a.problems, a.wait)
	own.GET("/history/events", a.handleEvents)
	own.GET("/history/events/:position", a.handleEvent)
	own.GET("/sources", a.handleSources)
	own.GET("/deliveries", a.handleDeliveries)
	own.POST("/deliveries/:id/replay", a.handleReplay)
}
