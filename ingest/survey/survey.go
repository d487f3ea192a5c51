// Package survey keeps what is known of sources complete without waiting for
// deliveries: it discovers their repositories, compares the heads of these with
// what has been reached, and asks forges which deliveries went astray. Whatever
// it finds takes the way that deliveries take, through the deliveries log.
//
// Start with [New] and [Surveyor.Run]. An answer that fails, or is empty, changes
// nothing. Of repositories a survey finds what is new or has moved, and removes
// nothing; of people and teams those go that a whole list no longer has.
package survey

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Source is one source and what can be asked about it.
type Source struct {
	Name      string
	Forge     ingest.Forge
	Selection ingest.Selection
	Lister    Lister           // nil: its repositories cannot be listed
	Sent      Sent             // nil: the forge does not tell what it sent
	Directory ingest.Directory // nil: it has no teams and members, or they are not wanted
	Budget    func() Budget
	// Save is called after each comparison; nil: nothing is to be kept.
	Save func() error
	// Grace is how long a delivery may take before it is missed; 0 = a minute.
	Grace time.Duration
	// Compare is when heads are compared, as a cron expression; "" = "@every 1h".
	Compare string
}

// Budget is how much a forge may be asked in the present window.
type Budget struct {
	Limit, Remaining int // 0, 0: not known
	Reset            time.Time
}

// Lister lists the repositories that a source's configuration covers, with what
// the forge says of each. A list that cannot be read to its end ends in an error.
type Lister interface {
	Repositories(ctx context.Context) iter.Seq2[ingest.Repository, error]
}

// Sent is a forge's own record of what it sent to the webhook of a source.
type Sent interface {
	// Since lists the attempts since a moment, the newest of each webhook first, as
	// far as the forge remembers. Whatever is no delivery to this source's webhook is
	// left out. fault.Denied: the token may not look. [ingest.ErrTooManyAttempts]: so
	// many were sent that the older ones of this webhook are left out, too. At the end
	// an [ingest.NoWebhook] says which webhooks are missing.
	Since(ctx context.Context, since time.Time) iter.Seq2[ingest.Attempt, error]
	// Fetch returns what was sent; fault.NotFound: it is forgotten.
	Fetch(ctx context.Context, a ingest.Attempt) (http.Header, []byte, error)
}

// Translator takes what a survey finds.
type Translator interface {
	Due(ctx context.Context, d event.RepositoryDue, why event.Cause) error
	Record(ctx context.Context, events ...event.Event) error
	// People brings the catalog to what a source says of its organisations, and
	// returns what people should know of what was left out.
	People(ctx context.Context, source string, orgs []ingest.Organisation, why event.Cause) ([]string, error)
}

// Door takes deliveries that were fetched.
type Door interface {
	// Fetched stores a delivery that the forge itself handed over, and returns its id.
	Fetched(ctx context.Context, source string, receipt ingest.Receipt, header http.Header, body []byte) (string, error)
}

// Repositories is what is known of repositories.
type Repositories interface {
	// State returns what was last said of a repository.
	State(ctx context.Context, source, repositoryID string) (event.RepositoryState, bool, error)
	// Listed reports whether it was asked which security alerts of a repository are open.
	Listed(ctx context.Context, source, repositoryID string) (bool, error)
	// Documented reports whether the documentation of the entities of a repository was
	// read, as far as their descriptors name any, and what it holds is here.
	Documented(ctx context.Context, source, repositoryID string) (bool, error)
	// All lists the repositories of a source that are there.
	All(ctx context.Context, source string) ([]event.RepositoryState, error)
	// Open lists the gaps of a source that are not closed.
	Open(ctx context.Context, source string) ([]event.SourceGapFound, error)
}

// Deliveries is what is known of deliveries and what they led to.
type Deliveries interface {
	// Reached returns the commit that the catalog was brought to; "" if to none.
	Reached(ctx context.Context, source, repositoryID string) (string, error)
	// Unfinished returns where the newest delivery or look stands that would bring the
	// catalog to a head of a repository, and has not; "" if there is none.
	Unfinished(ctx context.Context, source, repositoryID, head string) (event.DeliveryStatus, error)
	// Pending returns how many deliveries of a source are still to be handled.
	Pending(ctx context.Context, source string) (int, error)
	// Has reports whether a delivery is stored.
	Has(ctx context.Context, delivery string) (bool, error)
	// Delivers reports whether a source has ever sent anything.
	Delivers(ctx context.Context, source string) (bool, error)
}

