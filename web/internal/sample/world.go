// Package sample is a small organisation to make pages of, in tests and in the
// preview: real read models, fed with events that are made up.
//
// Start with [Acme], or with [New] and [World.Push] for a world of one's own.
package sample

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/projections/moments"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/projections/tree"
	"github.com/callboard/callboard/subscribers"
	"github.com/callboard/callboard/web"
)

// World is everything that the portal reads.
type World struct {
	Log        *Log
	Entities   *entities.Catalog
	History    *history.History
	Deliveries *deliveries.Deliveries
	Locations  *Locations
	Repos      *repositories.Repositories
	Tree       *tree.Tree
	Search     *search.Search
	Sent       *subscribers.Store
	Replayed   []string // deliveries that were asked for again
	Allowed    []string // deliveries that may remove as much as it takes
	Surveyed   []string // sources that were asked to be surveyed
	Surveys    map[string]standing.Survey
	Refused    map[string][]web.Refusal

	now   time.Time
	kinds catalog.Kinds
	doors *Log // the log of deliveries
	known map[string]event.Declaration
}

// New makes an empty world at a moment, whose files are in a folder. It knows
// kinds of its own besides those that are built in.
func New(ctx context.Context, folder string, now time.Time, own ...catalog.Kind) (*World, error) {
	rows, err := sqlitestore.Open(ctx, filepath.Join(folder, "history.db"))
	if err != nil {
		return nil, err
	}
	h := history.New(rows)
	d, err := deliveries.Open(ctx, filepath.Join(folder, "deliveries.db"), func() time.Time { return now })
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	r, err := repositories.Open(ctx, filepath.Join(folder, "repositories.db"))
	if err != nil {
		return nil, errors.Join(err, h.Close(), d.Close())
	}
	hashes, err := tree.Open(ctx, filepath.Join(folder, "proof.db"))
	if err != nil {
		return nil, errors.Join(err, h.Close(), d.Close(), r.Close())
	}
	kinds := append(catalog.BuiltIn(), own...)
	index, err := search.Open(ctx, filepath.Join(folder, "search.db"), nil, kinds)
	if err != nil {
		return nil, errors.Join(err, h.Close(), d.Close(), r.Close(), hashes.Close())
	}
	sent, err := subscribers.Open(ctx, filepath.Join(folder, "subscribers.db"))
	if err != nil {
		return nil, errors.Join(err, h.Close(), d.Close(), r.Close(), hashes.Close(), index.Close())
	}
	w := &World{
		Log: &Log{}, Entities: entities.NewOf(kinds), History: h, Deliveries: d, Repos: r, Tree: hashes, Search: index, Sent: sent,
		Surveys: map[string]standing.Survey{}, Refused: map[string][]web.Refusal{},
		now: now, kinds: kinds, doors: &Log{}, known: map[string]event.Declaration{},
	}
	w.Locations = &Locations{Answers: map[string]web.Preview{}, Read: map[string]web.LocationState{}, w: w, registered: map[string]string{}}
	return w, nil
}

// Close closes the files.
func (w *World) Close() error {
	return errors.Join(w.History.Close(), w.Deliveries.Close(), w.Repos.Close(), w.Tree.Close(), w.Search.Close(), w.Sent.Close())
}

// Config is the portal of this world.
func (w *World) Config(logger *slog.Logger) web.Config {
	sources := []web.Source{
		{Name: "github", Type: "github", Of: "organisation acme", Pages: "https://github.com", Owners: []string{"acme"}},
		{Name: "gitlab", Type: "gitlab", Of: "group acme", Pages: "https://gitlab.com", Owners: []string{"acme"}},
	}
	now := func() time.Time { return w.now }
	past := moments.New(w.Entities, w.History, nil, func(context.Context, eventlog.Position) error { return nil }, now)
	return web.Config{
		Moments:    travels{past, w.kinds},
		Ledger:     ledger.New(w.History, past, w.kinds, now),
		Catalog:    func() web.Catalog { return shown{w.Entities.Snapshot(), w.kinds} },
		History:    w.History,
		Deliveries: w.Deliveries,
		Log:        w.Log,
		Proofs:     w.Tree,
		Search:     w.Search,
		Replay:     w.again(&w.Replayed),
		Allow:      w.again(&w.Allowed),
		Locations:  w.Locations,
		Standing: &standing.Reader{
			Sources:    func() []string { return []string{"github", "gitlab"} },
			Deliveries: w.Deliveries, Repositories: w.Repos, Now: func() time.Time { return w.now },
			Survey: func(source string) (standing.Survey, bool) {
				s, ok := w.Surveys[source]
				return s, ok
			},
			Losing: func(string) time.Time { return time.Time{} },
		},
		Repositories: w.Repos,
		Checks:       checked{w.now},
		Inbox:        inbox{w.doors},
		Survey: func(_ context.Context, source string) error {
			if _, ok := w.Surveys[source]; !ok {
				return fault.New(fault.Conflict, "source %s is not surveyed", source)
			}
			w.Surveyed = append(w.Surveyed, source)
			return nil
		},
		Refusals:     func(source string) []web.Refusal { return w.Refused[source] },
		Sources:      func() []web.Source { return sources },
		URL:          "https://callboard.acme.example",
		Organisation: "Acme",
		Demo:         true,
		Now:          now,
		Logger:       logger,
	}
}

