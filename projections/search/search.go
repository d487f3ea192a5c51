// Package search finds what people look for: entities, pages of documentation and
// operations of APIs, now and before. Each document is a row for the time that it said
// the same, with its texts in a full-text index of SQLite.
//
// Start with [Search.Find]. fold.go and rows.go keep the rows in step with the log, entity.go,
// pages.go and operations.go say what the texts of each type are, terms.go reads what
// was typed, rank.go has the order, and excerpt.go shows why something was found.
// docs/adr/0032-search.md has the reasons.
package search

import (
	"context"
	"embed"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/sqlstore"
	"github.com/callboard/callboard/techdocs"
)

// Name is the projection's name.
const Name = "search"

// The types of documents.
const (
	Entities   = "catalog"    // an entity: its names, description, tags, and prose of its spec
	Pages      = "docs"       // a page of documentation
	Operations = "operations" // what can be called of an API, or listened to
)

// Types are the types of documents, the one that people look for most first.
func Types() []string { return []string{Entities, Pages, Operations} }

//go:embed migrations/*.sql
var migrations embed.FS

// Contents is what files of documentation hold.
type Contents interface {
	// Published makes the site that was published, or returns an error of kind
	// fault.NotFound if it does not have what its files hold.
	Published(ctx context.Context, p event.DocsPublished) (*techdocs.Site, error)
}

// Search is the projection.
type Search struct {
	db       *sqlstore.Store
	contents Contents
	kinds    catalog.Kinds
}

// Open opens or creates the projection's file. Kinds say what refers to what.
func Open(ctx context.Context, path string, contents Contents, kinds catalog.Kinds) (*Search, error) {
	db, err := sqlstore.Open(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Search{db, contents, kinds}, nil
}

// Close closes the file.
func (s *Search) Close() error { return s.db.Close() }

// Name returns [Name].
func (s *Search) Name() string { return Name }

// Position returns how far the rows have come.
func (s *Search) Position(ctx context.Context) (eventlog.Position, error) { return s.db.Position(ctx) }

// Apply folds records.
func (s *Search) Apply(ctx context.Context, records []eventlog.Record) error {
	return s.db.Apply(ctx, records, func(tx *sqlstore.Tx, rec eventlog.Record) error {
		return (&folder{Tx: tx, ctx: ctx, rec: rec, Search: s}).fold()
	})
}

// Beside makes a second copy, in another file.
func (s *Search) Beside(ctx context.Context) (projections.Copy, error) {
	c, err := s.db.Beside(ctx)
	if err != nil {
		return projections.Copy{}, err
	}
	return projections.Copy{Projection: &Search{c.Store, s.contents, s.kinds}, Replacement: c}, nil
}

var _ projections.Rebuildable = (*Search)(nil)