// Options are what a Surveyor works with. All but Now are required.
type Options struct {
	Sources      []Source
	Translator   Translator
	Door         Door
	Repositories Repositories
	Deliveries   Deliveries
	Logger       *slog.Logger
	Now          func() time.Time // nil: time.Now
}

// The schedules that are the same for all sources.
const (
	checkSpec   = "@every 5m"
	compareSpec = "@every 1h"
	fullSpec    = "@daily"
)

// Surveyor surveys sources, each on its own and one thing at a time.
type Surveyor struct{ workers []*worker }

// New makes a Surveyor. The error is of kind fault.Invalid if a schedule is none.
func New(o Options) (*Surveyor, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	var s Surveyor
	for _, source := range o.Sources {
		if source.Compare == "" {
			source.Compare = compareSpec
		}
		if source.Grace == 0 {
			source.Grace = time.Minute
		}
		if _, err := cron.ParseStandard(source.Compare); err != nil {
			return nil, fault.New(fault.Invalid, "source %s: %q is no schedule: write @every 1h, or a cron expression such as 0 * * * *", source.Name, source.Compare)
		}
		s.workers = append(s.workers, &worker{Options: o, Source: source, wake: make(chan struct{}, 1), wanted: map[job]bool{}, rests: map[job]time.Time{}, waiting: map[job][]chan error{}})
	}
	return &s, nil
}

// TakeOver goes on for another Surveyor that has ended, with those sources that are
// the same in both: it knows what that found out of them, and does what that was asked
// to. Call it before [Surveyor.Run].
func (s *Surveyor) TakeOver(from *Surveyor, same func(source string) bool) {
	for _, w := range s.workers {
		i := slices.IndexFunc(from.workers, func(o *worker) bool { return o.Name == w.Name })
		if i >= 0 && same(w.Name) {
			w.takeOver(from.workers[i])
		}
	}
}

// Run surveys every source at once and then on schedule until ctx ends, which is
// no error.
func (s *Surveyor) Run(ctx context.Context) error {
	ticks := cron.New(cron.WithLocation(time.UTC))
	g, ctx := errgroup.WithContext(ctx)
	for _, w := range s.workers {
		for _, tick := range []struct { // no map: two may have one schedule
			spec string
			job  job
		}{{checkSpec, check}, {w.Source.Compare, compare}, {fullSpec, full}} {
			if _, err := ticks.AddFunc(tick.spec, func() { w.want(tick.job) }); err != nil {
				return err
			}
		}
		w.want(check)
		w.want(compare)
		g.Go(func() error { w.run(ctx); return nil })
	}
	ticks.Start()
	defer func() { <-ticks.Stop().Done() }()
	return g.Wait()
}

// Survey asks to look for what is new in a source, soon. An unknown name is none.
func (s *Surveyor) Survey(source string) {
	for _, w := range s.workers {
		if w.Name == source {
			w.want(compare)
		}
	}
}

// SurveyNow is [Surveyor.Survey] for somebody who asks for it: a comparison that failed,
// and was to be tried again after a while, is tried again now.
func (s *Surveyor) SurveyNow(source string) {
	for _, w := range s.workers {
		if w.Name == source {
			w.roused(compare)
			w.want(compare)
		}
	}
}

// Check asks to look for deliveries that were missed, soon. An unknown name is none.
func (s *Surveyor) Check(source string) {
	for _, w := range s.workers {
		if w.Name == source {
			w.want(check)
		}
	}
}

// ReadPeople asks to read the teams and members of a source, soon. An unknown name,
// and a source without any, is none.
func (s *Surveyor) ReadPeople(source string) {
	for _, w := range s.workers {
		if w.Name == source && w.Directory != nil {
			w.want(people)
		}
	}
}