// Only leaves the portal no sources but some of those that it has.
func Only(c *web.Config, names ...string) {
	left := slices.DeleteFunc(c.Sources(), func(s web.Source) bool { return !slices.Contains(names, s.Name) })
	c.Sources = func() []web.Source { return left }
	if r, ok := c.Standing.(*standing.Reader); ok {
		r.Sources = func() []string { return names }
	}
}

// again notes deliveries that are to be handled again.
func (w *World) again(all *[]string) web.Replayer {
	return func(ctx context.Context, id, _ string) error {
		if _, err := w.Deliveries.Get(ctx, id); err != nil {
			return err
		}
		*all = append(*all, id)
		return nil
	}
}

// shown is a catalog that knows its kinds.
type shown struct {
	*entities.Snapshot
	kinds catalog.Kinds
}

// Kinds are those that the catalog knows.
func (s shown) Kinds() catalog.Kinds { return s.kinds }

// Push is a delivery and what it leads to.
type Push struct {
	At         time.Time
	By         event.Actor
	Source     string // "github" if empty
	Event      string // the forge's name for the delivery; "push" if empty
	Repository string
	SHA        string
	URL        string // page of the descriptor; made from the rest if empty
	Path       string // "catalog-info.yaml" if empty
	Text       string // of the descriptor
	Line       int    // first line of Text in its file; 1 if 0
	Parent     string // ref of the Location that led to it
	Removes    string // ref of an entity that it removes
	Body       string // of the delivery, JSON; made up if empty
	Only       event.DeliveryHandled
}

// Push handles a push: its documents are registered, changed or refused.
func (w *World) Push(ctx context.Context, p Push) error {
	if p.Source == "" {
		p.Source = "github"
	}
	if p.Path == "" {
		p.Path = "catalog-info.yaml"
	}
	if p.SHA == "" {
		p.SHA = fmt.Sprintf("%016x%016x%08x", hash(p.At.String()+p.Repository), hash(p.Text+p.Removes), 7)
	}
	page := "https://git.acme.example/" + p.Repository
	if p.URL == "" {
		p.URL = page + "/blob/main/" + p.Path
	}
	id := event.DeliveryID(p.Source, p.SHA[:12])
	cause := event.Cause{Delivery: id, Commit: p.SHA, CommitURL: page + "/commit/" + p.SHA}
	origin := event.Origin{
		Source: p.Source, Repository: p.Repository, RepositoryID: p.Repository, Branch: "main",
		Commit: p.SHA, Path: p.Path, Line: max(1, p.Line), URL: p.URL, Parent: p.Parent,
	}
	said, err := w.say(p, origin)
	if err != nil {
		return err
	}
	handled := event.DeliveryHandled{Status: event.DeliveryDone, Repository: p.Repository, Attempts: 1, Took: 31 * time.Millisecond}
	for _, s := range said {
		at, err := w.Add(p.At, p.Source, s.subject, p.By, cause, s.data)
		if err != nil {
			return err
		}
		handled.Events = append(handled.Events, uint64(at))
	}
	if p.Only.Status != "" {
		handled = p.Only
	}
	return w.deliver(ctx, p, id, handled)
}

// Add puts an event in the log, whatever it says, 17 seconds after it was true.
func (w *World) Add(at time.Time, source, subject string, by event.Actor, cause event.Cause, data event.Data) (eventlog.Position, error) {
	e, err := event.New(event.SourcePrefix+source, subject, data)
	if err != nil {
		return 0, err
	}
	e.ID, e.Time, e.Actor, e.Cause = event.DeriveID(len(w.Log.Records), subject, cause.Delivery), at, by, cause
	return w.Log.append(e, at.Add(17*time.Second)), nil
}

