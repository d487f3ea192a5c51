package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/clickhousestore"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/projections/sqlstore"
	"github.com/callboard/callboard/projections/tree"
	"github.com/callboard/callboard/techdocs/store"
)

func rebuildCommand(p process) *cobra.Command {
	var f portalFlags
	var file string
	c := &cobra.Command{
		Use:   "rebuild [MODEL ...]",
		Short: "Fold the read models anew from the logs",
		Long: `Fold read models anew from the logs. There is no harm in it: the logs are only read,
and what is folded anew is what was there.

With --portal a running portal does it: it folds a second copy beside the one that is
read, which takes the place of that once it is as far. Nobody who reads is held up, and
a portal that is stopped meanwhile has what it had. For that time the read model takes
twice its room.

Without --portal the read models of a data folder are deleted and folded; the portal must
be stopped. Give --config if the history is kept in ClickHouse.

The models are entities (the catalog), history, repositories, scores, notices, docs, search,
tree (the proofs) and deliveries; without any named, all are rebuilt. Of a portal that is stopped the catalog
is folded at its next start.`,
		Example: `  callboard rebuild history --portal http://127.0.0.1:8080
  callboard rebuild --data ./data
  callboard rebuild history --config callboard.yaml`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if f.portal != "" {
				portal, err := f.client(cmd.CommandPath(), p)
				if err != nil {
					return err
				}
				return liveRebuild{p, portal}.run(cmd.Context(), names)
			}
			conf := config.Default()
			if file != "" {
				var err error
				if conf, err = config.Load(file, p.Env); err != nil {
					return err
				}
			}
			if file == "" || cmd.Flags().Changed("data") {
				conf.Data = f.data
			}
			return rebuild(cmd.Context(), p, conf, names)
		},
	}
	c.Flags().StringVar(&f.portal, "portal", "", "address of the running portal that does it")
	c.Flags().StringVar(&f.portalToken, "portal-token", "", "token for the portal (default $CALLBOARD_TOKEN, else that of the data folder)")
	c.Flags().StringVar(&file, "config", "", "configuration file of a stopped one: where the history is kept, and the data folder")
	c.Flags().StringVar(&f.data, "data", "./data", "data folder")
	return c
}

// rebuildable is a read model that can be folded anew.
type rebuildable struct {
	name string
	at   string // file that it is in; "" if it is in none
	log  string // that it is folded from
	kept []sqlitelog.Option
	open func(path string) (readModel, error)
}

func rebuildables(ctx context.Context, c config.Config) []rebuildable {
	historyFile := fileHistory
	if c.History.URL != "" {
		historyFile = ""
	}
	return []rebuildable{
		{history.Name, historyFile, fileEvents, nil, func(path string) (readModel, error) { return openHistory(ctx, c.History, path) }},
		{repositories.Name, fileSources, fileEvents, nil, func(path string) (readModel, error) { return repositories.Open(ctx, path) }},
		{scores.Name, fileScores, fileEvents, nil, func(path string) (readModel, error) { return scores.Open(ctx, path) }},
		{notices.Name, fileNotices, fileEvents, nil, func(path string) (readModel, error) {
			return notices.Open(ctx, path, time.Duration(c.Notices.Grace))
		}},
		{docs.Name, fileDocs, fileEvents, nil, func(path string) (readModel, error) { return docs.Open(ctx, path) }},
		{search.Name, fileSearch, fileEvents, nil, func(path string) (readModel, error) { return openSearch(ctx, c, path) }},
		{tree.Name, fileTree, fileEvents, nil, func(path string) (readModel, error) { return tree.Open(ctx, path) }},
		{deliveries.Name, fileStatus, fileDeliveries, []sqlitelog.Option{sqlitelog.WithRetention()}, func(path string) (readModel, error) {
			return deliveries.Open(ctx, path, time.Now)
		}},
	}
}