// Surveyed looks for deliveries that were missed and for what is new in a source,
// and returns once both have ended: with what kept either from it, if something did.
// What it found may still have to be read. The error is of kind fault.NotFound for
// a source that is not surveyed.
func (s *Surveyor) Surveyed(ctx context.Context, source string) error {
	for _, w := range s.workers {
		if w.Name == source {
			return errors.Join(w.ask(ctx, check), w.ask(ctx, compare))
		}
	}
	return fault.New(fault.NotFound, "source %s is not surveyed", source)
}

// Status tells how the surveys of each source stand.
func (s *Surveyor) Status() []Status {
	all := make([]Status, len(s.workers))
	for i, w := range s.workers {
		all[i] = w.told()
	}
	return all
}

// Status is how the surveys of a source stand.
type Status struct {
	Source   string
	Running  string    // what is done just now, for people; "" while nothing is
	Done     int       // repositories that were looked at in the run
	Total    int       // that it has to look at; 0 while they are listed
	Found    int       // repositories of the last list that was whole
	Compared time.Time // when the last comparison began that ended well
	Checked  time.Time // when the last check of deliveries began that ended well
	Read     time.Time // when the last full reading was asked for
	Err      string    // why the last run did not end well, for people; "" if it did
	Unseen   string    // why missed deliveries are not looked for; "" if they are
	NoHook   NoHook    // which webhooks are missing
	Odd      []Odd     // repositories that could not be compared
	Groups   int       // organisations, teams and groups of the last reading
	People   int       // that are in them
	Peopled  time.Time // when the last reading of teams and members began that ended well
	NoPeople string    // why teams and members are not read; "" if they are
	LeftOut  []string  // of them, and why: a name that is taken, a removal that is held
	// Missing are repositories that are known and that the forge does not find by
	// name or id. Their entities stay until the forge says that they were deleted.
	Missing []event.Repository
	Budget  Budget

	failed job // that Err is of
}

type job string

const (
	check   job = "look for deliveries that were missed"
	compare job = "compare repositories with the catalog"
	full    job = "read every repository again"
	people  job = "read teams and members"
)

// worker surveys one source.
type worker struct {
	Options
	Source
	wake chan struct{}

	mu      sync.Mutex
	wanted  map[job]bool
	rests   map[job]time.Time    // until when each job is not begun again, as it failed
	waiting map[job][]chan error // told when the job has ended that is begun next
	status  Status
}

// ask wants a job and waits for its end.
func (w *worker) ask(ctx context.Context, j job) error {
	ended := make(chan error, 1)
	w.mu.Lock()
	w.waiting[j] = append(w.waiting[j], ended)
	w.mu.Unlock()
	w.want(j)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *worker) takeOver(from *worker) {
	from.mu.Lock()
	defer from.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted, w.rests, w.status = maps.Clone(from.wanted), maps.Clone(from.rests), from.status
}

func (w *worker) want(j job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted[j] = true
	select {
	case w.wake <- struct{}{}:
	default: // it is awake
	}
}

// later wants a job after a while. Till then others have their turn.
func (w *worker) later(j job, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted[j], w.rests[j] = true, time.Now().Add(wait) // timers do not go by w.Now
}

// roused ends the rest of a job.
func (w *worker) roused(j job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.rests, j)
}

// next takes the most urgent job that is wanted and does not rest, and returns who
// waits for it: "" if there is none, and how long until one has rested, 0 if none
// rests. What somebody waits for is begun all the same.
func (w *worker) next() (job, []chan error, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.wake: // it has done its work: left behind, it would cut the next wait short
	default:
	}
	soonest := time.Duration(0)
	for _, j := range []job{check, full, compare, people} {
		if !w.wanted[j] {
			continue
		}
		told := w.waiting[j]
		if rest := time.Until(w.rests[j]); rest > 0 && len(told) == 0 {
			if soonest == 0 || rest < soonest {
				soonest = rest
			}
			continue
		}
		delete(w.wanted, j)
		delete(w.rests, j)
		delete(w.waiting, j)
		return j, told, 0
	}
	return "", nil, soonest
}

func (w *worker) tell(change func(*Status)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.status)
}

func (w *worker) told() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.status
	s.Source, s.Missing, s.LeftOut, s.Odd = w.Name, slices.Clone(s.Missing), slices.Clone(s.LeftOut), slices.Clone(s.Odd)
	if w.Budget != nil {
		s.Budget = w.Budget()
	}
	return s
}