type saying struct {
	subject string
	data    event.Data
}

func (w *World) say(p Push, origin event.Origin) ([]saying, error) {
	var all []saying
	if p.Removes != "" {
		delete(w.known, p.Removes)
		all = append(all, saying{p.Removes, event.EntityRemoved{Ref: p.Removes, Reason: p.Path + " was deleted", Origin: origin}})
	}
	if p.Text == "" {
		return all, nil
	}
	for _, doc := range descriptor.ResolveOf(w.kinds, []byte(p.Text), nil).Documents {
		at := origin
		at.Line += doc.Line - 1
		if doc.Entity == nil {
			refused := event.EntityRejected{Document: doc.Text, Origin: at}
			subject := p.Repository
			if !doc.Ref.IsZero() {
				refused.Ref = doc.Ref.String()
				subject = refused.Ref
			}
			for _, pr := range doc.Problems {
				refused.Problems = append(refused.Problems, event.Problem{Path: pr.Path, Line: pr.Line + origin.Line - 1, Column: pr.Column, Message: pr.Message})
			}
			all = append(all, saying{subject, refused})
			continue
		}
		ref := doc.Entity.Ref().String()
		doc.Entity.Metadata.UID = fmt.Sprintf("%016x", hash(ref))
		now := event.Declaration{Entity: *doc.Entity, Document: doc.Text, Origin: at}
		before, known := w.known[ref]
		w.known[ref] = now
		switch {
		case !known:
			all = append(all, saying{ref, event.EntityRegistered{Declaration: now}})
		case !reflect.DeepEqual(before.Entity, now.Entity):
			all = append(all, saying{ref, event.EntityChanged{Declaration: now}})
		}
	}
	return all, nil
}

func (w *World) deliver(ctx context.Context, p Push, id string, handled event.DeliveryHandled) error {
	name := p.Event
	if name == "" {
		name = "push"
	}
	if p.Body == "" {
		p.Body = fmt.Sprintf(`{"ref":"refs/heads/main","after":%q,"repository":{"full_name":%q,"default_branch":"main"},"pusher":{"name":%q}}`, p.SHA, p.Repository, p.By.Login)
	}
	received, err := event.New(event.SourcePrefix+p.Source, id, event.DeliveryReceived{
		Source: p.Source, Event: name, Size: 6100 + len(p.Text), Body: []byte(p.Body), Encoding: "none",
		Headers: map[string]string{"Content-Type": "application/json", "User-Agent": "Acme-Hookshot/1", "X-Acme-Event": name},
	})
	if err != nil {
		return err
	}
	w.doors.append(received, p.At.Add(16*time.Second))
	if handled.Status != event.DeliveryReceivedStatus {
		done, err := event.New(event.SourcePrefix+p.Source, id, handled)
		if err != nil {
			return err
		}
		w.doors.append(done, p.At.Add(18*time.Second))
	}
	return nil
}

// Settle brings the read models to the end of the logs. It is for after the last push.
func (w *World) Settle(ctx context.Context) error {
	for _, p := range []projections.Projection{w.Entities, w.History, w.Repos, w.Tree, w.Search} {
		if err := p.Apply(ctx, w.Log.Records); err != nil {
			return err
		}
	}
	if err := w.History.CaughtUp(ctx); err != nil {
		return err
	}
	return w.Deliveries.Apply(ctx, w.doors.Records)
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// Log holds records as plain values.
type Log struct{ Records []eventlog.Record }

func (l *Log) append(e event.Event, recorded time.Time) eventlog.Position {
	p := eventlog.Position(len(l.Records) + 1)
	if e.Time.IsZero() {
		e.Time = recorded
	}
	l.Records = append(l.Records, eventlog.Record{Position: p, Recorded: recorded, Event: e})
	return p
}

// At returns a record.
func (l *Log) At(_ context.Context, p eventlog.Position) (eventlog.Record, error) {
	if p == 0 || int(p) > len(l.Records) {
		return eventlog.Record{}, fault.New(fault.NotFound, "there is no event %d", p)
	}
	return l.Records[p-1], nil
}

// Last returns the position of the newest record.
func (l *Log) Last(context.Context) (eventlog.Position, error) {
	return eventlog.Position(len(l.Records)), nil
}