func rebuild(ctx context.Context, p process, c config.Config, names []string) error {
	if _, err := os.Stat(filepath.Join(c.Data, fileEvents)); err != nil {
		return fmt.Errorf("%s is no data folder of a portal: %w", c.Data, err)
	}
	models := rebuildables(ctx, c)
	for _, name := range names {
		if !slices.ContainsFunc(models, func(m rebuildable) bool { return m.name == name }) {
			var known []string
			for _, m := range models {
				known = append(known, m.name)
			}
			return fmt.Errorf("there is no read model %q to rebuild; there are %s", name, strings.Join(known, ", "))
		}
	}
	for _, m := range models {
		if len(names) > 0 && !slices.Contains(names, m.name) {
			continue
		}
		log, err := sqlitelog.Open(ctx, filepath.Join(c.Data, m.log), m.kept...)
		if err != nil {
			return err
		}
		label := m.at
		if label == "" {
			label = m.name
		}
		n, err := m.refold(ctx, p, log, c.Data, label)
		if err = errors.Join(err, log.Close()); err != nil {
			return fmt.Errorf("rebuild %s: %w", label, err)
		}
		fmt.Fprintf(p.Stdout, "%s: %d events\n", label, n)
	}
	if len(names) > 0 {
		return nil
	}
	return removed(filepath.Join(c.Data, fileCatalog)) // the catalog in memory is folded at the next start
}

func removed(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// readModel is a projection that is kept somewhere.
type readModel interface {
	projections.Projection
	Close() error
}

// searchModel is the search with the contents that it is folded with.
type searchModel struct {
	*search.Search
	contents *store.Store
}

func openSearch(ctx context.Context, c config.Config, path string) (readModel, error) {
	contents, err := store.Open(ctx, filepath.Join(filepath.Dir(path), fileContents), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	s, err := search.Open(ctx, path, contents, kindsOf(c))
	if err != nil {
		return nil, errors.Join(err, contents.Close())
	}
	return searchModel{s, contents}, nil
}

// Close closes both.
func (m searchModel) Close() error { return errors.Join(m.Search.Close(), m.contents.Close()) }

// cleared opens the model without what was in it.
func (m rebuildable) cleared(ctx context.Context, data string) (readModel, error) {
	path := filepath.Join(data, m.at)
	if m.at != "" {
		if err := sqlstore.Delete(path); err != nil {
			return nil, err
		}
	}
	model, err := m.open(path)
	if err != nil {
		return nil, err
	}
	if h, ok := model.(*history.History); ok {
		if rows, ok := h.Store.(*clickhousestore.Store); ok {
			if err := rows.Clear(ctx); err != nil {
				return nil, errors.Join(err, model.Close())
			}
		}
	}
	return model, nil
}

func (m rebuildable) refold(ctx context.Context, p process, log *sqlitelog.Log, data, label string) (n eventlog.Position, err error) {
	model, err := m.cleared(ctx, data)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	last, err := log.Last(ctx)
	if err != nil {
		return 0, err
	}
	bar := progress{to: p.Stderr, label: label}
	shown := counted{readModel: model, show: func(at eventlog.Position) { bar.show(int(at), int(last)) }} //nolint:gosec // a count of events
	err = projections.NewRunner(log, slog.New(slog.DiscardHandler), shown).CatchUp(ctx)
	bar.done()
	return last, err
}

// counted tells how far a projection has come after each batch.
type counted struct {
	readModel
	show func(eventlog.Position)
}

func (c counted) Apply(ctx context.Context, records []eventlog.Record) error {
	if err := c.readModel.Apply(ctx, records); err != nil {
		return err
	}
	c.show(records[len(records)-1].Position)
	return nil
}

// Batch is the model's own, if it has one.
func (c counted) Batch() (records, bytes int) {
	if m, ok := c.readModel.(interface{ Batch() (records, bytes int) }); ok {
		return m.Batch()
	}
	return 0, 0
}
