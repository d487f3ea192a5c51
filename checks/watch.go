package checks

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

const (
	// tooOld is how long after what a delivery tells of nobody waits for an answer any more.
	tooOld = 24 * time.Hour
	// writes is how often the forge is asked to take a word before that is given up.
	writes = 3
	// waits is how often it is waited until the default branch was read, and waitFor how long.
	waits   = 5
	waitFor = 2 * time.Second
	// tries is how often a forge is asked that does not answer, before the others have their turn.
	tries = 30
	// lastWord is how long the forge may take to hear that something could not be checked.
	lastWord = time.Minute
)

// Settings are what of a source's pull requests is told.
type Settings struct {
	Status  bool // as the status of their head
	Comment bool // as a comment, where something would change
	FailOn  string
}

// WatchOptions are what a Watch works with. All must be set.
type WatchOptions struct {
	Sources  []ingest.Source
	Settings map[string]Settings // by source; those of which nothing is told need none
	Judge    *Judge
	Store    *Store
	Received eventlog.Reader // the deliveries log
	// Reached is the commit of a repository that the catalog was brought to; "" if it is not known.
	Reached func(ctx context.Context, source, repositoryID string) (string, error)
	URL     string // of the portal, without a slash at the end
	Logger  *slog.Logger
	Now     func() time.Time
}

// Watch checks the pull requests that deliveries tell of, and tells the forge. It reads the
// deliveries log beside the translator: what goes wrong with a check holds up no delivery.
type Watch struct{ WatchOptions }

// NewWatch returns a watch that does nothing by itself: see [Watch.Reactors].
func NewWatch(o WatchOptions) *Watch { return &Watch{o} }

// Reactors are to be run on the deliveries log: one for each source whose pull requests are
// checked.
func (w *Watch) Reactors() []reactor.Reactor {
	var all []reactor.Reactor
	for _, s := range w.Sources {
		r, ok := s.(ingest.Reviewed)
		set := w.Settings[s.Name()]
		if !ok || s.Forge() == nil || !set.Status && !set.Comment {
			continue
		}
		o := watched{w, s, r, set}
		from := event.SourcePrefix + s.Name()
		all = append(all, reactor.Reactor{
			Name:   "check/" + s.Name(),
			On:     []event.Type{event.TypeDeliveryReceived, event.TypeDeliveryReplayed},
			Accept: func(rec eventlog.Record) bool { return rec.Source == from },
			React:  o.react, GaveUp: o.gaveUp,
		})
	}
	return all
}

// Check checks a pull request now; fault.NotFound if the source's are not checked.
func (w *Watch) Check(ctx context.Context, source string, repo ingest.Repository, number int64) error {
	for _, s := range w.Sources {
		if r, ok := s.(ingest.Reviewed); ok && s.Name() == source {
			return watched{w, s, r, w.Settings[source]}.check(ctx, repo, number)
		}
	}
	return fault.New(fault.NotFound, "pull requests of source %q are not checked", source)
}

// PageOf is where what was said of a commit is told, below the portal's own address.
func PageOf(source, repository, sha string) string {
	parts := strings.Split(repository, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return "/checks/" + url.PathEscape(source) + "/" + strings.Join(parts, "/") + "/" + url.PathEscape(sha)
}

// watched is a source whose pull requests are checked.
type watched struct {
	*Watch
	source   ingest.Source
	reviewed ingest.Reviewed
	set      Settings
}

// tells returns the pull request that a record tells of; 0 if it is none that is to be
// checked.
func (w watched) tells(ctx context.Context, rec eventlog.Record) (ingest.Repository, int64, error) {
	again := rec.Type == event.TypeDeliveryReplayed // somebody waits
	if again {
		r, err := event.DecodeAs[event.DeliveryReplayed](rec.Event)
		if err != nil {
			return ingest.Repository{}, 0, err
		}
		if rec, err = w.Received.At(ctx, eventlog.Position(r.Received)); err != nil {
			return ingest.Repository{}, 0, err
		}
	}
	if rec.Type != event.TypeDeliveryReceived || !again && w.Now().Sub(rec.Recorded) > tooOld {
		return ingest.Repository{}, 0, nil
	}
	d, err := ingest.Open(rec.Event)
	if err != nil {
		return ingest.Repository{}, 0, err
	}
	m, err := w.source.Translate(d)
	if err != nil {
		return ingest.Repository{}, 0, err
	}
	at := rec.Recorded
	for _, said := range m.Said {
		if !said.Time.IsZero() && said.Time.Before(at) {
			at = said.Time
		}
	}
	if !again && w.Now().Sub(at) > tooOld {
		return ingest.Repository{}, 0, nil
	}
	return m.Repository, m.PullRequest, nil
}

func (w watched) react(ctx context.Context, rec eventlog.Record) error {
	repo, number, err := w.tells(ctx, rec)
	if fault.KindOf(err) == fault.Invalid || err == nil && number == 0 {
		return nil // whoever translates it says what is wrong with it
	}
	if err != nil {
		return err
	}
	err = w.check(ctx, repo, number)
	if fault.KindOf(err) == fault.Unavailable && reactor.Attempt(ctx) >= tries {
		return fault.New(fault.Conflict, "%w; it was tried %d times: replay the delivery to have it tried again", err, tries)
	}
	return err
}

// check judges a pull request as it is now, and says so.
func (w watched) check(ctx context.Context, repo ingest.Repository, number int64) error {
	forge := w.source.Forge()
	repo, err := forge.Repository(ctx, repo)
	if err != nil {
		return err
	}
	pr, err := w.reviewed.PullRequest(ctx, repo, number)
	if err != nil {
		return err
	}
	if !pr.Open || pr.Into != repo.DefaultBranch {
		return nil
	}
	onto, err := forge.Head(ctx, repo, repo.DefaultBranch)
	if err != nil {
		return err
	}
	if err := w.await(ctx, repo, onto.SHA); err != nil {
		return err
	}
	contents, err := ingest.Merged(ctx, forge, repo, onto.SHA, pr.Head)
	if err != nil {
		return err
	}
	outcome, err := w.Judge.Outcome(ctx, w.source.Name(), ingest.Proposal{
		Repository: repo, Contents: contents, Commit: ingest.Commit{SHA: pr.Head, Author: pr.Author, Time: w.Now()},
	})
	if err != nil {
		return err
	}
	r := &Report{
		Source: w.source.Name(), RepositoryID: repo.ID, Repository: repo.FullName, Number: number, Title: pr.Title, URL: pr.URL, Author: pr.Author,
		Commit: pr.Head, At: w.Now(), Good: !outcome.Fails(w.set.FailOn), Says: outcome.Says(), Outcome: outcome,
	}
	if err := w.Store.Put(ctx, r); err != nil { // the page is there before anybody is led to it
		return err
	}
	err = w.tell(ctx, repo, r)
	if err == nil {
		return nil
	}
	if kind := fault.KindOf(err); (kind == fault.Unavailable || kind == fault.Internal) && reactor.Attempt(ctx) < writes {
		return err
	}
	r.Unwritten = reactor.Failure{Err: err}.Text()
	w.Logger.WarnContext(ctx, "what was checked could not be told", "source", r.Source, "repository", r.Repository, "number", number, "error", err)
	return w.Store.Put(ctx, r)
}

// await has it tried again a little later while the default branch was not read up to its
// head, whose push is on its way: what that changed would seem to be the pull request's doing.
func (w watched) await(ctx context.Context, repo ingest.Repository, head string) error {
	attempt := reactor.Attempt(ctx)
	if attempt == 0 || attempt > waits {
		return nil
	}
	at, err := w.Reached(ctx, w.source.Name(), repo.ID)
	if err != nil || at == "" || at == head {
		return err
	}
	return fault.Later(waitFor, "%s was not read yet as it is", repo.FullName)
}

// tell has the forge show it.
func (w watched) tell(ctx context.Context, repo ingest.Repository, r *Report) error {
	if w.set.Status {
		if err := w.setStatus(ctx, repo, r); err != nil {
			return err
		}
	}
	if w.set.Comment {
		return w.reviewed.Comment(ctx, repo, r.Number, ingest.Comment{Mark: Mark(r.Source), Text: r.Outcome.Comment(w.page(r)), Only: r.Outcome.Empty()})
	}
	return nil
}

func (w watched) setStatus(ctx context.Context, repo ingest.Repository, r *Report) error {
	return w.reviewed.SetStatus(ctx, repo, ingest.CommitStatus{SHA: r.Commit, Good: r.Good, Says: r.Says, URL: w.page(r)})
}

func (w watched) page(r *Report) string { return w.URL + PageOf(r.Source, r.Repository, r.Commit) }

// gaveUp takes note of a pull request that could not be checked, and has the forge show that:
// who waits for a status would wait for ever.
func (w watched) gaveUp(ctx context.Context, rec eventlog.Record, f reactor.Failure) error {
	w.Logger.WarnContext(ctx, "a pull request could not be checked", "source", w.source.Name(), "delivery", rec.Subject, "error", f.Err)
	repo, number, err := w.tells(ctx, rec)
	if err != nil || number == 0 {
		return nil
	}
	r := &Report{
		Source: w.source.Name(), RepositoryID: repo.ID, Repository: repo.FullName, Number: number, At: w.Now(),
		Says: "It could not be checked", Failed: f.Text(),
	}
	asked, cancel := context.WithTimeout(ctx, lastWord)
	defer cancel()
	repo, open := w.place(asked, repo, r)
	if err := w.Store.Put(ctx, r); err != nil || !open || !w.set.Status {
		return err
	}
	if err := w.setStatus(asked, repo, r); err != nil {
		r.Unwritten = reactor.Failure{Err: err}.Text()
		w.Logger.WarnContext(ctx, "that it could not be checked could not be told", "source", r.Source, "repository", r.Repository, "number", number, "error", err)
		return w.Store.Put(ctx, r)
	}
	return nil
}

// place adds to a report what the forge tells of the pull request, and reports whether that
// is to be checked still; false if the forge does not tell.
func (w watched) place(ctx context.Context, repo ingest.Repository, r *Report) (ingest.Repository, bool) {
	repo, err := w.source.Forge().Repository(ctx, repo)
	if err != nil {
		return repo, false
	}
	pr, err := w.reviewed.PullRequest(ctx, repo, r.Number)
	if err != nil {
		return repo, false
	}
	r.Repository, r.Commit, r.Title, r.URL, r.Author = repo.FullName, pr.Head, pr.Title, pr.URL, pr.Author
	return repo, pr.Open && pr.Into == repo.DefaultBranch
}
